"""The broker loses its whole log after every record in turn, also one that has grown again before anybody looked."""

import pytest

from tests.simulation.scenarios import forgetful_brokers
from tests.simulation.stories import STORIES, Story


@pytest.mark.parametrize("grow_again", [False, True])
@pytest.mark.parametrize("story", STORIES)
def test_everything_becomes_final_all_the_same(story: Story, grow_again: bool) -> None:
    assert not [run for run in forgetful_brokers(story, grow_again=grow_again) if run.objections]
