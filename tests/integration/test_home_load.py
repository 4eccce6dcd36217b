"""Loading people: differences, each once, while a worker is the writer; and no personal data but in one table."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from homepool.benefits import Filing
from homepool.book import Fenced, FilingChange, Key, Written
from homepool.credentials import Holder, credential_hash
from homepool.insured import Coverage, Identity
from homepool.loading.load import Loaded, LoadRefused, load_people
from homepool.loading.people import Account, Insurance, Person, PersonFiling, Usage
from homepool.loading.people import Identity as IdentityRecord
from ledger.rows import ACCUMULATORS
from tests.home_worlds import PostgresWorld, postgres_world
from tests.integration.test_home_book_contract import TODAY, paid, taken
from tests.servers import NewDatabase

PSN, RELATIVE, NAME, CERTNO = "44030000000001", "44030000000002", "王小明", "11010119800506123X"
TOKEN_ENDS = "2026-12-31 18:00:00"


def record(psn_no: str = PSN, *, pool: int = 440300, **changes: object) -> Person:
    """An employee of a pool with everything that a record can have."""
    whole = Person(
        psn_no=psn_no, psn_name=NAME, certno=CERTNO, gend="1", brdy="1980-05-06", card_sn="CARD-7",
        evoucher="TOKEN-7", evoucher_valid_to=TOKEN_ENDS, psn_cert_type="01", relatives=(RELATIVE,),
        insurances=(
            Insurance(pool=pool, insutype="310", psn_type="1102", status="1", valid_from="2010-01-01",
                      civil_servant=True),
            Insurance(pool=440100, insutype="390", psn_type="1501", status="4", valid_from="2001-01-01",
                      valid_to="2009-12-31"),
        ),
        accounts=(Account(pool=pool, balance_fen=700),),
        identities=(IdentityRecord(name="低保", valid_from="2026-01-01", valid_to="2026-12-31"),),
        filings=(PersonFiling(kind="referral", care="4501", valid_from="2026-01-01"),),
        used=(Usage(pool=pool, insutype="310", year=TODAY.year, amounts={"pooled": 90, "admissions": 1}),),
    )  # fmt: skip
    return replace(whole, **changes)  # type: ignore[arg-type]


@pytest.fixture
async def world(database: NewDatabase) -> AsyncIterator[PostgresWorld]:
    """A home database of this test's own."""
    async with postgres_world(database("ledger", "homepool")) as opened:
        yield opened


async def test_who_is_insured_here_is_known_and_the_same_file_again_changes_nothing(
    world: PostgresWorld,
) -> None:
    relative = record(RELATIVE, relatives=(), used=(), card_sn="CARD-8", evoucher="")
    elsewhere = record("45010000000001", pool=450100, insurances=record().insurances[:1])
    elsewhere = replace(elsewhere, insurances=(replace(elsewhere.insurances[0], pool=450100),))
    people = [record(), relative, elsewhere]
    assert await load_people(world.admin, people, node=44) == Loaded(2, 1, 3, 0)
    assert await load_people(world.admin, people, node=44) == Loaded(2, 1, 0, 3)
    book, _ = await taken(world)
    known = (await book.people([PSN]))[PSN]
    assert known.coverages == {
        (440100, "390"): (Coverage(440100, "390", "1501", False, "2001-01-01", "2009-12-31", "4"),),
        (440300, "310"): (Coverage(440300, "310", "1102", True, "2010-01-01"),),
    }
    assert known.identities == (Identity("低保", "2026-01-01", "2026-12-31"),)
    assert (known.filings[0].kind, known.filings[0].care) == ("referral", ("4501",))
    assert (known.account_pool, known.relatives, known.born) == (440300, ((RELATIVE, 440300),), "1980-05-06")
    reading = await book.read(0, [Key(psn_no=PSN, insutype="310", year=TODAY.year)])
    assert reading.balances == {PSN: 700}
    assert dict(zip(ACCUMULATORS, reading.used[(PSN, "310", TODAY.year)], strict=True))["pooled"] == 90
    assert await book.holders(credential_hash("02", CERTNO.lower())) == [Holder(PSN), Holder(RELATIVE)]
    assert await book.holders(credential_hash("01", "TOKEN-7")) == [Holder(PSN, TOKEN_ENDS)]
    data = await book.personal_data(PSN)
    assert data is not None
    assert data.name == NAME


async def test_a_later_file_replaces_who_a_person_is_and_adds_only_new_differences(
    world: PostgresWorld,
) -> None:
    await load_people(world.admin, [record()], node=44)
    later = record(
        relatives=(), filings=(), accounts=(Account(pool=440300, balance_fen=9_999),),
        used=(*record().used, Usage(pool=440300, insutype="310", year=TODAY.year - 1, amounts={"pooled": 5})),
    )  # fmt: skip
    assert await load_people(world.admin, [later], node=44) == Loaded(1, 0, 1, 2)
    book, _ = await taken(world)
    known = (await book.people([PSN]))[PSN]
    assert (known.relatives, known.filings) == ((), ())
    dump = await world.dump()
    assert dump["accounts"] == {PSN: 700}
    assert {key[2] for key in dump["used"]} == {TODAY.year, TODAY.year - 1}


async def test_what_a_message_filed_and_what_was_withdrawn_outlives_a_later_file(
    world: PostgresWorld,
) -> None:
    await load_people(world.admin, [record()], node=44)
    book, _ = await taken(world)
    loaded = (await book.people([PSN]))[PSN].filings[0]
    filed = Filing("other", ("50",), "2026-03-02", "2026-09-02", id=bytes(15) + b"1")
    gone = loaded._replace(valid_to="2026-02-01", withdrawn=True)
    async with book.filing(0) as writing:
        await writing.store_filings(
            [
                FilingChange(filed.id, bytes(32), PSN, b"", "H44030000001", filed=filed),
                FilingChange(bytes(15) + b"2", bytes(32), PSN, b"", ended=gone),
            ]
        )
    for filings in (record().filings, ()):
        await load_people(world.admin, [record(filings=filings)], node=44)
        assert set((await book.people([PSN]))[PSN].filings) == {filed, gone}


async def test_loading_moves_the_cursors_so_that_the_writer_reads_again(world: PostgresWorld) -> None:
    book, cursor = await taken(world)
    await load_people(world.admin, [record()], node=44)
    with pytest.raises(Fenced):
        await book.write([Written(paid(cursor, "s0"))], cursor)
    fresh = await book.cursor(0)
    assert (fresh.term, fresh.version) == (cursor.term, cursor.version + 1)
    await book.write([Written(paid(fresh, "s0"))], fresh)


async def test_an_account_in_two_pools_is_refused_before_anything_is_written(world: PostgresWorld) -> None:
    accounts = (Account(pool=440300, balance_fen=1), Account(pool=440100, balance_fen=1))
    with pytest.raises(LoadRefused):
        await load_people(world.admin, [record(accounts=accounts)], node=44)
    assert not await world.admin.fetch("SELECT FROM person")


async def test_names_and_certificates_stand_in_one_table_only(world: PostgresWorld) -> None:
    await load_people(world.admin, [record()], node=44)
    tables = await world.admin.fetch(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    found = set()
    for table in tables:
        name = table["relname"]
        for text in (NAME, CERTNO, "CARD-7", "TOKEN-7"):
            if await world.admin.fetchval(
                f"SELECT count(*) FROM {name} t WHERE strpos(t::text, $1) > 0", text
            ):
                found.add(name)
    assert found == {"person"}
