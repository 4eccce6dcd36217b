"""`python -m gateway`: the process of one slot, the region's books process, and how the region stands."""

import sys
from typing import Annotated

import typer

from gateway import status_command
from gateway.days import command as books_command
from gateway.errors import GatewayError
from gateway.serve import serve
from runtime import logs
from runtime.errors import RuntimeFault
from runtime.serve import run
from runtime.settings import ProcessSettings

app = typer.Typer(
    help="The institutions' door of a care region.", no_args_is_help=True, pretty_exceptions_enable=False
)


@app.callback()
def _group() -> None:
    """The institutions' door of a care region."""


status_command.attach(app)
books_command.attach(app)


@app.command(name="serve")
def serve_command(
    region: Annotated[str, typer.Option(help="Care region of the directory, such as 44.")],
    slot: Annotated[
        int, typer.Option(min=0, max=999, help="Which gateway process of the region this is.")
    ] = 0,
    nodes: Annotated[
        str, typer.Option(help="Home nodes to speak to, such as 44,45; all of the directory if left out.")
    ] = "",
) -> None:
    """Serve SettlementService and FilingService until SIGTERM.

    Example: DSGW_POSTGRES_DSN=… DSGW_KAFKA_BOOTSTRAP=… DSGW_LISTEN=127.0.0.1:7440 python -m gateway serve --region 44
    """
    try:
        settings = ProcessSettings.read()
        chosen = [int(node) for node in nodes.split(",") if node]
    except (RuntimeFault, ValueError) as wrong:
        print(f"gateway: {wrong}", file=sys.stderr)
        raise typer.Exit(2) from None
    logs.configure(process=f"gateway-{region}-{slot}", level=settings.log_level)

    async def main() -> int:
        try:
            return await serve(settings=settings, region=region, slot=slot, nodes=chosen)
        except GatewayError as wrong:
            logs.logger().critical("stopped", reason=str(wrong))
            print(f"gateway: {wrong}", file=sys.stderr)
            return 2

    raise typer.Exit(run(main))


if __name__ == "__main__":
    app()
