"""One settlement with its retry, cancel and reversal, and a crash at every await in turn: everybody is told the same.

Each run kills one process at one checkpoint, starts it again, lets the hospital insist and compares both books.
`SIMULATION_PAIRS=all` kills at every pair of checkpoints of the shortest story, not at some of them only.
"""

import os

import pytest

from tests.simulation.scenarios import LONG_SLEEP_S, SERVICES, Run, blows, crashes, double_crashes
from tests.simulation.stories import STORIES, Story, paid_once
from tests.simulation.strikes import sleep_for
from tests.simulation.world import NODE_SERVICE

EACH_PAIR = 1 if os.environ.get("SIMULATION_PAIRS") == "all" else 11


def faults_of(runs: list[Run]) -> list[Run]:
    return [run for run in runs if run.objections]


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("story", STORIES)
def test_a_process_dies_at_every_await(story: Story, service: str) -> None:
    runs = list(crashes(story, service))
    assert not faults_of(runs)
    assert len(runs) > 15, "the process has hardly taken part"


@pytest.mark.parametrize("second", SERVICES)
@pytest.mark.parametrize("first", SERVICES)
def test_two_processes_die_or_one_dies_twice(first: str, second: str) -> None:
    assert not faults_of(list(double_crashes(paid_once, first, second, every=EACH_PAIR)))


@pytest.mark.parametrize("service", SERVICES)
def test_a_process_stops_at_every_await_until_all_deadlines_are_over(service: str) -> None:
    assert not faults_of(list(blows(paid_once, service, lambda _: sleep_for(LONG_SLEEP_S))))


def test_a_loader_changes_the_account_between_reading_and_writing() -> None:
    for story in STORIES:
        runs = blows(
            story,
            NODE_SERVICE,
            lambda world: lambda _: world.load(*world.store.accounts, 100),
            at="book.write",
        )
        assert not faults_of(list(runs))
