"""`positions` and `explain` as operators call them, over a run whose items the home book tells."""

import json

import pytest
from typer.testing import CliRunner

from clearing.__main__ import app
from clearing.day.run import run_day
from clearing.errors import BooksUnknown, Malformed, NotFound
from clearing.positions import explain as behind
from clearing.positions.publish import publish
from runtime import postgres
from tests.clearing_books import DAY, MemoryBook, figures
from tests.servers import NewDatabase, run_apart

HOME, CARE = 440300, 450100
POSITION = f"{DAY}/310/310100/{HOME}/{CARE}"


@pytest.fixture
def clearing(database: NewDatabase) -> str:
    """An empty clearing database."""
    return database("clearing")


@pytest.fixture
def books() -> tuple[MemoryBook, MemoryBook]:
    """Two hospitals, a refund, account money, a local bill, an outside payer, and an item that differs."""
    rows = [
        figures(1),
        figures(2, fixmedins_code="H45010300002", account_fen=500, cash_fen=3_500),
        figures(3, sign=-1, pooled_fen=1_000, cash_fen=9_000, fund_sum_fen=1_000),
        figures(4, route=1),
        figures(5, commercial_fen=200, cash_fen=3_800, fund_sum_fen=6_200, commercial_payer="善美保"),
        figures(6, pooled_fen=5_999, cash_fen=4_001, fund_sum_fen=5_999),
    ]
    care = [*rows[:5], figures(6)]
    return MemoryBook("home", "44", {"45": rows}), MemoryBook("care", "45", {"44": care})


async def ran(dsn: str, *books: MemoryBook) -> None:
    async with postgres.opened(dsn, application_name="test") as connection:
        await run_day(
            DAY, connection=connection, books=books, operator="wang", program="test", publish=publish,
            progress=lambda *_: None,
        )  # type: ignore[arg-type]  # fmt: skip


def called(dsn: str, *arguments: str, exit_code: int = 0) -> str:
    result = CliRunner().invoke(app, list(arguments), env={"DSGW_POSTGRES_DSN": dsn, "DSGW_BOOKS": ""})
    assert result.exit_code == exit_code, result.output
    return result.output


def test_positions_print_matrix_net_and_outside_payers(
    clearing: str, books: tuple[MemoryBook, MemoryBook]
) -> None:
    assert "Nothing of 2026-11-20 was run" in called(clearing, "positions", "--date", str(DAY), exit_code=2)
    run_apart(lambda: ran(clearing, *books))
    page = called(clearing, "positions", "--date", str(DAY))
    assert "职工基本医疗保险统筹基金" in page
    assert "170.00" in page  # 60 + 60 - 10 + 60: no local bill, nothing that differs
    assert "善美保" in page
    assert f"clearing explain {POSITION}" in page
    told = json.loads(called(clearing, "positions", "--month", "2026-11", "--json"))
    assert told["nets_zero"] is True
    assert {(one["fund"], one["amount_fen"]) for one in told["gross"]} == {
        ("310100", 17_000),
        ("310200", 500),
    }
    assert [one["amount_fen"] for one in told["outside"]] == [200]
    one = json.loads(called(clearing, "positions", "--date", str(DAY), "--fund", "310200", "--json"))
    assert [cell["position"] for cell in one["gross"]] == [f"{DAY}/310/310200/{HOME}/{CARE}"]
    assert one["outside"] == []


def test_a_figure_is_drilled_down_to_institutions(
    clearing: str, books: tuple[MemoryBook, MemoryBook]
) -> None:
    run_apart(lambda: ran(clearing, *books))
    for position, shares in {
        POSITION: [("H45010300001", 11_000), ("H45010300002", 6_000)],
        f"2026-11/310/310200/{HOME}/{CARE}": [("H45010300002", 500)],
        f"{DAY}/310/620100/善美保/{CARE}": [("H45010300001", 200)],
    }.items():
        told = json.loads(called(clearing, "explain", position, "--json"))
        assert [(one["fixmedins_code"], one["amount_fen"]) for one in told["shares"]] == shares
        assert told["amount_fen"] == sum(amount for _, amount in shares)
    assert "60.00" in called(clearing, "explain", POSITION, "--institution", "H45010300002")
    net = json.loads(called(clearing, "explain", f"{DAY}/310/310100/{HOME}", "--json"))
    assert (net["amount_fen"], net["cells"]) == (-17_000, [{"position": POSITION, "amount_fen": -17_000}])
    assert "170.00" in called(clearing, "explain", f"{DAY}/310/310100/{CARE}")
    assert "names no position" in called(clearing, "explain", f"{DAY}/310/310100/x", exit_code=2)
    assert "Nothing stands under" in called(clearing, "explain", f"{DAY}/310/310100/999999", exit_code=2)
    assert "Nothing stands under" in called(
        clearing, "explain", f"{DAY}/310/310100/{CARE}/{HOME}", exit_code=2
    )
    assert "names no position" in called(clearing, "explain", "2026-11-20/310", exit_code=2)


async def test_the_settlements_behind_a_figure_add_up_to_it(
    clearing: str, books: tuple[MemoryBook, MemoryBook]
) -> None:
    await ran(clearing, *books)
    async with postgres.opened(clearing, application_name="test") as connection:
        explained = await behind.explain(connection, behind.position_id(POSITION))
        found = [one async for one in behind.items(connection, explained, books)]  # type: ignore[arg-type]
        assert {(one.setl_id[-1], one.amount_fen, one.aside) for one in found} == {
            ("1", 6_000, False), ("2", 6_000, False), ("3", -1_000, False), ("5", 6_000, False), ("6", 5_999, True),
        }  # fmt: skip
        assert sum(one.amount_fen for one in found if not one.aside) == explained.amount_fen == 17_000
        payer = await behind.explain(connection, behind.position_id(f"{DAY}/310/620100/善美保/{CARE}"))
        assert [one.setl_id[-1] async for one in behind.items(connection, payer, books)] == ["5"]  # type: ignore[arg-type]
        with pytest.raises(BooksUnknown, match="node 44"):
            [one async for one in behind.items(connection, explained, [])]
        with pytest.raises(NotFound, match="no pool"):
            await behind.explain(connection, behind.position_id(f"{DAY}/310/310100/善美保/{CARE}"))
    assert behind.position_id(f"{DAY}/310/620100/a/b/{CARE}")[3:] == ("a/b", int(CARE))
    with pytest.raises(Malformed):
        behind.position_id("yesterday/310/310100/440300/450100")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("positions",), "give one of --date and --month"),
        (("positions", "--date", "2026-11-20", "--month", "2026-11"), "give one of --date and --month"),
        (("positions", "--month", "November"), "November is no month"),
        (("positions", "--date", "2026-11-31"), "is no day"),
    ],
)
def test_a_period_that_is_none_is_refused(arguments: tuple[str, ...], said: str) -> None:
    assert said in called("postgresql://nobody@127.0.0.1:1/none", *arguments, exit_code=2)
