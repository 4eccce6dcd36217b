"""A process that behaves like a gateway or a node towards the stack, and does nothing else.

    python -m tests.stand_in serve --region 44 --slot 0     health over gRPC
    python -m tests.stand_in serve --node 44 --partitions 0 a ready file

It writes one row into its database at each start. `STAND_IN_FAULT=die` makes it end while starting.
"""

import asyncio
import os
import sys

from runtime import logs, serve
from runtime.errors import RuntimeFault
from runtime.postgres import opened
from runtime.settings import ProcessSettings


async def main(settings: ProcessSettings, *, with_server: bool) -> int:
    async with opened(settings.dsn, application_name="stand-in") as connection:
        await connection.execute("CREATE TABLE IF NOT EXISTS boot (pid int)")
        await connection.execute("INSERT INTO boot VALUES ($1)", os.getpid())
    if os.environ.get("STAND_IN_FAULT") == "die":
        raise RuntimeFault("told to die")

    async def wait() -> None:
        await asyncio.Event().wait()

    if not with_server:
        return await serve.run_until_signalled({"wait": wait}, state_dir=settings.state_dir, grace_s=1)
    async with serve.grpc_server(listen=settings.listen, services={}) as server:
        return await serve.run_until_signalled({"wait": wait}, server=server, grace_s=1)


if __name__ == "__main__":
    logs.configure(process="stand-in")
    sys.exit(serve.run(lambda: main(ProcessSettings.read(), with_server="--region" in sys.argv)))
