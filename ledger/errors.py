"""The faults of the settlement rows."""

from runtime.errors import RuntimeFault


class LedgerError(RuntimeFault):
    """A settlement row could not be handled."""


class RowUnencodable(LedgerError):
    """A row has a value that no column of its kind can hold."""

    def __init__(self, line: int) -> None:
        """`line` counts from 1, as PostgreSQL counts the lines of a COPY."""
        super().__init__()
        self.line = line
