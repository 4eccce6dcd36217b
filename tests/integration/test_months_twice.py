"""A month reckoned twice: by SQL over the clearing database, and by plain Python from what was planted.

Pools, institutions, refunds, local bills, outside payers, a prepayment, audit results and a payout by day, by lot.
"""

import random
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import NamedTuple

import pytest

from clearing.months import month_book
from clearing.months.month_document import drawn
from clearing.prepaid import payout_book, prepayment_book
from clearing.prepaid.advances import load_payout_rules, recovered
from clearing.prepaid.audit_book import propose_audit
from clearing.prepaid.audit_file import COLUMNS, read_audit
from clearing.prepaid.prepayment import Key, load_rules
from clearing.scheme import load_scheme
from ledger.money import share
from runtime import postgres
from runtime.keys import setl_id_text
from runtime.postgres import Connection
from tests.clearing_runs import GUANGZHOU, HOSPITALS, NANNING, SHENZHEN, a_run, a_sum
from tests.integration.test_months import AFTER, LAST, month
from tests.integration.test_prepayments import approve
from tests.servers import NewDatabase

SCHEME = load_scheme()
POOLS = (GUANGZHOU, SHENZHEN, NANNING)
PAYERS = ("pooled_fen", "large_fen", "big_illness_fen", "account_fen", "family_fen")
FUND = {(one.insutype, one.payer): (one.fund, one.bearer) for one in SCHEME.funds}
RATIOS = load_payout_rules()


class Cell(NamedTuple):
    """What one fund pays: to whom, for whom, of which day."""

    home_pool: int
    care_pool: int
    insutype: str
    fund: str
    bearer: str
    stay: bool
    day: int

    @property
    def local(self) -> bool:
        return self.home_pool == self.care_pool

    @property
    def book_pool(self) -> int:
        return self.home_pool if self.local and self.bearer in ("pool", "account") else self.care_pool


@pytest.fixture
async def connection(database: NewDatabase) -> AsyncIterator[Connection]:
    async with postgres.opened(database("clearing"), application_name="test") as opened:
        yield opened


async def planted(connection: Connection, lot: random.Random) -> Counter[Cell]:
    """Three days by lot; what each fund pays of them."""
    cells: Counter[Cell] = Counter()
    for back in range(3):
        sums = []
        for _ in range(lot.randint(2, 12)):
            home, care, insutype = lot.choice(POOLS), lot.choice(POOLS), lot.choice(("310", "390"))
            sign, stay = lot.choice((1, 1, 1, -1)), lot.random() < 0.5
            paid = {payer: lot.randint(0, 5_000) for payer in PAYERS if lot.random() < 0.7}
            one = a_sum(home, care, insutype=insutype, sign=sign, day=LAST - timedelta(days=back), **paid)
            sums.append(one._replace(key=one.key._replace(clr_type="21" if stay else "11")))
            for payer, fen in paid.items():
                fund, bearer = FUND[insutype, "account" if payer in ("account_fen", "family_fen") else payer]
                cells[Cell(home, care, insutype, fund, bearer, stay, back)] += sign * fen
        await a_run(connection, sums, day=LAST - timedelta(days=back))
    return cells


async def prepaid(connection: Connection, key: Key, fen: int) -> None:
    number, _ = await prepayment_book.propose_quota(
        connection, key, fen, operator="wang", today=AFTER, rules=load_rules()
    )
    await approve(connection, number)
    number, _ = await prepayment_book.propose_top_up(
        connection, key, fen, operator="wang", today=AFTER, rules=load_rules()
    )
    await approve(connection, number)
    await prepayment_book.receive(connection, number, day=AFTER, reference="R", operator="wang")


async def deducted(connection: Connection, key: Key, fen: int) -> None:
    line = (
        f"B44010026100000001,{setl_id_text(bytes(16))},{HOSPITALS[key.care_pool]},{key.home_pool},{key.care_pool},"
        f"{key.insutype},{key.fund},2,03,-{fen // 100}.{fen % 100:02},by lot"
    )
    raw = f"{','.join(COLUMNS)}\n{line}\n".encode()
    number, _ = await propose_audit(connection, raw, read_audit(raw), SCHEME, name="lot", operator="wang")
    await approve(connection, number)


@pytest.mark.parametrize("seed", range(4))
async def test_sql_and_python_come_to_the_same_month(connection: Connection, seed: int) -> None:
    lot = random.Random(seed)
    cells = await planted(connection, lot)
    pools: Counter[tuple[int, int, str, str]] = Counter()
    institutions: Counter[tuple[str, int, str, str, str]] = Counter()
    base: Counter[tuple[str, int, str, str]] = Counter()
    for cell, fen in cells.items():
        if not cell.local and cell.bearer in ("pool", "account"):
            pools[cell.home_pool, cell.care_pool, cell.insutype, cell.fund] += fen
        hospital = HOSPITALS[cell.care_pool]
        institutions[hospital, cell.book_pool, cell.insutype, cell.fund, cell.bearer] += fen
        if cell.stay and cell.day == 1 and cell.bearer == "pool":
            base[hospital, cell.book_pool, cell.insutype, cell.fund] += fen
    key = Key(*max(pools, key=lambda one: pools[one]))
    fine, ahead = pools[key] // 3, lot.randint(1, pools[key])
    await prepaid(connection, key, ahead)
    await deducted(connection, key, fine)
    advances = {who: share(fen, RATIOS.ratio_bp) for who, fen in base.items() if fen > 0}
    if advances:
        number, _ = await payout_book.propose_payout(
            connection, LAST - timedelta(days=1), RATIOS, operator="wang"
        )
        await approve(connection, number)

    made, _ = await month_book.propose_month(
        connection, [], month("2026-10"), operator="wang", today=AFTER, early=False
    )
    await approve(connection, made)
    document = await month_book.document(connection, made)

    pools[key] -= fine
    expected = {one: (fen, drawn(fen, ahead) if one == key else 0) for one, fen in pools.items()}
    found: Counter[tuple[int, int, str, str]] = Counter()
    for one in document.pools:
        if not one.local and one.bearer in ("pool", "account"):
            where = (one.home_pool, one.care_pool, one.insutype, one.fund)
            found[where] += one.to_pay_fen
    assert dict(found) == {one: due - taken for one, (due, taken) in expected.items() if one in found}
    assert {one for one, (due, _) in expected.items() if due} <= set(found)

    bearer = FUND[
        key.insutype, next(payer for (kind, payer), (fund, _) in FUND.items() if (kind, fund) == key[2:])
    ][1]
    institutions[HOSPITALS[key.care_pool], key.care_pool, key.insutype, key.fund, bearer] -= fine
    gets: Counter[tuple[str, int, str, str, str]] = Counter()
    for line in document.institutions:
        gets[line.fixmedins_code, line.book_pool, line.insutype, line.fund, line.bearer] += line.to_pay_fen
    for who, due in institutions.items():
        taken = recovered(due, advances.get(who[:4], 0)) if who[4] == "pool" else 0
        assert gets[who] == due - taken, who
