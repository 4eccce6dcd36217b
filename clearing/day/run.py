"""The run of a day: close it at the home nodes, sum it on both sides, compare, and write what holds.

Every step at the books is harmless to repeat, and what clearing writes is one transaction: so a run that died at any
step is simply started again, and two that run at once take turns. What a run that died had summed is summed anew, for
rows may have been booked or mended since; what a run has written is never summed again. A book that does not answer
stays out, with its pairs; they come in a later batch of the same day, and nothing of the earlier batch changes.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import date
from itertools import product
from typing import Final, NamedTuple

from clearing.books import Book
from clearing.day import compare, insurances
from clearing.day.compare import Difference
from clearing.day.run_book import DAY_WAIT_S_MAX, Pair, RunId, RunWriter, day_taken, pairs_done, writing
from clearing.day.statement_take import take_statements
from clearing.errors import BookRefused, BookUnreachable, ClearingFault
from clearing.figures import Figures
from clearing.operator_log import note
from ledger.day import SumsHash
from runtime.postgres import Connection

SUMMING_AT_ONCE_MAX: Final = 4
SUMMED_BEFORE: Final = "a run that did not end had summed it, and its rows may have changed since"

Progress = Callable[[str, int, int], None]
"""(step, done, of): what the run is doing."""
Publish = Callable[[RunWriter], Awaitable[None]]
"""What is derived from a run's sums in the same transaction: positions, journals, documents."""


class Compared(NamedTuple):
    """A pair that was summed on both sides, and how the two differ."""

    pair: Pair
    home: Book
    care: Book
    differences: list[Difference]
    anew: bool  # a run that did not end had summed it
    care_hash: SumsHash | None  # over the sums that the care book holds; None: it tells them in words only


class RunResult(NamedTuple):
    """What became of it."""

    run: RunId | None  # None: every pair of the day that answers is in a run already
    pairs: int
    items: int  # decisions of the day at the home books
    differences: int
    carried: int  # resolutions whose money entered
    absent: dict[str, str]  # book -> why


async def run_day(
    day: date,
    *,
    connection: Connection,
    books: Sequence[Book],
    operator: str,
    program: str,
    publish: Publish,
    progress: Progress,
) -> RunResult:
    """Run a day with every pair of books that answers and is in no run of it yet.

    Raises RunElsewhere, RunBroken; books that do not answer or refuse are named in the result.
    """
    absent: dict[str, str] = {}

    def waiting(seconds: int) -> None:
        progress("another process runs this day; seconds waited", seconds, DAY_WAIT_S_MAX)

    async with day_taken(connection, day, waiting):
        nodes = await _closed(
            day, [one for one in books if one.at.side == "home"], operator, absent, progress
        )
        regions = await _answering([one for one in books if one.at.side == "care"], absent)
        done = await pairs_done(connection, day)
        pairs = [
            (node, region)
            for node, region in product(nodes, regions)
            if (node.at.name, region.at.name) not in done
        ]
        compared = await _compared(day, pairs, absent, progress)
        while compared:
            try:
                return await _written(day, compared, connection, operator, program, publish, absent, progress)
            except _Lost as lost:  # a book went away while its sums streamed: the others finish
                absent[lost.book.at.text] = str(lost.why)
                compared = [one for one in compared if lost.book not in (one.home, one.care)]
    return RunResult(None, 0, 0, 0, 0, absent)


async def planned(
    day: date, *, connection: Connection, books: Sequence[Book]
) -> tuple[list[tuple[str, str]], dict[str, str]]:
    """What `run_day` would run: (node, region) pairs, and what would stay out. Changes nothing anywhere."""
    absent: dict[str, str] = {}
    answering = await _answering(books, absent)
    nodes = [one.at.name for one in answering if one.at.side == "home"]
    regions = [one.at.name for one in answering if one.at.side == "care"]
    done = await pairs_done(connection, day)
    return [pair for pair in product(nodes, regions) if pair not in done], absent


class _Lost(Exception):
    """A book went away."""

    def __init__(self, book: Book, why: ClearingFault) -> None:
        super().__init__()
        self.book, self.why = book, why


async def _closed(
    day: date, nodes: Sequence[Book], operator: str, absent: dict[str, str], progress: Progress
) -> list[Book]:
    """The home nodes whose day is closed now."""
    answering = await _answering(nodes, absent)
    closed: list[Book] = []
    progress("close", 0, len(answering))
    for node in answering:
        try:
            await node.close_day(day, operator=operator)
            closed.append(node)
        except (BookUnreachable, BookRefused) as failed:
            absent[node.at.text] = str(failed)
        progress("close", len(closed), len(answering))
    return closed


async def _answering(books: Sequence[Book], absent: dict[str, str]) -> list[Book]:
    """Those that answer, and are who they should be."""

    async def looked(book: Book) -> str:
        try:
            said = await book.describe()
        except (BookUnreachable, BookRefused) as failed:
            return str(failed)
        if (said.side, said.name) != (book.at.side, book.at.name):
            return f"{book.at.address} is the book of {said.side} {said.name}, not of {book.at.text}."
        return ""

    faults = await asyncio.gather(*map(looked, books))
    absent |= {book.at.text: fault for book, fault in zip(books, faults, strict=True) if fault}
    return [book for book, fault in zip(books, faults, strict=True) if not fault]


async def _compared(
    day: date, pairs: Sequence[tuple[Book, Book]], absent: dict[str, str], progress: Progress
) -> list[Compared]:
    """The pairs that were summed on both sides, with their differences."""
    at_once = asyncio.Semaphore(SUMMING_AT_ONCE_MAX)
    finished = 0

    async def one(node: Book, region: Book) -> Compared | None:
        nonlocal finished
        async with at_once:
            try:
                found = await _summed_and_compared(day, node, region)
            except (BookUnreachable, BookRefused) as failed:
                absent[f"{node.at.text} with {region.at.text}"] = str(failed)
                found = None
        finished += 1
        progress("sum and compare", finished, len(pairs))
        return found

    progress("sum and compare", 0, len(pairs))
    found = await asyncio.gather(*[one(node, region) for node, region in pairs])
    return [compared for compared in found if compared is not None]


async def _summed_and_compared(day: date, node: Book, region: Book) -> Compared:
    # the region asks its node itself, and both sum at the same time
    at_care = await region.sum_day(day, peer=node.at.name, buckets=0, anew=True)
    at_home = await node.sum_day(day, peer=region.at.name, buckets=at_care.buckets)
    pair = Pair(node.at.name, region.at.name, at_home.buckets, at_home.items, at_care.items, at_care.fetched)
    differing = compare.buckets_that_differ(
        *await asyncio.gather(
            node.day_buckets(day, peer=region.at.name), region.day_buckets(day, peer=node.at.name)
        )
    )
    if not differing:
        return Compared(pair, node, region, [], at_care.anew, at_care.sums_hash)
    home, care = map(compare.by_id, await _differing(day, node, region, differing))
    sought = compare.unmatched(home, care)
    home_everywhere = compare.by_id(await node.with_ids(sought, peer=region.at.name))
    care_everywhere = compare.by_id(await region.with_ids(sought, peer=node.at.name))
    found = compare.differences(home, care, home_everywhere, care_everywhere)
    return Compared(pair, node, region, found, at_care.anew, at_care.sums_hash)


async def _differing(
    day: date, node: Book, region: Book, buckets: Sequence[int]
) -> tuple[list[Figures], list[Figures]]:
    """Both sides' decisions of the day over which their buckets differ."""
    sides = ((node, region.at.name), (region, node.at.name))
    hashes = await asyncio.gather(*[book.day_hashes(day, peer=peer, buckets=buckets) for book, peer in sides])
    ids = compare.ids_that_differ(*hashes)
    home, care = await asyncio.gather(*[book.of_day(day, peer=peer, ids=sorted(ids)) for book, peer in sides])
    if (len(home), len(care)) != tuple(compare.told_of(side, ids) for side in hashes):
        # a book need not find by its id what stands in it past its claims
        home, care = await asyncio.gather(
            *[book.in_buckets(day, peer=peer, buckets=buckets) for book, peer in sides]
        )
    return home, care


async def _written(
    day: date,
    compared: Sequence[Compared],
    connection: Connection,
    operator: str,
    program: str,
    publish: Publish,
    absent: dict[str, str],
    progress: Progress,
) -> RunResult:
    async with writing(connection, day, operator=operator, program=program) as writer:
        await writer.take_items(difference for one in compared for difference in one.differences)
        for number, one in enumerate(compared):
            progress("write", number, len(compared))
            await writer.add_pair(one.pair)
            if one.anew:
                pair = f"day {day}, node {one.pair.node} with region {one.pair.region}"
                await note(connection, operator, "sum anew", pair, {"reason": SUMMED_BEFORE})
            async with _losing(one.home):
                await writer.copy_sums(one.pair, "home", one.home.day_sum_lines(day, peer=one.pair.region))
            await writer.add_differences(one.pair, insurances.of_known_insurances(one.differences))
        await _without_unknown_insurances(writer, compared)
        for region in {one.care.at.name: one.care for one in compared}.values():
            async with _losing(region):
                await take_statements(writer, region)
        for book, why in absent.items():
            await writer.add_absent(book, why)
        carried = await writer.carry_resolved()
        if not await writer.hold_by_hash({one.pair: one.care_hash for one in compared}):
            for one in compared:
                async with _losing(one.care):
                    await writer.copy_sums(one.pair, "care", one.care.day_sum_lines(day, peer=one.pair.node))
            await writer.hold()
        progress("publish", 0, 1)
        await publish(writer)
        progress("publish", 1, 1)
        differences = await writer.differences()
    return RunResult(
        writer.run,
        len(compared),
        sum(one.pair.home_items for one in compared),
        differences,
        carried,
        dict(absent),
    )


async def _without_unknown_insurances(writer: RunWriter, compared: Sequence[Compared]) -> None:
    unknown = await insurances.unknown_insurances(writer)
    for one in compared:
        differing = {difference.setl_id for difference in one.differences}
        for insutype in unknown.get((one.pair.node, one.pair.region), ()):
            found = []
            for book, peer in ((one.home, one.pair.region), (one.care, one.pair.node)):
                async with _losing(book):
                    found.append(
                        await insurances.decisions_of(
                            insutype, writer.run.day, book=book, peer=peer, without=differing
                        )
                    )
            await writer.add_differences(one.pair, insurances.held_alike(*found))


@asynccontextmanager
async def _losing(book: Book) -> AsyncIterator[None]:
    try:
        yield
    except (BookUnreachable, BookRefused) as failed:
        raise _Lost(book, failed) from None
