"""The faults of the runtime: the docstring is the message, and the class knows whether trying again helps.

Other packages derive their own base from `RuntimeFault` and so inherit the habit; the log prints the message
of these classes (and of no other exception), so a message never names a person.
"""

from typing import ClassVar


class RuntimeFault(Exception):
    """The process could not do what it was asked to do."""

    retriable: ClassVar[bool] = False
    """Whether the same call may succeed later without anybody mending something."""

    def __init__(self, message: str | None = None, **facts: object) -> None:
        super().__init__(message or (self.__doc__ or type(self).__name__).strip())
        self.facts = facts


class SettingsWrong(RuntimeFault):
    """The environment does not describe this process; the message names the variables."""


class IdMalformed(RuntimeFault):
    """A settlement id is 26 characters of upper-case base32 (A-Z, 2-7) without padding, as this system gave
    it out.
    """


class SealBroken(RuntimeFault):
    """A sealed value could not be opened: other key, other purpose, or changed on the way."""


class KeyMissing(RuntimeFault):
    """A key file is missing or broken."""


class MigrationEdited(RuntimeFault):
    """A migration that was applied has been edited since; write a new file with the next number instead."""


class MigrationMisnamed(RuntimeFault):
    """Migrations are named 0001_words.sql, numbered from 1 without a gap."""


class DatabaseUnreachable(RuntimeFault):
    """PostgreSQL does not answer at the given address."""

    retriable = True


class BackendAlive(RuntimeFault):
    """A backend of the predecessor did not end in time, so this process may not write yet."""

    retriable = True


class PortTaken(RuntimeFault):
    """The address to listen on is taken by another process."""


class TaskDied(RuntimeFault):
    """A background task of this process ended although nobody asked it to."""
