"""The log: one JSON object a line on stderr, and no personal data in it whatever a caller passes.

Two walls. Fields whose name is personal are masked, at any depth; texts that look like an identity number, a
bank card or a mobile phone are masked wherever they stand. And exceptions are written by `safe_error`: class,
SQLSTATE and constraint, because the text of a database error can carry the row (a CHECK's DETAIL prints it).
Traces are frames, file, line and function, never messages.

Lines of foreign libraries go the same way; of their texts only the template is kept, because what is filled
in may be an exception's text.
"""

import logging
import re
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import Any, Final, TextIO

import asyncpg
import grpc
import structlog
from structlog.typing import EventDict, WrappedLogger

from runtime.errors import RuntimeFault

MASK: Final = "***"
PERSONAL_FIELDS: Final = frozenset(
    {
        "psn_no", "psn_name", "certno", "psn_cert_no", "mdtrt_cert_no", "card_sn", "tel", "mob", "phone",
        "addr", "opter_name", "coner_name", "coner_tel", "brdy", "token", "ectoken", "password", "dsn",
        "postgres_dsn", "name", "certificate", "credential", "detail",
    }
)  # fmt: skip
"""Names of fields whose values never reach a log, national names and ours, in lower case."""

TEXT_CHARACTERS_MAX: Final = 500
FRAMES_MAX: Final = 30
CAUSES_MAX: Final = 5
_FOREIGN_ARGUMENTS_SAFE: Final = ("aiokafka",)  # addresses, topics and error classes; the values are sealed
_PERSONAL_TEXT: Final = re.compile(
    r"(?<![0-9A-Za-z])(?:\d{17}[\dXx]|\d{15}|1[3-9]\d{9}|\d{16}|\d{19})(?![0-9A-Za-z])"
)

Logger = structlog.stdlib.BoundLogger


def configure(*, process: str, level: str = "info", stream: TextIO | None = None) -> None:
    """Send every log line, ours and the libraries', to `stream` (stderr) as masked JSON."""
    target = stream or sys.stderr
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            _named(process),
            safe_exceptions,
            mask_personal,
            structlog.processors.JSONRenderer(ensure_ascii=False, default=_plain),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=target),
        cache_logger_on_first_use=False,
    )
    foreign = logging.getLogger()
    foreign.handlers = [_ForeignHandler()]
    foreign.setLevel(logging.WARNING)


def logger(**bound: object) -> Logger:
    """A logger; `bound` appears on each of its lines."""
    made: Logger = structlog.get_logger(**bound)
    return made


def safe_error(error: BaseException) -> dict[str, object]:
    """What may be said of an exception: its class and, where it has them, SQLSTATE, constraint, table, gRPC
    code.

    The text is given for our own faults only; that of any other exception may quote a row or a message.
    """
    said: dict[str, object] = {"error": f"{type(error).__module__}.{type(error).__qualname__}"}
    if isinstance(error, asyncpg.PostgresError):
        for field in ("sqlstate", "constraint_name", "table_name", "column_name"):
            value = getattr(error, field, None)
            if value:
                said[field] = value
    elif isinstance(error, grpc.RpcError) and callable(getattr(error, "code", None)):
        said["grpc_code"] = getattr(error.code(), "name", None)
    elif isinstance(error, RuntimeFault):
        said["sentence"] = str(error)
    elif isinstance(error, OSError) and error.errno is not None:
        said["errno"] = error.errno
    if isinstance(error, BaseExceptionGroup):
        said["parts"] = [safe_error(part) for part in error.exceptions[:CAUSES_MAX]]
    return said


def safe_trace(error: BaseException) -> list[dict[str, object]]:
    """The exception and its causes, the outermost first: `safe_error` of each with its frames, innermost
    last.
    """
    chain: list[dict[str, object]] = []
    current: BaseException | None = error
    while current is not None and len(chain) < CAUSES_MAX:
        frames = traceback.extract_tb(current.__traceback__)[-FRAMES_MAX:]
        where = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        chain.append({**safe_error(current), "frames": where})
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return chain


def safe_exceptions(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Processor: replace `exc_info` and every exception among the values by what may be said of it."""
    info = event.pop("exc_info", None)
    if info:
        if info is True:
            info = sys.exc_info()[1]
        elif isinstance(info, tuple):
            info = info[1]
        if isinstance(info, BaseException):
            event["trace"] = safe_trace(info)
    for key, value in event.items():
        if isinstance(value, BaseException):
            event[key] = safe_error(value)
    return event


def mask_personal(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Processor: mask personal fields at any depth and personal-looking texts anywhere."""
    return {key: _masked(key, value) for key, value in event.items()}


def _masked(key: str, value: object) -> object:
    if key.lower() in PERSONAL_FIELDS:
        return MASK
    if isinstance(value, str):
        return _PERSONAL_TEXT.sub(MASK, value[:TEXT_CHARACTERS_MAX])
    if isinstance(value, Mapping):
        return {str(inner): _masked(str(inner), held) for inner, held in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked("", held) for held in value]
    if value is None or isinstance(value, int | float):
        return value
    return _plain(value)


def _plain(value: object) -> object:
    """What JSON cannot write: bytes in hex (ids are bytes), anything else by its class alone."""
    if isinstance(value, bytes):
        return value.hex()[:TEXT_CHARACTERS_MAX]
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return f"<{type(value).__qualname__}>"


def _named(process: str) -> Callable[[WrappedLogger, str, EventDict], EventDict]:
    def add_process(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event["process"] = process
        return event

    return add_process


class _ForeignHandler(logging.Handler):
    """Takes the lines of libraries into our log, template and exception only."""

    def emit(self, record: logging.LogRecord) -> None:
        template = record.getMessage() if record.name.startswith(_FOREIGN_ARGUMENTS_SAFE) else str(record.msg)
        said: dict[str, Any] = {"library": record.name, "exc_info": record.exc_info}
        line = template.splitlines()[0] if template else ""
        log = logger()
        (log.error if record.levelno >= logging.ERROR else log.warning)(line, **said)
