"""The fee lines of a morning: what a visit of each kind costs, made from the care pool's catalogue.

Goal: bills that a cashier would recognise (a consultation, tests, drugs; bed days and nursing for a stay),
that exercise the split (甲, 乙, 丙, prices above the limit, parts of a pack) and add up by the national rule:
the amount of a line is cnt × pric rounded half up to the fen. Method: one recipe per kind of care picks items
by the letter or digits that their national codes begin with; the choice comes from a random generator that
the caller seeds.

`cnt` is in 1/10,000, `pric` in 1/1,000,000 yuan, amounts are fen. The catalogue is read as the data file it
is.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from pathlib import Path
from random import Random
from typing import Final

from proto.settlement.v1 import settlement_pb2 as pb
from stack.errors import DemoDataWrong

CATALOGUE_FOLDER: Final = Path(__file__).resolve().parent.parent / "gateway" / "data" / "catalogues"
ONE: Final = 10_000
"""`cnt` of one unit."""
PRODUCT_PER_FEN: Final = 100_000_000
"""cnt × pric of one fen."""


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a care pool's catalogue, as a hospital's price list shows it."""

    code: str
    name: str
    price: int
    """What the institutions of the pool usually charge, 1/1,000,000 yuan."""
    drug: bool = False
    """Its packs carry traceability codes (追溯码)."""


@dataclass(frozen=True, slots=True)
class Want:
    """So many items whose code begins so, at most so dear."""

    codes: tuple[str, ...]
    least: int
    most: int
    cnt: tuple[int, ...] = (ONE,)
    price_most: int = 1_000_000_000
    per_day: bool = False
    """Charged once for each day of a stay."""


_LABORATORY: Final = Want(("0025",), 1, 3)
_TABLETS: Final = Want(("XA02", "XA10B", "XC", "XJ01C", "ZA"), 1, 3, (ONE, 2 * ONE, 3 * ONE), 120_000_000)
_INFUSION: Final = Want(("XJ01D", "XB05", "XA05"), 1, 2, (ONE, ONE // 2, 2 * ONE), 120_000_000)

_STAY: Final = (
    Want(("001102000050000", "001109000010000", "001201000040000"), 3, 3, per_day=True),
    Want(("0025",), 2, 5),
    Want(("0021", "0022", "0023", "0031"), 1, 4),
    Want(("0033",), 0, 2, price_most=5_000_000_000),
    Want(("X", "ZA"), 3, 8, (ONE, 2 * ONE, 5 * ONE, 7 * ONE // 2), 400_000_000),
    Want(("C",), 0, 3, price_most=2_000_000_000),
)

RECIPES: Final[Mapping[str, tuple[Want, ...]]] = {
    "11": (Want(("001102000010000",), 1, 1), _LABORATORY, _TABLETS, Want(("0022", "0031"), 0, 1)),
    "13": (
        Want(("001102000040000", "001109000050000"), 2, 2),
        Want(("001204000060000",), 1, 1),
        Want(("00210", "0031070100"), 1, 2),
        _LABORATORY,
        _INFUSION,
    ),
    "14": (
        Want(("001102000010000",), 1, 1),
        Want(("XA10B", "XC0", "XC10"), 1, 2, (ONE, 2 * ONE, 4 * ONE), 300_000_000),
        Want(("002503",), 1, 2),
    ),
    "12": (Want(("001102000010000",), 1, 1),),
    **dict.fromkeys(("21", "22", "23", "24"), _STAY),
    "41": (Want(("X", "ZA"), 1, 3, (ONE, 2 * ONE), 120_000_000),),
    "51": (Want(("001102000010000",), 1, 1), Want(("00220", "0025"), 2, 4)),
    "52": (
        Want(("001102000050000", "001109000010000", "001201000030000"), 3, 3, per_day=True),
        Want(("003301000030000",), 1, 1),
        Want(("XG02AD", "XH01B"), 1, 2),
        Want(("0022", "0025"), 2, 4),
    ),
}
"""What a visit of each med_type is made of; a cashier's idea, not a statistic (assumption)."""


@dataclass(frozen=True, slots=True)
class Bill:
    """Fee lines and their sum in fen."""

    lines: tuple[pb.FeeDetail, ...]
    total_fen: int


def amount_fen(cnt: int, pric: int) -> int:
    """cnt × pric in fen, rounded half up; neither is negative."""
    return (2 * cnt * pric + PRODUCT_PER_FEN) // (2 * PRODUCT_PER_FEN)


def read_price_list(care_pool: str, today: date, folder: Path = CATALOGUE_FOLDER) -> tuple[Item, ...]:
    """The items of a care pool that are valid today, by code. Raises DemoDataWrong where there is no
    catalogue.
    """
    path = folder / f"{care_pool}.csv"
    if not path.is_file():
        raise DemoDataWrong(f"{path} is missing: the demo needs the catalogue of care pool {care_pool}.")
    valid: dict[str, Item] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["valid_from"] <= today.isoformat() <= (row["valid_to"] or "9999-12-31"):
                code = row["med_list_codg"]
                valid[code] = Item(code, row["name"], int(row["usual_price"]), row["kind"] == "drug")
    return tuple(valid[code] for code in sorted(valid))


def make_bill(
    price_list: Sequence[Item], *, med_type: str, days: int, at: str, serial: str, random: Random
) -> Bill:
    """A bill for a visit of `med_type`; a stay lasts `days`.

    `at` is every line's fee_ocur_time (`yyyy-MM-dd HH:mm:ss`); `serial` begins each feedetl_sn, so that it
    must be unique within the institution's visit. KeyError for a med_type without a recipe.
    """
    lines: list[pb.FeeDetail] = []
    for want in RECIPES[med_type]:
        fitting = [
            item for item in price_list if item.code.startswith(want.codes) and item.price <= want.price_most
        ]
        number = min(random.randint(want.least, want.most), len(fitting))
        for item in random.sample(fitting, number):
            cnt = days * ONE if want.per_day else random.choice(want.cnt)
            lines.append(_line(item, cnt, f"{serial}-{len(lines) + 1:03}", at, random))
    return Bill(tuple(lines), sum(line.det_item_fee_sumamt for line in lines))


def _line(item: Item, cnt: int, serial: str, at: str, random: Random) -> pb.FeeDetail:
    # around the usual price, so that some lines lie above the price limit and some amounts round
    pric = item.price * random.randint(940, 1_060) // 1_000
    return pb.FeeDetail(
        feedetl_sn=serial,
        med_list_codg=item.code,
        medins_list_codg=item.code[-6:],
        det_item_fee_sumamt=amount_fen(cnt, pric),
        cnt=cnt,
        pric=pric,
        fee_ocur_time=at,
        bilg_dept_codg="A03",
        bilg_dr_codg="D440000000001",
        drug_trac_codg=[trace_code(serial)] if item.drug else [],
    )


def trace_code(serial: str) -> str:
    """The 20 digits on a pack, the same for a serial whenever it is asked for."""
    number = int.from_bytes(blake2b(serial.encode(), digest_size=8).digest())
    return f"81{number % 10**18:018}"
