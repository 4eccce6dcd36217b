"""What the benefit engine is told, and what it answers.

Goal: one value in each direction, so that deciding stays pure. The worker fills `BillFacts` from the
claimed message and `Standing` from its book; `settle` answers with a `Benefit`, whose columns are those of
`ledger.rows.PAYERS` and `ledger.rows.ACCUMULATORS`. Money is fen, ratios are basis points, dates are
yyyy-MM-dd. `Benefit` is a named tuple because a frozen dataclass of this width costs three times as much to
make.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

from ledger.rows import ACCUMULATORS

NO_LIMIT: Final = 1 << 62
"""A cap that never binds, so that the hot path compares integers and never asks for None."""

NO_DAYS: Final = ("", "")
"""Of no filing."""

NOTHING_USED: Final = (0,) * len(ACCUMULATORS)
"""The accumulators of a person who has used nothing this year."""

LOCAL: Final = "local"
FILINGS: Final = ("long_term", "referral", "emergency", "other", "unfiled")
"""How off-site treatment was filed, the better first (S3; 医保发〔2022〕22号 Art 7, 8)."""

(
    INPATIENT_DEDUCTIBLE,
    OUTPATIENT_DEDUCTIBLE,
    CHRONIC_DEDUCTIBLE,
    POOLED,
    OUTPATIENT_POOLED,
    CHRONIC_POOLED,
    MATERNITY_POOLED,
    IN_SCOPE,
    BIG_ILLNESS_BASE,
    BIG_ILLNESS_PAID,
    SUPPLEMENT_BASE,
    SUPPLEMENT_PAID,
    AID_BASE,
    AID_PAID,
    COMMERCIAL_BASE,
    COMMERCIAL_PAID,
    ADMISSIONS,
) = range(len(ACCUMULATORS))


# not frozen: made once for every settlement, and a frozen one takes nearly three times as long to make
@dataclass(slots=True, kw_only=True)
class BillFacts:
    """One bill as the home pool's policy sees it (`SettleFacts` of messages.proto)."""

    insutype: str
    med_type: str
    care_date: str  # the day whose policy applies
    total_fen: int
    in_scope_fen: int
    full_self_fen: int = 0
    over_limit_fen: int = 0
    first_pay_fen: int = 0
    level: str = "3"  # hosp_lv: 1, 2, 3, or 0 for a pharmacy
    deductible_level: str = ""  # dedc_hosp_lv where it differs from hosp_lv
    pharmacy: bool = False
    dise_codg: str = ""
    matn_type: str = ""
    emergency: bool = False
    injury: bool = False
    third_party: bool = False
    account_used: bool = True
    home_pool: int = 0
    care_pool: int = 0
    route: int = 1  # 1 local, 2 within the province, 3 across provinces
    begin_date: str = ""  # inpatient: first and last day that this settlement pays for
    end_date: str = ""
    admission_date: str = ""  # of a stay, where it is known; else begin_date
    institution: str = ""  # fixmedins_code
    splits: tuple[tuple[str, int, int, int], ...] = ()  # (chrgitm_lv, first_pay_bp, amount_fen, in_scope_fen)
    stay_continues: bool = False  # a live interim settlement of this stay came before: not another admission
    stay_deductible_fen: int = 0  # what the stay's live interim settlements have already borne
    exempt_fen: int = 0  # part of the in-scope amount that bears neither deductible nor ratio
    given_base_fen: int = 0  # big-illness base known from elsewhere, for a policy whose base is `given`
    already_paid_fen: int = 0  # what a payer outside this settlement has paid of this bill


@dataclass(slots=True, kw_only=True)
class Standing:
    """The person on the care date, and what the year has used up (before this bill)."""

    psn_type: str = ""
    age: int = 0
    identities: tuple[str, ...] = ()  # medical-aid identities and enrolments, by the policy's own names
    civil_servant: bool = False
    filing: str = LOCAL
    filed: tuple[str, str] = NO_DAYS  # first and last day of the filing that makes it so
    filing_free: bool = False  # no filing does: nobody has to file at this place
    chronic: tuple[str, str] = NO_DAYS  # of the filing of the chronic disease that is treated
    chronic_missing: bool = False  # there is none, and the policy asks for one
    not_designated: bool = False  # the person did not choose this institution, and the policy asks for it
    used: tuple[int, ...] = NOTHING_USED  # in the order of ledger.rows.ACCUMULATORS
    month_in_scope_fen: int = 0  # used this month, where the policy has a monthly limit
    month_pooled_fen: int = 0
    balance_fen: int = 0  # own personal account
    relatives: tuple[tuple[str, int], ...] = ()  # (psn_no, balance), same pool, sorted by psn_no
    suspended: bool = False  # the insurance is paused or ended on the care date


class Layer(NamedTuple):
    """One payer's part, enough to print its settlement detail."""

    payer: str  # a name of ledger.rows.PAYERS
    fund_pay_type: str
    name: str
    base_fen: int  # what the layer was reckoned on, its deductible included
    limit_left_fen: int  # crt_payb_lmt_amt: what it could have paid, 0 where it has no limit
    amount_fen: int


class Benefit(NamedTuple):
    """The answer of `settle`. The thirteen payers add up to `total_fen`; a declined bill has zeros."""

    declined: str  # '' when paid, else a code
    message: str  # why declined
    year: int
    total_fen: int
    deductible_fen: int
    offsite_first_pay_fen: int
    pooled_fen: int
    big_illness_fen: int
    large_fen: int
    civil_fen: int
    enterprise_fen: int
    disabled_fen: int
    aid_fen: int
    commercial_fen: int
    other_fen: int
    account_fen: int
    family_fen: int
    cash_fen: int
    hospital_fen: int
    commercial_payer: str
    pooled_ratio_bp: int  # pool_prop_selfpay: what the pooled fund paid of what was left after the deductible
    deltas: tuple[int, ...]  # in the order of ledger.rows.ACCUMULATORS
    month: int  # yyyyMM of a monthly limit, 0 = none
    month_in_scope_fen: int
    month_pooled_fen: int
    family: tuple[tuple[str, int], ...]  # draws on relatives' accounts
    layers: tuple[Layer, ...]
    filed: str = ""  # how the bill was filed and what that did, in words


def declined(code: str, message: str, year: int) -> Benefit:
    """A bill that nobody pays: all amounts zero, nothing used up."""
    return Benefit(code, message, year, *(0,) * 16, "", 0, NOTHING_USED, 0, 0, 0, (), ())
