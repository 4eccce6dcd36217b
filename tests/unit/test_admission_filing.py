"""A filing is judged by its shape, asked of the home node, and claimed with the very bytes that the node answered."""

import re
from datetime import timedelta
from typing import Any

import pytest

from gateway.admission import admit, sought_by
from gateway.calls import NeedsNode
from gateway.checks import CARE_AGE_DAYS_MAX
from gateway.directory import Directory
from gateway.entrance import Admitted, Verdict
from gateway.filing.rules import AHEAD_DAYS_MAX, CHRONIC_DISEASES, care_prefix
from gateway.refusals import Refused
from homepool.policy.files import SHIPPED
from proto.settlement.v1 import messages_pb2 as mpb
from tests.builders import (
    HOME_POOL,
    HOSPITAL,
    NODE,
    OTHER_HOSPITAL,
    PARTITION,
    PHARMACY,
    PSN,
    TODAY,
    TODAY_TEXT,
    a_call,
    a_filing,
    a_house,
    a_referral,
    a_view,
    a_withdrawal,
    an_id,
)

ANSWER = b"what the node said"


def judged(request: Any, *, asked: bool = False, **view: Any) -> Verdict:
    call = a_call(request, node_answer=ANSWER if asked else None)
    return admit(call, house=a_house(), view=a_view(**view))


def question_of(request: Any) -> mpb.FilingAsk:
    verdict = judged(request)
    assert isinstance(verdict, NeedsNode), verdict
    assert (verdict.node, verdict.partition, verdict.credential) == (NODE, PARTITION, None)
    return verdict.question.filing


def faults_of(request: Any) -> list[str]:
    verdict = judged(request)
    assert isinstance(verdict, Refused), verdict
    return [one.field for one in verdict.violations] or [verdict.code]


def test_a_filing_is_asked_under_the_id_and_digest_of_its_message() -> None:
    request = a_filing(fil_type="long_term", begndate="2026-11-01", enddate="2027-11-01")
    call, question = a_call(request), question_of(request)
    assert sought_by(call).ids == (call.id,)
    assert (question.id, question.digest, question.infno, question.msgid) == (
        call.id, call.digest, "2501", "f1",
    )  # fmt: skip
    assert (question.psn_no, question.home_pool, question.filed_by) == (PSN, HOME_POOL, HOSPITAL)
    assert (question.kind, question.insutype, question.care) == ("long_term", "310", "4401")
    assert (question.begin_date, question.end_date) == ("2026-11-01", "2027-11-01")


def test_a_filing_begins_today_where_nothing_is_said() -> None:
    question = question_of(a_filing())
    assert (question.begin_date, question.end_date) == (TODAY_TEXT, "")


def test_what_the_node_answered_is_claimed_as_it_came() -> None:
    for request in (a_filing(), a_withdrawal(an_id("f1"))):
        verdict = judged(request, asked=True)
        assert isinstance(verdict, Admitted)
        (row,) = verdict.rows
        assert (row.own_answer, row.item, row.id) == (ANSWER, None, a_call(request).id)
        assert (row.node, row.partition, row.psn_no, row.visit) == (NODE, PARTITION, PSN, None)


def test_a_node_that_is_not_heard_of_is_not_asked() -> None:
    verdict = judged(a_filing(), silent=True)
    assert isinstance(verdict, Refused)
    assert verdict.code == "NODE_SILENT"


def test_chronic_diseases_and_designated_institutions_have_numbers_of_their_own() -> None:
    chronic = question_of(a_filing(infno="2503", opsp_dise_code="M01600", hosp_ide_date=TODAY_TEXT))
    assert (chronic.kind, chronic.disease, chronic.institution, chronic.care) == ("chronic", "M01600", "", "")
    chosen = question_of(a_filing(infno="2505A", fixmedins_code=OTHER_HOSPITAL))
    assert (chosen.kind, chosen.disease, chosen.institution, chosen.infno) == (
        "designated", "", OTHER_HOSPITAL, "2505",
    )  # fmt: skip


def test_a_withdrawal_names_the_filing_and_nothing_of_its_kind() -> None:
    question = question_of(a_withdrawal(an_id("f1")))
    assert (question.withdraws, question.infno, question.psn_no) == (an_id("f1"), "2502", PSN)
    assert (question.kind, question.begin_date, question.care) == ("", "", "")


def test_a_referral_names_who_takes_the_person_and_since_when() -> None:
    assert question_of(a_referral()).kind == question_of(a_referral(fil_type="")).kind == "referral"


YESTERDAY, TOMORROW = (str(TODAY + timedelta(days=days)) for days in (-1, 1))
BAD: dict[str, tuple[Any, str]] = {
    "no person": (a_filing(psn_no=""), "input.psn_no"),
    "no insurance": (a_filing(insutype=""), "input.insutype"),
    "no insurance of ours": (a_filing(insutype="999"), "input.insutype"),
    "an unknown kind": (a_filing(fil_type="holiday"), "input.fil_type"),
    "a chronic disease under 2501": (a_filing(fil_type="chronic"), "input.fil_type"),
    "no place": (a_filing(mdtrtarea_admdvs=""), "input.mdtrtarea_admdvs"),
    "a place that is none": (a_filing(mdtrtarea_admdvs="990000"), "input.mdtrtarea_admdvs"),
    "a place in words": (a_filing(mdtrtarea_admdvs="广州"), "input.mdtrtarea_admdvs"),
    "a day that is none": (a_filing(begndate="2026-13-01"), "input.begndate"),
    "a day with a time": (a_filing(begndate=f"{TODAY_TEXT} 09:00:00"), "input.begndate"),
    "a day far ahead": (
        a_filing(begndate=str(TODAY + timedelta(days=AHEAD_DAYS_MAX + 1))), "input.begndate",
    ),
    "a day of long ago": (
        a_filing(begndate=str(TODAY - timedelta(days=CARE_AGE_DAYS_MAX + 1))), "input.begndate",
    ),
    "an end that is none": (a_filing(enddate="soon"), "input.enddate"),
    "an end before the beginning": (a_filing(enddate=YESTERDAY), "input.enddate"),
    "a disease with a place": (a_filing(opsp_dise_code="M01600"), "input.opsp_dise_code"),
    "an institution with a place": (a_filing(fixmedins_code=OTHER_HOSPITAL), "input.fixmedins_code"),
    "a place with a disease": (
        a_filing(infno="2503", opsp_dise_code="M01600", mdtrtarea_admdvs="440100"), "input.mdtrtarea_admdvs",
    ),
    "no disease": (a_filing(infno="2503"), "input.opsp_dise_code"),
    "a disease that is none": (a_filing(infno="2503", opsp_dise_code="M99999"), "input.opsp_dise_code"),
    "found tomorrow": (
        a_filing(infno="2503", opsp_dise_code="M01600", hosp_ide_date=TOMORROW), "input.hosp_ide_date",
    ),
    "no institution": (a_filing(infno="2505"), "input.fixmedins_code"),
    "an unknown institution": (a_filing(infno="2505", fixmedins_code="H99999999999"), "input.fixmedins_code"),
    "a referral to nobody": (a_referral(reflin_medins_no=""), "input.reflin_medins_no"),
    "a referral to another city": (a_referral(reflin_medins_no="H44030490001"), "input.reflin_medins_no"),
    "a referral without a day": (a_referral(refl_date=""), "input.refl_date"),
    "a referral of tomorrow": (a_referral(refl_date=TOMORROW), "input.refl_date"),
    "a referral of no type": (a_referral(refl_type=""), "input.refl_type"),
    "a referral of the wrong type": (a_referral(refl_type="2"), "input.refl_type"),
    "a referral that the hospital is against": (a_referral(hosp_agre_refl_flag="0"), "input.hosp_agre_refl_flag"),
    "a pharmacy's referral": (a_referral(envelope={"fixmedins_code": PHARMACY}), "input.fil_type"),
    "a diagnosis too long": (a_referral(diag_code="x" * 31), "input.diag_code"),
    "an opinion with a NUL": (a_referral(refl_opnn="\0"), "input.refl_opnn"),
    "no filing": (a_withdrawal(an_id("f"), trt_dcla_detl_sn=""), "input.trt_dcla_detl_sn"),
    "a filing's number that is none": (a_withdrawal(an_id("f"), trt_dcla_detl_sn="7"), "input.trt_dcla_detl_sn"),
    "nobody's withdrawal": (a_withdrawal(an_id("f"), psn_no=""), "input.psn_no"),
    "a withdrawal under a filing's number": (a_withdrawal(an_id("f"), infno="2501"), "envelope.infno"),
    "a suspended hospital": (a_filing(envelope={"fixmedins_code": "H44011190021"}), "NOT_IN_AGREEMENT"),
    "an unknown pool": (a_filing(envelope={"insuplc_admdvs": "990100"}), "UNKNOWN_POOL"),
}  # fmt: skip


@pytest.mark.parametrize(("request_", "fault"), BAD.values(), ids=BAD)
def test_bad_input_is_refused_by_the_name_of_its_field(request_: Any, fault: str) -> None:
    assert faults_of(request_) == [fault]


def test_a_referral_s_type_is_that_of_the_way_from_home_to_care() -> None:
    for home, division, fits in (
        ("450100", "440100", "3"), ("440300", "440106", "2"), ("440100", "440106", "1"), ("440300", "440000", "2"),
        ("450100", "440000", "3"),
    ):  # fmt: skip
        for refl_type in "123":
            request = a_referral(
                refl_type=refl_type, mdtrtarea_admdvs=division, envelope={"insuplc_admdvs": home}
            )
            assert isinstance(judged(request), Refused) == (refl_type != fits), (home, division, refl_type)


@pytest.mark.parametrize(
    ("division", "prefix"),
    [
        ("440300", "4403"),
        ("440305", "4403"),  # a county: its whole city
        ("500000", "50"),
        ("500103", "50"),  # a district of a municipality
        ("440000", "44"),
        ("999999", ""),
        ("44030", ""),
        ("４４０３００", ""),
    ],
)
def test_a_place_is_a_city_a_municipality_or_a_province(division: str, prefix: str) -> None:
    assert care_prefix(division, Directory.load()) == prefix


def test_every_disease_of_a_policy_can_be_filed() -> None:
    texts = [path.read_text(encoding="utf-8") for path in SHIPPED.glob("*.toml")]
    named = {disease for text in texts for disease in re.findall(r"\bM\d{5}\b", text)}
    assert named
    assert named <= set(CHRONIC_DISEASES)
