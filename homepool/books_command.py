"""`python -m homepool books --node 44`: the books process of a home node."""

from pathlib import Path
from typing import Annotated, Final

import typer

HELP: Final = """The books process of a home node, until a signal: it closes days, sums them and tells clearing what they
hold (settlement.v1.BooksService on DSGW_LISTEN), and carries wallet transfers (settlement.v1.WalletService) to the nodes
that --nodes names. One is enough; two do no harm. Start it at a lower priority than the workers. Example:

DSGW_POSTGRES_DSN=postgresql://… DSGW_LISTEN=127.0.0.1:7644 nice -n 10 python -m homepool books --node 44
--nodes 45=127.0.0.1:7645,50=127.0.0.1:7650
"""


def attach(app: typer.Typer) -> None:
    """Add the command."""
    app.command("books", help=HELP)(books)


def books(
    node: Annotated[int, typer.Option(help="The home node, 44.")],
    nodes: Annotated[
        str,
        typer.Option(
            help="Other home nodes and where their books processes listen.", metavar="NODE=HOST:PORT,…"
        ),
    ] = "",
    wallets: Annotated[
        Path | None,
        typer.Option(help="What pools allow of wallet transfers; homepool/wallets.toml if left out."),
    ] = None,
) -> None:
    """Serve the books of a home node until a signal."""
    from functools import partial

    from homepool.books_serve import BooksSettings, serve
    from homepool.wallet.carrier import addresses_of
    from homepool.wallet.terms import SHIPPED, load_terms
    from runtime import logs
    from runtime.serve import run

    settings = BooksSettings.read()
    addresses, terms = addresses_of(nodes), load_terms(wallets or SHIPPED)
    logs.configure(process=f"books-{node}", level=settings.log_level)
    raise typer.Exit(run(partial(serve, settings=settings, node=node, terms=terms, addresses=addresses)))
