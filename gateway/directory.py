"""Who is where: divisions, pools, home nodes, care regions and institutions, read once and never changed.

`Directory.load` reads five tables (`gateway/data/*.csv`, see docs/data.md) and checks them against one
another, so that a look-up afterwards is one dict access and cannot meet a dangling name. A pool is an int
inside (440300), as in `Item.home_pool`; a division is the wire's text ("440305"). Pure.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, Literal

from gateway.errors import DirectoryError
from gateway.tables import DATA_FOLDER, Row, read_rows
from ledger.day import MANUAL_REGION

Route = Literal[1, 2, 3]
LOCAL: Final = 1
"""本市: treated in his own pool, or in the city that a province-level pool counts as its own."""
WITHIN_PROVINCE: Final = 2
"""省内异地."""
ACROSS_PROVINCES: Final = 3
"""跨省异地."""

PARTITIONS_MAX: Final = 64
INSURANCES: Final = frozenset({"310", "390", "510"})
MEDICAL_TYPES: Final = frozenset({"11", "12", "13", "14", "21", "22", "23", "24", "41", "51", "52"})
DIVISION_KINDS: Final = frozenset({"municipality", "city", "county", "city_level", "province_level"})
NETWORK_STATES: Final = frozenset({"open", "suspended", "closed"})


@dataclass(frozen=True, slots=True)
class Node:
    """A home node: the platform that holds the data of some pools."""

    number: int
    name: str
    partitions: int
    """Fixed at the node's birth: a person's partition is a hash over it."""


@dataclass(frozen=True, slots=True)
class Pool:
    """An insurance pool (统筹区), home pool of some people and care pool of some institutions."""

    code: int
    name: str
    node: int
    fund_includes_acct: bool
    """Dialect of fund_pay_sumamt: with the personal account in it (Guangdong: with)."""
    city: int
    """First four digits that route 本市 compares; of a province-level pool (XX9900) those of its seat."""
    services: Mapping[int, frozenset[str]]
    """By route, the med_types that this pool's people may settle directly elsewhere."""

    @property
    def province(self) -> int:
        """First two digits."""
        return self.code // 10_000


@dataclass(frozen=True, slots=True)
class Institution:
    """A designated institution (定点医药机构), of one region for ever."""

    code: str
    name: str
    pool: int
    region: str
    pharmacy: bool
    hosp_lv: int
    """Level for the benefit ratio: 1, 2, 3; 0 is a pharmacy."""
    lmtpric_hosp_lv: int
    """Level for price limits, 1 to 3."""
    dedc_hosp_lv: int
    """Level for the deductible, 0 is a pharmacy."""
    agreement_from: date
    agreement_to: date | None
    """Last day of the agreement; None while no end is agreed."""
    network: str
    """open, suspended or closed."""
    insutypes: frozenset[str]
    services: Mapping[int, frozenset[str]]
    """By route, the med_types opened for direct settlement."""

    def in_agreement(self, day: date) -> bool:
        """Whether the agreement covers the day, both ends included."""
        return self.agreement_from <= day and (self.agreement_to is None or day <= self.agreement_to)

    @property
    def on_network(self) -> bool:
        """Whether the institution may send new settlements today."""
        return self.network == "open"


@dataclass(frozen=True, slots=True)
class Directory:
    """The five tables, frozen. Unknown names are None, so that the caller refuses with a code of its own."""

    nodes: Mapping[int, Node]
    pools: Mapping[int, Pool]
    regions: Mapping[str, frozenset[int]]
    """Care region → its care pools."""
    institutions: Mapping[str, Institution]
    divisions: Mapping[str, int]
    """Division → pool."""

    @classmethod
    def load(cls, folder: Path | None = None) -> "Directory":
        """Reads the tables of a folder (default: those shipped).

        Raises DirectoryError with a sentence that names file and line.
        """
        folder = folder or DATA_FOLDER
        nodes = _read_nodes(folder)
        pools = _read_pools(folder, nodes)
        divisions = _read_divisions(folder, pools)
        regions = _read_regions(folder, pools)
        institutions = _read_institutions(folder, divisions, regions)
        return cls(nodes, pools, regions, institutions, divisions)

    def pool(self, division: str) -> Pool | None:
        """The pool that a division belongs to; a pool's own code is a division of it."""
        code = self.divisions.get(division)
        return None if code is None else self.pools[code]

    def node_of(self, pool: int) -> Node | None:
        """The home node that holds a pool's people."""
        found = self.pools.get(pool)
        return None if found is None else self.nodes[found.node]

    def institution(self, code: str) -> Institution | None:
        """An institution by fixmedins_code."""
        return self.institutions.get(code)

    def region_of(self, code: str) -> str | None:
        """The care region of an institution."""
        found = self.institutions.get(code)
        return None if found is None else found.region

    def route(self, home_pool: int, care_pool: int) -> Route:
        """本市, 省内异地 or 跨省异地 between two known pools; KeyError for an unknown one.

        First four digits equal, first two equal, else (as HIS vendors do it). A province-level pool (XX9900)
        goes by the table: its seat's four digits stand for its own, as no city begins with 99 (assumption).
        """
        home, care = self.pools[home_pool], self.pools[care_pool]
        if home.city == care.city:
            return LOCAL
        return WITHIN_PROVINCE if home.province == care.province else ACROSS_PROVINCES

    def opened(self, institution: Institution, insutype: str, med_type: str, home_pool: int) -> bool:
        """Whether direct settlement of this kind of care is opened between institution and a known home pool.

        Both sides must have opened it; it is opened step by step, first within the province, then beyond
        (深圳市医疗保障“十四五”规划). Agreement dates and network state are questions of their own.
        """
        if insutype not in institution.insutypes:
            return False
        route = self.route(home_pool, institution.pool)
        if med_type not in institution.services[route]:
            return False
        return med_type in self.pools[home_pool].services[route]


def _once(row: Row, column: str, key: object, seen: Container[object]) -> None:
    if key in seen:
        raise row.error(f"{column} {key} stands twice")


def _med_types(row: Row, column: str) -> frozenset[str]:
    words = row.words(column)
    if strange := words - MEDICAL_TYPES:
        raise row.error(f"{column} names {' '.join(sorted(strange))}, which is no med_type of ours")
    return words


def _read_nodes(folder: Path) -> dict[int, Node]:
    nodes: dict[int, Node] = {}
    for row in read_rows(folder / "nodes.csv", ("node", "name", "partitions"), DirectoryError):
        number = row.number("node", least=10, most=99)
        _once(row, "node", number, nodes)
        partitions = row.number("partitions", least=1, most=PARTITIONS_MAX)
        nodes[number] = Node(number, row.text("name"), partitions)
    return nodes


def _read_pools(folder: Path, nodes: Mapping[int, Node]) -> dict[int, Pool]:
    columns = ("pool", "name", "node", "fund_includes_acct", "seat", "province_services", "national_services")
    pools: dict[int, Pool] = {}
    for row in read_rows(folder / "pools.csv", columns, DirectoryError):
        code = row.division("pool")
        _once(row, "pool", code, pools)
        node = row.number("node", least=10, most=99)
        if node not in nodes:
            raise row.error(f"node {node} is not in nodes.csv")
        province_level = code % 10_000 == 9_900
        if province_level and not row.cells["seat"]:
            raise row.error(f"the province-level pool {code} needs a seat: the city that is 本市 to it")
        if not province_level and row.cells["seat"]:
            raise row.error(f"seat is for province-level pools (XX9900), {code} is none")
        seat = row.division("seat") if province_level else code
        services = {
            LOCAL: MEDICAL_TYPES,
            WITHIN_PROVINCE: _med_types(row, "province_services"),
            ACROSS_PROVINCES: _med_types(row, "national_services"),
        }
        fund_includes_acct = row.flag("fund_includes_acct")
        pools[code] = Pool(code, row.text("name"), node, fund_includes_acct, seat // 100, services)
    return pools


def _read_divisions(folder: Path, pools: Mapping[int, Pool]) -> dict[str, int]:
    divisions: dict[str, int] = {}
    for row in read_rows(folder / "divisions.csv", ("division", "name", "kind", "pool"), DirectoryError):
        division = str(row.division("division"))
        _once(row, "division", division, divisions)
        row.text("name")
        row.choice("kind", DIVISION_KINDS)
        pool = row.division("pool")
        if pool not in pools:
            raise row.error(f"pool {pool} is not in pools.csv")
        divisions[division] = pool
    for code in pools:
        if divisions.get(str(code)) != code:
            raise DirectoryError(f"divisions.csv: pool {code} of pools.csv is not a division of its own")
    return divisions


def _read_regions(folder: Path, pools: Mapping[int, Pool]) -> dict[str, frozenset[int]]:
    region_of: dict[int, str] = {}
    for row in read_rows(folder / "regions.csv", ("region", "care_pool"), DirectoryError):
        pool = row.division("care_pool")
        _once(row, "care_pool", pool, region_of)
        if pool not in pools:
            raise row.error(f"care_pool {pool} is not in pools.csv")
        region_of[pool] = row.text("region")
        if region_of[pool] == MANUAL_REGION:
            raise row.error(f"region {MANUAL_REGION} is the word for what home nodes reimburse by hand")
    names = set(region_of.values())
    return {name: frozenset(pool for pool, region in region_of.items() if region == name) for name in names}


def _read_institutions(
    folder: Path, divisions: Mapping[str, int], regions: Mapping[str, frozenset[int]]
) -> dict[str, Institution]:
    columns = (
        *("fixmedins_code", "name", "region", "hosp_lv", "lmtpric_hosp_lv", "dedc_hosp_lv"),
        *("agreement_from", "agreement_to", "network", "insutypes"),
        *("local_services", "province_services", "national_services"),
    )
    institutions: dict[str, Institution] = {}
    for row in read_rows(folder / "institutions.csv", columns, DirectoryError):
        found = _read_institution(row, divisions)
        _once(row, "fixmedins_code", found.code, institutions)
        if found.region not in regions:
            raise row.error(f"region {found.region} is not in regions.csv")
        institutions[found.code] = found
    return institutions


def _read_institution(row: Row, divisions: Mapping[str, int]) -> Institution:
    code = row.text("fixmedins_code")
    if len(code) != 12 or code[0] not in "HP" or not (code[1:].isascii() and code[1:].isdigit()):
        raise row.error(f"fixmedins_code {code!r} is not H or P and eleven digits")
    if code[1:7] not in divisions:
        raise row.error(f"division {code[1:7]} of {code} is not in divisions.csv")
    pharmacy = code[0] == "P"
    level_least = 0 if pharmacy else 1
    level_most = 0 if pharmacy else 3
    agreement_from, agreement_to = row.day("agreement_from"), row.day_or_none("agreement_to")
    if agreement_to is not None and agreement_to < agreement_from:
        raise row.error("agreement_to is before agreement_from")
    if strange := row.words("insutypes") - INSURANCES:
        raise row.error(f"insutypes names {' '.join(sorted(strange))}, which is no insurance of ours")
    return Institution(
        code=code,
        name=row.text("name"),
        pool=divisions[code[1:7]],
        region=row.text("region"),
        pharmacy=pharmacy,
        hosp_lv=row.number("hosp_lv", least=level_least, most=level_most),
        lmtpric_hosp_lv=row.number("lmtpric_hosp_lv", least=1, most=3),
        dedc_hosp_lv=row.number("dedc_hosp_lv", least=level_least, most=level_most),
        agreement_from=agreement_from,
        agreement_to=agreement_to,
        network=row.choice("network", NETWORK_STATES),
        insutypes=row.words("insutypes"),
        services={
            LOCAL: _med_types(row, "local_services"),
            WITHIN_PROVINCE: _med_types(row, "province_services"),
            ACROSS_PROVINCES: _med_types(row, "national_services"),
        },
    )
