"""What the simulated hospitals say: messages with the ids that both sides know them by."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from gateway.calls import SETTLE_INFNOS, ClaimedRequest
from proto.settlement.v1 import settlement_pb2 as pb
from runtime.keys import setl_id_text, transport_key_id
from tests.builders import (
    HOSPITAL,
    a_cancel_request,
    a_line,
    a_reverse_request,
    a_settle_request,
    a_visit_key,
    an_opening,
)

HOSPITALS: Final = {"44": HOSPITAL, "45": "H45010390001"}
"""One hospital per care region, each whose catalogue has the lines of tests.builders."""


@dataclass(frozen=True)
class Message:
    """One message, however often it is sent."""

    name: str
    region: str
    request: ClaimedRequest
    target: bytes = b""
    """The id that it undoes."""

    @cached_property
    def id(self) -> bytes:
        envelope = self.request.envelope
        return transport_key_id(envelope.fixmedins_code, envelope.infno, envelope.msgid)

    @property
    def reverses_settlement(self) -> bool:
        return isinstance(self.request, pb.ReverseRequest) and self.request.input.oinfno in SETTLE_INFNOS


@dataclass(frozen=True)
class Visit:
    """A patient's visit to the hospital of a region, by the hospital's own number."""

    psn_no: str
    number: str = "v"
    region: str = "44"

    def open(self) -> Message:
        """2201."""
        request = an_opening(
            f"open {self.number}", envelope=self._envelope, psn_no=self.psn_no, ipt_otp_no=self.number
        )
        return Message(f"open {self.number}", self.region, request)

    def settle(self, name: str = "s", *, bill: str = "b", lines: int = 3) -> Message:
        """2207 of a bill of so many lines."""
        msgid = f"{name} {self.number}"
        request = a_settle_request(
            msgid, envelope=self._envelope, psn_no=self.psn_no, mdtrt_id=setl_id_text(self._key), chrg_bchno=bill,
            acct_used_flag="1", lines=[a_line(f"{bill} {place}") for place in range(lines)],
        )  # fmt: skip
        return Message(msgid, self.region, request)

    def cancel(self, name: str, settlement: Message) -> Message:
        """2208."""
        msgid = f"{name} {self.number}"
        request = a_cancel_request(
            setl_id_text(settlement.id), msgid, envelope=self._envelope, psn_no=self.psn_no
        )
        return Message(msgid, self.region, request, target=settlement.id)

    def reverse(self, name: str, original: Message) -> Message:
        """2601 of a settlement or a cancel, sent before or not."""
        msgid = f"{name} {self.number}"
        named = original.request.envelope
        request = a_reverse_request(
            named.msgid, msgid, oinfno=named.infno, psn_no=self.psn_no, **self._envelope
        )
        return Message(msgid, self.region, request, target=original.id)

    @property
    def _key(self) -> bytes:
        return a_visit_key(self.number, HOSPITALS[self.region])

    @property
    def _envelope(self) -> dict[str, Any]:
        return {"fixmedins_code": HOSPITALS[self.region]}
