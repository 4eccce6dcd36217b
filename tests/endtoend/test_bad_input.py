"""Bad input: a clear code, a message that says what to mend, no trace, and nothing stored or sent.

Everything here goes to the region's gateway; the book's counts before and after each call must be the same.
"""

from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from proto.settlement.v1 import settlement_pb2 as pb
from tests.endtoend.bad_input import moved, set_in, stored
from tests.endtoend.his import DRUG, His, NewPerson, Person, Refused, Visit, line, now_text, refused
from tests.endtoend.running_stack import RunningStack

INVALID = grpc.StatusCode.INVALID_ARGUMENT
NOT_FOUND = grpc.StatusCode.NOT_FOUND
PRECONDITION = grpc.StatusCode.FAILED_PRECONDITION
HUGE = 2**62


@pytest.fixture(scope="module")
def visit(hospital: His, new_person: NewPerson) -> Visit:
    """A visit that stands open for everything that is sent here."""
    return hospital.open(new_person())


@pytest.fixture(autouse=True)
def nothing_is_stored(stack: RunningStack, visit: Visit) -> Iterator[None]:
    before = stored(stack)
    yield
    assert stored(stack) == before


@pytest.fixture(scope="module", autouse=True)
def no_money_moves(stack: RunningStack, visit: Visit) -> Iterator[None]:
    before = moved(stack)
    yield
    assert moved(stack) == before


SETTLEMENTS: list[tuple[str, Any, str]] = [
    ("envelope.infno", "9999", "takes 2102, 2207, 2304"),
    ("envelope.infno", "2208", "takes 2102, 2207, 2304"),
    ("envelope.infno", "", "takes 2102, 2207, 2304"),
    ("envelope.msgid", "", "1 to 30"),
    ("envelope.msgid", "m" * 31, "1 to 30"),
    ("envelope.msgid", "消息", "printable ASCII"),
    ("envelope.msgid", "a\0b", "printable ASCII"),
    ("envelope.fixmedins_code", "H4403", "12 characters"),
    ("envelope.insuplc_admdvs", "44010", "six digits"),
    ("envelope.insuplc_admdvs", "", "six digits"),
    ("envelope.mdtrtarea_admvs", "44A300", "six digits"),
    ("envelope.mdtrtarea_admvs", "440100", "440300"),
    ("envelope.opter_type", "9", "1, 2 or 3"),
    ("envelope.inf_time", "2026-13-45 00:00:00", "yyyy-MM-dd HH:mm:ss"),
    ("envelope.inf_time", "20260101083000", "yyyy-MM-dd HH:mm:ss"),
    ("envelope.inf_time", now_text(days=3), "clock"),
    ("envelope.inf_time", now_text(days=-3), "clock"),
    ("input.psn_no", "", "missing"),
    ("input.psn_no", "9" * 31, "at most 30"),
    ("input.mdtrt_id", "", "missing"),
    ("input.mdtrt_id", "A" * 31, "at most 30"),
    ("input.med_type", "21", "takes 11, 12, 13, 14, 51"),
    ("input.med_type", "99", "takes 11, 12, 13, 14, 51"),
    ("input.insutype", "999", "310, 390, 510"),
    ("input.chrg_bchno", "9" * 31, "at most 30"),
    ("input.acct_used_flag", "yes", "0 or 1"),
    ("input.er_flag", "2", "0 or 1"),
    ("input.begntime", "tomorrow", "yyyy-MM-dd"),
    ("input.endtime", now_text(days=2), "future"),
    ("input.medfee_sumamt", 0, "input.medfee_sumamt"),
    ("input.medfee_sumamt", -3_200, "billion"),
    ("input.medfee_sumamt", HUGE, "billion"),
    ("input.medfee_sumamt", 3_201, "lines come to 3200"),
    ("input.inscp_scp_amt", 1, "the catalogue gives"),
    ("input.preselfpay_amt", -1, "the catalogue gives"),
    ("input.feedetl", [line(str(number), 16) for number in range(201)], "at most 200"),
    ("input.feedetl[0].feedetl_sn", "", "1 to 30"),
    ("input.feedetl[0].feedetl_sn", "9" * 31, "1 to 30"),
    ("input.feedetl[1].feedetl_sn", "1a", "same feedetl_sn"),
    ("input.feedetl[0].med_list_codg", "", "national item code"),
    ("input.feedetl[0].med_list_codg", "9" * 51, "national item code"),
    ("input.feedetl[0].det_item_fee_sumamt", HUGE, "absurd"),
    ("input.feedetl[0].det_item_fee_sumamt", 1_202, "cnt × pric"),
    ("input.feedetl[0].cnt", HUGE, "cnt × pric"),
    ("input.feedetl[0].pric", 1, "cnt × pric"),
    ("input.feedetl[0].fee_ocur_time", "noon", "yyyy-MM-dd HH:mm:ss"),
    ("input.feedetl[0].fee_ocur_time", now_text(days=2), "future"),
    ("input.feedetl[0].fee_ocur_time", "1999-01-01 00:00:00", "too long ago"),
    ("input.feedetl[0].init_feedetl_sn", "1b", "negative quantity"),
    ("input.feedetl[0].cnt", 0, "cnt × pric"),
    ("input.endtime", "2026-02-30 08:00:00", "yyyy-MM-dd"),
    ("input.invono", "9" * 21, "at most 20"),
    ("input.dise_codg", "M" * 31, "at most 30"),
]


@pytest.mark.parametrize(("path", "value", "says"), SETTLEMENTS, ids=[f"{p}-{s}" for p, _, s in SETTLEMENTS])
def test_a_settlement_is_told_which_field_to_mend(
    hospital: His, visit: Visit, path: str, value: Any, says: str
) -> None:
    visit.bills = 0
    request = hospital.settlement(visit)
    set_in(request, path, value)
    with refused("INVALID", INVALID, says=says) as caught:
        hospital.call(request)
    named = " ".join(caught[0].violations)
    # a bill whose lines were changed no longer adds up: that is told as well, or instead
    assert path in named or "medfee_sumamt" in named or "input.feedetl[0]" in named
    assert not caught[0].retry_after_ms


def test_a_settlement_without_lines_of_a_visit_without_uploads_has_nothing_to_pay(
    hospital: His, visit: Visit
) -> None:
    request = hospital.settlement(visit)
    del request.input.feedetl[:]
    with refused("NO_FEES", PRECONDITION, says="none are uploaded"):
        hospital.call(request)


def test_everything_that_is_wrong_is_named_at_once(hospital: His, visit: Visit) -> None:
    request = hospital.settlement(visit)
    request.envelope.infno, request.envelope.msgid, request.envelope.opter_type = "0000", "", "7"
    with refused("INVALID", INVALID, says="and 2 more") as caught:
        hospital.call(request)
    assert set(caught[0].violations) == {"envelope.infno", "envelope.msgid", "envelope.opter_type"}
    with refused("INVALID", INVALID) as caught:
        hospital.call(pb.SettleRequest())
    assert len(caught[0].violations) >= 4


def test_negative_lines_that_add_up_do_not_become_a_bill(hospital: His, visit: Visit) -> None:
    negative = line("n", -1_000)
    negative.cnt, negative.pric = -10_000, 10_000_000
    request = hospital.settlement(visit, hospital.bill(visit, line("p", 3_000), negative))
    with refused("INVALID", INVALID, says="a return names init_feedetl_sn"):
        hospital.call(request)


RETURNS: list[tuple[int, int, str]] = [
    (-30_000, -3_000, "more of it is returned than was bought"),
    (-10_000, 0, "differs from cnt × pric"),
    (10_000, 1_000, "a return has a negative quantity"),
]


@pytest.mark.parametrize(("cnt", "fen", "says"), RETURNS, ids=[says for _, _, says in RETURNS])
def test_no_more_is_returned_than_was_bought(
    hospital: His, visit: Visit, cnt: int, fen: int, says: str
) -> None:
    bought, back = line("b", 2_000), line("r", fen)
    bought.cnt, bought.pric = 20_000, 10_000_000
    back.cnt, back.pric, back.init_feedetl_sn = cnt, 10_000_000, "b"
    with refused("INVALID", INVALID, says=says):
        hospital.call(hospital.settlement(visit, hospital.bill(visit, bought, line("c", 5_000), back)))


PACK = "81" + "0" * 18
CODES: list[tuple[list[str], list[str], str, str]] = [
    ([], [PACK], "TRACE_CODE_MISSING", "scan the pack"),
    ([PACK[1:]], [PACK], "INVALID", "20 digits"),
    ([PACK[1:] + "X"], [PACK], "INVALID", "20 digits"),
    ([PACK], [PACK], "INVALID", "each code comes once"),
    ([PACK, PACK], ["82" + "0" * 18], "INVALID", "each code comes once"),
]


@pytest.mark.parametrize(("one", "other", "code", "says"), CODES, ids=[f"{c[2]}-{c[3]}" for c in CODES])
@pytest.mark.parametrize("trial", [False, True], ids=["settlement", "trial"])
def test_a_drug_without_a_right_traceability_code_is_not_paid(
    hospital: His, visit: Visit, trial: bool, one: list[str], other: list[str], code: str, says: str
) -> None:
    lines = [line("a", 1_200), line("d1", 2_500, item=DRUG), line("d2", 2_500, item=DRUG)]
    for place, codes in ((1, one), (2, other)):
        set_in(lines[place], "drug_trac_codg", codes)
    given = hospital.bill(visit, *lines)
    status = {"INVALID": INVALID, "TRACE_CODE_MISSING": PRECONDITION}[code]
    with refused(code, status, says=says) as caught:
        hospital.call(hospital.trial(visit, given) if trial else hospital.settlement(visit, given))
    assert "drug_trac_codg" in " ".join(caught[0].violations)


def test_a_message_of_nobody_who_is_signed_in_is_refused(hospital: His, visit: Visit) -> None:
    for request in (hospital.settlement(visit), hospital.opening(Visit(visit.person, "11"))):
        request.envelope.sign_no = "1"
        with refused("SIGN_NO_INVALID", PRECONDITION, says="9001"):
            hospital.call(request)


UNKNOWN: list[tuple[str, str, str, grpc.StatusCode, str]] = [
    ("envelope.fixmedins_code", "H99999999999", "UNKNOWN_INSTITUTION", NOT_FOUND, "H99999999999"),
    ("envelope.fixmedins_code", "H45010390001", "WRONG_REGION", PRECONDITION, "45"),
    ("envelope.fixmedins_code", "H44030790021", "NOT_IN_AGREEMENT", PRECONDITION, "agreement"),
    ("envelope.insuplc_admdvs", "999999", "UNKNOWN_POOL", NOT_FOUND, "999999"),
    ("envelope.insuplc_admdvs", "450100", "WRONG_POOL", PRECONDITION, "440100"),
    ("input.mdtrt_id", "A" * 26, "UNKNOWN_VISIT", NOT_FOUND, "A" * 26),
    ("input.mdtrt_id", "nonsense!", "UNKNOWN_VISIT", NOT_FOUND, "nonsense!"),
    ("input.psn_no", "nobody", "WRONG_PERSON", PRECONDITION, "another person"),
]


@pytest.mark.parametrize(
    ("path", "value", "code", "status", "says"), UNKNOWN, ids=[f"{case[2]}-{case[1]}" for case in UNKNOWN]
)
def test_a_settlement_of_what_is_not_known_is_refused_by_its_name(
    hospital: His, visit: Visit, path: str, value: str, code: str, status: grpc.StatusCode, says: str
) -> None:
    request = hospital.settlement(visit)
    set_in(request, path, value)
    with refused(code, status, says=says):
        hospital.call(request)


def test_a_visit_of_another_institution_is_unknown_here(second_hospital: His, visit: Visit) -> None:
    with refused("UNKNOWN_VISIT", NOT_FOUND):
        second_hospital.call(second_hospital.settlement(visit))
    with refused("UNKNOWN_VISIT", NOT_FOUND):
        second_hospital.call(second_hospital.closing(visit))


OPENINGS: list[tuple[str, Any, str, grpc.StatusCode, str]] = [
    ("input.psn_no", "nobody", "UNKNOWN_PERSON", NOT_FOUND, ""),
    ("input.psn_no", "", "INVALID", INVALID, "missing"),
    ("input.ipt_otp_no", "", "INVALID", INVALID, "missing"),
    ("input.ipt_otp_no", "9" * 31, "INVALID", INVALID, "at most 30"),
    ("input.insutype", "390x", "INVALID", INVALID, "310, 390, 510"),
    ("input.med_type", "41", "INVALID", INVALID, "takes 11"),
    ("input.begntime", now_text(days=5), "INVALID", INVALID, "future"),
    ("input.begntime", "2026-02-30", "INVALID", INVALID, "yyyy-MM-dd"),
    ("input.trum_flag", "x", "INVALID", INVALID, "0 or 1"),
    ("envelope.insuplc_admdvs", "999999", "UNKNOWN_POOL", NOT_FOUND, "999999"),
    ("envelope.insuplc_admdvs", "110000", "NODE_SILENT", grpc.StatusCode.UNAVAILABLE, "11"),
    ("envelope.fixmedins_code", "H44030790021", "NOT_IN_AGREEMENT", PRECONDITION, "agreement"),
]


@pytest.mark.parametrize(
    ("path", "value", "code", "status", "says"), OPENINGS, ids=[f"{c[0]}-{c[2]}" for c in OPENINGS]
)
def test_a_visit_is_not_opened_for_what_is_wrong(
    hospital: His, visit: Visit, path: str, value: Any, code: str, status: grpc.StatusCode, says: str
) -> None:
    request = hospital.opening(Visit(visit.person, "11"))
    set_in(request, path, value)
    with refused(code, status, says=says):
        hospital.call(request)


def test_nobody_is_insured_under_what_he_does_not_have(hospital: His, visit: Visit) -> None:
    has = {one.insutype for one in hospital.ask(hospital.insured(visit.person)).insuinfo}
    other = next(insutype for insutype in ("390", "510", "310") if insutype not in has)
    person = Person(visit.person.psn_no, visit.person.pool, other)
    with refused("NOT_INSURED", PRECONDITION, says="insur"):
        hospital.call(hospital.opening(Visit(person, "11")))


INSURED: list[tuple[str, Any, str, grpc.StatusCode, str]] = [
    ("envelope.infno", "9999", "INVALID", INVALID, "takes 1101, 2001"),
    ("envelope.msgid", "m" * 31, "INVALID", INVALID, "1 to 30"),
    ("envelope.insuplc_admdvs", "", "INVALID", INVALID, "where psn_no is given"),
    ("envelope.insuplc_admdvs", "999999", "UNKNOWN_POOL", NOT_FOUND, "999999"),
    ("envelope.fixmedins_code", "H99999999999", "UNKNOWN_INSTITUTION", NOT_FOUND, "H99999999999"),
    ("begntime", "soon", "INVALID", INVALID, "yyyy-MM-dd"),
    ("psn_no", "nobody", "UNKNOWN_PERSON", NOT_FOUND, ""),
    ("psn_no", "9" * 31, "INVALID", INVALID, "at most 30"),
    ("psn_no", "", "INVALID", INVALID, "credential or psn_no"),
    ("credential.mdtrt_cert_no", "9" * 501, "INVALID", INVALID, "at most 500"),
]


@pytest.mark.parametrize(
    ("path", "value", "code", "status", "says"), INSURED, ids=[f"{c[0]}-{c[4]}" for c in INSURED]
)
def test_a_person_is_not_read_for_what_is_wrong(
    hospital: His, visit: Visit, path: str, value: Any, code: str, status: grpc.StatusCode, says: str
) -> None:
    request = hospital.insured(visit.person)
    set_in(request, path, value)
    with refused(code, status, says=says):
        hospital.call(request)


def test_a_certificate_that_nobody_has_is_not_echoed(hospital: His, visit: Visit) -> None:
    request = hospital.insured(visit.person, by_certificate=True)
    request.credential.mdtrt_cert_no = request.credential.certno = "110101190001010006"
    with refused("UNKNOWN_PERSON", NOT_FOUND) as caught:
        hospital.call(request)
    assert "110101190001010006" not in caught[0].message


@pytest.mark.parametrize(
    "certno",
    ["110101190001010000", "110101190002300009", "11010119000101000", "11010119000101000x", "１" * 18],
    ids=["check digit", "birthday", "17 characters", "small x", "other digits"],
)
@pytest.mark.parametrize("field", ["mdtrt_cert_no", "certno"])
def test_an_identity_number_with_a_wrong_check_digit_is_told_so_and_not_echoed(
    hospital: His, visit: Visit, field: str, certno: str
) -> None:
    request = hospital.insured(visit.person, by_certificate=True)
    setattr(request.credential, field, certno)
    with refused("INVALID", INVALID, says="check digit") as caught:
        hospital.call(request)
    assert list(caught[0].violations) == [f"credential.{field}"]
    assert certno not in f"{caught[0].message} {caught[0].violations}"


UNDOING: list[tuple[str, str, Any, str, str]] = [
    ("refund", "input.setl_id", "", "INVALID", "missing"),
    ("refund", "input.setl_id", "nonsense!", "INVALID", "not an id"),
    ("refund", "input.psn_no", "", "INVALID", "missing"),
    ("refund", "envelope.infno", "2207", "INVALID", "takes 2103, 2208, 2305"),
    ("reversal", "input.omsgid", "", "INVALID", "missing"),
    ("reversal", "input.omsgid", "m" * 31, "INVALID", "at most 30"),
    ("reversal", "input.oinfno", "1101", "INVALID", "reversed can be"),
    ("reversal", "input.oinfno", "2601", "INVALID", "reversed can be"),
    ("reversal", "input.psn_no", "", "INVALID", "missing"),
    ("reversal", "envelope.infno", "2208", "INVALID", "takes 2601"),
    ("closing", "input.mdtrt_id", "A" * 26, "UNKNOWN_VISIT", ""),
    ("closing", "input.psn_no", "nobody", "WRONG_PERSON", "another person"),
]


@pytest.mark.parametrize(
    ("kind", "path", "value", "code", "says"), UNDOING, ids=[f"{c[0]}-{c[1]}-{c[4]}" for c in UNDOING]
)
def test_nothing_is_undone_by_what_is_wrong(
    hospital: His, visit: Visit, kind: str, path: str, value: Any, code: str, says: str
) -> None:
    requests: dict[str, Any] = {
        "refund": hospital.refund(visit, pb.Outcome(setl_id="A" * 26)),
        "reversal": hospital.reversal(visit, hospital.settlement(visit)),
        "closing": hospital.closing(visit),
    }
    request = requests[kind]
    set_in(request, path, value)
    status = {"INVALID": INVALID, "UNKNOWN_VISIT": NOT_FOUND, "WRONG_PERSON": PRECONDITION}[code]
    with refused(code, status, says=says):
        hospital.call(request)


QUERIES: list[dict[str, str]] = [
    {},
    {"setl_id": "A" * 26, "omsgid": "m"},
    {"omsgid": "m"},
    {"oinfno": "2207"},
    {"psn_no": "1"},
    {"mdtrt_id": "A"},
    {"setl_id": "?"},
]


@pytest.mark.parametrize("given", QUERIES, ids=str)
def test_a_query_that_names_nothing_or_too_much_is_told_so(hospital: His, given: dict[str, str]) -> None:
    with refused("INVALID", INVALID, says="input"):
        hospital.call(hospital.query(**given))


def test_a_trial_is_refused_like_the_settlement_would_be(hospital: His, visit: Visit) -> None:
    given = hospital.bill(visit)
    given.medfee_sumamt += 1
    with refused("INVALID", INVALID, says="lines come to"):
        hospital.call(hospital.trial(visit, given))


UNARY = [
    method.name
    for method in pb.DESCRIPTOR.services_by_name["SettlementService"].methods
    if method.name != "Session"
]


@pytest.mark.parametrize("method", UNARY)
@pytest.mark.parametrize(
    "garbage", [b"\xff" * 40, b"\x0a\x05abc", b"\x0a\x04\x0a\x02\xff\xfe"], ids=["noise", "cut", "utf8"]
)
def test_bytes_that_are_no_message_are_a_malformed_call(hospital: His, method: str, garbage: bytes) -> None:
    raw = hospital.channels[0].unary_unary(f"/settlement.v1.SettlementService/{method}")
    with refused("INVALID", INVALID, says="cannot be parsed"):
        try:
            raw(garbage, timeout=10)
        except grpc.RpcError as failed:
            raise Refused(failed) from None


def test_a_message_over_the_size_limit_is_refused_whole(hospital: His, visit: Visit) -> None:
    request = hospital.settlement(visit)
    request.envelope.opter_name = "x" * (17 * 1024 * 1024)
    with pytest.raises(grpc.RpcError) as failed:
        hospital.call(request)
    assert failed.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "larger than max" in failed.value.details()


def test_a_method_that_is_not_there_is_unimplemented(hospital: His) -> None:
    with pytest.raises(grpc.RpcError) as failed:
        hospital.channels[0].unary_unary("/settlement.v1.SettlementService/Steal")(b"", timeout=10)
    assert failed.value.code() is grpc.StatusCode.UNIMPLEMENTED
