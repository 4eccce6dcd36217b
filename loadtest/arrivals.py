"""When calls are due.

A closed loop has no schedule: so many calls are in flight, each answer is followed by the next call, and the rate is
what comes out. An open loop has one: calls are due whether or not the earlier ones were answered, as patients come
whether or not the cashier is quick, and latency counts from the due moment, so a server that stalls is charged for
the calls that had to wait. A schedule here is an iterator of nanoseconds after the start, never decreasing.
"""

from collections.abc import Iterator
from random import Random
from typing import Final

NS_PER_S: Final = 1_000_000_000


def evenly(rate_per_s: float, seconds: float) -> Iterator[int]:
    """Calls at equal distances. Raises ValueError where the rate is not above zero."""
    if rate_per_s <= 0:
        raise ValueError("a rate must be above zero")
    for number in range(int(rate_per_s * seconds)):
        yield int(number * NS_PER_S / rate_per_s)


def at_random(rate_per_s: float, seconds: float, random: Random) -> Iterator[int]:
    """Calls that know nothing of one another (Poisson): bursts and gaps as at a real counter."""
    if rate_per_s <= 0:
        raise ValueError("a rate must be above zero")
    due_s = random.expovariate(rate_per_s)
    while due_s < seconds:
        yield int(due_s * NS_PER_S)
        due_s += random.expovariate(rate_per_s)
