"""Rows against the home book: what the book refuses, and how each kind is written. Set by set, in the order of keys.

Nothing here locks or commits: `load_run` says in which transaction, and holds the cursors' locks while it writes.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from homepool.benefits.filing import content_id
from homepool.credentials import EVOUCHER, credential_hash
from homepool.filing.rules import care_prefix
from homepool.loading.file import Faults
from homepool.loading.kinds import Kind, Row
from homepool.policy.files import PolicyBook
from ledger.rows import ACCUMULATORS
from runtime.postgres import Connection

ENDED: Final = "4"
EMPLOYEES: Final = "310"
_PROVINCE: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Whose book it is: the node, and the policies that say which pools it has."""

    node: int
    policies: PolicyBook

    def pool_refusal(self, pool: int, insutype: str) -> str:
        """Why a pool cannot have people here; '' where it can."""
        if pool // _PROVINCE != self.node:
            return f"pool is none of node {self.node}"
        if insutype not in self.policies.insurances(pool):
            return "pool is unknown: it has no policy for this insurance"
        return ""


@dataclass(frozen=True, slots=True)
class Known:
    """What the book says of the people of some rows."""

    psn_nos: set[str]
    insured: dict[str, set[tuple[int, str]]]  # psn_no -> pool, insutype
    accounts: dict[str, tuple[int, int]]  # psn_no -> pool, balance
    digests: dict[bytes, bytes | None]  # of the differences applied before


async def read(connection: Connection, kind: Kind, rows: Sequence[Row]) -> Known:
    """One look at the book for a part of a file."""
    wanted = {row.psn_no for row in rows}
    wanted |= {row.values["relative_psn_no"] for row in rows if kind.name == "relatives"}
    psn_nos = sorted(wanted)
    people = await connection.fetch("SELECT psn_no FROM person WHERE psn_no = ANY ($1)", psn_nos)
    insured = await connection.fetch(
        "SELECT DISTINCT psn_no, pool, insutype FROM insurance WHERE psn_no = ANY ($1)", psn_nos
    )
    accounts = await connection.fetch(
        "SELECT psn_no, pool, balance_fen FROM account WHERE psn_no = ANY ($1)", psn_nos
    )
    ids = [row.id for row in rows if row.id]
    loads = await connection.fetch("SELECT id, digest FROM load WHERE id = ANY ($1)", ids)
    held: dict[str, set[tuple[int, str]]] = {psn_no: set() for psn_no in psn_nos}
    for psn_no, pool, insutype in insured:
        held[psn_no].add((pool, insutype))
    return Known(
        {record[0] for record in people},
        held,
        {record[0]: (record[1], record[2]) for record in accounts},
        {record[0]: record[1] for record in loads},
    )


def sift(kind: Kind, rows: Sequence[Row], known: Known, house: House, faults: Faults) -> list[Row]:
    """The rows that were not applied before; what the book refuses goes to `faults`."""
    fresh = []
    for row in rows:
        if row.id in known.digests:
            if known.digests[row.id] != row.digest:
                faults.add(row.line, "row_id was loaded before with another content")
            continue
        fresh.append(row)
        if kind.name != "people" and row.psn_no not in known.psn_nos and not row.values.get("elsewhere"):
            faults.add(row.line, "psn_no is not known here; load people first")
        elif refusal := _REFUSALS[kind.name](row, known, house):
            faults.add(row.line, refusal)
    if kind.name == "accounts":
        _check_balances(fresh, known, faults)
    return fresh


def _nothing(row: Row, known: Known, house: House) -> str:
    return ""


def _insurance(row: Row, known: Known, house: House) -> str:
    values = row.values
    if values["status"] == ENDED and values["pool"] // _PROVINCE == house.node:
        return ""  # of a pool whose policies may be gone
    return house.pool_refusal(values["pool"], values["insutype"])


def _filing(row: Row, known: Known, house: House) -> str:
    insutype, care = row.values["insutype"], row.values["care"]
    held = known.insured[row.psn_no]
    if insutype and all(one != insutype for _, one in held):
        return "the person does not hold this insurance; load insurances first"
    if care and held and all(care.startswith(care_prefix(str(pool))) for pool, _ in held):
        return "care is the person's own pool, where nothing has to be filed"
    return ""


def _relative(row: Row, known: Known, house: House) -> str:
    psn_no, relative = row.psn_no, row.values["relative_psn_no"]
    if row.values["elsewhere"]:  # one of the two is perhaps insured at another node
        if known.psn_nos.isdisjoint((psn_no, relative)):
            return "neither psn_no nor relative_psn_no is known here; load people first"
        return ""
    if relative not in known.psn_nos:
        return "relative_psn_no is not known here; load people first"
    pools = {pool for pool, _ in known.insured[psn_no]}
    if pools.isdisjoint(pool for pool, _ in known.insured[relative]):
        return "relative_psn_no is insured in no pool of the person; elsewhere = 1 lets his money come by wallet transfer"
    return ""


def _account(row: Row, known: Known, house: House) -> str:
    pool = row.values["pool"]
    if refusal := house.pool_refusal(pool, EMPLOYEES):
        return refusal
    if (pool, EMPLOYEES) not in known.insured[row.psn_no]:
        return "the person has no employee insurance in this pool; load insurances first"
    if known.accounts.get(row.psn_no, (pool, 0))[0] != pool:
        return "the person's account is in another pool; another pool needs a psn_no of its own"
    return ""


def _accumulator(row: Row, known: Known, house: House) -> str:
    insutype = row.values["insutype"]
    if all(held != insutype for _, held in known.insured[row.psn_no]):
        return "the person does not hold this insurance; load insurances first"
    return ""


def _check_balances(rows: Sequence[Row], known: Known, faults: Faults) -> None:
    """Line by line; `known` then holds what the accounts will be, for the parts that follow."""
    for row in rows:
        psn_no, pool = row.psn_no, row.values["pool"]
        held_in, balance = known.accounts.get(psn_no, (pool, 0))
        balance += row.values["amount_fen"]
        known.accounts[psn_no] = (held_in, balance)
        if balance < 0:
            faults.add(row.line, "amount_fen takes more than the account holds")


_REFUSALS: Final[dict[str, Callable[[Row, Known, House], str]]] = {
    "people": _nothing,
    "insurances": _insurance,
    "identities": _nothing,
    "filings": _filing,
    "relatives": _relative,
    "accounts": _account,
    "accumulators": _accumulator,
}


# ------------------------------------------------------------------------------------------------ writing


async def write(connection: Connection, kind: Kind, rows: Sequence[Row], faults: Faults) -> None:
    """Apply rows that were not applied before, and remember them. Call it with the cursors locked."""
    named = sorted((row.id, row.digest) for row in rows if row.id)
    await connection.execute(
        "INSERT INTO load (id, what, digest)"
        " SELECT id, $1, digest FROM unnest($2::bytea[], $3::bytea[]) AS k(id, digest)",
        kind.name,
        [id_ for id_, _ in named],
        [digest for _, digest in named],
    )
    await _WRITERS[kind.name](connection, rows, faults)


async def _put(connection: Connection, sql: str, records: Sequence[tuple[Any, ...]]) -> None:
    """One statement over the columns of sorted records."""
    if records:
        await connection.execute(sql, *(list(column) for column in zip(*sorted(records), strict=True)))


def _picked(rows: Sequence[Row], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values[name] for name in names) for row in rows]


async def _write_people(connection: Connection, rows: Sequence[Row], faults: Faults) -> None:
    await _put(
        connection,
        "INSERT INTO person (psn_no, psn_name, cert_type, certno, gend, born)"
        " SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])"
        " ON CONFLICT (psn_no) DO UPDATE SET psn_name = excluded.psn_name, cert_type = excluded.cert_type,"
        " certno = excluded.certno, gend = excluded.gend, born = excluded.born",
        _picked(rows, "psn_no", "psn_name", "psn_cert_type", "certno", "gend", "brdy"),
    )
    await connection.execute(
        "DELETE FROM person_credential WHERE psn_no = ANY ($1)", sorted(row.psn_no for row in rows)
    )
    credentials = [
        (
            credential_hash(kind, row.values[name]),
            row.psn_no,
            row.values["evoucher_valid_to"] if kind == EVOUCHER else "",
        )
        for row in rows
        for kind, name in ((EVOUCHER, "evoucher"), ("02", "certno"), ("03", "card_sn"))
        if row.values[name]
    ]
    await _put(
        connection,
        "INSERT INTO person_credential (hash, psn_no, valid_to)"
        " SELECT * FROM unnest($1::bytea[], $2::text[], $3::text[]) ON CONFLICT DO NOTHING",
        credentials,
    )


async def _write_insurances(connection: Connection, rows: Sequence[Row], faults: Faults) -> None:
    await _put(
        connection,
        "INSERT INTO insurance (psn_no, pool, insutype, valid_from, valid_to, psn_type, status, paused_on,"
        " civil_servant) SELECT * FROM unnest($1::text[], $2::integer[], $3::text[], $4::text[], $5::text[],"
        " $6::text[], $7::text[], $8::text[], $9::boolean[]) ON CONFLICT (psn_no, pool, insutype, valid_from)"
        " DO UPDATE SET valid_to = excluded.valid_to, psn_type = excluded.psn_type, status = excluded.status,"
        " paused_on = excluded.paused_on, civil_servant = excluded.civil_servant",
        _picked(
            rows,
            *("psn_no", "pool", "insutype", "valid_from", "valid_to", "psn_type", "status", "paused_on"),
            "civil_servant",
        ),
    )
    twice = await connection.fetch(
        "SELECT psn_no, pool, insutype FROM insurance WHERE psn_no = ANY ($1) AND status = '1'"
        " GROUP BY psn_no, pool, insutype HAVING count(*) > 1",
        [row.psn_no for row in rows],
    )
    found = {tuple(record) for record in twice}
    for row in rows:
        if (row.psn_no, row.values["pool"], row.values["insutype"]) in found and row.values["status"] == "1":
            faults.add(
                row.line, "the person has a normal insurance of this kind in this pool already; end it first"
            )


async def _write_identities(connection: Connection, rows: Sequence[Row], faults: Faults) -> None:
    await _put(
        connection,
        "INSERT INTO identity (psn_no, kind, valid_from, valid_to)"
        " SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])"
        " ON CONFLICT (psn_no, kind, valid_from) DO UPDATE SET valid_to = excluded.valid_to",
        _picked(rows, "psn_no", "kind", "valid_from", "valid_to"),
    )


async def _write_filings(connection: Connection, rows: Sequence[Row], faults: Faults) -> None:
    """What was withdrawn, by a message or a load, stays so."""
    said = _picked(rows, "psn_no", "kind", "insutype", "care", "disease", "institution", "valid_from")
    rest = _picked(rows, "valid_to", "withdrawn")
    await _put(
        connection,
        "INSERT INTO filing (id, psn_no, kind, insutype, care, disease, institution, valid_from, valid_to, withdrawn_at)"
        " SELECT id, psn_no, kind, insutype, care, disease, institution, valid_from, valid_to,"
        " CASE WHEN withdrawn THEN now() END"
        " FROM unnest($1::bytea[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],"
        " $9::text[], $10::boolean[]) AS k(id, psn_no, kind, insutype, care, disease, institution, valid_from, valid_to,"
        " withdrawn)"
        " ON CONFLICT (id) DO UPDATE SET valid_to = excluded.valid_to, withdrawn_at = excluded.withdrawn_at"
        " WHERE filing.withdrawn_at IS NULL",
        [(content_id(*one), *one, *more) for one, more in zip(said, rest, strict=True)],
    )


async def _write_relatives(connection: Connection, rows: Sequence[Row], faults: Faults) -> None:
    for withdrawn, sql in (
        (False, "INSERT INTO relative SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT DO NOTHING"),
        (True, "DELETE FROM relative r USING unnest($1::text[], $2::text[]) AS k(psn_no, relative_psn_no)"
               " WHERE r.psn_no = k.psn_no AND r.relative_psn_no = k.relative_psn_no"),
    ):  # fmt: skip
        chosen = [row for row in rows if row.values["withdrawn"] == withdrawn]
        await _put(connection, sql, _picked(chosen, "psn_no", "relative_psn_no"))


async def _write_accounts(connection: Connection, rows: Sequence[Row], faults: Faults) -> None:
    sums: dict[tuple[str, int], int] = defaultdict(int)
    for row in rows:
        sums[(row.psn_no, row.values["pool"])] += row.values["amount_fen"]
    await _put(
        connection,
        "INSERT INTO account AS a (psn_no, pool, balance_fen)"
        " SELECT * FROM unnest($1::text[], $2::integer[], $3::bigint[]) AS k(psn_no, pool, fen)"
        " WHERE NOT EXISTS (SELECT FROM account b WHERE b.psn_no = k.psn_no)",
        [(psn_no, pool, 0) for psn_no, pool in sums],
    )
    # a balance that falls, as the CHECK would see it on the row that is only proposed, is an UPDATE of its own
    await _put(
        connection,
        "UPDATE account a SET balance_fen = a.balance_fen + k.fen"
        " FROM unnest($1::text[], $2::bigint[]) AS k(psn_no, fen) WHERE a.psn_no = k.psn_no",
        [(psn_no, fen) for (psn_no, _), fen in sums.items()],
    )


async def _write_accumulators(connection: Connection, rows: Sequence[Row], faults: Faults) -> None:
    sums: dict[tuple[str, str, int], list[int]] = defaultdict(lambda: [0] * len(ACCUMULATORS))
    for row in rows:
        total = sums[(row.psn_no, row.values["insutype"], row.values["period"])]
        for at, name in enumerate(ACCUMULATORS):
            total[at] += row.values[name]
    given = ", ".join(f"${at}::bigint[]" for at in range(4, len(ACCUMULATORS) + 4))
    added = ", ".join(f"{name} = a.{name} + excluded.{name}" for name in ACCUMULATORS)
    await _put(
        connection,
        f"INSERT INTO accumulator AS a (psn_no, insutype, period, {', '.join(ACCUMULATORS)})"
        f" SELECT * FROM unnest($1::text[], $2::text[], $3::integer[], {given})"
        f" ON CONFLICT (psn_no, insutype, period) DO UPDATE SET {added}",
        [(*key, *total) for key, total in sums.items()],
    )


_WRITERS: Final = {
    "people": _write_people,
    "insurances": _write_insurances,
    "identities": _write_identities,
    "filings": _write_filings,
    "relatives": _write_relatives,
    "accounts": _write_accounts,
    "accumulators": _write_accumulators,
}
