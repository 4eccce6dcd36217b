"""What an institution asks about its own money: totals (3201), details (3202) and what does not match (3209A).

The figures are those of the care book, selected by setl_time in China time whatever the day of the books: after an early
close the rest of a day stands on the next one. Only what one institution asks about itself is ever told.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final, NamedTuple

from clearing.books import Book
from clearing.errors import Malformed, NotFound
from clearing.institutions import statement_file
from clearing.institutions.dialects import Result, written
from clearing.institutions.statement import (
    CentreItem,
    Match,
    Totals,
    centre_item,
    compared,
    netted,
    totals,
    totals_result,
)
from clearing.institutions.statement_book import Frozen, is_frozen, keep, kept, query_no, unmatched
from clearing.institutions.statement_file import StatementRow, yuan
from proto.settlement.v1 import books_pb2, statement_pb2
from proto.settlement.v1.envelope_pb2 import Envelope
from runtime.keys import setl_id_bytes
from runtime.postgres import Connection

DAYS_MAX: Final = 31
RESULT_COLUMNS: Final = (
    "psn_no", "mdtrt_id", "setl_id", "msgid", "stmt_rslt", "refd_setl_flag", "memo", "medfee_sumamt",
    "fund_pay_sumamt", "acct_pay",
)  # fmt: skip
IDS_A_CALL_MAX: Final = 500


class Held(NamedTuple):
    """What the care books hold of an institution in a period."""

    region: str  # '' where no book knows the institution
    items: list[CentreItem]  # netted
    nodes: dict[str, str]  # setl_id -> home node
    raw_items: int  # of the period, also what took itself back: what a run's sums count
    raw_fen: int


class Key(NamedTuple):
    """Which of an institution's items; '' and 0 leave open."""

    fixmedins_code: str
    begin: date
    end: date
    insutype: str = ""
    clr_type: str = ""
    care_pool: int = 0
    route: int = 0


async def held(books: Sequence[Book], key: Key) -> Held:
    """The institution's items by setl_time. Raises BookUnreachable, BookRefused."""
    items, nodes, region, raw_items, raw_fen = [], {}, "", 0, 0
    for book in [one for one in books if one.at.side == "care"]:
        for offset in range((key.end - key.begin).days + 1):
            setl_day = key.begin + timedelta(days=offset)
            # of the day itself, and of the next one what was decided after an early close
            for day in (setl_day, setl_day + timedelta(days=1)):
                async for decision in book.stored(_asked(key, setl_day, day)):
                    item = centre_item(decision)
                    if item is None or (key.route and item.route != key.route):
                        continue
                    region = book.at.name
                    items.append(item)
                    nodes[item.setl_id] = str(decision.node)
                    raw_items, raw_fen = raw_items + 1, raw_fen + item.medfee_fen
    return Held(region, netted(items), nodes, raw_items, raw_fen)


def _asked(key: Key, setl_day: date, day: date) -> books_pb2.GetDecisionsRequest:
    of = books_pb2.DecisionsOf(
        care_pool=key.care_pool, fixmedins_code=key.fixmedins_code, insutype=key.insutype, clr_type=key.clr_type,
        setl_day=setl_day.isoformat(),
    )  # fmt: skip
    return books_pb2.GetDecisionsRequest(day=day.isoformat(), of=of)


# ------------------------------------------------------------------------------------------------ 3201


async def compare_totals(
    books: Sequence[Book], envelope: Envelope, given: statement_pb2.TotalsInput
) -> statement_pb2.CompareTotalsResponse:
    """3201. Raises Malformed, BookUnreachable, BookRefused."""
    begin, end = period(given.stmt_begndate, given.stmt_enddate)
    care_pool = pool_of(given.setl_optins)
    for name in ("insutype", "clr_type"):
        if not getattr(given, name):
            raise Malformed(f"input.{name} is missing.")
    key = Key(envelope.fixmedins_code, begin, end, given.insutype, given.clr_type, care_pool, given.route)
    found = await held(books, key)
    centre = totals(found.items, refunds=refunds_counted(given.refd_setl_flag))
    theirs = Totals(
        given.fixmedins_setl_cnt,
        given.medfee_sumamt,
        given.fund_pay_sumamt,
        given.acct_pay,
        given.cash_payamt,
    )
    result = totals_result(theirs, centre, with_cash=given.HasField("cash_payamt"))
    return statement_pb2.CompareTotalsResponse(
        setl_optins=given.setl_optins, stmt_rslt=written(result, care_pool), stmt_rslt_dscr=_DESCRIBED[result],
        centre=as_message(centre),
    )  # fmt: skip


_DESCRIBED: Final = {
    Result.EQUAL: "equal",
    Result.CENTRE_MORE: "the books hold more items than the institution: send the details (3202)",
    Result.INSTITUTION_MORE: "the institution has more items than the books: send the details (3202)",
    Result.DIFFER: "as many items, other amounts: send the details (3202)",
}


def as_message(one: Totals) -> statement_pb2.Totals:
    """Totals in the contract's names."""
    return statement_pb2.Totals(
        fixmedins_setl_cnt=one.items, medfee_sumamt=one.medfee_fen, fund_pay_sumamt=one.fund_fen,
        acct_pay=one.account_fen, cash_payamt=one.cash_fen,
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------ 3202


async def compare_details(
    connection: Connection, books: Sequence[Book], envelope: Envelope, given: statement_pb2.DetailsInput
) -> statement_pb2.CompareDetailsResponse:
    """3202 with its file. Raises Malformed, Frozen, NotFound, BookUnreachable, BookRefused."""
    code = envelope.fixmedins_code
    if given.file_qury_no:
        stands = await kept(connection, given.file_qury_no, code)
        if stands is None:
            raise NotFound(f"This institution has sent no file {given.file_qury_no[:30]}.")
        return statement_pb2.CompareDetailsResponse.FromString(stands.answer)
    day, end = period(given.stmt_begndate, given.stmt_enddate)
    if day != end:
        raise Malformed("input.stmt_enddate: a detail file is about one day; send one for each.")
    number = query_no(code, day, given.clr_type, given.file)
    stands = await kept(connection, number, code)
    if stands is not None and not stands.replaced:
        return statement_pb2.CompareDetailsResponse.FromString(stands.answer)
    rows = statement_file.read(given.file)
    _sums_agree(rows, given)
    key = Key(code, day, day, clr_type=given.clr_type, care_pool=pool_of(given.setl_optins))
    found = await held(books, key)
    if not found.region:
        raise NotFound(f"No book holds anything of institution {code} on {day}; nothing can be compared.")
    if await is_frozen(connection, found.region, day):
        raise Frozen
    refunds = refunds_counted(given.refd_setl_flag)
    matches = compared(rows, [one for one in found.items if refunds or not one.refund])
    await _own_rows_only(books, found.region, code, day, rows, matches)
    matches = await _with_msgids(books, found.region, matches)
    answer = _answer(number, day, key.care_pool, matches)
    await keep(
        connection, file_qury_no=number, fixmedins_code=code, day=day, clr_type=given.clr_type, refunds=refunds,
        region=found.region,
        rows=rows, matches=matches, nodes=found.nodes, answer=answer.SerializeToString(), centre_items=found.raw_items,
        centre_fen=found.raw_fen,
    )  # fmt: skip
    return answer


def _sums_agree(rows: Sequence[StatementRow], given: statement_pb2.DetailsInput) -> None:
    said = (given.fixmedins_setl_cnt, given.medfee_sumamt, given.fund_pay_sumamt)
    held_there = (len(rows), sum(row.medfee_fen for row in rows), sum(row.fund_fen for row in rows))
    if said != held_there:
        raise statement_file.FileWrong(
            f"The file holds {held_there[0]} rows of {yuan(held_there[1])} yuan, funds {yuan(held_there[2])};"
            f" the message says {said[0]}, {yuan(said[1])} and {yuan(said[2])}."
        )


async def _own_rows_only(
    books: Sequence[Book],
    region: str,
    code: str,
    day: date,
    rows: Sequence[StatementRow],
    matches: Sequence[Match],
) -> None:
    """A row that the books know as another institution's, or of another day, makes the file wrong."""
    book = next(one for one in books if (one.at.side, one.at.name) == ("care", region))
    sought = [one.setl_id for one in matches if one.item is None]
    places = {row.setl_id: number for number, row in enumerate(rows, start=1)}
    for first in range(0, len(sought), IDS_A_CALL_MAX):
        ids = [setl_id_bytes(one) for one in sought[first : first + IDS_A_CALL_MAX]]
        async for figures in book.decisions(books_pb2.GetDecisionsRequest(ids=ids)):
            line = f"Row {places[figures.setl_id]}"
            if figures.key.fixmedins_code != code:
                raise statement_file.FileWrong(f"{line}: the settlement is another institution's.")
            if figures.key.setl_day != day:
                raise statement_file.FileWrong(
                    f"{line}: the settlement is of {figures.key.setl_day}, not of {day}."
                )


async def _with_msgids(books: Sequence[Book], region: str, matches: Sequence[Match]) -> list[Match]:
    """What does not match gets its msgid, for 2601: it stands in the stored answer."""
    book = next(one for one in books if (one.at.side, one.at.name) == ("care", region))
    sought = [one.setl_id for one in matches if one.result is not Result.EQUAL and one.item is not None]
    named: dict[str, CentreItem] = {}
    for first in range(0, len(sought), IDS_A_CALL_MAX):
        ids = [setl_id_bytes(one) for one in sought[first : first + IDS_A_CALL_MAX]]
        async for decision in book.stored(books_pb2.GetDecisionsRequest(ids=ids, full=True)):
            item = centre_item(decision)
            if item is not None:
                named[item.setl_id] = item
    return [
        one._replace(item=named[one.setl_id]) if one.setl_id in named and one.item else one for one in matches
    ]


def _answer(
    number: str, day: date, care_pool: int, matches: Sequence[Match]
) -> statement_pb2.CompareDetailsResponse:
    wrong = [one for one in matches if one.result is not Result.EQUAL]
    counted = {result: sum(1 for one in matches if one.result is result) for result in Result}
    name = f"{number}_{day:%Y%m%d}.txt"
    return statement_pb2.CompareDetailsResponse(
        file_qury_no=number, filename=name, rows=sum(1 for one in matches if one.row is not None),
        result_file=statement_file.packed([RESULT_COLUMNS, *(_result_row(one, care_pool) for one in wrong)], name=name),
        equal=counted[Result.EQUAL], centre_more=counted[Result.CENTRE_MORE],
        institution_more=counted[Result.INSTITUTION_MORE], differ=counted[Result.DIFFER],
    )  # fmt: skip


def _result_row(one: Match, care_pool: int) -> tuple[str, ...]:
    side = one.item or one.row
    assert side is not None
    return (
        side.psn_no, side.mdtrt_id, one.setl_id, one.item.msgid if one.item else "", written(one.result, care_pool),
        "1" if side.refund else "0", one.memo, yuan(side.medfee_fen), yuan(side.fund_fen), yuan(side.account_fen),
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------ 3209A


async def list_unmatched(
    connection: Connection, envelope: Envelope, begndate: str, enddate: str
) -> statement_pb2.ListUnmatchedResponse:
    """3209A: what does not match of the institution's statements, in its care pool's dialect. Raises Malformed."""
    begin, end = period(begndate, enddate)
    care_pool = int(envelope.mdtrtarea_admvs) if envelope.mdtrtarea_admvs.isdigit() else 0
    found = await unmatched(connection, envelope.fixmedins_code, begin, end)
    return statement_pb2.ListUnmatchedResponse(
        rows=[
            statement_pb2.UnmatchedRow(
                setl_id=one["setl_id"], setl_day=one["day"].isoformat(),
                stmt_rslt=written(Result(one["result"]), care_pool),
                medfee_sumamt=(one["centre"] or {}).get("total_fen", 0),
                fixmedins_medfee_sumamt=(one["institution"] or {}).get("total_fen", 0), memo=one["memo"],
            )
            for one in found
        ]
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------ what is given


def period(begndate: str, enddate: str) -> tuple[date, date]:
    """Two days, at most a month apart. Raises Malformed."""
    try:
        begin, end = date.fromisoformat(begndate), date.fromisoformat(enddate or begndate)
    except ValueError:
        raise Malformed("Days are given as yyyy-MM-dd.") from None
    if not timedelta(0) <= end - begin < timedelta(days=DAYS_MAX):
        raise Malformed(f"The period is 1 to {DAYS_MAX} days, its end not before its beginning.")
    return begin, end


def pool_of(text: str) -> int:
    """A care pool, six digits. Raises Malformed."""
    if len(text) != 6 or not (text.isascii() and text.isdigit()):
        raise Malformed("input.setl_optins must be the six digits of the care pool (clr_optins).")
    return int(text)


def refunds_counted(refd_setl_flag: str) -> bool:
    """Whether refunds are in the totals: 1 or empty they are, 0 they are not. Raises Malformed."""
    if refd_setl_flag.strip("0") == "" and refd_setl_flag:
        return False
    if refd_setl_flag.lstrip("0") in ("", "1") or refd_setl_flag == "null":
        return True
    raise Malformed("input.refd_setl_flag must be 1 or empty (refunds counted) or 0 (not).")
