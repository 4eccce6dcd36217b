"""Beats on explicit clocks: who is silent, who is deaf, who is sent a beat."""

import random

import pytest

from bus.beats import (
    CLOCK_OFF_MS,
    HELLO_AFTER_MS,
    HELLO_EVERY_MS,
    HELLO_IDLE_EVERY_MS,
    PROBES_OUT_MAX,
    SILENT_AFTER_MS,
    SLOT_HEARD_WITHIN_MS,
    SLOTS_HEARD_MAX,
    Beat,
    Deafness,
    Heard,
    ProbeWatch,
    Silence,
    Slots,
)

WALL_MS = 1_790_000_000_000


def beat(term: int, *, clock_ms: int = WALL_MS, first_number: int = 1) -> Beat:
    return Beat(term, first_number, "2026-11-24", clock_ms)


class TestSilence:
    def test_is_silent_until_the_first_beat_and_again_three_seconds_after_the_last(self) -> None:
        silence = Silence()
        assert silence.silent(now_ms=0)
        assert silence.heard(beat(7), now_ms=100, wall_ms=WALL_MS) is Heard.NEW_TERM
        assert not silence.silent(now_ms=100 + SILENT_AFTER_MS - 1)
        assert silence.silent(now_ms=100 + SILENT_AFTER_MS)

    def test_a_steady_beat_asks_for_nothing(self) -> None:
        silence = Silence()
        silence.heard(beat(7), now_ms=0, wall_ms=WALL_MS)
        steady = silence.heard(beat(7, clock_ms=WALL_MS + 1_000), now_ms=1_000, wall_ms=WALL_MS + 1_000)
        assert steady is Heard.STEADY
        assert not steady.resend

    def test_the_first_beat_after_silence_asks_to_send_again_once(self) -> None:
        silence = Silence()
        silence.heard(beat(7), now_ms=0, wall_ms=WALL_MS)
        first = silence.heard(beat(7, clock_ms=WALL_MS + 4_000), now_ms=4_000, wall_ms=WALL_MS + 4_000)
        assert first is Heard.AFTER_SILENCE
        assert first.resend
        second = silence.heard(beat(7, clock_ms=WALL_MS + 5_000), now_ms=5_000, wall_ms=WALL_MS + 5_000)
        assert second is Heard.STEADY

    def test_a_higher_term_asks_to_send_again_even_without_silence(self) -> None:
        silence = Silence()
        silence.heard(beat(7), now_ms=0, wall_ms=WALL_MS)
        heard = silence.heard(beat(8, first_number=42), now_ms=500, wall_ms=WALL_MS)
        assert heard is Heard.NEW_TERM
        assert heard.resend
        assert silence.beat is not None
        assert (silence.beat.term, silence.beat.term_first_number) == (8, 42)

    def test_a_lower_term_is_ignored_and_keeps_nobody_alive(self) -> None:
        silence = Silence()
        silence.heard(beat(8), now_ms=0, wall_ms=WALL_MS)
        assert silence.heard(beat(7), now_ms=2_900, wall_ms=WALL_MS + 2_900) is Heard.IGNORED
        assert silence.silent(now_ms=SILENT_AFTER_MS)
        assert silence.beat is not None
        assert silence.beat.term == 8

    @pytest.mark.parametrize("off_ms", [CLOCK_OFF_MS, -CLOCK_OFF_MS])
    def test_a_clock_that_is_five_seconds_off_makes_the_partition_silent_at_once(self, off_ms: int) -> None:
        silence = Silence()
        silence.heard(beat(7, clock_ms=WALL_MS - 20_000), now_ms=0, wall_ms=WALL_MS - 20_000)
        wrong = silence.heard(beat(7, clock_ms=WALL_MS + off_ms), now_ms=1_000, wall_ms=WALL_MS)
        assert wrong is Heard.CLOCK_OFF
        assert silence.silent(now_ms=1_000)
        mended = silence.heard(beat(7, clock_ms=WALL_MS + 900), now_ms=2_000, wall_ms=WALL_MS + 1_000)
        assert mended is Heard.AFTER_SILENCE
        assert not silence.silent(now_ms=2_000)

    def test_a_clock_just_within_five_seconds_is_good(self) -> None:
        silence = Silence()
        silence.heard(beat(7, clock_ms=WALL_MS + CLOCK_OFF_MS - 1), now_ms=0, wall_ms=WALL_MS)
        assert not silence.silent(now_ms=0)

    def test_an_old_beat_read_again_changes_nothing(self) -> None:
        silence = Silence()
        silence.heard(beat(7, clock_ms=WALL_MS - 60_000), now_ms=0, wall_ms=WALL_MS - 60_000)
        silence.heard(beat(7), now_ms=60_000, wall_ms=WALL_MS)
        again = silence.heard(beat(7, clock_ms=WALL_MS - 60_000), now_ms=60_001, wall_ms=WALL_MS)
        assert again is Heard.IGNORED
        assert not silence.silent(now_ms=60_001)

    def test_a_term_first_seen_with_a_wrong_clock_is_told_at_its_first_good_beat(self) -> None:
        silence = Silence()
        silence.heard(beat(7), now_ms=0, wall_ms=WALL_MS)
        wrong = silence.heard(beat(8, clock_ms=WALL_MS + 9_000), now_ms=1_000, wall_ms=WALL_MS)
        assert wrong is Heard.CLOCK_OFF
        assert silence.heard(beat(8), now_ms=2_000, wall_ms=WALL_MS) is Heard.NEW_TERM


class TestHello:
    def test_is_due_at_once_then_each_second_while_no_beat_comes(self) -> None:
        silence = Silence()
        assert silence.hello_due(now_ms=0)
        silence.sent(now_ms=0)
        assert not silence.hello_due(now_ms=HELLO_EVERY_MS - 1)
        assert silence.hello_due(now_ms=HELLO_EVERY_MS)

    def test_an_idle_slot_that_hears_beats_says_hello_rarely_but_before_it_is_forgotten(self) -> None:
        silence = Silence()
        silence.sent(now_ms=0)
        for now_ms in range(0, HELLO_IDLE_EVERY_MS, 1_000):
            clock_ms = WALL_MS + now_ms
            silence.heard(beat(7, clock_ms=clock_ms), now_ms=now_ms, wall_ms=clock_ms)
            assert not silence.hello_due(now_ms=now_ms)
        assert silence.hello_due(now_ms=HELLO_IDLE_EVERY_MS)
        assert HELLO_IDLE_EVERY_MS < SLOT_HEARD_WITHIN_MS

    def test_an_overdue_beat_is_asked_for_before_the_node_counts_as_silent(self) -> None:
        silence = Silence()
        silence.heard(beat(7), now_ms=0, wall_ms=WALL_MS)
        silence.sent(now_ms=0)
        assert not silence.hello_due(now_ms=HELLO_AFTER_MS - 1)
        assert silence.hello_due(now_ms=HELLO_AFTER_MS)
        assert not silence.silent(now_ms=HELLO_AFTER_MS)


class TestDeafness:
    def test_asks_for_a_new_reader_after_three_seconds_of_nothing_and_not_more_often(self) -> None:
        deafness = Deafness(now_ms=0)
        assert not deafness.replace_due(now_ms=SILENT_AFTER_MS - 1)
        assert deafness.replace_due(now_ms=SILENT_AFTER_MS)
        assert not deafness.replace_due(now_ms=SILENT_AFTER_MS + 1)
        assert not deafness.replace_due(now_ms=2 * SILENT_AFTER_MS - 1)
        assert deafness.replace_due(now_ms=2 * SILENT_AFTER_MS)

    def test_whatever_is_read_puts_it_off(self) -> None:
        deafness = Deafness(now_ms=0)
        deafness.heard(now_ms=2_000)
        assert not deafness.replace_due(now_ms=4_999)
        assert deafness.replace_due(now_ms=5_000)


def new_watch(seed: int = 1) -> ProbeWatch:
    return ProbeWatch(rng=random.Random(seed), now_ms=0)


class TestProbeWatch:
    def test_may_beat_only_after_its_own_probe_came_back(self) -> None:
        watch = new_watch()
        probe = watch.next_probe(now_ms=0)
        assert probe > 0
        assert not watch.may_beat(now_ms=10)
        assert watch.read(probe)
        assert watch.may_beat(now_ms=10)

    def test_a_predecessors_probe_proves_nothing(self) -> None:
        watch, before = new_watch(1), new_watch(2)
        watch.next_probe(now_ms=0)
        assert not watch.read(before.next_probe(now_ms=0))
        assert not watch.may_beat(now_ms=10)

    def test_a_probe_counts_once(self) -> None:
        watch = new_watch()
        probe = watch.next_probe(now_ms=0)
        assert watch.read(probe)
        assert not watch.read(probe)

    def test_the_proof_is_as_old_as_the_sending_of_the_probe(self) -> None:
        watch = new_watch()
        probe = watch.next_probe(now_ms=0)
        assert watch.read(probe)
        assert watch.may_beat(now_ms=SILENT_AFTER_MS - 1)
        assert not watch.may_beat(now_ms=SILENT_AFTER_MS)

    def test_a_newer_probe_renews_the_proof_and_an_older_one_does_not_age_it(self) -> None:
        watch = new_watch()
        older, newer = watch.next_probe(now_ms=0), watch.next_probe(now_ms=1_000)
        watch.read(newer)
        watch.read(older)
        assert watch.may_beat(now_ms=1_000 + SILENT_AFTER_MS - 1)

    def test_asks_for_a_new_reader_when_no_proof_comes_and_not_more_often_than_every_three_seconds(
        self,
    ) -> None:
        watch = new_watch()
        assert not watch.replace_due(now_ms=SILENT_AFTER_MS - 1)
        assert watch.replace_due(now_ms=SILENT_AFTER_MS)
        assert not watch.replace_due(now_ms=2 * SILENT_AFTER_MS - 1)
        assert watch.replace_due(now_ms=2 * SILENT_AFTER_MS)

    def test_asks_for_no_new_reader_while_probes_come_back(self) -> None:
        watch = new_watch()
        for now_ms in range(0, 20_000, 1_000):
            watch.read(watch.next_probe(now_ms=now_ms))
            assert not watch.replace_due(now_ms=now_ms + 999)

    def test_forgets_the_oldest_probe_that_never_came_back(self) -> None:
        watch = new_watch()
        probes = [watch.next_probe(now_ms=now_ms) for now_ms in range(PROBES_OUT_MAX + 1)]
        assert not watch.read(probes[0])
        assert watch.read(probes[1])


class TestSlots:
    def test_a_new_slot_is_told_once_and_lives_for_a_minute(self) -> None:
        slots = Slots()
        assert slots.heard("44", 3, now_ms=0)
        assert not slots.heard("44", 3, now_ms=1)
        assert slots.alive(now_ms=SLOT_HEARD_WITHIN_MS) == [("44", 3)]
        assert slots.alive(now_ms=SLOT_HEARD_WITHIN_MS + 1) == []
        assert slots.heard("44", 3, now_ms=SLOT_HEARD_WITHIN_MS + 2), "a slot that comes back is new again"

    def test_the_same_slot_number_of_another_region_is_another_slot(self) -> None:
        slots = Slots()
        slots.heard("50", 0, now_ms=0)
        slots.heard("44", 0, now_ms=0)
        assert slots.alive(now_ms=1) == [("44", 0), ("50", 0)]

    def test_is_bounded(self) -> None:
        slots = Slots()
        for slot in range(SLOTS_HEARD_MAX):
            slots.heard("44", slot, now_ms=0)
        assert not slots.heard("44", SLOTS_HEARD_MAX, now_ms=1)
        assert len(slots.alive(now_ms=1)) == SLOTS_HEARD_MAX
        assert not slots.heard("44", 0, now_ms=2), "a known one is still noted"
