"""Wallet differences from the run that found them to the run that pays what was decided, and back."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from datetime import date, timedelta

import asyncpg
import pytest
from typer.testing import CliRunner

from clearing.__main__ import app
from clearing.approvals import APPLIED
from clearing.errors import NotAllowed, NotFound
from clearing.proposals import check
from clearing.settings import BookAt
from clearing.standing import waiting
from clearing.verification import verify_day
from clearing.wallet.wallet_actions import WalletAction
from clearing.wallet.wallet_resolutions import Decided, listed, resolve, undo
from clearing.wallet.wallet_run import run_wallet
from clearing.wallet.wallets import ARRIVED, CREDIT, IN_TRANSIT, Told
from runtime import postgres
from runtime.postgres import Connection
from tests.clearing_runs import CHONGQING, DAY, SHENZHEN, a_run, a_sum
from tests.servers import NewDatabase, run_apart

NEXT = DAY + timedelta(days=1)
Said = Mapping[str, Mapping[str, int]]


class Node:
    """A node's word on the transfers between two pools: kind -> transfer -> fen."""

    def __init__(self, name: str, said: Said) -> None:
        self.at = BookAt("home", name, "memory:1")
        self.said = {kind: dict(legs) for kind, legs in said.items()}

    async def sums(self, day: date) -> list[Told]:
        if day != DAY:
            return []
        return [
            Told(SHENZHEN, CHONGQING, kind, len(legs), sum(legs.values()), hash(frozenset(legs.items())))
            for kind, legs in self.said.items()
            if legs
        ]

    async def legs(self, day: date, pool: int, to_pool: int, kind: str) -> dict[str, int]:
        assert (day, pool, to_pool) == (DAY, SHENZHEN, CHONGQING)
        return dict(self.said.get(kind, {}))


class Scene:
    """Two nodes that differ in every class, and clearing after its run of the day."""

    def __init__(self, connection: Connection, dsn: str) -> None:
        self.connection, self.dsn = connection, dsn
        self.sender = Node("44", {ARRIVED: {"GOOD": 1_000, "AMOUNT": 299, "UNCREDITED": 30}, IN_TRANSIT: {}})
        self.receiver = Node("50", {CREDIT: {"GOOD": 1_000, "AMOUNT": 300, "UNSENT": 200}})

    async def run(self, day: date) -> None:
        await run_wallet(
            day, connection=self.connection, wallets=[self.sender, self.receiver], operator="night", program="test"
        )  # fmt: skip

    async def resolve(self, transfer: str, action: WalletAction, *, by: str = "wang") -> Decided:
        return await resolve(
            self.connection, DAY, transfer, action, operator=by, reason="looked",
            wallets=[self.sender, self.receiver],
        )  # fmt: skip

    async def approve(self, proposal: int | None, *, by: str = "li", refuse: bool = False) -> None:
        assert proposal is not None
        await check(self.connection, proposal, operator=by, today=NEXT, applied=APPLIED, refuse=refuse)

    async def owed(self, day: date) -> int:
        found: int = await self.connection.fetchval(
            "SELECT isum(amount_fen) FROM wallet_position WHERE day = $1", day
        )
        return found

    async def state(self, transfer: str) -> str:
        (found,) = [one.state for one in await listed(self.connection, DAY) if one.transfer_id == transfer]
        return found


@pytest.fixture
async def scene(database: NewDatabase) -> AsyncIterator[Scene]:
    dsn = database("clearing")
    async with postgres.opened(dsn, application_name="test") as opened:
        found = Scene(opened, dsn)
        await found.run(DAY)
        yield found


async def test_each_class_has_its_actions_and_no_other(scene: Scene) -> None:
    kinds = {one.transfer_id: one.kind for one in await listed(scene.connection, DAY)}
    assert kinds == {"AMOUNT": "amount", "UNSENT": "unsent", "UNCREDITED": "uncredited"}
    assert await scene.owed(DAY) == 1_000
    for transfer, action in (
        ("AMOUNT", WalletAction.RETURN), ("UNSENT", WalletAction.RETURN), ("UNCREDITED", WalletAction.CARRY_OVER)
    ):  # fmt: skip
        with pytest.raises(NotAllowed, match=f"is not settled by {action}"):
            await scene.resolve(transfer, action)
    with pytest.raises(NotFound, match="is about GOOD"):
        await scene.resolve("GOOD", WalletAction.DISPUTE)


async def test_what_is_carried_over_is_paid_by_the_next_run_once_another_person_approved(
    scene: Scene,
) -> None:
    decided = await scene.resolve("AMOUNT", WalletAction.CARRY_OVER)
    assert (decided.resolution, decided.amount_fen, await scene.state("AMOUNT")) == (None, 300, "proposed")
    with pytest.raises(NotAllowed, match="proposed already"):
        await scene.resolve("AMOUNT", WalletAction.DISPUTE)
    with pytest.raises(NotAllowed, match="another person"):
        await scene.approve(decided.proposal, by="wang")
    await scene.approve(decided.proposal)
    assert await scene.state("AMOUNT") == "resolved"
    with pytest.raises(NotAllowed, match="resolved already"):
        await scene.resolve("AMOUNT", WalletAction.CARRY_OVER)
    await scene.run(NEXT)
    assert (await scene.owed(DAY), await scene.owed(NEXT)) == (1_000, 300)
    await scene.run(NEXT + timedelta(days=1))
    assert await scene.owed(NEXT + timedelta(days=1)) == 0, "once"
    booked = await scene.connection.fetchval(
        "SELECT balance_fen FROM gl_balance WHERE pool = $1 AND name = 'payable_to_pool'", SHENZHEN
    )
    assert booked == -1_300


async def test_asking_again_settles_what_both_nodes_prove_and_nothing_else(scene: Scene) -> None:
    for transfer in ("AMOUNT", "UNSENT", "UNCREDITED"):
        with pytest.raises(NotAllowed, match="still differ"):
            await scene.resolve(transfer, WalletAction.REQUERY)
    scene.sender.said = {ARRIVED: {"GOOD": 1_000, "AMOUNT": 300}, IN_TRANSIT: {"UNSENT": 200}}
    paid = [
        (await scene.resolve(one, WalletAction.REQUERY)).amount_fen
        for one in ("AMOUNT", "UNSENT", "UNCREDITED")
    ]
    assert paid == [300, 200, 0]
    await scene.run(NEXT)
    assert await scene.owed(NEXT) == 500
    assert [one.what for one in await waiting(scene.connection, NEXT) if "differ between" in one.what] == []


async def test_runs_of_two_days_at_once_take_it_in_once(scene: Scene) -> None:
    await scene.approve((await scene.resolve("AMOUNT", WalletAction.CARRY_OVER)).proposal)
    async with postgres.opened(scene.dsn, application_name="other") as other:
        again = Scene(other, scene.dsn)
        await asyncio.gather(scene.run(NEXT), again.run(NEXT + timedelta(days=1)))
    assert await scene.owed(NEXT) + await scene.owed(NEXT + timedelta(days=1)) == 300


async def test_what_is_returned_or_in_dispute_is_not_paid(scene: Scene) -> None:
    assert (await scene.resolve("UNCREDITED", WalletAction.RETURN)).proposal is None
    await scene.resolve("UNSENT", WalletAction.DISPUTE)
    assert (await scene.state("UNCREDITED"), await scene.state("UNSENT")) == ("resolved", "disputed")
    await scene.run(NEXT)
    assert await scene.owed(NEXT) == 0
    decided = await scene.resolve("UNSENT", WalletAction.CARRY_OVER)  # people have agreed
    await scene.approve(decided.proposal, refuse=True)
    assert await scene.state("UNSENT") == "disputed"
    with pytest.raises(asyncpg.PostgresError, match="append-only"):
        await scene.connection.execute("DELETE FROM wallet_resolution")


async def test_a_wrong_resolution_is_taken_back_by_a_second_entry(scene: Scene) -> None:
    await scene.approve((await scene.resolve("AMOUNT", WalletAction.CARRY_OVER)).proposal)
    await scene.run(NEXT)
    (number,) = [one.resolution for one in await listed(scene.connection, DAY) if one.transfer_id == "AMOUNT"]
    assert number is not None
    taken_back = await undo(scene.connection, number, operator="li", reason="x")
    assert (taken_back.amount_fen, await scene.state("AMOUNT")) == (-300, "proposed")
    await scene.approve(taken_back.proposal, by="wang")
    assert await scene.state("AMOUNT") == "open"
    later = NEXT + timedelta(days=1)
    await scene.run(later)
    assert (await scene.owed(NEXT), await scene.owed(later)) == (300, -300)
    with pytest.raises(NotAllowed, match="does not stand"):
        await undo(scene.connection, number, operator="li", reason="x")
    noted = (await scene.resolve("UNCREDITED", WalletAction.RETURN)).resolution
    assert noted is not None
    assert (await undo(scene.connection, noted, operator="wang", reason="x")).proposal is None
    assert await scene.state("UNCREDITED") == "open"


async def test_what_is_taken_back_before_a_run_never_enters_one(scene: Scene) -> None:
    await scene.approve((await scene.resolve("UNSENT", WalletAction.CARRY_OVER)).proposal)
    (number,) = [one.resolution for one in await listed(scene.connection, DAY) if one.transfer_id == "UNSENT"]
    assert number is not None
    await scene.approve((await undo(scene.connection, number, operator="wang", reason="x")).proposal)
    await scene.run(NEXT)
    assert await scene.owed(NEXT) == 0
    assert await scene.connection.fetchval("SELECT count(*) FROM wallet_sum WHERE day = $1", NEXT) == 0


@pytest.mark.parametrize("statement", [
    "INSERT INTO wallet_resolution (day, transfer_id, action, amount_fen, note, made_by)"
    " VALUES ($1, 'UNSENT', 'carry_over', 200, '', 'x')",
    "INSERT INTO wallet_resolution (day, transfer_id, action, amount_fen, note, made_by)"
    " VALUES ($1, 'UNSENT', 'requery', 201, '', 'x')",
    "INSERT INTO wallet_resolution (day, transfer_id, action, amount_fen, note, made_by)"
    " VALUES ($1, 'UNCREDITED', 'return', 30, '', 'x')",
    "INSERT INTO wallet_resolution (day, transfer_id, action, amount_fen, note, made_by)"
    " VALUES ($1, 'UNSENT', 'requery', 200, '', 'x'), ($1, 'UNSENT', 'requery', 0, '', 'x')",
])  # fmt: skip
async def test_the_database_refuses_what_four_eyes_or_both_nodes_did_not_say(
    scene: Scene, statement: str
) -> None:
    with pytest.raises(asyncpg.PostgresError) as failed:
        await scene.connection.execute(statement, DAY)
    assert str(failed.value.constraint_name).startswith("wallet_resolution_")  # type: ignore[attr-defined]


async def test_verify_finds_a_run_that_carries_in_what_was_not_resolved(scene: Scene) -> None:
    await scene.approve((await scene.resolve("AMOUNT", WalletAction.CARRY_OVER)).proposal)
    await a_run(scene.connection, [a_sum(SHENZHEN, CHONGQING, pooled_fen=5, day=NEXT)], day=NEXT)
    await scene.run(NEXT)

    async def found() -> list[str]:
        findings = (await verify_day(NEXT, connection=scene.connection, books=())).findings
        return [one.what for one in findings if one.where.startswith("wallet")]

    assert await found() == []
    await scene.connection.execute("SET session_replication_role = replica")
    await scene.connection.execute("UPDATE wallet_sum SET amount_fen = 301 WHERE kind = 'carried'")
    (what,) = await found()
    assert "carried in" in what or "books" in what


def called(dsn: str, *arguments: str, exit_code: int = 0) -> str:
    result = CliRunner().invoke(app, list(arguments), env={"DSGW_POSTGRES_DSN": dsn, "DSGW_BOOKS": ""})
    assert result.exit_code == exit_code, result.output
    return result.stdout if "--json" in arguments else result.output


def proposal_in(page: str) -> str:
    found = re.match(r"Proposal (\d+) waits for another person", page)
    assert found, page
    return found[1]


def test_an_operator_lists_settles_and_takes_back(database: NewDatabase) -> None:
    dsn, date_ = database("clearing"), ("--date", str(DAY))

    async def ran() -> None:
        async with postgres.opened(dsn, application_name="test") as connection:
            await Scene(connection, dsn).run(DAY)

    run_apart(ran)
    told = json.loads(called(dsn, "wallet", *date_, "--json", exit_code=1))
    assert {(one["class"], one["state"]) for one in told["differences"]} == {
        ("amount", "open"), ("unsent", "open"), ("uncredited", "open"),
    }  # fmt: skip
    waits = [one for one in json.loads(called(dsn, "todo", "--json")) if "differ between" in one["what"]]
    assert [one["command"] for one in waits] == [f"python -m clearing wallet --date {DAY}"]
    carry = ("wallet", "resolve", "AMOUNT", *date_, "--action", "carry_over", "--as", "wang")
    assert "nothing was changed" in called(dsn, *carry, "--dry-run")
    number = proposal_in(called(dsn, *carry))
    assert "could be approved" in called(dsn, "proposals", "approve", number, "--as", "li", "--dry-run")
    called(dsn, "proposals", "approve", number, "--as", "li")
    told = json.loads(called(dsn, "wallet", *date_, "--json", exit_code=1))
    (kept,) = [one for one in told["differences"] if one["transfer_id"] == "AMOUNT"]
    assert (kept["state"], kept["action"], kept["next_action"]) == ("resolved", "carry_over", "")
    page = called(dsn, "wallet", "resolve", "UNCREDITED", *date_, "--action", "return", "--as", "wang")
    assert "stands.\n" in page
    proposal_in(
        called(dsn, "wallet", "undo", str(kept["resolution"]), "--as", "wang", "--reason", "mistaken")
    )
    for arguments, said in (
        (("wallet",), "say of which day"),
        (
            ("wallet", "resolve", "NONE", *date_, "--action", "dispute", "--as", "wang"),
            "No wallet difference",
        ),
        (("wallet", "resolve", "UNSENT", *date_, "--action", "pay", "--as", "wang"), "actions are"),
        (("wallet", "resolve", "a b", *date_, "--action", "dispute", "--as", "wang"), "no id of a transfer"),
        (("wallet", "resolve", "UNSENT", *date_, "--action", "requery", "--as", "wang"), "does not name"),
        (("wallet", "resolve", "UNSENT", *date_, "--action", "dispute", "--as", " "), "say who acts"),
        (("wallet", "undo", "99", "--as", "wang"), "no wallet resolution 99"),
        (("wallet", "undo", str(2**63), "--as", "wang"), "Invalid value"),
    ):
        assert said in " ".join(called(dsn, *arguments, exit_code=2).split()), arguments
