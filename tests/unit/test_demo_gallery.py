"""The gallery has a sheet for everything that the gateway settles and files: a new kind without an exhibit fails here."""

from collections.abc import Mapping

import pytest

from gateway.checks import MED_TYPES_OF
from gateway.filing.rules import CHRONIC, DESIGNATED, OFF_SITE
from proto.settlement.v1 import settlement_pb2 as pb
from stack import gallery
from stack.bills import RECIPES
from stack.errors import DemoDataWrong, MorningFailed
from stack.gallery import EXHIBITS, Exhibit, Gallery, Sheet
from stack.gallery_sheets import percent, short, side_by_side
from stack.hospitals import SETTING_OF, Desk, read_institutions
from stack.morning import Town
from stack.sheets import CARE, FILINGS
from stack.steps import returned
from stack.stories import Visit
from stack.visitors import ROLES, Visitors, set_aside
from tests.demo_people import TODAY, encounter, patient
from tests.demo_rows import paid_row

ACCEPTED = frozenset().union(*MED_TYPES_OF.values())
PLACES: Mapping[str, str] = {"440300": "深圳市", "450100": "南宁市"}


def a_sheet(title: str, filing: str) -> Sheet:
    one = encounter()
    visit = Visit(encounter=one, desk=Desk(one.institution), price_list=(), seed=1)
    paid = pb.Outcome.FromString(paid_row()["answer"])
    paid.setlinfo.filing = filing
    return Sheet(title, visit, paid, filing)


def a_gallery() -> Gallery:
    async def office(applications: object) -> list[dict[str, object]]:
        raise AssertionError

    return Gallery(Town(doors={}, price_lists={}, seed=1), Visitors({}, (), TODAY.isoformat()), office)


def test_every_med_type_that_the_gateway_settles_has_a_sheet_a_word_and_a_bill() -> None:
    assert {care for one in EXHIBITS for care in one.med_types} == ACCEPTED
    assert set(CARE) >= ACCEPTED
    assert set(RECIPES) >= ACCEPTED
    assert set(SETTING_OF) >= ACCEPTED


def test_every_kind_of_filing_has_a_sheet_and_so_has_care_without_one() -> None:
    shown = {filing for one in EXHIBITS for filing in one.filings}
    assert shown == {*OFF_SITE, CHRONIC, DESIGNATED, "unfiled", "local"}
    assert {*OFF_SITE, "unfiled", "local"} <= set(FILINGS)


async def test_an_exhibit_without_the_sheet_that_it_promises_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing(_: Gallery) -> None:
        return

    monkeypatch.setattr(gallery, "EXHIBITS", (Exhibit(("21",), ("local", "other"), nothing),))
    with pytest.raises(MorningFailed, match="21 local, 21 other"):
        await gallery.play(a_gallery(), lambda: None)


def test_a_short_sheet_has_the_bill_by_coverage_each_payer_and_why() -> None:
    text = "\n".join(short(a_sheet("at home", "unfiled"), PLACES))
    for said in (
        "[11] 普通门诊",
        "at home",
        "深圳市",
        "南宁市",
        "未备案",
        "100.00 = not covered",
        "70 % of 80.00",
        "cash",
    ):
        assert said in text
    assert text.count("个人账户") == 1
    assert (percent(7_000), percent(5_550)) == ("70 %", "55.50 %")


def test_the_sheets_of_the_same_stay_stand_side_by_side() -> None:
    sheets = [a_sheet("the same stay, other", "other"), a_sheet("at home", "local")]
    assert side_by_side(sheets).row_count == 1


def test_a_returned_line_takes_back_all_of_its_own_and_names_it() -> None:
    line = pb.FeeDetail(feedetl_sn="1", cnt=20_000, pric=5, det_item_fee_sumamt=7, drug_trac_codg=["8" * 20])
    back = returned(line)
    assert (back.feedetl_sn, back.init_feedetl_sn) == ("1R", "1")
    assert (back.cnt, back.pric, back.det_item_fee_sumamt, list(back.drug_trac_codg)) == (-20_000, 5, -7, [])


def test_each_role_has_a_person_of_its_own_and_the_morning_keeps_the_rest() -> None:
    people = [
        patient(place * 10 + number % 2, pool=role.pool or "441500", insutypes=(role.insutype,), age=30)
        for number in range(8)
        for place, role in enumerate(ROLES.values(), 10 * number)
    ]
    found, left = set_aside(people)
    assert set(found) == set(ROLES)
    assert not {one.psn_no for one in found.values()} & {one.psn_no for one in left}
    assert len(left) == len(people) - len(ROLES)
    with pytest.raises(DemoDataWrong, match="fits the role"):
        set_aside(people[:1])


def test_a_person_is_treated_where_the_agreement_allows_and_not_where_he_must_not() -> None:
    visitors = Visitors({"employee": patient()}, read_institutions(), TODAY.isoformat())
    one = visitors.encounter("employee", "11")
    other = visitors.encounter("employee", "11", unlike=frozenset({one.institution.code}))
    assert one.institution.care_pool == other.institution.care_pool == "440300"
    assert one.institution.code != other.institution.code
    assert one.number != other.number
    with pytest.raises(DemoDataWrong, match="settles 11"):
        visitors.encounter("employee", "11", care_pool="999900")
