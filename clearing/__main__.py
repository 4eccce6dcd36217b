"""`python -m clearing`: the day of off-site treatment, closed, compared and paid."""

import sys

import typer

from clearing import (
    deduct_command,
    difference_command,
    institution_command,
    instruction_command,
    month_command,
    payout_command,
    position_command,
    prepayment_command,
    proposal_command,
    run_command,
    statements_command,
    wallet_command,
)
from runtime import logs
from runtime.serve import run as run_process

app = typer.Typer(
    help="Clearing: close the day, compare the books, settle what differs, and produce what moves the money.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
difference_command.attach(app)
run_command.attach(app)
position_command.attach(app)
instruction_command.attach(app)
institution_command.attach(app)
statements_command.attach(app)
month_command.attach(app)
proposal_command.attach(app)
prepayment_command.attach(app)
payout_command.attach(app)
deduct_command.attach(app)
wallet_command.attach(app)


@app.command(name="serve")
def serve_command() -> None:
    """Serve ClearingService and StatementService on DSGW_LISTEN, for operators' programs and institutions. Example:

    DSGW_LISTEN=127.0.0.1:9600 DSGW_POSTGRES_DSN=postgresql://… python -m clearing serve
    """
    from clearing.serve import serve
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
