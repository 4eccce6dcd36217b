"""A message is who sent it, under which number and id, and what it says: an honest retry changes everything else."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway.calls import Call
from proto.settlement.v1 import settlement_pb2 as pb
from proto.settlement.v1.envelope_pb2 import Credential
from tests.builders import a_call, a_line, a_settle_request

ASIDE = (
    "mdtrtarea_admvs", "recer_sys_code", "dev_no", "dev_safe_info", "cainfo", "signtype", "infver", "opter_type",
    "opter", "opter_name", "inf_time", "fixmedins_name", "sign_no",
)  # fmt: skip
"""Fields of the envelope that are no part of what a message says."""

some_text = st.text(max_size=20)


def settlements() -> st.SearchStrategy[pb.SettleRequest]:
    """Settlements with some lines of some content; they need not be valid to have an identity."""
    line = st.builds(a_line, some_text, cnt=st.integers(1, 9), drug_trac_codg=st.lists(some_text, max_size=2))
    return st.builds(
        a_settle_request,
        st.text(min_size=1, max_size=30),
        lines=st.lists(line, max_size=3),
        psn_no=some_text,
        invono=some_text,
        inscp_scp_amt=st.integers(0, 9),
    )


def identity(request: pb.SettleRequest) -> tuple[bytes, bytes, bytes]:
    call: Call = a_call(request)
    return call.id, call.digest, call.input_bytes


@given(
    request=settlements(),
    aside=st.fixed_dictionaries(dict.fromkeys(ASIDE, some_text)),
    credential=st.builds(Credential, mdtrt_cert_type=some_text, mdtrt_cert_no=some_text, card_sn=some_text),
    variant=st.sampled_from(["", "A", "B"]),
    deadline_ms=st.integers(0, 2**40),
)
def test_a_retry_that_differs_in_everything_but_key_division_and_body_is_the_same_message(
    request: pb.SettleRequest, aside: dict[str, str], credential: Credential, variant: str, deadline_ms: int
) -> None:
    again = pb.SettleRequest()
    again.CopyFrom(request)
    for field, text in aside.items():
        setattr(again.envelope, field, text)
    again.credential.CopyFrom(credential)
    again.envelope.infno += variant
    assert identity(again) == identity(request)
    assert a_call(again, deadline_ms=deadline_ms).id == a_call(request).id


@given(request=settlements(), data=st.data())
def test_any_change_of_the_body_is_another_message_under_the_same_id(
    request: pb.SettleRequest, data: st.DataObject
) -> None:
    other = pb.SettleRequest()
    other.CopyFrom(request)
    field = data.draw(st.sampled_from(list(pb.SettleInput.DESCRIPTOR.fields)), label="field")
    if field.name == "feedetl":
        other.input.feedetl.append(a_line("one more"))
    elif field.cpp_type == field.CPPTYPE_STRING:
        setattr(other.input, field.name, getattr(other.input, field.name) + "x")
    else:
        setattr(other.input, field.name, getattr(other.input, field.name) + 1)
    assert identity(other)[0] == identity(request)[0]
    assert identity(other)[1] != identity(request)[1]


@given(request=settlements(), data=st.data())
def test_another_order_of_lines_is_another_message(request: pb.SettleRequest, data: st.DataObject) -> None:
    request.input.feedetl.extend([a_line("first"), a_line("second")])
    swapped = pb.SettleRequest()
    swapped.CopyFrom(request)
    del swapped.input.feedetl[-2:]
    swapped.input.feedetl.extend([a_line("second"), a_line("first")])
    assert a_call(swapped).digest != a_call(request).digest


def test_institution_number_and_msgid_make_the_id_and_the_division_the_digest() -> None:
    def call(msgid: str = "m1", **envelope: Any) -> Call:
        infno = envelope.pop("infno", "2207")
        return a_call(a_settle_request(msgid, infno=infno, envelope=envelope))

    first = call()
    for other in (call("m2"), call(infno="2304"), call(fixmedins_code="H44010490007")):
        assert other.id != first.id
    elsewhere = call(insuplc_admdvs="440300")
    assert elsewhere.id == first.id
    assert elsewhere.digest != first.digest


def test_a_field_that_is_left_out_and_one_that_says_zero_differ_where_the_contract_tells_them_apart() -> None:
    left_out = a_call(a_settle_request())
    assert a_call(a_settle_request(inscp_scp_amt=0)).digest != left_out.digest
    assert a_call(a_settle_request(er_flag="")).digest == left_out.digest
