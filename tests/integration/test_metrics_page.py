"""Each process serves its own figures on its own port."""

import urllib.request

import pytest
from prometheus_client import Counter

from runtime import metrics
from runtime.errors import PortTaken
from stack.embedded import free_port


def test_the_page_shows_the_registry_and_goes_away() -> None:
    registry = metrics.new_registry()
    Counter("settled", "settlements", registry=registry).inc(3)
    with metrics.exposed(registry, port=free_port()) as port:
        page = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5).read().decode()
        assert "settled_total 3.0" in page
        assert "process_cpu_seconds_total" in page
        with (
            pytest.raises(PortTaken, match=f"Metrics port {port} is taken"),
            metrics.exposed(registry, port=port),
        ):
            pass
    with metrics.exposed(registry, port=port) as again:
        assert again == port


def test_port_zero_serves_nothing() -> None:
    with metrics.exposed(metrics.new_registry(), port=0) as port:
        assert port == 0
