"""`python -m homepool wallet` as docs/wallet.md shows it, and what it says of bad input."""

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from proto.settlement.v1 import wallet_pb2 as pb
from tests.servers import NewDatabase
from tests.wallet_nodes import BALANCE_FEN, RECEIVER, SENDER, Between, Noon, WalletNode, two_nodes

ROOT = Path(__file__).parent.parent.parent
TEXT = (ROOT / "docs" / "wallet.md").read_text(encoding="utf-8")
ALL_DAY = (ROOT / "homepool" / "wallets.toml").read_text(encoding="utf-8").replace("22:00", "06:00")
SHOWN = re.findall(r"^\$ python -m homepool wallet (.+)\n((?:(?!\$ |```).*\n)+)", TEXT, re.MULTILINE)

Nodes = tuple[WalletNode, WalletNode, Between]


@pytest.fixture
async def nodes(database: NewDatabase) -> AsyncIterator[Nodes]:
    async with two_nodes(database, Noon()) as made:
        yield made


async def wallet(node: WalletNode, *arguments: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "homepool", "wallet", *arguments, cwd=ROOT,
        env={"PATH": os.environ["PATH"], "DSGW_POSTGRES_DSN": node.dsn, "PYTHONIOENCODING": "utf-8",
             "COLUMNS": "150"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out, _ = await process.communicate()
    assert b"Traceback" not in out, out.decode()
    return process.returncode, out.decode()


def timeless(text: str) -> list[str]:
    """Lines without the days and times of this run."""
    text = re.sub(r"20\d\d-\d\d-\d\d( \d\d:\d\d(:\d\d)?)?", "TIME", text)
    return [line.rstrip() for line in text.splitlines() if line.strip()]


async def test_the_page_shows_what_the_commands_print(nodes: Nodes, tmp_path: Path) -> None:
    here, there, _ = nodes
    terms = tmp_path / "wallets.toml"
    terms.write_text(ALL_DAY, encoding="utf-8")
    assert [command.split()[0] for command, _ in SHOWN] == ["send", "list", "list", "accept", "show"]
    for (command, shown), node in zip(SHOWN, (here, here, there, there, here), strict=True):
        arguments = command.split()
        if arguments[0] in ("send", "accept"):
            arguments += ["--wallets", str(terms)]
        code, out = await wallet(node, *arguments)
        assert (code, timeless(out)) == (0, timeless(shown)), f"\n{command}\n{out}"
        if arguments[0] in ("send", "accept"):
            here.courier._again.clear()
            await here.courier.round()


async def test_refusals_and_bad_input_say_what_to_do_and_change_nothing(nodes: Nodes, tmp_path: Path) -> None:
    here, _, _ = nodes
    order = [
        "send", SENDER, "--pool", "440300", "--to", RECEIVER, "--to-pool", "500000", "--orderer", "x",
        "--msgid", "1", "--amount-fen",
    ]  # fmt: skip
    code, out = await wallet(here, *order, "0")
    assert (code, out.startswith("error: --amount-fen")) == (2, True)
    code, out = await wallet(here, *order[:-2], " x ", "--amount-fen", "5")
    assert (code, out.startswith("error: --msgid")) == (2, True)
    bad = tmp_path / "wallets.toml"
    bad.write_text(ALL_DAY.replace("returns_at", "returns"), encoding="utf-8")
    code, out = await wallet(here, *order, "5", "--wallets", str(bad))
    assert (code, "returns, returns_at" in out) == (2, True)
    bad.write_text(ALL_DAY, encoding="utf-8")
    code, out = await wallet(here, *order, "500000", "--wallets", str(bad), "--json")
    assert (code, json.loads(out)["code"]) == (1, "WALLET_LIMIT")
    code, out = await wallet(here, "show", "A" * 26)
    assert (code, out.split(":")[0]) == (1, "TRANSFER_UNKNOWN")
    code, out = await wallet(here, "show", "a")
    assert (code, out.startswith("error: ")) == (2, True)
    assert (await wallet(here, "list"))[1] == "No transfers.\n"
    assert await here.balance(SENDER) == BALANCE_FEN


def test_the_page_names_every_call_state_and_field() -> None:
    for service in pb.DESCRIPTOR.services_by_name.values():
        for method in service.methods:
            assert method.name in TEXT, method.name
    for message in (pb.SendTransferRequest, pb.AcceptTransferRequest, pb.Transfer, pb.WalletLeg):
        for field in message.DESCRIPTOR.fields:
            assert f"`{field.name}`" in TEXT, field.name
