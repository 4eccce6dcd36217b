"""Bad fee calls, steps and sign-ins: a clear code, what to mend, and the book holds what it held."""

from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from proto.settlement.v1 import settlement_pb2 as pb
from tests.endtoend.bad_input import moved, set_in, stored
from tests.endtoend.his import DRUG, OK, His, NewPerson, Visit, line, now_text, refused
from tests.endtoend.running_stack import RunningStack

INVALID = grpc.StatusCode.INVALID_ARGUMENT
NOT_FOUND = grpc.StatusCode.NOT_FOUND
PRECONDITION = grpc.StatusCode.FAILED_PRECONDITION
EXISTS = grpc.StatusCode.ALREADY_EXISTS
LINES_MAX = 100_000
HELD_CODE = "81" + "0" * 18


def an_upload(his: His, visit: Visit, *lines: pb.FeeDetail) -> pb.UploadFeesRequest:
    """2204 of one batch; two good lines unless told otherwise."""
    lines = lines or (line("n1", 1_200), line("n2", 2_000, item=DRUG))
    given = pb.UploadFeesInput(
        mdtrt_id=visit.mdtrt_id, psn_no=visit.person.psn_no, chrg_bchno="B1", feedetl=lines
    )
    return pb.UploadFeesRequest(envelope=his.envelope("2204", visit.person.pool), input=given)


def a_deletion(his: His, visit: Visit, *sns: str) -> pb.CancelFeesRequest:
    """2205."""
    given = pb.CancelFeesInput(mdtrt_id=visit.mdtrt_id, psn_no=visit.person.psn_no, feedetl_sn=sns)
    return pb.CancelFeesRequest(envelope=his.envelope("2205", visit.person.pool), input=given)


@pytest.fixture(scope="module")
def visit(hospital: His, new_person: NewPerson) -> Visit:
    """A visit that holds two lines: two units of a service, and a drug."""
    made = hospital.open(new_person())
    held = [line("h1", 2_000), line("h2", 2_500, item=DRUG)]
    held[0].cnt, held[0].pric = 20_000, 10_000_000
    set_in(held[1], "drug_trac_codg", [HELD_CODE])
    assert hospital.outcome(an_upload(hospital, made, *held)).status == OK
    return made


@pytest.fixture(scope="module")
def crowded(hospital: His, new_person: NewPerson) -> Visit:
    """A visit that holds one line."""
    made = hospital.open(new_person())
    assert hospital.outcome(an_upload(hospital, made, line("1", 1_200))).status == OK
    return made


@pytest.fixture(autouse=True)
def nothing_is_stored(stack: RunningStack, visit: Visit, crowded: Visit) -> Iterator[None]:
    before = stored(stack), moved(stack)
    yield
    assert (stored(stack), moved(stack)) == before


def a_drug(*codes: str) -> pb.FeeDetail:
    """Another drug line with these codes."""
    drug = line("d1", 2_500, item=DRUG)
    set_in(drug, "drug_trac_codg", list(codes))
    return drug


def a_return(of: str, cnt: int, fen: int) -> pb.FeeDetail:
    """A return of a line of 10 yuan a unit."""
    back = line("r1", fen)
    back.cnt, back.pric, back.init_feedetl_sn = cnt, 10_000_000, of
    return back


def other_content() -> pb.FeeDetail:
    """A line of a number that is held, for another amount."""
    return line("h1", 2_100)


UPLOADS: list[tuple[str, Any, str, grpc.StatusCode, str]] = [
    ("envelope.infno", "2207", "INVALID", INVALID, "takes 2204, 2301"),
    ("envelope.msgid", "m" * 31, "INVALID", INVALID, "1 to 30"),
    ("envelope.inf_time", now_text(days=3), "INVALID", INVALID, "clock"),
    ("envelope.fixmedins_code", "H99999999999", "UNKNOWN_INSTITUTION", NOT_FOUND, "H99999999999"),
    ("envelope.insuplc_admdvs", "999999", "UNKNOWN_POOL", NOT_FOUND, "999999"),
    ("envelope.insuplc_admdvs", "450100", "WRONG_POOL", PRECONDITION, "440100"),
    ("envelope.sign_no", "1", "SIGN_NO_INVALID", PRECONDITION, "9001"),
    ("input.mdtrt_id", "", "INVALID", INVALID, "missing"),
    ("input.mdtrt_id", "A" * 26, "UNKNOWN_VISIT", NOT_FOUND, "A" * 26),
    ("input.mdtrt_id", "nonsense!", "UNKNOWN_VISIT", NOT_FOUND, "nonsense!"),
    ("input.psn_no", "nobody", "WRONG_PERSON", PRECONDITION, "another person"),
    ("input.chrg_bchno", "9" * 31, "INVALID", INVALID, "at most 30"),
    ("input.feedetl", [], "INVALID", INVALID, "is empty"),
    ("input.feedetl", [line(f"x{n}", 16) for n in range(1_001)], "INVALID", INVALID, "a call carries 1000"),
    ("input.feedetl[0].feedetl_sn", "", "INVALID", INVALID, "1 to 30"),
    ("input.feedetl[0].feedetl_sn", "n2", "INVALID", INVALID, "LINE_REPEATED"),
    ("input.feedetl[0].med_list_codg", "", "INVALID", INVALID, "national item code"),
    ("input.feedetl[0].cnt", 0, "INVALID", INVALID, "cnt × pric"),
    ("input.feedetl[0].det_item_fee_sumamt", 2**62, "INVALID", INVALID, "absurd"),
    ("input.feedetl[0].det_item_fee_sumamt", 1_202, "INVALID", INVALID, "cnt × pric"),
    ("input.feedetl[0].fee_ocur_time", "2026-02-30", "INVALID", INVALID, "yyyy-MM-dd"),
    ("input.feedetl[0].fee_ocur_time", now_text(days=2), "INVALID", INVALID, "future"),
    ("input.feedetl[0].fee_ocur_time", "1999-01-01", "INVALID", INVALID, "too long ago"),
    ("input.feedetl", [a_return("never", -10_000, -1_000)], "INVALID", INVALID, "RETURN_UNKNOWN"),
    ("input.feedetl", [a_return("h1", 10_000, 1_000)], "INVALID", INVALID, "RETURN_SIGN"),
    ("input.feedetl", [a_return("h1", -30_000, -3_000)], "INVALID", INVALID, "RETURN_TOO_MUCH"),
    ("input.feedetl", [a_return("h2", -10_000, -1_000)], "INVALID", INVALID, "RETURN_OTHER_ITEM"),
    ("input.feedetl", [other_content()], "LINE_REUSED", EXISTS, "other content"),
    ("input.feedetl", [a_drug()], "TRACE_CODE_MISSING", PRECONDITION, "scan the pack"),
    ("input.feedetl", [a_drug("8" * 19)], "INVALID", INVALID, "20 digits"),
    ("input.feedetl", [a_drug(HELD_CODE)], "INVALID", INVALID, "each code comes once"),
]


@pytest.mark.parametrize(
    ("path", "value", "code", "status", "says"), UPLOADS, ids=[f"{c[0]}-{c[2]}-{c[4]}" for c in UPLOADS]
)
def test_a_bad_upload_holds_no_line(
    hospital: His, visit: Visit, path: str, value: Any, code: str, status: grpc.StatusCode, says: str
) -> None:
    request = an_upload(hospital, visit)
    set_in(request, path, value)
    with refused(code, status, says=says) as caught:
        hospital.call(request)
    assert not caught[0].retry_after_ms


def test_the_hundred_thousand_and_first_line_of_a_visit_is_refused(
    hospital: His, stack: RunningStack, crowded: Visit
) -> None:
    held = f"UPDATE visit SET fee_lines = {{}} WHERE psn_no = '{crowded.person.psn_no}'"
    stack.query("region 44", held.format(LINES_MAX))
    with refused("TOO_MANY_LINES", PRECONDITION, says="100,000"):
        hospital.call(an_upload(hospital, crowded, line("2", 1_200)))
    stack.query("region 44", held.format(1))


DELETIONS: list[tuple[str, Any, str, grpc.StatusCode, str]] = [
    ("envelope.infno", "2208", "INVALID", INVALID, "takes 2205, 2302"),
    ("input.feedetl_sn", [], "INVALID", INVALID, "name lines"),
    ("input.feedetl_sn", ["h1", "never"], "LINE_UNKNOWN", NOT_FOUND, "never"),
    ("input.psn_no", "nobody", "WRONG_PERSON", PRECONDITION, "another person"),
    ("input.mdtrt_id", "A" * 26, "UNKNOWN_VISIT", NOT_FOUND, "A" * 26),
    ("envelope.insuplc_admdvs", "450100", "WRONG_POOL", PRECONDITION, "440100"),
]


@pytest.mark.parametrize(
    ("path", "value", "code", "status", "says"), DELETIONS, ids=[f"{c[0]}-{c[2]}" for c in DELETIONS]
)
def test_a_bad_deletion_deletes_nothing(
    hospital: His, visit: Visit, path: str, value: Any, code: str, status: grpc.StatusCode, says: str
) -> None:
    request = a_deletion(hospital, visit, "h1")
    set_in(request, path, value)
    with refused(code, status, says=says):
        hospital.call(request)


def test_a_settlement_names_the_sum_of_the_uploaded_lines_and_carries_none(
    hospital: His, visit: Visit
) -> None:
    given = hospital.bill(visit, batch="B1")
    with refused("FEES_UPLOADED", PRECONDITION, says="without lines"):
        hospital.call(hospital.settlement(visit, given))
    del given.feedetl[:]
    given.medfee_sumamt = 4_499
    with refused("INVALID", INVALID, says="the uploaded lines come to 4500"):
        hospital.call(hospital.settlement(visit, given))
    given.chrg_bchno = "B2"
    with refused("NO_FEES", PRECONDITION, says="none are uploaded"):
        hospital.call(hospital.settlement(visit, given))


STEPS: list[tuple[str, str, Any, str, str]] = [
    ("update", "input.med_type", "21", "INVALID", "another kind of visit"),
    ("update", "input.trum_flag", "x", "INVALID", "0 or 1"),
    ("update", "input.dise_codg", "M" * 31, "INVALID", "at most 30"),
    ("update", "input.mdtrt_id", "A" * 26, "UNKNOWN_VISIT", "A" * 26),
    ("update", "envelope.insuplc_admdvs", "999999", "UNKNOWN_POOL", "999999"),
    ("close", "input.endtime", now_text(days=2), "INVALID", "future"),
    ("close", "input.endtime", now_text(days=-3), "INVALID", "before the visit began"),
    ("close", "input.endtime", "2026-02-30", "INVALID", "yyyy-MM-dd"),
    ("close", "input.psn_no", "nobody", "WRONG_PERSON", "another person"),
    ("reopen", "input.mdtrt_id", "", "INVALID", "missing"),
    ("reopen", "envelope.infno", "2402", "INVALID", "takes 2405"),
]


@pytest.mark.parametrize(
    ("kind", "path", "value", "code", "says"), STEPS, ids=[f"{c[0]}-{c[1]}-{c[4]}" for c in STEPS]
)
def test_a_bad_step_changes_no_visit(
    hospital: His, visit: Visit, kind: str, path: str, value: Any, code: str, says: str
) -> None:
    named = {"mdtrt_id": visit.mdtrt_id, "psn_no": visit.person.psn_no}
    pool = visit.person.pool
    requests: dict[str, Any] = {
        "update": pb.UpdateVisitRequest(
            envelope=hospital.envelope("2203", pool), input=pb.UpdateVisitInput(**named)
        ),
        "close": pb.CloseVisitRequest(
            envelope=hospital.envelope("2402", pool), input=pb.CloseVisitInput(**named)
        ),
        "reopen": pb.ReopenVisitRequest(
            envelope=hospital.envelope("2405", pool), input=pb.ReopenVisitInput(**named)
        ),
    }
    request = requests[kind]
    set_in(request, path, value)
    status = {"INVALID": INVALID, "WRONG_PERSON": PRECONDITION}.get(code, NOT_FOUND)
    with refused(code, status, says=says):
        hospital.call(request)


def test_a_refused_call_of_a_session_refuses_only_itself_and_says_the_same(
    hospital: His, visit: Visit
) -> None:
    upload = an_upload(hospital, visit, a_return("h1", -30_000, -3_000))
    settle = hospital.settlement(visit, hospital.bill(visit, line("1", 1_200)))
    settle.input.medfee_sumamt = -1
    message = pb.SessionRequest(
        calls=[pb.SessionCall(upload_fees=upload), pb.SessionCall(settle=settle), pb.SessionCall()]
    )
    (response,) = hospital.stubs[0].Session(iter([message]), timeout=10)
    refusals = [result.refusal for result in response.results]
    assert [one.code for one in refusals] == ["INVALID"] * 3
    for one, says in zip(refusals, ("RETURN_TOO_MUCH", "billion", "empty"), strict=True):
        assert says in f"{one.err_msg} {one.violations}"


def test_an_operator_without_a_number_is_not_signed_in(hospital: His, stack: RunningStack) -> None:
    signed = "SELECT count(*) FROM signed_in"
    before = stack.query("region 44", signed)
    for opter_no in ("", "9" * 31):
        with refused("INVALID", INVALID, says="opter_no"):
            hospital.call(pb.SignInRequest(envelope=hospital.envelope("9001", ""), opter_no=opter_no))
    assert stack.query("region 44", signed) == before
