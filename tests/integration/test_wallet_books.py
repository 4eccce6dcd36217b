"""Wallet transfers between two real home databases: legs, accounts, days, locks, and what the database itself refuses."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta

import asyncpg
import pytest

from homepool.book import Unavailable
from homepool.wallet.courier import FIRST_AGAIN_S
from homepool.wallet.desk import FateDiffers
from homepool.wallet.transfers import CREDIT, EXPIRE, IN, OUT, Fate, Held, Refused
from runtime.clock import DAY_MS
from tests.servers import NewDatabase
from tests.wallet_nodes import (
    BALANCE_FEN,
    RECEIVER,
    RECEIVER_POOL,
    SENDER,
    SENDER_POOL,
    Between,
    Noon,
    WalletNode,
    an_order,
    insure,
    two_nodes,
)

Nodes = tuple[WalletNode, WalletNode, Between]
HOUR_MS = 3_600_000


@pytest.fixture
def clock() -> Noon:
    return Noon()


@pytest.fixture
async def nodes(database: NewDatabase, clock: Noon) -> AsyncIterator[Nodes]:
    async with two_nodes(database, clock) as made:
        yield made


async def sent(node: WalletNode, msgid: str = "m1", fen: int = 100_000) -> Held:
    found = await node.desk.send(an_order(msgid, fen), by="SZDESK")
    assert isinstance(found, Held), found
    return found


async def refused(node: WalletNode, **changed: object) -> str:
    """The code of a refusal, which stored nothing."""
    found = await node.desk.send(an_order()._replace(**changed), by="SZDESK")  # type: ignore[arg-type]
    assert isinstance(found, Refused), found
    assert await node.balance(SENDER) == BALANCE_FEN
    assert not await node.kinds()
    return found.code


async def test_money_goes_from_account_to_account_and_each_node_books_its_legs(nodes: Nodes) -> None:
    here, there, _ = nodes
    first = await sent(here)
    assert (first.state, await here.balance(SENDER)) == ("IN_TRANSIT", BALANCE_FEN - 100_000)
    await here.courier.round()
    assert await there.balance(RECEIVER) is None, "it waits for him"
    accepted = await there.desk.accept(first.transfer.id, RECEIVER)
    assert isinstance(accepted, Held)
    assert (accepted.state, await there.balance(RECEIVER)) == ("CREDITED", 100_000)
    again = await there.desk.accept(first.transfer.id, RECEIVER)
    assert (again, await there.balance(RECEIVER)) == (accepted, 100_000)
    clock = here.courier._clock
    assert isinstance(clock, Noon)
    clock.ms += int(FIRST_AGAIN_S * 1000)
    await here.courier.round()
    assert (await here.kinds(), await there.kinds()) == (["debit", "arrived"], ["credit"])
    assert (await sent(here)).state == "CREDITED", "the same order tells how it stands"
    assert await here.balance(SENDER) == BALANCE_FEN - 100_000


async def test_what_nobody_accepts_comes_back_after_the_receivers_node_has_said_so(
    nodes: Nodes, clock: Noon
) -> None:
    here, there, between = nodes
    first = await sent(here)
    between.away.add(50)
    clock.ms += 2 * DAY_MS
    await here.courier.round()
    assert await here.kinds() == ["debit"], "its own clock returns nothing"
    between.away.clear()
    await here.courier.round()
    held = await here.book.held(first.transfer.id, OUT)
    assert held is not None
    assert (held.state, held.fate and held.fate.code) == ("RETURNED", "NOT_ACCEPTED")
    assert await here.balance(SENDER) == BALANCE_FEN
    late = await there.desk.accept(first.transfer.id, RECEIVER)
    assert isinstance(late, Refused)
    assert (late.code, await there.balance(RECEIVER)) == ("TRANSFER_EXPIRED", None)


async def test_what_cannot_be_credited_comes_back_at_once_with_the_reason(nodes: Nodes) -> None:
    here, there, _ = nodes
    await there.admin.execute("UPDATE insurance SET status = '4', valid_to = '2020-01-01'")
    ended = await sent(here, "m1")
    await here.courier.round()
    await there.admin.execute("UPDATE insurance SET status = '1', valid_to = ''")
    await there.admin.execute("INSERT INTO account VALUES ($1, 509900, 0)", RECEIVER)
    elsewhere = await sent(here, "m2")
    await here.courier.round()
    codes = [
        (await here.book.held(one.transfer.id, OUT)).fate.code  # type: ignore[union-attr]
        for one in (ended, elsewhere)
    ]
    assert (codes, await here.balance(SENDER)) == (["NOT_INSURED_HERE", "ACCOUNT_ELSEWHERE"], BALANCE_FEN)


async def test_every_refusal_has_its_code_and_stores_nothing(nodes: Nodes, clock: Noon) -> None:
    here, _, _ = nodes
    assert await refused(here, to_pool=SENDER_POOL) == "WALLET_SAME_POOL"
    assert await refused(here, to_pool=370600) == "WALLET_NOT_OPEN"
    assert await refused(here, fen=200_001) == "WALLET_LIMIT"
    assert await refused(here, pool=440100) == "NO_ACCOUNT"
    assert await refused(here, to_psn_no="50000090000199") == "RELATIVE_NOT_AUTHORISED"
    await here.admin.execute("UPDATE account SET balance_fen = 99999")
    assert (await here.desk.send(an_order(), by="x"))[0] == "ACCOUNT_TOO_SMALL"  # type: ignore[index]
    await here.admin.execute("UPDATE account SET balance_fen = $1", BALANCE_FEN)
    for hour, code in ((22, "WALLET_CLOSED_HOURS"), (29.99, "WALLET_CLOSED_HOURS")):
        clock.ms += int((hour - 12) * HOUR_MS)
        assert await refused(here) == code
        clock.ms -= int((hour - 12) * HOUR_MS)
    clock.ms += 18 * HOUR_MS
    await sent(here)


async def test_three_a_day_and_the_fourth_on_the_next(nodes: Nodes, clock: Noon) -> None:
    here, _, _ = nodes
    for number in range(3):
        await sent(here, f"m{number}", 1)
    fourth = await here.desk.send(an_order("m3", 1), by="x")
    assert isinstance(fourth, Refused)
    assert fourth.code == "WALLET_LIMIT"
    assert (await sent(here, "m0", 1)).state == "IN_TRANSIT", "what was sent is known before any limit"
    clock.ms += DAY_MS
    await sent(here, "m3", 1)


async def test_the_same_id_with_other_content_is_refused_at_both_ends(nodes: Nodes) -> None:
    here, there, _ = nodes
    first = await sent(here)
    other = await here.desk.send(an_order(fen=5), by="x")
    assert isinstance(other, Refused)
    assert other.code == "MSGID_REUSED"
    assert await there.desk.offered(first.transfer) == Fate()
    assert (await there.desk.offered(first.transfer._replace(fen=5))).code == "MSGID_REUSED"
    stranger = await there.desk.accept(first.transfer.id, "50000090000199")
    assert isinstance(stranger, Refused)
    assert stranger.code == "OTHER_PERSON"


async def test_of_many_who_do_the_same_at_once_one_takes_effect(nodes: Nodes) -> None:
    here, there, _ = nodes
    some = await asyncio.gather(*(here.desk.send(an_order(), by="x") for _ in range(6)))
    assert len({one.transfer.id for one in some if isinstance(one, Held)}) == 1
    assert await here.balance(SENDER) == BALANCE_FEN - 100_000
    transfer = some[0].transfer  # type: ignore[union-attr]
    fates = await asyncio.gather(*(there.desk.offered(transfer) for _ in range(6)))
    assert set(fates) == {Fate()}
    await asyncio.gather(*(there.desk.accept(transfer.id, RECEIVER) for _ in range(6)))
    assert await there.balance(RECEIVER) == 100_000
    fate = await there.desk.offered(transfer)
    assert fate.kind == CREDIT
    await asyncio.gather(*(here.desk.booked(transfer, fate) for _ in range(6)))
    assert await here.kinds() == ["debit", "arrived"]
    with pytest.raises(FateDiffers):
        await here.desk.booked(transfer, Fate(EXPIRE, fate.day, "NOT_ACCEPTED"))


async def test_a_leg_raises_the_cursors_versions_and_never_falls_on_a_closed_day(nodes: Nodes) -> None:
    here, _, _ = nodes
    today = await here.admin.fetchval("SELECT book_today()")
    await here.admin.execute("INSERT INTO cursor VALUES (0, 1, 7, 1, $1, 1, $1)", today)
    await sent(here, "m1", 1)
    assert await here.admin.fetchval("SELECT version FROM cursor") == 8
    await here.admin.execute("SELECT close_day($1, 'night')", today)
    await sent(here, "m2", 1)
    days = [day for (day,) in await here.admin.fetch("SELECT day FROM wallet_leg ORDER BY day")]
    assert days == [today, today + timedelta(days=1)]


async def test_it_waits_for_a_flush_and_gives_up_without_having_done_anything(nodes: Nodes) -> None:
    here, _, _ = nodes
    await here.admin.execute("INSERT INTO cursor VALUES (0, 1, 1, 1, book_today(), 1, book_today())")
    async with here.admin.transaction():
        await here.admin.execute("SELECT 1 FROM cursor FOR UPDATE")
        with pytest.raises(Unavailable):
            await sent(here)
    assert not await here.kinds()
    assert (await sent(here)).state == "IN_TRANSIT"


SAME_LEG = (
    "INSERT INTO wallet_leg SELECT transfer, side, {kind}, pool, to_pool, {fen}, {day}, at_ms, {counter}"
    " FROM wallet_leg WHERE kind = 'debit'"
)


@pytest.mark.parametrize(
    ("statement", "guard"),
    [
        ("UPDATE wallet_leg SET fen = 1", "wallet_stands"),
        ("DELETE FROM wallet_transfer", "wallet_stands"),
        (SAME_LEG.format(kind="'debit'", fen="fen", day="day", counter="NULL"), "wallet_leg_pkey"),
        (SAME_LEG.format(kind="'return'", fen="fen", day="day", counter="day"), "wallet_fate"),
        (SAME_LEG.format(kind="'credit'", fen="fen", day="day", counter="NULL"), "wallet_leg_kind"),
        (
            "INSERT INTO wallet_transfer SELECT id, 'in', psn_no, pool, to_psn_no, pool, fen, sent_ms, expires_ms, ''"
            " FROM wallet_transfer",
            "wallet_pools",
        ),
        (
            "INSERT INTO wallet_transfer SELECT substring(sha256(id) FOR 16), side, psn_no, pool, to_psn_no, to_pool,"
            " 200001, sent_ms, expires_ms, '', 2, 3, 200000 FROM wallet_transfer",
            "wallet_limits",
        ),
        (
            "INSERT INTO wallet_transfer SELECT substring(sha256(id) FOR 16), side, psn_no, pool, to_psn_no, to_pool,"
            " fen, sent_ms, expires_ms, '', 1, 3, 200000 FROM wallet_transfer",
            "wallet_nth_of_day",
        ),
    ],
)
async def test_the_database_refuses_by_itself(nodes: Nodes, statement: str, guard: str) -> None:
    here, _, _ = nodes
    first = await sent(here)
    await here.desk.booked(first.transfer, Fate(CREDIT, date(2026, 1, 1)))
    with pytest.raises(asyncpg.PostgresError) as failed:
        await here.admin.execute(statement)
    assert failed.value.constraint_name == guard  # type: ignore[attr-defined]


async def test_a_leg_that_differs_from_its_transfer_or_falls_on_a_closed_day_is_refused(nodes: Nodes) -> None:
    here, _, _ = nodes
    await sent(here)
    today = await here.admin.fetchval("SELECT book_today()")
    for statement, guard in (
        (
            SAME_LEG.format(kind="'return'", fen="fen + 1", day="day", counter="day"),
            "wallet_leg_is_its_transfer",
        ),
        (SAME_LEG.format(kind="'return'", fen="fen", day="day", counter="day"), "wallet_day_open"),
    ):
        if guard == "wallet_day_open":
            await here.admin.execute("SELECT close_day($1, 'night')", today)
        with pytest.raises(asyncpg.PostgresError) as failed:
            await here.admin.execute(statement)
        assert failed.value.constraint_name == guard  # type: ignore[attr-defined]


async def test_both_nodes_sum_a_day_to_the_same_and_what_is_in_transit_is_named(
    nodes: Nodes, clock: Noon
) -> None:
    here, there, between = nodes
    credited, open_, returned = [await sent(here, f"m{n}", 10**n) for n in range(3)]
    await there.admin.execute("INSERT INTO account VALUES ($1, $2, 5)", RECEIVER, RECEIVER_POOL)
    await here.courier.round()
    await there.desk.accept(credited.transfer.id, RECEIVER)
    await there.desk.accept(open_.transfer.id, RECEIVER)
    await here.desk.booked(credited.transfer, await there.desk.offered(credited.transfer))
    clock.ms += DAY_MS
    between.away.add(50)
    fate = await there.desk.offered(returned.transfer)
    await here.desk.booked(returned.transfer, fate)
    today = await here.admin.fetchval("SELECT book_today()")
    pair = (SENDER_POOL, RECEIVER_POOL)
    assert [one[:-1] for one in await here.book.sums(today)] == [
        (*pair, "arrived", 1, 1), (*pair, "debit", 3, 111), (*pair, "in_transit", 1, 10),
        (*pair, "return", 1, 100),
    ]  # fmt: skip
    assert [one[:-1] for one in await there.book.sums(today)] == [
        (*pair, "credit", 2, 11),
        (*pair, "expire", 1, 100),
    ]
    legs = await here.book.legs(
        today, pool=SENDER_POOL, to_pool=RECEIVER_POOL, kind="in_transit", after=bytes(16), legs_max=10
    )
    assert [leg.transfer for leg in legs] == [open_.transfer.id]


async def test_a_second_receiver_without_account_and_a_second_pool_of_one_node(nodes: Nodes) -> None:
    here, _, _ = nodes
    await insure(here.admin, "44010090000103", 440100, None)
    await here.admin.execute("INSERT INTO relative VALUES ('44010090000103', $1)", SENDER)
    order = an_order()._replace(to_psn_no="44010090000103", to_pool=440100)
    assert isinstance(await here.desk.send(order, by="x"), Held)
    await here.courier.round()
    await here.desk.accept(order.id, "44010090000103")
    held = [await here.book.held(order.id, side) for side in (OUT, IN)]
    assert [one and one.state for one in held] == ["IN_TRANSIT", "CREDITED"]
    assert await here.balance("44010090000103") == 100_000
