"""What operators' commands share: their settings, a database that is only looked at, and a process's metrics page.

A fault of the surroundings becomes one sentence without an address, a password or a row in it.
"""

import asyncio
import http.client
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple, TypeVar

import asyncpg
import typer
from prometheus_client.parser import text_string_to_metric_families

from runtime import postgres
from runtime.errors import RuntimeFault
from runtime.postgres import Connection
from runtime.settings import ProcessSettings

CONNECT_S_MAX: Final = 5.0
STATEMENT_MS_MAX: Final = 60_000
PAGE_S_MAX: Final = 3.0
PAGE_BYTES_MAX: Final = 4_000_000
PAGE_MISSING_EXIT: Final = 1
PSN_NO_SHOWN: Final = 4

Result = TypeVar("Result")

_SENTENCES: Final = {
    "3D000": "The database that DSGW_POSTGRES_DSN names does not exist on its server.",
    "42501": "The user of DSGW_POSTGRES_DSN may not do this; take the one that its process uses.",
    "57014": f"The database took longer than {STATEMENT_MS_MAX // 1000} s to answer.",
}


class NotAnswered(RuntimeFault):
    """A command cannot answer; the message says why and what to do."""


class OperatorSettings(ProcessSettings):
    """The settings of the process that is looked at; no broker is needed to look."""

    kafka_bootstrap: str = ""


def run(answering: Coroutine[Any, Any, Result]) -> Result:
    """Run a command to its end; a fault of ours is one sentence on stderr and exit code 2."""
    try:
        return asyncio.run(answering)
    except RuntimeFault as fault:
        typer.echo(f"error: {fault}", err=True)
        raise typer.Exit(2) from None


@asynccontextmanager
async def looking(dsn: str, *, name: str, book: str, writes: bool = False) -> AsyncIterator[Connection]:
    """A session in one transaction that sees one moment, and may write only where it says so.

    `book` is what should be there, for the sentence where it is not. Raises NotAnswered, DatabaseUnreachable.
    """
    try:
        async with postgres.opened(
            dsn, application_name=name, timeout_s=CONNECT_S_MAX, statement_timeout=str(STATEMENT_MS_MAX)
        ) as connection:
            isolation = "read_committed" if writes else "repeatable_read"
            async with connection.transaction(isolation=isolation, readonly=not writes):  # type: ignore[arg-type]
                yield connection
    except asyncpg.PostgresError as failed:
        raise NotAnswered(_sentence(str(failed.sqlstate or ""), book)) from None
    except asyncpg.InterfaceError:
        raise NotAnswered(
            "DSGW_POSTGRES_DSN is no address of the form postgresql://user:password@host:port/database, or the session"
            " was lost."
        ) from None


def _sentence(sqlstate: str, book: str) -> str:
    if sqlstate in ("42P01", "42703", "42883"):
        return (
            f"This database holds no {book}, or one of an older program: it is brought up to date when its process"
            " starts. Is DSGW_POSTGRES_DSN that of another process?"
        )
    if sqlstate.startswith("28"):
        return "The server refuses the user or the password of DSGW_POSTGRES_DSN."
    return _SENTENCES.get(sqlstate, f"The database answered with SQLSTATE {sqlstate}.")


class Sample(NamedTuple):
    """One figure of a page."""

    labels: dict[str, str]
    value: float


class Page:
    """A process's metrics page as it was read once."""

    def __init__(self, text: str) -> None:
        self._samples: dict[str, list[Sample]] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                self._samples.setdefault(sample.name, []).append(Sample(dict(sample.labels), sample.value))

    def all(self, name: str) -> list[Sample]:
        """Every figure of a name."""
        return self._samples.get(name, [])

    def count(self, name: str) -> int | None:
        """A figure without labels, None where the page has none: another process's page, perhaps."""
        return next((int(one.value) for one in self.all(name)), None)

    def alarms(self, name: str) -> dict[str, int]:
        """How often each alarm was raised since the process began."""
        return {one.labels.get("what", ""): int(one.value) for one in self.all(name) if one.value}


def page_url(given: str, settings: ProcessSettings) -> str:
    """Where the page is: what the command line gives, else what the environment says, else empty."""
    if given:
        address = given if "//" in given else f"http://{given}"
        return address if address.count("/") > 2 else f"{address}/metrics"
    if settings.metrics_port:
        return f"http://{settings.metrics_host}:{settings.metrics_port}/metrics"
    return ""


def read_page(url: str) -> Page:
    """Fetch a page. Raises NotAnswered."""
    if not url.startswith(("http://", "https://")):
        raise NotAnswered(f"{url} is no address of a metrics page, such as http://127.0.0.1:9100/metrics.")
    try:
        with urllib.request.urlopen(url, timeout=PAGE_S_MAX) as answer:
            return Page(answer.read(PAGE_BYTES_MAX).decode())
    except urllib.error.HTTPError as refused:
        refused.close()
        raise NotAnswered(f"{url} answers {refused.code}: that is no metrics page.") from None
    except (OSError, http.client.HTTPException):
        raise NotAnswered(
            f"{url} does not answer: the process is down, or has another DSGW_METRICS_PORT."
        ) from None
    except ValueError:
        raise NotAnswered(f"{url} is no metrics page.") from None


def process_told(
    given: str, settings: ProcessSettings, tell: Callable[[Page], dict[str, Any]]
) -> dict[str, Any] | None:
    """What a process says of itself on its page; None: no page was asked for, `error`: why it did not answer."""
    url = page_url(given, settings)
    if not url:
        return None
    try:
        return tell(read_page(url))
    except NotAnswered as missing:
        return {"error": str(missing)}


def masked(psn_no: str) -> str:
    """A person's number with all but the last four characters starred."""
    shown = psn_no[-PSN_NO_SHOWN:] if len(psn_no) > PSN_NO_SHOWN else ""
    return "*" * (len(psn_no) - len(shown)) + shown


def age_text(age_ms: int) -> str:
    """How long ago, in the two largest units: 3 s, 4 min 10 s, 2 h 5 min, 3 d 4 h."""
    seconds = max(age_ms, 0) // 1000
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86_400
    if not minutes:
        return f"{seconds} s"
    if not hours:
        return f"{minutes} min {seconds % 60} s"
    if not days:
        return f"{hours} h {minutes % 60} min"
    return f"{days} d {hours % 24} h"
