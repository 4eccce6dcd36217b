"""`python -m homepool load FILE`: people into the home node's database, as differences."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer


def attach(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def load(
        file: Annotated[Path, typer.Argument(help="People, one JSON object per line.")],
        node: Annotated[int, typer.Option(help="The home node, 44; people of other nodes are left out.")],
    ) -> None:
        """Load people into the database of a home node; again is harmless, and the node may be running."""
        from homepool.load import load_people
        from homepool.people import read_people
        from homepool.serve import migrated
        from runtime import logs
        from runtime.settings import ProcessSettings

        async def run() -> None:
            settings = ProcessSettings.read()
            async with migrated(settings.dsn, name=f"load {node}") as connection:
                done = await load_people(connection, read_people(file), node=node)
            typer.echo(
                f"{done.people} people of node {node} loaded ({done.elsewhere} of other nodes left out),"
                f" {done.differences} differences applied, {done.known} known"
            )

        logs.configure(process=f"load-{node}")
        asyncio.run(run())
