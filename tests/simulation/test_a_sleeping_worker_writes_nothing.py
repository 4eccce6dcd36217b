"""A node's worker that slept (SIGSTOP) wakes after a takeover or a day's end: what it was about to write is void."""

import pytest

from tests.simulation.scenarios import blows, sleeping_workers
from tests.simulation.stories import STORIES, Story
from tests.simulation.strikes import sleep_for
from tests.simulation.world import NODE_SERVICE


@pytest.mark.parametrize("story", STORIES)
def test_after_a_takeover(story: Story) -> None:
    runs = list(sleeping_workers(story))
    assert not [run for run in runs if run.objections]
    assert len(runs) > 15


@pytest.mark.parametrize("story", STORIES)
def test_after_the_end_of_a_day_everything_it_decides_belongs_to_the_next(story: Story) -> None:
    runs = blows(
        story, NODE_SERVICE, lambda world: lambda process: (sleep_for(0.2)(process), world.close_day())[1]
    )
    assert not [run for run in runs if run.objections]
