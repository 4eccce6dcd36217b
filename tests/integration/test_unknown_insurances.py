"""A row of an insurance that the scheme does not know moves no money and keeps no other row from being paid."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from clearing import scheme
from clearing.day import insurances
from clearing.day.actions import Action
from clearing.day.compare import DifferenceClass
from clearing.day.difference_book import Filter, check, listed, propose, undo
from clearing.day.verify import verify
from clearing.errors import InsuranceUnknown, RunBroken
from clearing.positions.publish import publish
from runtime import postgres
from runtime.postgres import Connection
from tests.clearing_books import DAY, MemoryBook, figures, next_day, two_books
from tests.integration.test_clearing_runs import paid, ran
from tests.servers import NewDatabase

SECOND = next_day()
NOBODYS = "399"


@pytest.fixture
async def clearing(database: NewDatabase) -> AsyncIterator[Connection]:
    async with postgres.opened(database("clearing"), application_name="test") as connection:
        yield connection


@pytest.fixture
def scheme_learns(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Somebody adds the insurance to scheme.toml, as another kind of residents'."""

    def learns() -> None:
        raw = (scheme.DATA_FOLDER / "scheme.toml").read_text()
        raw = raw.replace('residents = ["390"]', f'residents = ["390", "{NOBODYS}"]')
        for line in [line for line in raw.splitlines() if line.startswith("codes =")]:
            code = line.split('390 = "')[1][:6]
            raw = raw.replace(line, line.replace("codes = {", f'codes = {{ {NOBODYS} = "{code}",'))
        known = scheme.read_scheme(raw.encode())
        for place in (
            "clearing.day.difference_book",
            "clearing.day.insurances",
            "clearing.positions.publish",
        ):
            monkeypatch.setattr(f"{place}.load_scheme", lambda: known)

    return learns


async def resolved(clearing: Connection, number: int, action: Action, books: tuple[MemoryBook, ...]) -> int:
    return await propose(clearing, number, action, operator="wang", reason="", books=books)


@pytest.mark.parametrize("action", [Action.ADOPT_CARE, Action.REQUERY])
async def test_a_row_of_an_unknown_insurance_is_not_adopted(clearing: Connection, action: Action) -> None:
    books = two_books([figures(1)], [figures(1, insutype=NOBODYS)])
    await ran(clearing, *books, publish=publish)
    (one,) = await listed(clearing, Filter())
    if action is Action.REQUERY:
        books[0].rows["45"] = books[1].rows["44"]
    with pytest.raises(InsuranceUnknown, match=NOBODYS):
        await resolved(clearing, one.id, action, books)
    assert (await listed(clearing, Filter()))[0].state == "open"
    assert (await ran(clearing, *two_books([], []), day=SECOND, publish=publish)).carried == 0


async def test_an_adoption_is_not_approved_once_the_scheme_has_lost_its_insurance(
    clearing: Connection, scheme_learns: Any
) -> None:
    books = two_books([figures(1)], [figures(1, insutype=NOBODYS)])
    await ran(clearing, *books, publish=publish)
    (one,) = await listed(clearing, Filter())
    with pytest.MonkeyPatch.context() as meanwhile:
        meanwhile.setattr(
            "clearing.day.difference_book.load_scheme",
            lambda: type("Known", (), {"insutypes": frozenset({NOBODYS})}),
        )
        made = await resolved(clearing, one.id, Action.ADOPT_CARE, books)
    with pytest.raises(InsuranceUnknown, match=NOBODYS):
        await check(clearing, made, operator="li", books=books)
    await check(clearing, made, operator="li", books=books, refuse=True)
    scheme_learns()
    made = await resolved(clearing, one.id, Action.ADOPT_CARE, books)
    await check(clearing, made, operator="li", books=books)
    assert (await ran(clearing, *two_books([], []), day=SECOND, publish=publish)).carried == 1


async def test_what_both_books_hold_of_an_unknown_insurance_is_set_aside_and_the_rest_is_paid(
    clearing: Connection, scheme_learns: Any
) -> None:
    nobodys = [figures(2, insutype=NOBODYS), figures(3, insutype=NOBODYS, sign=0)]
    books = two_books([figures(1), *nobodys], [figures(1), *nobodys])
    assert (await ran(clearing, *books, publish=publish)).differences == 1
    (one,) = await listed(clearing, Filter())
    assert (one.kind, one.setl_id, one.stake_fen) == (
        DifferenceClass.INSURANCE_UNKNOWN, figures(2).setl_id, 10_000,
    )  # fmt: skip
    assert await paid(clearing) == {"items": 1, "total_fen": 10_000, "pooled_fen": 6_000}
    assert (await verify(DAY, connection=clearing, books=books)).findings == []
    with pytest.raises(InsuranceUnknown):
        await resolved(clearing, one.id, Action.ADOPT_HOME, books)
    scheme_learns()
    await resolved(clearing, one.id, Action.REQUERY, books)
    await ran(clearing, *two_books([], []), day=SECOND, publish=publish)
    assert (await paid(clearing, SECOND))["total_fen"] == 10_000


async def test_a_shift_of_an_unknown_insurance_brings_nothing_in(clearing: Connection) -> None:
    books = two_books(
        [figures(1, insutype=NOBODYS)], [figures(1, insutype=NOBODYS, day=SECOND, setl_day=DAY)]
    )
    for day in (DAY, SECOND):
        await ran(clearing, *books, day=day, publish=publish)
        assert (await paid(clearing, day))["items"] == 0
    assert {one.kind for one in await listed(clearing, Filter())} == {DifferenceClass.INSURANCE_UNKNOWN}


async def test_a_scheme_that_lacks_an_insurance_altogether_throws_the_run_away(
    clearing: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(insurances, "SET_ASIDE_MAX", 2)
    rows = [figures(number, insutype=NOBODYS) for number in range(3)]
    with pytest.raises(RunBroken, match=r"scheme.toml names no fund .* 399"):
        await ran(clearing, *two_books(rows, list(rows)), publish=publish)
    assert await clearing.fetchval("SELECT count(*) FROM difference") == 0


@pytest.mark.parametrize("side", [0, 1])
async def test_a_book_that_goes_away_while_it_is_asked_for_them_stays_out_itself(
    clearing: Connection, side: int
) -> None:
    nobodys = figures(2, insutype=NOBODYS)
    books = two_books([nobodys], [nobodys])
    books[side].away_at = "decisions"
    done = await ran(clearing, *books, publish=publish)
    assert (done.run, list(done.absent)) == (None, [books[side].at.text])


async def test_an_approved_resolution_of_an_insurance_that_the_scheme_has_lost_can_be_taken_back(
    clearing: Connection,
) -> None:
    books = two_books([figures(1)], [figures(1, insutype=NOBODYS)])
    await ran(clearing, *books, publish=publish)
    (one,) = await listed(clearing, Filter())
    with pytest.MonkeyPatch.context() as meanwhile:
        meanwhile.setattr(
            "clearing.day.difference_book.load_scheme",
            lambda: type("Known", (), {"insutypes": frozenset({NOBODYS})}),
        )
        made = await resolved(clearing, one.id, Action.ADOPT_CARE, books)
        await check(clearing, made, operator="li", books=books)
    with pytest.raises(RunBroken, match="399"):
        await ran(clearing, *two_books([], []), day=SECOND, publish=publish)
    entry, _ = await undo(clearing, made, operator="wang", reason="")
    await check(clearing, entry, operator="li", books=())
    assert (await ran(clearing, *two_books([], []), day=SECOND, publish=publish)).carried == 2
    assert (await paid(clearing, SECOND))["items"] == 0
