"""ProposalService on gRPC: operators' calls to their desk, faults to rich statuses.

The contract is proto/settlement/v1/proposal.proto.
"""

from typing import Final

from clearing.service.clearing_service import refusing
from clearing.service.proposal_desk import ProposalDesk
from proto.settlement.v1 import proposal_pb2 as pb
from proto.settlement.v1 import proposal_pb2_grpc
from runtime.refusals import Context, answered

NAME: Final = "settlement.v1.ProposalService"


class ProposalService(proposal_pb2_grpc.ProposalServiceServicer):
    """What waits for a second person, and that person's word."""

    def __init__(self, desk: ProposalDesk) -> None:
        self._desk = desk

    async def ListProposals(
        self, request: pb.ListProposalsRequest, context: Context
    ) -> pb.ListProposalsResponse:
        return await answered(refusing(self._desk.list(request)), context)

    async def CheckProposal(
        self, request: pb.CheckProposalRequest, context: Context
    ) -> pb.CheckProposalResponse:
        return await answered(refusing(self._desk.check(request)), context)
