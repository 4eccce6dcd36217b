"""What operators ask of wallet transfers over gRPC, in the contract's messages: the command's own functions."""

from clearing.errors import Malformed
from clearing.service.fields import day_of, name_in, text_of
from clearing.service.operator_desk import absent_books
from clearing.session import PROGRAM, Opened, trying
from clearing.wallet.wallet_actions import WalletAction
from clearing.wallet.wallet_day import WalletDay, wallet_day
from clearing.wallet.wallet_resolutions import Decided, resolve, undo
from clearing.wallet.wallet_run import opened_wallets, run_wallet
from proto.settlement.v1 import clearing_pb2 as pb


class WalletDesk:
    """The wallet's calls of ClearingService. Raises clearing's faults."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened

    async def run_day(self, request: pb.RunWalletDayRequest) -> pb.RunWalletDayResponse:
        """Run the wallet of a day."""
        day, operator = day_of(request.day), name_in(request.operator)
        async with (
            self._opened() as session,
            trying(session, request.dry_run),
            opened_wallets(session.settings.books_at()) as wallets,
        ):
            result = await run_wallet(
                day, connection=session.connection, wallets=wallets, operator=operator, program=PROGRAM
            )
            found = await wallet_day(session.connection, day)
        answer = pb.RunWalletDayResponse(absent=absent_books(result.absent), wallet=_day(found))
        if result.batch is not None:
            answer.run.CopyFrom(
                pb.WalletRunSummary(
                    batch=result.batch, pairs=result.pairs, credited=result.credited, amount_fen=result.fen,
                    differences=result.differences,
                )
            )  # fmt: skip
        return answer

    async def get_day(self, request: pb.GetWalletDayRequest) -> pb.GetWalletDayResponse:
        """What was run of it."""
        day = day_of(request.day)
        async with self._opened() as session:
            found = await wallet_day(session.connection, day)
        return pb.GetWalletDayResponse(wallet=_day(found))

    async def resolve(self, request: pb.ResolveWalletDifferenceRequest) -> pb.ResolveWalletDifferenceResponse:
        """Settle a difference."""
        day, operator = day_of(request.day), name_in(request.operator)
        reason = text_of(request.reason, field="reason")
        transfer = text_of(request.transfer_id, field="transfer_id", needed=True)
        if request.action not in list(WalletAction):
            raise Malformed(f"action: {request.action[:30]!r} is none of {', '.join(WalletAction)}.")
        async with (
            self._opened() as session,
            trying(session, request.dry_run),
            opened_wallets(session.settings.books_at()) as wallets,
        ):
            done = await resolve(
                session.connection, day, transfer, WalletAction(request.action), operator=operator, reason=reason,
                wallets=wallets,
            )  # fmt: skip
        return pb.ResolveWalletDifferenceResponse(decision=_decision(done, dry_run=request.dry_run))

    async def undo(self, request: pb.UndoWalletResolutionRequest) -> pb.UndoWalletResolutionResponse:
        """Take a resolution back."""
        operator, reason = name_in(request.operator), text_of(request.reason, field="reason")
        async with self._opened() as session, trying(session, request.dry_run):
            done = await undo(session.connection, request.resolution, operator=operator, reason=reason)
        return pb.UndoWalletResolutionResponse(decision=_decision(done, dry_run=request.dry_run))


def _decision(done: Decided, *, dry_run: bool) -> pb.WalletDecision:
    """Without numbers where it is taken back again."""
    if dry_run:
        return pb.WalletDecision(amount_fen=done.amount_fen)
    return pb.WalletDecision(
        resolution=done.resolution or 0, proposal=done.proposal or 0, amount_fen=done.amount_fen
    )


def _day(found: WalletDay) -> pb.WalletDay:
    return pb.WalletDay(
        batches=found.batches,
        sums=[pb.WalletDaySum(**one) for one in found.sums],
        positions=[pb.WalletPosition(**one) for one in found.positions],
        net=[pb.WalletNet(**one) for one in found.net],
        differences=[
            pb.WalletDifferenceItem(**{name: value for name, value in one.items() if value is not None})
            for one in found.differences
        ],
    )
