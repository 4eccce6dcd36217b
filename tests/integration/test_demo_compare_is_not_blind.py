"""The demo's proof sees what is planted: a fen, a row, a byte, a balance, past the triggers of the books."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import asyncpg
import pytest
from rich.console import Console

from proto.settlement.v1 import settlement_pb2 as pb
from stack import verdicts
from stack.books import COLUMNS, Databases
from stack.compare import Comparison, compare, compare_openings
from stack.window import Receipts
from tests.demo_rows import DAY, declined_row, id_of, paid_row, refund_row, text_of
from tests.servers import NewDatabase

PAID = paid_row("kept")
UNDONE = paid_row("undone", number=2)
REFUND = refund_row(UNDONE)
DECLINED = declined_row() | {"number": 4}
ROWS = (PAID, UNDONE, REFUND, DECLINED)
BOOK = {"home": "decision", "care": "care"}


class Scratch:
    """A home book and a care book that hold the same rows, written past their triggers."""

    def __init__(self, home: str, care: str) -> None:
        self.databases = Databases(homes={44: home}, gateways={"45": care})
        self.dsn = {"home": home, "care": care}

    async def fill(self) -> None:
        """Both books hold ROWS and what follows from them, and nothing else."""
        await self.execute("home", "TRUNCATE decision, bill, account")
        await self.execute("care", "TRUNCATE care, bill")
        await self.execute("home", "SELECT make_leaf('decision', $1, 'decision_written')", DAY)
        await self.execute("care", "SELECT make_leaf('care', $1, 'care_written')", DAY)
        for side in BOOK:
            await self.write(side, ROWS)
        for settlement, alive in ((PAID, 1), (UNDONE, 0)):
            bill, visit, live = settlement["bill"], settlement["visit"], settlement["id"]
            await self.execute("home", "INSERT INTO bill VALUES ($1, $2, $3, $4)", bill, visit, alive, live)
            care = "INSERT INTO bill VALUES ($1, $2, $3, 1, 1, $4, $5, NULL, 44, 0)"
            await self.execute("care", care, visit, bill, alive, live, DAY)
        for psn_no in ("44030000000001", "44030000000002"):
            await self.execute("home", "INSERT INTO account VALUES ($1, 440300, 100000)", psn_no)

    async def write(self, side: str, rows: Sequence[dict[str, Any]]) -> None:
        # an INSERT into the parent goes into the leaf and past the leaf's statement trigger
        places = ", ".join(f"${place}" for place in range(1, len(COLUMNS) + 1))
        statement = f"INSERT INTO {BOOK[side]} ({', '.join(COLUMNS)}) VALUES ({places})"
        async with self.opened(side) as connection:
            for row in rows:
                await connection.execute(statement, *(row[column] for column in COLUMNS))

    async def execute(self, side: str, statement: str, *values: object) -> None:
        async with self.opened(side) as connection:
            await connection.execute(statement, *values)

    @contextlib.asynccontextmanager
    async def opened(self, side: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
        connection = await asyncpg.connect(self.dsn[side])
        try:
            yield connection
        finally:
            await connection.close()

    async def compare(self, receipts: dict[str, bytes] | None = None) -> Comparison:
        return await compare(self.databases, receipts)


@pytest.fixture
async def scratch(database: NewDatabase) -> Scratch:
    books = Scratch(database("ledger", "homepool"), database("ledger", "gateway"))
    await books.fill()
    return books


def receipts_of(*rows: dict[str, Any]) -> dict[str, bytes]:
    return {text_of(row["id"]): row["answer"] for row in rows}


async def test_equal_books_are_found_equal(scratch: Scratch) -> None:
    found = await scratch.compare(receipts_of(*ROWS))
    assert found.differences.sentences + found.imbalances.sentences == []
    assert (found.books_equal, found.zero_sum, found.pending) == (True, True, 0)
    assert (found.rows, found.paid, found.cancelled, found.reversed) == (4, 2, 1, 0)
    assert (found.total_fen, found.fund_fen) == (10_000, 5_600)


ONE_FEN = "UPDATE care SET cash_fen = cash_fen - 1, hospital_fen = hospital_fen + 1 WHERE id = $1"
PLANTED = [
    (
        "care",
        ONE_FEN,
        [
            "cash_fen is 2400 in the home book, 2399 in the care book",
            "cash_fen comes to 4800 in the home book, 4799",
        ],
    ),
    ("home", ONE_FEN.replace("care", "decision"), ["cash_fen is 2399 in the home book"]),
    (
        "care",
        "DELETE FROM care WHERE id = $1",
        ["not in the care book", "rows comes to 2 in the home book, 1"],
    ),
    ("home", "DELETE FROM decision WHERE id = $1", ["not in the home book"]),
    ("care", "UPDATE care SET answer = set_byte(answer, 5, 65) WHERE id = $1", ["answer is"]),
    ("care", "UPDATE care SET answer = answer || '\\x5a00'::bytea WHERE id = $1", ["answer is"]),
    ("care", "UPDATE care SET psn_no = 'another' WHERE id = $1", ["psn_no differs"]),
    ("care", "UPDATE care SET deltas[4] = 1 WHERE id = $1", ["deltas is"]),
    ("care", "UPDATE care SET line_keys = NULL WHERE id = $1", ["line_keys is"]),
    ("care", "UPDATE care SET target = $1 WHERE id = $1", ["target is None in the home book"]),
    (
        "care",
        "UPDATE care SET number = 9 WHERE id = $1",
        ["number is 1 in the home book, 9 in the care book"],
    ),
    ("care", "UPDATE care SET node = 50 WHERE id = $1", ["holds 1 rows of nodes that are not here"]),
    (
        "home",
        "UPDATE decision SET region = '99' WHERE id = $1",
        ["holds 1 rows of regions that are not here"],
    ),
    ("home", "UPDATE bill SET alive = 0 WHERE live = $1", ["node 44: 1 bills are kept otherwise"]),
    ("care", "UPDATE bill SET alive = 0 WHERE last_id = $1", ["region 45: 1 bills are kept otherwise"]),
]


async def test_every_planted_difference_is_seen_and_named(scratch: Scratch) -> None:
    for side, statement, expected in PLANTED:
        await scratch.fill()
        await scratch.execute(side, statement, PAID["id"])
        found = await scratch.compare()
        assert not found.books_equal, statement
        for sentence in expected:
            assert any(sentence in said for said in found.differences.sentences), (statement, sentence)
        assert not any("44030000000001" in said for said in found.differences.sentences), "personal data"


async def test_books_that_err_alike_are_equal_and_still_not_right(scratch: Scratch) -> None:
    for side, table in BOOK.items():
        await scratch.execute(side, f"ALTER TABLE {table} DROP CONSTRAINT row_zero_sum")
        await scratch.execute(side, f"UPDATE {table} SET cash_fen = cash_fen + 1 WHERE id = $1", PAID["id"])
    found = await scratch.compare()
    assert not found.zero_sum
    assert any("I4" in said for said in found.imbalances.sentences)
    assert any("psn_cash_pay" in said for said in found.differences.sentences)


async def test_what_is_owed_and_what_is_received_are_summed_apart(scratch: Scratch) -> None:
    await scratch.execute("care", "DELETE FROM care WHERE id = $1", PAID["id"])
    found = await scratch.compare()
    assert "fund_fen: home pools are debited 5600, care pools credited 0" in found.imbalances.sentences


async def test_a_refund_that_is_not_the_whole_settlement_is_seen(scratch: Scratch) -> None:
    changed = {"pooled_fen": -5_500, "cash_fen": -2_500, "fund_sum_fen": -5_500}
    for side, table in BOOK.items():
        await scratch.execute(side, f"DELETE FROM {table} WHERE id = $1", REFUND["id"])
        await scratch.write(
            side,
            [refund_row(UNDONE | changed | {"pooled_fen": 5_500, "cash_fen": 2_500, "fund_sum_fen": 5_500})],
        )
    found = await scratch.compare()
    assert found.books_equal
    assert any("neither it nor nothing" in said for said in found.imbalances.sentences)


async def test_a_bill_that_is_paid_twice_is_seen(scratch: Scratch) -> None:
    second = paid_row("second", number=5, bill=PAID["bill"], visit=PAID["visit"])
    for side in BOOK:
        await scratch.write(side, [second])
    found = await scratch.compare()
    assert any("is not paid once or not at all" in said for said in found.differences.sentences)


async def test_an_id_that_stands_twice_in_both_books_is_seen(scratch: Scratch) -> None:
    tomorrow = DAY.replace(day=DAY.day + 1)
    for side, function in (("home", "decision_written"), ("care", "care_written")):
        await scratch.execute(side, f"SELECT make_leaf('{BOOK[side]}', $1, '{function}')", tomorrow)
        await scratch.write(side, [declined_row() | {"number": 5, "day": tomorrow}])
    found = await scratch.compare()
    assert any("stands twice" in said for said in found.differences.sentences), found.differences.sentences


async def test_what_a_hospital_holds_must_stand_in_a_book(scratch: Scratch) -> None:
    other = pb.Outcome.FromString(PAID["answer"])
    other.setlinfo.hifp_pay += 1
    own = pb.Outcome(status=pb.OUTCOME_STATUS_VOIDED, setl_id=text_of(id_of("void"))).SerializeToString()
    await scratch.execute("care", "INSERT INTO own VALUES ($1, $2, 5, $3)", id_of("void"), DAY, own)
    held = {text_of(id_of("void")): own}
    assert (await scratch.compare(held)).books_equal
    for receipts in (
        {text_of(PAID["id"]): other.SerializeToString()},
        {text_of(id_of("void")): other.SerializeToString()},
        {text_of(id_of("nowhere")): own},
    ):
        assert not (await scratch.compare(receipts)).books_equal


async def test_what_is_open_is_pending(scratch: Scratch) -> None:
    await scratch.execute("care", "INSERT INTO open VALUES ($1, $2, 0, NULL, 0, false)", id_of("x"), DAY)
    assert (await scratch.compare()).pending == 1


UNEXPLAINED = [
    ("UPDATE account SET balance_fen = balance_fen - 1 WHERE psn_no = '44030000000002'", "1 accounts"),
    ("INSERT INTO account VALUES ('new', 440300, 1)", "1 accounts"),
    (
        "INSERT INTO accumulator (psn_no, insutype, period, pooled) VALUES ('x', '310', 2026, 1)",
        "1 accumulators",
    ),
    ("UPDATE decision SET deltas[4] = 7 WHERE sign = 1 AND number = 1", "1 accumulators"),
    ("UPDATE decision SET family_amount_fen = '{501}' WHERE number = 1", "1 accounts"),
    ("UPDATE decision SET month = 202611, month_pooled_fen = 5 WHERE number = 1", "1 accumulators"),
]


async def test_a_balance_that_rows_do_not_explain_is_seen(scratch: Scratch) -> None:
    before = await scratch.compare()
    for statement, expected in UNEXPLAINED:
        await scratch.fill()
        await scratch.execute("home", "TRUNCATE accumulator")
        await scratch.execute("home", statement)
        after = await scratch.compare()
        after.differences.sentences.clear()
        compare_openings(before, after)
        [said] = after.differences.sentences
        assert said.startswith(f"node 44: {expected}"), statement


async def test_rows_and_balances_that_move_together_are_right(scratch: Scratch) -> None:
    before = await scratch.compare()
    await scratch.write(
        "home",
        [paid_row("more", number=5, deltas=[0, 0, 0, 5_600] + [0] * 13, month=202611, month_pooled_fen=9)],
    )
    for statement in (
        "UPDATE account SET balance_fen = balance_fen - 1500 WHERE psn_no = '44030000000001'",
        "UPDATE account SET balance_fen = balance_fen - 500 WHERE psn_no = '44030000000002'",
        "INSERT INTO accumulator (psn_no, insutype, period, pooled) VALUES ('44030000000001', '310', 2026, 5600)",
        "INSERT INTO accumulator (psn_no, insutype, period, pooled) VALUES ('44030000000001', '310', 202611, 9)",
    ):
        await scratch.execute("home", statement)
    after = await scratch.compare()
    after.differences.sentences.clear()
    compare_openings(before, after)
    assert after.differences.sentences == []


async def test_the_verdict_holds_the_hospitals_tallies_against_the_books(scratch: Scratch) -> None:
    empty, full = Comparison(), await scratch.compare()
    receipts = Receipts()
    for row in (PAID, UNDONE):
        receipts.take(pb.Outcome.FromString(row["answer"]))
    refund = pb.Outcome.FromString(REFUND["answer"])
    refund.infno = "2208"
    assert not verdicts.verdict_of(empty, full, receipts).proved  # the hospitals know of no cancel
    receipts.take(refund)
    verdict = verdicts.verdict_of(empty, await scratch.compare(), receipts)
    assert verdict.proved
    cleared = replace(verdict, cleared=True, nets_zero=True)
    assert (verdict.good, cleared.good, replace(cleared, differences=1).good) == (False, True, False)
    assert verdict.line() == (
        '{"settled":2,"cancelled":1,"reversed":0,"pending":0,"books_equal":true,"zero_sum":true,"cleared":false,"differences":0,"nets_zero":false}'
    )


async def test_differences_are_printed_and_the_verdict_is_false(scratch: Scratch) -> None:
    await scratch.execute("care", ONE_FEN, PAID["id"])
    found = await scratch.compare()
    console = Console(record=True, width=200, quiet=False, file=None, force_terminal=False)
    with console.capture() as printed:
        verdicts.show(found, Receipts(), console)
    assert "The books differ in" in printed.get()
    assert "cash_fen is 2400 in the home book, 2399 in the care book" in printed.get()
    assert '"books_equal":false' in verdicts.verdict_of(Comparison(), found, Receipts()).line()


async def test_what_was_paid_by_hand_stands_in_one_book_and_must_add_up_too(scratch: Scratch) -> None:
    by_hand = paid_row("by hand", number=5, region="manual")
    await scratch.write("home", [by_hand])
    bill = "INSERT INTO bill VALUES ($1, $2, 1, $3)"
    await scratch.execute("home", bill, by_hand["bill"], by_hand["visit"], by_hand["id"])
    found = await scratch.compare(receipts_of(*ROWS))
    assert found.differences.sentences + found.imbalances.sentences == []
    assert (found.by_hand, found.rows, found.total_fen, found.fund_fen) == (1, 4, 10_000, 5_600)
    await scratch.execute("home", "ALTER TABLE decision DROP CONSTRAINT row_zero_sum")
    await scratch.execute("home", "UPDATE decision SET cash_fen = cash_fen - 1 WHERE id = $1", by_hand["id"])
    spoilt = await scratch.compare()
    assert any("by hand" in one and "psn_cash_pay" in one for one in spoilt.differences.sentences)
    assert any("by hand" in one and "I4" in one for one in spoilt.imbalances.sentences)
