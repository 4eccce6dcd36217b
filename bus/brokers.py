"""Connections to the brokers that lead the partitions of one role: sending, or one reader.

Each role has its own, because a broker answers the requests of a connection in order and a waiting fetch would hold
up the sends behind it. After any failure the connection is dropped and everything known through it is asked anew:
a broker that restarted may have forgotten its topics.
"""

import asyncio
from collections.abc import Iterable

from bus import wire
from bus.errors import BusUnavailable
from bus.settings import BusSettings


class Brokers:
    """Who leads what, and a live connection to each leader that was needed so far."""

    def __init__(self, settings: BusSettings) -> None:
        self._settings = settings
        self._connections: dict[wire.Address, wire.Connection] = {}
        self._routes: dict[tuple[str, int], wire.Connection] = {}
        self._missing_until_s: dict[str, float] = {}
        self._retry_at_s = 0.0
        self._lock = asyncio.Lock()

    def ready(self, topic: str, partition: int) -> wire.Connection | None:
        """The connection to this partition's leader, if it is there already."""
        connection = self._routes.get((topic, partition))
        return connection if connection is not None and connection.alive() else None

    async def connect(self, topic: str, partition: int) -> wire.Connection:
        """The connection to this partition's leader, made if need be.

        Raises BusUnavailable within the request timeout: no broker, no such topic, no leader. While a failure is
        younger than `reconnect_backoff_ms` it is raised again without asking.
        """
        async with self._lock:
            connection = self.ready(topic, partition)
            if connection is not None:
                return connection
            now_s = asyncio.get_running_loop().time()
            if now_s < self._retry_at_s:
                raise BusUnavailable
            if now_s < self._missing_until_s.get(topic, 0.0):
                raise BusUnavailable(f"There is no partition {partition} of {topic}.")
            try:
                async with asyncio.timeout(self._settings.request_timeout_ms / 1000):
                    return await self._route(topic, partition)
            except wire.FAILURES as failure:
                self._retry_at_s = asyncio.get_running_loop().time() + self._backoff_s
                raise BusUnavailable from failure

    async def metadata(self, topics: Iterable[str]) -> wire.Topics:
        """What the cluster says of these topics. Raises one of wire.FAILURES."""
        failure: Exception | None = None
        for address in [*self._connections, *self._settings.addresses()]:
            try:
                connection = await self.connection_to(address)
                return wire.read_metadata(await connection.ask(wire.metadata_request(sorted(topics))))
            except wire.FAILURES as raised:
                failure = raised
                await self._forget_address(address)
        assert failure is not None, "settings name at least one address"
        raise failure

    async def connection_to(self, address: wire.Address) -> wire.Connection:
        """A live connection to one broker. Raises one of wire.FAILURES."""
        connection = self._connections.get(address)
        if connection is not None:
            if connection.alive():
                return connection
            await self._forget_address(address)
        connection = await wire.Connection.open(
            address,
            client_id=self._settings.client_id,
            request_timeout_ms=self._settings.request_timeout_ms,
        )
        self._connections[address] = connection
        return connection

    async def drop(self, connection: wire.Connection) -> None:
        """After a failure: close it, with every request that waits on it; a dead one leads nothing any more."""
        if self._connections.get(connection.address) is connection:
            del self._connections[connection.address]
        await connection.drop()

    def forget(self, topic: str) -> None:
        """Ask anew who leads this topic."""
        self._routes = {key: connection for key, connection in self._routes.items() if key[0] != topic}

    async def close(self) -> None:
        """Close every connection, within a bounded time."""
        for address in list(self._connections):
            await self._forget_address(address)

    @property
    def _backoff_s(self) -> float:
        return self._settings.reconnect_backoff_ms / 1000

    async def _route(self, topic: str, partition: int) -> wire.Connection:
        found = await self.metadata([topic])
        for (led_topic, led_partition), address in found.leaders.items():
            self._routes[(led_topic, led_partition)] = await self.connection_to(address)
        connection = self.ready(topic, partition)
        if connection is None:
            self._missing_until_s[topic] = asyncio.get_running_loop().time() + self._backoff_s
            raise BusUnavailable(f"There is no partition {partition} of {topic}.")
        self._missing_until_s.pop(topic, None)
        return connection

    async def _forget_address(self, address: wire.Address) -> None:
        connection = self._connections.pop(address, None)
        if connection is not None:
            await connection.drop()
