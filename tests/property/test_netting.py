"""Netting and paying keep every fen, whatever pools owe one another; and the SQL of a run nets the same."""

import asyncio
from collections import defaultdict
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clearing.parties import load_parties
from clearing.payments.instruction_book import listed, propose
from clearing.periods import read_period
from clearing.positions.netting import Owed, nets, payments, province_of, settled
from clearing.positions.position_book import PositionReader
from clearing.scheme import DIRECT, PROVINCES, load_scheme
from runtime import postgres
from tests.clearing_runs import (
    CHONGQING,
    DAY,
    GUANGZHOU,
    NANNING,
    PROVINCE_POOL,
    SHANWEI,
    SHENZHEN,
    a_run,
    a_sum,
)
from tests.servers import NewDatabase

SCHEME = load_scheme()
POOLS = (GUANGZHOU, SHENZHEN, SHANWEI, NANNING, CHONGQING)
ALL_PAIRS = [(debtor, creditor) for debtor in POOLS for creditor in POOLS if debtor != creditor]
PAIRS = st.sampled_from(ALL_PAIRS)
GROUPS = st.sampled_from(
    [{}, dict.fromkeys(POOLS, "all"), {GUANGZHOU: "a", SHENZHEN: "a", NANNING: "b", CHONGQING: "b"}]
)
WAYS = st.sampled_from([DIRECT, PROVINCES])


@st.composite
def matrices(draw: st.DrawFn) -> list[Owed]:
    cells = st.tuples(st.sampled_from(["310", "390"]), st.sampled_from(["a", "b"]), PAIRS)
    amounts = st.integers(-(10**12), 10**12)
    return [
        Owed(insutype, fund, *pair, fen)
        for (insutype, fund, pair), fen in draw(st.dictionaries(cells, amounts, max_size=40)).items()
    ]


@given(matrices())
def test_the_sum_of_the_nets_is_zero_by_insurance_and_fund(owed: list[Owed]) -> None:
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for (insutype, fund, _), net in nets(owed).items():
        sums[insutype, fund] += net.amount_fen
    assert not any(sums.values())


@given(st.lists(st.integers(-(10**9), 10**9), max_size=30))
def test_balances_are_settled_with_fewer_payments_than_pools(amounts: list[int]) -> None:
    balances = dict(enumerate([*amounts, -sum(amounts)]))
    paid = list(settled(balances))
    for payer, payee, fen in paid:
        assert fen > 0
        balances[payer] += fen
        balances[payee] -= fen
    assert not any(balances.values())
    assert len(paid) <= max(len(balances) - 1, 0)


@given(matrices(), GROUPS, WAYS, WAYS)
def test_payments_bring_each_pool_its_net_and_leave_nothing_with_a_province(
    owed: list[Owed], groups: dict[int, str], within: str, across: str
) -> None:
    scheme = replace(SCHEME, within_province=within, across_provinces=across)
    owed = in_groups(owed, groups)
    moved: dict[tuple[str, str, str], int] = defaultdict(int)
    paid = payments(owed, scheme)
    for one in paid:
        assert one.amount_fen > 0
        assert one.payer != one.payee
        moved[one.insutype, one.fund, one.payee] += one.amount_fen
        moved[one.insutype, one.fund, one.payer] -= one.amount_fen
    meant = {
        (insutype, fund, str(pool)): net.amount_fen for (insutype, fund, pool), net in nets(owed).items()
    }
    assert {key: fen for key, fen in moved.items() if fen} == {key: fen for key, fen in meant.items() if fen}
    assert len({one[:4] for one in paid}) == len(paid)
    assert payments(reversed(owed), scheme) == paid


def test_money_between_provinces_goes_through_both_and_a_municipality_is_its_own() -> None:
    owed = [Owed("310", "310100", NANNING, GUANGZHOU, 5), Owed("310", "310100", CHONGQING, NANNING, 7),
            Owed("310", "310100", SHENZHEN, GUANGZHOU, 2), Owed("310", "310100", NANNING, SHENZHEN, 1)]  # fmt: skip
    assert [one[:2] + one[4:] for one in payments(owed, SCHEME)] == [
        ("440300", "440100", 2), ("450100", "P45", 6), ("500000", "P45", 7), ("P44", "440100", 5),
        ("P44", "440300", 1), ("P45", "450100", 7), ("P45", "P44", 6),
    ]  # fmt: skip
    assert province_of(CHONGQING) == str(CHONGQING)


MONEY = st.integers(0, 10**9)
WHO = st.one_of(PAIRS, st.sampled_from([(GUANGZHOU, GUANGZHOU), (PROVINCE_POOL, GUANGZHOU)]))
PAID = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        (
            "pooled_fen",
            "large_fen",
            "account_fen",
            "family_fen",
            "big_illness_fen",
            "aid_fen",
            "commercial_fen",
        ),
        MONEY,
    ),
)
SUMS = st.dictionaries(
    st.tuples(
        WHO, st.sampled_from(["310", "390"]), st.sampled_from([1, -1]), st.sampled_from(["", "a payer"])
    ),
    PAID,
    max_size=20,
)


def in_groups(owed: list[Owed], groups: dict[int, str]) -> list[Owed]:
    """Each cell with the group in which it is paid net."""
    return [
        one._replace(
            group=groups.get(one.debtor, "") if groups.get(one.debtor) == groups.get(one.creditor) else ""
        )
        for one in owed
    ]


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(SUMS, GROUPS, WAYS)
def test_a_run_is_apportioned_netted_booked_and_paid_in_sql_as_the_rules_say(
    database: NewDatabase, cells: dict[Any, dict[str, int]], groups: dict[int, str], within: str
) -> None:
    """That gross, outside and local sums are the settlements', that journals balance and that both sides' books agree
    is asserted by the run itself; that each pool is paid its net by the proposal."""
    scheme = replace(SCHEME, groups=groups, within_province=within)
    sums = [
        a_sum(*pair, insutype=insutype, sign=sign, commercial_payer=payer, **paid)
        for (pair, insutype, sign, payer), paid in cells.items()
    ]
    period = read_period(str(DAY))
    assert period is not None

    async def compared() -> None:
        async with postgres.opened(database("clearing"), application_name="test") as connection:
            await a_run(connection, sums, scheme=scheme)
            reader = PositionReader(connection, DAY, DAY)
            owed = [
                Owed(one.insutype, one.fund, one.debtor, one.creditor, one.amount_fen)
                for one in await reader.gross()
            ]
            found: dict[str, dict[tuple[str, str, int], int]] = defaultdict(dict)
            for row in await reader.net():
                found[row.group][row.insutype, row.fund, row.pool] = row.amount_fen
            await propose(connection, period, scheme, load_parties(), operator="test")
            made = await listed(connection, period)
        grouped = in_groups(owed, groups)
        for name in ("", *set(groups.values())):
            some = [one for one in grouped if not name or one.group == name]
            assert found[name] == {key: net.amount_fen for key, net in nets(some).items()}
        assert sorted(one[4:9] for one in made) == payments(grouped, scheme)
        between = {"pooled_fen", "large_fen", "account_fen", "family_fen"}
        meant = sum(
            sign * sum(fen for payer, fen in paid.items() if payer in between)
            for (pair, _, sign, _), paid in cells.items()
            if pair in ALL_PAIRS
        )
        assert sum(one.amount_fen for one in owed) == meant

    asyncio.run(compared())
