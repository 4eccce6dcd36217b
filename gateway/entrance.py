"""What every message passes on its way in: the view that it is judged by, its parties, and the shape of the verdict.

`gateway.settling`, `undoing`, `visiting` and `filing` judge by it; `gateway.admission` sends each message to one of
them. Pure.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from gateway.calls import INFNOS_OF, PRE_SETTLE_INFNOS, Call, NeedsNode
from gateway.care_book import BillLines, Decided, Known, RequestRow
from gateway.catalogue import Catalogue
from gateway.checks import CREDENTIAL_CHARACTERS_MAX, EVOUCHER, envelope_violations, named
from gateway.directory import Directory, Institution, Pool
from gateway.fees.changes import Place, Sum
from gateway.refusals import Refused, Violation, invalid, refuse
from proto.settlement.v1 import messages_pb2 as mpb
from proto.settlement.v1 import settlement_pb2 as pb
from proto.settlement.v1.envelope_pb2 import Credential, Envelope
from runtime.clock import china_date

NO_DIGEST: Final = bytes(32)


@dataclass(frozen=True, slots=True)
class House:
    """What one slot knows for as long as it lives."""

    region: str
    slot: int
    directory: Directory
    catalogues: dict[int, Catalogue]


@dataclass(frozen=True, slots=True)
class View:
    """What was read for one flush, and the moment that it is decided at."""

    known: Known
    finals: dict[bytes, Decided]
    """Of the settlements and cancels that undoing calls speak of."""
    silent: Callable[[int, int], bool]
    """(node, partition) → no beat was heard lately."""
    now_ms: int
    today: date
    fee_sums: dict[bytes, dict[Place, Sum]] = field(default_factory=dict)
    """Of the visits whose settlements name uploaded lines."""

    @classmethod
    def of_moment(cls, now_ms: int) -> "View":
        """A view in which nothing is known: for those who read for themselves."""
        return cls(Known({}, {}, {}), {}, lambda _node, _partition: False, now_ms, china_date(now_ms))


@dataclass(frozen=True, slots=True)
class Admitted:
    """Rows to be claimed together: the message's first, then the tombstones that it sets."""

    rows: tuple[RequestRow, ...]
    lines: BillLines | None = None
    """Lines that must not be in another live bill of the visit, looked at before W1."""

    @property
    def item(self) -> mpb.Item | None:
        """What travels, read again; None where the gateway decided alone."""
        raw = self.rows[0].item
        return None if raw is None else mpb.Item.FromString(raw)


Verdict = Refused | Admitted | NeedsNode


@dataclass(frozen=True, slots=True)
class Parties:
    """Who speaks, and for whose pool."""

    institution: Institution
    home: Pool


def parties_of(call: Call, house: House, today: date) -> Refused | Parties:
    """Envelope, institution and pool of a message, or why it is refused."""
    envelope = call.envelope
    infnos = PRE_SETTLE_INFNOS if call.presettle else INFNOS_OF[call.kind]
    if bad := envelope_violations(envelope, infnos=infnos, today=today):
        return invalid(*bad)
    institution = caller_of(envelope, house)
    if isinstance(institution, Refused):
        return institution
    if envelope.mdtrtarea_admvs:
        care = house.directory.pool(envelope.mdtrtarea_admvs)
        if care is None or care.code != institution.pool:
            return invalid(
                Violation("envelope.mdtrtarea_admvs", f"is not in the institution's pool {institution.pool}")
            )
    return _with_pool(institution, envelope, house)


def caller_of(envelope: Envelope, house: House) -> Institution | Refused:
    """Who speaks: an institution of this region. Agreement and network state are not looked at."""
    institution = house.directory.institution(envelope.fixmedins_code)
    if institution is None:
        return refuse(
            "UNKNOWN_INSTITUTION", f"no institution {envelope.fixmedins_code!r} is in the directory"
        )
    if institution.region != house.region:
        return refuse(
            "WRONG_REGION", f"{institution.code} belongs to the gateway of region {institution.region}"
        )
    return institution


def parties_asking(envelope: Envelope, house: House) -> Parties | Refused:
    """Who asks, and of which pool's people."""
    institution = caller_of(envelope, house)
    return institution if isinstance(institution, Refused) else _with_pool(institution, envelope, house)


def _with_pool(institution: Institution, envelope: Envelope, house: House) -> Parties | Refused:
    home = house.directory.pool(envelope.insuplc_admdvs)
    if home is None:
        return refuse("UNKNOWN_POOL", f"no pool holds the division {envelope.insuplc_admdvs}")
    return Parties(institution, home)


def agreement_refusal(institution: Institution, today: date) -> Refused | None:
    """New visits and settlements need a running agreement; what undoes does not."""
    if not institution.in_agreement(today) or not institution.on_network:
        return refuse("NOT_IN_AGREEMENT", f"{institution.code} has no running agreement or is suspended")
    return None


def silence_refusal(node: int, partition: int, view: View) -> Refused | None:
    """Nothing new is sent to a node that is not heard of."""
    if view.silent(node, partition):
        return refuse("NODE_SILENT", f"home node {node} does not answer at present; nothing was sent")
    return None


def voucher_of(call: Call) -> Credential | None:
    """The e-voucher that came with an opening or a sale: only its node can say whose it is and whether it still holds."""
    request: pb.OpenVisitRequest | pb.SettleRequest = call.request  # type: ignore[assignment]
    credential = request.credential
    return credential if credential.mdtrt_cert_type == EVOUCHER else None


def voucher_violations(call: Call) -> list[Violation]:
    """An e-voucher has a token."""
    voucher = voucher_of(call)
    if voucher is None:
        return []
    return named("credential.mdtrt_cert_no", voucher.mdtrt_cert_no, characters_max=CREDENTIAL_CHARACTERS_MAX)


def needs_coverage(
    call: Call, *, node: int, partition: int, psn_no: str, home_pool: int, insutype: str
) -> NeedsNode:
    """Whether the pool insures the person so, and whether an e-voucher that came along is his."""
    question = mpb.CoverageAsk(psn_no=psn_no, home_pool=home_pool, insutype=insutype)
    return NeedsNode(node, partition, mpb.Ask(coverage=question), voucher_of(call))


def request_row(
    call: Call,
    *,
    house: House,
    view: View,
    node: int,
    partition: int,
    psn_no: str,
    visit: bytes | None = None,
    visit_version: int | None = None,
    exclusive: bool = False,
    deadline_ms: int = 0,
    item: bytes | None = None,
    own_answer: bytes | None = None,
) -> RequestRow:
    """The row that claims a message."""
    return RequestRow(
        view.today, call.id, house.slot, call.kind, call.infno, call.envelope.msgid, call.envelope.fixmedins_code,
        node, partition, psn_no, visit, visit_version, exclusive, deadline_ms, view.now_ms, call.digest,
        call.input_bytes, item, own_answer,
    )  # fmt: skip
