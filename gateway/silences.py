"""Which home partitions are heard of: one `bus.beats.Silence` each, for the nodes that this gateway speaks to."""

from collections.abc import Iterable

from bus.beats import Beat, Heard, Silence
from runtime.clock import Clock


class Silences:
    """The slot's view of all home partitions. A partition that nobody named is silent for ever."""

    def __init__(self, *, partitions: Iterable[tuple[int, int]], clock: Clock) -> None:
        self._clock = clock
        self._silences = {at: Silence() for at in partitions}

    def silent(self, node: int, partition: int) -> bool:
        """Whether new messages for it are refused."""
        silence = self._silences.get((node, partition))
        return silence is None or silence.silent(now_ms=self._now_ms())

    def heard(self, node: int, partition: int, beat: Beat) -> Heard:
        """Take a beat."""
        silence = self._silences.get((node, partition))
        if silence is None:
            return Heard.IGNORED
        return silence.heard(beat, now_ms=self._now_ms(), wall_ms=self._clock.now_ms())

    def sent(self, node: int, partition: int) -> None:
        """Note that a record went there, so that its worker knows this slot."""
        if (silence := self._silences.get((node, partition))) is not None:
            silence.sent(now_ms=self._now_ms())

    def hello_due(self) -> list[tuple[int, int]]:
        """Where an empty record should go, so that a worker learns of this slot."""
        now_ms = self._now_ms()
        return [at for at, silence in self._silences.items() if silence.hello_due(now_ms=now_ms)]

    def heard_of(self, node: int) -> list[int]:
        """The partitions of a node that are not silent."""
        return [
            partition for at, partition in self._silences if at == node and not self.silent(node, partition)
        ]

    def nodes(self) -> list[int]:
        """The nodes that this gateway speaks to."""
        return sorted({node for node, _ in self._silences})

    def all(self) -> list[tuple[int, int]]:
        """The home partitions that this gateway speaks to, as (node, partition)."""
        return list(self._silences)

    def all_silent(self) -> list[tuple[int, int]]:
        """For operators: who is not heard of."""
        return [at for at in self._silences if self.silent(*at)]

    def _now_ms(self) -> int:
        return int(self._clock.monotonic_s() * 1000)
