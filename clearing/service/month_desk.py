"""What operators ask of months and years over gRPC, in the contract's messages: the commands' own functions."""

from collections.abc import AsyncGenerator, Iterator, Sequence
from typing import Final, TypeVar

from clearing.errors import Malformed
from clearing.months import month_book, year_book
from clearing.months.month_document import Document
from clearing.months.year_book import YearDocument
from clearing.options import YEAR_MAX, YEAR_MIN
from clearing.periods import Period
from clearing.service.fields import month_of, name_in
from clearing.service.proposal_desk import proposed_item
from clearing.session import Opened, trying
from clearing.workdays import Due, load_workdays
from proto.settlement.v1 import month_pb2 as pb

PART_LINES: Final = 500

Line = TypeVar("Line")


class MonthDesk:
    """Answers MonthService. Raises clearing's faults."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened

    async def get_month(self, request: pb.GetMonthRequest) -> AsyncGenerator[pb.GetMonthResponse, None]:
        """How a month stands, then the lines of its document."""
        period = month_of(request.month)
        async with self._opened() as session:
            standing = await month_book.stands(session.connection, period, session.today)
            found = await month_book.latest_document(session.connection, period)
        head = _month_head(found, dry_run=False) if found else None
        yield pb.GetMonthResponse(standing=_standing(standing, period), document=head)
        if found is None:
            return
        for pools in _parts(found.pools):
            yield pb.GetMonthResponse(pools=[pb.MonthPoolLine(**one._asdict()) for one in pools])
        for some in _parts(found.institutions):
            yield pb.GetMonthResponse(institutions=[pb.MonthInstitutionLine(**one._asdict()) for one in some])

    async def propose_month(self, request: pb.ProposeMonthRequest) -> pb.ProposeMonthResponse:
        """Make a month's document."""
        period, operator = month_of(request.month), name_in(request.operator)
        async with self._opened() as session, trying(session, request.dry_run):
            number, made = await month_book.propose_month(
                session.connection, session.books, period, operator=operator, today=session.today,
                early=request.early,
            )  # fmt: skip
            item = await proposed_item(session, number, dry_run=request.dry_run and made)
            found = await month_book.document(session.connection, number)
        head = _month_head(found, dry_run=request.dry_run and made)
        return pb.ProposeMonthResponse(proposal=item, made=made, document=head)

    async def get_year(self, request: pb.GetYearRequest) -> AsyncGenerator[pb.GetYearResponse, None]:
        """How a year stands, then the lines of its document."""
        year = _year(request.year)
        async with self._opened() as session:
            fault = await year_book.fault(session.connection, year, session.today)
            found = await year_book.document(session.connection, year)
        due = load_workdays().of_year(year)
        yield pb.GetYearResponse(
            fault=fault, due=_due(due) if due else None, document=_year_head(found, dry_run=False) if found else None
        )  # fmt: skip
        for some in _parts(found.lines if found else []):
            yield pb.GetYearResponse(lines=[pb.YearLine(**one._asdict()) for one in some])

    async def propose_year(self, request: pb.ProposeYearRequest) -> pb.ProposeYearResponse:
        """Make a year's document."""
        year, operator = _year(request.year), name_in(request.operator)
        async with self._opened() as session, trying(session, request.dry_run):
            number, made = await year_book.propose_year(
                session.connection, year, operator=operator, today=session.today
            )
            item = await proposed_item(session, number, dry_run=request.dry_run and made)
            found = await year_book.document(session.connection, year)
        head = _year_head(found, dry_run=request.dry_run and made) if found else None
        return pb.ProposeYearResponse(proposal=item, made=made, document=head)


def _standing(one: month_book.MonthStands, period: Period) -> pb.MonthStanding:
    dues = load_workdays().of_month(period.first.year, period.first.month)
    return pb.MonthStanding(
        fault=one.fault(period), over=one.over, closed=one.closed, missing_days=map(str, one.missing),
        unclosed_months=one.unclosed, absent=one.absent, differences=one.differences, stake_fen=one.stake_fen,
        runs=one.runs, late=[pb.MonthRun(day=str(day), batch=batch, late=True) for day, batch in one.late],
        due=map(_due, dues),
    )  # fmt: skip


def _due(one: Due) -> pb.DueDate:
    return pb.DueDate(what=one.what, by=one.by.isoformat(), provisional=one.provisional)


def _month_head(one: Document, *, dry_run: bool) -> pb.MonthHead:
    return pb.MonthHead(
        proposal=0 if dry_run else one.proposal, state=one.state, early=one.early, made_by=one.made_by,
        checked_by=one.checked_by or "", withheld=one.withheld,
        runs=[pb.MonthRun(day=day, batch=batch, late=late) for day, batch, late in one.runs],
        pool_lines=len(one.pools), institution_lines=len(one.institutions),
        to_pay_fen=sum(line.to_pay_fen for line in one.pools),
    )  # fmt: skip


def _year_head(one: YearDocument, *, dry_run: bool) -> pb.YearHead:
    return pb.YearHead(
        proposal=0 if dry_run else one.proposal, state=one.state, made_by=one.made_by, checked_by=one.checked_by or "",
        months=one.months, lines=len(one.lines), to_pay_fen=sum(line.to_pay_fen for line in one.lines),
    )  # fmt: skip


def _parts(lines: Sequence[Line]) -> Iterator[Sequence[Line]]:
    for first in range(0, len(lines), PART_LINES):
        yield lines[first : first + PART_LINES]


def _year(number: int) -> int:
    if not YEAR_MIN <= number <= YEAR_MAX:
        raise Malformed(f"year: {number} is not between {YEAR_MIN} and {YEAR_MAX}.")
    return number
