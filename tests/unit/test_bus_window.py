"""What may be under way to the broker shrinks at once when it fails and grows with what it acknowledges."""

from bus.window import RECORDS_MIN, Window


def filled(window: Window) -> int:
    """How many more records of one byte the window takes."""
    count = 0
    while window.room(1):
        window.enter(1)
        count += 1
    return count


def test_a_full_window_has_room_again_as_records_leave() -> None:
    window = Window(records_max=20, bytes_max=10)
    assert filled(window) == 10, "bytes are bounded"
    for _ in range(10):
        window.leave(1)
    assert filled(window) == 10
    few = Window(records_max=20, bytes_max=10_000)
    assert filled(few) == 20, "records are bounded"


def test_after_a_failure_few_records_are_let_through_and_twice_as_many_after_each_round_trip() -> None:
    window = Window(records_max=100, bytes_max=1_000)
    under_way = filled(window)
    window.failed()
    for _ in range(under_way):
        window.leave(1)
    rounds = []
    for _ in range(5):
        under_way = filled(window)
        rounds.append(under_way)
        for _ in range(under_way):
            window.leave(1)
            window.acknowledged()
    assert rounds == [RECORDS_MIN, 2 * RECORDS_MIN, 4 * RECORDS_MIN, 8 * RECORDS_MIN, 100]


def test_a_failure_never_widens_a_window() -> None:
    window = Window(records_max=3, bytes_max=1_000)
    window.failed()
    assert filled(window) == 3
