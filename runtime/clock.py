"""Time comes in as a collaborator, so that the code of production also runs in virtual time.

Wall clock is milliseconds since the epoch; waiting is measured on the monotonic clock that asyncio's event loops
keep too, and a simulation replaces both. The business lives in China time (UTC+8, no daylight saving since
1991).
"""

import datetime
import time
from typing import Final, Protocol

CHINA: Final = datetime.timezone(datetime.timedelta(hours=8), "UTC+8")
CHINA_OFFSET_MS: Final = 8 * 3_600_000
DAY_MS: Final = 86_400_000


class Clock(Protocol):
    """What time it is."""

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""
        ...

    def monotonic_s(self) -> float:
        """Seconds on a clock that never goes back; only differences mean anything."""
        ...


class SystemClock:
    """The machine's own clocks, to be read in any thread: gauges are read by the page of metrics."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        return time.monotonic()


def china_date(at_ms: int) -> datetime.date:
    """The date in China at a moment in ms since the epoch."""
    return datetime.date.fromordinal(719_163 + (at_ms + CHINA_OFFSET_MS) // DAY_MS)


def china_text(at_ms: int) -> str:
    """The moment as the national interface writes it, `yyyy-MM-dd HH:mm:ss`, China time."""
    return datetime.datetime.fromtimestamp(at_ms / 1000, CHINA).strftime("%Y-%m-%d %H:%M:%S")
