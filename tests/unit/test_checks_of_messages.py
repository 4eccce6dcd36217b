"""Bad input to a settlement: a clear code, a message that names the field, and nothing claimed; whatever it is."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.admission import admit, sought_by
from gateway.calls import NeedsNode
from gateway.checks import AMOUNT_FEN_MAX, LINES_MAX, care_time_fault, day_of, identity_violations, is_time
from gateway.entrance import Admitted
from gateway.refusals import STATUS_OF, Refused
from proto.settlement.v1 import settlement_pb2 as pb
from proto.settlement.v1.envelope_pb2 import Credential
from tests.builders import (
    FEN_A_LINE,
    OTHER_PSN,
    PSN,
    TODAY,
    TODAY_TEXT,
    a_call,
    a_cancel_request,
    a_filing,
    a_house,
    a_line,
    a_referral,
    a_return,
    a_reverse_request,
    a_sale_request,
    a_settle_request,
    a_view,
    a_visit,
    a_visit_cancel,
    a_withdrawal,
    an_opening,
)


def refusal_of(request: Any) -> Refused:
    verdict = admit(a_call(request), house=a_house(), view=a_view(visits=(a_visit(),)))
    assert isinstance(verdict, Refused), verdict
    return verdict


def envelope(**changes: str) -> dict[str, Any]:
    return {"envelope": changes}


def one_line(**changes: Any) -> dict[str, Any]:
    return {"lines": [a_line(**changes)]}


TOMORROW, LONG_AGO = (TODAY + timedelta(days=1)).isoformat(), "2023-01-01"
FAR_OFF = (TODAY - timedelta(days=2)).isoformat()
LINE = "input.feedetl[0]"
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "a msgid of 31 characters": ({"msgid": "m" * 31}, "envelope.msgid"),
    "no msgid": ({"msgid": ""}, "envelope.msgid"),
    "a msgid that does not print": ({"msgid": "m\n1"}, "envelope.msgid"),
    "a msgid of another script": ({"msgid": "信1"}, "envelope.msgid"),
    "a transaction of another call": ({"infno": "2208"}, "envelope.infno"),
    "no transaction": ({"infno": ""}, "envelope.infno"),
    "a transaction with much behind it": ({"infno": "2207AB"}, "envelope.infno"),
    "an institution of 11": (envelope(fixmedins_code="H4401049000"), "envelope.fixmedins_code"),
    "no insured division": (envelope(insuplc_admdvs=""), "envelope.insuplc_admdvs"),
    "a division of five": (envelope(insuplc_admdvs="45010"), "envelope.insuplc_admdvs"),
    "a division of other digits": (envelope(insuplc_admdvs="４５０１００"), "envelope.insuplc_admdvs"),
    "a care division of letters": (envelope(mdtrtarea_admvs="44010x"), "envelope.mdtrtarea_admvs"),
    "an operator of another kind": (envelope(opter_type="4"), "envelope.opter_type"),
    "inf_time of two days ago": (envelope(inf_time=f"{FAR_OFF} 09:00:00"), "envelope.inf_time"),
    "inf_time in the future": (envelope(inf_time="2099-01-01 09:00:00"), "envelope.inf_time"),
    "inf_time that is none": (envelope(inf_time="09:00"), "envelope.inf_time"),
    "no person": ({"psn_no": ""}, "input.psn_no"),
    "a person's number too long": ({"psn_no": "4" * 31}, "input.psn_no"),
    "a person's number with a NUL": ({"psn_no": "4\x00"}, "input.psn_no"),
    "no visit": ({"mdtrt_id": ""}, "input.mdtrt_id"),
    "a batch too long": ({"chrg_bchno": "b" * 31}, "input.chrg_bchno"),
    "a medical type of another transaction": ({"med_type": "21"}, "input.med_type"),
    "no such medical type": ({"med_type": "99"}, "input.med_type"),
    "no such insurance": ({"insutype": "999"}, "input.insutype"),
    "an interim settlement": ({"mid_setl_flag": "1"}, "input.mid_setl_flag"),
    "a flag of another kind": ({"acct_used_flag": "y"}, "input.acct_used_flag"),
    "an emergency of another kind": ({"er_flag": "2"}, "input.er_flag"),
    "an end in the future": ({"endtime": f"{TOMORROW} 09:00:00"}, "input.endtime"),
    "a beginning of long ago": ({"begntime": LONG_AGO}, "input.begntime"),
    "an end before the beginning": (
        {"begntime": TODAY_TEXT, "endtime": (TODAY - timedelta(days=1)).isoformat()}, "input.endtime",
    ),
    "no such day": ({"begntime": "2026-02-30"}, "input.begntime"),
    "a week of a year": ({"begntime": "2026-W40-1"}, "input.begntime"),
    "no such hour": ({"endtime": f"{TODAY_TEXT} 24:00:00"}, "input.endtime"),
    "a way of settling too long": ({"psn_setlway": "0" * 7}, "input.psn_setlway"),
    "a disease with a NUL": ({"dise_codg": "\x00"}, "input.dise_codg"),
    "a negative total": ({"medfee_sumamt": -1}, "input.medfee_sumamt"),
    "an absurd total": ({"medfee_sumamt": AMOUNT_FEN_MAX + 1}, "input.medfee_sumamt"),
    "a total of other lines": ({"medfee_sumamt": FEN_A_LINE + 1}, "input.medfee_sumamt"),
    "more lines than fit": ({"lines": [a_line(str(sn)) for sn in range(LINES_MAX + 1)]}, "input.feedetl"),
    "a line without number": ({"lines": [a_line("")]}, f"{LINE}.feedetl_sn"),
    "a line's number too long": ({"lines": [a_line("1" * 31)]}, f"{LINE}.feedetl_sn"),
    "a line's number twice": ({"lines": [a_line(), a_line()]}, "input.feedetl[1].feedetl_sn"),
    "a line without item": (one_line(med_list_codg=""), f"{LINE}.med_list_codg"),
    "an item too long": (one_line(med_list_codg="x" * 51), f"{LINE}.med_list_codg"),
    "a line of an absurd amount": (
        one_line(det_item_fee_sumamt=AMOUNT_FEN_MAX + 1), f"{LINE}.det_item_fee_sumamt",
    ),
    "a relative who is the person himself": (
        {"acct_mulaid_psn_no": PSN, "acct_used_flag": "1"}, "input.acct_mulaid_psn_no",
    ),
    "a relative whose account may not pay": ({"acct_mulaid_psn_no": OTHER_PSN}, "input.acct_mulaid_psn_no"),
    "a line two fen off": (one_line(det_item_fee_sumamt=FEN_A_LINE + 2), f"{LINE}.det_item_fee_sumamt"),
    "a line of nothing": (one_line(cnt=0, det_item_fee_sumamt=0), f"{LINE}.cnt"),
    "a negative line that is no return": (one_line(cnt=-10_000, det_item_fee_sumamt=-1_000), f"{LINE}.cnt"),
    "a line of tomorrow": (one_line(fee_ocur_time=f"{TOMORROW} 09:00:00"), f"{LINE}.fee_ocur_time"),
    "a line of long ago": (one_line(fee_ocur_time=LONG_AGO), f"{LINE}.fee_ocur_time"),
    "a line without any time": (one_line(fee_ocur_time=""), f"{LINE}.fee_ocur_time"),
    "more returned than was bought": (
        {"lines": [a_line("1"), a_line("2"), a_return("1", cnt=-20_000, det_item_fee_sumamt=-2_000)]}, f"{LINE}.cnt",
    ),
    "a return of nothing bought": (
        {"lines": [a_line("1"), a_line("2"), a_return("3")]}, "input.feedetl[2].init_feedetl_sn",
    ),
    "a return of another item": (
        {"lines": [a_line("1"), a_line("2"), a_return("1", med_list_codg="x")]}, "input.feedetl[2].med_list_codg",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fen", [0, 5])
def test_a_settlement_without_lines_means_uploaded_ones_and_there_are_none(fen: int) -> None:
    assert refusal_of(a_settle_request(lines=[], medfee_sumamt=fen)).code == "NO_FEES"


@pytest.mark.parametrize(("changes", "field"), BAD.values(), ids=BAD)
def test_bad_input_is_refused_by_the_name_of_its_field(changes: dict[str, Any], field: str) -> None:
    verdict = refusal_of(a_settle_request(**changes))
    assert verdict.code == "INVALID"
    assert field in [one.field for one in verdict.violations]
    assert field in verdict.err_msg or verdict.violations[0].field != field
    assert all(len(one.err_msg) > 5 for one in verdict.violations)
    assert verdict.retry_after_ms == 0  # waiting does not mend it


def test_a_fen_of_rounding_is_no_fault() -> None:
    for off in (-1, 1):
        verdict = admit(
            a_call(a_settle_request(**one_line(det_item_fee_sumamt=FEN_A_LINE + off))),
            house=a_house(),
            view=a_view(visits=(a_visit(),)),
        )
        assert isinstance(verdict, Admitted)


def test_a_refusal_repeats_nothing_that_names_a_person() -> None:
    secret = "450103199001011234"
    requests = [
        a_settle_request(psn_no=secret + "x" * 20),
        a_cancel_request("garbage", psn_no=secret),
        a_reverse_request("m" * 31, psn_no=secret),
        an_opening(psn_no=secret, med_type="99"),
    ]
    for request in requests:
        verdict = refusal_of(request)
        assert secret not in repr(verdict)


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("2026-11-18", True),
        ("2026-11-18 23:59:59", True),
        ("2026-11-18T00:00:00", True),
        ("2026-11-18 23:59", False),
        ("2026-11-18 23:60:00", False),
        ("2026-11-18x23:59:00", False),
        ("2026-11-18 ２３:59:00", False),
        ("20261118", False),
        ("2026-W47-3", False),
        ("2026-1-1", False),
        ("", False),
    ],
)
def test_times_are_written_one_way(text: str, good: bool) -> None:
    assert is_time(text) is good


@given(st.text(max_size=25))
def test_any_text_is_a_day_or_none(text: str) -> None:
    day = day_of(text)
    assert day is None or text.startswith(day.isoformat())


@given(st.dates(min_value=date(1900, 1, 1), max_value=date(2200, 1, 1)))
def test_care_of_the_last_two_years_is_settled_directly(day: date) -> None:
    assert (care_time_fault(day.isoformat(), TODAY) == "") == (
        timedelta(0) <= TODAY - day <= timedelta(days=730)
    )


EXAMPLES = 40
garbage = st.one_of(
    st.text(max_size=40), st.sampled_from(["\x00", "０", "1" * 500, "2026-11-18 09:00:00", "1"])
)


def test_only_what_says_that_it_is_an_identity_number_must_be_one() -> None:
    passport = Credential(mdtrt_cert_type="99", mdtrt_cert_no="E1", psn_cert_type="03", certno="E1")
    assert identity_violations(passport) == []
    assert identity_violations(Credential(mdtrt_cert_type="02", psn_cert_type="01")) == []
    right = Credential(mdtrt_cert_type="02", mdtrt_cert_no="110101190001010006")
    assert identity_violations(right) == []
    right.mdtrt_cert_no = "110101190001010005"
    assert [one.field for one in identity_violations(right)] == ["credential.mdtrt_cert_no"]


def spoiled(message: Any, data: st.DataObject) -> Any:
    """The message with some of its fields, at any depth, filled with anything that the wire can carry."""
    for field, value in list(message.ListFields()) + [
        (field, None) for field in message.DESCRIPTOR.fields if data.draw(st.booleans())
    ]:
        if field.is_repeated:
            for one in value or ():
                if field.cpp_type == field.CPPTYPE_MESSAGE:
                    spoiled(one, data)
        elif field.cpp_type == field.CPPTYPE_MESSAGE:
            spoiled(getattr(message, field.name), data)
        elif not data.draw(st.integers(0, 3)):
            if field.cpp_type == field.CPPTYPE_STRING:
                setattr(message, field.name, data.draw(garbage))
            elif field.cpp_type == field.CPPTYPE_INT64:
                setattr(message, field.name, data.draw(st.integers(-(2**63), 2**63 - 1)))
    return message


@pytest.mark.parametrize(
    "make",
    [
        a_settle_request,
        a_sale_request,
        an_opening,
        a_visit_cancel,
        a_referral,
        lambda: a_filing(infno="2503"),
        lambda: a_withdrawal(bytes(16)),
        lambda: a_cancel_request("A" * 26),
        lambda: a_reverse_request("m1"),
        lambda: pb.PreSettleRequest(
            envelope=a_settle_request(infno="2206").envelope, input=a_settle_request().input
        ),
    ],
)
@settings(deadline=None, max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_nothing_that_the_wire_can_carry_makes_admission_fail(make: Any, data: st.DataObject) -> None:
    """An exception there would end the process, and the HIS would send the message again."""
    call = a_call(spoiled(make(), data), node_answer=b"")
    sought_by(call)
    verdict = admit(call, house=a_house(), view=a_view(visits=(a_visit(),)))
    if isinstance(verdict, Refused):
        assert STATUS_OF[verdict.code] is verdict.status
    elif isinstance(verdict, Admitted):
        texts = [column for row in verdict.rows for column in row if isinstance(column, str)]
        assert not [text for text in texts if "\x00" in text], "no text column holds a NUL"
    else:
        assert isinstance(verdict, NeedsNode)
