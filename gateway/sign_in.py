"""SignIn (9001) and SignOut (9002): the operator's day at a terminal gets a sign_no, kept in the care book.

A 9001 that is sent again is answered with the sign_no of the first: it is derived from the message's own key. Where other
messages carry it, gateway.signed_in looks at it; SignOut compares the operator too.
"""

from typing import Final

from gateway.care_book import CareBookUnavailable, ClaimConflict
from gateway.checks import envelope_violations, named
from gateway.entrance import House, caller_of
from gateway.fees.book import FeeBook
from gateway.refusals import Refused, Violation, invalid, refuse
from gateway.signed_in import SignedIn
from proto.settlement.v1 import settlement_pb2 as pb
from runtime.clock import Clock, china_date, china_text
from runtime.errors import IdMalformed
from runtime.keys import setl_id_bytes, setl_id_text, transport_key_id

SIGN_IN_INFNOS: Final = frozenset({"9001"})
SIGN_OUT_INFNOS: Final = frozenset({"9002"})
OPERATOR_CHARACTERS_MAX: Final = 30
ADDRESS_CHARACTERS_MAX: Final = 45
"""The longest text of an IPv6 address."""


class SignBook:
    """Who is signed in, of one region."""

    def __init__(self, *, book: FeeBook, house: House, signed_in: SignedIn, clock: Clock) -> None:
        self._book = book
        self._signed_in = signed_in
        self._house = house
        self._clock = clock

    async def sign_in(self, request: pb.SignInRequest) -> pb.SignInResponse | Refused:
        """9001: the sign_no of this operator from now on."""
        now_ms = self._clock.now_ms()
        bad = envelope_violations(
            request.envelope, infnos=SIGN_IN_INFNOS, today=china_date(now_ms), division_needed=False
        )
        bad += named("opter_no", request.opter_no, characters_max=OPERATOR_CHARACTERS_MAX)
        bad += named("mac", request.mac, characters_max=ADDRESS_CHARACTERS_MAX, needed=False)
        bad += named("ip", request.ip, characters_max=ADDRESS_CHARACTERS_MAX, needed=False)
        if bad:
            return invalid(*bad)
        institution = caller_of(request.envelope, self._house)
        if isinstance(institution, Refused):
            return institution
        id_ = transport_key_id(institution.code, "9001", request.envelope.msgid)
        try:
            async with self._book.connection() as connection:
                await connection.execute(
                    "INSERT INTO signed_in (id, fixmedins_code, opter_no, mac, ip, in_ms)"
                    " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING",
                    id_, institution.code, request.opter_no, request.mac, request.ip, now_ms,
                )  # fmt: skip
                row = await connection.fetchrow("SELECT opter_no, in_ms FROM signed_in WHERE id = $1", id_)
        except (CareBookUnavailable, ClaimConflict):
            return refuse("BOOK_UNAVAILABLE", "the care book does not answer; ask again")
        assert row is not None, "just written, and nobody deletes"
        if row["opter_no"] != request.opter_no:
            return refuse("MSGID_REUSED", "this msgid signed another operator in; take a new one")
        return pb.SignInResponse(sign_no=setl_id_text(id_), sign_time=china_text(row["in_ms"]))

    async def sign_out(self, request: pb.SignOutRequest) -> pb.SignOutResponse | Refused:
        """9002: the end of it; said again, the moment of the first time."""
        now_ms = self._clock.now_ms()
        bad = envelope_violations(
            request.envelope, infnos=SIGN_OUT_INFNOS, today=china_date(now_ms), division_needed=False
        )
        bad += named("sign_no", request.sign_no, characters_max=30)
        bad += named("opter_no", request.opter_no, characters_max=OPERATOR_CHARACTERS_MAX)
        if bad:
            return invalid(*bad)
        institution = caller_of(request.envelope, self._house)
        if isinstance(institution, Refused):
            return institution
        try:
            id_ = setl_id_bytes(request.sign_no)
        except IdMalformed:
            return invalid(Violation("sign_no", "is the 26 characters that SignIn gave"))
        try:
            async with self._book.connection() as connection:
                out_ms = await connection.fetchval(
                    "UPDATE signed_in SET out_ms = coalesce(out_ms, greatest($4, in_ms))"
                    " WHERE id = $1 AND fixmedins_code = $2 AND opter_no = $3 RETURNING out_ms",
                    id_, institution.code, request.opter_no, now_ms,
                )  # fmt: skip
        except (CareBookUnavailable, ClaimConflict):
            return refuse("BOOK_UNAVAILABLE", "the care book does not answer; ask again")
        self._signed_in.forget(request.sign_no)
        if out_ms is None:
            return refuse("SIGN_NO_INVALID", "this operator of this institution never signed in by it")
        return pb.SignOutResponse(sign_time=china_text(out_ms))
