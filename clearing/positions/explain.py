"""From a figure down to the settlements behind it: sums of the run by institution, items from the home books.

A position is named by its period, insurance, fund, debtor and creditor: `2026-11-24/310/310100/450100/440100`. The debtor
of what a payer outside the pools owes is that payer. What pools owe for wallets is of fund `wallet`, and is made of
transfers: no institution has a part in it. A net has only a pool behind its fund, and is made of positions.
Amounts in fen.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from clearing.books import Book
from clearing.errors import BooksUnknown, Malformed, NotFound
from clearing.figures import Figures
from clearing.periods import Period, read_period
from clearing.positions.position_book import PositionReader, RunPayment
from clearing.scheme import ACCOUNT, INTER_POOL, WALLET
from ledger.rows import AMOUNTS
from proto.settlement.v1 import books_pb2 as pb
from runtime.postgres import Connection

FORM: Final = (
    "PERIOD/INSUTYPE/FUND/DEBTOR/CREDITOR, such as 2026-11-24/310/310100/450100/440100, or of a net"
    " PERIOD/INSUTYPE/FUND/POOL"
)
_NET_PARTS: Final = 4
_POOL_DIGITS: Final = 6


class PositionId(NamedTuple):
    """Which figure."""

    period: Period
    insutype: str
    fund: str
    debtor: str
    creditor: int

    @property
    def text(self) -> str:
        """As operators write it."""
        return f"{self.period.text}/{self.insutype}/{self.fund}/{self.debtor}/{self.creditor}"


class Share(NamedTuple):
    """What one institution has in the figure, of one run and home pool; and what of it was carried in.

    Of the wallet: what a run of it has, without an institution.
    """

    day: date
    batch: int
    home_pool: int
    fixmedins_code: str
    items: int
    amount_fen: int
    carried_fen: int


class Item(NamedTuple):
    """One settlement or refund behind the figure; `aside`: it stands in a difference and is not in the figure.

    Of the wallet: a transfer, named as a settlement is.
    """

    day: date
    setl_id: str
    fixmedins_code: str
    sign: int
    amount_fen: int
    aside: bool


class Explained(NamedTuple):
    """A figure with the institutions' shares that make it."""

    of: PositionId
    amount_fen: int
    bearer: str
    columns: tuple[str, ...]  # of a settlement row: what of it this fund paid
    shares: list[Share]
    payments: Sequence[RunPayment] = ()  # how the runs behind it are paid; none of a payer outside the pools


def position_id(text: str) -> PositionId:
    """Read a position's name. Raises Malformed."""
    parts = text.split("/", _NET_PARTS - 1)
    period = read_period(parts[0])
    debtor, _, creditor = parts[-1].rpartition("/")  # a payer outside the pools may have a slash in its name
    if (
        len(parts) != _NET_PARTS
        or period is None
        or not debtor
        or not _is_pool(creditor)
        or not text.isprintable()
    ):
        raise Malformed(f"{text[:60]!r} names no position; write {FORM}.")
    return PositionId(period, parts[1], parts[2], debtor, int(creditor))


def _is_pool(text: str) -> bool:
    return len(text) == _POOL_DIGITS and text.isascii() and text.isdigit()


class Cell(NamedTuple):
    """A position that a net is made of: positive is to be received."""

    of: PositionId
    amount_fen: int


def is_net(text: str) -> bool:
    """Whether a name is that of a net."""
    return len(text.split("/")) == _NET_PARTS


async def explain_net(connection: Connection, text: str) -> list[Cell]:
    """The positions behind a pool's net. Raises Malformed, NotFound."""
    period_text, insutype, fund, pool = text.split("/")
    period = read_period(period_text)
    if period is None or not _is_pool(pool):
        raise Malformed(f"{text[:60]!r} names no position; write {FORM}.")
    found = []
    for one in await PositionReader(connection, period.first, period.last).gross(
        insutype=insutype, fund=fund
    ):
        if int(pool) in (one.debtor, one.creditor):
            of = PositionId(period, insutype, fund, str(one.debtor), one.creditor)
            found.append(Cell(of, one.amount_fen if one.creditor == int(pool) else -one.amount_fen))
    if not found:
        raise NotFound(f"Nothing stands under {text}; `python -m clearing positions` lists what does.")
    return found


async def explain(connection: Connection, of: PositionId, *, institution: str = "") -> Explained:
    """The figure and the institutions behind it. Raises NotFound."""
    if of.fund == WALLET:
        return await _explain_wallet(connection, of)
    scheme = await connection.fetchrow(
        "SELECT payer, bearer FROM run_fund WHERE day BETWEEN $1 AND $2 AND insutype = $3 AND fund = $4"
        " ORDER BY day DESC, batch DESC LIMIT 1",
        of.period.first, of.period.last, of.insutype, of.fund,
    )  # fmt: skip
    if scheme is None:
        raise NotFound(f"No run of {of.period.text} knows fund {of.fund} under insurance {of.insutype}.")
    columns = ("account_fen", "family_fen") if scheme["payer"] == ACCOUNT else (scheme["payer"],)
    if scheme["bearer"] in INTER_POOL:
        if not _is_pool(of.debtor):
            raise NotFound(f"{of.debtor} is no pool; the debtor of fund {of.fund} is one.")
        pools, where = [int(of.debtor)], "route <> 1 AND $7 <> ''"
    else:
        pools, where = await _insured_by(connection, of), "true OR $7 = ''"
    if scheme["bearer"] == "commercial":
        where = "coalesce(nullif(commercial_payer, ''), 'commercial:' || home_pool) = $7"
    amount = " + ".join(columns)
    records = await connection.fetch(
        "WITH row AS (SELECT *, CASE source WHEN 'home_aside' THEN -1 ELSE 1 END AS f FROM run_sum"
        "  WHERE day BETWEEN $1 AND $2 AND source IN ('home', 'home_aside', 'carried') AND insutype = $3"
        f"  AND care_pool = $4 AND home_pool = any($5::int[]) AND $6 IN ('', fixmedins_code) AND ({where}))"
        f" SELECT day, batch, home_pool, fixmedins_code, isum(f * items), isum(f * ({amount})),"
        f"  coalesce(isum({amount}) FILTER (WHERE source = 'carried'), 0) FROM row WHERE {amount} <> 0"
        " GROUP BY day, batch, home_pool, fixmedins_code ORDER BY day, batch, home_pool, fixmedins_code",
        of.period.first, of.period.last, of.insutype, of.creditor, pools, institution, of.debtor,
    )  # fmt: skip
    shares = [Share(*record) for record in records]
    if not shares:
        raise NotFound(f"Nothing stands under {of.text}; `python -m clearing positions` lists what does.")
    explained = Explained(of, sum(one.amount_fen for one in shares), scheme["bearer"], columns, shares)
    return await _with_payments(connection, explained, "settlements")


async def _explain_wallet(connection: Connection, of: PositionId) -> Explained:
    """By the wallet's runs; transfers that stand in a difference are not in the figure."""
    if not _is_pool(of.debtor):
        raise NotFound(f"{of.debtor} is no pool; the debtor of fund {of.fund} is one.")
    records = await connection.fetch(
        "SELECT p.day, p.batch, p.debtor, '', p.items, p.amount_fen, coalesce((SELECT isum(s.amount_fen)"
        "   FROM wallet_sum s WHERE (s.day, s.batch, s.pool, s.to_pool) = (p.day, p.batch, p.debtor, p.creditor)"
        "   AND s.kind = 'carried'), 0)"
        " FROM wallet_position p WHERE p.day BETWEEN $1 AND $2 AND p.insutype = $3 AND p.debtor = $4 AND p.creditor = $5"
        " ORDER BY p.day, p.batch",
        of.period.first, of.period.last, of.insutype, int(of.debtor), of.creditor,
    )  # fmt: skip
    if not records:
        raise NotFound(f"Nothing stands under {of.text}; `python -m clearing positions` lists what does.")
    shares = [Share(*record) for record in records]
    explained = Explained(of, sum(one.amount_fen for one in shares), WALLET, (WALLET,), shares)
    return await _with_payments(connection, explained, WALLET)


async def _with_payments(connection: Connection, explained: Explained, kind: str) -> Explained:
    """How the runs that have a share in it are paid between pools."""
    if explained.bearer not in {*INTER_POOL, WALLET}:
        return explained
    runs = {(one.day, one.batch) for one in explained.shares}
    paid = await PositionReader(connection, explained.of.period.first, explained.of.period.last).payments()
    return explained._replace(
        payments=[one for one in paid if one.kind == kind and (one.day, one.batch) in runs]
    )


async def _insured_by(connection: Connection, of: PositionId) -> list[int]:
    """The home pools for whose people a payer outside the pools pays."""
    records = await connection.fetch(
        "SELECT DISTINCT home_pool FROM outside_position WHERE day BETWEEN $1 AND $2 AND insutype = $3"
        " AND fund = $4 AND party = $5 AND creditor = $6",
        of.period.first, of.period.last, of.insutype, of.fund, of.debtor, of.creditor,
    )  # fmt: skip
    return [one["home_pool"] for one in records]


async def items(
    connection: Connection, explained: Explained, books: Sequence[Book], *, institution: str = ""
) -> AsyncIterator[Item]:
    """The settlements behind a figure, as the home books tell them.

    Raises BooksUnknown, BookUnreachable, BookRefused.
    """
    at = {book.at.name: book for book in books if book.at.side == "home"}
    runs = {(one.day, one.batch, one.home_pool) for one in explained.shares}
    for day, batch, home_pool in sorted(runs):
        pairs = await connection.fetch(
            "SELECT DISTINCT node, region FROM run_sum WHERE day = $1 AND batch = $2 AND home_pool = $3"
            " AND care_pool = $4 AND source = 'home' ORDER BY node, region",
            day, batch, home_pool, explained.of.creditor,
        )  # fmt: skip
        differing = await connection.fetch(
            "SELECT setl_id FROM difference WHERE day = $1 AND batch = $2", day, batch
        )
        aside = {one["setl_id"] for one in differing}
        for node, region in pairs:
            if node not in at:
                raise BooksUnknown(f"DSGW_BOOKS does not name the book of node {node}, which has the items.")
            request = pb.GetDecisionsRequest(
                day=day.isoformat(), peer=region,
                of=pb.DecisionsOf(
                    home_pool=home_pool, care_pool=explained.of.creditor, insutype=explained.of.insutype,
                    fixmedins_code=institution,
                ),
            )  # fmt: skip
            async for figures in at[node].decisions(request):
                amount_fen = _amount(figures, explained)
                if amount_fen:
                    yield Item(
                        figures.day, figures.setl_id, figures.key.fixmedins_code, figures.key.sign, amount_fen,
                        figures.setl_id in aside,
                    )  # fmt: skip


_AT: Final = {name: place for place, name in enumerate(AMOUNTS)}


def _amount(figures: Figures, explained: Explained) -> int:
    if explained.bearer in INTER_POOL and figures.key.route == 1:
        return 0
    payer = figures.key.commercial_payer or f"commercial:{figures.key.home_pool}"
    if explained.bearer == "commercial" and payer != explained.of.debtor:
        return 0
    return sum(figures.amounts[_AT[column]] for column in explained.columns)


def as_json(explained: Explained) -> dict[str, Any]:
    """For machines."""
    shares = [one._asdict() | {"day": one.day.isoformat()} for one in explained.shares]
    return {
        "position": explained.of.text, "amount_fen": explained.amount_fen, "bearer": explained.bearer,
        "columns": list(explained.columns), "shares": shares,
        "payments": [one._asdict() | {"day": one.day.isoformat()} for one in explained.payments],
    }  # fmt: skip
