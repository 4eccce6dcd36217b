"""Whatever a HIS sends as codes and serials, ids keep their shape and texts their round trip."""

from hypothesis import given
from hypothesis import strategies as st

from runtime import clock, keys

texts = st.text(max_size=40)


@given(identifier=st.binary(min_size=16, max_size=16))
def test_an_id_and_its_text_are_one(identifier: bytes) -> None:
    text = keys.setl_id_text(identifier)
    assert len(text) == keys.ID_TEXT_CHARACTERS
    assert keys.setl_id_bytes(text) == identifier


@given(code=texts, infno=texts, msgid=texts)
def test_any_message_has_an_id_of_sixteen_bytes(code: str, infno: str, msgid: str) -> None:
    identifier = keys.transport_key_id(code, infno, msgid)
    assert len(identifier) == keys.ID_BYTES
    assert identifier == keys.transport_key_id(code, infno + "A" if len(infno) == 4 else infno, msgid)


@given(one=st.tuples(texts, texts), other=st.tuples(texts, texts))
def test_two_visits_have_two_keys(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert (keys.visit_key(*one) == keys.visit_key(*other)) == (one == other)


@given(at_s=st.integers(min_value=1, max_value=253_402_271_999))
def test_the_time_in_a_msgid_is_china_time(at_s: int) -> None:
    written = clock.china_text(at_s * 1000)
    digits = "".join(character for character in written if character.isdigit())
    identifier = keys.transport_key_id("H44030500001", "2207", "H44030500001" + digits + "0001")
    assert int.from_bytes(identifier[:6]) == at_s * 1000
    assert clock.china_date(at_s * 1000).isoformat() == written[:10]
