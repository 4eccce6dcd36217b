"""Who is alive and whose reader is deaf: pure state machines on clocks that the caller hands in.

Method: a worker writes a probe into its own request partition every second. Only while it reads its probes back may
it send beats, so a beat that arrives proves both logs: requests reach the worker and replies reach the slot. The
absence of beats is therefore the one sign of every failure (worker dead, broker dead, log lost, reader stuck at an
offset that a new log has not reached), and the cure is the same for all: a new reader at the end of the log, and
what is unresolved is sent again at the first beat.

Clocks: `now_ms` is a monotonic clock (asyncio's loop.time in ms), `wall_ms` the time of day in ms since 1970.
Figures: design of the gateway, "Term and beat"; 1.5 s, 20 s and 60 s are assumptions of ours.
"""

import random
from dataclasses import dataclass
from enum import Enum

BEAT_EVERY_MS = 1_000
SILENT_AFTER_MS = 3_000
CLOCK_OFF_MS = 5_000
HELLO_AFTER_MS = 1_500
HELLO_EVERY_MS = 1_000
HELLO_IDLE_EVERY_MS = 20_000
SLOT_HEARD_WITHIN_MS = 60_000
SLOTS_HEARD_MAX = 4_096
PROBES_OUT_MAX = 8

assert BEAT_EVERY_MS < HELLO_AFTER_MS < SILENT_AFTER_MS, (
    "a slot asks for a beat before it calls a node silent"
)
assert 2 * HELLO_IDLE_EVERY_MS < SLOT_HEARD_WITHIN_MS, "one lost hello must not make a worker forget a slot"


@dataclass(frozen=True, slots=True)
class Beat:
    """What one worker says of one partition: its term, the number and day that the term began with, its clock."""

    term: int
    term_first_number: int
    term_first_day: str
    clock_ms: int


class Heard(Enum):
    """What a beat means to the slot that read it."""

    IGNORED = "a lower term, or an old beat read again"
    CLOCK_OFF = "the worker's clock is 5 s or more off this slot's: the partition is silent"
    STEADY = "nothing new"
    AFTER_SILENCE = "the first beat after silence: send at once what is unresolved there"
    NEW_TERM = (
        "the first beat of a higher term: compare it with the book, then send at once what is unresolved"
    )

    @property
    def resend(self) -> bool:
        """Whether the slot sends at once what is unresolved at this partition."""
        return self in (Heard.AFTER_SILENCE, Heard.NEW_TERM)


class Silence:
    """A slot's view of one home partition: silent until a beat proves otherwise."""

    def __init__(self) -> None:
        self.beat: Beat | None = None  # the last of the highest term
        self._good_ms: int | None = None  # when the last beat with a right clock came
        self._good_clock_ms = 0
        self._term_told = -1
        self._clock_off = False
        self._sent_ms: int | None = None

    def heard(self, beat: Beat, *, now_ms: int, wall_ms: int) -> Heard:
        """Take a beat of this partition."""
        if self.beat is not None and beat.term < self.beat.term:
            return Heard.IGNORED
        same_term = self.beat is not None and beat.term == self.beat.term
        if abs(beat.clock_ms - wall_ms) >= CLOCK_OFF_MS:
            if same_term and beat.clock_ms <= self._good_clock_ms:
                return Heard.IGNORED  # the log repeats itself; a beat of long ago says nothing of now
            self.beat, self._clock_off = beat, True
            return Heard.CLOCK_OFF
        silent = self.silent(now_ms=now_ms)
        self.beat, self._clock_off = beat, False
        self._good_ms = now_ms
        self._good_clock_ms = max(beat.clock_ms, self._good_clock_ms) if same_term else beat.clock_ms
        if beat.term != self._term_told:
            self._term_told = beat.term
            return Heard.NEW_TERM
        return Heard.AFTER_SILENCE if silent else Heard.STEADY

    def silent(self, *, now_ms: int) -> bool:
        """Whether new requests are to be refused (NODE_SILENT): no beat for 3 s, or a clock that is off."""
        return self._clock_off or self._good_ms is None or now_ms - self._good_ms >= SILENT_AFTER_MS

    def sent(self, *, now_ms: int) -> None:
        """Note that a record went to this partition: any record lets the worker know of this slot."""
        self._sent_ms = now_ms

    def hello_due(self, *, now_ms: int) -> bool:
        """Whether to send an empty request record, so that the worker there learns of this slot.

        Each second once a beat is overdue, else every 20 s, lest the worker forgets an idle slot.
        """
        if self._sent_ms is None:
            return True
        overdue = self._clock_off or self._good_ms is None or now_ms - self._good_ms >= HELLO_AFTER_MS
        return now_ms - self._sent_ms >= (HELLO_EVERY_MS if overdue else HELLO_IDLE_EVERY_MS)


class Deafness:
    """A slot's watch over one partition that it reads: nothing at all for 3 s means a reader stuck or a dead broker."""

    def __init__(self, *, now_ms: int) -> None:
        self._since_ms = now_ms

    def heard(self, *, now_ms: int) -> None:
        """Note that a record of this partition was read, whatever it held."""
        self._since_ms = now_ms

    def replace_due(self, *, now_ms: int) -> bool:
        """Whether to seek this partition to its end now; true once, then not again for 3 s."""
        if now_ms - self._since_ms < SILENT_AFTER_MS:
            return False
        self._since_ms = now_ms
        return True


class ProbeWatch:
    """A worker's proof that it reads its own request partition. It may beat only while the proof is fresh.

    A probe is a random number, so that a predecessor's probes prove nothing for this worker. A proof is as old as
    the *sending* of the newest probe that came back: a reader that is 3 s behind is as good as deaf.
    """

    def __init__(self, *, rng: random.Random, now_ms: int) -> None:
        self._rng = rng
        self._out: dict[int, int] = {}  # probe -> when it was sent, in the order of sending
        self._proof_ms: int | None = None
        self._since_ms = now_ms

    def next_probe(self, *, now_ms: int) -> int:
        """The value of the probe to be sent now; the caller sends one every second."""
        if len(self._out) >= PROBES_OUT_MAX:
            del self._out[next(iter(self._out))]
        probe = self._rng.getrandbits(62) + 1
        self._out[probe] = now_ms
        return probe

    def read(self, probe: int) -> bool:
        """Take a probe read from the partition; false if it is not one of this worker's that is awaited."""
        sent_ms = self._out.pop(probe, None)
        if sent_ms is None:
            return False
        self._proof_ms = sent_ms if self._proof_ms is None else max(sent_ms, self._proof_ms)
        self._since_ms = max(self._since_ms, self._proof_ms)
        return True

    def may_beat(self, *, now_ms: int) -> bool:
        """Whether a probe sent within the last 3 s was read back."""
        return self._proof_ms is not None and now_ms - self._proof_ms < SILENT_AFTER_MS

    def replace_due(self, *, now_ms: int) -> bool:
        """Whether to seek the partition to its end now: no proof for 3 s. True once, then not again for 3 s."""
        if now_ms - self._since_ms < SILENT_AFTER_MS:
            return False
        self._since_ms = now_ms
        return True


class Slots:
    """The slots that a worker has heard from lately: where its beats go. Bounded by SLOTS_HEARD_MAX.

    Only slots of regions in the directory may be noted: a record to a topic that does not exist harms the
    embedded broker.
    """

    def __init__(self) -> None:
        self._heard_ms: dict[tuple[str, int], int] = {}

    def heard(self, region: str, slot: int, *, now_ms: int) -> bool:
        """Note any record of this slot, a hello included. True if it was unknown: beat to it at once."""
        key = (region, slot)
        last_ms = self._heard_ms.get(key)
        if last_ms is None and len(self._heard_ms) >= SLOTS_HEARD_MAX:
            return False
        self._heard_ms[key] = now_ms
        return last_ms is None or now_ms - last_ms >= SLOT_HEARD_WITHIN_MS

    def alive(self, *, now_ms: int) -> list[tuple[str, int]]:
        """The (region, slot) pairs heard from within the last 60 s; forgets the others."""
        gone = [key for key, ms in self._heard_ms.items() if now_ms - ms >= SLOT_HEARD_WITHIN_MS]
        for key in gone:
            del self._heard_ms[key]
        return sorted(self._heard_ms)
