"""The columns of a settlement row, named once for Python, SQL and the wire between node and gateway.

Both books, the home pool's and the care region's, hold the same row per decision: debit the home pool, credit
the care pool for the institution, one column per payer. `Decision` in `proto/settlement/v1/messages.proto` carries
these names, `ledger/sql` makes them columns, and a test proves that the three agree.
"""

from typing import Final

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
