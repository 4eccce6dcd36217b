"""No name, number, phone or token reaches the log, whatever is logged and whoever logs it."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest
import structlog

from runtime import logs
from runtime.errors import SettingsWrong

PERSONAL = ("张三", "440301199001011234", "13800138000", "6222021234567890123", "token-abc")


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    root = logging.getLogger()
    before = (root.handlers, root.level)
    logs.configure(process="test", level="debug", stream=stream)
    yield stream
    structlog.reset_defaults()
    root.handlers, root.level = before


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_personal_fields_are_masked_at_any_depth(log: io.StringIO) -> None:
    logs.logger().info(
        "asked", psn_name="张三", setl_id="AGNX",
        person={"certno": "440301199001011234", "tel": "13800138000"},
        credentials=[{"mdtrt_cert_no": "token-abc"}, {"card_sn": "6222021234567890123"}],
    )  # fmt: skip
    assert lines(log)[0]["setl_id"] == "AGNX"
    assert not any(secret in log.getvalue() for secret in PERSONAL)


def test_texts_that_look_personal_are_masked_and_message_ids_are_not(log: io.StringIO) -> None:
    msgid = "H44030500001202601010830000001"
    logs.logger().info("bad value 440301199001011234, call 13800138000", msgid=msgid, at_ms=1767227400000)
    said = lines(log)[0]
    assert said["event"] == "bad value ***, call ***"
    assert (said["msgid"], said["at_ms"]) == (msgid, 1767227400000)


def test_an_exception_is_its_class_and_frames_never_its_text(log: io.StringIO) -> None:
    try:
        try:
            raise ValueError("person 张三")
        except ValueError as cause:
            raise KeyError("token-abc") from cause
    except KeyError:
        logs.logger().error("failed", exc_info=True)
    trace = lines(log)[0]["trace"]
    assert [part["error"] for part in trace] == ["builtins.KeyError", "builtins.ValueError"]
    assert "test_logs_hold_no_personal_data.py" in trace[0]["frames"][0]
    assert not any(secret in log.getvalue() for secret in PERSONAL)


def test_a_database_error_keeps_its_structure_and_loses_its_text(log: io.StringIO) -> None:
    error = asyncpg.CheckViolationError("row of 张三 fails")
    error.constraint_name, error.detail = "decision_zero_sum", "Failing row contains (440301199001011234)"
    logs.logger().error("stopped", why=error)
    why = lines(log)[0]["why"]
    assert (why["sqlstate"], why["constraint_name"]) == ("23514", "decision_zero_sum")
    assert not any(secret in log.getvalue() for secret in PERSONAL)


def test_our_own_faults_keep_their_sentence(log: io.StringIO) -> None:
    logs.logger().critical("stopped", fault=SettingsWrong("DSGW_LISTEN: missing"))
    assert lines(log)[0]["fault"]["sentence"] == "DSGW_LISTEN: missing"


def test_libraries_lose_what_they_fill_in(log: io.StringIO) -> None:
    logging.getLogger("asyncio").error("Task exception %r\nand more 张三", ValueError("张三"))
    logging.getLogger("grpc").warning("token-%s", "abc")
    said = lines(log)
    assert [line["event"] for line in said] == ["Task exception %r", "token-%s"]
    assert said[0]["level"] == "error"
    assert not any(secret in log.getvalue() for secret in PERSONAL)


def test_values_json_cannot_write_do_not_betray_themselves(log: io.StringIO) -> None:
    class Person:
        def __repr__(self) -> str:
            return "张三"

    logs.logger().info("seen", person=Person(), identifier=b"\x01\xff", held={1: Person()})
    said = lines(log)[0]
    assert said["identifier"] == "01ff"
    assert "张三" not in log.getvalue()
