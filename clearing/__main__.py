"""`python -m clearing`: the day of off-site treatment, closed, compared and paid."""

import sys

import typer

from clearing import difference_command, run_command
from runtime import logs

app = typer.Typer(
    help="Clearing: close the day, compare the books, settle what differs, and produce what moves the money.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
difference_command.attach(app)
run_command.attach(app)

if __name__ == "__main__":
    logs.configure(process="clearing", level="warning")
    sys.exit(app())
