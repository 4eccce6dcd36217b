"""One settlement that pays: the item's facts and the person's standing as the policy sees them, and the row.

Pure, and the hot path of the whole system: plain positional construction, nothing looked up twice.
"""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Final, NamedTuple

from homepool import answers
from homepool.answers import Stamp
from homepool.benefits import (
    MED_TYPE_OF,
    NOTHING_USED,
    Benefit,
    BillFacts,
    Filing,
    Policy,
    Standing,
)
from homepool.benefits.facts import NO_DAYS
from homepool.benefits.filing import (
    FILED_LOCAL,
    LOCAL_ROUTE,
    Filed,
    chronic_filing,
    designation,
    filed_as,
    needs_designation,
)
from homepool.benefits.rule import CHRONIC_CARE
from homepool.book import Written
from homepool.insured import Coverage, Person
from homepool.snapshot import Snapshot
from ledger.rows import Row
from proto.settlement.v1 import messages_pb2

STAY_MED_TYPES: Final = frozenset(("21", "52"))


class Place(NamedTuple):
    """Where in the book a row stands."""

    node: int
    partition: int
    term: int
    number: int
    day: date


def is_stay(med_type: str) -> bool:
    """Whether a medical type is paid as an inpatient stay."""
    return MED_TYPE_OF.get(med_type, med_type) in STAY_MED_TYPES


def bill_facts(item: messages_pb2.Item, snapshot: Snapshot) -> BillFacts:
    """The bill of an item; of a stay with what its live interim settlements have borne."""
    facts = item.facts
    med_type = facts.med_type
    stay, stay_continues, borne = is_stay(med_type), False, 0
    if stay:
        for earlier in snapshot.visit_live.get(item.visit, ()):
            stay_continues = True
            borne += snapshot.rows[earlier].deductible_fen
    return BillFacts(
        insutype=facts.insutype,
        med_type=med_type,
        care_date=facts.care_date,
        total_fen=facts.total_fen,
        in_scope_fen=facts.in_scope_fen,
        full_self_fen=facts.full_self_fen,
        over_limit_fen=facts.over_limit_fen,
        first_pay_fen=facts.first_pay_fen,
        level=facts.hosp_lv,
        deductible_level=facts.dedc_hosp_lv,
        pharmacy=facts.pharmacy,
        dise_codg=facts.dise_codg,
        matn_type=facts.matn_type,
        emergency=facts.emergency,
        injury=facts.injury,
        third_party=facts.third_party,
        account_used=facts.account_used,
        home_pool=item.home_pool,
        care_pool=item.care_pool,
        route=facts.route,
        begin_date=facts.begin_date,
        end_date=facts.end_date,
        admission_date=facts.admission_date if stay else "",
        institution=item.fixmedins_code,
        stay_continues=stay_continues,
        stay_deductible_fen=borne,
    )


def standing_of(
    person: Person,
    coverage: Coverage,
    policy: Policy,
    bill: BillFacts,
    year: int,
    snapshot: Snapshot,
    relative: str = "",
) -> Standing:
    """The person on the care date, with what the book has of him now; only `relative`'s account where one is named."""
    psn_no, insutype, day, pool = person.psn_no, bill.insutype, bill.care_date, coverage.pool
    balances: Mapping[str, int] = snapshot.balances
    month = snapshot.month_used.get((psn_no, insutype, month_of(day)))
    in_scope, pooled = month or (0, 0)
    filings = person.filings
    filed = _filed(policy, bill, filings)
    chronic, chronic_missing = None, False
    if bill.med_type == CHRONIC_CARE:
        chronic = chronic_filing(insutype, bill.dise_codg, day, filings)
        chronic_missing = chronic is None and policy.filing.chronic_needed
    return Standing(
        psn_type=coverage.psn_type,
        age=person.age_on(day),
        identities=person.identities_on(day) if person.identities else (),
        civil_servant=coverage.civil_servant,
        filing=filed.kind,
        filed=NO_DAYS if filed.by is None else filed.by.days,
        filing_free=filed.free,
        chronic=NO_DAYS if chronic is None else chronic.days,
        chronic_missing=chronic_missing,
        not_designated=needs_designation(policy, bill.med_type, bill.route)
        and designation(insutype, bill.institution, day, filings) is None,
        used=snapshot.used.get((psn_no, insutype, year), NOTHING_USED),
        month_in_scope_fen=in_scope,
        month_pooled_fen=pooled,
        balance_fen=balances.get(psn_no, 0) if person.account_pool == pool else 0,
        relatives=_lenders(person, relative, pool, balances) if person.relatives else (),
        suspended=not coverage.covers(day),
    )


def _filed(policy: Policy, bill: BillFacts, filings: tuple[Filing, ...]) -> Filed:
    """How the bill counts as filed: a stay from admission to its last day, else on the day of care."""
    if bill.route == LOCAL_ROUTE and not (filings and policy.home_while_away):
        return FILED_LOCAL  # half of all bills: no filing can change them
    day, until = bill.care_date, ""
    if is_stay(bill.med_type):
        day, until = bill.admission_date or bill.begin_date or day, bill.end_date or day
    return filed_as(
        policy, insutype=bill.insutype, care_pool=bill.care_pool, route=bill.route, med_type=bill.med_type, day=day,
        until=until, emergency=bill.emergency, filings=filings,
    )  # fmt: skip


def _lenders(
    person: Person, relative: str, pool: int, balances: Mapping[str, int]
) -> tuple[tuple[str, int], ...]:
    """Whose accounts of this pool may pay, with their balances: all relatives', or that of the one who is named."""
    return tuple(
        [
            (one, balances.get(one, 0))
            for one, held_in in person.relatives
            if held_in == pool and relative in ("", one)
        ]
    )


def relative_refusal(person: Person, relative: str, pool: int) -> str:
    """Why the account of the relative whom a bill names cannot pay in this pool; empty where it can."""
    for one, held_in in person.relatives:
        if one == relative:
            return "" if held_in == pool else answers.RELATIVE_IN_OTHER_POOL
    return answers.RELATIVE_NOT_AUTHORISED


@lru_cache(maxsize=4_096)
def day_of(text: str) -> date | None:
    """A day of the wire; None where there is none."""
    return date.fromisoformat(text) if text else None


@lru_cache(maxsize=4_096)
def month_of(day: str) -> int:
    """yyyyMM of a day."""
    return int(day[:4]) * 100 + int(day[5:7])


def paid_row(
    place: Place,
    stamp: Stamp,
    now_ms: int,
    item: messages_pb2.Item,
    bill: BillFacts,
    policy: Policy,
    standing: Standing,
    benefit: Benefit,
) -> Written:
    """The row of a settlement that pays, with its answer and the balances that it was decided on."""
    facts = item.facts
    account, family = benefit.account_fen, benefit.family_fen
    with_account = policy.fund_includes_account
    fund = (
        benefit.pooled_fen + benefit.big_illness_fen + benefit.large_fen + benefit.civil_fen
        + benefit.enterprise_fen + benefit.disabled_fen + benefit.aid_fen + benefit.commercial_fen
        + benefit.other_fen
    )  # fmt: skip
    if with_account:
        fund += account + family
    id_ = item.id
    answer = answers.paid(
        stamp, item, bill, benefit, fund_sum_fen=fund, fund_includes_account=with_account,
        psn_type=standing.psn_type, filing=standing.filing, balance_fen=standing.balance_fen - account,
    )  # fmt: skip
    draws = benefit.family
    read: tuple[int, ...] | None = None
    relatives: tuple[str, ...] | None = None
    amounts: tuple[int, ...] | None = None
    if draws:
        balances = dict(standing.relatives)
        relatives = tuple([draw[0] for draw in draws])
        amounts = tuple([draw[1] for draw in draws])
        read = tuple([balances[relative] for relative in relatives])
    row = Row._make((
        *place, id_, 1, 1, "", item.digest, now_ms, item.region, item.fixmedins_code, item.home_pool,
        item.care_pool, item.psn_no, bill.insutype, bill.med_type, facts.clr_type, bill.route, item.visit,
        item.bill, None, None, id_, False, benefit.year, 1, with_account, bill.total_fen, benefit.total_fen,
        bill.full_self_fen, bill.over_limit_fen, bill.first_pay_fen, bill.in_scope_fen, benefit.deductible_fen,
        benefit.pooled_fen, benefit.big_illness_fen, benefit.large_fen, benefit.civil_fen,
        benefit.enterprise_fen, benefit.disabled_fen, benefit.aid_fen, benefit.commercial_fen,
        benefit.other_fen, account, family, benefit.cash_fen, benefit.hospital_fen, fund,
        benefit.commercial_payer, benefit.deltas, benefit.month, benefit.month_in_scope_fen,
        benefit.month_pooled_fen, relatives, amounts, tuple(facts.line_keys[:]) or None, facts.lines_digest or None,
        day_of(bill.begin_date), day_of(bill.end_date), facts.invoice or None, policy.version, answer,
    ))  # fmt: skip
    return Written(row, item.deadline_ms or None, standing.balance_fen if account else None, read)
