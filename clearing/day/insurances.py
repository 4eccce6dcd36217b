"""Decisions of an insurance that the scheme does not know: nobody could say whose money they are, so they are set aside.

One such row in a book must not keep a whole day from being run. Where there are more than a few it is the scheme that
lacks an insurance: then they stay in the sums, and publishing them throws the run away with that sentence.
"""

import contextlib
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Final

from clearing.books import Book
from clearing.day import compare
from clearing.day.compare import Difference, DifferenceClass
from clearing.day.run_book import RunWriter
from clearing.figures import Figures
from clearing.scheme import load_scheme
from proto.settlement.v1 import books_pb2 as pb

SET_ASIDE_MAX: Final = 1_000
"""Of one pair of books and one insurance."""


def of_known_insurances(found: Iterable[Difference]) -> list[Difference]:
    """The same differences; a shift would bring its money in at once, so where nobody knows whose it is, it may not."""
    known = load_scheme().insutypes
    return [
        one._replace(kind=DifferenceClass.INSURANCE_UNKNOWN, stake_fen=_stake(one.home))
        if one.kind is DifferenceClass.DATE_SHIFT and {row.key.insutype for row in one.home} - known
        else one
        for one in found
    ]


async def unknown_insurances(writer: RunWriter) -> dict[tuple[str, str], list[str]]:
    """What the sums written so far have of insurances that the scheme does not know, by (node, region)."""
    records = await writer.connection.fetch(
        "SELECT node, region, array_agg(DISTINCT insutype ORDER BY insutype) FROM run_sum"
        " WHERE day = $1 AND batch = $2 AND source IN ('home', 'care') AND insutype <> ALL($3) GROUP BY node, region",
        *writer.run, sorted(load_scheme().insutypes),
    )  # fmt: skip
    return {(node, region): insutypes for node, region, insutypes in records}


async def decisions_of(
    insutype: str, day: date, *, book: Book, peer: str, without: Collection[str]
) -> list[Figures]:
    """A book's decisions of an insurance that moved money, but for ids that differ anyway; at most one more than may be
    set aside. Raises BookUnreachable, BookRefused."""
    found: list[Figures] = []
    request = pb.GetDecisionsRequest(day=day.isoformat(), peer=peer, of=pb.DecisionsOf(insutype=insutype))
    async with contextlib.aclosing(book.decisions(request)) as told:
        async for one in told:
            if one.key.sign and one.setl_id not in without:
                found.append(one)
            if len(found) > SET_ASIDE_MAX:
                break
    return found


def held_alike(home: Sequence[Figures], care: Sequence[Figures]) -> list[Difference]:
    """What two books hold of an insurance that nobody knows, as differences; none where it is too much to be a fault of
    some row."""
    if len(home) > SET_ASIDE_MAX:
        return []
    theirs = compare.by_id(care)
    return [
        Difference(
            DifferenceClass.INSURANCE_UNKNOWN, setl_id, rows, theirs[setl_id], ("insutype",), _stake(rows)
        )
        for setl_id, rows in compare.by_id(home).items()
        if setl_id in theirs
    ]


def _stake(rows: Collection[Figures]) -> int:
    return sum(abs(row.total_fen) for row in rows)
