"""Ids and keys are functions of what the sender said: examples, one deviation at a time, and their speed."""

import base64
import hashlib
import timeit

import pytest

from runtime import keys
from runtime.errors import IdMalformed

CODE = "H44030500001"
MSGID = CODE + "20260101083000" + "0001"
EIGHT_THIRTY_IN_CHINA_MS = 1_767_227_400_000  # 2026-01-01 00:30:00 UTC


def test_the_id_begins_with_the_time_in_the_msgid() -> None:
    identifier = keys.transport_key_id(CODE, "2207", MSGID)
    assert len(identifier) == keys.ID_BYTES
    assert int.from_bytes(identifier[:6]) == EIGHT_THIRTY_IN_CHINA_MS


def test_the_id_never_changes_for_what_was_stored_once() -> None:
    # a change of this value orphans every claim in every database
    assert keys.transport_key_id(CODE, "2207", MSGID).hex() == "019b76f61f40cb1594da9c539b269ca2"


def test_a_variant_of_a_transaction_is_the_same_transaction() -> None:
    assert keys.transport_key_id(CODE, "2207A", MSGID) == keys.transport_key_id(CODE, "2207", MSGID)
    assert keys.content_digest("2207A", "440300", b"x") == keys.content_digest("2207", "440300", b"x")


@pytest.mark.parametrize(
    "time",
    [
        "20260230083000",
        "20261301083000",
        "20260101240000",
        "20260101086000",
        "20260101083060",
        "2026010108300x",
        "20260101 83000",
        "２０２６０１０１０８３０００",
        "19691231000000",
        "00000101000000",
        "2026010108300",
        "",
    ],
)
def test_without_a_valid_time_the_id_begins_with_zeros(time: str) -> None:
    identifier = keys.transport_key_id(CODE, "2207", CODE + time)
    assert identifier[:6] == bytes(6)
    assert identifier[6:] != bytes(10)


def test_each_part_of_the_transport_key_counts_and_parts_do_not_run_together() -> None:
    made = {
        keys.transport_key_id(*parts)
        for parts in [
            (CODE, "2207", MSGID),
            (CODE, "2208", MSGID),
            (CODE, "2207", MSGID + "1"),
            ("H44030500002", "2207", MSGID),
            ("ab", "c", "d"),
            ("a", "bc", "d"),
            ("a", "b", "cd"),
        ]
    }
    assert len(made) == 7


def test_the_text_of_an_id_is_plain_base32() -> None:
    identifier = keys.transport_key_id(CODE, "2207", MSGID)
    text = keys.setl_id_text(identifier)
    assert text == base64.b32encode(identifier).decode().rstrip("=")
    assert keys.setl_id_bytes(text) == identifier


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.lower(),
        lambda text: text[:-1],
        lambda text: text + "A",
        lambda text: text[:-1] + "7",  # spare bits set: a second text for one id
        lambda text: "1" + text[1:],
        lambda text: "_" + text[1:],
        lambda text: " " + text[1:],
        lambda text: "Ａ" + text[1:],
        lambda text: "",
    ],
)
def test_any_other_text_is_refused_with_a_sentence(change) -> None:  # type: ignore[no-untyped-def]
    text = change(keys.setl_id_text(bytes(range(16))))
    with pytest.raises(IdMalformed, match="26 characters of upper-case base32"):
        keys.setl_id_bytes(text)


def test_visit_bill_and_line_keys_are_apart_from_each_other() -> None:
    visit = keys.visit_key(CODE, "A1")
    assert len(visit) == len(keys.bill_key(visit, "1")) == 16
    different = {visit, keys.visit_key(CODE, "A2"), keys.visit_key("H44030500002", "A1")}
    different |= {
        keys.bill_key(visit, ""),
        keys.bill_key(visit, "1"),
        keys.bill_key(keys.visit_key(CODE, "A2"), "1"),
    }
    assert len(different) == 6
    assert keys.line_keys(["1", "2"])[0] != keys.line_keys(["1", "2"])[1]
    assert -(2**63) <= keys.line_keys(["1"])[0] < 2**63


def test_the_digest_covers_the_insured_division_and_the_body() -> None:
    made = {
        keys.content_digest("2207", "440300", b"body"),
        keys.content_digest("2208", "440300", b"body"),
        keys.content_digest("2207", "440100", b"body"),
        keys.content_digest("2207", "440300", b"body2"),
    }
    assert len(made) == 4
    assert {len(digest) for digest in made} == {hashlib.sha256().digest_size}


def test_persons_spread_over_the_partitions() -> None:
    counts = [0, 0, 0, 0]
    for number in range(4_000):
        counts[keys.partition_of(f"4403000000{number:06}", 4)] += 1
    assert min(counts) > 900
    assert keys.partition_of("44030000001234567890", 2) == keys.partition_of("44030000001234567890", 2)


@pytest.mark.parametrize(
    "call",
    [
        lambda: keys.transport_key_id(CODE, "2207", MSGID),
        lambda: keys.setl_id_text(bytes(16)),
        lambda: keys.setl_id_bytes("AGNXN5Q7IDFRLFG2TRJZWJU4UI"),
        lambda: keys.visit_key(CODE, "20260101A1"),
        lambda: keys.partition_of("44030000001234567890", 2),
        lambda: keys.line_keys(["20260101000001"]),
    ],
)
def test_keys_cost_microseconds(call) -> None:  # type: ignore[no-untyped-def]
    # 4 us is the budget on a quiet machine; ten times that still fails a quadratic mistake or a strptime
    best_us = min(timeit.repeat(call, number=500, repeat=5)) / 500 * 1e6
    assert best_us < 40
