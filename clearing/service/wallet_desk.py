"""What operators ask of wallet transfers over gRPC, in the contract's messages: the command's own functions."""

from clearing.service.fields import day_of, name_in
from clearing.service.operator_desk import Opened, absent_books
from clearing.session import PROGRAM, trying
from clearing.wallet.wallet_day import WalletDay, wallet_day
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


def _day(found: WalletDay) -> pb.WalletDay:
    return pb.WalletDay(
        batches=found.batches,
        sums=[pb.WalletDaySum(**one) for one in found.sums],
        positions=[pb.WalletPosition(**one) for one in found.positions],
        net=[pb.WalletNet(**one) for one in found.net],
        differences=[pb.WalletDifferenceItem(**one) for one in found.differences],
    )
