"""What can go wrong in clearing, told to an operator: what is wrong and what to do, never a row or a person."""

from runtime.errors import RuntimeFault


class ClearingFault(RuntimeFault):
    """Clearing could not do what it was asked to do; nothing was changed."""


class BookUnreachable(ClearingFault):
    """A book does not answer. It stays out of the run; start the run again when it is back."""

    retriable = True


class BookRefused(ClearingFault):
    """A book refused the question; its reason is in the message."""


class BooksUnknown(ClearingFault):
    """DSGW_BOOKS does not say where the books are: node:44=host:port,region:44=host:port,…"""


class RunElsewhere(ClearingFault):
    """Another process runs this day at the moment. Look at `python -m clearing status`, and start again later."""

    retriable = True


class RunBroken(ClearingFault):
    """The sums of the run do not hold together, so it does not exist. `python -m clearing verify` says more."""


class NotFound(ClearingFault):
    """There is no such thing; list what there is first."""


class NotAllowed(ClearingFault):
    """This may not be done now, or not by this person."""
