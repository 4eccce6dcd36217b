"""Figures of a process for Prometheus: one registry, one page, no globals.

The registry is made in `__main__` and handed to whoever counts. Labels name pools, nodes, regions and codes;
never a person, a message or a visit (and a label with many values is a memory leak besides).
"""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    start_http_server,
)

from runtime.errors import PortTaken


def new_registry() -> CollectorRegistry:
    """A registry that already tells the process's CPU, memory and open files."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


@contextmanager
def exposed(registry: CollectorRegistry, *, port: int, host: str = "127.0.0.1") -> Iterator[int]:
    """Serve the page from a thread while inside; gives the port (0 serves nothing). Raises `PortTaken`."""
    if port == 0:
        yield 0
        return
    try:
        server, thread = start_http_server(port, addr=host, registry=registry)
    except OSError:
        raise PortTaken(f"Metrics port {port} is taken; choose another with DSGW_METRICS_PORT.") from None
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
