"""How a home node stands, read from its home book in one moment: its partitions, decisions, parked items and loads."""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final

from homepool.parked import ParkedItem, parked_items
from ledger.life import Status
from runtime.operators import NotAnswered, Page
from runtime.postgres import Connection

PARKED_SHOWN_MAX: Final = 20


@dataclass(frozen=True, slots=True)
class PartitionStatus:
    """Where a partition stands, and whether its writer has a session now."""

    partition: int
    term: int  # the clock in ms when its worker took over
    version: int
    next_number: int
    day: str
    writer_alive: bool
    writer: str  # its application name, empty where it is gone
    decisions_today: dict[str, int]  # by status


@dataclass(frozen=True, slots=True)
class LoadStatus:
    """Differences of one kind that were applied."""

    what: str
    differences: int
    last_at: str


@dataclass(frozen=True, slots=True)
class FileStatus:
    """A resumable load of a file that has not come to its end."""

    what: str
    rows_done: int
    rows_all: int
    changed_at: str


@dataclass(frozen=True, slots=True)
class ClosedDay:
    """The last day that was closed: every decision since belongs to a later one."""

    day: str
    closed_at: str
    operator: str


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """What the home book says."""

    node: int
    day: date
    closed: ClosedDay | None  # None: none ever was
    partitions: list[PartitionStatus]
    parked_waiting: int  # that nobody has looked at
    parked_all: int
    parked: list[ParkedItem]  # the oldest of those that wait
    loads: list[LoadStatus]
    files_unfinished: list[FileStatus]

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return asdict(self) | {"day": self.day.isoformat(), "parked": [one.as_json() for one in self.parked]}


async def node_status(connection: Connection, *, node: int, day: date) -> NodeStatus:
    """Read it all. Raises NotAnswered where the database is another node's."""
    held = await connection.fetchval("SELECT node FROM decision LIMIT 1")
    if held not in (None, node):
        raise NotAnswered(f"This database holds the home book of node {held}, not {node}.")
    counts = await connection.fetchrow(
        "SELECT count(*) FILTER (WHERE released_at IS NULL), count(*) FROM parked"
    )
    assert counts is not None
    loads = await connection.fetch(
        "SELECT what, count(*), max(loaded_at) FROM load GROUP BY 1 ORDER BY 3 DESC"
    )
    files = await connection.fetch(
        "SELECT what, rows_done, rows_all, changed_at FROM load_file WHERE rows_done < rows_all ORDER BY 4 DESC"
    )
    closed = await connection.fetchrow(
        "SELECT day, closed_at, operator FROM closed_day ORDER BY day DESC LIMIT 1"
    )
    return NodeStatus(
        node=node,
        day=day,
        closed=ClosedDay(closed[0].isoformat(), closed[1].isoformat(), closed[2]) if closed else None,
        partitions=await _partitions(connection, day),
        parked_waiting=counts[0],
        parked_all=counts[1],
        parked=await parked_items(connection, items_max=PARKED_SHOWN_MAX),
        loads=[LoadStatus(what, count, last.isoformat()) for what, count, last in loads],
        files_unfinished=[FileStatus(what, done, rows, at.isoformat()) for what, done, rows, at in files],
    )


async def _partitions(connection: Connection, day: date) -> list[PartitionStatus]:
    decided: dict[int, dict[str, int]] = {}
    for partition, status, count in await connection.fetch(
        "SELECT partition, status, count(*) FROM decision WHERE day = $1 GROUP BY 1, 2 ORDER BY 1, 2", day
    ):
        decided.setdefault(partition, {})[Status(status).name] = count
    records = await connection.fetch(
        "SELECT c.partition, c.term, c.version, c.next_number, c.day, a.pid IS NOT NULL, a.application_name"
        " FROM cursor c LEFT JOIN pg_stat_activity a"
        " ON a.pid = c.writer_pid AND a.backend_start = c.writer_backend_start ORDER BY 1"
    )
    return [
        PartitionStatus(
            partition,
            term,
            version,
            number,
            stands.isoformat(),
            alive,
            name or "",
            decided.get(partition, {}),
        )
        for partition, term, version, number, stands, alive, name in records
    ]


def page_status(page: Page) -> dict[str, Any]:
    """What the process itself says. Raises NotAnswered where it is no worker's page."""
    waiting = page.count("home_items_waiting")
    if waiting is None:
        raise NotAnswered("That is the metrics page of no home node.")
    return {
        "items_waiting": waiting,
        "decisions_since_takeover": page.count("home_decisions"),
        "alarms": page.alarms("home_alarms_total"),
    }
