"""The wallet's calls of ClearingService over real gRPC, two home nodes' books and a real database."""

from typing import Any

import grpc
import pytest

from proto.settlement.v1 import clearing_pb2 as pb
from proto.settlement.v1 import clearing_pb2_grpc, proposal_pb2, proposal_pb2_grpc
from tests.clearing_door import refused, served
from tests.integration import test_wallet_clearing as scene
from tests.wallet_nodes import RECEIVER_POOL, SENDER_POOL

clearing = scene.clearing


async def test_the_wallet_of_a_day_is_run_and_shown(clearing: scene.Clearing) -> None:
    await clearing.credited("m1", 1_000)
    other = await clearing.credited("m2", 200)
    day = str(await clearing.closed())
    await clearing.planted(
        clearing.here, f"UPDATE wallet_leg SET fen = 199 WHERE transfer = '\\x{other.transfer.id.hex()}'"
    )
    books_at = ",".join(f"node:{node}={address}" for node, address in clearing.addresses.items())
    async with served(clearing.dsn, books_at=books_at) as door:
        stub: Any = clearing_pb2_grpc.ClearingServiceStub(door.channel)
        dry = await stub.RunWalletDay(pb.RunWalletDayRequest(day=day, operator="wang", dry_run=True))
        assert (dry.run.batch, dry.run.credited, dry.run.amount_fen, dry.run.differences) == (1, 2, 1_200, 1)
        assert (await stub.GetWalletDay(pb.GetWalletDayRequest(day=day))).wallet == pb.WalletDay()
        assert await door.told("log") == []

        done = await stub.RunWalletDay(pb.RunWalletDayRequest(day=day, operator="wang"))
        assert (done.run, done.wallet, list(done.absent)) == (dry.run, dry.wallet, [])
        (owed,) = done.wallet.positions
        assert (owed.debtor, owed.creditor, owed.amount_fen) == (SENDER_POOL, RECEIVER_POOL, 1_000)
        assert [(one.pool, one.amount_fen) for one in done.wallet.net] == [
            (SENDER_POOL, -1_000), (RECEIVER_POOL, 1_000)
        ]  # fmt: skip
        (differs,) = done.wallet.differences
        assert (getattr(differs, "class"), differs.sent_fen, differs.credited_fen) == ("amount", 199, 200)

        again = await stub.RunWalletDay(pb.RunWalletDayRequest(day=day, operator="li"))
        assert (again.HasField("run"), again.wallet) == (False, done.wallet)
        told = await door.told("wallet", "--date", day, exit_code=1)  # something differs: look at it
        assert (told["batches"], told["net"][0]["amount_fen"]) == (1, -1_000)
        assert [one["operator"] for one in await door.told("log")] == ["wang", "li"]


async def test_a_difference_is_settled_and_taken_back(clearing: scene.Clearing) -> None:
    other = await clearing.credited("m1", 200)
    day = str(await clearing.closed())
    await clearing.planted(
        clearing.here, f"UPDATE wallet_leg SET fen = 199 WHERE transfer = '\\x{other.transfer.id.hex()}'"
    )
    books_at = ",".join(f"node:{node}={address}" for node, address in clearing.addresses.items())
    async with served(clearing.dsn, books_at=books_at) as door:
        stub: Any = clearing_pb2_grpc.ClearingServiceStub(door.channel)
        done = await stub.RunWalletDay(pb.RunWalletDayRequest(day=day, operator="wang"))
        (differs,) = done.wallet.differences
        assert (differs.state, list(differs.actions)) == ("open", ["carry_over", "dispute", "requery"])
        request = pb.ResolveWalletDifferenceRequest(
            day=day, transfer_id=differs.transfer_id, action="requery", operator="wang"
        )
        with refused(grpc.StatusCode.FAILED_PRECONDITION, "still differ"):
            await stub.ResolveWalletDifference(request)
        request.action = "pay"
        with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID: action"):
            await stub.ResolveWalletDifference(request)
        request.action, request.dry_run = "carry_over", True
        assert (await stub.ResolveWalletDifference(request)).decision == pb.WalletDecision(amount_fen=200)
        request.dry_run = False
        decided = (await stub.ResolveWalletDifference(request)).decision
        assert (decided.resolution, decided.proposal > 0) == (0, True)
        proposal_stub: Any = proposal_pb2_grpc.ProposalServiceStub(door.channel)
        await proposal_stub.CheckProposal(
            proposal_pb2.CheckProposalRequest(proposal=decided.proposal, operator="li")
        )
        (differs,) = (await stub.GetWalletDay(pb.GetWalletDayRequest(day=day))).wallet.differences
        assert (differs.state, differs.action) == ("resolved", "carry_over")
        undone = await stub.UndoWalletResolution(
            pb.UndoWalletResolutionRequest(resolution=differs.resolution, operator="li")
        )
        assert (undone.decision.amount_fen, undone.decision.proposal > decided.proposal) == (-200, True)


async def test_a_node_that_is_away_stays_out_and_a_wrong_request_is_refused(clearing: scene.Clearing) -> None:
    async with served(clearing.dsn, books_at="node:44=127.0.0.1:1") as door:
        stub: Any = clearing_pb2_grpc.ClearingServiceStub(door.channel)
        done = await stub.RunWalletDay(pb.RunWalletDayRequest(day="2026-11-20", operator="wang"))
        assert ([one.book for one in done.absent], done.HasField("run")) == (["node 44"], False)
        with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID: day"):
            await stub.RunWalletDay(pb.RunWalletDayRequest(day="today", operator="wang"))
        with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID: operator"):
            await stub.RunWalletDay(pb.RunWalletDayRequest(day="2026-11-20"))
        with pytest.raises(grpc.aio.AioRpcError, match="INVALID: day"):
            await stub.GetWalletDay(pb.GetWalletDayRequest())
