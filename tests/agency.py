"""An operator's terminal at a clearing agency: commands in processes of their own, over real books."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from tests.builders import NODE, REGION
from tests.clearing_scene import Scene

ROOT = Path(__file__).resolve().parents[1]
COMMAND_S_MAX = 60


class Agency:
    """An operator's terminal: commands in processes of their own."""

    def __init__(self, scene: Scene, dsn: str) -> None:
        self.scene = scene
        node, region = scene.at
        books = f"node:{NODE}={node.at.address},region:{REGION}={region.at.address}"
        self.environment = os.environ | {"DSGW_POSTGRES_DSN": dsn, "DSGW_BOOKS": books}

    async def __call__(self, *arguments: str, exit_code: int = 0) -> str:
        process = await self.started(*arguments)
        said, _ = await asyncio.wait_for(process.communicate(), COMMAND_S_MAX)
        assert process.returncode == exit_code, said.decode()
        return said.decode()

    async def told(self, *arguments: str, exit_code: int = 0) -> Any:
        return json.loads(await self(*arguments, "--json", exit_code=exit_code))

    async def started(self, *arguments: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "clearing", *arguments, cwd=ROOT, env=self.environment,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT if "--json" not in arguments else None,
        )  # fmt: skip
