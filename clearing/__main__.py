"""`python -m clearing`: the day of off-site treatment, closed, compared and paid."""

import sys

import typer

from clearing.commands import (
    deduct,
    difference,
    institution,
    instruction,
    month,
    payout,
    position,
    prepayment,
    proposal,
    run,
    statements,
    wallet,
)
from runtime import logs
from runtime.serve import run as run_process

app = typer.Typer(
    help="Clearing: close the day, compare the books, settle what differs, and produce what moves the money.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
difference.attach(app)
run.attach(app)
position.attach(app)
instruction.attach(app)
institution.attach(app)
statements.attach(app)
month.attach(app)
proposal.attach(app)
prepayment.attach(app)
payout.attach(app)
deduct.attach(app)
wallet.attach(app)


@app.command(name="serve")
def serve_command() -> None:
    """Serve what operators' programs and institutions call, on DSGW_LISTEN: the calls of docs/clearing.md. Example:

    DSGW_LISTEN=127.0.0.1:9600 DSGW_POSTGRES_DSN=postgresql://… python -m clearing serve
    """
    from clearing.service.serve import serve
    from clearing.settings import ClearingSettings
    from runtime.errors import RuntimeFault

    try:
        settings = ClearingSettings.read()
    except RuntimeFault as fault:
        typer.echo(f"error: {fault}", err=True)
        raise typer.Exit(2) from None
    logs.configure(process="clearing", level=settings.log_level)
    raise typer.Exit(run_process(lambda: serve(settings)))


def main() -> None:
    """Run a command; what nobody planned for is one sentence, and one line in the log without a row in it."""
    logs.configure(process="clearing", level="warning")
    try:
        app()
    except Exception:
        logs.logger().critical("a command failed in a way that nobody planned for", exc_info=True)
        typer.echo(
            "error: this should not have happened, and nothing more was changed; the line above says where.",
            err=True,
        )
        sys.exit(2)


if __name__ == "__main__":
    main()
