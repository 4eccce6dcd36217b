"""Loading people: differences into the home book, each applied once, while the node works.

A file of `people` is read in parts; one part is one transaction. It takes the cursors' locks in order and
raises their versions, so that a worker that had cached any of these people reads again. Money comes as differences
with an id of its own (an account's opening amount, a year's use): the same file again changes nothing. What a person
is (insurances, identities, filings, relatives) is replaced by what the file says.
"""

import hashlib
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, NamedTuple

from homepool.benefits.filing import content_id
from homepool.book_failures import failures
from homepool.credentials import EVOUCHER, credential_hash
from homepool.errors import HomePoolError
from homepool.loading.people import Person
from ledger.rows import ACCUMULATORS
from runtime.postgres import Connection

PEOPLE_PER_PART_MAX: Final = 2_000
_PROVINCE: Final = 10_000


class LoadRefused(HomePoolError):
    """The file cannot be loaded; the message says what to mend and names no person."""


class Loaded(NamedTuple):
    """What a load did."""

    people: int
    elsewhere: int  # people of other nodes' pools, left out
    differences: int  # of accounts and accumulators, applied now
    known: int  # of these, applied before


async def load_people(connection: Connection, people: Iterable[Person], *, node: int) -> Loaded:
    """Load who is insured in a pool of this node. Raises LoadRefused and the book's errors."""
    total = Loaded(0, 0, 0, 0)
    for part in _parts(people):
        ours = [person for person in part if _is_ours(person, node)]
        applied, known = await _load_part(connection, ours)
        total = Loaded(
            total.people + len(ours),
            total.elsewhere + len(part) - len(ours),
            total.differences + applied,
            total.known + known,
        )
    return total


def _parts(people: Iterable[Person]) -> Iterator[list[Person]]:
    left = iter(people)
    while part := list(islice(left, PEOPLE_PER_PART_MAX)):
        yield part


def _is_ours(person: Person, node: int) -> bool:
    return any(insurance.pool // _PROVINCE == node for insurance in person.insurances)


async def _load_part(connection: Connection, people: list[Person]) -> tuple[int, int]:
    if not people:
        return 0, 0
    if any(len(person.accounts) > 1 for person in people):
        raise LoadRefused("A psn_no has accounts in two pools; it needs a psn_no of its own in each pool.")
    people = sorted(people, key=lambda person: person.psn_no)
    with failures():
        async with connection.transaction():
            await connection.execute("SELECT 1 FROM cursor ORDER BY partition FOR UPDATE")
            await _describe(connection, people)
            applied = await _apply_accounts(connection, people) + await _apply_used(connection, people)
            await connection.execute("UPDATE cursor SET version = version + 1")
    differences = sum(len(person.accounts) + len(person.used) for person in people)
    return applied, differences - applied


async def _describe(connection: Connection, people: list[Person]) -> None:
    """Who they are; replaced as a whole."""
    psn_nos = [person.psn_no for person in people]
    await connection.executemany(
        "INSERT INTO person (psn_no, psn_name, cert_type, certno, gend, born) VALUES ($1, $2, $3, $4, $5, $6)"
        " ON CONFLICT (psn_no) DO UPDATE SET psn_name = excluded.psn_name, cert_type = excluded.cert_type,"
        " certno = excluded.certno, gend = excluded.gend, born = excluded.born",
        [(p.psn_no, p.psn_name, p.psn_cert_type, p.certno, p.gend, p.brdy) for p in people],
    )
    for table in ("person_credential", "insurance", "identity", "relative"):
        await connection.execute(f"DELETE FROM {table} WHERE psn_no = ANY ($1)", psn_nos)
    records: dict[str, list[tuple[object, ...]]] = {
        "person_credential": [
            (credential_hash(kind, value), p.psn_no, p.evoucher_valid_to if kind == EVOUCHER else "")
            for p in people
            for kind, value in ((EVOUCHER, p.evoucher), ("02", p.certno), ("03", p.card_sn))
            if value
        ],
        "insurance": [
            (p.psn_no, one.pool, one.insutype, one.valid_from, one.valid_to, one.psn_type, one.status,
             one.paused_on, one.civil_servant)
            for p in people for one in p.insurances
        ],
        "identity": [(p.psn_no, one.name, one.valid_from, one.valid_to) for p in people for one in p.identities],
        "relative": [(p.psn_no, relative) for p in people for relative in p.relatives],
    }  # fmt: skip
    for table, rows in records.items():
        await connection.copy_records_to_table(table, records=sorted(set(rows)))
    await _replace_filings(connection, people)


async def _replace_filings(connection: Connection, people: list[Person]) -> None:
    """Those that were loaded; what was filed by a message, and what was withdrawn, stands."""
    await connection.execute(
        "DELETE FROM filing WHERE psn_no = ANY ($1) AND filed_by = '' AND withdrawn_at IS NULL",
        [person.psn_no for person in people],
    )
    rows = {
        (
            content_id(
                p.psn_no, one.kind, one.insutype, one.care, one.disease, one.institution, one.valid_from
            ),
            *(p.psn_no, one.insutype, one.kind, one.care, one.disease, one.institution),
            *(one.valid_from, one.valid_to),
        )
        for p in people
        for one in p.filings
    }
    if rows:
        await connection.execute(
            "INSERT INTO filing (id, psn_no, insutype, kind, care, disease, institution, valid_from, valid_to)"
            " SELECT * FROM unnest($1::bytea[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],"
            " $8::text[], $9::text[]) ON CONFLICT (id) DO NOTHING",
            *(list(column) for column in zip(*sorted(rows), strict=True)),
        )


async def _apply_accounts(connection: Connection, people: list[Person]) -> int:
    differences = {
        _load_id("account", person.psn_no, str(account.pool)): (
            person.psn_no,
            account.pool,
            account.balance_fen,
        )
        for person in people
        for account in person.accounts
    }
    new = await _not_yet(connection, "account", differences.keys())
    rows = sorted(differences[id_] for id_ in new)
    await connection.executemany(
        "INSERT INTO account AS a (psn_no, pool, balance_fen) VALUES ($1, $2, $3) ON CONFLICT (psn_no)"
        " DO UPDATE SET balance_fen = a.balance_fen + excluded.balance_fen, pool = excluded.pool",
        rows,
    )
    return len(rows)


async def _apply_used(connection: Connection, people: list[Person]) -> int:
    differences = {
        _load_id("used", person.psn_no, used.insutype, str(used.year), str(used.pool)): (
            person.psn_no, used.insutype, used.year, *(used.amounts.get(name, 0) for name in ACCUMULATORS)
        )
        for person in people
        for used in person.used
    }  # fmt: skip
    new = await _not_yet(connection, "used", differences.keys())
    rows = sorted(differences[id_] for id_ in new)
    values = ", ".join(f"${place}" for place in range(1, len(ACCUMULATORS) + 4))
    added = ", ".join(f"{name} = a.{name} + excluded.{name}" for name in ACCUMULATORS)
    await connection.executemany(
        f"INSERT INTO accumulator AS a (psn_no, insutype, period, {', '.join(ACCUMULATORS)}) VALUES ({values})"
        f" ON CONFLICT (psn_no, insutype, period) DO UPDATE SET {added}",
        rows,
    )
    return len(rows)


def _load_id(*parts: str) -> bytes:
    """The id of a difference: what it opens, not what it amounts to, so that a second file does not open it again."""
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16, person=b"load").digest()


async def _not_yet(connection: Connection, what: str, ids: Iterable[bytes]) -> list[bytes]:
    """Which of these differences were never applied; from now on they are."""
    records = await connection.fetch(
        "INSERT INTO load (id, what) SELECT id, $2 FROM unnest($1::bytea[]) AS k(id) ORDER BY id"
        " ON CONFLICT DO NOTHING RETURNING id",
        list(ids),
        what,
    )
    return [record[0] for record in records]
