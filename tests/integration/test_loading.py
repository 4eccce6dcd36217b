"""Loading into a real home book: refused whole, once for each id, resumed after a kill, beside a worker at work."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from homepool.loading.book import House
from homepool.loading.kinds import KINDS
from homepool.loading.load import LoadRefused
from homepool.loading.run import ROWS_PER_TRANSACTION_MAX, Done, load
from homepool.partition import Answered, Asked, Partition
from homepool.policy.files import load_policies
from ledger.life import Status
from runtime.clock import SystemClock
from tests.home_items import NODE, PSN, RELATIVE, PlainPolicies, person, plain_settle, settle_item
from tests.home_nodes import Heard
from tests.home_worlds import PostgresWorld, insure, postgres_world
from tests.servers import NewDatabase, run_apart

ROOT = Path(__file__).parent.parent.parent
SAMPLES = ROOT / "docs" / "samples"
IN_ORDER = (
    "people.csv",
    "insurances.csv",
    "identities.jsonl",
    "filings.csv",
    "relatives.csv",
    "accounts.csv",
    "accumulators.csv",
)
HOUSE = House(node=44, policies=load_policies())
CLOCK = SystemClock()
ACCOUNTS = "row_id,psn_no,pool,amount_fen\n"


@pytest.fixture
async def world(database: NewDatabase) -> AsyncIterator[PostgresWorld]:
    """A home database with nobody in it."""
    async with postgres_world(database("ledger", "homepool")) as made:
        yield made


async def load_text(
    world: PostgresWorld, folder: Path, kind: str, text: str, *, resumable: bool = False
) -> Done:
    path = folder / f"{kind}.csv"
    path.write_text(text, encoding="utf-8")
    return await load(world.admin, path, KINDS[kind], house=HOUSE, resumable=resumable)


async def load_samples(world: PostgresWorld) -> list[Done]:
    return [
        await load(world.admin, SAMPLES / name, KINDS[name.split(".")[0]], house=HOUSE) for name in IN_ORDER
    ]


async def everything(world: PostgresWorld) -> dict[str, list[tuple[object, ...]]]:
    """The tables that a load may write."""
    tables = (
        "person",
        "person_credential",
        "insurance",
        "identity",
        "filing",
        "relative",
        "account",
        "accumulator",
        "load",
    )
    return {
        table: sorted(
            (tuple(map(str, record)) for record in await world.admin.fetch(f"SELECT * FROM {table}")), key=str
        )
        for table in (*tables, "load_file")
    }


# ------------------------------------------------------------------------------------------------ what is loaded


async def test_the_samples_load_in_their_order_and_again_changes_nothing(world: PostgresWorld) -> None:
    first = await load_samples(world)
    assert [(done.rows, done.applied, done.known) for done in first] == [
        (3, 3, 0), (4, 4, 0), (2, 2, 0), (4, 4, 0), (1, 1, 0), (3, 3, 0), (2, 2, 0),
    ]  # fmt: skip
    dump = await world.dump()
    assert dump["accounts"] == {"44030090000101": 312_050, "44030090000102": 478_500}
    assert dump["used"]["44030090000102", "310", 2026][3] == 1_260_000
    before = await everything(world)
    again = await load_samples(world)
    assert [done.known for done in again[-2:]] == [3, 2]
    assert await everything(world) == before
    people = (await (await world.book()).people(["44030090000103"]))["44030090000103"]
    assert people.relatives == (("44030090000101", 440300),)
    assert people.identities_on("2026-06-01") == ("low_income",)


async def test_a_row_replaces_what_it_names_and_relatives_can_be_withdrawn(
    world: PostgresWorld, tmp_path: Path
) -> None:
    await load_samples(world)
    header = "psn_no,pool,insutype,psn_type,status,valid_from,valid_to,paused_on\n"
    await load_text(world, tmp_path, "insurances", header + (
        "44030090000101,440300,310,1101,4,2012-07-01,2026-10-31,\n"
        "44030090000101,440300,310,1201,1,2026-11-01,,\n"
    ))  # fmt: skip
    held = await world.admin.fetch(
        "SELECT status, psn_type FROM insurance WHERE psn_no = '44030090000101' AND insutype = '310' ORDER BY valid_from"
    )
    assert [tuple(record) for record in held] == [("4", "1101"), ("1", "1201")]
    relatives = "psn_no,relative_psn_no,withdrawn\n44030090000103,44030090000101,1\n"
    await load_text(world, tmp_path, "relatives", relatives)
    assert (await everything(world))["relative"] == []
    people = (SAMPLES / "people.csv").read_text(encoding="utf-8").replace("SAMPLE000000000000000001", "NEW")
    await load_text(world, tmp_path, "people", people)
    assert len((await everything(world))["person_credential"]) == 6  # the old card of the first is gone


FILINGS = "psn_no,kind,care,insutype,valid_from,valid_to,withdrawn\n"


async def filings_of(world: PostgresWorld, psn_no: str) -> list[tuple[object, ...]]:
    people = await (await world.book()).people([psn_no])
    return [(one.kind, one.care, one.valid_to, one.withdrawn) for one in people[psn_no].filings]


async def test_a_filing_is_given_another_end_or_withdrawn_for_good(
    world: PostgresWorld, tmp_path: Path
) -> None:
    await load_samples(world)
    psn_no = "44030090000101"
    row = f"{psn_no},referral,4501,310,2026-03-02"
    assert await filings_of(world, psn_no) == [("referral", ("4501",), "2026-09-02", False)]
    await load_text(world, tmp_path, "filings", f"{FILINGS}{row},2026-12-31,0\n")
    assert await filings_of(world, psn_no) == [("referral", ("4501",), "2026-12-31", False)]
    await load_text(world, tmp_path, "filings", f"{FILINGS}{row},2026-03-01,1\n")
    assert await filings_of(world, psn_no) == [("referral", ("4501",), "2026-03-01", True)]
    await load(world.admin, SAMPLES / "filings.csv", KINDS["filings"], house=HOUSE)
    assert await filings_of(world, psn_no) == [("referral", ("4501",), "2026-03-01", True)]
    assert await filings_of(world, "44030090000102") == [
        ("chronic", (), "", False), ("long_term", ("50",), "2026-01-31", True),
    ]  # fmt: skip


async def test_a_resumed_load_of_filings_goes_on_behind_its_position(
    world: PostgresWorld, tmp_path: Path
) -> None:
    await load_samples(world)
    days = [
        f"20{10 + year}-{month:02d}-{day:02d}"
        for year in range(9)
        for month in range(1, 13)
        for day in range(1, 29)
    ]
    rows = "".join(f"44030090000103,other,45,390,{day},{day},0\n" for day in days)
    path = tmp_path / "filings.csv"
    path.write_text(FILINGS + rows, encoding="utf-8")

    def stop(what: str, done: int, of: int) -> None:
        if what == "writing":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await load(world.admin, path, KINDS["filings"], house=HOUSE, resumable=True, progress=stop)
    assert await world.admin.fetchval("SELECT count(*) FROM filing WHERE care = '45'") == 2_000
    done = await load(world.admin, path, KINDS["filings"], house=HOUSE, resumable=True)
    assert (done.rows, done.applied, done.skipped) == (3_024, 1_024, 2_000)
    assert await world.admin.fetchval("SELECT count(*) FROM filing WHERE care = '45'") == 3_024


async def test_a_row_id_is_applied_once_whatever_file_brings_it(world: PostgresWorld, tmp_path: Path) -> None:
    await load_samples(world)
    rows = ACCOUNTS + "sample-2026-11-0001,44030090000101,440300,312050\nnew,44030090000101,440300,50\n"
    done = await load_text(world, tmp_path, "accounts", rows)
    assert (done.applied, done.known) == (1, 1)
    assert (await world.dump())["accounts"]["44030090000101"] == 312_100
    with pytest.raises(LoadRefused, match="line 2: row_id was loaded before with another content"):
        await load_text(world, tmp_path, "accounts", ACCOUNTS + "new,44030090000101,440300,51\n")
    paused = "row_id,psn_no,pool,insutype,psn_type,status,valid_from,paused_on\n"
    old = paused + "o,44030090000102,440300,310,1201,2,1998-05-01,2026-01-01\n"
    await load_text(world, tmp_path, "insurances", old)
    await load(world.admin, SAMPLES / "insurances.csv", KINDS["insurances"], house=HOUSE)
    assert (
        await load_text(world, tmp_path, "insurances", old)
    ).known == 1  # it does not undo what came after it
    status = "SELECT status FROM insurance WHERE psn_no = '44030090000102'"
    assert await world.admin.fetchval(status) == "1"


# ------------------------------------------------------------------------------------------------ refused


@pytest.mark.parametrize(
    ("kind", "text", "fault"),
    [
        ("accounts", ACCOUNTS + "a,44030090000101,440300,5\nb,99,440300,5\n", "line 3: psn_no is not known here"),
        ("accounts", ACCOUNTS + "a,44030090000101,450100,5\n", "line 2: pool is none of node 44"),
        ("accounts", ACCOUNTS + "a,44030090000101,440700,5\n", "line 2: pool is unknown: it has no policy"),
        ("accounts", ACCOUNTS + "a,44030090000103,440300,5\n", "line 2: the person has no employee insurance"),
        (
            "accounts",
            ACCOUNTS + "a,44030090000101,440300,1\nb,44030090000101,440300,-312052\n",
            "line 3: amount_fen takes more than the account holds",
        ),
        (
            "accumulators",
            "row_id,psn_no,insutype,period,pooled\na,44030090000101,390,2026,1\n",
            "line 2: the person does not hold this insurance",
        ),
        (
            "insurances",
            "psn_no,pool,insutype,psn_type,valid_from\n44030090000101,440100,390,1501,2020-01-01\n"
            "44030090000101,440300,310,1101,2013-01-01\n",
            "line 3: the person has a normal insurance of this kind in this pool already",
        ),
        ("filings", "psn_no,kind,care,valid_from\n99,other,45,2026-01-01\n", "line 2: psn_no is not known here"),
        (
            "filings",
            "psn_no,kind,care,valid_from\n44030090000101,other,45,2026-01-01\n44030090000101,other,4403,2026-01-01\n",
            "line 3: care is the person's own pool",
        ),
        (
            "filings",
            "psn_no,kind,disease,insutype,valid_from\n44030090000101,chronic,M01600,390,2026-01-01\n",
            "line 2: the person does not hold this insurance",
        ),
        (
            "filings",
            "psn_no,kind,care,valid_from,valid_to,withdrawn\n44030090000101,other,45,2026-01-01,,1\n",
            "line 2: valid_to is not a day like 2026-01-31, and what is withdrawn has a last day",
        ),
        (
            "filings",
            "psn_no,kind,care,valid_from,valid_to\n44030090000101,other,45,2026-01-01,2025-01-01\n",
            "line 2: valid_to is before valid_from",
        ),
        ("filings", "psn_no,kind,valid_from\n44030090000101,chronic,2026-01-01\n", "line 2: disease belongs to kind"),
        ("filings", "psn_no,kind,valid_from\n44030090000101,holiday,2026-01-01\n", "line 2: kind is none of"),
        (
            "filings",
            "psn_no,kind,care,valid_from,valid_to\n44030090000101,other,45,2026-01-01,2026-07-01\n"
            "44030090000101,other,45,2026-01-01,2026-08-01\n",
            "line 3: psn_no, kind, insutype, care, disease, institution, valid_from stands in line 2 too",
        ),
        ("relatives", "psn_no,relative_psn_no\n44030090000103,99\n", "line 2: relative_psn_no is not known here"),
        ("relatives", "psn_no,relative_psn_no\n44030090000103,R\n", "line 2: relative_psn_no is insured in no pool"),
        ("relatives", "psn_no,relative_psn_no\n99,44030090000101\n", "line 2: psn_no is not known here"),
        (
            "relatives",
            "psn_no,relative_psn_no,elsewhere\n99,98,1\n",
            "line 2: neither psn_no nor relative_psn_no is known here",
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("resumable", [False, True])
async def test_what_the_book_refuses_leaves_nothing_behind(
    world: PostgresWorld, tmp_path: Path, kind: str, text: str, fault: str, resumable: bool
) -> None:
    await load_samples(world)
    await world.admin.execute("INSERT INTO person VALUES ('R', 'n', '99', 'c', '1', '1990-01-01')")
    before = await everything(world)
    with pytest.raises(LoadRefused) as caught:
        await load_text(world, tmp_path, kind, text, resumable=resumable)
    assert fault in str(caught.value)
    assert await everything(world) == before


async def test_a_relative_elsewhere_is_loaded_at_either_home_and_taken_back(
    world: PostgresWorld, tmp_path: Path
) -> None:
    await load_samples(world)
    head = "psn_no,relative_psn_no,elsewhere,withdrawn\n"
    await load_text(world, tmp_path, "relatives", f"{head}50,44030090000101,1,0\n44030090000103,51,1,0\n")
    query = "SELECT psn_no, relative_psn_no FROM relative WHERE psn_no = '50' OR relative_psn_no = '51' ORDER BY 1"
    assert [tuple(one) for one in await world.admin.fetch(query)] == [
        ("44030090000103", "51"), ("50", "44030090000101"),
    ]  # fmt: skip
    await load_text(world, tmp_path, "relatives", f"{head}50,44030090000101,1,1\n44030090000103,51,1,1\n")
    assert not await world.admin.fetch(query)


async def test_what_the_file_says_without_elsewhere_is_what_it_said_before_there_was_the_column(
    world: PostgresWorld, tmp_path: Path
) -> None:
    await load_samples(world)
    for more in ("", ",elsewhere"):
        text = (
            f"row_id,psn_no,relative_psn_no{more}\nr1,44030090000103,44030090000101{',0' if more else ''}\n"
        )
        await load_text(world, tmp_path, "relatives", text)
    assert await world.admin.fetchval("SELECT count(*) FROM load WHERE what = 'relatives'") == 1


async def test_a_wrong_line_behind_many_right_ones_refuses_them_all(
    world: PostgresWorld, tmp_path: Path
) -> None:
    await load_samples(world)
    before = await everything(world)
    rows = "".join(f"r{at},44030090000101,440300,1\n" for at in range(5_000))
    for wrong in ("r9999,44030090000101,440300,x\n", "r9999,99,440300,1\n"):
        for resumable in (False, True):
            with pytest.raises(LoadRefused, match="line 5002: "):
                await load_text(world, tmp_path, "accounts", ACCOUNTS + rows + wrong, resumable=resumable)
    assert await everything(world) == before


async def test_what_changes_while_it_is_written_undoes_the_transaction_or_stops_the_part(
    world: PostgresWorld, tmp_path: Path
) -> None:
    """The account is emptied between the look and the writing of the second part."""
    await load_samples(world)
    rows = "".join(f"r{at},44030090000101,440300,-100\n" for at in range(3_000))
    path = tmp_path / "accounts.csv"
    path.write_text(ACCOUNTS + rows, encoding="utf-8")

    async def meddle() -> None:
        async with postgres_world(world.dsn) as other:
            await other.admin.execute(
                "UPDATE account SET balance_fen = 210000 WHERE psn_no = '44030090000101'"
            )

    def when_compared(what: str, done: int, of: int) -> None:
        if what == "comparing with the book" and done == of:
            run_apart(meddle)

    for resumable, told, left in (
        (False, "nothing was written", 210_000),
        (True, "before line 2002 is in", 10_000),
    ):
        await world.admin.execute("UPDATE account SET balance_fen = 312050 WHERE psn_no = '44030090000101'")
        with pytest.raises(LoadRefused, match=told):
            await load(
                world.admin, path, KINDS["accounts"], house=HOUSE, resumable=resumable, progress=when_compared
            )
        assert (await world.dump())["accounts"]["44030090000101"] == left


async def test_too_many_rows_for_one_transaction_are_sent_to_the_other_way(
    world: PostgresWorld, tmp_path: Path
) -> None:
    await load_samples(world)
    rows = "".join(f"r{at},44030090000101,440300,1\n" for at in range(ROWS_PER_TRANSACTION_MAX + 1))
    with pytest.raises(LoadRefused, match="Load it with --resumable"):
        await load_text(world, tmp_path, "accounts", ACCOUNTS + rows)


# ------------------------------------------------------------------------------------------------ killed and resumed


async def command(dsn: str, *arguments: str) -> asyncio.subprocess.Process:
    """`python -m homepool` as a person runs it."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "homepool", *arguments, cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "DSGW_POSTGRES_DSN": dsn,
             "DSGW_KAFKA_BOOTSTRAP": "nowhere:1", "PYTHONIOENCODING": "utf-8"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def test_a_load_that_is_killed_goes_on_where_it_was(world: PostgresWorld, tmp_path: Path) -> None:
    await load_samples(world)
    count = 20_000
    path = tmp_path / "accounts.csv"
    rows = "".join(f"r{at},4403009000010{1 + at % 2},440300,7\n" for at in range(count))
    path.write_text(ACCOUNTS + rows, encoding="utf-8")
    arguments = ("load", "accounts", str(path), "--node", "44", "--resumable")
    killed = await command(world.dsn, *arguments)
    async with asyncio.timeout(60):
        while True:
            if await world.admin.fetchval("SELECT max(rows_done) FROM load_file"):
                break
            await asyncio.sleep(0.005)
    killed.send_signal(signal.SIGKILL)
    await killed.communicate()
    done = await world.admin.fetchval("SELECT rows_done FROM load_file")
    assert 0 < done < count
    total = "SELECT sum(balance_fen) FROM account"
    assert await world.admin.fetchval(total) == 312_050 + 478_500 + 7 * done  # no part is half in
    resumed = await command(world.dsn, *arguments)
    out, err = await resumed.communicate()
    assert (resumed.returncode, err.decode()) == (0, "")
    assert (
        f"{count} rows of accounts: {count - done} applied, 0 known, {done} behind the position"
        in out.decode()
    )
    assert await world.admin.fetchval(total) == 312_050 + 478_500 + 7 * count
    again, _ = await (await command(world.dsn, *arguments)).communicate()
    assert b"0 applied" in again
    assert await world.admin.fetchval(total) == 312_050 + 478_500 + 7 * count


async def test_the_command_refuses_in_a_sentence_and_knows_the_form_without_a_kind(
    world: PostgresWorld, tmp_path: Path
) -> None:
    wrong = tmp_path / "accounts.csv"
    wrong.write_text(ACCOUNTS + "a,99,440300,1\n", encoding="utf-8")
    refused = await command(world.dsn, "load", "accounts", str(wrong), "--node", "44", "--dry-run")
    _, err = await refused.communicate()
    assert refused.returncode == 2
    assert err.decode() == (
        "error: accounts.csv is refused as a whole and nothing was written:\n"
        "  line 2: psn_no is not known here; load people first\n"
    )
    people = tmp_path / "people.jsonl"
    made = await command(
        world.dsn, "people", "--pools", "440300,450100", "--count", "5", "--out", str(people)
    )
    await made.communicate()
    loaded = await command(world.dsn, "load", "--node", "44", str(people))
    out, _ = await loaded.communicate()
    assert out.decode().startswith("5 people of node 44 loaded (5 of other nodes left out)")
    people.write_text(people.read_text(encoding="utf-8") + "{}\n", encoding="utf-8")
    await world.admin.execute("DELETE FROM load")
    broken = await command(world.dsn, "load", "--node", "44", str(people))
    _, err = await broken.communicate()
    assert (broken.returncode, b"line 11: psn_no is missing" in err) == (2, True)
    assert await world.admin.fetchval("SELECT count(*) FROM load") == 0  # nothing before the fault either


# ------------------------------------------------------------------------------------------------ beside a worker


async def working(world: PostgresWorld, answered: list[Answered]) -> Partition:
    """One partition of a node at work."""
    book = await world.book()
    cursor = await book.take_over(0, now_ms=CLOCK.now_ms())
    return Partition(
        node=NODE, cursor=cursor, book=book, clock=CLOCK, policies=PlainPolicies(), settle=plain_settle,
        answer=answered.extend, alarms=Heard(),
    )  # fmt: skip


def asked(name: str) -> list[Asked]:
    item = settle_item(name, bill=f"bill {name}", visit=f"visit {name}", account_used=True)
    return [Asked(item.SerializeToString(), "45", 3, CLOCK.now_ms())]


async def test_a_worker_that_knew_a_person_decides_on_what_was_loaded(
    world: PostgresWorld, tmp_path: Path
) -> None:
    await insure(world, person(), balance_fen=0)
    await insure(world, person(RELATIVE), balance_fen=5_000)
    answered: list[Answered] = []
    partition = await working(world, answered)
    await partition.flush(asked("s0"))
    await load_text(world, tmp_path, "relatives", f"psn_no,relative_psn_no\n{PSN},{RELATIVE}\n")
    await load_text(world, tmp_path, "accounts", f"{ACCOUNTS}a,{PSN},440300,300\n")
    await partition.flush(asked("s1"))
    paid = [(one.row.status, one.row.account_fen, one.row.family_fen) for one in answered]
    assert paid == [(Status.PAID, 0, 0), (Status.PAID, 300, 1_000)]
    assert (await world.dump())["accounts"] == {PSN: 0, RELATIVE: 4_000}


async def test_loads_and_flushes_at_the_same_time_lose_nothing(world: PostgresWorld, tmp_path: Path) -> None:
    await insure(world, person(), balance_fen=50_000)
    answered: list[Answered] = []
    partition = await working(world, answered)

    async def settle() -> None:
        for number in range(40):
            await partition.flush(asked(f"s{number}"))

    async def bring() -> None:
        for number in range(20):
            rows = "".join(f"{number}/{at},{PSN},440300,{at}\n" for at in range(1, 11))
            await load_text(world, tmp_path, "accounts", ACCOUNTS + rows, resumable=number % 2 == 0)
            await asyncio.sleep(0.005)

    await asyncio.gather(settle(), bring())
    assert [one.row.account_fen for one in answered] == [1_000] * 40
    assert (await world.dump())["accounts"][PSN] == 50_000 - 40 * 1_000 + 20 * 55


async def test_a_load_waits_for_a_flush_that_is_under_way(world: PostgresWorld, tmp_path: Path) -> None:
    await insure(world, person(), balance_fen=100)
    await working(world, [])
    async with postgres_world(world.dsn) as other:
        flush = other.admin.transaction()
        await flush.start()
        await other.admin.execute("UPDATE cursor SET version = version + 1 WHERE partition = 0")
        loading = asyncio.create_task(load_text(world, tmp_path, "accounts", f"{ACCOUNTS}a,{PSN},440300,1\n"))
        done, _ = await asyncio.wait([loading], timeout=0.5)
        assert not done
        await flush.commit()
        assert (await asyncio.wait_for(loading, 10)).applied == 1
