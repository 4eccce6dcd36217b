"""StatementService on gRPC: what an institution asks about its own money.

The contract is proto/settlement/v1/statement.proto. An institution speaks for the code in its envelope; until
certificates bind it, whoever reaches this port may give any.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from clearing.errors import Malformed
from clearing.institutions import application, apportionment, institution_desk
from clearing.service.clearing_service import refusing
from clearing.session import Opened, Session
from proto.settlement.v1 import statement_pb2 as pb
from proto.settlement.v1 import statement_pb2_grpc
from proto.settlement.v1.envelope_pb2 import Envelope
from runtime.keys import transaction_code
from runtime.refusals import Context, answered

NAME: Final = "settlement.v1.StatementService"
MSGID_CHARACTERS_MAX: Final = 30
INSTITUTION_CHARACTERS: Final = 12
INFNOS: Final = {
    "CompareTotals": "3201", "CompareDetails": "3202", "GetApportionment": "3260", "ConfirmApportionment": "3261",
    "RollBackApportionment": "3262", "ApplyForClearing": "3203", "CancelApplication": "3204", "GetApplication": "3205",
    "ListUnmatched": "3209",
}  # fmt: skip
"""Which transaction each call is; a variant letter is ignored (3205A, 3209A)."""

Response = TypeVar("Response")


class StatementService(statement_pb2_grpc.StatementServiceServicer):
    """The institutions' door of clearing."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened

    async def CompareTotals(
        self, request: pb.CompareTotalsRequest, context: Context
    ) -> pb.CompareTotalsResponse:
        async def answer(session: Session) -> pb.CompareTotalsResponse:
            return await institution_desk.compare_totals(session.books, request.envelope, request.input)

        return await self._answer("CompareTotals", request, answer, context)

    async def CompareDetails(
        self, request: pb.CompareDetailsRequest, context: Context
    ) -> pb.CompareDetailsResponse:
        async def answer(session: Session) -> pb.CompareDetailsResponse:
            return await institution_desk.compare_details(
                session.connection, session.books, request.envelope, request.input
            )

        return await self._answer("CompareDetails", request, answer, context)

    async def GetApportionment(
        self, request: pb.GetApportionmentRequest, context: Context
    ) -> pb.GetApportionmentResponse:
        async def answer(session: Session) -> pb.GetApportionmentResponse:
            month = apportionment.month_of(
                request.envelope.fixmedins_code, request.trt_year, request.trt_month
            )
            return await apportionment.page(session.connection, session.books, month, request.startrow or 1)

        return await self._answer("GetApportionment", request, answer, context)

    async def ConfirmApportionment(
        self, request: pb.ConfirmApportionmentRequest, context: Context
    ) -> pb.ConfirmApportionmentResponse:
        async def answer(session: Session) -> pb.ConfirmApportionmentResponse:
            month = apportionment.month_of(
                request.envelope.fixmedins_code, request.trt_year, request.trt_month
            )
            return await apportionment.confirm(
                session.connection, month, msgid=request.envelope.msgid, totalrow=request.totalrow,
                detail=request.detail,
            )  # fmt: skip

        return await self._answer("ConfirmApportionment", request, answer, context)

    async def RollBackApportionment(
        self, request: pb.RollBackApportionmentRequest, context: Context
    ) -> pb.RollBackApportionmentResponse:
        async def answer(session: Session) -> pb.RollBackApportionmentResponse:
            month = apportionment.month_of(
                request.envelope.fixmedins_code, request.trt_year, request.trt_month
            )
            done = await apportionment.roll_back(session.connection, month, request.otransid)
            return pb.RollBackApportionmentResponse(rolled_back=done)

        return await self._answer("RollBackApportionment", request, answer, context)

    async def ApplyForClearing(
        self, request: pb.ApplyForClearingRequest, context: Context
    ) -> pb.ApplyForClearingResponse:
        async def answer(session: Session) -> pb.ApplyForClearingResponse:
            return await application.apply(session.connection, request.envelope.fixmedins_code, request.input)

        return await self._answer("ApplyForClearing", request, answer, context)

    async def CancelApplication(
        self, request: pb.CancelApplicationRequest, context: Context
    ) -> pb.CancelApplicationResponse:
        async def answer(session: Session) -> pb.CancelApplicationResponse:
            code = request.envelope.fixmedins_code
            await application.withdraw(session.connection, code, request.clr_appy_evt_id)
            return pb.CancelApplicationResponse()

        return await self._answer("CancelApplication", request, answer, context)

    async def GetApplication(
        self, request: pb.GetApplicationRequest, context: Context
    ) -> pb.GetApplicationResponse:
        async def answer(session: Session) -> pb.GetApplicationResponse:
            found = await application.applications(
                session.connection, request.envelope.fixmedins_code, number=request.clr_appy_evt_id,
                setlym=request.setlym,
            )  # fmt: skip
            return pb.GetApplicationResponse(applications=found)

        return await self._answer("GetApplication", request, answer, context)

    async def ListUnmatched(
        self, request: pb.ListUnmatchedRequest, context: Context
    ) -> pb.ListUnmatchedResponse:
        async def answer(session: Session) -> pb.ListUnmatchedResponse:
            return await institution_desk.list_unmatched(
                session.connection, request.envelope, request.begndate, request.enddate
            )

        return await self._answer("ListUnmatched", request, answer, context)

    async def _answer(
        self, method: str, request: Any, answer: Callable[[Session], Awaitable[Response]], context: Context
    ) -> Response:
        async def within() -> Response:
            check_envelope(request.envelope, INFNOS[method])
            async with self._opened() as session:
                return await answer(session)

        return await answered(refusing(within()), context)


def check_envelope(envelope: Envelope, infno: str) -> None:
    """The transaction, the message's id and the institution. Raises Malformed."""
    if transaction_code(envelope.infno) != infno:
        raise Malformed(f"envelope.infno is {envelope.infno[:10]!r}; this call takes {infno}.")
    if not 0 < len(envelope.msgid) <= MSGID_CHARACTERS_MAX or not envelope.msgid.isprintable():
        raise Malformed(f"envelope.msgid must be 1 to {MSGID_CHARACTERS_MAX} printable characters.")
    if len(envelope.fixmedins_code) != INSTITUTION_CHARACTERS or not envelope.fixmedins_code.isalnum():
        raise Malformed(
            f"envelope.fixmedins_code must be the institution's {INSTITUTION_CHARACTERS} characters."
        )
