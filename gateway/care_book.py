"""The care book of a region as the gateway's code sees it: a port, its records and its failures.

`gateway.postgres_care_book` is the real one, `tests/simulation/fake_care_book.py` one in memory; one suite proves them
equal. Two of the three durable writes are made here: W1 `claim` before anything is sent, W3 `book` before
anything is answered.
"""

from collections.abc import Sequence
from datetime import date
from typing import Final, NamedTuple, Protocol

from gateway.errors import GatewayError
from gateway.fees.changes import Place, Sum
from ledger.rows import Row

VISIT_OPEN: Final = 1
VISIT_CANCELLED: Final = 2
VISIT_CLOSED: Final = 3

OPEN_VISIT: Final = 11
"""Kinds of `ledger.life.Kind` are 1 to 5; these are decided at the gateway and never travel."""
CANCEL_VISIT: Final = 12
UPDATE_VISIT: Final = 13
CLOSE_VISIT: Final = 14
REOPEN_VISIT: Final = 15
UPLOAD_FEES: Final = 16
CANCEL_FEES: Final = 17
FILE: Final = 18
WITHDRAW: Final = 19
OWN_KINDS: Final = {
    OPEN_VISIT: "OPEN_VISIT", CANCEL_VISIT: "CANCEL_VISIT", UPDATE_VISIT: "UPDATE_VISIT", CLOSE_VISIT: "CLOSE_VISIT",
    REOPEN_VISIT: "REOPEN_VISIT", UPLOAD_FEES: "UPLOAD_FEES", CANCEL_FEES: "CANCEL_FEES", FILE: "FILE",
    WITHDRAW: "WITHDRAW",
}  # fmt: skip
"""Their names, for whoever reads how a region stands."""


class ClaimConflict(GatewayError):
    """Another process claimed one of these ids, or changed one of these visits, first. Read again and decide again."""

    retriable = True


class BookedAlready(GatewayError):
    """Some of these decisions are booked. Read which, skip them and book the rest."""

    retriable = True


class RowRefused(GatewayError):
    """A row breaks a rule of the book; `line` is its 0-based place. It is left out, with an alarm."""

    def __init__(self, line: int | None) -> None:
        super().__init__()
        self.line = line


class CareBookUnavailable(GatewayError):
    """The care book does not answer, and what the last write did is unknown until it is read again."""

    retriable = True


class Claim(NamedTuple):
    """An id that was claimed."""

    digest: bytes
    day: date
    kind: int
    node: int
    partition: int
    psn_no: str
    visit: bytes | None
    undone_by: bytes | None


class Visit(NamedTuple):
    """A visit as it stands, with what is open and alive of it."""

    id: bytes
    alias: bytes | None
    fixmedins_code: str
    serial: str
    psn_no: str
    home_pool: int
    care_pool: int
    node: int
    partition: int
    insutype: str
    med_type: str
    begin_day: date
    dise_codg: str
    matn_type: str
    emergency: bool
    injury: bool
    third_party: bool
    state: int
    cancelled_by: bytes | None
    version: int
    busy: bytes | None
    """The settlement or revival that is open."""
    live_bills: tuple[bytes, ...]
    unsealed: int
    """How many of its settlements live or could live again."""
    live_days: tuple[tuple[date | None, date | None], ...] = ()
    """First and last day that each live bill pays for, in the order of live_bills."""
    fee_lines: int = 0
    """How many uploaded lines it holds."""
    reopened: bool = False
    """Its discharge was taken back and not said again since."""


class Sought(NamedTuple):
    """What admission wants to know of one message: its id, other ids it speaks of, its visit."""

    ids: tuple[bytes, ...]
    visit: bytes | None = None
    alias: bytes | None = None


class Known(NamedTuple):
    """One consistent view: claims by id and visits by id and alias."""

    claims: dict[bytes, Claim]
    visits: dict[bytes, Visit]
    aliases: dict[bytes, Visit]

    def undone_by(self, claim: Claim) -> bytes:
        """What has undone a claimed message since (empty = nothing): of an opening, what cancelled its visit."""
        if claim.kind == OPEN_VISIT:
            visit = self.visits.get(claim.visit) if claim.visit else None
            return (visit.cancelled_by if visit else None) or b""
        return claim.undone_by or b""


class Decided(NamedTuple):
    """What is final of an id: the stored answer and who decided it."""

    answer: bytes
    digest: bytes | None
    """Of the decision; None where the gateway decided alone."""
    own: bool
    row: Row | None


class OpenItem(NamedTuple):
    """A claimed message without outcome, as it is sent again."""

    id: bytes
    kind: int
    digest: bytes
    node: int
    partition: int
    deadline_ms: int
    since_ms: int
    slot: int
    item: bytes


class BillLines(NamedTuple):
    """Lines that a message wants to pay for."""

    visit: bytes
    bill: bytes
    line_keys: tuple[int, ...]
    settlement: bytes | None = None
    """Of a revival: the settlement that would live again. If it named uploaded lines, they must be held unchanged."""


class RequestRow(NamedTuple):
    """A row of W1, in the order of the table's columns."""

    day: date
    id: bytes
    slot: int
    kind: int
    infno: str
    msgid: str
    fixmedins_code: str
    node: int
    partition: int
    psn_no: str
    visit: bytes | None
    visit_version: int | None
    exclusive: bool
    deadline_ms: int
    since_ms: int
    digest: bytes
    input: bytes
    item: bytes | None
    own_answer: bytes | None
    opens_visit: bool = False
    new_state: int | None = None
    alias: bytes | None = None
    serial: str | None = None
    home_pool: int | None = None
    care_pool: int | None = None
    insutype: str | None = None
    med_type: str | None = None
    begin_day: date | None = None
    dise_codg: str | None = None
    matn_type: str | None = None
    emergency: bool | None = None
    injury: bool | None = None
    third_party: bool | None = None
    end_day: date | None = None
    bill: bytes | None = None
    fee_batch: str | None = None
    fee_begin: date | None = None
    fee_end: date | None = None
    fee_lines: int | None = None
    lines_digest: bytes | None = None


class CareBook(Protocol):
    """The book of one slot. Every method may raise CareBookUnavailable; the next call connects again."""

    async def take_over(self) -> list[OpenItem]:
        """End the predecessor's connections, make the leaves of the coming days, give what the slot has open."""
        ...

    async def make_leaves(self) -> None:
        """Make the leaves of the coming days that are not there."""
        ...

    async def read(self, sought: Sequence[Sought]) -> Known:
        """What is known of these messages, in one snapshot."""
        ...

    async def finals(self, claims: dict[bytes, Claim]) -> dict[bytes, Decided]:
        """The outcomes of claimed ids; an id that is missing is open."""
        ...

    async def open_items(self, ids: Sequence[bytes]) -> list[OpenItem]:
        """Those of these ids that are open, as they are sent again."""
        ...

    async def stale_items(self, *, since_before_ms: int, limit: int) -> list[OpenItem]:
        """What the region has had open since before a moment, oldest first, whoever claimed it."""
        ...

    async def lines_in_live_bills(self, wanted: Sequence[BillLines]) -> set[tuple[bytes, bytes]]:
        """Those (visit, bill) of which some line is in another live bill, or whose uploaded lines have changed."""
        ...

    async def fee_sums(self, visits: Sequence[bytes]) -> dict[bytes, dict[Place, Sum]]:
        """What the uploaded lines of some visits come to, by batch and day."""
        ...

    async def bills_of(self, visit: bytes) -> dict[bytes, Claim]:
        """The newest settlement of each bill of a visit, by id, with its claim."""
        ...

    async def signed_in(self, ids: Sequence[bytes]) -> dict[bytes, str]:
        """Those of these sign-ins that hold, with their institution."""
        ...

    async def claim(self, rows: Sequence[RequestRow]) -> None:
        """W1. All or nothing. Raises ClaimConflict."""
        ...

    async def book(self, rows: Sequence[Row]) -> None:
        """W3, rows of one day. All or nothing. Raises BookedAlready or RowRefused."""
        ...

    async def booked(self, rows: Sequence[Row]) -> dict[bytes, bytes]:
        """The answers of those of these rows that are booked; deletes their ids from what is open."""
        ...
