"""The plan of a morning: who is treated where, for what, and what becomes of the bill afterwards.

Pure: a function of people, institutions, day and seed, so that the same seed gives the same morning. Places
are drawn so that people are treated at home, elsewhere in their province and across provinces; kinds of care
so that each occurs; endings by the person's place in the list, so that a small morning has each of them too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from random import Random
from typing import Final

from stack.errors import DemoDataWrong
from stack.hospitals import Institution, route
from stack.patients import Patient


class Ending(Enum):
    """What becomes of a settlement once it is paid."""

    PAID = "paid"
    CANCELLED = "cancelled"
    CANCELLED_AND_SETTLED_AGAIN = "cancelled, settled again"
    REVERSED = "reversed"
    REVIVED = "cancelled, the cancel reversed"


ENDINGS: Final[Mapping[int, Ending]] = {
    3: Ending.CANCELLED,
    7: Ending.REVERSED,
    11: Ending.CANCELLED_AND_SETTLED_AGAIN,
    16: Ending.REVIVED,
    21: Ending.CANCELLED,
}
"""By place modulo `ENDINGS_CYCLE`; everyone else pays and goes."""
ENDINGS_CYCLE: Final = 25

CARE_WEIGHTS: Final[Mapping[str, int]] = {"11": 30, "13": 8, "14": 14, "21": 22, "41": 16, "51": 4, "52": 6}
"""How often each med_type occurs among those that a person may have."""
ROUTE_WEIGHTS: Final[Mapping[int, int]] = {1: 35, 2: 25, 3: 40}
"""How often each route occurs among those that are possible: at home, in the province, across provinces."""
STAY_DAYS_MAX: Final = 9


@dataclass(frozen=True, slots=True)
class Encounter:
    """One person's visit to one institution."""

    number: int
    """Place in the morning's plan; seeds what is random in the visit itself."""
    patient: Patient
    institution: Institution
    insutype: str
    med_type: str
    days: int
    """Of a stay; 1 otherwise."""
    ending: Ending
    knows_division: bool
    """Whether the hospital knows the insured division when it reads the person."""
    by_session: bool
    """Through a Session stream rather than calls of their own."""

    @property
    def route(self) -> int:
        """1 本市, 2 省内异地, 3 跨省异地."""
        return route(self.patient.home_pool, self.institution.care_pool)


def plan_morning(
    patients: Sequence[Patient],
    institutions: Sequence[Institution],
    *,
    care_pools: Sequence[str],
    seed: int,
    today: str,
) -> list[Encounter]:
    """One encounter for each person who may be treated anywhere, in the order of the people.

    `care_pools` are those whose catalogue and gateway are there; `today` is yyyy-MM-dd. Raises DemoDataWrong
    where nobody could be treated.
    """
    random = Random(f"morning {seed}")
    open_today = [one for one in institutions if one.care_pool in care_pools]
    encounters: list[Encounter] = []
    for patient in patients:
        planned = _encounter(len(encounters), patient, open_today, today, random)
        if planned is not None:
            encounters.append(planned)
    if not encounters:
        raise DemoDataWrong("None of the people may be treated at any of the institutions.")
    return encounters


def _encounter(
    number: int, patient: Patient, institutions: Sequence[Institution], today: str, random: Random
) -> Encounter | None:
    choices = [
        (insutype, med_type)
        for insutype in patient.insutypes
        for med_type in CARE_WEIGHTS
        if patient.may_have(insutype, med_type)
    ]
    while choices:
        insutype, med_type = random.choices(choices, [CARE_WEIGHTS[care] for _, care in choices])[0]
        institution = _institution(patient, insutype, med_type, institutions, today, random)
        if institution is not None:
            return Encounter(
                number=number,
                patient=patient,
                institution=institution,
                insutype=insutype,
                med_type=med_type,
                days=random.randint(2, STAY_DAYS_MAX) if med_type in ("21", "52") else 1,
                ending=ENDINGS.get(number % ENDINGS_CYCLE, Ending.PAID),
                knows_division=number % 2 == 0,
                by_session=number % 3 == 0,
            )
        choices.remove((insutype, med_type))
    return None


def _institution(
    patient: Patient,
    insutype: str,
    med_type: str,
    institutions: Sequence[Institution],
    today: str,
    random: Random,
) -> Institution | None:
    serving = [one for one in institutions if one.serves(patient.home_pool, insutype, med_type, today)]
    routes = sorted({route(patient.home_pool, one.care_pool) for one in serving})
    if not routes:
        return None
    chosen = random.choices(routes, [ROUTE_WEIGHTS[one] for one in routes])[0]
    return random.choice([one for one in serving if route(patient.home_pool, one.care_pool) == chosen])
