"""Whether the process of this environment can work: for the health check of a container or a supervisor.

    python -m runtime.healthy        exit code 0: it can; 1: it cannot, and a sentence on stderr says why

A process with a gRPC server (`DSGW_LISTEN`) is asked over gRPC health; any other has written its process id into
`ready` in its state folder (`DSGW_STATE_DIR`), and must be alive.
"""

import contextlib
import os
import sys
from pathlib import Path
from typing import Final

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from runtime.serve import READY_FILE

TIMEOUT_S: Final = 3.0
_EVERY_ADDRESS: Final = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}


def why_not(*, listen: str, state_dir: Path) -> str:
    """Why the process cannot work; empty where it can."""
    return _not_serving(listen) if listen else _not_ready(state_dir / READY_FILE)


def _not_serving(listen: str) -> str:
    host, _, port = listen.rpartition(":")
    address = f"{_EVERY_ADDRESS.get(host, host)}:{port}"
    with grpc.insecure_channel(address) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        try:
            answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=TIMEOUT_S)
        except grpc.RpcError as failed:
            return f"{address} does not answer: {failed.code().name}"
    if answer.status != health_pb2.HealthCheckResponse.SERVING:
        return f"{address} is {health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)}"
    return ""


def _not_ready(file: Path) -> str:
    pid = 0
    with contextlib.suppress(OSError, ValueError):
        pid = int(file.read_text())
    if pid <= 0:
        return f"{file} does not say that a process is ready"
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return f"{file} names process {pid}, which is gone"
    except PermissionError:  # another account's, but there
        return ""
    return ""


def main() -> int:
    """The exit code."""
    reason = why_not(
        listen=os.environ.get("DSGW_LISTEN", ""),
        state_dir=Path(os.environ.get("DSGW_STATE_DIR", ".run/state")),
    )
    if reason:
        print(reason, file=sys.stderr)
    return 1 if reason else 0


if __name__ == "__main__":
    sys.exit(main())
