"""Settings of a process: read from the environment once, in its `__main__`, then frozen and handed down.

| variable | meaning |
|---|---|
| `DSGW_POSTGRES_DSN` | the process's own database, `postgresql://user:password@host:port/database` |
| `DSGW_KAFKA_BOOTSTRAP` | Kafka addresses, `host:port[,host:port…]` |
| `DSGW_KAFKA_EMBEDDED` | `true`: the broker is the embedded one, which does not wake a waiting fetch |
| `DSGW_LISTEN` | `host:port` of the process's gRPC server; empty: it serves none |
| `DSGW_METRICS_PORT` | port of the Prometheus page; 0: none |
| `DSGW_METRICS_HOST` | address that the page listens on, 127.0.0.1 where nothing is said |
| `DSGW_STATE_DIR` | folder of the process's own files (the ready file, the node's term and numbers) |
| `DSGW_KEYS_DIR` | folder of key files |
| `DSGW_DATA_DIR` | folder of a region's directory and catalogues, or of a home node's policies; empty: those shipped |
| `DSGW_LOG_LEVEL` | `debug`, `info`, `warning` or `error` |
| `DSGW_GRACE_S` | seconds that calls in flight get after the first signal |

A process derives its own class from `ProcessSettings` and adds fields; each field's variable is `DSGW_` and
its name in capitals. What says which part of the system a process is (region, slot, node, partitions) is on
the command line instead, so that `ps` shows it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from runtime.errors import SettingsWrong

ENVIRONMENT_PREFIX = "DSGW_"


class ProcessSettings(BaseSettings):
    """What every process of ours is told by its environment."""

    model_config = SettingsConfigDict(env_prefix=ENVIRONMENT_PREFIX, frozen=True, extra="ignore")

    postgres_dsn: SecretStr = Field(min_length=1)
    kafka_bootstrap: str = Field(min_length=1)
    kafka_embedded: bool = False
    listen: str = Field(default="", pattern=r"^$|^.+:\d{1,5}$")
    metrics_port: int = Field(default=0, ge=0, le=65_535)
    metrics_host: str = Field(default="127.0.0.1", min_length=1)
    state_dir: Path = Path(".run/state")
    keys_dir: Path = Path(".run/keys")
    data_dir: Path | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    grace_s: float = Field(default=10.0, ge=0, le=600)

    @classmethod
    def read(cls, **given: object) -> Self:
        """The settings of this process; what the command line gives wins. Raises `SettingsWrong`."""
        try:
            return cls.model_validate({**_from_environment(cls), **given})
        except ValidationError as wrong:
            raise SettingsWrong(_sentence(wrong)) from None

    @property
    def dsn(self) -> str:
        """The database address with its password: for opening connections, never for a log."""
        return self.postgres_dsn.get_secret_value()


def _from_environment(settings: type[BaseSettings]) -> Mapping[str, object]:
    from pydantic_settings import EnvSettingsSource

    return EnvSettingsSource(settings)()


def _sentence(wrong: ValidationError) -> str:
    # only names and reasons: an input may be a password
    named = [
        f"{ENVIRONMENT_PREFIX}{'_'.join(str(part) for part in error['loc']).upper()}: {error['msg']}"
        for error in wrong.errors(include_input=False, include_url=False)
    ]
    return "Settings are missing or wrong. " + "; ".join(named)
