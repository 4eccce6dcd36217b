"""Who is treated where: visits of insured persons at institutions, and the bills that a visit can have.

Goal: bills that spread over persons, pools, institutions and prices, without a hot row that production would not
have. Method: each visit takes the next person of a shuffled list and an institution that may settle for him, at home
or away by a fixed share, all from one seeded generator. A visit of the outpatient kind takes charge batch after
charge batch, never two at once; a stay takes one settlement.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final, NamedTuple

from loadtest import bills
from loadtest.answers import Asked
from loadtest.bills import INPATIENT, MsgIds, Patient, Stencil
from loadtest.directory import Institution, Item
from loadtest.errors import PeopleMissing
from proto.settlement.v1 import envelope_pb2, settlement_pb2

HOME_SHARE: Final = 0.5
"""Share of visits in the person's own pool (本市); an assumption, the rest is treated elsewhere."""
STAY_DAYS: Final = 5
ACCOUNT_SHARE: Final = 0.5
"""Share of visits whose person lets the personal account pay (assumption)."""
NO_STENCIL: Final = Stencil(b"", b"", (), 0)
"""Of a visit that is not open yet."""
_DAY_S: Final = 86_400
_INSTITUTION_TRIES_MAX: Final = 50


class Person(NamedTuple):
    """An insured person, and how he identifies himself."""

    patient: Patient
    credential: envelope_pb2.Credential


@dataclass(slots=True)
class Visit:
    """A visit, planned or open."""

    person: Person
    institution: Institution
    med_type: str
    number: str
    """The institution's own number of the visit."""
    mdtrt_id: str = ""
    stencil: Stencil = NO_STENCIL


class Bill(NamedTuple):
    """One bill as it was sent; the body is made again from it when it must be sent again."""

    visit: Visit
    msgid: str
    inf_time: str
    batch: int

    @property
    def body(self) -> bytes:
        """The serialised SettleRequest: the same bytes each time."""
        return self.visit.stencil.fill(msgid=self.msgid, inf_time=self.inf_time, batch=self.batch)

    @property
    def asked(self) -> Asked:
        """What its answer is held against."""
        visit = self.visit
        return Asked(self.msgid, visit.mdtrt_id, visit.person.patient.psn_no, visit.stencil.total_fen)


@dataclass(slots=True)
class Population:
    """Plans visits. `now_s` is the moment that they begin at, seconds since 1970."""

    people: Sequence[Person]
    institutions: Sequence[Institution]
    price_lists: Mapping[str, Sequence[Item]]
    lines: int
    random: Random
    now_s: float
    run: str
    """Begins every visit number, so that two runs against one stack never share a visit."""
    _waiting: list[Person] = field(default_factory=list)
    _planned: int = 0

    def plan(self, count: int, med_type: str) -> list[Visit]:
        """So many visits. Raises PeopleMissing where nobody can be treated anywhere."""
        return [self._plan_one(med_type) for _ in range(count)]

    def _plan_one(self, med_type: str) -> Visit:
        for _ in range(_INSTITUTION_TRIES_MAX):
            person = self._next_person()
            patient = person.patient
            at_home = self.random.random() < HOME_SHARE
            fitting = [
                institution
                for institution in self.institutions
                if (institution.care_pool == patient.home_pool) is at_home
                and institution.serves(
                    home_pool=patient.home_pool, insutype=patient.insutype, med_type=med_type
                )
            ]
            if fitting:
                self._planned += 1
                return Visit(person, self.random.choice(fitting), med_type, f"{self.run}{self._planned:07}")
        raise PeopleMissing("No person of the population may be treated at any institution of these regions.")

    def _next_person(self) -> Person:
        if not self._waiting:
            if not self.people:
                raise PeopleMissing
            self._waiting = self.random.sample(self.people, len(self.people))
        return self._waiting.pop()

    def request(self, visit: Visit, ids: MsgIds) -> settlement_pb2.OpenVisitRequest:
        """The message that opens a planned visit."""
        msgid, inf_time = ids.next(visit.institution.code)
        return bills.open_visit(
            visit.person.patient,
            visit.institution,
            med_type=visit.med_type,
            number=visit.number,
            begntime=bills.china_text(self._began_s(visit.med_type)),
            msgid=msgid,
            inf_time=inf_time,
            credential=visit.person.credential,
        )

    def opened(self, visit: Visit, mdtrt_id: str) -> None:
        """The visit is open under this id: its bills can be written."""
        visit.mdtrt_id = mdtrt_id
        first, last = bills.china_text(self._began_s(visit.med_type)), bills.china_text(self.now_s)
        visit.stencil = bills.stencil(
            visit.person.patient,
            visit.institution,
            med_type=visit.med_type,
            mdtrt_id=mdtrt_id,
            lines=bills.fee_lines(
                self.price_lists[visit.institution.care_pool],
                med_type=visit.med_type,
                lines=self.lines,
                at=last,
                random=self.random,
            ),
            first_day=first[:10],
            last_day=last[:10],
            account_used=self.random.random() < ACCOUNT_SHARE,
            credential=visit.person.credential,
        )

    def _began_s(self, med_type: str) -> float:
        return self.now_s - (STAY_DAYS * _DAY_S if med_type == INPATIENT else 0)


class Till:
    """Open visits that have no bill in flight, by care region, and the next bill of each region.

    Outpatient visits come round in turn, so bills spread evenly; every so manieth bill is a stay's while there are
    stays left.
    """

    def __init__(self, *, ids: MsgIds, inpatient_share: float) -> None:
        self._ids = ids
        self._share = inpatient_share
        self._owed: dict[str, float] = defaultdict(float)
        self._free: dict[str, deque[Visit]] = defaultdict(deque)
        self._stays: dict[str, deque[Visit]] = defaultdict(deque)
        self._batch = 0
        self.starved = 0
        """How often there was no visit to bill."""

    def add(self, visits: Iterable[Visit]) -> None:
        """Visits that have just been opened."""
        for visit in visits:
            kept = self._stays if visit.med_type == INPATIENT else self._free
            kept[visit.institution.region].append(visit)

    def next(self, region: str) -> Bill | None:
        """A fresh bill of now; None where every visit of the region has one in flight."""
        self._owed[region] += self._share
        stays, free = self._stays[region], self._free[region]
        if self._owed[region] >= 1 and stays:
            self._owed[region] -= 1
            visit = stays.popleft()
        elif free:
            visit = free.popleft()
        else:
            self.starved += 1
            return None
        self._batch += 1
        return Bill(visit, *self._ids.next(visit.institution.code), self._batch)

    def give_back(self, bill: Bill) -> None:
        """The bill has its answer: an outpatient visit may take the next, a stay is over."""
        if bill.visit.med_type != INPATIENT:
            self._free[bill.visit.institution.region].append(bill.visit)

    def retire(self, visits: Iterable[Visit]) -> None:
        """Bill these visits no more: a policy that declined one of their bills would decline the next too."""
        gone = {visit.number for visit in visits}
        for region, free in self._free.items():
            self._free[region] = deque(visit for visit in free if visit.number not in gone)

    def visits(self) -> int:
        """Visits that wait for a bill."""
        return sum(map(len, self._free.values())) + sum(map(len, self._stays.values()))

    def one_of_each(self, region: str) -> list[Bill]:
        """A bill for each home pool that has a free outpatient visit in the region: to ask whether all is well."""
        seen: dict[str, Visit] = {}
        for visit in self._free[region]:
            seen.setdefault(visit.person.patient.home_pool, visit)
        taken = []
        for visit in seen.values():
            self._free[region].remove(visit)
            self._batch += 1
            taken.append(Bill(visit, *self._ids.next(visit.institution.code), self._batch))
        return taken
