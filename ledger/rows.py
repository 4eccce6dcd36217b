"""The columns of a settlement row, named once for Python, SQL and the wire between node and gateway.

Both books, the home pool's and the care region's, hold the same row per decision: debit the home pool, credit
the care pool for the institution, one column per payer. `Decision` in `proto/settlement/v1/messages.proto` carries
these names, `ledger/sql` makes them columns, and a test proves that the three agree.
"""

from datetime import date
from typing import Final, NamedTuple

PAYERS: Final = (
    "pooled_fen",  # hifp_pay: pooled fund of the basic insurance
    "big_illness_fen",  # hifmi_pay: residents' big-illness insurance
    "large_fen",  # hifob_pay: employees' large-expense subsidy
    "civil_fen",  # cvlserv_pay: civil servants' subsidy
    "enterprise_fen",  # hifes_pay: enterprise supplement
    "disabled_fen",  # hifdm_pay: fund for the disabled
    "aid_fen",  # maf_pay: medical aid
    "commercial_fen",  # part of oth_pay: commercial insurer or charity, named by commercial_payer
    "other_fen",  # rest of oth_pay
    "account_fen",  # the person's own personal account
    "family_fen",  # acct_mulaid_pay: relatives' personal accounts of the same pool
    "cash_fen",  # psn_cash_pay
    "hospital_fen",  # hosp_part_amt: borne or waived by the institution
)
"""Who pays a part of the bill. total_fen is their sum, on every row (identity I4)."""

FUND_PAYERS: Final = PAYERS[:9]
"""What makes up fund_pay_sumamt (identity I2); a dialect may add account_fen and family_fen (I8)."""

SCOPE: Final = ("full_self_fen", "over_limit_fen", "first_pay_fen", "in_scope_fen")
"""The bill by coverage: outside the catalogue, above the price limit, first-pay share, in scope (I1)."""

ACCUMULATORS: Final = (
    "inpatient_deductible",  # deductible borne by inpatient stays this year
    "outpatient_deductible",
    "chronic_deductible",
    "pooled",  # everything the pooled fund paid this year: the yearly cap counts it
    "outpatient_pooled",
    "chronic_pooled",
    "maternity_pooled",
    "in_scope",  # in-scope fee already shared, for caps that limit the fee
    "big_illness_base",  # burden that feeds big illness (residents) or large expense (employees)
    "big_illness_paid",
    "supplement_base",
    "supplement_paid",  # civil servant or enterprise supplement
    "aid_base",
    "aid_paid",
    "commercial_base",
    "commercial_paid",
    "admissions",  # inpatient stays this year, a count
)
"""What a person has used up, per insurance and year (fen, `admissions` a count)."""


class Row(NamedTuple):
    """One decision, a row of both books. Amounts in fen, with the sign of the row; ids 16 bytes; times epoch ms.

    A declined, expired or voided row has sign 0 and zero amounts; what was asked for stands in `asked_fen`, which no
    sum reads. A mirror (cancel, reversal) has sign -1 and the negative of every amount of its settlement.
    """

    node: int
    partition: int
    term: int
    number: int  # dense per partition, through the terms
    day: date
    id: bytes
    kind: int  # ledger.life.Kind
    status: int  # ledger.life.Status
    code: str
    digest: bytes  # 32 bytes, zeros on a tombstone
    decided_ms: int
    region: str
    fixmedins_code: str
    home_pool: int
    care_pool: int
    psn_no: str
    insutype: str
    med_type: str
    clr_type: str
    route: int  # 1 local, 2 within the province, 3 across provinces
    visit: bytes | None
    bill: bytes | None
    target: bytes | None  # what a cancel or reversal named
    undoes: bytes | None  # what it undid
    settlement: bytes | None  # whose money this row moves, or which it seals
    seals: bool  # from this row on that settlement can never live again
    year: int
    sign: int
    fund_includes_account: bool  # dialect of fund_sum_fen
    asked_fen: int
    total_fen: int
    full_self_fen: int
    over_limit_fen: int
    first_pay_fen: int
    in_scope_fen: int
    deductible_fen: int
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
    fund_sum_fen: int
    commercial_payer: str
    deltas: tuple[int, ...] | None  # in the order of ACCUMULATORS, of `year`
    month: int  # yyyyMM of a monthly limit, 0 = none
    month_in_scope_fen: int
    month_pooled_fen: int
    family_psn_no: tuple[str, ...] | None
    family_amount_fen: tuple[int, ...] | None
    line_keys: tuple[int, ...] | None  # of lines that came with the settlement, and of their drug packs
    lines_digest: bytes | None  # 32 bytes over exactly the lines that it pays
    begin_day: date | None  # first and last day that it pays for
    end_day: date | None
    invoice: str | None  # of the bill: paid once, directly or by hand; a mirror keeps its settlement's
    policy_version: str
    answer: bytes  # serialised Outcome, the same for ever


COLUMNS: Final = Row._fields
AMOUNTS: Final = ("total_fen", *SCOPE, "deductible_fen", *PAYERS, "fund_sum_fen")
"""Every column that carries money with the sign of the row."""
