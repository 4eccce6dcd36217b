"""Settings come from DSGW_ variables, are frozen, and what is missing or wrong is named without its value."""

import pytest
from pydantic import ValidationError

from runtime.errors import SettingsWrong
from runtime.settings import ProcessSettings


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("DSGW_POSTGRES_DSN", "postgresql://u:secret@h/d")
    monkeypatch.setenv("DSGW_KAFKA_BOOTSTRAP", "127.0.0.1:9092")
    return monkeypatch


def test_a_process_reads_its_environment_and_the_command_line_wins(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("DSGW_LISTEN", "127.0.0.1:7001")
    environment.setenv("DSGW_METRICS_PORT", "9100")
    settings = ProcessSettings.read(metrics_port=0)
    assert (settings.listen, settings.metrics_port, settings.dsn) == (
        "127.0.0.1:7001",
        0,
        "postgresql://u:secret@h/d",
    )
    assert "secret" not in repr(settings)
    with pytest.raises(ValidationError):
        settings.listen = "elsewhere:1"  # type: ignore[misc]


def test_what_is_missing_is_named() -> None:
    with pytest.raises(
        SettingsWrong, match=r"DSGW_POSTGRES_DSN: Field required; DSGW_KAFKA_BOOTSTRAP: Field required"
    ):
        ProcessSettings.read()


def test_what_is_wrong_is_named_without_its_value(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("DSGW_METRICS_PORT", "hunter2")
    with pytest.raises(SettingsWrong, match="DSGW_METRICS_PORT") as wrong:
        ProcessSettings.read()
    assert "hunter2" not in str(wrong.value)
