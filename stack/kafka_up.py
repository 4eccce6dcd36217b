"""`make kafka`: Apache Kafka in the foreground until Ctrl-C, with the topics of a plan.

A broker that dies is started again on its log. The brokers have a run folder of their own, so that any number of
stacks may come and go beside them.
"""

import contextlib
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from stack import leftovers
from stack.apache_kafka import ApacheKafka
from stack.errors import ServerFailed, StackRunning
from stack.java import need_java
from stack.kafka_jars import Say, need_jars
from stack.plan import Plan
from stack.run_folder import keep_previous_logs, locked
from stack.servers import KAFKA_VARIABLE

WATCH_S: Final = 0.2
START_AGAIN_S: Final = 1.0


def keep_kafka(plan: Plan, *, run_dir: Path, brokers: int, first_port: int, say: Say) -> None:
    """Start it, say how to use it, and keep it until a signal. Raises a `StackFault`."""
    run_dir.mkdir(parents=True, exist_ok=True)
    children = run_dir / "children"
    with _until_a_signal(), contextlib.ExitStack() as running:
        try:
            running.enter_context(locked(run_dir))
        except StackRunning:
            raise StackRunning(
                f"Apache Kafka runs in {run_dir} already; stop it there with Ctrl-C."
            ) from None
        for name in leftovers.sweep(children):
            say(f"ended {name}, left behind by a run that died")
        keep_previous_logs(run_dir / "logs")
        java = need_java()
        say(f"Java {java.major}: {java.executable}")
        kafka = ApacheKafka(
            home=run_dir, log_dir=run_dir / "logs", java=java, jars=need_jars(java, say=say), brokers=brokers,
            first_port=first_port, children_dir=children, say=say,
        )  # fmt: skip
        running.callback(kafka.stop)
        topics = plan.topics()
        kafka.start(topics)
        say(f"topics: {', '.join(f'{name} ({count})' for name, count in topics.items())}; {_replicas(kafka)}")
        say(how_to_use(kafka, run_dir))
        _watch(kafka, say)
    say("stopped")


def how_to_use(kafka: ApacheKafka, run_dir: Path) -> str:
    """What to type in another terminal."""
    return "\n".join(
        [
            "",
            "Apache Kafka is up. In another terminal, before `make up` or `make demo`:",
            "",
            f"export {KAFKA_VARIABLE}={kafka.bootstrap}",
            "",
            f"Logs: {run_dir / 'logs'}. Ctrl-C stops it.",
        ]
    )


def _replicas(kafka: ApacheKafka) -> str:
    return f"{kafka.replication} replicas each, 2 in sync" if kafka.replication > 1 else "one replica each"


def _watch(kafka: ApacheKafka, say: Say) -> None:
    while True:
        time.sleep(WATCH_S)
        died = [broker.name for broker in kafka.died()]
        if not died:
            continue
        say(f"{', '.join(died)} ended; starting again")
        try:
            kafka.start()
        except ServerFailed as failed:
            say(str(failed))
            time.sleep(START_AGAIN_S)


@contextlib.contextmanager
def _until_a_signal() -> Iterator[None]:
    """SIGINT or SIGTERM end the block, wherever it is; SIGINT also where a shell's background job ignores it."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, signal.default_int_handler) for number in numbers]
    try:
        yield
    except KeyboardInterrupt:
        pass
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
