"""Steps of a visit between opening and cancelling: facts that change, the discharge, and its taking back."""

from datetime import timedelta
from typing import Any

import pytest

from gateway.admission import admit, sought_by
from gateway.care_book import VISIT_CANCELLED, VISIT_CLOSED, RequestRow, Visit
from gateway.entrance import Admitted, Verdict
from gateway.refusals import Refused
from gateway.visiting import CHANGED_FACTS, CHANGED_TO_CLOSED, CHANGED_TO_REOPENED
from proto.settlement.v1 import settlement_pb2 as pb
from runtime.keys import bill_key, setl_id_text
from tests.builders import (
    OTHER_HOSPITAL,
    OTHER_PSN,
    PSN,
    TODAY,
    a_call,
    a_house,
    a_settle_request,
    a_view,
    a_visit,
    a_visit_cancel,
    a_visit_key,
    an_envelope,
    an_id,
    an_opening,
)

FINAL_BILL = bill_key(a_visit_key(), "")
INTERIM_BILL = bill_key(a_visit_key(), f"interim {TODAY} {TODAY}")
CLOSED = a_visit(state=VISIT_CLOSED)


def fields_of(changes: dict[str, Any]) -> dict[str, Any]:
    return {"psn_no": PSN, "mdtrt_id": setl_id_text(a_visit_key())} | changes


def an_update(infno: str = "2203", **changes: Any) -> pb.UpdateVisitRequest:
    return pb.UpdateVisitRequest(
        envelope=an_envelope(infno, "u1"), input=pb.UpdateVisitInput(**fields_of(changes))
    )


def a_closing(infno: str = "2402", **changes: Any) -> pb.CloseVisitRequest:
    return pb.CloseVisitRequest(
        envelope=an_envelope(infno, "c1"), input=pb.CloseVisitInput(**fields_of(changes))
    )


def a_reopening(infno: str = "2405", **changes: Any) -> pb.ReopenVisitRequest:
    return pb.ReopenVisitRequest(
        envelope=an_envelope(infno, "r1"), input=pb.ReopenVisitInput(**fields_of(changes))
    )


STEPS: dict[str, Any] = {"update": an_update, "close": a_closing, "reopen": a_reopening}


def judged(request: Any, *visits: Visit) -> Verdict:
    return admit(a_call(request), house=a_house(), view=a_view(visits=visits))


def refused(request: Any, *visits: Visit) -> Refused:
    verdict = judged(request, *visits)
    assert isinstance(verdict, Refused), verdict
    return verdict


def row_of(request: Any, *visits: Visit) -> RequestRow:
    verdict = judged(request, *visits)
    assert isinstance(verdict, Admitted), verdict
    assert verdict.item is None
    assert len(verdict.rows) == 1
    return verdict.rows[0]


def outcome_of(row: RequestRow) -> pb.Outcome:
    return pb.Outcome.FromString(row.own_answer or b"")


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
@pytest.mark.parametrize(
    ("visit", "code"),
    [
        (a_visit(busy=an_id("x")), "BUSY_VISIT"),
        (a_visit(psn_no=OTHER_PSN), "WRONG_PERSON"),
        (a_visit(fixmedins_code=OTHER_HOSPITAL), "UNKNOWN_VISIT"),
        (a_visit(id=an_id("other")), "UNKNOWN_VISIT"),
        (a_visit(state=VISIT_CANCELLED), "VISIT_CLOSED"),
    ],
)
def test_a_step_is_refused_where_the_visit_is_not_free_or_not_the_sender_s(
    step: Any, visit: Visit, code: str
) -> None:
    assert refused(step(), visit).code == code


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_a_step_names_its_visit_and_person_and_has_its_own_number(step: Any) -> None:
    verdict = refused(step(psn_no="", mdtrt_id=""), a_visit())
    assert [one.field for one in verdict.violations] == ["input.mdtrt_id", "input.psn_no"]
    assert refused(step(mdtrt_id="no id of ours"), a_visit()).code == "UNKNOWN_VISIT"
    wrong = refused(step("2201"), a_visit())
    assert (wrong.code, wrong.violations[0].field) == ("INVALID", "envelope.infno")


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_a_step_is_decided_here_under_the_version_of_its_visit(step: Any) -> None:
    visit = a_visit(version=7)
    row = row_of(step(), visit)
    assert (row.visit, row.visit_version, row.exclusive, row.item) == (visit.id, 7, False, None)
    assert sought_by(a_call(step())).visit == visit.id
    outcome = outcome_of(row)
    assert (outcome.status, outcome.mdtrt_id) == (pb.OUTCOME_STATUS_OK, setl_id_text(visit.id))


# ------------------------------------------------------------------------------------------------- other facts


def test_an_update_changes_what_it_says_and_leaves_out_the_rest() -> None:
    row = row_of(an_update(dise_codg="M01", trum_flag="1", rel_ttp_flag="0"), a_visit())
    assert (row.new_state, row.dise_codg, row.injury, row.third_party) == (CHANGED_FACTS, "M01", True, False)
    assert (row.med_type, row.matn_type, row.emergency, row.end_day) == (None, None, None, None)
    other = row_of(an_update(med_type="14", matn_type="2", otp_er_refl_flag="1"), a_visit())
    assert (other.med_type, other.matn_type, other.emergency) == ("14", "2", True)
    assert (other.dise_codg, other.injury, other.third_party) == (None, None, None)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"med_type": "21"}, "input.med_type"),
        ({"med_type": "99"}, "input.med_type"),
        ({"dise_codg": "M" * 31}, "input.dise_codg"),
        ({"matn_type": "\x00"}, "input.matn_type"),
        ({"otp_er_refl_flag": "2"}, "input.otp_er_refl_flag"),
        ({"trum_flag": "x"}, "input.trum_flag"),
        ({"rel_ttp_flag": "yes"}, "input.rel_ttp_flag"),
    ],
)
def test_a_malformed_update_names_its_fault(changes: dict[str, Any], field: str) -> None:
    verdict = refused(an_update(**changes), a_visit())
    assert (verdict.code, [one.field for one in verdict.violations]) == ("INVALID", [field])


def test_a_stay_stays_a_stay_whichever_kind_of_it() -> None:
    stay = a_visit(med_type="21")
    assert row_of(an_update("2403", med_type="24"), stay).med_type == "24"
    assert refused(an_update("2403", med_type="11"), stay).code == "INVALID"


# ------------------------------------------------------------------------------------------------- discharge


def test_a_visit_is_closed_on_the_day_of_discharge_or_today() -> None:
    stay = a_visit(med_type="21", begin_day=TODAY - timedelta(days=5))
    yesterday = TODAY - timedelta(days=1)
    row = row_of(a_closing(endtime=f"{yesterday} 10:00:00"), stay)
    assert (row.new_state, row.end_day) == (CHANGED_TO_CLOSED, yesterday)
    assert row_of(a_closing(), stay).end_day == TODAY
    assert outcome_of(row).code == ""


@pytest.mark.parametrize(
    "endtime", ["tomorrow", f"{TODAY + timedelta(days=1)} 08:00:00", f"{TODAY - timedelta(days=1)} 08:00:00"]
)
def test_a_discharge_lies_between_the_visit_s_begin_and_now(endtime: str) -> None:
    verdict = refused(a_closing(endtime=endtime), a_visit())
    assert (verdict.code, verdict.violations[0].field) == ("INVALID", "input.endtime")


def test_a_closed_visit_takes_no_other_facts() -> None:
    assert refused(an_update(dise_codg="M01"), CLOSED).code == "VISIT_CLOSED"


def test_a_closed_visit_can_be_settled() -> None:
    verdict = judged(a_settle_request(), CLOSED)
    assert isinstance(verdict, Admitted), verdict
    assert verdict.item is not None


def test_a_closed_visit_is_not_opened_by_registering_again_nor_given_to_somebody_else() -> None:
    row = row_of(an_opening(), CLOSED)
    assert (row.opens_visit, row.new_state, row.visit_version) == (False, None, None)
    assert outcome_of(row).mdtrt_id == setl_id_text(a_visit_key())
    assert refused(an_opening(), a_visit(state=VISIT_CLOSED, psn_no=OTHER_PSN)).code == "WRONG_PERSON"


def test_closing_and_reopening_again_have_nothing_to_do() -> None:
    for request, visit in ((a_closing(), CLOSED), (a_reopening(), a_visit())):
        row = row_of(request, visit)
        assert (row.new_state, row.end_day) == (None, None)
        assert (outcome_of(row).status, outcome_of(row).code) == (pb.OUTCOME_STATUS_OK, "NOTHING_TO_UNDO")


# ------------------------------------------------------------------------------------------------- taking it back


def test_a_discharge_is_taken_back() -> None:
    row = row_of(a_reopening(), CLOSED)
    assert (row.new_state, outcome_of(row).code) == (CHANGED_TO_REOPENED, "")


def test_a_discharge_stands_while_the_settlement_of_the_stay_lives() -> None:
    stay = a_visit(med_type="21", state=VISIT_CLOSED, live_bills=(INTERIM_BILL, FINAL_BILL), unsealed=2)
    assert refused(a_reopening(), stay).code == "VISIT_IN_USE"
    undone = stay._replace(live_bills=(INTERIM_BILL,))
    assert row_of(a_reopening(), undone).new_state == CHANGED_TO_REOPENED


def test_a_visit_that_holds_fee_lines_is_not_cancelled() -> None:
    assert refused(a_visit_cancel(), a_visit(fee_lines=3)).code == "VISIT_IN_USE"
    assert row_of(a_visit_cancel(), CLOSED).new_state == VISIT_CANCELLED
