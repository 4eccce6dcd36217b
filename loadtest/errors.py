"""The faults of the load test: each message is a sentence that says what to do."""

from typing import ClassVar


class LoadTestFault(Exception):
    """The load test could not be run."""

    retriable: ClassVar[bool] = False

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (self.__doc__ or type(self).__name__).strip())


class DataFileWrong(LoadTestFault):
    """A data file of the directory is missing or not as expected."""


class StackNotReady(LoadTestFault):
    """The stack did not come up; its log says why."""


class EndpointsWrong(LoadTestFault):
    """The file of endpoints is missing or does not name the gateways; start the stack with `make up`."""


class PeopleMissing(LoadTestFault):
    """There are no insured persons to treat; make and load some with `python -m homepool`."""


class NoVisitOpened(LoadTestFault):
    """No visit could be opened, so there is nothing to settle; the first refusal is in the message."""


class HelperDied(LoadTestFault):
    """A process of the load test's own (generator or echo) ended before it was told to."""


class NotMeasurable(LoadTestFault):
    """This system does not show what processes use; CPU is read from /proc, which Linux has."""


class AnswerWrong(LoadTestFault):
    """A call had another outcome than it should have, so what was measured is not what was meant."""
