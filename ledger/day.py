"""A closed day in sums: the columns of `day_sum`, named once for Python, SQL and BooksService.

Both books sum a day with each peer by the same SQL (`ledger/sql`): at a home node the peer is a care region, at a
region it is a home node. One sum per way that money went, refunds apart; buckets of ids with a hash say whether the
decisions behind the sums are the same, so that only what differs is fetched. Amounts are fen with the sign of the row.
"""

from datetime import date
from typing import Final, NamedTuple

from ledger.rows import AMOUNTS
from runtime.keys import ID_BYTES


class DayKey(NamedTuple):
    """What the decisions of one sum have in common."""

    home_pool: int
    care_pool: int
    fixmedins_code: str
    insutype: str
    clr_type: str
    route: int  # 1 local, 2 within the province, 3 across provinces
    sign: int  # 1 settlements and revivals, -1 refunds
    commercial_payer: str  # who paid commercial_fen, '' = nobody
    setl_day: date  # China date of the decision: before the book's day never, after an early close it is


class DaySum(NamedTuple):
    """So many decisions of one key, and what they come to: `amounts` in the order of ledger.rows.AMOUNTS."""

    key: DayKey
    items: int
    amounts: tuple[int, ...]


class Bucket(NamedTuple):
    """Decisions whose ids fall together: how many, and two hashes of what they say."""

    bucket: int
    items: int
    hash_xor: int
    hash_sum: int


class SumsHash(NamedTuple):
    """The sums of a day with a peer: how many, and two hashes over all that they say."""

    sums: int
    hash_xor: int
    hash_sum: int


def bucket_of(id_: bytes, buckets: int) -> int:
    """The bucket of an id, as `bucket_of` of ledger/sql; `buckets` is a power of two."""
    return int.from_bytes(id_[13:]) & (buckets - 1)


def ids_in(told: bytes) -> list[bytes]:
    """The ids that GetDayHashes tells one after the other."""
    return [told[first : first + ID_BYTES] for first in range(0, len(told), ID_BYTES)]


KEY_COLUMNS: Final = DayKey._fields
SUM_COLUMNS: Final = (*KEY_COLUMNS, "items", *AMOUNTS)
"""A row of `day_sum` after its day and its peer."""
HASH_SUM_BITS: Final = (1 << 40) - 1
"""Of each hash so much enters a bucket's `hash_sum`, which then never overflows."""
MANUAL_REGION: Final = "manual"
"""Region of what is reimbursed by hand (零星报销): no gateway has it, so no day's sums and no clearing."""
