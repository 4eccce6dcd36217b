"""A relative in another province pays by wallet transfer: advised at the counter, sent, carried, accepted, used."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from proto.settlement.v1 import wallet_pb2 as pb
from proto.settlement.v1 import wallet_pb2_grpc
from tests.endtoend.his import DECLINED, PAID, His, NewPerson, Person
from tests.endtoend.running_stack import ROOT, RunningStack, wait_until

SHIPPED = ROOT / "homepool" / "wallets.toml"
AMOUNT_FEN = 800
POOL, FAR_POOL = "440300", "500000"


@pytest.fixture
def all_day(tmp_path: Path) -> Path:
    """The shipped terms without the hours of the night, which this test may run in."""
    text = SHIPPED.read_text(encoding="utf-8")
    path = tmp_path / "wallets.toml"
    path.write_text(text.replace('closed_from = "22:00"', 'closed_from = "06:00"'), encoding="utf-8")
    return path


@pytest.fixture
def at_home(stack: RunningStack) -> Iterator[Any]:
    """The wallet of the receiver's node."""
    with grpc.insecure_channel(stack.endpoints.books["node 44"]) as channel:
        yield wallet_pb2_grpc.WalletServiceStub(channel)


@pytest.fixture
def far_away(stack: RunningStack) -> Iterator[Any]:
    """The wallet of the sender's node."""
    with grpc.insecure_channel(stack.endpoints.books["node 50"]) as channel:
        yield wallet_pb2_grpc.WalletServiceStub(channel)


def wallet(stack: RunningStack, node: str, *arguments: str) -> tuple[int, Any]:
    """`python -m homepool wallet … --json` of a node's operators."""
    environment = {"DSGW_POSTGRES_DSN": stack.endpoints.databases[f"node {node}"]}
    done = subprocess.run(
        [sys.executable, "-m", "homepool", "wallet", *arguments, "--json"],
        cwd=ROOT, check=False, capture_output=True, text=True, timeout=60, env=dict(os.environ) | environment,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, json.loads(done.stdout)


def lender(stack: RunningStack, new_person: NewPerson) -> Person:
    """An employee far away with money on his account."""
    while True:
        found = new_person(FAR_POOL)
        accounts = stack.record(found.psn_no)["accounts"]
        if accounts and accounts[0]["balance_fen"] > AMOUNT_FEN:
            return found


def borrower(stack: RunningStack, new_person: NewPerson) -> Person:
    """A resident without an account and without relatives who lend him theirs."""
    while True:
        found = new_person(POOL, "390")
        record = stack.record(found.psn_no)
        if not record["relatives"] and not record["accounts"]:
            return found


def test_what_a_relative_in_another_province_sends_pays_at_the_counter(
    stack: RunningStack, hospital: His, new_person: NewPerson, all_day: Path, at_home: Any, far_away: Any
) -> None:
    child, relative = borrower(stack, new_person), lender(stack, new_person)
    related: dict[str, object] = {
        "psn_no": child.psn_no, "relative_psn_no": relative.psn_no, "elsewhere": 1,
    }  # fmt: skip
    stack.load("relatives", related)
    visit = hospital.open(child)
    bill = hospital.bill(visit)
    bill.acct_mulaid_psn_no = relative.psn_no
    advised = hospital.outcome(hospital.settlement(visit, bill))
    assert (advised.status, advised.code) == (DECLINED, "RELATIVE_IN_OTHER_POOL")

    order = (
        "send", relative.psn_no, "--pool", FAR_POOL, "--to", child.psn_no, "--to-pool", POOL,
        "--amount-fen", str(AMOUNT_FEN), "--orderer", "CQAPP", "--msgid", f"w-{child.psn_no}",
        "--wallets", str(all_day),
    )  # fmt: skip
    code, refused = wallet(stack, "50", *order)
    assert (code, refused["code"]) == (1, "RELATIVE_NOT_AUTHORISED")
    stack.load("relatives", related, node="50")
    code, sent = wallet(stack, "50", *order)
    assert (code, sent["state"]) == (0, "IN_TRANSIT")
    stack.kill_and_await_the_next("books-node-50")
    assert wallet(stack, "50", *order)[1]["transfer_id"] == sent["transfer_id"], "sent once"

    mine = pb.ListTransfersRequest(psn_no=child.psn_no)
    wait_until(lambda: len(at_home.ListTransfers(mine).transfers) == 1, "the transfer has come")
    [waiting] = at_home.ListTransfers(mine).transfers
    assert (waiting.state, waiting.amount_fen) == ("WAITING", AMOUNT_FEN)
    before = hospital.outcome(hospital.trial(visit, hospital.bill(visit)))
    assert before.setlinfo.acct_pay == 0
    taken = pb.AcceptTransferRequest(transfer_id=sent["transfer_id"], psn_no=child.psn_no)
    assert at_home.AcceptTransfer(taken).transfer.state == "CREDITED"
    _, paid = hospital.pay(visit)
    assert (paid.status, paid.setlinfo.acct_pay) == (PAID, min(AMOUNT_FEN, before.setlinfo.psn_cash_pay))
    assert paid.setlinfo.balc == AMOUNT_FEN - paid.setlinfo.acct_pay

    asked = pb.GetTransferRequest(transfer_id=sent["transfer_id"])
    wait_until(
        lambda: far_away.GetTransfer(asked).transfers[0].state == "CREDITED", "the sender's node has heard"
    )
    held = stack.query("node 50", f"SELECT balance_fen FROM account WHERE psn_no = '{relative.psn_no}'")
    assert int(held) == stack.record(relative.psn_no)["accounts"][0]["balance_fen"] - AMOUNT_FEN


def test_a_wrong_order_is_refused_with_every_fault_and_without_a_stack_trace(
    stack: RunningStack, far_away: Any
) -> None:
    with pytest.raises(grpc.RpcError) as failed:
        far_away.SendTransfer(
            pb.SendTransferRequest(orderer=" x", pool=500000, to_pool=440300, amount_fen=-1)
        )
    assert failed.value.code() == grpc.StatusCode.INVALID_ARGUMENT  # type: ignore[attr-defined]
    assert "Traceback" not in failed.value.details()  # type: ignore[attr-defined]
    with pytest.raises(grpc.RpcError) as unknown:
        far_away.GetTransfer(pb.GetTransferRequest(transfer_id="A" * 26))
    assert unknown.value.code() == grpc.StatusCode.NOT_FOUND  # type: ignore[attr-defined]
