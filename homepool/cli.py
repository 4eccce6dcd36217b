"""The commands of a home node: `python -m homepool COMMAND`.

A command lives in a module of its own that has `attach(app)`; its heavy imports stay inside the command, so
that asking for help stays quick. A new command is one more name in COMMANDS.
"""

from importlib import import_module
from typing import Final

import typer

from homepool.errors import HomePoolError
from runtime.errors import RuntimeFault

COMMANDS: Final = (
    "homepool.books_command",
    "homepool.explain_command",
    "homepool.golden.command",
    "homepool.loading.command",
    "homepool.parked_command",
    "homepool.loading.people_command",
    "homepool.policy.command",
    "homepool.policy.quote_command",
    "homepool.reimbursement.command",
    "homepool.serve_command",
    "homepool.status_command",
    "homepool.wallet.command",
)


def build() -> typer.Typer:
    """The application with all its commands."""
    app = typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help="The insurer's door: one home node, its policies and its people.",
    )

    @app.callback()
    def home_node() -> None:
        """The insurer's door: one home node, its policies and its people."""

    for name in COMMANDS:
        import_module(name).attach(app)
    return app


def main() -> None:
    """Run the command line; a fault of ours is one sentence on stderr and exit code 2."""
    try:
        build()()
    except (HomePoolError, RuntimeFault) as error:
        typer.echo(f"error: {error}", err=True)
        raise SystemExit(2) from None
