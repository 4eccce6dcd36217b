"""What is logged about one message names it by its setl_id; the masks let that name through, and nothing else of it."""

import asyncio
import io
import json
from typing import Any, cast

import grpc
import pytest
import structlog
from prometheus_client import CollectorRegistry

from gateway.serve import Alarms
from gateway.service import SettlementService
from gateway.session import _answer_of
from runtime import logs
from runtime.keys import setl_id_text
from tests.builders import a_settle_request, the_id

REQUEST = a_settle_request()
NAME = setl_id_text(the_id(REQUEST.envelope.infno, REQUEST.envelope.msgid))


@pytest.fixture
def lines() -> Any:
    """The log of this test, a JSON object a line."""
    stream = io.StringIO()
    logs.configure(process="test", stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    structlog.reset_defaults()


def test_an_alarm_names_its_message_where_it_has_one(lines: Any) -> None:
    alarm = Alarms(CollectorRegistry())
    alarm("admission failed on a message", setl_id=NAME)
    alarm("a reply record cannot be read")
    first, second = lines()
    assert (first["event"], first["what"], first["setl_id"]) == (
        "alarm",
        "admission failed on a message",
        NAME,
    )
    assert "setl_id" not in second


def test_a_call_that_fails_unplanned_is_named(lines: Any) -> None:
    class Context:
        async def abort_with_status(self, status: Any) -> None:
            raise grpc.aio.AbortError

    async def failing() -> Any:
        raise KeyError("张三")

    async def main() -> None:
        with pytest.raises(grpc.aio.AbortError):
            await SettlementService._answer(cast(Any, None), failing(), cast(Any, Context()), REQUEST)

    asyncio.run(main())
    (line,) = lines()
    assert (line["level"], line["setl_id"]) == ("error", NAME)
    assert "张三" not in json.dumps(line, ensure_ascii=False)


def test_a_call_of_a_session_that_fails_is_named(lines: Any) -> None:
    async def main() -> None:
        wait: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        wait.set_exception(KeyError("x"))
        _answer_of("settle", REQUEST, wait)

    asyncio.run(main())
    assert [line["setl_id"] for line in lines()] == [NAME]
