"""What can go wrong with messages in motion. The docstring of an error is its message."""

from runtime.errors import RuntimeFault


class BusError(RuntimeFault):
    """The message could not be handed to the log."""


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
    """A topic exists with fewer partitions than are wanted. Partitions are fixed at a topic's birth."""
