"""Prepayments in the clearing database: quotas, top-ups from request to receipt, and how each account stands."""

from datetime import date, timedelta

from clearing.errors import Malformed, NotAllowed
from clearing.operator_log import note
from clearing.prepaid.prepayment import Account, Key, Rules
from clearing.proposals import Proposal, changing, propose
from runtime.postgres import Connection

QUARTER_MONTHS = 3


async def accounts(connection: Connection, today: date, rules: Rules) -> list[Account]:
    """Every account that has a quota, by its key. The forecast looks at the days before today."""
    records = await connection.fetch(
        "SELECT a.home_pool, a.care_pool, a.insutype, a.fund, a.quota_fen, a.balance_fen, a.accrued_fen,"
        " coalesce(b.burned_fen, 0) AS burned_fen FROM prepayment_account a"
        " LEFT JOIN (SELECT debtor AS home_pool, creditor AS care_pool, insutype, fund, isum(amount_fen) AS burned_fen"
        "   FROM gross_position WHERE day >= $1 AND day < $2 GROUP BY 1, 2, 3, 4) b"
        " USING (home_pool, care_pool, insutype, fund) ORDER BY 1, 2, 3, 4",
        today - timedelta(days=rules.forecast_days), today,
    )  # fmt: skip
    return [Account(Key(*one[:4]), *one[4:]) for one in map(tuple, records)]


async def account(connection: Connection, key: Key, today: date, rules: Rules) -> Account:
    """One of them. Raises NotAllowed where no quota was agreed on."""
    found = next((one for one in await accounts(connection, today, rules) if one.key == key), None)
    if found is None:
        raise NotAllowed(
            f"{key.text} has no quota yet: python -m clearing prepayment quota {key.text} --as NAME"
        )
    return found


async def quota_by_rule(connection: Connection, key: Key, today: date, rules: Rules) -> int:
    """So many monthly averages of the last quarter of the year before, rounded up to the fen. Raises NotAllowed."""
    quarter_fen = await connection.fetchval(
        "SELECT isum(amount_fen) FROM gross_position WHERE day BETWEEN $1 AND $2"
        " AND debtor = $3 AND creditor = $4 AND insutype = $5 AND fund = $6",
        date(today.year - 1, 10, 1), date(today.year - 1, 12, 31), *key,
    )  # fmt: skip
    if quarter_fen <= 0:
        raise NotAllowed(
            f"Nothing of October to December {today.year - 1} was run for {key.text}: name the quota."
        )
    return int(-(-quarter_fen * rules.quota_months // QUARTER_MONTHS))


async def propose_quota(
    connection: Connection, key: Key, quota_fen: int | None, *, operator: str, today: date, rules: Rules
) -> tuple[int, bool]:
    """Leave a quota to a second person; (proposal, whether it is new). None: the one by rule.

    Raises Malformed, NotAllowed.
    """
    if key.home_pool == key.care_pool:
        raise Malformed(f"{key.text}: a pool pays itself nothing ahead.")
    if quota_fen is None:
        quota_fen = await quota_by_rule(connection, key, today, rules)
    _positive(quota_fen)
    async with changing(connection):
        return await propose(
            connection, "quota", key.text, amount_fen=quota_fen, detail=key._asdict(), operator=operator
        )


async def propose_top_up(
    connection: Connection, key: Key, amount_fen: int | None, *, operator: str, today: date, rules: Rules
) -> tuple[int, bool]:
    """Ask for money; None: what fills the account up. Raises Malformed, NotAllowed."""
    async with changing(connection):
        stands = await account(connection, key, today, rules)
        on_its_way = await connection.fetchval(
            "SELECT min(id) FROM proposal_state p WHERE kind = 'top_up' AND ref = $1 AND state = 'approved'"
            " AND NOT EXISTS (SELECT FROM prepayment_receipt WHERE proposal = p.id)",
            key.text,
        )
        if on_its_way is not None:
            raise NotAllowed(f"Top-up {on_its_way} of {key.text} is approved and has not arrived yet.")
        if amount_fen is None:
            amount_fen = stands.missing_fen
            if not amount_fen:
                raise NotAllowed(f"{key.text} is full.")
        _positive(amount_fen)
        return await propose(
            connection, "top_up", key.text, amount_fen=amount_fen, detail=key._asdict(), operator=operator
        )


async def receive(connection: Connection, number: int, *, day: date, reference: str, operator: str) -> None:
    """The money of an approved top-up has arrived; both pools' books say so. Raises Malformed, NotAllowed."""
    if not reference.strip():
        raise Malformed("The bank's reference of the payment is needed.")
    async with changing(connection):
        before = await connection.fetchval(
            "SELECT proposal FROM prepayment_receipt WHERE bank_reference = $1", reference.strip()
        )
        if before not in (None, number):
            raise NotAllowed(
                f"Top-up {before} was received under this reference of the bank; it counts once."
            )
        await connection.execute(
            "SELECT prepayment_receive($1, $2, $3, $4)", number, day, reference.strip(), operator
        )
        detail = {"day": day.isoformat(), "bank_reference": reference.strip()}
        await note(connection, operator, "receive top_up", f"proposal {number}", detail)


async def take_quota(connection: Connection, proposal: Proposal, _operator: str, _today: date) -> None:
    """What approving a quota does: it counts from now on."""
    key = Key(**proposal.detail)
    await connection.execute(
        "INSERT INTO prepayment_quota VALUES ($1, $2, $3, $4, $5, $6)", proposal.id, *key, proposal.amount_fen
    )


async def take_top_up(_connection: Connection, _proposal: Proposal, _operator: str, _today: date) -> None:
    """Approving a top-up moves nothing yet: the home pool pays, and its receipt is booked."""


def _positive(fen: int) -> None:
    if fen <= 0:
        raise Malformed("The amount must be more than 0.")
