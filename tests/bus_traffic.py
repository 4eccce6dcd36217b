"""Traffic on the log as tests make it: read what came, and send again until it has arrived."""

import asyncio

from bus.errors import BusUnavailable
from bus.kafka import KafkaLog
from bus.log import Reader

TOPICS = {"req.44": 2, "rep.44": 8}
PATIENCE_S = 120.0


async def read(reader: Reader, count: int) -> list[bytes]:
    """The next `count` values."""
    values: list[bytes] = []
    async with asyncio.timeout(PATIENCE_S):
        while len(values) < count:
            values += [arrived.value for arrived in await reader.poll(wait_ms=100)]
    return values


async def send_until_read(log: KafkaLog, reader: Reader, partition: int, value: bytes) -> int:
    """What timers do elsewhere: send again until it has arrived. How often it was appended."""
    appended = 0
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                await log.send("req.44", partition, value)
                appended += 1
            except BusUnavailable:
                await asyncio.sleep(0.1)
            if any(arrived == (partition, value) for arrived in await reader.poll(wait_ms=100)):
                return appended
            await asyncio.sleep(0.05)


async def refuses(log: KafkaLog) -> None:
    """Wait until the process has noticed that the broker is away."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                await log.send("req.44", 0, b"before")
            except BusUnavailable:
                return
