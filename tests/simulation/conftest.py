"""What the simulation's tests get: no log, for thousands of crashes would print one, and a lazy garbage collector."""

import gc
import logging
from collections.abc import Iterator

import pytest
import structlog

GARBAGE_OBJECTS = 100_000
"""A run leaves few cycles behind; looking for them every 700 objects takes a quarter of its time."""


@pytest.fixture(autouse=True)
def _quiet_and_quick() -> Iterator[None]:
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    thresholds = gc.get_threshold()
    gc.set_threshold(GARBAGE_OBJECTS, *thresholds[1:])
    yield
    gc.set_threshold(*thresholds)
    structlog.configure(**before)
