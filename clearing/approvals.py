"""What an approval does, by the kind of proposal."""

from collections.abc import Mapping
from typing import Final

from clearing.months.month_book import close_month
from clearing.months.year_book import close_year
from clearing.prepaid import advance_book, payout_book
from clearing.prepaid.audit_book import take_audit
from clearing.prepaid.prepayment_book import take_quota, take_top_up
from clearing.proposals import Apply
from clearing.wallet import wallet_resolutions

APPLIED: Final[Mapping[str, Apply]] = {
    "month": close_month,
    "year": close_year,
    "quota": take_quota,
    "top_up": take_top_up,
    "payout": payout_book.pay,
    "advance": advance_book.approve,
    "deduct": take_audit,
    wallet_resolutions.KIND: wallet_resolutions.settle,
}
