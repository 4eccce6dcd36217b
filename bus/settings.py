"""What the bus is told by whoever opens it: one frozen value for the embedded broker and for Apache Kafka."""

from dataclasses import dataclass

from bus import records


@dataclass(frozen=True, slots=True)
class BusSettings:
    """How to reach the broker and how patient to be. All times in milliseconds."""

    bootstrap: str
    """`host:port`, several separated by commas."""
    embedded: bool = False
    """The embedded broker: does not wake a waiting fetch, and gives no error beyond the end of the log."""
    client_id: str = "settlement"
    request_timeout_ms: int = 2_000
    reconnect_backoff_ms: int = 200
    fetch_wait_ms: int = 500
    """How long Apache Kafka may hold a fetch that finds nothing; a new record wakes it."""
    fetch_busy_ms: int = 5
    """Embedded: the pause between two fetches while answers are expected,"""
    fetch_idle_ms: int = 50
    """and while none are."""
    busy_ms: int = 200
    """How long after a record was sent answers are expected."""
    unacknowledged_records_max: int = 1_000
    unacknowledged_bytes_max: int = 33_554_432

    def __post_init__(self) -> None:
        assert self.addresses(), "a bootstrap address is needed"
        assert self.fetch_wait_ms < self.request_timeout_ms, (
            "a fetch that finds nothing must not look like a failure"
        )
        assert self.unacknowledged_bytes_max >= records.RECORD_BYTES_MAX

    def addresses(self) -> list[tuple[str, int]]:
        """The bootstrap addresses as (host, port)."""
        pairs = [text.strip().rpartition(":") for text in self.bootstrap.split(",") if text.strip()]
        return [(host.strip("[]"), int(port)) for host, _, port in pairs]
