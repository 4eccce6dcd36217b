"""Topics: their names, and making them.

Whoever starts the broker makes the topics before anyone produces (`python -m bus topics …`): on the embedded broker
a record sent to a topic that does not exist is acknowledged and lost, and the topic limps for a while afterwards.
"""

SLOTS_AT_BIRTH = 8
RETENTION_MS = 3_600_000  # one hour: the log is transport, nobody reads yesterday's


def request_topic(node: str) -> str:
    """What gateways send to a home node, one partition per partition of the node's book."""
    return f"req.{node}"


def reply_topic(region: str) -> str:
    """What home nodes send to a care region, one partition per slot (gateway process)."""
    return f"rep.{region}"
