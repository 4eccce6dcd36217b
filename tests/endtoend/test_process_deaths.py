"""Gateway, home node, broker and PostgreSQL, each killed with -9 in the middle of traffic and started again: afterwards
nothing is pending, every acknowledged outcome is in both books, the books are equal, accounts and accumulators right.
"""

import json

import pytest

from stack.compare import compare_openings
from tests.endtoend.his import His, NewPerson
from tests.endtoend.running_stack import RunningStack
from tests.endtoend.traffic import traffic

SEED = 4
BETWEEN_DEATHS = 25
"""So many outcomes are acknowledged before each death, and after the last."""


@pytest.mark.parametrize("victims", [["gateway-44-0", "node-44", "broker", "postgres"]], ids=["each in turn"])
def test_traffic_survives_the_death_of_every_process(
    stack: RunningStack,
    hospital: His,
    second_hospital: His,
    far_hospital: His,
    new_person: NewPerson,
    victims: list[str],
) -> None:
    pools = [("440100", "310"), ("440300", "310"), ("450100", "310"), ("500000", "310"), ("441500", "390")]
    windows = [
        (his, [new_person(*pools[(place + number) % len(pools)]) for number in range(3)])
        for place, his in enumerate((hospital, second_hospital, far_hospital, hospital))
    ]
    stack.await_calm()
    before = stack.compare()
    with traffic(windows, seed=SEED) as at_work:
        at_work.await_more(BETWEEN_DEATHS)
        for victim in victims:
            stack.kill_and_await_the_next(victim)
            at_work.await_more(BETWEEN_DEATHS)
    assert not at_work.faults, at_work.faults
    stack.await_calm()

    for his, request in at_work.forgotten:
        for found in his.found(request):
            assert found.HasField("outcome")  # nobody asked, and it was resolved all the same
            at_work.told(found.outcome)
    after = stack.compare(at_work.receipts)
    compare_openings(before, after)
    assert after.differences.sentences == []
    assert after.imbalances.sentences == []
    assert (after.pending, after.books_equal, after.zero_sum) == (0, True, True)
    assert after.paid > before.paid
    assert after.cancelled > before.cancelled
    assert after.reversed > before.reversed


def test_no_process_complains_of_what_nobody_planned_for(stack: RunningStack) -> None:
    """Alarms and deaths by themselves, over everything that this folder has played so far."""
    for log in sorted(stack.run_dir.glob("logs/*.jsonl")):
        for text in log.read_text(encoding="utf-8").splitlines():
            event = json.loads(text)
            assert event["event"] not in ("task died", "stopped by an error nobody planned for"), (
                log.name,
                event,
            )
            assert "nobody planned for" not in event["event"], (log.name, event)
