"""`python -m stack up`: the stack in the foreground until Ctrl-C.

New databases can be filled with made-up people first, so that there is somebody to ask for. The first Ctrl-C stops
everything in order; the second kills everything at once.
"""

import asyncio
import contextlib
import json
import os
import signal
from pathlib import Path
from typing import Any, Final

from stack.endpoints import Endpoints
from stack.plan import Plan
from stack.supervisor import ENVIRONMENTS, Say, Stack

PEOPLE_SEED: Final = 7
PEOPLE_PROGRAM: Final = "homepool"
SERVICE: Final = "settlement.v1.SettlementService"
CARE_DIVISION: Final = "440300"
INSTITUTION: Final = "H44030490001"  # of the shipped directory


async def keep_up(plan: Plan, *, run_dir: Path, fresh: bool, people_per_pool: int, say: Say) -> None:
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
        this.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal)
    try:
        async with Stack.start(plan, run_dir=run_dir, say=say, fresh=fresh) as stack:
            running.append(stack)
            if stack.is_new and people_per_pool:
                await load_people(stack, plan, per_pool=people_per_pool, run_dir=run_dir, say=say)
            say(how_to_call(stack.endpoints, run_dir))
            await asyncio.Event().wait()
    except asyncio.CancelledError:
        if not stopping.is_set():
            raise


async def load_people(stack: Stack, plan: Plan, *, per_pool: int, run_dir: Path, say: Say) -> None:
    """Make people from a seed and load them into their home nodes."""
    nodes = [node for node in plan.nodes if node.program == PEOPLE_PROGRAM]
    if not nodes:
        return
    pools = ",".join(pool for node in nodes for pool in node.pools)
    file = str(people_file(run_dir))
    count = ("--count", str(per_pool), "--seed", str(PEOPLE_SEED))
    say(f"loading {per_pool} made-up people into each pool")
    names = {node.code: node.processes()[0].name for node in nodes}
    await stack.run(
        names[nodes[0].code], "-m", PEOPLE_PROGRAM, "people", "--pools", pools, "--out", file, *count
    )
    for code, name in names.items():
        await stack.run(name, "-m", PEOPLE_PROGRAM, "load", "--node", code, file)


def people_file(run_dir: Path) -> Path:
    """Where the made-up people are written."""
    return (run_dir / "people.jsonl").resolve()


def how_to_call(endpoints: Endpoints, run_dir: Path) -> str:
    """What a newcomer needs to make a first call."""
    first = endpoints.gateway[0]
    message = json.dumps(example_message(run_dir), ensure_ascii=False)
    gateways = [
        f"  gateway of region {region}: {', '.join(places)}" for region, places in endpoints.gateways.items()
    ]
    return "\n".join(
        [
            "",
            *gateways,
            f"  Kafka: {endpoints.kafka}",
            f"  addresses with passwords: {run_dir / 'endpoints.json'}",
            f"  logs: {run_dir / 'logs'}; the made-up people: {run_dir / 'people.jsonl'}",
            "",
            "Call it (health and reflection are on):",
            f"  grpcurl -plaintext {first} describe {SERVICE}",
            f"  grpcurl -plaintext -d '{message}' {first} {SERVICE}/GetInsured",
            "",
            "Operators' commands, in another terminal (a script for each part):",
            f"  . {run_dir / ENVIRONMENTS / 'clearing.sh'} && .venv/bin/python -m clearing todo",
            f"  . {run_dir / ENVIRONMENTS / 'gateway-44-0.sh'} && .venv/bin/python -m gateway status --region 44",
            "",
            "Ctrl-C stops it.",
        ]
    )


def example_message(run_dir: Path) -> dict[str, Any]:
    """A `GetInsuredRequest` for the first of the made-up people."""
    person: dict[str, Any] = {"psn_no": "", "insurances": [{"pool": ""}]}
    with contextlib.suppress(OSError, ValueError), people_file(run_dir).open(encoding="utf-8") as people:
        person = json.loads(people.readline())
    envelope = {
        "infno": "1101",
        "msgid": f"{INSTITUTION}202601010830000001",
        "mdtrtarea_admvs": CARE_DIVISION,
        "insuplc_admdvs": str(person["insurances"][0]["pool"]),
        "fixmedins_code": INSTITUTION,
        "opter_type": "1",
        "opter": "1",
    }
    return {"envelope": envelope, "psn_no": person["psn_no"]}
