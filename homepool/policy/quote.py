"""What a bill would cost: a question in words of the counter, answered by the engine that decides live bills.

Pure but for the policies it is given. Amounts come as exact decimal strings of yuan ("12000.00"); a float
is never made of them.
"""

import re
from dataclasses import dataclass
from typing import Any, Final

from homepool.benefits import (
    FILINGS,
    LOCAL,
    MED_TYPE_OF,
    NOTHING_USED,
    Benefit,
    BillFacts,
    Policy,
    Standing,
    explain,
    settle,
)
from homepool.benefits.filing import needs_chronic_filing, needs_designation
from homepool.errors import QuoteInvalid
from homepool.policy.files import PolicyBook
from ledger.rows import ACCUMULATORS, PAYERS

_YUAN: Final = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,2}))?")
_DAY: Final = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])")
_USUAL_PSN_TYPE: Final = {"310": "1101", "510": "1101", "390": "1501"}
ROUTES: Final = {"local": 1, "within": 2, "across": 3}
MED_TYPES: Final = ("11", "13", "14", "21", "41", "51", "52", *MED_TYPE_OF)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a person asks; amounts as decimal strings of yuan, '' where left out."""

    pool: int
    insutype: str
    med_type: str
    total: str
    day: str
    in_scope: str = ""
    first_pay: str = "0"
    over_limit: str = "0"
    filing: str = LOCAL
    filed_from: str = ""  # of the filing, for the words
    filed_to: str = ""
    chronic_not_filed: bool = False
    not_designated: bool = False
    route: str = ""
    level: str = "3"
    psn_type: str = ""
    age: int = 40
    identities: tuple[str, ...] = ()
    civil_servant: bool = False
    disease: str = ""
    balance: str = "0"
    used: tuple[str, ...] = ()  # name=amount, of ledger.rows.ACCUMULATORS


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The answer: figures and words."""

    policy: Policy
    bill: BillFacts
    standing: Standing
    benefit: Benefit

    def words(self) -> list[str]:
        """Each layer explained in plain words."""
        return explain(self.benefit, self.bill, self.policy, self.standing)

    def as_json(self) -> dict[str, Any]:
        """Figures in fen, and the words."""
        benefit = self.benefit
        return {
            "policy": self.policy.version,
            "declined": benefit.declined,
            "message": benefit.message,
            "year": benefit.year,
            "total_fen": self.bill.total_fen,
            "in_scope_fen": self.bill.in_scope_fen,
            "deductible_fen": benefit.deductible_fen,
            "offsite_first_pay_fen": benefit.offsite_first_pay_fen,
            "payers": {payer: getattr(benefit, payer) for payer in PAYERS},
            "layers": [layer._asdict() for layer in benefit.layers],
            "words": self.words(),
        }


def fen_of(option: str, text: str) -> int:
    """Yuan as a decimal string, in fen; raises QuoteInvalid naming the option."""
    match = _YUAN.fullmatch(text.strip())
    if match is None:
        raise QuoteInvalid(f"{option}: {text!r} is no amount in yuan; write it like 12000.00")
    return int(match[1]) * 100 + int((match[2] or "0").ljust(2, "0"))


def quote(question: Question, policies: PolicyBook) -> Quote:
    """Answer a question; raises QuoteInvalid with what to mend. A declined bill is an answer, not an error."""
    if _DAY.fullmatch(question.day) is None:
        raise QuoteInvalid(f"--date: {question.day!r} is no day; write it like 2025-03-01")
    if question.med_type not in MED_TYPES:
        raise QuoteInvalid(f"--med-type: {question.med_type!r} is none of {', '.join(MED_TYPES)}")
    policy = policies.find(question.pool, question.insutype, question.day)
    if policy is None:
        raise QuoteInvalid(no_policy(question.pool, question.insutype, question.day, policies))
    bill = _bill(question)
    standing = _standing(question, policy, bill)
    return Quote(policy=policy, bill=bill, standing=standing, benefit=settle(bill, policy, standing))


def no_policy(pool: int, insutype: str, day: str, policies: PolicyBook, *, option: str = "--date") -> str:
    """Why there is no policy of a pool for an insurance on a day: a sentence that names the option to mend."""
    if pool not in policies.divisions():
        known = ", ".join(str(division) for division in policies.divisions())
        return f"--pool: there is no policy for {pool}; there are {known}"
    insurances = policies.insurances(pool)
    if insutype not in insurances:
        return f"--insutype: pool {pool} has no insurance {insutype}; {', '.join(insurances)}"
    return f"{option}: no policy of pool {pool} is in force on {day}"


def _bill(question: Question) -> BillFacts:
    total = fen_of("--total", question.total)
    first_pay = fen_of("--first-pay", question.first_pay)
    over_limit = fen_of("--over-limit", question.over_limit)
    rest = total - first_pay - over_limit
    scope = fen_of("--in-scope", question.in_scope) if question.in_scope else rest
    if rest < 0 or scope > rest:
        raise QuoteInvalid("--in-scope: in scope, first-pay and over-limit parts are more than the total")
    if question.level not in ("0", "1", "2", "3"):
        raise QuoteInvalid(f"--level: {question.level!r} is no hospital level; 1, 2, 3, or 0 for a pharmacy")
    default_route = "local" if question.filing == LOCAL else "across"
    route = question.route or default_route
    if route not in ROUTES:
        raise QuoteInvalid(f"--route: {route!r} is none of {', '.join(ROUTES)}")
    if (route == "local") != (question.filing == LOCAL):
        raise QuoteInvalid("--route: local treatment has filing local, off-site treatment one of the others")
    pharmacy = question.med_type == "41"
    return BillFacts(
        insutype=question.insutype,
        med_type=question.med_type,
        care_date=question.day,
        total_fen=total,
        full_self_fen=rest - scope,
        over_limit_fen=over_limit,
        first_pay_fen=first_pay,
        in_scope_fen=scope,
        level="0" if pharmacy else question.level,
        pharmacy=pharmacy,
        dise_codg=question.disease,
        emergency=question.filing == "emergency",
        home_pool=question.pool,
        route=ROUTES[route],
    )


def _standing(question: Question, policy: Policy, bill: BillFacts) -> Standing:
    if question.filing not in (LOCAL, *FILINGS):
        raise QuoteInvalid(f"--filing: {question.filing!r} is none of {', '.join((LOCAL, *FILINGS))}")
    for option, day in (("--filed-from", question.filed_from), ("--filed-to", question.filed_to)):
        if day and _DAY.fullmatch(day) is None:
            raise QuoteInvalid(f"{option}: {day!r} is no day; write it like 2025-03-01")
    used = list(NOTHING_USED)
    for entry in question.used:
        name, _, amount = entry.partition("=")
        if name not in ACCUMULATORS:
            raise QuoteInvalid(f"--used: {name!r} is none of {', '.join(ACCUMULATORS)}")
        place = ACCUMULATORS.index(name)
        if name == "admissions":
            if re.fullmatch(r"[0-9]{1,4}", amount) is None:
                raise QuoteInvalid(f"--used: {entry!r}: admissions are a whole number")
            used[place] = int(amount)
        else:
            used[place] = fen_of("--used", amount)
    return Standing(
        psn_type=question.psn_type or _USUAL_PSN_TYPE.get(question.insutype, ""),
        age=question.age,
        identities=question.identities,
        civil_servant=question.civil_servant,
        filing=question.filing,
        filed=(question.filed_from, question.filed_to),
        chronic_missing=question.chronic_not_filed and needs_chronic_filing(policy, question.med_type),
        not_designated=question.not_designated and needs_designation(policy, question.med_type, bill.route),
        used=tuple(used),
        balance_fen=fen_of("--balance", question.balance),
    )
