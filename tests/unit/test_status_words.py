"""Operators' commands: ages, masks, pages of metrics and what a parked item would be, in words."""

import pytest

from gateway.alarm import setl_id_of
from gateway.calls import KIND_OF
from gateway.status import kind_name
from gateway.status import page_status as gateway_page
from homepool.parked import Tried
from homepool.parked_command import FINAL, tried_words
from homepool.status import page_status as home_page
from proto.settlement.v1.envelope_pb2 import Envelope
from runtime.keys import message_name, setl_id_text, transport_key_id
from runtime.operators import NotAnswered, OperatorSettings, Page, age_text, masked, page_url, read_page

GATEWAY_PAGE = """# TYPE gateway_messages_open gauge
gateway_messages_open 3.0
gateway_decisions_waiting_to_be_booked 2.0
# TYPE gateway_partition_silent gauge
gateway_partition_silent{node="44",partition="0"} 0.0
gateway_partition_silent{node="45",partition="1"} 1.0
# TYPE gateway_alarms counter
gateway_alarms_total{what="a reply record cannot be read"} 4.0
"""


@pytest.mark.parametrize(
    ("age_ms", "text"),
    [
        (-5, "0 s"), (3_999, "3 s"), (59_999, "59 s"), (60_000, "1 min 0 s"), (250_000, "4 min 10 s"),
        (3_599_000, "59 min 59 s"), (7_500_000, "2 h 5 min"), (86_400_000, "1 d 0 h"), (273_600_000, "3 d 4 h"),
    ],
)  # fmt: skip
def test_an_age_is_told_in_its_two_largest_units(age_ms: int, text: str) -> None:
    assert age_text(age_ms) == text


def test_a_person_number_keeps_its_last_four_and_a_short_one_nothing() -> None:
    assert masked("44030000000001") == "**********0001"
    assert masked("1234") == "****"
    assert masked("") == ""


def test_a_message_is_named_by_its_setl_id_and_what_has_no_id_in_hex() -> None:
    id_ = transport_key_id("H44030000001", "2207A", "m1")
    assert message_name(id_) == setl_id_text(id_)
    assert message_name(b"\x01\x02") == "0102"
    assert setl_id_of(Envelope(fixmedins_code="H44030000001", infno="2207", msgid="m1")) == setl_id_text(id_)


def test_a_gateways_page_tells_queues_silent_partitions_and_alarms() -> None:
    said = gateway_page(Page(GATEWAY_PAGE))
    assert said["queues"]["messages open"] == 3
    assert said["queues"]["decisions waiting to be booked"] == 2
    assert said["queues"]["questions under way"] is None
    assert said["silent_partitions"] == ["45/1"]
    assert said["alarms"] == {"a reply record cannot be read": 4}


def test_another_processs_page_is_refused() -> None:
    with pytest.raises(NotAnswered, match="no home node"):
        home_page(Page(GATEWAY_PAGE))
    with pytest.raises(NotAnswered, match="no gateway"):
        gateway_page(Page("home_items_waiting 1.0\n"))
    assert home_page(Page("home_items_waiting 1.0\nhome_decisions 7.0\n"))["decisions_since_takeover"] == 7


def test_where_the_page_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DSGW_POSTGRES_DSN", "postgresql://nobody")
    assert page_url("", OperatorSettings.read()) == ""
    monkeypatch.setenv("DSGW_METRICS_PORT", "9100")
    settings = OperatorSettings.read()
    assert page_url("", settings) == "http://127.0.0.1:9100/metrics"
    assert page_url("10.0.0.1:9101", settings) == "http://10.0.0.1:9101/metrics"
    assert page_url("https://m/page", settings) == "https://m/page"


@pytest.mark.parametrize("url", ["file:///etc/hostname", "http://127.0.0.1:1/metrics"])
def test_a_page_that_cannot_be_read_is_a_sentence(url: str) -> None:
    with pytest.raises(NotAnswered, match=r"no address|does not answer"):
        read_page(url)


def test_what_an_item_would_be_now_in_words() -> None:
    amounts = {
        "total_fen": 10_000,
        "fund_sum_fen": 6_000,
        "account_fen": 0,
        "family_fen": 0,
        "cash_fen": 4_000,
    }
    paid = Tried("PAID", "", amounts | {"hospital_fen": 0})
    assert tried_words(paid).startswith("Now it would be PAID: of 100.00 yuan 60.00 from the funds, ")
    assert tried_words(Tried("DECLINED", "NO_POLICY", {})) == "Now it would be DECLINED NO_POLICY."
    assert tried_words(Tried("OK", "", {})) == "Now it would be OK; no money would move."
    broken, raising = (
        Tried("PAID", "", amounts, guard="row_zero_sum"),
        Tried("DECLINED", "INTERNAL", {}, error="KeyError"),
    )
    assert "its row breaks row_zero_sum" in tried_words(broken)
    assert "raises KeyError" in tried_words(raising)
    assert (broken.parked_again, raising.parked_again, paid.parked_again) == (True, True, False)
    assert "final" in FINAL


def test_every_kind_of_message_has_a_name() -> None:
    names = [kind_name(kind) for kind in sorted(set(KIND_OF.values()))]
    assert not [name for name in names if name.startswith("kind ")]
    assert len(set(names)) == len(names)
    assert kind_name(99) == "kind 99"
