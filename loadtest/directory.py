"""Who may be called and what they charge: institutions and price lists, read as the data files they are.

Only institutions that are open today, of care pools that have a catalogue, are of use to a load test. Prices are in
1/1,000,000 yuan.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from loadtest.errors import DataFileWrong

DATA_FOLDER: Final = Path(__file__).resolve().parent.parent / "gateway" / "data"
_FOR_EVER: Final = "9999-12-31"


@dataclass(frozen=True, slots=True)
class Item:
    """A catalogue item as a hospital's price list shows it."""

    code: str
    price: int
    """What the institutions of the pool usually charge, 1/1,000,000 yuan."""
    drug: bool = False
    """Its packs carry traceability codes (追溯码)."""


@dataclass(frozen=True, slots=True)
class Institution:
    """A designated institution."""

    code: str
    name: str
    region: str
    care_pool: str
    insutypes: frozenset[str]
    services: tuple[frozenset[str], frozenset[str], frozenset[str]]
    """med_types served: 本市, 省内异地, 跨省异地."""

    def serves(self, *, home_pool: str, insutype: str, med_type: str) -> bool:
        """Whether a person of that pool may settle that kind of care here."""
        return insutype in self.insutypes and med_type in self.services[route(home_pool, self.care_pool) - 1]


def route(home_pool: str, care_pool: str) -> int:
    """1 本市, 2 省内异地, 3 跨省异地: the first four and first two digits of the pools."""
    if home_pool[:4] == care_pool[:4]:
        return 1
    return 2 if home_pool[:2] == care_pool[:2] else 3


def read_institutions(today: date, folder: Path = DATA_FOLDER) -> list[Institution]:
    """Institutions that are open today in care pools with a catalogue. Raises DataFileWrong."""
    pool_of = {row["division"]: row["pool"] for row in _rows(folder / "divisions.csv")}
    priced = {path.stem for path in (folder / "catalogues").glob("*.csv")}
    found = []
    for row in _rows(folder / "institutions.csv"):
        care_pool = pool_of.get(row["fixmedins_code"][1:7], "")  # a letter, the division, a serial number
        valid = row["agreement_from"] <= today.isoformat() <= (row["agreement_to"] or _FOR_EVER)
        if care_pool in priced and valid and row["network"] == "open":
            found.append(_institution(row, care_pool))
    if not found:
        raise DataFileWrong(f"{folder}: no institution is open today in a care pool that has a catalogue.")
    return found


def _institution(row: Mapping[str, str], care_pool: str) -> Institution:
    local, province, national = (
        frozenset(row[column].split())
        for column in ("local_services", "province_services", "national_services")
    )
    return Institution(
        code=row["fixmedins_code"],
        name=row["name"],
        region=row["region"],
        care_pool=care_pool,
        insutypes=frozenset(row["insutypes"].split()),
        services=(local, province, national),
    )


def read_price_list(care_pool: str, today: date, folder: Path = DATA_FOLDER) -> tuple[Item, ...]:
    """The items of a care pool that are valid today, by code. Raises DataFileWrong."""
    valid: dict[str, Item] = {}
    for row in _rows(folder / "catalogues" / f"{care_pool}.csv"):
        if row["valid_from"] <= today.isoformat() <= (row["valid_to"] or _FOR_EVER):
            code, price = row["med_list_codg"], int(row["usual_price"])
            valid[code] = Item(code, price, row["kind"] == "drug")
    if not valid:
        raise DataFileWrong(f"{folder}: the catalogue of {care_pool} has no item that is valid today.")
    return tuple(valid[code] for code in sorted(valid))


def _rows(path: Path) -> Iterator[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            yield from csv.DictReader(file)
    except OSError as failed:
        raise DataFileWrong(f"{path} cannot be read ({failed.strerror}).") from failed
    except KeyError as missing:
        raise DataFileWrong(f"{path} has no column {missing}.") from missing
