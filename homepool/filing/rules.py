"""What becomes of a filing (备案): a person, the pool's policy and what is asked, to what is stored or a refusal. Pure.

Rules: a temporary filing (referral, emergency, other) holds at least as many months as the policy says and serves
repeated visits; a long-term one, a chronic disease and a designated institution hold until they are withdrawn, where no
end is given (医保发〔2022〕22号 Art 7, as digested in public policy bundles). A filing may begin on a day gone by, since
who files before the discharge is served (Art 16); how far back, and how far ahead, is a figure of the policy. What is
filed already is not filed twice. A withdrawn filing ends yesterday, and what was settled under it stands. Days are
yyyy-MM-dd in China time.
"""

import re
from calendar import monthrange
from datetime import date, timedelta
from typing import Final, NamedTuple

from homepool import answers
from homepool.benefits import FilingTerms, Policy
from homepool.benefits.filing import CHRONIC, DESIGNATED, KINDS, OFFSITE, TEMPORARY, Filing
from homepool.insured import Person
from proto.settlement.v1 import messages_pb2, settlement_pb2
from runtime.keys import setl_id_text

FILING_UNKNOWN: Final = "FILING_UNKNOWN"
FILING_KIND: Final = "FILING_KIND"
FILING_DAYS: Final = "FILING_DAYS"
FILING_PLACE: Final = "FILING_PLACE"
FILING_DISEASE: Final = "FILING_DISEASE"
FILING_INSTITUTION: Final = "FILING_INSTITUTION"
INSTITUTION_LENGTH: Final = 12
_DIVISION: Final = re.compile(r"[1-9][0-9](?:[0-9]{2}){0,2}")
_WITHDRAWN_BY: Final = {"2502": OFFSITE, "2504": (CHRONIC,), "2506": (DESIGNATED,)}
_MUNICIPALITIES: Final = frozenset({"11", "12", "31", "50"})


class Refusal(NamedTuple):
    """Nothing is stored: a code and a sentence that says what to mend."""

    code: str
    message: str


class Ruling(NamedTuple):
    """What is stored, which may be nothing, and how the filing stands then."""

    filing: Filing
    filed: bool = False  # it is new
    ended: bool = False  # it is withdrawn now
    memo: str = ""


def person_refusal(person: Person | None, home_pool: int, insutype: str = "") -> Refusal | None:
    """Why nothing can be filed or told for this person; `insutype` empty: whatever he holds in the pool."""
    code = ""
    if person is None:
        code = answers.PERSON_UNKNOWN
    elif not person.known_in(home_pool):
        code = answers.NOT_INSURED_HERE
    elif insutype and (home_pool, insutype) not in person.coverages:
        code = answers.NO_SUCH_INSURANCE
    return Refusal(code, answers.MESSAGES[code]) if code else None


def rule_on(
    person: Person | None, policy: Policy | None, ask: messages_pb2.FilingAsk, today: date
) -> Ruling | Refusal:
    """What becomes of one message; `policy` is the one in force today, None where the pool has none."""
    if ask.withdraws:
        return person_refusal(person, ask.home_pool) or _withdrawn(person, ask.infno, ask.withdraws, today)
    if refusal := person_refusal(person, ask.home_pool, ask.insutype):
        return refusal
    assert person is not None
    if policy is None:
        return Refusal(answers.NO_POLICY, "the home pool has no policy for this insurance today")
    if refusal := _content_refusal(ask, policy):
        return refusal
    days = _days(ask, policy.filing, today)
    if isinstance(days, Refusal):
        return days
    first, last, memo = days
    wanted = Filing(
        ask.kind, (care_prefix(ask.care),) if ask.kind in OFFSITE else (), first, last, ask.insutype,
        ask.disease if ask.kind == CHRONIC else "", ask.institution if ask.kind == DESIGNATED else "", ask.id,
    )  # fmt: skip
    for held in person.filings:
        if _says_as_much(held, wanted):
            return Ruling(held, memo="filed before: this filing covers what was asked")
    return Ruling(wanted, filed=True, memo=memo)


def info_of(psn_no: str, filing: Filing, memo: str = "") -> settlement_pb2.FilingInfo:
    """A filing as it is answered."""
    return settlement_pb2.FilingInfo(
        trt_dcla_detl_sn=setl_id_text(filing.id), psn_no=psn_no, insutype=filing.insutype, fil_type=filing.kind,
        mdtrtarea_admdvs="".join(filing.care), opsp_dise_code=filing.disease, fixmedins_code=filing.institution,
        begndate=filing.valid_from, enddate=filing.valid_to, withdrawn="1" if filing.withdrawn else "", memo=memo,
    )  # fmt: skip


def listed(person: Person, ask: messages_pb2.FilingsAsk) -> list[Filing]:
    """The filings that are asked for, the latest first."""
    kinds, day = set(ask.kinds) or set(KINDS), ask.date
    found = [one for one in person.filings if one.kind in kinds and (not day or one.holds(day))]
    return sorted(found, key=lambda one: (one.valid_from, one.id), reverse=True)


def care_prefix(division: str) -> str:
    """What a filing for this place covers: a city whole, a municipality or province (XX0000) whole; '' = no place.

    A county that is no city's is a pool of its own; the gateway names the pool of any other county.
    """
    if not _DIVISION.fullmatch(division):
        return ""
    if division[:2] in _MUNICIPALITIES or division[2:] in ("", "0000", "00"):
        return division[:2]
    return division.removesuffix("00") if len(division) == 6 else division


# ------------------------------------------------------------------------------------------------ checks


def _withdrawn(person: Person | None, infno: str, number: bytes, today: date) -> Ruling | Refusal:
    assert person is not None
    kinds = _WITHDRAWN_BY.get(infno, KINDS)
    held = next((one for one in person.filings if one.id == number and one.kind in kinds), None)
    if held is None:
        return Refusal(
            FILING_UNKNOWN, "this person has no filing of this number (5301, 5302 and 5304 list them)"
        )
    if held.withdrawn:
        return Ruling(held, memo="withdrawn before")
    yesterday = (today - timedelta(days=1)).isoformat()
    last = min(held.valid_to or yesterday, yesterday)
    memo = "withdrawn; what was settled under it stands"
    if last < held.valid_from:
        memo = "withdrawn before it held"
    return Ruling(held._replace(valid_to=last, withdrawn=True), ended=True, memo=memo)


def _content_refusal(ask: messages_pb2.FilingAsk, policy: Policy) -> Refusal | None:
    if ask.kind not in KINDS:
        return Refusal(FILING_KIND, f"the kind is none of {', '.join(KINDS)}")
    if ask.kind in OFFSITE:
        care, home = care_prefix(ask.care), care_prefix(str(ask.home_pool))
        if not care:
            return Refusal(
                FILING_PLACE, "the place is no division: a city XXXX00, or a municipality or province XX0000"
            )
        if care.startswith(home):
            return Refusal(FILING_PLACE, "the place is the person's own pool, where nothing has to be filed")
    elif ask.kind == CHRONIC:
        known = policy.filing.chronic_diseases
        if ask.disease not in known:
            listed_codes = ", ".join(sorted(known)) or "it has none that could be filed"
            return Refusal(
                FILING_DISEASE, f"the home pool does not know this chronic disease ({listed_codes})"
            )
    elif len(ask.institution) != INSTITUTION_LENGTH or not ask.institution.isalnum():
        return Refusal(
            FILING_INSTITUTION, "the institution that is chosen is missing, or not of 12 characters"
        )
    return None


def _days(ask: messages_pb2.FilingAsk, terms: FilingTerms, today: date) -> tuple[str, str, str] | Refusal:
    first = _day(ask.begin_date) if ask.begin_date else today
    last = _day(ask.end_date) if ask.end_date else None
    if first is None or (ask.end_date and last is None):
        return Refusal(FILING_DAYS, "begin or end is no day of the calendar, yyyy-MM-dd")
    if last is not None and last < first:
        return Refusal(FILING_DAYS, "the filing ends before it begins")
    if first < today - timedelta(days=terms.begin_back_days_most):
        return Refusal(FILING_DAYS, f"it begins more than {terms.begin_back_days_most} days ago")
    if first > today + timedelta(days=terms.begin_ahead_days_most):
        return Refusal(FILING_DAYS, f"it begins more than {terms.begin_ahead_days_most} days from now")
    memo = ""
    if first < today:
        memo = "filed afterwards: bills of its days that are not settled yet count as filed"
    if ask.kind in TEMPORARY:
        least = months_later(first, terms.temporary_months_least)
        if last is None or last < least:
            last = least
            held = f"a temporary filing holds at least {terms.temporary_months_least} months"
            memo = f"{memo}; {held}" if memo else held
    return first.isoformat(), last.isoformat() if last else "", memo


def months_later(day: date, months: int) -> date:
    """The same day of the month so many months later, or that month's last."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.isoformat() == text else None


def _says_as_much(held: Filing, wanted: Filing) -> bool:
    """Whether a filing that stands already covers all that is filed now."""
    return (
        not held.withdrawn
        and (held.kind, held.care, held.disease, held.institution)
        == (wanted.kind, wanted.care, wanted.disease, wanted.institution)
        and held.is_for(wanted.insutype)
        and held.valid_from <= wanted.valid_from
        and (not held.valid_to or (wanted.valid_to != "" and wanted.valid_to <= held.valid_to))
    )
