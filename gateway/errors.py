"""What can go wrong inside the gateway, as exceptions: one base class, so that a caller can catch the house.

An expected refusal of a caller's message is a value with a code, never one of these. The docstring of a class
is its message where none is given.
"""

from typing import ClassVar


class GatewayError(Exception):
    """Something in the gateway failed."""

    retriable: ClassVar[bool] = False
    """Whether the same call may succeed later without anybody mending anything."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").split("\n", 1)[0])


class DirectoryError(GatewayError):
    """The directory's files cannot be used; the message names file and line."""


class CatalogueError(GatewayError):
    """A catalogue's file cannot be used; the message names file and line."""
