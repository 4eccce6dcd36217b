"""`python -m homepool serve --node 44 --partitions 0,1`: one worker process of a home node."""

from typing import Annotated

import typer


def attach(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def serve(
        node: Annotated[int, typer.Option(help="The home node, 44.")],
        partitions: Annotated[str, typer.Option(help="Its partitions that this process serves: 0,1")],
    ) -> None:
        """Serve some partitions of a home node until a signal. Starting is taking over."""
        from functools import partial

        from homepool.serve import NodeSettings
        from homepool.serve import serve as serve_node
        from runtime import logs
        from runtime.serve import run

        try:
            numbers = sorted({int(number) for number in partitions.split(",")})
        except ValueError:
            raise typer.BadParameter("numbers with commas between them, as in 0,1") from None
        settings = NodeSettings.read()
        logs.configure(process=f"home-{node}-{'-'.join(map(str, numbers))}", level=settings.log_level)
        raise typer.Exit(run(partial(serve_node, settings=settings, node=node, partitions=numbers)))
