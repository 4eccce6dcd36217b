"""Bad filings through the public face: each is refused by a code that says what to mend, and nobody stores anything."""

from typing import Any

import grpc
import pytest

from proto.settlement.v1 import filing_pb2 as fpb
from tests.endtoend.bad_input import set_in, stored
from tests.endtoend.his import His, NewPerson, Person, now_text, refused
from tests.endtoend.running_stack import RunningStack

INVALID, PRECONDITION = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.FAILED_PRECONDITION
NOT_FOUND = grpc.StatusCode.NOT_FOUND
HOSPITAL, PHARMACY, SUSPENDED = "H44030490001", "P44030490001", "H44011190021"
GOOD = {
    "2501": {
        "fil_type": "referral", "mdtrtarea_admdvs": "440100", "refl_type": "3", "refl_date": "2026-01-05",
        "reflin_medins_no": "H44010490001",
    },
    "2503": {"opsp_dise_code": "M01600"},
    "2505": {"fixmedins_code": "H45010390001"},
}  # fmt: skip
BAD: list[tuple[str, str, Any, str, grpc.StatusCode, str]] = [
    ("2501", "envelope.infno", "2502", "INVALID", INVALID, "this call takes 2501, 2503, 2505"),
    ("2501", "envelope.msgid", "m" * 31, "INVALID", INVALID, "1 to 30"),
    ("2501", "envelope.fixmedins_code", "H99999999999", "UNKNOWN_INSTITUTION", NOT_FOUND, "directory"),
    ("2501", "envelope.fixmedins_code", SUSPENDED, "NOT_IN_AGREEMENT", PRECONDITION, "suspended"),
    ("2501", "envelope.fixmedins_code", "H45010390001", "WRONG_REGION", PRECONDITION, "region 45"),
    ("2501", "envelope.fixmedins_code", PHARMACY, "INVALID", INVALID, "a pharmacy refers nobody"),
    ("2501", "envelope.insuplc_admdvs", "990100", "UNKNOWN_POOL", NOT_FOUND, "990100"),
    ("2501", "input.psn_no", "nobody", "UNKNOWN_PERSON", NOT_FOUND, "psn_no"),
    ("2501", "input.insutype", "999", "INVALID", INVALID, "310, 390, 510"),
    ("2501", "input.fil_type", "holiday", "INVALID", INVALID, "long_term, referral, emergency, other"),
    ("2501", "input.mdtrtarea_admdvs", "990000", "INVALID", INVALID, "no place known"),
    ("2501", "input.mdtrtarea_admdvs", "440300", "INVALID", INVALID, "does not lie in"),
    ("2501", "input.refl_type", "2", "INVALID", INVALID, "does not fit"),
    ("2501", "input.refl_date", "2026-02-30", "INVALID", INVALID, "yyyy-MM-dd"),
    ("2501", "input.begndate", "tomorrow", "INVALID", INVALID, "yyyy-MM-dd"),
    ("2501", "input.begndate", "2001-01-01", "INVALID", INVALID, "too long ago"),
    ("2501", "input.enddate", "2001-01-01", "INVALID", INVALID, "before the filing begins"),
    ("2501", "input.opsp_dise_code", "M01600", "INVALID", INVALID, "belongs to transaction 2503"),
    ("2503", "input.opsp_dise_code", "M99999", "INVALID", INVALID, "dictionary opsp_dise_code"),
    ("2503", "input.opsp_dise_code", "", "INVALID", INVALID, "dictionary opsp_dise_code"),
    ("2505", "input.fixmedins_code", "H99999999999", "INVALID", INVALID, "no institution of the directory"),
]


@pytest.fixture(scope="module")
def person(new_person: NewPerson) -> Person:
    """Of Nanning."""
    return new_person("450100")


def held(stack: RunningStack, person: Person) -> str:
    """What both sides hold of a person's filings."""
    at_home = stack.query("node 45", f"SELECT count(*) FROM filing WHERE psn_no = '{person.psn_no}'")
    return f"{at_home}; {stored(stack)}"


@pytest.mark.parametrize(("infno", "path", "value", "code", "status", "says"), BAD)
def test_a_bad_filing_is_refused_with_a_clear_code(
    stack: RunningStack, hospital: His, person: Person, infno: str, path: str, value: Any, code: str,
    status: grpc.StatusCode, says: str,
) -> None:  # fmt: skip
    request = hospital.filing(person, infno=infno, **GOOD[infno])
    request.envelope.ClearField("mdtrtarea_admvs")
    set_in(request, path, value)
    before = held(stack, person)
    with refused(code, status, says=says):
        hospital.ask(request)
    assert held(stack, person) == before


def test_a_bad_withdrawal_is_refused_with_a_clear_code(hospital: His, person: Person) -> None:
    request = fpb.WithdrawRequest(envelope=hospital.envelope("2502", person.pool))
    request.input.psn_no = person.psn_no
    for number, code, status in (
        ("", "INVALID", INVALID), ("7", "INVALID", INVALID), ("A" * 26, "FILING_UNKNOWN", NOT_FOUND),
    ):  # fmt: skip
        request.input.trt_dcla_detl_sn = number
        with refused(code, status):
            hospital.ask(request)


def test_a_bad_question_for_filings_is_refused_with_a_clear_code(hospital: His, person: Person) -> None:
    for changes, code, status in (
        ({"psn_no": ""}, "INVALID", INVALID), ({"date": "today"}, "INVALID", INVALID),
        ({"psn_no": "nobody"}, "UNKNOWN_PERSON", NOT_FOUND), ({"envelope.infno": "5303"}, "INVALID", INVALID),
        ({"envelope.insuplc_admdvs": "990100"}, "UNKNOWN_POOL", NOT_FOUND),
        ({"envelope.insuplc_admdvs": "440300"}, "UNKNOWN_PERSON", NOT_FOUND),
    ):  # fmt: skip
        request = fpb.ListFilingsRequest(
            envelope=hospital.envelope("5304", person.pool), psn_no=person.psn_no, date=now_text()[:10]
        )
        for path, value in changes.items():
            set_in(request, path, value)
        with refused(code, status):
            hospital.ask(request)
