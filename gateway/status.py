"""How a care region stands, read from its care book in one moment: what is open, decided, booked and bound."""

from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from gateway.care_book import OWN_KINDS
from gateway.directory import Directory
from ledger.life import Kind, Status
from runtime.keys import message_name
from runtime.operators import NotAnswered, Page
from runtime.postgres import Connection

VISIT_STATES: Final = {1: "open", 2: "cancelled", 3: "closed"}
QUEUES: Final = {
    "messages open": "gateway_messages_open",
    "calls waiting to be claimed": "gateway_calls_waiting_to_be_claimed",
    "decisions waiting to be booked": "gateway_decisions_waiting_to_be_booked",
    "questions under way": "gateway_questions_under_way",
    "partitions silent": "gateway_partitions_silent",
}


@dataclass(frozen=True, slots=True)
class Open:
    """Claimed and not final, of one home partition."""

    node: int
    partition: int
    messages: int
    oldest_ms: int  # age
    oldest_setl_id: str


@dataclass(frozen=True, slots=True)
class SummedDay:
    """The last day that was summed with a home node."""

    node: int
    day: str
    decisions: int
    fetched: int  # booked only then, because their replies had been lost
    refused: int  # that the node decided and that could not be booked


@dataclass(frozen=True, slots=True)
class RegionStatus:
    """What the care book says."""

    region: str
    day: date
    slots: list[int]  # that have a session with the database now
    open: list[Open]
    own_decisions_today: dict[str, int]  # by kind
    booked_today: dict[str, int]  # by status
    visits: dict[str, int]  # by state
    bills_alive: int
    bills_undone: int
    bills_unsealed: int
    summed: list[SummedDay]  # by node

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return asdict(self) | {"day": self.day.isoformat()}


async def region_status(
    connection: Connection, *, region: str, day: date, now_ms: int, data: Path | None = None
) -> RegionStatus:
    """Read it all. Raises NotAnswered where the region or the database is another, DirectoryError."""
    known = sorted(Directory.load(data).regions)
    if region not in known:
        raise NotAnswered(f"The directory has no care region {region}; it has {', '.join(known)}.")
    held = await connection.fetchval("SELECT region FROM care LIMIT 1")
    if held not in (None, region):
        raise NotAnswered(f"This database holds the care book of region {held}, not {region}.")
    slots = await connection.fetch(
        "SELECT DISTINCT split_part(application_name, ' ', 4)::int FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name ~ $1 ORDER BY 1",
        f"^gateway {region} slot [0-9]+ claims$",
    )
    opened = await connection.fetch(
        "SELECT c.node, c.partition, count(*), min(o.since_ms), (array_agg(o.id ORDER BY o.since_ms, o.id))[1]"
        " FROM open o JOIN claim c ON c.id = o.id GROUP BY 1, 2 ORDER BY 1, 2"
    )
    own = await connection.fetch(
        "SELECT kind, count(*) FROM request WHERE day = $1 AND own_answer IS NOT NULL GROUP BY 1 ORDER BY 1",
        day,
    )
    booked = await connection.fetch(
        "SELECT status, count(*) FROM care WHERE day = $1 GROUP BY 1 ORDER BY 1", day
    )
    visits = await connection.fetch("SELECT state, count(*) FROM visit GROUP BY 1 ORDER BY 1")
    bills = await connection.fetchrow(
        "SELECT count(*) FILTER (WHERE alive > 0), count(*) FILTER (WHERE alive <= 0),"
        " count(*) FILTER (WHERE unsealed > 0) FROM bill"
    )
    assert bills is not None
    summed = await connection.fetch(
        "SELECT DISTINCT ON (peer) peer::int, day, items, coalesce(fetched, 0), coalesce(cardinality(refused), 0)"
        " FROM day_summed LEFT JOIN day_caught_up USING (day, peer) ORDER BY peer, day DESC"
    )
    return RegionStatus(
        region=region,
        day=day,
        slots=[record[0] for record in slots],
        open=[
            Open(node, partition, count, max(now_ms - since_ms, 0), message_name(oldest))
            for node, partition, count, since_ms, oldest in opened
        ],
        own_decisions_today={kind_name(kind): count for kind, count in own},
        booked_today={Status(status).name: count for status, count in booked},
        visits={VISIT_STATES.get(state, str(state)): count for state, count in visits},
        bills_alive=bills[0],
        bills_undone=bills[1],
        bills_unsealed=bills[2],
        summed=[SummedDay(node, last.isoformat(), *counts) for node, last, *counts in summed],
    )


def kind_name(kind: int) -> str:
    """The kind's name; its number where it is of a newer program."""
    names = {int(one): one.name for one in Kind} | OWN_KINDS
    return names.get(kind, f"kind {kind}")


def page_status(page: Page) -> dict[str, Any]:
    """What the process itself says. Raises NotAnswered where it is no gateway's page."""
    if page.count(QUEUES["messages open"]) is None:
        raise NotAnswered("That is the metrics page of no gateway.")
    silent = [
        f"{one.labels['node']}/{one.labels['partition']}"
        for one in page.all("gateway_partition_silent")
        if one.value
    ]
    return {
        "queues": {words: page.count(name) for words, name in QUEUES.items()},
        "silent_partitions": sorted(silent),
        "alarms": page.alarms("gateway_alarms_total"),
    }
