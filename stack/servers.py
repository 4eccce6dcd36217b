"""The servers under the stack: PostgreSQL and the broker, given by the environment or ours.

`DSGW_POSTGRES` (the address of a server whose user may create databases) and `DSGW_KAFKA` (bootstrap
addresses) win over the embedded defaults. What is given is never stopped, killed or emptied. The broker is the
embedded one, or Apache Kafka where the plan says so.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from stack import leftovers
from stack.apache_kafka import ApacheKafka
from stack.embedded import EmbeddedBroker, EmbeddedPostgres, psql, with_database
from stack.errors import AddressUnreachable, PlanWrong, ServerFailed, StackFault
from stack.java import need_java
from stack.kafka_jars import Say, need_jars
from stack.plan import APACHE
from stack.pulse import longest_partition
from stack.topics import make_topics

POSTGRES_VARIABLE: Final = "DSGW_POSTGRES"
KAFKA_VARIABLE: Final = "DSGW_KAFKA"
GIVEN_KAFKA_WAIT_S: Final = 30.0


class Servers:
    """PostgreSQL and the broker of one stack. Everything here blocks."""

    def __init__(
        self,
        *,
        run_dir: Path,
        topics: Mapping[str, int],
        children_dir: Path,
        broker: str,
        say: Say = lambda _: None,
    ) -> None:
        """`broker` is one of stack.plan.BROKERS. Raises PlanWrong where the environment gives another."""
        self._run_dir = run_dir
        self._topics = topics
        self._children_dir = children_dir
        self._given_postgres = os.environ.get(POSTGRES_VARIABLE, "")
        self._given_kafka = os.environ.get(KAFKA_VARIABLE, "")
        self._postgres: EmbeddedPostgres | None = None
        self._broker: EmbeddedBroker | ApacheKafka | None = None
        self._apache = broker == APACHE
        self._say = say
        if self._apache and self._given_kafka:
            raise PlanWrong(
                f"{KAFKA_VARIABLE} names a Kafka that is there already; unset it, or leave `--kafka {APACHE}` out."
            )
        self._up: set[str] = set()

    @property
    def postgres(self) -> str:
        """The address of the server, password included."""
        return self._given_postgres or self._embedded_postgres().dsn()

    @property
    def kafka_embedded(self) -> bool:
        """Whether the broker is the embedded one: it does not wake a waiting fetch, so readers must poll closely."""
        return not self._given_kafka and not self._apache

    @property
    def kafka(self) -> str:
        """The bootstrap addresses."""
        return self._given_kafka or self._own_broker().bootstrap

    def pids(self) -> dict[str, int]:
        """The process ids of the embedded servers that run."""
        running = {"postgres": self._postgres, "broker": self._broker}
        return {name: server.pid for name, server in running.items() if server is not None and server.pid}

    def start_postgres(self) -> None:
        """Start it, or see that the given one answers."""
        self._up.discard("postgres")
        if self._given_postgres:
            try:
                psql(self._given_postgres, "SELECT 1")
            except ServerFailed as refused:
                raise AddressUnreachable(f"PostgreSQL given in {POSTGRES_VARIABLE}: {refused}") from None
            self._up.add("postgres")
            return
        if self._postgres is None:
            self._postgres = EmbeddedPostgres(
                data_dir=self._run_dir / "postgres", log_file=self._run_dir / "logs" / "postgres.log"
            )
        self._postgres.start()
        self._note("postgres", self._postgres.pid)

    def start_broker(self) -> None:
        """Start it and make its topics; on a given one make what is missing."""
        self._up.discard("broker")
        if self._given_kafka:
            self._make_given_topics()
            self._up.add("broker")
            return
        if self._broker is None:
            self._broker = self._new_broker()
        self._broker.start(self._topics)
        self._note("broker", self._broker.pid)

    def create_databases(self, names: Iterable[str]) -> set[str]:
        """Create the databases that are missing; gives their names."""
        there = set(psql(self.postgres, "SELECT datname FROM pg_database").splitlines())
        missing = set(names) - there
        for name in sorted(missing):
            psql(self.postgres, f'CREATE DATABASE "{name}"')
        return missing

    def drop_databases(self, names: Iterable[str]) -> None:
        """Drop databases, whoever is connected."""
        for name in names:
            psql(self.postgres, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def dsn(self, database: str) -> str:
        """The address of one database, password included."""
        return with_database(self.postgres, database)

    def kill(self, name: str) -> None:
        """SIGKILL an embedded server."""
        server = self._embedded_postgres() if name == "postgres" else self._own_broker()
        self._up.discard(name)
        if server.pid:
            leftovers.forget(self._children_dir, server.pid)
        server.kill()

    def is_up(self, name: str) -> bool:
        """Whether a server was started to the end and has not died since, as far as we can see."""
        return name in self._up and name not in self.died()

    def died(self) -> list[str]:
        """The embedded servers that were started and do not run."""
        servers = {"postgres": self._postgres, "broker": self._broker}
        return [name for name, server in servers.items() if server is not None and server.pid is None]

    def broker_pulse(self) -> int | None:
        """How many records the embedded broker's longest partition holds; None = it does not answer."""
        host, _, port = self._own_broker().bootstrap.rpartition(":")
        return longest_partition(host, int(port), self._topics)

    def stop(self) -> None:
        """Stop the embedded servers, the broker first."""
        for server in (self._broker, self._postgres):
            if server is None:
                continue
            pid = server.pid
            server.stop()
            if pid:
                leftovers.forget(self._children_dir, pid)
        self._broker = self._postgres = None

    def _new_broker(self) -> EmbeddedBroker | ApacheKafka:
        logs = self._run_dir / "logs"
        if not self._apache:
            return EmbeddedBroker(work_dir=self._run_dir / "broker", log_file=logs / "broker.log")
        java = need_java()
        jars = need_jars(java, say=self._say)
        home = self._run_dir / "broker"
        return ApacheKafka(home=home, log_dir=logs, java=java, jars=jars, children_dir=self._children_dir)

    def _make_given_topics(self) -> None:
        try:
            make_topics(self._given_kafka, self._topics, wait_s=GIVEN_KAFKA_WAIT_S)
        except ServerFailed as failed:
            raise AddressUnreachable(
                f"Kafka given in {KAFKA_VARIABLE}, {self._given_kafka}: {failed}"
            ) from None

    def _note(self, name: str, pid: int | None) -> None:
        self._up.add(name)
        if pid is not None:
            leftovers.note(self._children_dir, pid, name=name)

    def _embedded_postgres(self) -> EmbeddedPostgres:
        if self._postgres is None:
            raise StackFault(
                "PostgreSQL is given by the environment or was not started; it is not ours to touch."
            )
        return self._postgres

    def _own_broker(self) -> EmbeddedBroker | ApacheKafka:
        if self._broker is None:
            raise StackFault(
                "The broker is given by the environment or was not started; it is not ours to touch."
            )
        return self._broker
