"""The people of a morning, read from the file that the home pool's generator wrote (one JSON object per line).

The file is made from a seed by `python -m homepool people`, which this package calls as anyone would, and holds made-up
people only. A `Patient` is one person number with the insurances of one pool that are normal today.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from proto.settlement.v1 import envelope_pb2
from stack.errors import DemoDataWrong

CHRONIC_DISEASES: Final = ("M03900", "M01600")
"""High blood pressure and diabetes, which every pool settles across provinces (门诊慢特病)."""
MATERNITY: Final = frozenset({"51", "52"})
MATERNITY_AGES: Final = range(20, 46)
IDENTITY_NUMBER: Final = "02"
"""mdtrt_cert_type of the identity number."""


@dataclass(frozen=True, slots=True)
class Patient:
    """One person number of one pool."""

    psn_no: str
    home_pool: str
    name: str
    certno: str
    woman: bool
    born: str
    """yyyy-MM-dd."""
    age: int
    insutypes: tuple[str, ...]
    """Normal today."""
    filed: frozenset[str] = frozenset()
    """What the file says that he has filed: kinds, diseases and institutions."""

    def may_have(self, insutype: str, med_type: str) -> bool:
        """Whether this kind of care fits the person and the insurance (a plan's idea, not a policy)."""
        if med_type in MATERNITY:
            return self.woman and self.age in MATERNITY_AGES
        return insutype != "510"

    def disease(self, med_type: str) -> str:
        """The disease that a visit for chronic care names; empty for other care."""
        return CHRONIC_DISEASES[int(self.born[-2:]) % len(CHRONIC_DISEASES)] if med_type == "14" else ""

    def credential(self) -> envelope_pb2.Credential:
        """The identity number, as the hospital's reader gives it."""
        return envelope_pb2.Credential(
            mdtrt_cert_type=IDENTITY_NUMBER,
            mdtrt_cert_no=self.certno,
            psn_cert_type="01",
            certno=self.certno,
            psn_name=self.name,
        )


def read_patients(path: Path, *, pools: Sequence[str], today: str) -> list[Patient]:
    """The people of a file who are insured in one of these pools today, in the file's order.

    Raises DemoDataWrong with file and line, and no value, where a line is not as expected.
    """
    patients = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise DemoDataWrong(f"{path.name} cannot be read: {error.strerror}") from None
    for number, line in enumerate(lines, 1):
        try:
            patient = _patient(json.loads(line), today)
        except (ValueError, KeyError, TypeError):
            raise DemoDataWrong(f"{path.name} line {number} is not a person as expected.") from None
        if patient is not None and patient.home_pool in pools:
            patients.append(patient)
    return patients


def _patient(given: dict[str, Any], today: str) -> Patient | None:
    normal = [
        one
        for one in given["insurances"]
        if one["status"] == "1"
        and one["valid_from"] <= today
        and (not one["valid_to"] or today <= one["valid_to"])
    ]
    if not normal:
        return None
    pool = normal[0]["pool"]
    born = given["brdy"]
    return Patient(
        psn_no=given["psn_no"],
        home_pool=str(pool),
        name=given["psn_name"],
        certno=given["certno"],
        woman=given["gend"] == "2",
        born=born,
        age=int(today[:4]) - int(born[:4]) - (today[5:] < born[5:]),
        insutypes=tuple(one["insutype"] for one in normal if one["pool"] == pool),
        filed=frozenset(
            one[word]
            for one in given.get("filings", ())
            for word in ("kind", "disease", "institution")
            if one[word]
        ),
    )
