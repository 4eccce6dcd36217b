"""A sheet for every kind of care and of filing: visits after the morning, one after another, each told to be looked at.

Goal: what the benefit rules do is seen, not believed: each `Exhibit` plays through real gRPC what its title says and
leaves the sheets of its settlements. Where the rules promise something (the filing that counts, a refusal, a payer who
pays nothing) it is checked here, and MorningFailed says what was different. Filings are compared by the same bill of
the same person, settled and cancelled under one filing after the other.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final, NamedTuple

from proto.settlement.v1 import settlement_pb2 as pb
from stack import steps, stories
from stack.bills import Bill, make_bill
from stack.errors import MorningFailed
from stack.hospitals import PHARMACY, china_text
from stack.morning import Town, tell
from stack.sheets import yuan
from stack.stories import Visit
from stack.visitors import CHOOSER, EMPLOYEE, MOTHER, RESIDENT, TRAVELLER, VISITOR, WARD, Visitors
from stack.window import Window

SHENZHEN: Final = "440300"
GUANGZHOU: Final = "440100"
STAY_DAYS: Final = 6
CORONARY: Final = "M04600"
"""A chronic disease (冠心病) that nobody of the file has filed."""
FILED_BY_TURNS: Final = ("unfiled", "other", "emergency", "referral", "long_term")
NOBODY_PAYS: Final = "TRACE_CODE_MISSING"
PAID_BY_HAND: Final = "INVOICE_PAID_BY_HAND"


Office = Callable[[Sequence[dict[str, object]]], Awaitable[list[dict[str, Any]]]]
"""The home pool's counter for bills that were paid in full: applications in, what became of each out."""


class Sheet(NamedTuple):
    """A settlement that was paid, and why it is shown."""

    title: str
    visit: Visit
    outcome: pb.Outcome
    filing: str
    """How the care was filed: as the answer says, or the filing that the sheet is about."""


@dataclass(slots=True)
class Gallery:
    """What is played, and the sheets of it so far."""

    town: Town
    visitors: Visitors
    office: Office
    sheets: list[Sheet] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    """What happened besides, in sentences."""

    def visit(self, role: str, med_type: str, **where: object) -> tuple[Visit, Window]:
        """A new visit, and its hospital's window."""
        encounter = self.visitors.encounter(role, med_type, **where)  # type: ignore[arg-type]
        return self.town.visit(encounter), self.town.window(encounter)

    def show(self, title: str, visit: Visit, filing: str = "") -> pb.Outcome:
        """Keep the sheet of what was paid last. Raises MorningFailed where nothing was."""
        if visit.paid is None:
            said = visit.outcomes[-1] if visit.outcomes else pb.Outcome()
            raise MorningFailed(f"{title}: it should have been paid, and was {said.code} {said.err_msg}.")
        self.sheets.append(Sheet(title, visit, visit.paid, filing or visit.paid.setlinfo.filing))
        return visit.paid


Telling = Callable[[Gallery], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One thing to look at: the med_types and filings that its sheets have, and how it is played."""

    med_types: tuple[str, ...]
    filings: tuple[str, ...]
    play: Telling


async def open_visit(visit: Visit, window: Window) -> None:
    """2201 or 2401."""
    outcome = await window.answer(visit.opening())
    assert isinstance(outcome, pb.Outcome)
    visit.mdtrt_id = outcome.mdtrt_id


async def done(window: Window, request: object) -> pb.Outcome:
    """A step that must take effect. Raises MorningFailed."""
    outcome = await window.answer(request)  # type: ignore[arg-type]
    assert isinstance(outcome, pb.Outcome)
    if outcome.status != pb.OUTCOME_STATUS_OK:
        raise MorningFailed(f"{outcome.infno} was not carried out: {outcome.code} {outcome.err_msg}")
    return outcome


async def settle(visit: Visit, window: Window, given: pb.SettleInput) -> pb.Outcome:
    """Trial and settlement of a bill; the settlement must keep what the trial promised."""
    promised = await window.answer(steps.trial(visit, given))
    assert isinstance(promised, pb.PreSettleResponse)
    visit.trial = promised.outcome
    outcome = await window.answer(steps.settlement(visit, given))
    stories.take_settlement(visit, outcome)
    assert isinstance(outcome, pb.Outcome)
    return outcome


def part_of(visit: Visit, name: str, day: datetime) -> Bill:
    """A part of a stay's bill, all of it on one day."""
    random = Random(f"{name} {visit.seed} {visit.encounter.number}")
    return make_bill(
        visit.price_list, med_type=visit.encounter.med_type, days=1, at=china_text(day),
        serial=f"{visit.number}{name}", random=random,
    )  # fmt: skip


def plainly(role: str, med_type: str, title: str, *, days: int = 1, care_pool: str = "") -> Telling:
    """A visit from the first question to its settlement."""

    async def play(gallery: Gallery) -> None:
        visit, window = gallery.visit(role, med_type, days=days, care_pool=care_pool)
        await tell(stories.before_settlement(visit), window)
        await tell(stories.settled(visit), window)
        gallery.show(title, visit)

    return play


async def uploaded_with_a_return(gallery: Gallery) -> None:
    """Lines come before the settlement, one of them goes back."""
    visit, window = gallery.visit(EMPLOYEE, "11")
    await open_visit(visit, window)
    bill = visit.bill()
    await done(window, steps.upload(visit, bill.lines))
    back = steps.returned(bill.lines[-1])
    held = await done(window, steps.upload(visit, [back]))
    if held.fee_sumamt != bill.total_fen + back.det_item_fee_sumamt:
        raise MorningFailed("A return was not taken off the uploaded lines.")
    await settle(visit, window, steps.uploaded_bill(visit, held.fee_sumamt))
    gallery.show("uploaded fees, one line of them returned", visit)


async def interim(gallery: Gallery) -> None:
    """A stay is settled for its first days, and for the rest at discharge: one admission, one deductible."""
    visit, window = gallery.visit(WARD, "21", days=STAY_DAYS)
    middle = visit.end - timedelta(days=1)
    visit.begin = min(visit.begin, middle)
    await open_visit(visit, window)
    first, rest = part_of(visit, "A", middle), part_of(visit, "B", visit.end)
    await done(window, steps.upload(visit, [*first.lines, *rest.lines]))
    given = steps.uploaded_bill(visit, first.total_fen, days=(visit.begin, middle), interim=True)
    await settle(visit, window, given)
    gallery.show("interim settlement of a stay, its first days", visit)
    await done(window, steps.discharge(visit))
    await settle(visit, window, steps.uploaded_bill(visit, rest.total_fen, days=(visit.end, visit.end)))
    gallery.show("the same stay at discharge, its last day", visit)


async def over_new_year(gallery: Gallery) -> None:
    """A stay over 31 December feeds the year that the home pool's policy says."""
    visit, window = gallery.visit(EMPLOYEE, "21", days=STAY_DAYS)
    first = visit.end.replace(month=1, day=1)
    visit.begin, visit.end = first - timedelta(days=4), min(first + timedelta(days=3), visit.end)
    await tell(stories.before_settlement(visit), window)
    await tell(stories.settled(visit), window)
    days = f"{china_text(visit.begin)[:10]} to {china_text(visit.end)[:10]}"
    paid = gallery.show(f"a stay over 31 December, {days}", visit)
    if paid.setlinfo.year not in (str(first.year), str(first.year - 1)):
        raise MorningFailed(f"A stay over 31 December fed the year {paid.setlinfo.year}.")


async def reopened(gallery: Gallery) -> None:
    """After the discharge nothing is added; opened again, a forgotten line is."""
    visit, window = gallery.visit(WARD, "21", days=2)
    await open_visit(visit, window)
    bill, late = visit.bill(), part_of(visit, "L", visit.end)
    await done(window, steps.upload(visit, bill.lines))
    await done(window, steps.discharge(visit))
    await window.turned_away(steps.upload(visit, late.lines), "VISIT_CLOSED")
    await done(window, steps.reopening(visit))
    await done(window, steps.upload(visit, late.lines))
    await done(window, steps.discharge(visit))
    given = steps.uploaded_bill(visit, bill.total_fen + late.total_fen, days=(visit.begin, visit.end))
    await settle(visit, window, given)
    gallery.show("a discharge that was opened again for forgotten lines", visit)


async def filed_by_turns(gallery: Gallery) -> None:
    """The same stay of the same person under one filing after the other."""
    visit, window = gallery.visit(VISITOR, "21", care_pool=SHENZHEN, days=STAY_DAYS)
    await open_visit(visit, window)
    for kind in FILED_BY_TURNS:
        filed = await done(window, steps.filing(visit, kind)) if kind != "unfiled" else None
        await settle(visit, window, visit.settlement_input())
        paid = gallery.show(f"the same stay, {kind}", visit)
        if paid.setlinfo.filing != kind:
            raise MorningFailed(f"Filed as {kind}, it was settled as {paid.setlinfo.filing}.")
        if filed is not None and kind != FILED_BY_TURNS[-1]:
            await done(window, steps.withdrawal(visit, filed))
        if kind != FILED_BY_TURNS[-1]:
            patient = visit.encounter.patient
            credential = patient.credential()
            cancel = visit.desk.cancel(paid, home_pool=patient.home_pool, credential=credential)
            await done(window, cancel)


async def referred(gallery: Gallery) -> None:
    """23, 转外诊治住院: the hospital that refers files it, another one settles."""
    visit, window = gallery.visit(TRAVELLER, "23", care_pool=SHENZHEN, days=3)
    filed = await done(window, steps.filing(visit, "referral"))
    await tell(stories.whole(visit), window)
    gallery.show("a stay elsewhere, referred", visit)
    await done(window, steps.withdrawal(visit, filed))


async def chronic(gallery: Gallery) -> None:
    """Guangzhou pays special outpatient care for who is recognised as having the disease."""
    visit, window = gallery.visit(CHOOSER, "14")
    await open_visit(visit, window)
    given = visit.settlement_input()
    given.dise_codg = CORONARY
    before = await window.answer(steps.trial(visit, given))
    assert isinstance(before, pb.PreSettleResponse)
    said = before.outcome.code or f"{before.outcome.setlinfo.fund_pay_sumamt} fen of funds"
    await done(window, steps.filing(visit, "chronic", disease=CORONARY))
    await settle(visit, window, given)
    paid = gallery.show("chronic disease, filed", visit, "chronic")
    if before.outcome.setlinfo.hifp_pay >= paid.setlinfo.hifp_pay:
        raise MorningFailed("The filing of a chronic disease changed nothing.")
    gallery.told.append(f"chronic disease {CORONARY}: before it was filed the trial said {said}")


async def designated(gallery: Gallery) -> None:
    """Guangzhou pays ordinary outpatient care where the person has chosen to go."""
    taken = gallery.visitors.people[CHOOSER].filed
    visit, window = gallery.visit(CHOOSER, "11", unlike=taken)
    await open_visit(visit, window)
    given = visit.settlement_input()
    before = await settle(visit, window, given)
    if before.status == pb.OUTCOME_STATUS_PAID:
        gallery.show("at a hospital that was not chosen", visit, "not designated")
        patient = visit.encounter.patient
        cancel = visit.desk.cancel(before, home_pool=patient.home_pool, credential=patient.credential())
        await done(window, cancel)
    await done(window, steps.filing(visit, "designated"))
    await settle(visit, window, given)
    paid = gallery.show("the same bill, the hospital chosen", visit, "designated")
    if before.setlinfo.hifp_pay >= paid.setlinfo.hifp_pay:
        raise MorningFailed("Choosing the hospital changed nothing.")


async def untraced(gallery: Gallery) -> None:
    """No code on the pack, no money of the fund."""
    visit, window = gallery.visit(EMPLOYEE, "41")
    assert visit.setting == PHARMACY
    given = visit.settlement_input()
    for line in given.feedetl:
        del line.drug_trac_codg[:]
    why = await window.turned_away(steps.settlement(visit, given), NOBODY_PAYS)
    gallery.told.append(f"a drug without its traceability code was refused: {why}")


async def by_hand(gallery: Gallery) -> None:
    """A bill that the person paid in full is paid back by hand; directly its invoice is then paid no more."""
    visit, window = gallery.visit(WARD, "11")
    await open_visit(visit, window)
    given = visit.settlement_input()
    given.invono = f"25{visit.number:0>18}"
    encounter, trial = visit.encounter, await window.answer(steps.trial(visit, given))
    assert isinstance(trial, pb.PreSettleResponse)
    info, day = trial.outcome.setlinfo, china_text(visit.end)[:10]
    (result,) = await gallery.office(
        [
            {
                "application": f"DEMO-{visit.number}", "psn_no": encounter.patient.psn_no,
                "pool": int(encounter.patient.home_pool), "insutype": encounter.insutype, "med_type": "11",
                "first_day": day, "last_day": day, "care_division": int(encounter.institution.care_pool),
                "hosp_lv": str(encounter.institution.level), "institution": encounter.institution.code,
                "invoice": given.invono, "total_fen": info.medfee_sumamt, "full_self_fen": info.fulamt_ownpay_amt,
                "over_limit_fen": info.overlmt_selfpay, "first_pay_fen": info.preselfpay_amt,
                "in_scope_fen": info.inscp_scp_amt,
            }
        ]
    )  # fmt: skip
    if (result["result"], result["fulamt_advpay_flag"]) != ("PAID", "1"):
        raise MorningFailed(f"A bill by hand was {result['result']} {result.get('code', '')}.")
    declined = await window.answer(steps.settlement(visit, given))
    assert isinstance(declined, pb.Outcome)
    if declined.code != PAID_BY_HAND:
        raise MorningFailed(f"An invoice that was paid by hand became {declined.code or 'paid again'}.")
    gallery.told.append(
        f"manual reimbursement: a bill of {yuan(info.medfee_sumamt)} yuan that the person had paid in full gave him"
        f" {yuan(result['payout_fen'])} back, outside clearing; its invoice at the counter: {declined.code}"
    )


EXHIBITS: Final[Sequence[Exhibit]] = (
    Exhibit(("11",), ("local",), plainly(EMPLOYEE, "11", "at home")),
    Exhibit(("11",), ("local",), uploaded_with_a_return),
    Exhibit(
        ("11",), ("long_term",), plainly(EMPLOYEE, "11", "in the province, filing-free", care_pool=GUANGZHOU)
    ),
    Exhibit(("11",), ("designated",), designated),
    Exhibit(("12",), ("local",), plainly(EMPLOYEE, "12", "at home")),
    Exhibit(("13",), ("local",), plainly(EMPLOYEE, "13", "at home")),
    Exhibit(
        ("13",), ("emergency",), plainly(TRAVELLER, "13", "elsewhere, counts as filed", care_pool=SHENZHEN)
    ),
    Exhibit(("14",), ("chronic",), chronic),
    Exhibit(("21",), ("local",), interim),
    Exhibit(("21",), ("local",), plainly(RESIDENT, "21", "a resident, at home", days=5)),
    Exhibit(("21",), ("local",), over_new_year),
    Exhibit(("21",), ("local",), reopened),
    Exhibit(("21",), FILED_BY_TURNS, filed_by_turns),
    Exhibit(("22",), ("local",), plainly(WARD, "22", "at home", days=4)),
    Exhibit(("23",), ("referral",), referred),
    Exhibit(
        ("24",),
        ("emergency",),
        plainly(TRAVELLER, "24", "elsewhere, counts as filed", days=3, care_pool=SHENZHEN),
    ),
    Exhibit(("41",), ("local",), plainly(EMPLOYEE, "41", "a sale")),
    Exhibit(("51",), ("local",), plainly(MOTHER, "51", "antenatal care")),
    Exhibit(("52",), ("local",), plainly(MOTHER, "52", "birth", days=3)),
    Exhibit((), (), untraced),
    Exhibit((), (), by_hand),
)


async def play(gallery: Gallery, advance: Callable[[], None]) -> None:
    """All exhibits in their order. Raises MorningFailed, also where an exhibit lacks a sheet that it is for."""
    for exhibit in EXHIBITS:
        before = len(gallery.sheets)
        await exhibit.play(gallery)
        shown = gallery.sheets[before:]
        missing = {(care, filing) for care in exhibit.med_types for filing in exhibit.filings}
        missing -= {(sheet.outcome.setlinfo.med_type, sheet.filing) for sheet in shown}
        if missing:
            raise MorningFailed(f"No sheet came of {', '.join(map(' '.join, sorted(missing)))}.")
        advance()
