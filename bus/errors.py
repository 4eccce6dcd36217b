"""What can go wrong with messages in motion. The docstring of an error is its message."""


class BusError(Exception):
    """The message could not be handed to the log."""

    retriable = False

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.__doc__)


class BusUnavailable(BusError):
    """The broker does not answer. Nothing is known of what was under way; send it again later."""

    retriable = True


class BusFull(BusError):
    """Too many records are waiting for the broker. Nothing was sent; send it again later."""

    retriable = True


class BusClosed(BusError):
    """The log was closed by this process. Open a new one."""


class RecordTooLarge(BusError):
    """A record is larger than RECORD_BYTES_MAX. Split its items over several records."""


class TopicMismatch(BusError):
    """A topic exists with fewer partitions than are wanted. A node's partitions are fixed at its birth."""
