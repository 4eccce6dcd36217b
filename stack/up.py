"""`python -m stack up`: the stack in the foreground until Ctrl-C.

The first Ctrl-C stops everything in order; the second kills everything at once.
"""

import asyncio
import os
import signal
from pathlib import Path

from stack.endpoints import Endpoints
from stack.plan import Plan
from stack.supervisor import Say, Stack

EXAMPLE_PATIENT = '{"mdtrt_cert_type": "02", "mdtrt_cert_no": "<identity number>", "psn_cert_type": "01"}'


async def keep_up(plan: Plan, *, run_dir: Path, fresh: bool, say: Say) -> None:
    """Start the stack, say how to call it, and keep it until a signal. Raises a `StackFault`."""
    stopping = asyncio.Event()
    running: list[Stack] = []
    this = asyncio.current_task()
    assert this is not None

    def on_signal() -> None:
        if stopping.is_set():
            for pid in running[0].pids().values() if running else ():
                os.kill(pid, signal.SIGKILL)
            os._exit(128 + signal.SIGINT)
        stopping.set()
        if not running:  # still starting
            this.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal)
    try:
        async with Stack.start(plan, run_dir=run_dir, say=say, fresh=fresh) as stack:
            running.append(stack)
            say(how_to_call(stack.endpoints, run_dir))
            await stopping.wait()
    except asyncio.CancelledError:
        if not stopping.is_set():
            raise


def how_to_call(endpoints: Endpoints, run_dir: Path) -> str:
    """What a newcomer needs to make a first call."""
    first = endpoints.gateway[0]
    service = "settlement.v1.SettlementService"
    message = (
        '{"envelope": {"infno": "1101", "msgid": "H44030500001202601010830000001", "mdtrtarea_admvs": "440300", '
        '"fixmedins_code": "H44030500001", "opter_type": "1", "opter": "1", "inf_time": "2026-01-01 08:30:00"}, '
        f'"credential": {EXAMPLE_PATIENT}}}'
    )
    gateways = [
        f"  gateway of region {region}: {', '.join(addresses)}"
        for region, addresses in endpoints.gateways.items()
    ]
    return "\n".join(
        [
            "",
            *gateways,
            f"  Kafka: {endpoints.kafka}",
            f"  addresses with passwords: {run_dir / 'endpoints.json'}; logs: {run_dir / 'logs'}",
            "",
            "Call it (health and reflection are on):",
            f"  grpcurl -plaintext {first} describe {service}",
            f"  grpcurl -plaintext -d '{message}' \\",
            f"    {first} {service}/GetInsured",
            "",
            "Ctrl-C stops it.",
        ]
    )
