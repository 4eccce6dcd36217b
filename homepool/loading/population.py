"""Made-up people for the demonstration, the load test and tests: the same seed gives the same people.

Goal: every kind of person that a policy tells apart turns up among a few hundred (in work, civil servant, retired,
newborn, pupil, student, resident, elderly; paused and ended insurances; accounts full and empty; families that share
them; medical-aid identities; filings valid and expired; a year half used up). Shares are assumptions, not statistics.

Method: people come in households, so that relatives are near; each household draws from a random source of its own,
named by seed, pool and number, so a longer list begins with the shorter one. Nobody real is meant: the identity
numbers have a valid check but a division that is no county's (the pool's four digits and 91 to 99), and names
are put together from common characters.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random
from types import MappingProxyType
from typing import Final

from homepool.benefits.filing import CHRONIC
from homepool.benefits.filing import DESIGNATED as DESIGNATED_KIND
from homepool.loading.people import (
    EMPLOYEES,
    MATERNITY,
    RESIDENTS,
    Account,
    Identity,
    Insurance,
    Person,
    PersonFiling,
    Usage,
)
from runtime.certno import make_certno

SERIALS: Final = 499
"""People of one sex who share a birthday and a division of birth."""
DIVISIONS: Final = range(91, 100)
DAYS_OF_AN_AGE: Final = 361
DAYS_OF_A_NEWBORN: Final = 200
PEOPLE_PER_POOL_MOST: Final = SERIALS * DAYS_OF_A_NEWBORN * len(DIVISIONS)
"""So many have identity numbers of their own, whatever ages are drawn."""
HOUSEHOLD: Final = 4
AID_IDENTITIES: Final = ("extreme_poverty", "orphan", "low_income", "low_income_edge")
"""特困, 孤儿, 低保, 低保边缘: the identities of medical aid (医疗救助) by the names that policies use."""
ENROLMENTS: Final = MappingProxyType(
    {440100: "insured:suisuikang", 440300: "insured:shenzhen", 441500: "insured:shanmeibao"}
)
"""Who is enrolled in the commercial supplement of a city, by the names that policies use."""

CHRONIC_FILED: Final = MappingProxyType({440100: ("M03900", "M01600")})
"""Where chronic care is paid only for who has filed: what everybody has filed there, high blood pressure and diabetes."""
DESIGNATED: Final = MappingProxyType({440100: ("H44010490007", "H44010490001")})
"""Where outpatient care is paid only at chosen institutions (employees): which those are, of the sample directory."""

_SURNAMES: Final = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高梁郑谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余"
_GIVEN: Final = "安平宁和清文明华建国志强伟勇军杰涛超敏静丽娟秀英芳燕玲玉兰桂梅春夏秋雨晨思远嘉怡子涵欣然"
_MUNICIPALITIES: Final = frozenset({11, 12, 31, 50})


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of person: how many per thousand, psn_type, insurance and age."""

    per_mille: int
    psn_type: str
    insutype: str
    age_least: int
    age_most: int


KINDS: Final = (
    Kind(380, "1101", EMPLOYEES, 20, 59),
    Kind(60, "1102", EMPLOYEES, 23, 59),
    Kind(30, "1103", EMPLOYEES, 20, 59),  # flexible employment
    Kind(130, "1201", EMPLOYEES, 55, 92),
    Kind(20, "1401", RESIDENTS, 0, 0),  # newborn
    Kind(80, "1402", RESIDENTS, 1, 17),
    Kind(40, "1404", RESIDENTS, 18, 24),  # at a university
    Kind(220, "1501", RESIDENTS, 18, 64),
    Kind(40, "1601", RESIDENTS, 65, 95),
)
assert sum(kind.per_mille for kind in KINDS) == 1_000

_SHOWN_FIRST: Final = ("1101", "1201", "1501", "1402", "1102", "1404", "1601", "1103", "1401")
"""The kinds of a pool's first people, so that a small population has them all."""


def population(seed: int, pools: Sequence[int], people_per_pool: int, *, as_of: date) -> Iterator[Person]:
    """`people_per_pool` people of each pool, pool by pool; ages, filings and the year used are those of `as_of`.

    ValueError for a pool that stands twice, is no division, or for too many people.
    """
    if len(set(pools)) != len(pools) or not all(100_000 <= pool <= 999_999 for pool in pools):
        raise ValueError("pools are six-digit divisions, each once")
    if not 0 <= people_per_pool <= PEOPLE_PER_POOL_MOST:
        raise ValueError(f"people per pool: between 0 and {PEOPLE_PER_POOL_MOST}")
    for pool in pools:
        for first in range(0, people_per_pool, HOUSEHOLD):
            size = min(HOUSEHOLD, people_per_pool - first)
            household = _Household(seed, pool, first, tuple(pools), as_of)
            yield from household.people()[:size]


@dataclass(frozen=True, slots=True)
class _Draft:
    """What is drawn of a person before his relatives are known."""

    place: int
    psn_no: str
    kind: Kind
    random: Random
    born: date


class _Household:
    """Four people of one pool who may share accounts; made whole even where the list ends within it."""

    def __init__(self, seed: int, pool: int, first: int, pools: tuple[int, ...], as_of: date) -> None:
        self._seed, self._pool, self._first, self._pools, self._as_of = seed, pool, first, pools, as_of
        self._random = Random(f"{seed}/{pool}/{first}")

    def people(self) -> list[Person]:
        surname = self._random.choice(_SURNAMES)
        drafts = [self._draft(self._first + place) for place in range(HOUSEHOLD)]
        shares = self._random.random() < 0.6
        lenders = [draft.psn_no for draft in drafts if draft.kind.insutype == EMPLOYEES] if shares else []
        return [self._person(draft, surname, lenders) for draft in drafts]

    def _draft(self, place: int) -> _Draft:
        random = Random(self._random.getrandbits(64))
        kind = _kind(place, random)
        born = _born(place, self._seed, self._as_of, random.randint(kind.age_least, kind.age_most))
        return _Draft(place, f"{self._pool}{place + 1:08d}", kind, random, born)

    def _person(self, draft: _Draft, surname: str, lenders: list[str]) -> Person:
        random, kind = draft.random, draft.kind
        man = random.random() < 0.5
        insurances = self._insurances(draft)
        relatives = [psn_no for psn_no in lenders if psn_no != draft.psn_no]
        in_force = insurances[0].status == "1"
        name = surname + "".join(random.choices(_GIVEN, k=random.choice((1, 2, 2))))
        card_sn = f"{self._pool}D{random.getrandbits(100):025X}"
        evoucher = f"{random.getrandbits(128):032x}" if random.random() < 0.8 else ""
        return Person(
            psn_no=draft.psn_no,
            psn_name=name,
            certno=_certno(self._pool, draft.born, draft.place, man),
            gend="1" if man else "2",
            brdy=draft.born.isoformat(),
            card_sn=card_sn,
            evoucher=evoucher,
            evoucher_valid_to=_token_ends(draft.place, self._as_of) if evoucher else "",
            insurances=insurances,
            accounts=self._accounts(random, kind),
            relatives=tuple(sorted(relatives)) if kind.insutype == RESIDENTS or random.random() < 0.5 else (),
            identities=self._identities(random, kind),
            filings=self._filings(random, draft.place) + self._filed_at_home(draft) if in_force else (),
            used=self._used(random, kind) if in_force and random.random() < 0.3 else (),
        )

    def _insurances(self, draft: _Draft) -> tuple[Insurance, ...]:
        """The person's own first; then maternity for who works, then what remains of an earlier pool."""
        random, kind = draft.random, draft.kind
        joined = self._as_of - timedelta(days=random.randint(400, 9_000))
        began = max(date(2001, 1, 1), draft.born, joined).isoformat()
        paused_on = (self._as_of - timedelta(days=random.randint(1, 200))).isoformat()
        paused = random.random() < 0.04 and began < paused_on
        retired_official = kind.psn_type == "1201" and random.random() < 0.2
        main = Insurance(
            pool=self._pool,
            insutype=kind.insutype,
            psn_type=kind.psn_type,
            status="2" if paused else "1",
            valid_from=began,
            paused_on=paused_on if paused else "",
            civil_servant=kind.psn_type == "1102" or retired_official,
        )
        found = [main]
        if kind.psn_type in ("1101", "1102") and not paused:
            found.append(replace(main, insutype=MATERNITY, civil_servant=False))
        if earlier := self._earlier(random, main, draft.born):
            found.append(earlier)
        return tuple(found)

    def _earlier(self, random: Random, main: Insurance, born: date) -> Insurance | None:
        """An ended insurance in another pool of the same province, whose node is the same."""
        others = [
            pool for pool in self._pools if pool != self._pool and pool // 10_000 == self._pool // 10_000
        ]
        end = date.fromisoformat(main.valid_from) - timedelta(days=1)
        begin = end - timedelta(days=700)
        if not others or begin < born or random.random() >= 0.05:
            return None
        return Insurance(
            pool=random.choice(others),
            insutype=RESIDENTS,
            psn_type="1501" if end.year - born.year >= 18 else "1402",
            status="4",
            valid_from=begin.isoformat(),
            valid_to=end.isoformat(),
        )

    def _accounts(self, random: Random, kind: Kind) -> tuple[Account, ...]:
        if kind.insutype != EMPLOYEES:
            return ()
        most_fen = 3_000_000 if kind.psn_type == "1201" else 900_000
        empty = random.random() < 0.1
        return (Account(pool=self._pool, balance_fen=0 if empty else random.randint(1, most_fen)),)

    def _identities(self, random: Random, kind: Kind) -> tuple[Identity, ...]:
        found = []
        begin, end = date(self._as_of.year, 1, 1).isoformat(), date(self._as_of.year, 12, 31).isoformat()
        if random.random() < (0.12 if kind.insutype == RESIDENTS else 0.02):
            adult = kind.age_least >= 18
            names = [name for name in AID_IDENTITIES if not (adult and name == "orphan")]
            found.append(Identity(name=random.choice(names), valid_from=begin, valid_to=end))
        enrolled = random.random() < 0.25
        if enrolled and self._pool in ENROLMENTS:
            found.append(Identity(name=ENROLMENTS[self._pool], valid_from=begin, valid_to=end))
        return tuple(found)

    def _filings(self, random: Random, place: int) -> tuple[PersonFiling, ...]:
        """Every second person has one; every tenth of them has one that has expired."""
        elsewhere = [pool for pool in self._pools if pool != self._pool]
        if place % 2 or not elsewhere:
            return ()
        pool = random.choice(elsewhere)
        care = str(pool // 10_000) if pool // 10_000 in _MUNICIPALITIES else str(pool // 100)
        kind = random.choice(("long_term", "referral", "other"))
        begin = self._as_of - timedelta(days=random.randint(0, 90))
        if random.random() < 0.1:
            begin -= timedelta(days=400)
            return (_filing(kind, care, begin, begin + timedelta(days=182)),)
        return (_filing(kind, care, begin, None if kind == "long_term" else begin + timedelta(days=365)),)

    def _filed_at_home(self, draft: _Draft) -> tuple[PersonFiling, ...]:
        """Chronic diseases, and for employees where they go: every fourth has chosen the first institution only."""
        begin = date(self._as_of.year, 1, 1).isoformat()
        diseases, institutions = CHRONIC_FILED.get(self._pool, ()), DESIGNATED.get(self._pool, ())
        employed = draft.kind.insutype == EMPLOYEES
        chosen = institutions[: 1 if draft.place % 4 == 0 else None] if employed else ()
        return (
            *(PersonFiling(kind=CHRONIC, disease=code, valid_from=begin) for code in diseases),
            *(PersonFiling(kind=DESIGNATED_KIND, institution=code, valid_from=begin) for code in chosen),
        )

    def _used(self, random: Random, kind: Kind) -> tuple[Usage, ...]:
        """An outpatient year, and for every second one a stay before it."""
        scope = random.randint(5_000, 300_000)
        deductible = min(scope, random.choice((0, 10_000, 30_000, 50_000)))
        pooled = (scope - deductible) * random.randint(50, 80) // 100
        amounts = {"outpatient_deductible": deductible, "outpatient_pooled": pooled}
        if random.random() < 0.5:
            stay = random.randint(300_000, 6_000_000)
            borne = random.choice((40_000, 80_000, 120_000))
            paid = (stay - borne) * random.randint(60, 90) // 100
            amounts |= {"inpatient_deductible": borne, "big_illness_base": stay - paid, "admissions": 1}
            scope, pooled = scope + stay, pooled + paid
        amounts |= {"pooled": pooled, "in_scope": scope}
        usage = Usage(pool=self._pool, insutype=kind.insutype, year=self._as_of.year, amounts=amounts)
        return (usage,)


def _token_ends(place: int, as_of: date) -> str:
    """Every twentieth person's e-voucher has expired, the others' hold for a year."""
    expired = place % 20 == 19
    return f"{as_of + timedelta(days=-1 if expired else 365)} 23:59:59"


def _kind(place: int, random: Random) -> Kind:
    drawn = random.randrange(1_000)
    if place < len(_SHOWN_FIRST):
        return next(kind for kind in KINDS if kind.psn_type == _SHOWN_FIRST[place])
    for kind in KINDS:
        drawn -= kind.per_mille
        if drawn < 0:
            return kind
    raise AssertionError("the shares add up to a thousand")


def _born(place: int, seed: int, as_of: date, age: int) -> date:
    """A birthday that makes the `place`-th person `age` years old on `as_of`.

    People of one age whose places are equal modulo SERIALS have different birthdays, as long as the days last.
    """
    latest = date(as_of.year - age, as_of.month, min(as_of.day, 28))
    days = DAYS_OF_AN_AGE if age else DAYS_OF_A_NEWBORN
    return latest - timedelta(days=(place // SERIALS + 97 * (place % SERIALS) + seed) % days)


def _certno(pool: int, born: date, place: int, man: bool) -> str:
    """A number that no other person of this population has: see `_born`; then another division begins."""
    division = DIVISIONS[place // (SERIALS * DAYS_OF_A_NEWBORN)]
    serial = 2 * (place % SERIALS) + (1 if man else 2)
    return make_certno(pool // 100 * 100 + division, born, serial)


def _filing(kind: str, care: str, begin: date, end: date | None) -> PersonFiling:
    return PersonFiling(
        kind=kind, care=care, valid_from=begin.isoformat(), valid_to="" if end is None else end.isoformat()
    )
