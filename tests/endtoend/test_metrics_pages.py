"""Every process shows its figures to whoever asks, and what people must look at is counted there."""

import urllib.request

from tests.endtoend.running_stack import RunningStack


def page(stack: RunningStack, name: str) -> str:
    with urllib.request.urlopen(stack.endpoints.metrics[name], timeout=10) as response:
        text: str = response.read().decode()
    return text


def test_every_process_has_a_page_of_its_own(stack: RunningStack) -> None:
    for name in stack.endpoints.metrics:
        text = page(stack, name)
        assert "process_cpu_seconds_total" in text
        assert ("gateway_messages_open" in text) == name.startswith("gateway")


def test_a_gateway_tells_how_many_partitions_it_does_not_hear(stack: RunningStack) -> None:
    assert "gateway_partitions_silent 0.0" in page(stack, "gateway-44-0")
