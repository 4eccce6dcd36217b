"""Who comes after the morning, for the sheets of every kind of care and of filing: people set aside for it, by role.

A role is a pool, an insurance and what the person must be like; the first person of the file that fits takes it, so
the same seed gives the same people.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from stack.encounters import Encounter, Ending
from stack.errors import DemoDataWrong
from stack.hospitals import Institution
from stack.patients import MATERNITY_AGES, Patient

EXTRA_PER_POOL: Final = 6
"""So many people more in each pool, that the morning lacks nobody."""
GROWN_UP: Final = 18
FIRST_NUMBER: Final = 1_000_000
"""Encounters here are numbered from it: the number seeds a visit's bill."""
OFF_SITE: Final = frozenset({"long_term", "referral", "emergency", "other"})

EMPLOYEE, WARD, MOTHER = "employee", "ward", "mother"
VISITOR, TRAVELLER, CHOOSER, RESIDENT = "visitor", "traveller", "chooser", "resident"


@dataclass(frozen=True, slots=True)
class Role:
    """Who is looked for."""

    pool: str
    """Empty: of whichever."""
    insutype: str
    like: Callable[[Patient], bool]


ROLES: Final[Mapping[str, Role]] = {
    VISITOR: Role("450100", "310", lambda one: not one.filed & OFF_SITE),
    TRAVELLER: Role("500000", "310", lambda one: not one.filed & OFF_SITE),
    CHOOSER: Role("440100", "310", lambda one: True),
    EMPLOYEE: Role("440300", "310", lambda one: not one.filed & OFF_SITE),
    RESIDENT: Role("450100", "390", lambda one: True),
    WARD: Role("440300", "310", lambda one: True),
    MOTHER: Role("", "310", lambda one: one.woman and one.age in MATERNITY_AGES),
}


@dataclass(slots=True)
class Visitors:
    """The people by role, and where they may be treated."""

    people: Mapping[str, Patient]
    institutions: Sequence[Institution]
    today: str
    _planned: int = 0

    def encounter(
        self,
        role: str,
        med_type: str,
        *,
        care_pool: str = "",
        days: int = 1,
        unlike: frozenset[str] = frozenset(),
    ) -> Encounter:
        """A visit of a person in a care pool (the own where none is named), at no institution of `unlike`."""
        patient, wanted = self.people[role], ROLES[role]
        pool = care_pool or patient.home_pool
        institution = next(
            (
                one
                for one in self.institutions
                if one.care_pool == pool
                and one.code not in unlike
                and one.serves(patient.home_pool, wanted.insutype, med_type, self.today)
            ),
            None,
        )
        if institution is None:
            raise DemoDataWrong(f"No institution of {pool} settles {med_type} for {patient.home_pool}.")
        self._planned += 1
        return Encounter(
            number=FIRST_NUMBER + self._planned, patient=patient, institution=institution, insutype=wanted.insutype,
            med_type=med_type, days=days, ending=Ending.PAID, knows_division=True, by_session=False,
        )  # fmt: skip


def set_aside(patients: Sequence[Patient]) -> tuple[dict[str, Patient], list[Patient]]:
    """The people of the roles, and everybody else. Raises DemoDataWrong where nobody fits a role."""
    left, found = list(patients), dict[str, Patient]()
    for name, role in ROLES.items():
        fitting = (
            one
            for one in left
            if role.pool in ("", one.home_pool)
            and role.insutype in one.insutypes
            and one.age >= GROWN_UP
            and role.like(one)
        )
        chosen = next(fitting, None)
        if chosen is None:
            raise DemoDataWrong(
                f"Nobody {f'of {role.pool} ' if role.pool else ''}fits the role {name}; take another seed or more people."
            )
        found[name] = chosen
        left.remove(chosen)
    return found, left
