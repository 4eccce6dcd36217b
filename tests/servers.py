"""PostgreSQL and a Kafka-compatible broker for tests: given by the environment, or our own, one per session.

`DSGW_POSTGRES` (an address whose user may create databases) and `DSGW_KAFKA` win. Otherwise the embedded
servers start on first use, with their data under `.run/tests`; what a killed test run left behind is ended by
the next one.

    async def test_books(database):
        dsn = database("ledger", "gateway")      # a fresh database with these packages' migrations applied

A fresh database is a copy of a migrated template (`CREATE DATABASE … TEMPLATE`), dropped after the test.
"""

import asyncio
import os
import secrets
import shutil
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from runtime import postgres
from stack import leftovers
from stack.embedded import THROWAWAY, EmbeddedBroker, EmbeddedPostgres, psql, with_database

RUN_DIR = Path(__file__).resolve().parent.parent / ".run" / "tests"
CHILDREN = RUN_DIR / "children"
GIVEN_POSTGRES = os.environ.get("DSGW_POSTGRES", "")
GIVEN_KAFKA = os.environ.get("DSGW_KAFKA", "")

Result = TypeVar("Result")
NewDatabase = Callable[..., str]


def scrub_environment() -> None:
    """Take every setting of ours out of the environment, so that no test depends on the caller's shell."""
    for name in [name for name in os.environ if name.startswith("DSGW_")]:
        del os.environ[name]


def run_apart(make: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    """Run a coroutine on a loop of its own in another thread: a fixture may be set up while a loop runs."""
    results: list[Result] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            results.append(asyncio.run(make()))
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]


@pytest.fixture(scope="session")
def server_dir() -> Iterator[Path]:
    """A folder for this session's servers, gone afterwards."""
    leftovers.sweep(CHILDREN)
    folder = RUN_DIR / f"{os.getpid()}-{secrets.token_hex(3)}"
    folder.mkdir(parents=True)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server(server_dir: Path) -> Iterator[str]:
    """The address of a PostgreSQL server whose user may do anything."""
    if GIVEN_POSTGRES:
        yield GIVEN_POSTGRES
        return
    home = server_dir / "postgres"
    server = EmbeddedPostgres(data_dir=home, log_file=server_dir / "postgres.log", settings=THROWAWAY)
    server.start()
    pid = server.pid
    assert pid is not None
    leftovers.note(CHILDREN, pid, name="postgres", data_dir=server_dir)
    yield server.dsn()
    server.stop()
    leftovers.forget(CHILDREN, pid)


@pytest.fixture(scope="session")
def templates(postgres_server: str) -> Iterator[dict[tuple[str, ...], str]]:
    """Migrated template databases by the packages whose migrations they have, made on first use."""
    made: dict[tuple[str, ...], str] = {}
    yield made
    for name in made.values():
        psql(postgres_server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture
def database(postgres_server: str, templates: dict[tuple[str, ...], str]) -> Iterator[NewDatabase]:
    """Make fresh databases: `database("ledger", "gateway")` gives the address of one with these migrations.

    A package name means its folder `sql/`; a `Path` is a folder of migrations itself. Without any: an empty
    one.
    """
    made: list[str] = []

    def new_database(*migrations: str | Path) -> str:
        key = tuple(str(item) for item in migrations)
        if key not in templates:
            templates[key] = _migrated_template(postgres_server, migrations)
        name = f"test_{os.getpid()}_{secrets.token_hex(4)}"
        psql(postgres_server, f'CREATE DATABASE "{name}" TEMPLATE "{templates[key]}"')
        made.append(name)
        return with_database(postgres_server, name)

    yield new_database
    for name in made:
        psql(postgres_server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _migrated_template(server: str, migrations: tuple[str | Path, ...]) -> str:
    name = f"template_{os.getpid()}_{secrets.token_hex(4)}"
    psql(server, f'CREATE DATABASE "{name}"')

    async def migrate() -> None:
        async with postgres.opened(with_database(server, name), application_name="tests") as connection:
            for item in migrations:
                folder = item if isinstance(item, Path) else postgres.migrations_of(item)
                await postgres.migrate(connection, folder, owner=str(item))

    run_apart(migrate)
    return name


@pytest.fixture(scope="session")
def broker(server_dir: Path) -> Iterator[str]:
    """The address of a broker, `host:port`; a test makes its own topics, under names of its own."""
    if GIVEN_KAFKA:
        yield GIVEN_KAFKA
        return
    server = EmbeddedBroker(work_dir=server_dir, log_file=server_dir / "broker.log")
    yield from _broker_for_a_while(server, lambda: server.bootstrap)


@pytest.fixture
def own_broker(server_dir: Path) -> Iterator[EmbeddedBroker]:
    """An embedded broker of the test's own, which it may kill: `kill()`, then `start(topics)` on the same
    port.
    """
    name = secrets.token_hex(3)
    server = EmbeddedBroker(work_dir=server_dir, log_file=server_dir / f"broker-{name}.log")
    yield from _broker_for_a_while(server, lambda: server)


@pytest.fixture
def own_postgres(server_dir: Path) -> Iterator[EmbeddedPostgres]:
    """An embedded PostgreSQL of the test's own: it may `kill()` it and `start()` it on the same data."""
    name = f"postgres-{secrets.token_hex(3)}"
    server = EmbeddedPostgres(
        data_dir=server_dir / name, log_file=server_dir / f"{name}.log", settings=THROWAWAY
    )
    server.start()
    yield server
    server.stop()


def _broker_for_a_while(server: EmbeddedBroker, given: Callable[[], Result]) -> Iterator[Result]:
    server.start()
    pid = server.pid
    assert pid is not None
    leftovers.note(CHILDREN, pid, name="broker")
    yield given()
    server.stop()
    leftovers.forget(CHILDREN, pid)
