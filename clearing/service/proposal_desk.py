"""What operators ask of proposals over gRPC, in the contract's messages: the commands' own functions."""

import json

from clearing import proposals
from clearing.approvals import APPLIED
from clearing.errors import Malformed
from clearing.proposals import Proposal
from clearing.service.fields import name_in, text_of
from clearing.session import Opened, Session, trying
from proto.settlement.v1 import proposal_pb2 as pb

STATES = ("waiting", "approved", "refused", "superseded")


class ProposalDesk:
    """Answers ProposalService. Raises clearing's faults."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened

    async def list(self, request: pb.ListProposalsRequest) -> pb.ListProposalsResponse:
        """What was proposed."""
        for field, given, known in (("state", request.state, STATES), ("kind", request.kind, tuple(APPLIED))):
            if given and given not in known:
                raise Malformed(f"{field}: {given[:30]!r} is none of {', '.join(known)}.")
        async with self._opened() as session:
            found = await proposals.listed(session.connection, state=request.state, kind=request.kind)
        return pb.ListProposalsResponse(proposals=map(proposal_item, found))

    async def check(self, request: pb.CheckProposalRequest) -> pb.CheckProposalResponse:
        """The second person's word."""
        operator, reason = name_in(request.operator), text_of(request.reason, field="reason")
        async with self._opened() as session, trying(session, request.dry_run):
            one = await proposals.check(
                session.connection, request.proposal, operator=operator, today=session.today, applied=APPLIED,
                refuse=request.refuse, reason=reason,
            )  # fmt: skip
        return pb.CheckProposalResponse(proposal=proposal_item(one))


async def proposed_item(session: Session, number: int, *, dry_run: bool) -> pb.ProposalItem:
    """What a call has just proposed; without its number where it is taken back again."""
    one = await proposals.found(session.connection, number)
    return proposal_item(one._replace(id=0) if dry_run else one)


def proposal_item(one: Proposal) -> pb.ProposalItem:
    """A proposal in the contract's words."""
    return pb.ProposalItem(
        id=one.id, kind=one.kind, about=one.about, amount_fen=one.amount_fen, state=one.state, made_by=one.made_by,
        made_at=one.made_at.isoformat(timespec="seconds"), checked_by=one.checked_by or "",
        detail=json.dumps(one.detail, ensure_ascii=False),
    )  # fmt: skip
