"""What a stack consists of: care regions, home nodes, and the processes that serve them.

The plan is data (`stack/stack.toml`); this module reads it and derives the processes, their command lines,
the databases and the topics. Each process learns what it is from its command line and where it lives from its
environment:

| variable | given to |
|---|---|
| `DSGW_POSTGRES_DSN` | every process: its own database |
| `DSGW_KAFKA_BOOTSTRAP` | every process; those that serve books need no broker |
| `DSGW_KAFKA_EMBEDDED` | every process: `true` on the embedded broker |
| `DSGW_LISTEN` | every process: `host:port` of its gRPC server, where it has one |
| `DSGW_METRICS_PORT` | every process |
| `DSGW_STATE_DIR` | every process: a folder of its own; `ready` there holds the pid of one that is ready |
| `DSGW_KEYS_DIR` | every process: `node-44.key` and `node-44.pub`, made by the node at its first start |
| `DSGW_REGIONS` | every process: the care regions that a node answers |
| `DSGW_BOOKS` | clearing: where every books process listens |
| `DSGW_LOG_LEVEL` | passed through from the caller |

A node and a region with a `books_port` have a books process beside (BooksService), at a lower priority. It is told where
those of the (other) nodes listen: `{books-node-44}` in its arguments stands for an address.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from stack.errors import PlanWrong

PLAN_FILE: Final = Path(__file__).with_name("stack.toml")
PROCESSES_MAX: Final = 64
CLEARING: Final = "clearing"
BOOKS_NICE: Final = 10
"""Closing and summing a day gives way to settlements."""
EMBEDDED: Final = "embedded"
APACHE: Final = "apache"
BROKERS: Final = (EMBEDDED, APACHE)


@dataclass(frozen=True, slots=True)
class Process:
    """One process of ours: what to run and how to see that it is ready."""

    name: str
    arguments: tuple[str, ...]
    database: str
    port: int
    health: bool
    """Readiness is gRPC health (gateways, books); else the ready file in the state folder (nodes)."""
    nice: int = 0
    """Added to the caller's niceness: 10 gives way to everybody else."""
    settings: tuple[tuple[str, str], ...] = ()
    """More of its environment, by variable."""

    def knowing(self, addresses: Mapping[str, str]) -> "Process":
        """The same with addresses in place of the names of processes in its arguments and settings."""

        def told(text: str) -> str:
            for name, address in addresses.items():
                text = text.replace(f"{{{name}}}", address)
            return text

        arguments = tuple(told(argument) for argument in self.arguments)
        settings = tuple((variable, told(value)) for variable, value in self.settings)
        return replace(self, arguments=arguments, settings=settings)


@dataclass(frozen=True, slots=True)
class Region:
    """A care region: its gateway processes share one database."""

    code: str
    name: str
    care_pools: tuple[str, ...]
    database: str
    slots: int
    slots_at_birth: int
    port: int
    program: str = "gateway"
    books_port: int | None = None
    """Of its books process; None: it has none, 0: any free port."""
    data_dir: str = ""
    """Folder of its directory, catalogues and traceability rules; empty: those shipped."""

    def __post_init__(self) -> None:
        if not 0 < self.slots <= self.slots_at_birth:
            raise PlanWrong(
                f"Region {self.code} may have 1 to {self.slots_at_birth} slots, not {self.slots}."
            )

    def processes(self, nodes: Sequence[str] = ()) -> list[Process]:
        """Its gateway processes, which speak to these home nodes (to all of the directory where none is named)."""
        reach = ("--nodes", ",".join(nodes)) if nodes else ()
        return [
            Process(
                name=f"gateway-{self.code}-{slot}",
                arguments=("-m", self.program, "serve", "--region", self.code, "--slot", str(slot), *reach),
                database=self.database,
                port=self.port + slot if self.port else 0,
                health=True,
                settings=self._settings(),
            )
            for slot in range(self.slots)
        ]

    def books(self, nodes: Sequence["Node"]) -> list[Process]:
        """Its books process, which fetches from those of these nodes."""
        reach = ",".join(f"{node.code}={{{process.name}}}" for node in nodes for process in node.books())
        arguments = ("-m", self.program, "books", "--region", self.code, "--nodes", reach)
        books = _books(f"region-{self.code}", arguments, self.database, self.books_port)
        return [replace(one, settings=self._settings()) for one in books]

    def _settings(self) -> tuple[tuple[str, str], ...]:
        return (("DSGW_DATA_DIR", self.data_dir),) if self.data_dir else ()


@dataclass(frozen=True, slots=True)
class Node:
    """A home node: one database, its partitions shared out among worker processes."""

    code: str
    name: str
    pools: tuple[str, ...]
    database: str
    partitions: int
    workers: tuple[tuple[int, ...], ...]
    program: str = "homepool"
    books_port: int | None = None
    """Of its books process; None: it has none, 0: any free port."""

    def __post_init__(self) -> None:
        if sorted(part for worker in self.workers for part in worker) != list(range(self.partitions)):
            raise PlanWrong(f"Each of the {self.partitions} partitions of node {self.code} needs one worker.")

    def processes(self) -> list[Process]:
        return [
            Process(
                name=f"node-{self.code}" + (f"-{number}" if len(self.workers) > 1 else ""),
                arguments=(
                    "-m",
                    self.program,
                    "serve",
                    "--node",
                    self.code,
                    "--partitions",
                    _comma(partitions),
                ),
                database=self.database,
                port=0,
                health=False,
            )
            for number, partitions in enumerate(self.workers)
        ]

    def books(self, nodes: Sequence["Node"] = ()) -> list[Process]:
        """Its books process, which carries wallet transfers to those of these nodes."""
        others = [one for one in nodes if one.code != self.code and one.books_port is not None]
        reach = ",".join(f"{one.code}={{books-node-{one.code}}}" for one in others)
        arguments = ("-m", self.program, "books", "--node", self.code, *(("--nodes", reach) if reach else ()))
        return _books(f"node-{self.code}", arguments, self.database, self.books_port)


@dataclass(frozen=True, slots=True)
class Clearing:
    """The clearing of all regions and nodes: one database, one process, which reads their books."""

    database: str
    port: int
    program: str = "clearing"

    def process(self, nodes: Sequence[Node], regions: Sequence[Region]) -> Process:
        """Its process; it is told where every books process listens."""
        books = [f"node:{one.code}={{{book.name}}}" for one in nodes for book in one.books()]
        books += [f"region:{one.code}={{{book.name}}}" for one in regions for book in one.books(nodes)]
        return Process(
            name=CLEARING, arguments=("-m", self.program, "serve"), database=self.database, port=self.port, health=True,
            nice=BOOKS_NICE, settings=(("DSGW_BOOKS", ",".join(books)),),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Preparation:
    """A command to run once before the processes start, in the environment of each node or each region's
    gateway.
    """

    environment_of: str
    """`node` or `gateway`."""
    arguments: tuple[str, ...]
    """Arguments of Python; `{code}` stands for the node's or the region's code."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole stack."""

    regions: tuple[Region, ...]
    nodes: tuple[Node, ...]
    preparations: tuple[Preparation, ...] = ()
    clearing: Clearing | None = None
    kafka: str = EMBEDDED
    """Which broker to start where the environment gives none: one of BROKERS."""

    def __post_init__(self) -> None:
        if self.kafka not in BROKERS:
            raise PlanWrong(f"The broker may be {' or '.join(BROKERS)}, not {self.kafka}.")

    def groups(self) -> list[list[Process]]:
        """What starts together, in order: nodes first, so that a gateway finds its nodes beating; stopped backwards."""
        homes = [process for node in self.nodes for process in (*node.processes(), *node.books(self.nodes))]
        codes = [node.code for node in self.nodes]
        cares = [
            process
            for region in self.regions
            for process in (*region.processes(codes), *region.books(self.nodes))
        ]
        clearing = [self.clearing.process(self.nodes, self.regions)] if self.clearing is not None else []
        return [homes, cares, clearing]

    def processes(self) -> list[Process]:
        """All processes in the order they start."""
        found = [process for group in self.groups() for process in group]
        if len(found) > PROCESSES_MAX or len({process.name for process in found}) < len(found):
            raise PlanWrong(f"A stack has at most {PROCESSES_MAX} processes, and no two of one name.")
        return found

    def databases(self) -> list[str]:
        """The databases, each once."""
        clearing = [self.clearing.database] if self.clearing is not None else []
        return [*(one.database for one in self.nodes), *(one.database for one in self.regions), *clearing]

    def topics(self) -> dict[str, int]:
        """The topics with their partitions: requests to each node, replies to each region."""
        requests = {f"req.{node.code}": node.partitions for node in self.nodes}
        replies = {f"rep.{region.code}": region.slots_at_birth for region in self.regions}
        return requests | replies

    def with_slots(self, slots: int) -> "Plan":
        """The same stack with so many gateway processes in every region."""
        return replace(self, regions=tuple(replace(region, slots=slots) for region in self.regions))

    def with_free_ports(self) -> "Plan":
        """The same stack on any free ports."""
        regions = tuple(replace(one, port=0, books_port=_any(one.books_port)) for one in self.regions)
        nodes = tuple(replace(one, books_port=_any(one.books_port)) for one in self.nodes)
        clearing = None if self.clearing is None else replace(self.clearing, port=0)
        return replace(self, regions=regions, nodes=nodes, clearing=clearing)

    def with_kafka(self, kafka: str) -> "Plan":
        """The same stack on another broker, one of BROKERS. Raises PlanWrong."""
        return replace(self, kafka=kafka)


def read_plan(file: Path = PLAN_FILE) -> Plan:
    """The plan in a file. Raises `PlanWrong` where it is not one."""
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
        return Plan(
            regions=tuple(Region(**_tuples(entry)) for entry in data["region"]),
            nodes=tuple(Node(**_tuples(entry)) for entry in data["node"]),
            preparations=tuple(Preparation(**_tuples(entry)) for entry in data.get("prepare", [])),
            clearing=Clearing(**data["clearing"]) if "clearing" in data else None,
            kafka=data.get("kafka", EMBEDDED),
        )
    except (OSError, KeyError, TypeError, tomllib.TOMLDecodeError) as wrong:
        raise PlanWrong(f"{file} is not a plan of a stack: {wrong}") from wrong


def _books(of: str, arguments: tuple[str, ...], database: str, port: int | None) -> list[Process]:
    if port is None:
        return []
    return [Process(f"books-{of}", arguments, database, port, health=True, nice=BOOKS_NICE)]


def _any(port: int | None) -> int | None:
    return None if port is None else 0


def _tuples(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: _frozen(value) for key, value in entry.items()}


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value


def _comma(numbers: Sequence[int]) -> str:
    return ",".join(map(str, numbers))
