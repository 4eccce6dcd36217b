"""What can go wrong inside the gateway, as exceptions: one base class, so that a caller can catch the house.

An expected refusal of a caller's message is a value with a code, never one of these. The docstring of a class
is its message where none is given.
"""

from runtime.errors import RuntimeFault


class GatewayError(RuntimeFault):
    """Something in the gateway failed."""


class DirectoryError(GatewayError):
    """The directory's files cannot be used; the message names file and line."""


class CatalogueError(GatewayError):
    """A catalogue's file cannot be used; the message names file and line."""
