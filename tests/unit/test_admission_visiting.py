"""A visit is opened for one person and one pool, cancelled while unused, and bound anew once nothing of it can live."""

from datetime import timedelta
from typing import Any

import pytest

from gateway.admission import admit, sought_by
from gateway.calls import NeedsNode
from gateway.care_book import VISIT_CANCELLED, VISIT_OPEN, Visit
from gateway.entrance import Admitted, Verdict
from gateway.refusals import Refused
from proto.settlement.v1 import settlement_pb2 as pb
from runtime.keys import setl_id_text
from tests.builders import (
    CARE_POOL,
    HOME_POOL,
    NODE,
    OTHER_HOSPITAL,
    OTHER_PSN,
    PARTITION,
    PSN,
    TODAY,
    a_call,
    a_house,
    a_view,
    a_visit,
    a_visit_cancel,
    a_visit_key,
    an_id,
    an_opening,
)


def judged(request: Any, *visits: Visit, asked: bool = True, **view: Any) -> Verdict:
    call = a_call(request, node_answer=b"" if asked else None)
    return admit(call, house=a_house(), view=a_view(visits=visits, **view))


def refused(request: Any, *visits: Visit, **view: Any) -> Refused:
    verdict = judged(request, *visits, **view)
    assert isinstance(verdict, Refused), verdict
    return verdict


def admitted(request: Any, *visits: Visit, **view: Any) -> Admitted:
    verdict = judged(request, *visits, **view)
    assert isinstance(verdict, Admitted), verdict
    return verdict


def test_an_unknown_visit_needs_the_home_node_s_word_for_the_person() -> None:
    assert isinstance(judged(an_opening(), asked=False), NeedsNode)
    assert refused(an_opening(), asked=False, silent=True).code == "NODE_SILENT"


def test_a_visit_is_opened_with_what_its_settlements_will_read() -> None:
    request = an_opening(
        begntime=f"{TODAY - timedelta(days=1)} 08:00:00", dise_codg="M01", matn_type="1", otp_er_refl_flag="1",
        trum_flag="1", rel_ttp_flag="1",
    )  # fmt: skip
    row = admitted(request).rows[0]
    assert (row.opens_visit, row.visit, row.visit_version, row.new_state) == (True, a_visit_key(), None, None)
    assert (row.node, row.partition, row.psn_no) == (NODE, PARTITION, PSN)
    assert (row.home_pool, row.care_pool, row.insutype, row.med_type) == (HOME_POOL, CARE_POOL, "310", "11")
    assert (row.serial, row.begin_day, row.dise_codg, row.matn_type) == (
        "visit-1", TODAY - timedelta(days=1), "M01", "1"
    )  # fmt: skip
    assert (row.emergency, row.injury, row.third_party) == (True, True, True)
    outcome = pb.Outcome.FromString(row.own_answer or b"")
    assert (outcome.status, outcome.mdtrt_id) == (pb.OUTCOME_STATUS_OK, setl_id_text(a_visit_key()))


def test_a_visit_begins_today_where_nothing_is_said() -> None:
    assert admitted(an_opening()).rows[0].begin_day == TODAY


def test_opening_an_open_visit_again_gives_the_same_visit_and_changes_nothing() -> None:
    for asked in (False, True):
        row = admitted(an_opening("again"), a_visit(version=5), asked=asked).rows[0]
        assert (row.opens_visit, row.visit_version, row.new_state) == (False, None, None)
        assert pb.Outcome.FromString(row.own_answer or b"").mdtrt_id == setl_id_text(a_visit_key())


@pytest.mark.parametrize(
    "visit",
    [
        a_visit(psn_no=OTHER_PSN),
        a_visit(home_pool=440300),
        a_visit(psn_no=OTHER_PSN, state=VISIT_CANCELLED, unsealed=1),
        a_visit(psn_no=OTHER_PSN, state=VISIT_CANCELLED, busy=an_id("x")),
    ],
)
def test_a_visit_number_that_is_another_s_or_could_become_it_again_is_refused(visit: Visit) -> None:
    assert refused(an_opening(), visit).code == "WRONG_PERSON"


@pytest.mark.parametrize(
    "was", [{}, {"psn_no": OTHER_PSN, "node": 44, "partition": 1 - PARTITION}, {"unsealed": 2}]
)
def test_a_cancelled_visit_is_opened_again_under_its_version(was: dict[str, Any]) -> None:
    visit = a_visit(state=VISIT_CANCELLED, version=4, cancelled_by=an_id("c"), **was)
    assert isinstance(judged(an_opening(), visit, asked=False), NeedsNode)
    row = admitted(an_opening(), visit).rows[0]
    assert (row.opens_visit, row.visit_version, row.new_state) == (False, 4, VISIT_OPEN)
    assert (row.psn_no, row.node, row.partition, row.home_pool) == (PSN, NODE, PARTITION, HOME_POOL)


OPENINGS: dict[str, tuple[dict[str, Any], str]] = {
    "no person": ({"psn_no": ""}, "input.psn_no"),
    "no number": ({"ipt_otp_no": ""}, "input.ipt_otp_no"),
    "a number of 31": ({"ipt_otp_no": "1" * 31}, "input.ipt_otp_no"),
    "a NUL in the number": ({"ipt_otp_no": "1\x00"}, "input.ipt_otp_no"),
    "no medical type": ({"med_type": ""}, "input.med_type"),
    "an inpatient type": ({"med_type": "21"}, "input.med_type"),
    "no insurance": ({"insutype": ""}, "input.insutype"),
    "an insurance of another kind": ({"insutype": "320"}, "input.insutype"),
    "the future": ({"begntime": f"{TODAY + timedelta(days=1)} 08:00:00"}, "input.begntime"),
    "long ago": ({"begntime": "2020-01-01 08:00:00"}, "input.begntime"),
    "no time": ({"begntime": "yesterday"}, "input.begntime"),
    "a flag of another kind": ({"trum_flag": "2"}, "input.trum_flag"),
    "a NUL in the disease": ({"dise_codg": "M\x00"}, "input.dise_codg"),
    "a NUL in the maternity type": ({"matn_type": "\x00"}, "input.matn_type"),
    "a disease too long": ({"dise_codg": "M" * 31}, "input.dise_codg"),
}


@pytest.mark.parametrize(("changes", "field"), OPENINGS.values(), ids=OPENINGS)
def test_a_malformed_opening_names_its_fault(changes: dict[str, Any], field: str) -> None:
    verdict = refused(an_opening(**changes))
    assert (verdict.code, [one.field for one in verdict.violations]) == ("INVALID", [field])
    assert verdict.err_msg.startswith(field)


def test_an_opening_needs_an_agreement_and_an_opened_service() -> None:
    assert refused(an_opening(envelope={"fixmedins_code": "H44011190021"})).code == "NOT_IN_AGREEMENT"
    assert refused(an_opening(envelope={"fixmedins_code": "H44011290023"})).code == "NOT_OPENED"


def test_the_number_of_a_visit_is_the_institution_s_own() -> None:
    mine, theirs = a_call(an_opening()), a_call(an_opening(envelope={"fixmedins_code": OTHER_HOSPITAL}))
    assert sought_by(mine).visit == a_visit_key() != sought_by(theirs).visit


# ------------------------------------------------------------------------------------------------- cancelling


def test_an_unused_visit_is_cancelled_under_its_version() -> None:
    row = admitted(a_visit_cancel(), a_visit(version=6)).rows[0]
    assert (row.visit_version, row.new_state, row.item) == (6, VISIT_CANCELLED, None)
    outcome = pb.Outcome.FromString(row.own_answer or b"")
    assert (outcome.status, outcome.code, outcome.undoes) == (pb.OUTCOME_STATUS_OK, "", "")


def test_a_cancelled_visit_stays_cancelled_by_whom_it_was() -> None:
    row = admitted(a_visit_cancel(), a_visit(state=VISIT_CANCELLED)).rows[0]
    assert row.new_state is None
    assert pb.Outcome.FromString(row.own_answer or b"").code == "NOTHING_TO_UNDO"


@pytest.mark.parametrize(
    ("visit", "code"),
    [
        (a_visit(busy=an_id("x")), "VISIT_IN_USE"),
        (a_visit(live_bills=(an_id("bill"),)), "VISIT_IN_USE"),
        (a_visit(psn_no=OTHER_PSN), "WRONG_PERSON"),
        (a_visit(fixmedins_code=OTHER_HOSPITAL), "UNKNOWN_VISIT"),
        (a_visit(id=an_id("other")), "UNKNOWN_VISIT"),
    ],
)
def test_a_visit_that_may_not_be_cancelled_is_refused(visit: Visit, code: str) -> None:
    assert refused(a_visit_cancel(), visit).code == code


def test_a_settlement_that_was_taken_back_does_not_hold_the_visit() -> None:
    assert admitted(a_visit_cancel(), a_visit(unsealed=1)).rows[0].new_state == VISIT_CANCELLED


def test_a_cancellation_names_its_visit_and_person() -> None:
    verdict = refused(a_visit_cancel(mdtrt_id="", psn_no=""))
    assert [one.field for one in verdict.violations] == ["input.mdtrt_id", "input.psn_no"]
    assert refused(a_visit_cancel(mdtrt_id="no id of ours")).code == "UNKNOWN_VISIT"
