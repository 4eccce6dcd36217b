"""The faults of the stack: each message is a sentence that says what to do."""

from typing import ClassVar


class StackFault(Exception):
    """The stack could not be started or kept running."""

    retriable: ClassVar[bool] = False

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (self.__doc__ or type(self).__name__).strip())


class StackRunning(StackFault):
    """A stack of this clone is running already; stop it with Ctrl-C where it runs, or use another clone."""


class PortTaken(StackFault):
    """A port that the stack was told to use is taken by another process."""


class ServerFailed(StackFault):
    """A server of the stack did not start; its log says why."""


class AddressUnreachable(StackFault):
    """Nothing answers at an address given in the environment."""

    retriable = True


class PlanWrong(StackFault):
    """The plan does not describe a stack."""


class DemoDataWrong(StackFault):
    """A data file that the demo reads is missing or not as expected."""


class MorningFailed(StackFault):
    """An answer during the demo's morning was not what it must be."""


class PartMissing(StackFault):
    """A program that Apache Kafka needs is not installed."""


class FetchFailed(StackFault):
    """Apache Kafka could not be fetched."""

    retriable = True
