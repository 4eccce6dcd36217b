"""The annual closing (年度清算) of institutions: a year's closed months, per institution and insurance. SQL sums.

Columns: those of the annual clearing (发生总金额, 应付, 已付, 不予支付, 医疗机构承担, 年度清算需结付), put together from
public field names. That 不予支付 is what audits took, and 医疗机构承担 the part of bills that the institution bears,
is an assumption; no budget (总额预算) is kept, for off-site treatment is outside it.
"""

from datetime import date
from typing import Any, Final, NamedTuple

from clearing.errors import NotAllowed, NotFound
from clearing.proposals import Proposal, changing, propose
from runtime.postgres import Connection

MONTHS: Final = 12


class YearLine(NamedTuple):
    """An institution's year under one insurance. Amounts in fen."""

    fixmedins_code: str
    insutype: str
    items: int  # settlements less refunds
    total_fen: int
    payable_fen: int
    refused_fen: int
    borne_fen: int
    paid_fen: int
    to_pay_fen: int


class YearDocument(NamedTuple):
    """A year as it was proposed or closed."""

    year: str
    proposal: int
    state: str
    made_by: str
    checked_by: str | None
    months: list[str]
    lines: list[YearLine]

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        return self._asdict() | {"lines": [one._asdict() for one in self.lines]}


_LINE: Final = ", ".join(YearLine._fields)


async def fault(connection: Connection, year: int, today: date) -> str:
    """Why a year cannot be closed, with the months that are not; empty where it can."""
    if await connection.fetchval("SELECT EXISTS (SELECT FROM year_final WHERE year = $1)", str(year)):
        return f"{year} is closed."
    first_run = await connection.fetchval("SELECT min(day) FROM run")
    if first_run is None or first_run.year > year:
        return f"Nothing of {year} was run."
    first_month = first_run.month if first_run.year == year else 1
    closed = {one[0] for one in await connection.fetch("SELECT month FROM month_final")}
    missing = [
        f"{year}-{month:02}" for month in range(first_month, MONTHS + 1) if f"{year}{month:02}" not in closed
    ]
    if missing:
        return f"{year} closes after its months; not closed: {', '.join(missing)}."
    return "" if today.year > year else f"{year} is not over."


async def propose_year(connection: Connection, year: int, *, operator: str, today: date) -> tuple[int, bool]:
    """Make a year's document and leave it to a second person; (proposal, whether it is new). Raises NotAllowed."""
    if why := await fault(connection, year, today):
        raise NotAllowed(why)
    async with changing(connection):
        detail = {"months": await _months(connection, year)}
        to_pay = await connection.fetchval(
            "SELECT isum(due_fen) FROM month_institution_line l JOIN month_final f USING (proposal)"
            " WHERE left(f.month, 4) = $1 AND l.bearer IN ('pool', 'account')",
            str(year),
        )
        made, new = await propose(
            connection, "year", str(year), amount_fen=to_pay, detail=detail, operator=operator
        )
        if new:
            await connection.execute("INSERT INTO year_document VALUES ($1, $2)", made, str(year))
            await connection.execute("SELECT year_write($1)", made)
    return made, new


async def close_year(connection: Connection, proposal: Proposal, operator: str, _today: date) -> None:
    """What approving a year does. Its months are closed for ever, so nothing can have moved but payments."""
    await connection.execute("SELECT year_close($1, $2)", proposal.id, operator)


async def document(connection: Connection, year: int) -> YearDocument | None:
    """The document that a year closed with, else the latest; None where there is none."""
    number = await connection.fetchval(
        "SELECT coalesce((SELECT proposal FROM year_final WHERE year = $1),"
        " (SELECT max(proposal) FROM year_document WHERE year = $1))",
        str(year),
    )
    if number is None:
        return None
    head = await connection.fetchrow(
        "SELECT state, made_by, checked_by, detail FROM proposal_state WHERE id = $1", number
    )
    if head is None:
        raise NotFound(f"There is no proposal {number}.")
    lines = await connection.fetch(
        f"SELECT {_LINE} FROM year_line WHERE proposal = $1 ORDER BY fixmedins_code, insutype", number
    )
    return YearDocument(
        str(year), number, head["state"], head["made_by"], head["checked_by"], await _months(connection, year),
        [YearLine(*one) for one in lines],
    )  # fmt: skip


async def _months(connection: Connection, year: int) -> list[str]:
    records = await connection.fetch(
        "SELECT month FROM month_final WHERE left(month, 4) = $1 ORDER BY month", str(year)
    )
    return [f"{one[0][:4]}-{one[0][4:]}" for one in records]
