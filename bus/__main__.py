"""`python -m bus topics`: make the topics, for whoever starts a broker."""

import asyncio
from typing import Annotated

import typer

from bus.errors import BusError
from bus.topics import PARTITIONS_MAX, make_topics

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def main() -> None:
    """Messages in motion: what an operator can do with the log."""


@app.command()
def topics(
    bootstrap: Annotated[str, typer.Option(help="Kafka addresses, host:port[,host:port...]")],
    topic: Annotated[list[str], typer.Option(help="NAME:PARTITIONS, for instance req.44:2; may be repeated")],
    replication: Annotated[int, typer.Option(min=1, help="replicas of each partition")] = 1,
    wait_s: Annotated[
        float, typer.Option(min=0.1, help="how long to wait for the broker, in seconds")
    ] = 30.0,
) -> None:
    """Make the topics that are missing; again is harmless. Do it before anyone sends."""
    wanted = dict(_parsed(text) for text in topic)
    try:
        made = asyncio.run(make_topics(bootstrap, wanted, replication=replication, wait_s=wait_s))
    except BusError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    for name, partitions in wanted.items():
        typer.echo(f"{name} {partitions} {'made' if name in made else 'was there'}")


def _parsed(text: str) -> tuple[str, int]:
    name, _, partitions = text.rpartition(":")
    if not name or not partitions.isdigit() or not 0 < int(partitions) <= PARTITIONS_MAX:
        raise typer.BadParameter(f"{text!r} is not NAME:PARTITIONS with 1 to {PARTITIONS_MAX} partitions")
    return name, int(partitions)


if __name__ == "__main__":
    app()
