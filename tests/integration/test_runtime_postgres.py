"""The database side of the runtime on a real PostgreSQL: migrations, takeover, failures told apart."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from runtime import logs, postgres
from runtime.errors import DatabaseUnreachable, MigrationEdited, MigrationMisnamed
from runtime.postgres import FailureKind
from stack.embedded import EmbeddedPostgres, free_port
from tests.servers import NewDatabase

TABLE = (
    "CREATE TABLE thing (id int PRIMARY KEY, psn text NOT NULL, n bigint, CONSTRAINT n_small CHECK (n < 10));"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "0001_thing.sql").write_text(TABLE)
    return tmp_path


async def test_migrations_are_applied_once_and_in_order(database: NewDatabase, folder: Path) -> None:
    async with postgres.opened(database(), application_name="test") as connection:
        assert await postgres.migrate(connection, folder, owner="a") == ["0001_thing.sql"]
        (folder / "0002_more.sql").write_text(
            "ALTER TABLE thing ADD COLUMN more int; INSERT INTO thing VALUES (1, '')"
        )
        assert await postgres.migrate(connection, folder, owner="a") == ["0002_more.sql"]
        assert await postgres.migrate(connection, folder, owner="a") == []
        assert await connection.fetchval("SELECT count(*) FROM thing") == 1


async def test_an_edited_migration_is_refused_before_anything_is_applied(
    database: NewDatabase, folder: Path
) -> None:
    async with postgres.opened(database(), application_name="test") as connection:
        await postgres.migrate(connection, folder, owner="a")
        (folder / "0001_thing.sql").write_text(TABLE + " -- edited")
        (folder / "0002_more.sql").write_text("CREATE TABLE more ()")
        with pytest.raises(MigrationEdited, match=r"a/0001_thing\.sql was applied"):
            await postgres.migrate(connection, folder, owner="a")
        assert await connection.fetchval("SELECT to_regclass('more')") is None


async def test_a_migration_that_fails_leaves_nothing_of_itself(database: NewDatabase, folder: Path) -> None:
    (folder / "0002_bad.sql").write_text("CREATE TABLE half (); SELECT 1 / 0;")
    async with postgres.opened(database(), application_name="test") as connection:
        with pytest.raises(asyncpg.DivisionByZeroError):
            await postgres.migrate(connection, folder, owner="a")
        assert await connection.fetchval("SELECT to_regclass('half')") is None
        assert await connection.fetchval("SELECT array_agg(number) FROM migration") == [1]


async def test_processes_that_migrate_at_once_apply_each_file_once(
    database: NewDatabase, folder: Path
) -> None:
    dsn = database()

    async def migrate() -> list[str]:
        async with postgres.opened(dsn, application_name="test") as connection:
            return await postgres.migrate(connection, folder, owner="a")

    applied = await asyncio.gather(*(migrate() for _ in range(4)))
    assert sorted(map(len, applied)) == [0, 0, 0, 1]


async def test_a_gap_in_the_numbers_is_refused(database: NewDatabase, folder: Path) -> None:
    (folder / "0003_gap.sql").write_text("")
    async with postgres.opened(database(), application_name="test") as connection:
        with pytest.raises(MigrationMisnamed, match="should begin with 0002_"):
            await postgres.migrate(connection, folder, owner="a")


async def test_a_takeover_ends_the_predecessor_and_nobody_else(database: NewDatabase) -> None:
    dsn = database()
    async with (
        postgres.opened(dsn, application_name="slot/1/writer") as old,
        postgres.opened(dsn, application_name="slot/10/writer") as other,
        postgres.opened(dsn, application_name="slot/1/writer") as new,
    ):
        assert await postgres.terminate_backends(new, "slot/1/") == 1
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)) as lost:
            await old.execute("SELECT 1")
        assert postgres.failure_of(lost.value).kind is FailureKind.LOST
        assert await other.fetchval("SELECT 1") == 1
        assert await new.fetchval("SELECT 1") == 1


async def test_failures_are_told_apart_by_structure(database: NewDatabase) -> None:
    async with postgres.opened(database(), application_name="test") as connection:
        await connection.execute(TABLE)
        await connection.execute("INSERT INTO thing VALUES (1, 'p', 1)")

        async def failure(statement: str) -> postgres.Failure:
            with pytest.raises(asyncpg.PostgresError) as caught:
                await connection.execute(statement)
            return postgres.failure_of(caught.value)

        twice = await failure("INSERT INTO thing VALUES (1, 'p', 1)")
        assert (twice.kind, twice.constraint) == (FailureKind.UNIQUE, "thing_pkey")
        checked = await failure("INSERT INTO thing VALUES (2, 'p', 10)")
        assert (checked.kind, checked.constraint, checked.table) == (FailureKind.CHECK, "n_small", "thing")
        assert (await failure("INSERT INTO thing VALUES (2)")).kind is FailureKind.NOT_NULL
        assert (await failure("SELECT 9223372036854775807 + 1")).kind is FailureKind.OVERFLOW
        assert (await failure("SELECT * FROM missing")).kind is FailureKind.MISSING_TABLE
        raised = "DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE='SG001', CONSTRAINT='cursor_stands'; END $$"
        private = await failure(raised)
        assert (private.kind, private.sqlstate, private.constraint) == (
            FailureKind.PRIVATE,
            "SG001",
            "cursor_stands",
        )
        await connection.execute("SET statement_timeout = 20")
        assert (await failure("SELECT pg_sleep(1)")).kind is FailureKind.WAIT


async def test_a_copy_names_the_line_that_failed_and_the_log_never_quotes_it(database: NewDatabase) -> None:
    async with postgres.opened(database(), application_name="test") as connection:
        await connection.execute(TABLE)
        rows = [(1, "zhang", 1), (2, "li", 2), (3, "wang", 99)]
        with pytest.raises(asyncpg.CheckViolationError) as caught:
            await connection.copy_records_to_table("thing", records=rows)
        failure = postgres.failure_of(caught.value)
        assert (failure.kind, failure.copy_line) == (FailureKind.CHECK, 3)
        assert "wang" in str(caught.value.detail)
        said = str(logs.safe_trace(caught.value))
        assert "n_small" in said
        assert "wang" not in said
        with pytest.raises(OverflowError) as unencodable:
            await connection.copy_records_to_table("thing", records=[(1, "x", 1 << 70)])
        assert postgres.failure_of(unencodable.value).kind is FailureKind.UNENCODABLE
        assert await connection.fetchval("SELECT count(*) FROM thing") == 0


async def test_a_silent_address_is_a_fault_that_may_be_retried() -> None:
    with pytest.raises(DatabaseUnreachable) as refused:
        await postgres.connect(f"postgresql://x@127.0.0.1:{free_port()}/x", application_name="test")
    assert refused.value.retriable


async def test_postgres_killed_with_9_comes_back_with_its_data(own_postgres: EmbeddedPostgres) -> None:
    own_postgres.psql("CREATE TABLE kept AS SELECT 7 AS n")
    async with postgres.opened(own_postgres.dsn(), application_name="test") as connection:
        own_postgres.kill()
        with pytest.raises(
            (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
        ) as lost:
            await connection.execute("SELECT 1")
        assert postgres.failure_of(lost.value).kind is FailureKind.LOST
    own_postgres.start()
    assert own_postgres.psql("SELECT n FROM kept") == "7"


def test_the_embedded_postgres_logs_neither_rows_nor_statements(own_postgres: EmbeddedPostgres) -> None:
    own_postgres.psql(TABLE)
    with pytest.raises(Exception, match="n_small"):
        own_postgres.psql("INSERT INTO thing VALUES (1, 'zhangsan', 11)")
    log = own_postgres.log_file.read_text()
    assert "n_small" in log
    assert "zhangsan" not in log
