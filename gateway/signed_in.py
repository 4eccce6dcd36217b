"""Whether the sign_no of a message is one that is signed in, remembered per process.

A message that carries a sign_no is admitted only where its institution signed in by it (9001) and has not signed out;
one without is not asked. Method: what a flush's messages carry and is not remembered is read from the care book in one
statement, so that a settlement costs a look into a dictionary; a sign-out at another process is noticed within a minute.
"""

from collections.abc import Iterable
from typing import Final

from gateway.care_book import CareBook
from gateway.refusals import Refused, refuse
from proto.settlement.v1.envelope_pb2 import Envelope
from runtime.clock import Clock
from runtime.errors import IdMalformed
from runtime.keys import setl_id_bytes

REMEMBERED_MS: Final = 60_000
SIGNS_MAX: Final = 20_000
"""As many operators at work in a region (assumption); beyond it everything is forgotten and read again."""


class SignedIn:
    """The sign_no that this process has met lately."""

    def __init__(self, *, book: CareBook, clock: Clock) -> None:
        self._book = book
        self._clock = clock
        self._met: dict[str, tuple[str, int]] = {}  # sign_no → institution, remembered until (ms)

    async def learn(self, envelopes: Iterable[Envelope]) -> None:
        """Read what these carry and is not remembered. Raises CareBookUnavailable."""
        now_ms = self._clock.now_ms()
        wanted: dict[bytes, str] = {}
        for envelope in envelopes:
            sign_no = envelope.sign_no
            if not sign_no or self._met.get(sign_no, ("", 0))[1] > now_ms:
                continue
            self.forget(sign_no)
            try:
                wanted[setl_id_bytes(sign_no)] = sign_no
            except IdMalformed:
                continue
        if not wanted:
            return
        if len(self._met) + len(wanted) > SIGNS_MAX:
            self._met.clear()
        for id_, institution in (await self._book.signed_in(list(wanted))).items():
            self._met[wanted[id_]] = (institution, now_ms + REMEMBERED_MS)

    def refusal(self, envelope: Envelope) -> Refused | None:
        """Why a message is refused that was learned of before."""
        sign_no = envelope.sign_no
        if not sign_no or self._met.get(sign_no, ("", 0))[0] == envelope.fixmedins_code:
            return None
        return refuse(
            "SIGN_NO_INVALID",
            "nobody of this institution is signed in by envelope.sign_no: sign in (9001), or leave it out",
        )

    def forget(self, sign_no: str) -> None:
        """It was signed out, or must be read again."""
        self._met.pop(sign_no, None)
