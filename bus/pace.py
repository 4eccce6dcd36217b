"""How closely readers of the embedded broker poll, which does not wake a waiting fetch.

A process that has just sent a record other than a beat, hello or probe expects an answer (or, at a home node, more
of the same), so it polls every 5 ms for a while; else every 50 ms. A reader in an idle pause is woken by the first
such record, so that the pause does not delay the answer to it.
"""

import asyncio

from bus.settings import BusSettings

STRETCH = 3
STRETCHED_MS_MAX = 30


class Pace:
    """Shared by the sending side and the readers of one process."""

    def __init__(self, settings: BusSettings) -> None:
        self._settings = settings
        self._busy_until_s = 0.0
        self._idle: list[asyncio.Future[None]] = []

    def expect_answers(self) -> None:
        """Poll closely from now on for a while."""
        self._busy_until_s = asyncio.get_running_loop().time() + self._settings.busy_ms / 1000
        idle, self._idle = self._idle, []
        for future in idle:
            if not future.done():
                future.set_result(None)

    async def pause(self, wait_s: float, *, fetch_took_s: float = 0.0) -> None:
        """Wait until the next fetch is due, at most `wait_s`. On a busy machine, where a fetch takes long, a close
        poll is less close: fetches that bring one record each are then what there is too much of.
        """
        loop = asyncio.get_running_loop()
        if loop.time() < self._busy_until_s:
            stretched_s = min(STRETCH * fetch_took_s, STRETCHED_MS_MAX / 1000)
            await asyncio.sleep(min(wait_s, max(self._settings.fetch_busy_ms / 1000, stretched_s)))
            return
        woken: asyncio.Future[None] = loop.create_future()
        self._idle.append(woken)
        await asyncio.wait([woken], timeout=min(wait_s, self._settings.fetch_idle_ms / 1000))
        if woken in self._idle:
            self._idle.remove(woken)
