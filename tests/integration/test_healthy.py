"""A health check says whether a process can work: over gRPC where it serves, by its ready file where it does not."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from runtime.healthy import why_not
from runtime.serve import READY_FILE, grpc_server, run_until_signalled
from stack.embedded import free_port

ROOT = Path(__file__).resolve().parents[2]


async def command(**environment: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "runtime.healthy", cwd=ROOT, env=os.environ | environment,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, said = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


async def test_a_server_is_healthy_while_it_serves_whatever_address_it_listens_on() -> None:
    port = free_port()
    async with grpc_server(listen=f"0.0.0.0:{port}", services={}) as server:
        assert await command(DSGW_LISTEN=f"0.0.0.0:{port}") == (1, f"127.0.0.1:{port} is NOT_SERVING\n")
        await server.set_serving(True)
        assert await command(DSGW_LISTEN=f"0.0.0.0:{port}") == (0, "")
    code, said = await command(DSGW_LISTEN=f"0.0.0.0:{port}")
    assert code == 1
    assert f"127.0.0.1:{port} does not answer" in said


def test_without_a_server_the_ready_file_must_name_a_living_process(tmp_path: Path) -> None:
    assert "does not say" in why_not(listen="", state_dir=tmp_path)
    file = tmp_path / READY_FILE
    file.write_text("\n")
    assert "does not say" in why_not(listen="", state_dir=tmp_path)
    file.write_text(f"{os.getpid()}\n")
    assert why_not(listen="", state_dir=tmp_path) == ""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    file.write_text(f"{gone.pid}\n")
    assert "which is gone" in why_not(listen="", state_dir=tmp_path)


async def test_a_process_that_is_starting_does_not_pass_for_the_killed_one_before_it(tmp_path: Path) -> None:
    (tmp_path / READY_FILE).write_text(f"{os.getpid()}\n")
    began, beating = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        began.set()
        await asyncio.Event().wait()

    async def ready() -> None:
        await beating.wait()

    running = asyncio.create_task(
        run_until_signalled({"work": work}, ready=ready, state_dir=tmp_path, signals=(), grace_s=0.1)
    )
    try:
        await asyncio.wait_for(began.wait(), 10)
        assert "does not say" in why_not(listen="", state_dir=tmp_path)
        beating.set()
        async with asyncio.timeout(10):
            while why_not(listen="", state_dir=tmp_path):  # noqa: ASYNC110 a file, not an event
                await asyncio.sleep(0.01)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
