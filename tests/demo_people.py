"""People and encounters for tests of the demo's morning."""

from datetime import date

from stack.encounters import Encounter, Ending
from stack.hospitals import Institution, read_institutions
from stack.patients import Patient

TODAY = date(2026, 11, 24)
POOLS = ("440100", "440300", "441500", "450100", "500000")


def patient(
    place: int = 0, *, pool: str = "440300", insutypes: tuple[str, ...] = ("310",), age: int = 40
) -> Patient:
    """The `place`-th person of a pool; every second a woman."""
    return Patient(
        psn_no=f"{pool}{place:08}", home_pool=pool, name="王安宁", certno=f"{pool}198605{place % 28 + 1:02}{place:04}",
        woman=place % 2 == 1, born=f"{2026 - age}-05-{place % 28 + 1:02}", age=age, insutypes=insutypes,
    )  # fmt: skip


def patients(number: int) -> list[Patient]:
    """People of all pools in turn, employees and residents, some with maternity insurance."""
    kinds = (("310",), ("390",), ("310", "510"))
    return [
        patient(place, pool=POOLS[place % len(POOLS)], insutypes=kinds[place % 3], age=20 + place % 60)
        for place in range(number)
    ]


def institution(code: str = "H45010390001") -> Institution:
    """One of the directory's."""
    return next(one for one in read_institutions() if one.code == code)


def encounter(
    med_type: str = "11", *, ending: Ending = Ending.PAID, knows_division: bool = True
) -> Encounter:
    """A person of Shenzhen in Nanning."""
    return Encounter(
        number=5, patient=patient(1), institution=institution("P45010390001" if med_type == "41" else "H45010390001"),
        insutype="310", med_type=med_type, days=4 if med_type in ("21", "52") else 1, ending=ending,
        knows_division=knows_division, by_session=False,
    )  # fmt: skip
