"""The story of one visit as a generator: it yields the next message and is told its answer.

Goal: one telling of a visit (read the person, open the visit, trial settlement, settlement, and what may follow), which
serves unary calls and Session batches alike, and tests without a server. Whoever drives it sends a query's response and
a claimed message's final Outcome. What a hospital would not accept is a MorningFailed: a trial that promised other
figures, a cancel that did not take back exactly what was paid.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from proto.settlement.v1 import settlement_pb2 as pb
from stack import hospitals
from stack.bills import Bill, Item, make_bill
from stack.encounters import Encounter, Ending
from stack.errors import MorningFailed
from stack.hospitals import CHINA, PHARMACY, SETTING_OF, Desk, china_text
from stack.window import Request, Response

Answer = Response | pb.Outcome
Telling = Generator[Request, Answer, None]

TRIAL_FIGURES = (
    "medfee_sumamt", "fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt", "act_pay_dedc",
    "hifp_pay", "cvlserv_pay", "hifes_pay", "hifmi_pay", "hifob_pay", "hifdm_pay", "maf_pay", "oth_pay",
)  # fmt: skip
"""What a trial settlement promises. Not the account: relatives may draw on it in between."""
MIRRORED_FIGURES = (
    *TRIAL_FIGURES,
    "fund_pay_sumamt",
    "psn_part_amt",
    "acct_pay",
    "psn_cash_pay",
    "hosp_part_amt",
)


@dataclass(slots=True)
class Visit:
    """What the hospital notes down of one visit as it goes."""

    encounter: Encounter
    desk: Desk
    price_list: Sequence[Item]
    seed: int
    number: str = ""
    mdtrt_id: str = ""
    trial: pb.Outcome | None = None
    paid: pb.Outcome | None = None
    """The settlement that was paid last, undone since or not."""
    outcomes: list[pb.Outcome] = field(default_factory=list)
    begin: datetime = field(default_factory=lambda: datetime.now(CHINA))
    end: datetime = field(default_factory=lambda: datetime.now(CHINA))

    def __post_init__(self) -> None:
        self.number = self.desk.visit_number()
        # a stay ends today; it does not reach back into last year, whose accumulators are closed
        first = max(self.end - timedelta(days=self.encounter.days), self.end.replace(month=1, day=1))
        self.begin = first if self.encounter.days > 1 else self.end

    @property
    def setting(self) -> str:
        """Outpatient, inpatient or pharmacy: the family of transaction numbers."""
        return SETTING_OF[self.encounter.med_type]

    def bill(self) -> Bill:
        """The bill of this visit: the same each time it is asked for."""
        random = Random(f"bill {self.seed} {self.encounter.number}")
        return make_bill(
            self.price_list,
            med_type=self.encounter.med_type,
            days=max((self.end - self.begin).days, 1),
            at=china_text(self.end),
            serial=self.number,
            random=random,
        )

    def insured(self) -> pb.GetInsuredRequest:
        """1101 by identity number, with or without the insured division."""
        patient = self.encounter.patient
        division = patient.home_pool if self.encounter.knows_division else ""
        return pb.GetInsuredRequest(
            envelope=self.desk.envelope("1101", division),
            credential=patient.credential(),
            med_type=self.encounter.med_type,
            begntime=china_text(self.end),
        )

    def opening(self) -> pb.OpenVisitRequest:
        """2201 or 2401."""
        patient = self.encounter.patient
        return pb.OpenVisitRequest(
            envelope=self.desk.envelope(hospitals.OPEN_VISIT[self.setting], patient.home_pool),
            credential=patient.credential(),
            input=pb.VisitInput(
                psn_no=patient.psn_no,
                insutype=self.encounter.insutype,
                med_type=self.encounter.med_type,
                ipt_otp_no=self.number,
                begntime=china_text(self.begin),
                dise_codg=patient.disease(self.encounter.med_type),
                dept_code="A03",
                otp_er_refl_flag="1" if self.encounter.med_type == "13" else "",
                matn_type="1" if self.encounter.med_type in ("51", "52") else "",
            ),
        )

    def settlement_input(self) -> pb.SettleInput:
        """The business body that trial and settlement share."""
        bill, encounter = self.bill(), self.encounter
        given = pb.SettleInput(
            psn_no=encounter.patient.psn_no,
            mdtrt_id=self.mdtrt_id,
            med_type=encounter.med_type,
            insutype=encounter.insutype,
            medfee_sumamt=bill.total_fen,
            psn_setlway="01",
            acct_used_flag="1",
            dise_codg=encounter.patient.disease(encounter.med_type),
            er_flag="1" if encounter.med_type == "13" else "",
            feedetl=bill.lines,
        )
        if self.setting == PHARMACY:
            given.ipt_otp_no, given.invono = self.number, f"F{self.number}"
            given.fee_ocur_time = china_text(self.end)
        elif self.setting == hospitals.INPATIENT:
            given.begntime, given.endtime = china_text(self.begin), china_text(self.end)
        else:
            given.chrg_bchno = f"{self.number}-1"
        return given

    def settlement(self) -> pb.SettleRequest:
        """2207, 2304 or 2102, a new message each time it is asked for."""
        patient = self.encounter.patient
        return pb.SettleRequest(
            envelope=self.desk.envelope(hospitals.SETTLE[self.setting], patient.home_pool),
            credential=patient.credential(),
            input=self.settlement_input(),
        )


def before_settlement(visit: Visit) -> Telling:
    """Read the person, open the visit, ask what it would cost."""
    person = yield visit.insured()
    assert isinstance(person, pb.GetInsuredResponse)
    _check_person(visit, person)
    if visit.setting != PHARMACY:  # a sale opens its visit itself
        opened = yield visit.opening()
        assert isinstance(opened, pb.Outcome)
        visit.mdtrt_id = opened.mdtrt_id
    patient = visit.encounter.patient
    trial = yield pb.PreSettleRequest(
        envelope=visit.desk.envelope(hospitals.PRE_SETTLE[visit.setting], patient.home_pool),
        credential=patient.credential(),
        input=visit.settlement_input(),
    )
    assert isinstance(trial, pb.PreSettleResponse)
    visit.trial = trial.outcome


def settled(visit: Visit) -> Telling:
    """Settle; notes the outcome, whatever it is."""
    outcome = yield visit.settlement()
    take_settlement(visit, outcome)


def take_settlement(visit: Visit, outcome: Answer) -> None:
    """Note a settlement's outcome; raises MorningFailed where the trial promised other figures."""
    assert isinstance(outcome, pb.Outcome)
    visit.outcomes.append(outcome)
    if outcome.status != pb.OUTCOME_STATUS_PAID:
        return
    visit.paid = outcome
    if visit.trial is not None:
        _check_figures(visit.trial, outcome, 1, TRIAL_FIGURES, "the trial settlement promised")
        visit.trial = None  # after a cancel the day's other bills may have moved on


def whole(visit: Visit) -> Telling:
    """The whole story with its ending."""
    yield from before_settlement(visit)
    yield from settled(visit)
    if visit.paid is not None:
        yield from _ENDINGS[visit.encounter.ending](visit, visit.paid)


def _pay_and_go(visit: Visit, paid: pb.Outcome) -> Telling:
    yield from ()


def _cancel(visit: Visit, paid: pb.Outcome) -> Telling:
    patient = visit.encounter.patient
    yield from _undo(
        visit, paid, visit.desk.cancel(paid, home_pool=patient.home_pool, credential=patient.credential())
    )


def _cancel_and_close(visit: Visit, paid: pb.Outcome) -> Telling:
    yield from _cancel(visit, paid)
    if visit.setting != PHARMACY:
        closing = {hospitals.OUTPATIENT: "2202", hospitals.INPATIENT: "2404"}[visit.setting]
        outcome = yield pb.CancelVisitRequest(
            envelope=visit.desk.envelope(closing, visit.encounter.patient.home_pool),
            input=pb.CancelVisitInput(
                mdtrt_id=visit.mdtrt_id, psn_no=visit.encounter.patient.psn_no, ipt_otp_no=visit.number
            ),
        )
        assert isinstance(outcome, pb.Outcome)
        if outcome.status != pb.OUTCOME_STATUS_OK:
            raise MorningFailed(f"A visit without a live settlement was not cancelled: {outcome.code}.")


def _cancel_and_settle(visit: Visit, paid: pb.Outcome) -> Telling:
    yield from _cancel(visit, paid)
    yield from settled(visit)
    if visit.paid is paid:
        raise MorningFailed(f"A bill that was cancelled was not paid again: {visit.outcomes[-1].code}.")


def _reverse(visit: Visit, paid: pb.Outcome) -> Telling:
    patient = visit.encounter.patient
    reversal = visit.desk.reverse_outcome(paid, home_pool=patient.home_pool, psn_no=patient.psn_no)
    yield from _undo(visit, paid, reversal)


def _cancel_and_revive(visit: Visit, paid: pb.Outcome) -> Telling:
    yield from _cancel(visit, paid)
    cancel = visit.outcomes[-1]
    patient = visit.encounter.patient
    outcome = yield visit.desk.reverse_outcome(cancel, home_pool=patient.home_pool, psn_no=patient.psn_no)
    assert isinstance(outcome, pb.Outcome)
    visit.outcomes.append(outcome)
    if outcome.status != pb.OUTCOME_STATUS_OK or outcome.undoes != paid.setl_id:
        raise MorningFailed(f"The reversal of a cancel did not bring the settlement back: {outcome.code}.")
    _check_figures(paid, outcome, 1, MIRRORED_FIGURES, "the settlement had")


def _undo(visit: Visit, paid: pb.Outcome, request: pb.CancelRequest | pb.ReverseRequest) -> Telling:
    outcome = yield request
    assert isinstance(outcome, pb.Outcome)
    visit.outcomes.append(outcome)
    if outcome.status != pb.OUTCOME_STATUS_OK or outcome.undoes != paid.setl_id:
        raise MorningFailed(f"A live settlement was not undone: {outcome.code} {outcome.err_msg}")
    _check_figures(paid, outcome, -1, MIRRORED_FIGURES, "the settlement had")


_ENDINGS: dict[Ending, Callable[[Visit, pb.Outcome], Telling]] = {
    Ending.PAID: _pay_and_go,
    Ending.CANCELLED: _cancel_and_close,
    Ending.CANCELLED_AND_SETTLED_AGAIN: _cancel_and_settle,
    Ending.REVERSED: _reverse,
    Ending.REVIVED: _cancel_and_revive,
}


def _check_person(visit: Visit, person: pb.GetInsuredResponse) -> None:
    home_pool, insutype = visit.encounter.patient.home_pool, visit.encounter.insutype
    if (home_pool, insutype) not in {(one.insuplc_admdvs, one.insutype) for one in person.insuinfo}:
        raise MorningFailed(f"1101 did not find insurance {insutype} of {home_pool}.")


def _check_figures(
    before: pb.Outcome, after: pb.Outcome, sign: int, figures: Sequence[str], what: str
) -> None:
    for name in figures:
        expected, got = sign * getattr(before.setlinfo, name), getattr(after.setlinfo, name)
        if expected != got:
            raise MorningFailed(f"{after.setl_id}: {name} is {got}, {what} {expected}.")
