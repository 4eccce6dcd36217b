"""What tests of bad input share: to spoil a field of a message, and to see that nothing was stored and no money moved."""

from typing import Any

from tests.endtoend.running_stack import RunningStack

COUNTS = (
    "SELECT (SELECT count(*) FROM request), (SELECT count(*) FROM claim), (SELECT count(*) FROM own),"
    " (SELECT count(*) FROM open), (SELECT count(*) FROM visit), (SELECT count(*) FROM care),"
    " (SELECT count(*) FROM fee_line), (SELECT sum(total_fen) FROM fee_sum), (SELECT count(*) FROM fee_trace),"
    " (SELECT sum(version) FROM visit)"
)


def stored(stack: RunningStack) -> str:
    """How much the region's book holds."""
    return stack.query("region 44", COUNTS)


def moved(stack: RunningStack) -> list[str]:
    """How much money the home nodes have moved."""
    return [
        stack.query(f"node {node}", "SELECT count(*), sum(total_fen) FROM decision")
        for node in ("44", "45", "50")
    ]


def set_in(message: Any, path: str, value: Any) -> None:
    """Set `input.feedetl[0].cnt` and the like."""
    *steps, last = path.replace("[", ".").replace("]", "").split(".")
    for step in steps:
        message = message[int(step)] if step.isdigit() else getattr(message, step)
    if isinstance(value, list):
        message.ClearField(last)
        getattr(message, last).extend(value)
    else:
        setattr(message, last, value)
