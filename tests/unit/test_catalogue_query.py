"""Catalogues and dictionaries page by page, institutions as the directory has them, and who may ask."""

from dataclasses import replace
from datetime import date
from typing import Any

import grpc
import pytest

from gateway.catalogue import OUTSIDE, Catalogue, Item
from gateway.catalogue_query import (
    CATALOGUE_INFNOS,
    DICTIONARIES,
    DRUG_LETTERS_OF,
    KINDS_OF,
    NOT_HELD,
    CatalogueQuery,
)
from gateway.directory import INSURANCES, MEDICAL_TYPES
from gateway.refusals import Refused
from proto.settlement.v1 import settlement_pb2 as pb
from tests.builders import CARE_POOL, HOSPITAL, PHARMACY, TODAY, a_house, an_envelope
from tests.simulation.virtual_time import VirtualClock, run

ABROAD = "H45010390001"


def an_item(kind: str, first: str = "2024-01-01", **changes: Any) -> Item:
    """A version of class 乙."""
    fields: dict[str, Any] = {
        "first": first, "key": ("02", 1_000), "limits": (0, 10, 20, 30), "name": f"some {kind}", "kind": kind,
        "last": "9999-12-31~",
    } | changes  # fmt: skip
    return replace(OUTSIDE, **fields)


SMALL = {
    "X1": an_item("drug"),
    "Z1": an_item("drug", "2026-05-01", older=an_item("drug", last="2026-04-30~")),
    "T1": an_item("drug"),
    "001": an_item("service", last="2026-12-31~"),
    "C1": an_item("consumable"),
}


def ask(request: Any, *, items: dict[str, Item] | None = None) -> Any:
    """What the query answers; over the shipped catalogues, or over one of these items."""

    async def main() -> Any:
        house = a_house()
        if items is not None:
            house = replace(house, catalogues={CARE_POOL: Catalogue(CARE_POOL, items)})
        query = CatalogueQuery(house=house, clock=VirtualClock())
        institution = isinstance(request, pb.GetInstitutionRequest)
        return await (query.get_institution(request) if institution else query.get_catalogue(request))

    return run(main())


def catalogue(infno: str, *, sender: str = HOSPITAL, **given: Any) -> pb.GetCatalogueRequest:
    """A question for a catalogue or dictionary."""
    envelope = an_envelope(infno, "q1", fixmedins_code=sender, insuplc_admdvs="")
    return pb.GetCatalogueRequest(envelope=envelope, **given)


def codes(response: pb.GetCatalogueResponse) -> list[str]:
    return [item.med_list_codg for item in response.items]


@pytest.mark.parametrize(
    ("infno", "wanted"),
    [
        ("1301", ["X1", "Z1"]), ("1302", ["T1"]), ("1305", ["001"]), ("1306", ["C1"]),
        ("1312", ["001", "C1", "T1", "X1", "Z1"]), ("1318A", ["001", "C1", "T1", "X1", "Z1"]),
    ],
)  # fmt: skip
def test_each_transaction_gives_its_list_types(infno: str, wanted: list[str]) -> None:
    assert codes(ask(catalogue(infno), items=SMALL)) == wanted


def test_an_item_is_said_with_class_ratio_limits_and_days() -> None:
    (item,) = ask(catalogue("1305"), items=SMALL).items
    assert (item.reg_name, item.list_type, item.chrgitm_lv, item.selfpay_prop) == (
        "some service", "service", "02", 1_000,
    )  # fmt: skip
    assert list(item.pric_uplmt_amt) == [10, 20, 30]
    assert (item.begndate, item.enddate) == ("2024-01-01", "2026-12-31")
    assert ask(catalogue("1306"), items=SMALL).items[0].enddate == "", "no end is agreed"


def test_an_item_says_whether_its_lines_need_a_traceability_code_today() -> None:
    flags = {item.list_type: item.drug_trac_flag for item in ask(catalogue("1312", page_size=1_000)).items}
    assert flags == {"drug": "1", "service": "0", "consumable": "0"}


def test_pages_give_every_item_once_and_the_last_says_so() -> None:
    got, after, pages = [], "", 0
    while True:
        page = ask(catalogue("1312", page_size=2, page_after=after), items=SMALL)
        got += codes(page)
        pages += 1
        if not page.next_page:
            break
        after = page.next_page
    assert (got, pages) == (sorted(SMALL), 3)
    whole = ask(catalogue("1312", page_size=5), items=SMALL)
    assert (len(whole.items), whole.next_page) == (5, ""), "a page that is just full is the last one"


def test_a_page_carries_a_hundred_items_unless_said_otherwise() -> None:
    many = {f"X{number:04}": an_item("drug") for number in range(150)}
    page = ask(catalogue("1301"), items=many)
    assert (len(page.items), page.next_page) == (100, "X0099")


def test_only_what_changed_since_a_day_is_given() -> None:
    assert codes(ask(catalogue("1312", updt_time="2026-05-01 00:00:00"), items=SMALL)) == ["Z1"]
    assert codes(ask(catalogue("1312", updt_time="2026-05-02"), items=SMALL)) == []


def test_the_catalogue_is_that_of_the_caller_s_own_pool() -> None:
    shipped = a_house().catalogues[CARE_POOL]
    page = ask(catalogue("1312", page_size=1_000))
    assert codes(page) == sorted(shipped.items)[:1_000]
    assert {one.list_type for one in page.items} == {"drug", "service", "consumable"}


@pytest.mark.parametrize("dictionary", sorted(DICTIONARIES))
def test_a_dictionary_gives_its_codes_with_labels(dictionary: str) -> None:
    response = ask(catalogue("1901", dictionary=dictionary))
    assert {one.value: one.label for one in response.entries} == DICTIONARIES[dictionary]
    assert {one.type for one in response.entries} == {dictionary}
    assert all(one.label for one in response.entries)


def test_the_dictionaries_are_what_messages_are_checked_against() -> None:
    assert set(DICTIONARIES["med_type"]) == MEDICAL_TYPES
    assert set(DICTIONARIES["insutype"]) == INSURANCES


def test_a_dictionary_is_paged_too() -> None:
    first = ask(catalogue("1901", dictionary="med_type", page_size=8))
    rest = ask(catalogue("1901", dictionary="med_type", page_size=8, page_after=first.next_page))
    assert [one.value for one in (*first.entries, *rest.entries)] == sorted(MEDICAL_TYPES)
    assert rest.next_page == ""


@pytest.mark.parametrize(
    ("infno", "given", "field"),
    [
        ("1901", {}, "dictionary"), ("1901", {"dictionary": "colours"}, "dictionary"),
        ("1312", {"dictionary": "med_type"}, "dictionary"), ("1312", {"page_size": 1_001}, "page_size"),
        ("1312", {"page_size": -1}, "page_size"), ("1312", {"updt_time": "yesterday"}, "updt_time"),
        ("1312", {"page_after": "X" * 51}, "page_after"), ("5203", {}, "envelope.infno"),
    ],
)  # fmt: skip
def test_a_malformed_question_is_refused_by_field(infno: str, given: dict[str, Any], field: str) -> None:
    refused = ask(catalogue(infno, **given))
    assert isinstance(refused, Refused)
    assert refused.code == "INVALID"
    assert [one.field for one in refused.violations] == [field]


@pytest.mark.parametrize("infno", sorted(NOT_HELD))
def test_what_is_not_held_here_is_refused_and_not_answered_with_nothing(infno: str) -> None:
    refused = ask(catalogue(infno))
    assert isinstance(refused, Refused)
    assert (refused.code, refused.status) == ("NO_CATALOGUE", grpc.StatusCode.NOT_FOUND)


def test_every_transaction_of_the_contract_is_taken() -> None:
    numbered = {str(number) for number in range(1301, 1320)} | {"1901"}
    assert numbered == CATALOGUE_INFNOS, CATALOGUE_INFNOS ^ numbered
    assert set(DRUG_LETTERS_OF) <= set(KINDS_OF)


def test_another_region_s_institution_is_sent_to_its_own_gateway() -> None:
    assert ask(catalogue("1312", sender=ABROAD)).code == "WRONG_REGION"
    assert ask(catalogue("1312", sender="H99999999999")).code == "UNKNOWN_INSTITUTION"


def institution(code: str = "", **envelope: Any) -> pb.GetInstitutionRequest:
    """1201."""
    sent = an_envelope("1201", "q1", insuplc_admdvs="", **envelope)
    return pb.GetInstitutionRequest(envelope=sent, fixmedins_code=code)


def test_an_institution_asks_for_itself_or_for_any_other() -> None:
    own = ask(institution())
    known = a_house().directory.institutions[HOSPITAL]
    assert (own.fixmedins_code, own.fixmedins_name, own.fixmedins_type) == (HOSPITAL, known.name, "1")
    assert own.fixmedins_poolarea == str(CARE_POOL)
    assert date.fromisoformat(own.agreement_from) <= TODAY
    assert own.network == "open"
    assert [one.route for one in own.services] == ["1", "2", "3"]
    assert set(own.services[0].med_type) == known.services[1]
    assert ask(institution(PHARMACY)).fixmedins_type == "2"
    assert ask(institution(ABROAD)).fixmedins_code == ABROAD, "the directory is of the whole network"


def test_an_unknown_institution_is_refused() -> None:
    assert ask(institution("H00000000000")).code == "UNKNOWN_INSTITUTION"
    assert ask(institution("H" * 13)).code == "INVALID"
