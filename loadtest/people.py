"""The insured persons of the load, read from the files that `python -m homepool people` writes (JSON, one a line).

Made-up people only. A fault names file and line and repeats no value.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from loadtest.bills import Patient
from loadtest.errors import DataFileWrong
from loadtest.population import Person
from proto.settlement.v1 import envelope_pb2

IDENTITY_NUMBER: Final = "02"
"""mdtrt_cert_type of the identity number."""
BASIC: Final = frozenset({"310", "390"})
"""Insurances that outpatient and inpatient care is settled in; 510 is for births."""
NORMAL: Final = "1"


def read_people(path: Path, *, today: str) -> Iterator[Person]:
    """Those of a file who have a basic insurance in force on `today` (yyyy-MM-dd). Raises DataFileWrong."""
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                try:
                    person = _person(json.loads(line), today)
                except (ValueError, KeyError, TypeError):
                    raise DataFileWrong(f"{path.name} line {number} is not a person as expected.") from None
                if person is not None:
                    yield person
    except OSError as failed:
        raise DataFileWrong(f"{path.name} cannot be read ({failed.strerror}).") from None


def _person(given: dict[str, Any], today: str) -> Person | None:
    for one in given["insurances"]:
        in_force = one["valid_from"] <= today <= (one["valid_to"] or "9999-12-31")
        if one["status"] == NORMAL and one["insutype"] in BASIC and in_force:
            credential = envelope_pb2.Credential(
                mdtrt_cert_type=IDENTITY_NUMBER,
                mdtrt_cert_no=given["certno"],
                psn_cert_type="01",
                certno=given["certno"],
                psn_name=given["psn_name"],
            )
            return Person(Patient(given["psn_no"], str(one["pool"]), one["insutype"]), credential)
    return None
