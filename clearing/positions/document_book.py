"""The lines of the documents of a period, from the runs' sums, streamed party by party: memory stays flat."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any, Final

from clearing.parties import Party
from clearing.periods import Period
from clearing.positions import documents as doc
from clearing.positions.documents import Document, Sums, bearers_of, includes_account
from clearing.positions.sheet import Line
from clearing.scheme import Scheme
from ledger.rows import PAYERS
from runtime.postgres import Connection

_AMOUNTS: Final = ("total_fen", *PAYERS)
_SUMMED: Final = ", ".join(
    [
        "isum(f * items) FILTER (WHERE sign = 1) AS items", "isum(f * items) FILTER (WHERE sign = -1) AS refunds",
        *[f"isum(f * {name}) AS {name}" for name in _AMOUNTS],
        "isum(total_fen) FILTER (WHERE source = 'carried') AS carried_fen",
        "isum(total_fen) FILTER (WHERE source = 'home_aside') AS aside_fen",
    ]
)  # fmt: skip
_COUNTED: Final = """(SELECT *, CASE source WHEN 'home_aside' THEN -1 ELSE 1 END AS f FROM run_sum
  WHERE day BETWEEN $1 AND $2 AND $3::smallint IN (0, batch) AND source IN ('home', 'home_aside', 'carried')) counted"""
_POOLS: Final = f"""
  WITH pair AS (SELECT home_pool, care_pool, insutype, {_SUMMED} FROM {_COUNTED} WHERE route <> 1 GROUP BY 1, 2, 3)
  SELECT home_pool AS party, 'pays' AS role, care_pool AS other, * FROM pair
  UNION ALL SELECT care_pool, 'receives', home_pool, * FROM pair
  ORDER BY party, role, other, insutype"""
_INSTITUTIONS: Final = f"""
  SELECT fixmedins_code AS party, home_pool, insutype, clr_type, route, {_SUMMED} FROM {_COUNTED}
  GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 3, 2, 4, 5"""
_PAYERS: Final = """
  SELECT party, home_pool, creditor, insutype, fund, isum(items) AS items, isum(amount_fen) AS amount_fen
  FROM outside_position WHERE day BETWEEN $1 AND $2 AND $3::smallint IN (0, batch)
  GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 4, 5, 2, 3"""


def told(period: Period, batch: int) -> str:
    """A period and perhaps one batch of it, as documents name it."""
    return f"{period.text} batch {batch}" if batch else period.text


class DocumentReader:
    """Documents of a period, in the order of their parties; a party's books follow one another."""

    def __init__(
        self,
        connection: Connection,
        period: Period,
        *,
        scheme: Scheme,
        parties: Mapping[str, Party],
        batch: int = 0,
    ) -> None:
        """`batch` 0: all of the period."""
        self._connection = connection
        self._period = period
        self._batch = batch
        self._scheme = scheme
        self._parties = parties
        self._bearers = {
            insutype: bearers_of(scheme, insutype) for kinds in scheme.books.values() for insutype in kinds
        }

    async def pools(self) -> AsyncGenerator[list[Document], None]:
        """What a pool pays and receives, by the other pool; route 1 (本市) is no matter between pools."""
        async with aclosing(self._by_party(_POOLS)) as found:
            async for party, records in found:
                dialect = includes_account(self._parties, party)
                yield self._documents(
                    doc.POOL, str(party), self._name(party),
                    [
                        (one["insutype"], (one["role"], str(one["other"]), self._name(one["other"]), one["insutype"]),
                         self._figures(one, dialect))
                        for one in records
                    ],
                )  # fmt: skip

    async def institutions(self) -> AsyncGenerator[list[Document], None]:
        """What was settled at an institution, by home pool, insurance, kind of clearing and route (本市 too)."""
        async with aclosing(self._by_party(_INSTITUTIONS)) as found:
            async for party, records in found:
                yield self._documents(
                    doc.INSTITUTION, party, party,
                    [
                        (one["insutype"], (str(one["home_pool"]), self._name(one["home_pool"]), one["insutype"],
                         one["clr_type"], doc.ROUTES[one["route"]]),
                         self._figures(one, includes_account(self._parties, one["home_pool"]), local=one["route"] == 1))
                        for one in records
                    ],
                )  # fmt: skip

    async def payers(self) -> AsyncGenerator[list[Document], None]:
        """What a payer outside the pools owes."""
        async with aclosing(self._by_party(_PAYERS)) as found:
            async for party, records in found:
                yield self._documents(
                    doc.PAYER, party, self._scheme.party_name(party),
                    [
                        (one["insutype"], (str(one["home_pool"]), str(one["creditor"]), one["insutype"], one["fund"]),
                         (one["items"], one["amount_fen"]))
                        for one in records
                    ],
                )  # fmt: skip

    async def _by_party(self, query: str) -> AsyncGenerator[tuple[Any, list[Any]], None]:
        async with self._connection.transaction(readonly=True):
            current: list[Any] = []
            async for record in self._connection.cursor(
                query, self._period.first, self._period.last, self._batch
            ):
                if current and current[0]["party"] != record["party"]:
                    yield current[0]["party"], current
                    current = []
                current.append(record)
            if current:
                yield current[0]["party"], current

    def _documents(
        self, kind: str, code: str, name: str, rows: list[tuple[str, tuple[str, ...], tuple[int, ...]]]
    ) -> list[Document]:
        found: dict[str, Document] = {}
        for insutype, keys, figures in rows:
            book = self._scheme.book_of(insutype)
            document = found.setdefault(
                book, Document(kind, code, name, book, told(self._period, self._batch))
            )
            document.lines.append(Line(keys, figures))
        return [found[book] for book in self._scheme.books if book in found]

    def _figures(self, record: Any, dialect: bool, *, local: bool = False) -> tuple[int, ...]:
        sums = Sums(
            record["items"] or 0, record["refunds"] or 0, {name: record[name] for name in _AMOUNTS},
            record["carried_fen"] or 0, record["aside_fen"] or 0,
        )  # fmt: skip
        return doc.figures(sums, self._bearers[record["insutype"]], includes_account=dialect, local=local)

    def _name(self, pool: int) -> str:
        party = self._parties.get(str(pool))
        return party.name if party else str(pool)
