"""CPU of the servers while some work is done, the idle burn of as long a time taken off. Whole microseconds."""

import asyncio
import time
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from loadtest import cpu
from loadtest.backends import backend_kinds
from loadtest.target import Target

Done = TypeVar("Done")


class Used(NamedTuple):
    """What some work cost."""

    seconds: float
    us: Mapping[str, float]
    """CPU by kind of process, idle burn taken off."""

    @property
    def servers_us(self) -> float:
        """CPU of all server processes; the supervisor is none."""
        return sum(us for kind, us in self.us.items() if kind != cpu.SUPERVISOR)

    @property
    def postgres_us(self) -> float:
        """CPU of every Postgres process."""
        return sum(us for kind, us in self.us.items() if kind.startswith("Postgres"))


@dataclass(slots=True)
class Meter:
    """Looks at every process of a stack before and after."""

    target: Target
    idle_us_per_s: dict[str, float] = field(default_factory=dict)

    async def settle_idle(self, seconds: float) -> None:
        """Measure what the servers burn when nothing is asked of them."""
        self.idle_us_per_s.clear()
        _, used = await self.of(asyncio.sleep(seconds))
        self.idle_us_per_s.update({kind: us / used.seconds for kind, us in used.us.items()})

    async def of(self, work: Awaitable[Done]) -> tuple[Done, Used]:
        """Await some work and say what it cost."""
        kinds = await backend_kinds(self.target.postgres)
        before, began_s = cpu.snapshot([self.target.supervisor]), time.monotonic()
        done = await work
        after, seconds = cpu.snapshot([self.target.supervisor]), time.monotonic() - began_s
        kinds = cpu.kinds({*before.processes, *after.processes}) | kinds
        kinds |= await backend_kinds(self.target.postgres)
        used = cpu.used_us(before, after, kinds)
        return done, Used(
            seconds, {kind: us - self.idle_us_per_s.get(kind, 0.0) * seconds for kind, us in used.items()}
        )
