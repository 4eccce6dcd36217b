"""Netting and paying keep every fen, whatever pools owe one another; and the SQL of a run nets the same."""

import asyncio
from collections import defaultdict
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clearing.position_book import PositionReader
from clearing.positions import Owed, nets, payments, province_of, settled
from clearing.scheme import DIRECT, PROVINCES, load_scheme
from runtime import postgres
from tests.clearing_runs import CHONGQING, DAY, GUANGZHOU, NANNING, SHANWEI, SHENZHEN, a_run, a_sum
from tests.servers import NewDatabase

SCHEME = load_scheme()
POOLS = (GUANGZHOU, SHENZHEN, SHANWEI, NANNING, CHONGQING)
PAIRS = st.sampled_from([(debtor, creditor) for debtor in POOLS for creditor in POOLS if debtor != creditor])
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
    owed = [
        one._replace(group=groups.get(one.debtor, ""))
        if groups.get(one.debtor) == groups.get(one.creditor)
        else one
        for one in owed
    ]
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


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_run_nets_in_sql_as_the_rule_says(database: NewDatabase, data: st.DataObject) -> None:
    cell = st.tuples(PAIRS, st.sampled_from(["310", "390"]), st.sampled_from([1, -1]))
    cells = data.draw(st.dictionaries(cell, st.tuples(*[st.integers(0, 10**9)] * 3), max_size=20))
    scheme = replace(SCHEME, groups=data.draw(GROUPS))
    sums = [
        a_sum(*pair, insutype=insutype, sign=sign, pooled_fen=pooled, large_fen=large, account_fen=account)
        for (pair, insutype, sign), (pooled, large, account) in cells.items()
    ]

    async def compared() -> None:
        async with postgres.opened(database("clearing"), application_name="test") as connection:
            await a_run(connection, sums, scheme=scheme)
            reader = PositionReader(connection, DAY, DAY)
            owed = [Owed(one.insutype, one.fund, one.debtor, one.creditor, one.amount_fen)
                    for one in await reader.gross()]  # fmt: skip
            found: dict[str, dict[tuple[str, str, int], int]] = defaultdict(dict)
            for row in await reader.net():
                found[row.group][row.insutype, row.fund, row.pool] = row.amount_fen
        for name in ("", *set(scheme.groups.values())):
            some = owed
            if name:
                some = [
                    o for o in owed if scheme.groups.get(o.debtor) == name == scheme.groups.get(o.creditor)
                ]
            assert found[name] == {key: net.amount_fen for key, net in nets(some).items()}
        gross = sum(sign * sum(fens) for (_, _, sign), fens in cells.items())
        assert sum(one.amount_fen for one in owed) == gross

    asyncio.run(compared())
