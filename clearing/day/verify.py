"""Recomputing a day from its items, and comparing with what was published: `verify` believes nothing that is stored.

Both books sum the day again from their decisions; what they say must be what they said when the day was run. What was
mended since, and settled by asking both books again, is the only change allowed, and it is counted. Inside clearing the
runs of the day are held against their own rules once more, and what they set aside and carried in against the differences
and resolutions that it comes from. What is made of the runs is looked at by who makes it: `clearing/verification.py`.
"""

import json
from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from clearing.books import Book
from clearing.errors import BookRefused, BookUnreachable, NotFound
from clearing.findings import Finding, broken
from ledger.day import SUM_COLUMNS, Bucket, DayKey, DaySum
from ledger.rows import AMOUNTS
from proto.settlement.v1 import books_pb2 as pb
from runtime.postgres import Connection


class Verified(NamedTuple):
    """What was looked at, and what does not hold."""

    batches: int
    pairs: int
    sums: int
    mended: int  # items that a book tells otherwise since, and that were settled by asking both books again
    findings: list[Finding]


async def verify(day: date, *, connection: Connection, books: Sequence[Book]) -> Verified:
    """Recompute a day that was run. Raises NotFound."""
    batches = [
        record[0]
        for record in await connection.fetch("SELECT batch FROM run WHERE day = $1 ORDER BY batch", day)
    ]
    if not batches:
        raise NotFound(f"{day} was not run; `python -m clearing runs` lists what was.")
    findings = await verify_runs(day, batches, connection=connection)
    pairs = await connection.fetch(
        "SELECT batch, node, region FROM run_pair WHERE day = $1 ORDER BY node, region", day
    )
    sums = mended = 0
    at = {(book.at.side, book.at.name): book for book in books}
    for batch, node, region in pairs:
        for source, book, peer in (
            ("home", at.get(("home", node)), region),
            ("care", at.get(("care", region)), node),
        ):
            where = f"batch {batch}, node {node} with region {region}, {source} book"
            if book is None:
                findings.append(Finding("DSGW_BOOKS does not name this book, so it was not looked at", where))
                continue
            published = await _published(connection, day, batch, node, region, source)
            sums += len(published)
            since = await _mended(connection, day, node, region, source)
            mended += len(since)
            expected = _expected(published, since)
            again = await _again(day, book, peer, expected, buckets_too=not since)
            again += await _differing(connection, day, (node, region, source), book, peer)
            if source == "home":
                again += await _twice(connection, day, node, region, book)
            findings += [Finding(what, where) for what in again]
    return Verified(len(batches), len(pairs), sums, mended, findings)


async def verify_runs(day: date, batches: Sequence[int], *, connection: Connection) -> list[Finding]:
    """The runs of a day against their own rules, and against the differences and resolutions that they come from."""
    findings: list[Finding] = []
    for batch in batches:
        findings += await broken(
            connection, f"batch {batch}", "SELECT run_holds($1, $2::smallint)", day, batch
        )
        findings += await _aside_and_carried(connection, day, batch)
    return findings


async def _aside_and_carried(connection: Connection, day: date, batch: int) -> list[Finding]:
    """Whether what a run left out is what its differences hold, and what it brought in the money that entered it."""
    names = ", ".join(SUM_COLUMNS)
    written = await connection.fetch(
        f"SELECT node, region, source, {names} FROM run_sum WHERE day = $1 AND batch = $2"
        " AND source IN ('home_aside', 'care_aside', 'carried')",
        day, batch,
    )  # fmt: skip
    counted = [(*one[:3], _sum_of(one[3:]), 1) for one in map(tuple, written)]
    held = await connection.fetch(
        "SELECT node, region, 'home_aside' AS source, home AS rows FROM difference"
        " WHERE day = $1 AND batch = $2 AND institution IS NULL"
        " UNION ALL SELECT node, region, 'care_aside', care FROM difference"
        " WHERE day = $1 AND batch = $2 AND institution IS NULL"
        " UNION ALL SELECT node, region, 'carried', money FROM resolution r JOIN difference d ON d.id = r.difference"
        " WHERE (r.entered_day, r.entered_batch) = ($1, $2)",
        day, batch,
    )  # fmt: skip
    for node, region, source, rows in map(tuple, held):
        for row in json.loads(rows):
            if row["sign"] and row.get("day", day.isoformat()) == day.isoformat():
                counted.append((node, region, source, _one(row), -1))
    left: dict[tuple[Any, ...], list[int]] = {}
    for *where, one, factor in counted:
        sums = left.setdefault((*where, one.key), [0] * (1 + len(AMOUNTS)))
        for place, amount in enumerate((one.items, *one.amounts)):
            sums[place] += factor * amount
    words = {"carried": "resolutions"}
    return [
        Finding(
            f"{key.fixmedins_code}, insurance {key.insutype}: {source} is off by {sums[0]} items of {sums[1]} fen against"
            f" the {words.get(source, 'differences')} that it comes from",
            f"batch {batch}, node {node} with region {region}",
        )
        for (node, region, source, key), sums in left.items()
        if any(sums)
    ]


async def _published(
    connection: Connection, day: date, batch: int, node: str, region: str, source: str
) -> dict[DayKey, DaySum]:
    written = "run_care" if source == "care" else "(SELECT * FROM run_sum WHERE source = 'home') told"
    async with connection.transaction():
        await connection.execute("SET LOCAL enable_nestloop = off")  # see run_care
        records = await connection.fetch(
            f"SELECT {', '.join(SUM_COLUMNS)} FROM {written}"
            " WHERE day = $1 AND batch = $2 AND node = $3 AND region = $4",
            day, batch, node, region,
        )  # fmt: skip
    sums = (_sum_of(tuple(record)) for record in records)
    return {one.key: one for one in sums}


def _sum_of(values: Sequence[Any]) -> DaySum:
    keys = len(DayKey._fields)
    return DaySum(DayKey(*values[:keys]), values[keys], tuple(values[keys + 1 :]))


async def _mended(
    connection: Connection, day: date, node: str, region: str, source: str
) -> list[tuple[list[DaySum], list[DaySum]]]:
    """Items that were settled by asking the books again: what this book said of the day, and what it must say since."""
    records = await connection.fetch(
        f"SELECT DISTINCT ON (d.id) d.{source} AS said, r.money FROM difference d"
        " JOIN resolution_standing r ON r.difference = d.id"
        " WHERE d.day = $1 AND d.node = $2 AND d.region = $3 AND r.action IN ('requery', 'fetch_again')"
        " AND d.institution IS NULL ORDER BY d.id, r.id DESC",  # asked twice: the last word
        day, node, region,
    )  # fmt: skip
    found = []
    for record in records:
        said = [row for row in json.loads(record["said"]) if row["sign"] and row["day"] == day.isoformat()]
        found.append(([_one(row) for row in said], [_one(row) for row in json.loads(record["money"])]))
    return found


async def _differing(
    connection: Connection, day: date, where: tuple[str, str, str], book: Book, peer: str
) -> list[str]:
    """What a difference holds of a book that the book does not say: with it money would be left out for nothing."""
    records = await connection.fetch(
        f"SELECT d.setl_id, d.{where[2]} AS said FROM difference d"
        " WHERE d.day = $1 AND d.node = $2 AND d.region = $3 AND d.institution IS NULL AND NOT EXISTS"
        " (SELECT FROM resolution_standing r WHERE r.difference = d.id AND r.action IN ('requery', 'fetch_again'))",
        day, *where[:2],
    )  # fmt: skip
    held = {
        one["setl_id"]: [row for row in json.loads(one["said"]) if row["day"] == day.isoformat()]
        for one in records
    }
    try:
        rows = await book.with_ids(sorted(held), peer=peer) if held else []
    except (BookUnreachable, BookRefused) as failed:
        return [f"not looked at: {failed}"]
    now: dict[str, list[dict[str, Any]]] = {setl_id: [] for setl_id in held}
    for row in rows:
        if row.day == day:
            now[row.setl_id].append(row.as_json())
    changed = [setl_id for setl_id, said in held.items() if _sorted(said) != _sorted(now[setl_id])]
    return [f"the difference over {one} holds other figures than the book" for one in sorted(changed)]


async def _twice(connection: Connection, day: date, node: str, region: str, book: Book) -> list[str]:
    """What the home book holds beside its claims, which know each id once: alike in both books it was paid twice.

    A run does not look for it, for it would have to look every id up; what differs anyway is its difference's affair.
    """
    known = await connection.fetch(
        "SELECT setl_id FROM difference WHERE day = $1 AND node = $2 AND region = $3", day, node, region
    )
    differing = {one[0] for one in known}
    request = pb.GetDecisionsRequest(day=day.isoformat(), peer=region, unclaimed=True)
    try:
        found = sorted([one.setl_id async for one in book.decisions(request)])
    except (BookUnreachable, BookRefused) as failed:
        return [f"not looked at: {failed}"]
    return [
        f"{one} is in the sums of this day, and the node's claim of it leads to another row: it may be paid twice"
        for one in found
        if one not in differing
    ]


def _sorted(rows: Sequence[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(row, sort_keys=True) for row in rows)


def _one(row: dict[str, Any]) -> DaySum:
    told = {name: row[name] for name in DayKey._fields} | {"setl_day": date.fromisoformat(row["setl_day"])}
    key = DayKey(**told)
    return DaySum(key, row.get("items", 1), tuple(row.get(name, 0) for name in AMOUNTS))


def _expected(
    published: dict[DayKey, DaySum], mended: Sequence[tuple[list[DaySum], list[DaySum]]]
) -> dict[DayKey, DaySum]:
    """What was published, with the mended items as they are told now."""
    expected = dict(published)
    changes = [(-1, one) for said, _ in mended for one in said] + [
        (1, one) for _, since in mended for one in since
    ]
    for factor, one in changes:
        before = expected.get(one.key, DaySum(one.key, 0, (0,) * len(AMOUNTS)))
        amounts = tuple(a + factor * b for a, b in zip(before.amounts, one.amounts, strict=True))
        expected[one.key] = DaySum(one.key, before.items + factor, amounts)
    return {key: one for key, one in expected.items() if one.items}


async def _again(
    day: date, book: Book, peer: str, published: dict[DayKey, DaySum], *, buckets_too: bool
) -> list[str]:
    """What a book says today, against what it must say."""
    try:
        now = {one.key: one async for one in book.day_sums(day, peer=peer, again=True)}
        found = [
            f"{key.fixmedins_code}, insurance {key.insutype}: {_told(published, key)} then, {_told(now, key)} now"
            for key in sorted(published.keys() | now.keys())
            if published.get(key) != now.get(key)
        ]
        if found or not buckets_too:
            return found
        stored = await book.day_buckets(day, peer=peer)
        changed = _changed(stored, await book.day_buckets(day, peer=peer, again=True))
    except (BookUnreachable, BookRefused) as failed:
        return [f"not looked at: {failed}"]
    return [f"{changed} buckets hold other decisions than when the day was summed"] if changed else []


def _told(sums: dict[DayKey, DaySum], key: DayKey) -> str:
    one = sums.get(key)
    return "nothing" if one is None else f"{one.items} items of {one.amounts[0]} fen"


def _changed(stored: Sequence[Bucket], now: Sequence[Bucket]) -> int:
    return len(set(stored) ^ set(now))
