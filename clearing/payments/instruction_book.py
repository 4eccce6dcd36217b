"""Instructions in the clearing database: proposed, checked by another person, handed to the bank, answered.

Every function is one transaction. A run is paid once: with its day, or by its month's
document, which settles what days have paid ahead.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date
from typing import Any, Final, NamedTuple

import asyncpg

from clearing.errors import NotAllowed, NotFound
from clearing.operator_log import note
from clearing.parties import Party
from clearing.payments.instruction_sets import SetMaker, wallet_parts, wallets_elsewhere
from clearing.payments.instructions import (
    INSTITUTION_SETS,
    BankWord,
    Instruction,
    LeftOut,
    PaymentFile,
    instruction_id,
    message_id,
)
from clearing.periods import Period
from clearing.scheme import Scheme
from runtime.postgres import Connection, failure_of

_COLUMNS: Final = ", ".join(Instruction._fields)


class Proposed(NamedTuple):
    """What was made now: (batch, instructions) of new sets; and runs of the period that another period's set pays."""

    made: dict[int, int]
    elsewhere: dict[str, str]  # "2026-11-24 batch 1" -> "2026-11"


async def propose(
    connection: Connection, period: Period, scheme: Scheme, parties: Mapping[str, Party], *, operator: str
) -> Proposed:
    """Make the instructions of a period where none pay it yet; again makes nothing.

    A day's pay what its runs owe, by the run's batch. A closed month's pay what its document says, less what days' have
    paid; and what wallets owe of days up to its last that none pays yet, in a set of their own.
    Raises NotFound where nothing was run or a party has no account, NotAllowed where the month is not closed.
    """
    made: dict[int, int] = {}
    async with changing(connection):
        document = await _closed(connection, period) if period.is_month else None
        runs = await _runs(connection, period, document)
        wallets = await wallet_parts(connection, period)
        if not runs and not wallets and not await _wallet_was_run(connection, period):
            raise NotFound(f"Nothing of {period.text} was run; `python -m clearing runs` lists what was.")
        making = SetMaker(connection, period, scheme, parties, operator=operator)
        for batch, some in (await _parts(connection, runs, document)).items():
            made[batch] = await making.of_runs(batch, some, document)
        for batch, some in wallets.items():
            made[batch] = await making.of_wallet(batch, some)
        elsewhere = {
            f"{one['day']} batch {one['batch']}": one["period"]
            for one in runs
            if one["period"] not in (None, period.text)
        } | await wallets_elsewhere(connection, period)
        if made:
            await note(connection, operator, "instructions", period.text, {"made": made})
    return Proposed(made, elsewhere)


async def _parts(
    connection: Connection, runs: Sequence[Any], document: int | None
) -> dict[int, list[tuple[date, int]]]:
    """The runs of each new set: a day's by their batch, a month's in one, once."""
    due = [(one["day"], one["batch"]) for one in runs if one["period"] is None]
    if document is None:
        return {batch: [(day, batch)] for day, batch in due}
    made = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM instruction_month WHERE proposal = $1)", document
    )
    return {} if made else {1: due}


async def _wallet_was_run(connection: Connection, period: Period) -> bool:
    return bool(
        await connection.fetchval(
            "SELECT EXISTS (SELECT FROM wallet_run WHERE day BETWEEN $1 AND $2)", period.first, period.last
        )
    )


async def _closed(connection: Connection, period: Period) -> int:
    """The document that a month closed with. Raises NotAllowed."""
    found: int | None = await connection.fetchval(
        "SELECT proposal FROM month_final WHERE month = $1", period.text.replace("-", "")
    )
    if found is None:
        raise NotAllowed(
            f"{period.text} is not closed: `python -m clearing month --month {period.text} --as NAME` proposes its"
            " document. Single days are paid with --date."
        )
    return found


async def _runs(connection: Connection, period: Period, document: int | None) -> list[Any]:
    """The runs of a day or of a month's document, and which period's instructions pay each."""
    chosen = "month_run" if document is not None else "run"
    runs = await connection.fetch(
        f"SELECT r.day, r.batch, i.period FROM {chosen} r"
        " LEFT JOIN instruction_run i ON (i.day, i.run_batch) = (r.day, r.batch)"
        f" WHERE {'proposal' if document is not None else 'r.day'} = $1 ORDER BY r.day, r.batch",
        period.first if document is None else document,
    )
    return list(runs)


async def listed(
    connection: Connection,
    period: Period | None = None,
    *,
    state: str = "",
    institutions: bool | None = None,
) -> list[Instruction]:
    """Instructions in the order of period, batch, payer, payee, fund and revision.

    `institutions`: those that pay institutions, those that do not; None: all.
    """
    records = await connection.fetch(
        f"SELECT {_COLUMNS} FROM instruction_state WHERE $1 IN ('', period) AND $2 IN ('', state)"
        f" AND ($3::boolean IS NULL OR $3 = (batch > {INSTITUTION_SETS}))"
        " ORDER BY period, batch, payer, payee, insutype, fund, revision",
        period.text if period else "", state, institutions,
    )  # fmt: skip
    return [Instruction(*record) for record in records]


async def meant_by(connection: Connection, words: Sequence[BankWord]) -> list[Instruction]:
    """The instructions of which a bank speaks, those of whole payment files among them."""
    records = await connection.fetch(
        f"SELECT {_COLUMNS} FROM instruction_state WHERE id = any($1::text[])"
        " OR id IN (SELECT instruction FROM instruction_event WHERE msg_id = any($2::text[])) ORDER BY id",
        [word.instruction for word in words if word.instruction],
        [word.msg_id for word in words if word.msg_id],
    )  # fmt: skip
    return [Instruction(*record) for record in records]


async def check(
    connection: Connection,
    period: Period,
    *,
    operator: str,
    refuse: bool = False,
    reason: str = "",
    institutions: bool = False,
) -> list[Instruction]:
    """Approve or refuse all of a period that wait, of pools or of institutions.

    Raises NotFound where none does, NotAllowed for their maker.
    """
    async with changing(connection):
        waiting = await listed(connection, period, state="proposed", institutions=institutions)
        if not waiting:
            raise NotFound(f"No instruction of {period.text} waits for a second person.")
        own = [one for one in waiting if one.made_by == operator]
        if own:
            raise NotAllowed(
                f"{operator} made {len(own)} of these instructions; another person must look at them."
            )
        what = "refused" if refuse else "approved"
        await _note_events(connection, waiting, what, operator, reason=reason)
        await note(connection, operator, f"instructions {what}", period.text, {"instructions": len(waiting)})
    return waiting


async def reopen_refused(
    connection: Connection, period: Period, *, operator: str, institutions: bool = False
) -> int:
    """Propose anew what a second person refused; gives how many."""
    async with changing(connection):
        refused = [
            one
            for one in await listed(connection, period, state="refused", institutions=institutions)
            if not await connection.fetchval("SELECT EXISTS (SELECT FROM instruction WHERE replaces = $1)", one.id)
        ]  # fmt: skip
        if not refused:
            raise NotFound(f"No instruction of {period.text} was refused, or all were proposed again.")
        for one in refused:
            await reopen(connection, one, one.amount_fen, operator=operator)
        await note(connection, operator, "instructions reopen", period.text, {"instructions": len(refused)})
    return len(refused)


async def reopen(connection: Connection, of: Instruction, amount_fen: int, *, operator: str) -> str:
    """The next revision of an instruction, for what has to be paid again; it needs approval as any other."""
    revision = await connection.fetchval(
        "SELECT max(revision) + 1 FROM instruction WHERE period = $1 AND batch = $2 AND payer = $3 AND payee = $4"
        " AND insutype = $5 AND fund = $6",
        of.period, of.batch, of.payer, of.payee, of.insutype, of.fund,
    )  # fmt: skip
    made = instruction_id(of.payer, of.payee, of.insutype, of.fund, of.period, of.batch, revision)
    await connection.execute(
        "INSERT INTO instruction"
        " (id, period, batch, revision, payer, payee, insutype, fund, amount_fen, replaces, made_by)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        made, of.period, of.batch, revision, of.payer, of.payee, of.insutype, of.fund, amount_fen, of.id, operator,
    )  # fmt: skip
    return made


async def file_approved(
    connection: Connection, period: Period, *, operator: str, institutions: bool = False
) -> PaymentFile | None:
    """Put what is approved into a new payment file; None where nothing is."""
    async with changing(connection):
        approved = await listed(connection, period, state="approved", institutions=institutions)
        if not approved:
            return None
        msg_id = message_id(one.id for one in approved)
        amount_fen = sum(one.amount_fen for one in approved)
        await connection.execute(
            "INSERT INTO payment_file (msg_id, period, instructions, amount_fen, made_by) VALUES ($1, $2, $3, $4, $5)",
            msg_id, period.text, len(approved), amount_fen, operator,
        )  # fmt: skip
        await _note_events(connection, approved, "filed", operator, msg_id=msg_id)
        detail = {"msg_id": msg_id, "instructions": len(approved), "amount_fen": amount_fen}
        await note(connection, operator, "instructions filed", period.text, detail)
    found = await files(connection, period, institutions=institutions)
    return next(one for one in found if one.msg_id == msg_id)


async def files(connection: Connection, period: Period, *, institutions: bool = False) -> list[PaymentFile]:
    """Every payment file of a period, to pools or to institutions; the same for ever."""
    records = await connection.fetch(
        "SELECT msg_id, made_at FROM payment_file WHERE period = $1 ORDER BY made_at, msg_id", period.text
    )
    instructions = await listed(connection, period, institutions=institutions)
    left_out: dict[int, list[LeftOut]] = defaultdict(list)
    for batch, *out in await connection.fetch(
        "SELECT batch, fixmedins_code, amount_fen FROM instruction_left_out WHERE period = $1 ORDER BY 1, 2",
        period.text,
    ):
        left_out[batch].append(LeftOut(*out))
    found = []
    for one in records:
        sent = [i for i in instructions if i.msg_id == one["msg_id"]]
        sets = sorted({i.batch for i in sent if i.revision == 1})
        without = [each for batch in sets for each in left_out[batch]]
        if sent:
            found.append(PaymentFile(one["msg_id"], period.text, one["made_at"], sent, without))
    return found


async def _note_events(
    connection: Connection,
    instructions: Sequence[Instruction],
    what: str,
    operator: str,
    *,
    reason: str = "",
    msg_id: str | None = None,
) -> None:
    await connection.execute(
        "INSERT INTO instruction_event (instruction, what, amount_fen, reason, made_by, msg_id)"
        " SELECT i, $2, f, $3, $4, $5 FROM unnest($1::text[], $6::bigint[]) AS each (i, f)",
        [one.id for one in instructions], what, reason, operator, msg_id, [one.amount_fen for one in instructions],
    )  # fmt: skip


@asynccontextmanager
async def changing(connection: Connection) -> AsyncIterator[None]:
    """One transaction, one changer of instructions at a time. Raises NotAllowed for what the database refuses."""
    try:
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(hashtext('instructions'), 0)")
            yield
    except asyncpg.PostgresError as failed:
        if failure_of(failed).constraint in ("instruction_ordered", "instructions_hold"):
            raise NotAllowed(f"{str(failed.args[0]).capitalize()}.") from None
        raise
