"""What can go wrong at a home node; an expected refusal of a bill is a value with a code, none of these."""


class HomePoolError(Exception):
    """A fault of the home node. Without a message of its own the first line of the class's docstring is it."""

    retriable = False

    def __init__(self, *said: object) -> None:
        super().__init__(*(said or ((self.__doc__ or type(self).__name__).strip().split("\n", 1)[0],)))


class PolicyInvalid(HomePoolError):
    """A policy file breaks its form: the message names the file, the key and what to mend."""

    def __init__(self, origin: str, key: str, why: str) -> None:
        super().__init__(f"{origin}: {key}: {why}")
        self.origin = origin
        self.key = key
        self.why = why


class CaseInvalid(HomePoolError):
    """A published example cannot be computed: the message names the field and what is wrong with it."""


class QuoteInvalid(HomePoolError):
    """A question to `quote` cannot be answered: the message says what to mend."""
