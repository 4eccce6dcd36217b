"""The care pool's catalogue (就医地目录) and how it splits fee lines: 甲, 乙, 丙, limit, first pay.

Per line (national fields of 2204/2301, the formula is derived from them): what is 丙, or not in the
catalogue on the day of the line, the person pays in full; else he pays what lies above the price limit of the
hospital's level, and of the rest the first-pay share; what remains is in scope. Each amount is rounded once,
half up to the fen, and in scope is the remainder, so that I1 (M = a + b + c + s) holds per line and in sum.

`split` runs on every settlement, so it computes the sums in one pass and keeps the lines for those who ask.
Quantities are in 1/10,000, prices in 1/1,000,000 yuan, amounts in fen, ratios in basis points. Pure.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple

from gateway.errors import CatalogueError
from gateway.feelines import PRODUCT_PER_FEN, FeeLine, net_returns
from gateway.tables import DATA_FOLDER, Row, read_rows
from gateway.traceability import NO_TRACES, RULES_FILE, PoolTraces, TraceRules
from ledger.money import BASIS_POINTS
from proto.settlement.v1 import settlement_pb2 as pb

HALF_FEN: Final = PRODUCT_PER_FEN // 2
HALF_RATIO: Final = BASIS_POINTS // 2

CLASS_A: Final = "01"
CLASS_B: Final = "02"
CLASS_C: Final = "03"
CLASSES: Final = frozenset({CLASS_A, CLASS_B, CLASS_C})
KINDS: Final = frozenset({"drug", "service", "consumable"})
LEVELS: Final = (1, 2, 3)
NO_LIMIT: Final = 0


@dataclass(frozen=True, slots=True)
class Item:
    """One version of a catalogue item."""

    first: str
    """First day, yyyy-MM-dd: compares below every time of that day."""
    last: str
    """Last day and a tilde: compares above every time of that day, below the next day."""
    key: tuple[str, int]
    """Class 01 甲, 02 乙, 03 丙 and first-pay ratio in basis points."""
    limits: tuple[int, int, int, int]
    """Price limit by hospital level 1 to 3 (place 0 is unused), 1/1,000,000 yuan, 0 = none."""
    older: "Item | None"
    """The version before this one."""
    name: str
    kind: str
    usual_price: int
    """What institutions of the pool usually charge: a hint for demonstrations, never read by the split."""


OUTSIDE: Final = Item("", "~", (CLASS_C, BASIS_POINTS), (0, 0, 0, 0), None, "", "", 0)
"""What the catalogue does not know on that day; valid on every day."""


class Parts(NamedTuple):
    """A line, or a sum of lines, by coverage, fen: their sum is the amount (I1)."""

    full_self_fen: int
    over_limit_fen: int
    first_pay_fen: int
    in_scope_fen: int


class ClassSum(NamedTuple):
    """What the lines of one class and ratio come to, fen; the wire's SplitSum."""

    chrgitm_lv: str
    first_pay_bp: int
    amount_fen: int
    in_scope_fen: int


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The items of one care pool. Frozen; a new edition is a new object."""

    pool: int
    items: Mapping[str, Item]
    """Item code → its latest version."""
    traces: PoolTraces = NO_TRACES
    """Which of the items may need traceability codes."""

    @classmethod
    def load(cls, path: Path, rules: TraceRules | None = None) -> "Catalogue":
        """Reads `<pool>.csv`; raises CatalogueError with a sentence that names file and line."""
        if not (path.stem.isascii() and path.stem.isdigit() and len(path.stem) == 6):
            raise CatalogueError(f"{path.name}: a catalogue is named after its pool, like 440300.csv")
        items: dict[str, Item] = {}
        for row in sorted(read_rows(path, _COLUMNS, CatalogueError), key=lambda row: row.cells["valid_from"]):
            code = row.text("med_list_codg")
            older = items.get(code)
            item = _read_item(row, older)
            if older is not None and item.first <= older.last:
                raise row.error(f"{code} is valid twice on {item.first}")
            items[code] = item
        pool = int(path.stem)
        traces = (rules or TraceRules()).of_items(pool, {code: item.kind for code, item in items.items()})
        return cls(pool, items, traces)

    def item(self, med_list_codg: str, time: str) -> Item:
        """The version of an item that is valid at `yyyy-MM-dd[ HH:mm:ss]`; OUTSIDE where there is none."""
        found = self.items.get(med_list_codg, OUTSIDE)
        while not found.first <= time <= found.last:
            found = found.older or OUTSIDE
        return found


def load_catalogues(folder: Path | None = None) -> dict[int, Catalogue]:
    """The catalogues of a data folder by care pool (default: those shipped), with its rules of traceability codes.

    Raises CatalogueError.
    """
    folder = folder or DATA_FOLDER
    rules = TraceRules.load(folder / RULES_FILE)
    paths = sorted((folder / "catalogues").glob("*.csv"))
    if not paths:
        raise CatalogueError(f"catalogues/ holds no catalogue such as 440300.csv ({folder})")
    return {found.pool: found for found in [Catalogue.load(path, rules) for path in paths]}


class Split(NamedTuple):
    """The split of some lines: sums now, lines when asked."""

    total_fen: int
    parts: Parts
    sums: tuple[ClassSum, ...]
    """By class and ratio, in their order; what comes to nothing is left out."""
    netted: Sequence[FeeLine]
    """The lines after returns were netted with theirs."""
    catalogue: Catalogue
    level: int

    def lines(self) -> Iterator[pb.FeeSplit]:
        """One FeeSplit per netted line, in the order of the lines; a return has none of its own."""
        for line in self.netted:
            item = self.catalogue.item(line.med_list_codg, line.fee_ocur_time)
            chrgitm_lv, first_pay_bp = item.key
            parts = parts_of(line, item, self.level)
            yield pb.FeeSplit(
                feedetl_sn=line.feedetl_sn,
                chrgitm_lv=chrgitm_lv,
                det_item_fee_sumamt=line.det_item_fee_sumamt,
                pric_uplmt_amt=item.limits[self.level],
                selfpay_prop=first_pay_bp,
                fulamt_ownpay_amt=parts.full_self_fen,
                overlmt_amt=parts.over_limit_fen,
                preselfpay_amt=parts.first_pay_fen,
                inscp_scp_amt=parts.in_scope_fen,
            )


def parts_of(line: FeeLine, item: Item, level: int) -> Parts:
    """The parts of one line without returns: `split` does the same for many, in its own loop."""
    amount, ratio = line.det_item_fee_sumamt, item.key[1]
    if ratio == BASIS_POINTS:
        return Parts(amount, 0, 0, 0)
    over = 0
    limit = item.limits[level]
    if limit and (excess := line.pric - limit) > 0:
        over = min((excess * line.cnt + HALF_FEN) // PRODUCT_PER_FEN, amount)
    first = ((amount - over) * ratio + HALF_RATIO) // BASIS_POINTS
    return Parts(0, over, first, amount - over - first)


def split(lines: Sequence[FeeLine], catalogue: Catalogue, level: int) -> Split:
    """Splits lines in which `line_violations` finds nothing; `level` (lmtpric_hosp_lv) picks the limits.

    A return is netted with its line first, so it is split with that line's class and ratio. The order of the
    lines changes nothing but the order of `lines()`. 1.2 µs a line: one loop without calls is why it is long.
    """
    items = catalogue.items
    over_limit = first_pay = 0
    sums: dict[tuple[str, int], list[int]] = {}
    for line in lines:
        amount = line.det_item_fee_sumamt
        if amount <= 0 and line.init_feedetl_sn:  # reading a text costs more than reading a number
            return split(net_returns(lines), catalogue, level)
        item = items.get(line.med_list_codg, OUTSIDE)
        if not item.first <= line.fee_ocur_time <= item.last:
            item = catalogue.item(line.med_list_codg, line.fee_ocur_time)
        key = item.key
        ratio = key[1]
        scope = amount
        if ratio == BASIS_POINTS:
            scope = 0
        else:
            limit = item.limits[level]
            if limit and (excess := line.pric - limit) > 0:
                over = (excess * line.cnt + HALF_FEN) // PRODUCT_PER_FEN
                if over > amount:  # the HIS rounded the amount down
                    over = amount
                over_limit += over
                scope -= over
            if ratio:
                first = (scope * ratio + HALF_RATIO) // BASIS_POINTS
                first_pay += first
                scope -= first
        found = sums.get(key)
        if found is None:
            sums[key] = [amount, scope]
        else:
            found[0] += amount
            found[1] += scope
    return _summed(sums, over_limit, first_pay, lines, catalogue, level)


def _summed(
    sums: dict[tuple[str, int], list[int]],
    over_limit: int,
    first_pay: int,
    lines: Sequence[FeeLine],
    catalogue: Catalogue,
    level: int,
) -> Split:
    total = in_scope = 0
    for amount, scope in sums.values():
        total += amount
        in_scope += scope
    parts = Parts(total - over_limit - first_pay - in_scope, over_limit, first_pay, in_scope)
    by_class = [ClassSum(lv, ratio, *found) for (lv, ratio), found in sorted(sums.items()) if found[0]]
    return Split(total, parts, tuple(by_class), lines, catalogue, level)


_COLUMNS: Final = (
    *("med_list_codg", "name", "kind", "chrgitm_lv", "first_pay_bp"),
    *("limit_lv1", "limit_lv2", "limit_lv3", "usual_price", "valid_from", "valid_to"),
)
_PRICE_MOST: Final = 10**15


def _read_item(row: Row, older: Item | None) -> Item:
    chrgitm_lv = row.choice("chrgitm_lv", CLASSES)
    ratio = row.number("first_pay_bp", least=0, most=BASIS_POINTS)
    if (chrgitm_lv == CLASS_A) != (ratio == 0) or (chrgitm_lv == CLASS_C) != (ratio == BASIS_POINTS):
        raise row.error(f"first_pay_bp is {ratio}: 甲 (01) has 0, 丙 (03) has 10000, 乙 (02) lies between")
    limits = [row.number(f"limit_lv{level}", least=0, most=_PRICE_MOST) for level in LEVELS]
    last: date | None = row.day_or_none("valid_to")
    first = row.day("valid_from")
    if last is not None and last < first:
        raise row.error("valid_to is before valid_from")
    return Item(
        first=first.isoformat(),
        last=f"{last or date.max}~",
        key=(chrgitm_lv, ratio),
        limits=(NO_LIMIT, limits[0], limits[1], limits[2]),
        older=older,
        name=row.text("name"),
        kind=row.choice("kind", KINDS),
        usual_price=row.number("usual_price", least=0, most=_PRICE_MOST),
    )
