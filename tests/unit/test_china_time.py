"""The business day is China's, whatever the machine's zone."""

import datetime

from runtime import clock

LAST_MOMENT_MS = 1_767_196_799_999  # 2025-12-31 15:59:59.999 UTC


def test_the_day_changes_at_midnight_in_china() -> None:
    assert clock.china_date(LAST_MOMENT_MS) == datetime.date(2025, 12, 31)
    assert clock.china_date(LAST_MOMENT_MS + 1) == datetime.date(2026, 1, 1)
    assert clock.china_text(LAST_MOMENT_MS) == "2025-12-31 23:59:59"


async def test_the_system_clock_goes_forward() -> None:
    system = clock.SystemClock()
    assert clock.china_date(system.now_ms()).year >= 2024
    assert system.monotonic_s() <= system.monotonic_s()
