"""What the home book says of invoices and applications: reads for `counter`, and the register of who did what.

An invoice has no index in the book: it is looked for in the leaves from the day of care on, for many bills at once and
without a lock; under the cursor's lock only what a partition has written since is looked at again, by its key.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

from homepool.book_failures import failures
from ledger.life import Id
from runtime.postgres import Connection


class Found(NamedTuple):
    """A live settlement that pays an invoice."""

    invoice: str
    setl_id: Id
    region: str
    fixmedins_code: str
    day: date
    application: str  # '' where it was paid directly


class Entry(NamedTuple):
    """One application of the register."""

    id: Id
    pool: int
    application: str
    psn_no: str
    invoice: str
    institution: str
    decided_by: str
    decided_at: datetime
    cancel: Id | None
    cancelled_by: str | None
    cancelled_at: datetime | None


_ENTRY: Final = ", ".join(Entry._fields)


async def partitions_begun(connection: Connection) -> set[int]:
    """The partitions that a worker has ever served."""
    with failures():
        records = await connection.fetch("SELECT partition FROM cursor WHERE term > 0")
    return {record[0] for record in records}


async def payments_of(connection: Connection, invoices: Iterable[str], *, since: date) -> list[Id]:
    """Settlements and revivals that name one of these invoices, alive or not; reads all leaves from `since` on."""
    with failures():
        records = await connection.fetch(
            "SELECT DISTINCT settlement FROM decision WHERE day >= $2 AND sign > 0 AND invoice = ANY ($1::text[])",
            sorted(set(invoices)),
            since,
        )
    return [record[0] for record in records]


async def payments_since(
    connection: Connection, invoice: str, *, partition: int, number: int, day: date
) -> list[Id]:
    """The same of one invoice, among what a partition has written from `number` on; `day` is its cursor's then."""
    with failures():
        records = await connection.fetch(
            "SELECT DISTINCT settlement FROM decision"
            " WHERE partition = $1 AND number >= $2 AND day >= $3 AND sign > 0 AND invoice = $4",
            partition, number, day, invoice,
        )  # fmt: skip
    return [record[0] for record in records]


async def live_payment(connection: Connection, invoice: str, candidates: Iterable[Id]) -> Found | None:
    """Which of these settlements lives and pays the invoice, else what was paid by hand for it."""
    with failures():
        record = await connection.fetchrow(
            "SELECT d.invoice, d.id, d.region, d.fixmedins_code, d.day, coalesce(r.application, '')"
            " FROM (SELECT unnest($2::bytea[]) AS id UNION SELECT id FROM hand_paid WHERE invoice = $1) k"
            " CROSS JOIN LATERAL (SELECT * FROM claim WHERE id = k.id AND undone_by IS NULL OFFSET 0) c"
            " CROSS JOIN LATERAL (SELECT * FROM decision"
            " WHERE partition = c.partition AND number = c.number AND day = c.day OFFSET 0) d"
            " LEFT JOIN reimbursement r ON r.id = d.id WHERE d.invoice = $1 ORDER BY d.day LIMIT 1",
            invoice, list(candidates),
        )  # fmt: skip
    return None if record is None else Found(*record)


async def unknown_people(connection: Connection, psn_nos: Iterable[str]) -> set[str]:
    """Those whom the book does not know."""
    wanted = sorted(set(psn_nos))
    with failures():
        records = await connection.fetch("SELECT psn_no FROM person WHERE psn_no = ANY ($1::text[])", wanted)
    return set(wanted) - {record[0] for record in records}


async def register(
    connection: Connection, *, id_: Id, pool: int, application: str, psn_no: str, invoice: str,
    institution: str, by: str,
) -> None:  # fmt: skip
    """Note who decided an application; in the transaction of the decision."""
    with failures():
        await connection.execute(
            "INSERT INTO reimbursement (id, pool, application, psn_no, invoice, institution, decided_by)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7)",
            id_, pool, application, psn_no, invoice, institution, by,
        )  # fmt: skip


async def register_cancel(connection: Connection, *, id_: Id, cancel: Id, by: str) -> None:
    """Note who took a payment back; in the transaction of the cancel."""
    with failures():
        await connection.execute(
            "UPDATE reimbursement SET cancel = $2, cancelled_by = $3, cancelled_at = now() WHERE id = $1",
            id_, cancel, by,
        )  # fmt: skip


async def entry_of(connection: Connection, *, pool: int, application: str) -> Entry | None:
    """An application as the register has it."""
    with failures():
        record = await connection.fetchrow(
            f"SELECT {_ENTRY} FROM reimbursement WHERE pool = $1 AND application = $2", pool, application
        )
    return None if record is None else Entry(*record)


async def entries(
    connection: Connection, *, wanted: str, id_: Id | None, entries_max: int
) -> Sequence[Entry]:
    """The newest first; `wanted` is an application, an invoice or a psn_no, empty for all, `id_` a setl_id."""
    with failures():
        records = await connection.fetch(
            f"SELECT {_ENTRY} FROM reimbursement WHERE $1 = '' OR application = $1 OR invoice = $1"
            " OR psn_no = $1 OR id = $2 OR cancel = $2 ORDER BY decided_at DESC, id LIMIT $3",
            wanted, id_, entries_max,
        )  # fmt: skip
    return [Entry(*record) for record in records]
