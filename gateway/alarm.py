"""Naming the message that an alarm or an error is about, by its `setl_id`, which says nothing of a person.

The name is made where the line is written, never per call: the hot path pays nothing for it.
"""

from typing import Protocol

from proto.settlement.v1.envelope_pb2 import Envelope
from runtime.keys import message_name, transport_key_id


class Alarm(Protocol):
    """Raises an alarm. `what` is one of few fixed sentences (it is a metric's label); `setl_id` names the message."""

    def __call__(self, what: str, *, setl_id: str = "") -> None: ...


def setl_id_of(envelope: Envelope) -> str:
    """The name in a log of the message that an envelope brings."""
    return message_name(transport_key_id(envelope.fixmedins_code, envelope.infno, envelope.msgid))
