"""`python -m gateway books`: the books process of a care region."""

import sys
from typing import Annotated, Final

import typer

HELP: Final = """The books process of a care region, until a signal: it sums closed days with each home node, after it has
fetched and booked what the region has not got of them, and tells clearing what the care book holds
(settlement.v1.BooksService on DSGW_LISTEN). One a region is enough; two do no harm. It needs no broker. Start it at a
lower priority than the slots. Example:

DSGW_POSTGRES_DSN=postgresql://… DSGW_LISTEN=127.0.0.1:7444 nice -n 10 python -m gateway books --region 44
--nodes 44=127.0.0.1:7644,45=127.0.0.1:7645
"""


def attach(app: typer.Typer) -> None:
    """Add the command."""
    app.command("books", help=HELP)(books)


def books(
    region: Annotated[str, typer.Option(help="Care region of the directory, such as 44.")],
    nodes: Annotated[
        str,
        typer.Option(
            help="The home nodes and where their books processes listen.", metavar="NODE=HOST:PORT,…"
        ),
    ],
) -> None:
    """Serve until a signal."""
    from gateway.days.serve import BooksSettings, addresses_of, serve_books
    from gateway.errors import GatewayError
    from gateway.serve import house_of
    from runtime import logs
    from runtime.errors import RuntimeFault
    from runtime.serve import run

    try:
        settings = BooksSettings.read()
        addresses = addresses_of(nodes, house_of(region, 0, settings.data_dir).directory)
    except RuntimeFault as wrong:
        print(f"gateway: {wrong}", file=sys.stderr)
        raise typer.Exit(2) from None
    logs.configure(process=f"books-{region}", level=settings.log_level)

    async def main() -> int:
        try:
            return await serve_books(settings=settings, region=region, addresses=addresses)
        except GatewayError as wrong:
            logs.logger().critical("stopped", reason=str(wrong))
            print(f"gateway: {wrong}", file=sys.stderr)
            return 2

    raise typer.Exit(run(main))
