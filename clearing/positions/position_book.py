"""Positions and journals of a run, written in its transaction, and read for people. The rules are SQL's: in sets."""

from collections.abc import Sequence
from datetime import date
from typing import Final, NamedTuple

import asyncpg

from clearing.day.run_book import RunWriter
from clearing.errors import RunBroken
from clearing.scheme import Scheme
from runtime.postgres import Connection, failure_of

_OURS: Final = frozenset({"fund_known", "positions_hold", "gl_balanced", "gl_holds"})


async def publish_positions(writer: RunWriter, scheme: Scheme) -> None:
    """Apportion, net and book what the run pays, and prove that it holds together.

    Raises RunBroken: the scheme has no fund for something, or figures do not agree; then the run does not exist.
    """
    connection, run = writer.connection, writer.run
    await connection.execute(
        "INSERT INTO run_scheme VALUES ($1, $2, $3, $4)", *run, scheme.version, scheme.sha256
    )
    frozen: dict[str, list[tuple[object, ...]]] = {
        "run_fund": [(*run, one.insutype, one.payer, one.fund, one.bearer) for one in scheme.funds],
        "run_outside": [(*run, one.bearer, one.home_pool, one.party) for one in scheme.outside],
        "run_group": [(*run, pool, name) for pool, name in scheme.groups.items()],
    }
    for table, records in frozen.items():
        if records:
            await connection.copy_records_to_table(table, records=records)
    try:
        for step in ("publish_positions", "gl_post_run", "positions_hold"):
            await connection.execute(f"SELECT {step}($1, $2::smallint)", *run)
    except asyncpg.PostgresError as failed:
        if failure_of(failed).constraint in _OURS:
            raise RunBroken(f"The run of {run.day} does not exist: {failed.args[0]}.") from None
        raise


class Gross(NamedTuple):
    """A cell of the gross matrix over some runs. Amounts in fen; `items` decisions of the two pools and insurance."""

    insutype: str
    fund: str
    bearer: str
    debtor: int
    creditor: int
    items: int
    amount_fen: int


class RunPayment(NamedTuple):
    """How a run is paid between pools."""

    day: date
    batch: int
    kind: str  # settlements, wallet
    period: str  # whose instructions pay it; empty: none yet
    state: str  # unpaid, under_way, paid


class NetRow(NamedTuple):
    """A pool in the multilateral net over some runs; group '' is that of all pools."""

    group: str
    insutype: str
    fund: str
    pool: int
    receivable_fen: int
    payable_fen: int
    amount_fen: int


class OutsideRow(NamedTuple):
    """What a payer outside the pools owes a care pool for a home pool's people."""

    insutype: str
    fund: str
    bearer: str
    party: str
    home_pool: int
    creditor: int
    items: int
    amount_fen: int


class InstitutionRow(NamedTuple):
    """What an institution had paid of two pools' sums."""

    fixmedins_code: str
    items: int
    amount_fen: int


class PositionReader:
    """Positions over the runs of some days."""

    def __init__(self, connection: Connection, first: date, last: date, *, batch: int = 0) -> None:
        """`batch` 0: all of them."""
        self._connection = connection
        self._of: tuple[object, ...] = (first, last, batch)

    async def runs(self) -> list[tuple[date, int]]:
        """(day, batch) of the runs in the period."""
        query = (
            "SELECT day, batch FROM run WHERE day BETWEEN $1 AND $2 AND $3::smallint IN (0, batch)"
            " ORDER BY day, batch"
        )
        return [(one[0], one[1]) for one in await self._connection.fetch(query, *self._of)]

    async def gross(self, *, insutype: str = "", fund: str = "") -> list[Gross]:
        """The gross matrix, and the wallet's, which is in no net; empty filters let all through.

        A batch is one of settlements: the wallet's runs count theirs apart, and are left out of it.
        """
        query = (
            "WITH owed AS (SELECT day, batch, insutype, fund, bearer, debtor, creditor, items, amount_fen"
            "   FROM gross_position WHERE $3::smallint IN (0, batch)"
            "  UNION ALL SELECT day, batch, insutype, fund, 'wallet', debtor, creditor, items, amount_fen"
            "   FROM wallet_position WHERE $3 = 0 AND amount_fen <> 0)"
            " SELECT insutype, fund, bearer, debtor, creditor, isum(items), isum(amount_fen) FROM owed"
            " WHERE day BETWEEN $1 AND $2 AND $4 IN ('', insutype) AND $5 IN ('', fund)"
            " GROUP BY insutype, fund, bearer, debtor, creditor ORDER BY insutype, fund, debtor, creditor"
        )
        return [Gross(*one) for one in await self._connection.fetch(query, *self._of, insutype, fund)]

    async def payments(self) -> list[RunPayment]:
        """How the runs, and of all batches the wallet's, are paid."""
        query = (
            "SELECT day, batch, kind, period, state FROM run_payment WHERE day BETWEEN $1 AND $2"
            " AND ($3::smallint = 0 OR kind = 'settlements' AND batch = $3) ORDER BY kind, day, batch"
        )
        return [RunPayment(*one) for one in await self._connection.fetch(query, *self._of)]

    async def net(self, *, insutype: str = "", fund: str = "") -> list[NetRow]:
        """The nets as they were published; their sum per group, insurance and fund is zero."""
        query = (
            "SELECT name, insutype, fund, pool, isum(receivable_fen), isum(payable_fen), isum(amount_fen)"
            " FROM net_position WHERE day BETWEEN $1 AND $2 AND $3::smallint IN (0, batch) AND $4 IN ('', insutype)"
            " AND $5 IN ('', fund) GROUP BY name, insutype, fund, pool ORDER BY name, insutype, fund, pool"
        )
        return [NetRow(*one) for one in await self._connection.fetch(query, *self._of, insutype, fund)]

    async def outside(self, *, insutype: str = "", fund: str = "") -> list[OutsideRow]:
        """What payers outside the pools owe, none of it in a net."""
        query = (
            "SELECT insutype, fund, bearer, party, home_pool, creditor, isum(items), isum(amount_fen)"
            " FROM outside_position WHERE day BETWEEN $1 AND $2 AND $3::smallint IN (0, batch) AND $4 IN ('', insutype)"
            " AND $5 IN ('', fund) GROUP BY insutype, fund, bearer, party, home_pool, creditor"
            " ORDER BY insutype, fund, party, home_pool, creditor"
        )
        return [OutsideRow(*one) for one in await self._connection.fetch(query, *self._of, insutype, fund)]

    async def institutions(
        self, home_pool: int, care_pool: int, insutype: str, payers: Sequence[str]
    ) -> list[InstitutionRow]:
        """Two pools' sums by institution for some columns of the row, on routes between pools and on all others."""
        amount = " + ".join(payers)
        query = (
            f"SELECT fixmedins_code, isum(items), isum({amount}) FROM run_paid WHERE day BETWEEN $1 AND $2"
            " AND $3::smallint IN (0, batch) AND home_pool = $4 AND care_pool = $5 AND insutype = $6"
            f" GROUP BY fixmedins_code HAVING isum({amount}) <> 0 ORDER BY fixmedins_code"
        )
        records = await self._connection.fetch(query, *self._of, home_pool, care_pool, insutype)
        return [InstitutionRow(*one) for one in records]
