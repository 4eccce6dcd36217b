"""The embedded broker: it makes topics, forgets everything when killed, and comes back on the same port."""

import subprocess

import pytest

from stack.embedded import EmbeddedBroker, is_listening
from stack.errors import PortTaken, ServerFailed


def test_a_killed_broker_comes_back_on_its_port_having_forgotten_its_topics(
    own_broker: EmbeddedBroker,
) -> None:
    own_broker.create_topic("req.44", 2)
    with pytest.raises(ServerFailed, match=r"req\.44"):
        own_broker.create_topic("req.44", 2)
    own_broker.kill()
    assert not is_listening(own_broker.port)
    own_broker.start({"req.44": 2, "rep.44": 8})
    assert own_broker.pid is not None


def test_a_taken_port_is_a_sentence(own_broker: EmbeddedBroker) -> None:
    with pytest.raises(PortTaken, match=f"Port {own_broker.port} .* is taken"):
        EmbeddedBroker(
            work_dir=own_broker.log_file.parent, log_file=own_broker.log_file, port=own_broker.port
        )


def test_a_child_ignores_the_terminals_interrupt(own_broker: EmbeddedBroker) -> None:
    seen = subprocess.run(
        ["ps", "-o", "sid=", "-p", str(own_broker.pid)], capture_output=True, text=True, check=True
    )
    assert int(seen.stdout) == own_broker.pid
