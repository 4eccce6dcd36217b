"""`python -m homepool wallet …`: account money to relatives in other pools (医保钱包), for a node's operators."""

import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from homepool.errors import HomePoolError

if TYPE_CHECKING:
    from homepool.wallet.book import PostgresWalletBook
    from homepool.wallet.desk import WalletDesk
    from homepool.wallet.transfers import Held, Refused

HELP: Final = """Wallet transfers (医保钱包): a person sends account money to a relative insured in another pool. Works on
the home book of DSGW_POSTGRES_DSN while the node works; its books process carries what was sent. docs/wallet.md has more.
"""
SEND_HELP: Final = """Take money from a person's account and send it to a relative.

The same orderer and msgid again send nothing twice and tell how the transfer stands. Exit code 1: refused, and the code
says why; nothing was stored. Example:

python -m homepool wallet send 44030090000101 --pool 440300 --to 50000090000102 --to-pool 500000 --amount-fen 150000
--orderer SZDESK --msgid SZ-2026-000017
"""
ACCEPT_HELP: Final = """Credit a transfer that waits for a person, at the receiver's node. Again is harmless. Example:

python -m homepool wallet accept AAAAAAAAABVDWRIVBXEPYH3M4M --person 50000090000102
"""
SHOW_HELP: Final = """Show one transfer with its legs, as this node has it. Example:

python -m homepool wallet show AAAAAAAAABVDWRIVBXEPYH3M4M
"""
LIST_HELP: Final = """List transfers, the latest first: of all, or of one person. Examples:

python -m homepool wallet list

python -m homepool wallet list --person 44030090000101 --json
"""
REFUSED_EXIT: Final = 1
LOCK_TIMEOUT: Final = "5s"

AsJson = Annotated[bool, typer.Option("--json", help="The same as JSON, amounts in fen.")]
Wallets = Annotated[
    Path | None, typer.Option(help="What pools allow; homepool/wallets.toml where it is left out.")
]


class OrderWrong(HomePoolError):
    """The order is not as it must be; the message names the option."""


def attach(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help=HELP, no_args_is_help=True)
    group.command("send", help=SEND_HELP)(send)
    group.command("accept", help=ACCEPT_HELP)(accept)
    group.command("show", help=SHOW_HELP)(show)
    group.command("list", help=LIST_HELP)(list_transfers)
    app.add_typer(group, name="wallet")


def send(
    psn_no: Annotated[str, typer.Argument(help="Whose account pays.")],
    pool: Annotated[int, typer.Option(help="In which the account is, 440300.")],
    to: Annotated[str, typer.Option(help="The relative's psn_no.")],
    to_pool: Annotated[int, typer.Option(help="In which the relative is insured, 500000.")],
    amount_fen: Annotated[int, typer.Option(help="How much, in fen.")],
    orderer: Annotated[str, typer.Option(help="Who hands it in.")],
    msgid: Annotated[str, typer.Option(help="Its number there: names the transfer for ever.")],
    wallets: Wallets = None,
    as_json: AsJson = False,
) -> None:
    """Send money."""
    from homepool.wallet.service import AMOUNT_FEN_MAX, WORD_CHARACTERS_MAX
    from homepool.wallet.transfers import Transfer, transfer_id
    from runtime import operators

    for name, text in (("psn_no", psn_no), ("--to", to), ("--orderer", orderer), ("--msgid", msgid)):
        if not (0 < len(text) <= WORD_CHARACTERS_MAX and text.isprintable() and text == text.strip()):
            raise OrderWrong(f"{name}: at most {WORD_CHARACTERS_MAX} characters without blanks at its ends.")
    for name, code in (("--pool", pool), ("--to-pool", to_pool)):
        if not 100_000 <= code <= 999_999:
            raise OrderWrong(f"{name}: a pool has six digits, such as 440300.")
    if not 0 < amount_fen <= AMOUNT_FEN_MAX:
        raise OrderWrong("--amount-fen: above 0, in fen: 150000 is 1,500 yuan.")
    order = Transfer(transfer_id(orderer, msgid), psn_no, pool, to, to_pool, amount_fen)

    async def sent() -> "Held | Refused":
        async with _desk(wallets) as (desk, _):
            return await desk.send(order, by=orderer)

    _answer(operators.run(sent()), as_json=as_json)


def accept(
    transfer: Annotated[str, typer.Argument(help="The transfer's 26 characters.")],
    person: Annotated[str, typer.Option(help="The receiver's psn_no.")],
    wallets: Wallets = None,
    as_json: AsJson = False,
) -> None:
    """Accept money."""
    from runtime import operators
    from runtime.keys import setl_id_bytes

    async def accepted() -> "Held | Refused":
        id_ = setl_id_bytes(transfer)
        async with _desk(wallets) as (desk, _):
            return await desk.accept(id_, person)

    _answer(operators.run(accepted()), as_json=as_json)


def show(
    transfer: Annotated[str, typer.Argument(help="The transfer's 26 characters.")], as_json: AsJson = False
) -> None:
    """Show one transfer."""
    from homepool.wallet.transfers import IN, OUT, Refused
    from runtime import operators
    from runtime.keys import setl_id_bytes

    async def looked() -> "list[Held]":
        id_ = setl_id_bytes(transfer)
        async with _desk(None) as (_, book):
            return [one for side in (OUT, IN) if (one := await book.held(id_, side)) is not None]

    found = operators.run(looked())
    if not found:
        _answer(Refused("TRANSFER_UNKNOWN", "this node has no transfer of this id"), as_json=as_json)
    for held in found:
        _answer(held, as_json=as_json)


def list_transfers(
    person: Annotated[str, typer.Option(help="Only this psn_no's.")] = "",
    transfers_max: Annotated[int, typer.Option("--max", min=1, max=500, help="At most so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List transfers."""
    from rich.console import Console
    from rich.table import Table

    from homepool.benefits.words import yuan
    from homepool.wallet.service import told
    from runtime import operators
    from runtime.operators import masked

    async def looked() -> "list[Held]":
        async with _desk(None) as (_, book):
            return await book.of_person(person, transfers_max)

    found = operators.run(looked())
    if as_json:
        typer.echo(json.dumps([_json(one) for one in found], ensure_ascii=False, indent=1))
        return
    if not found:
        typer.echo("No transfers.")
        return
    table = Table("transfer", "", "state", "from", "to")
    table.add_column("yuan", justify="right")
    table.add_column("sent")
    for held in found:
        one = told(held)
        table.add_row(
            one.transfer_id, one.side, " ".join(filter(None, (one.state, one.code))),
            f"{masked(one.psn_no)} {one.pool}", f"{masked(one.to_psn_no)} {one.to_pool}",
            yuan(one.amount_fen), one.sent_time[:16],
        )  # fmt: skip
    Console().print(table)


@contextlib.asynccontextmanager
async def _desk(wallets: Path | None) -> "AsyncIterator[tuple[WalletDesk, PostgresWalletBook]]":
    from homepool.schema import migrated
    from homepool.wallet.book import PostgresWalletBook
    from homepool.wallet.desk import WalletDesk
    from homepool.wallet.terms import SHIPPED, load_terms
    from runtime import logs, postgres
    from runtime.clock import SystemClock
    from runtime.operators import OperatorSettings

    logs.configure(process="wallet", level="warning")
    terms, dsn = load_terms(wallets or SHIPPED), OperatorSettings.read().dsn
    async with (
        migrated(dsn, name="wallet migrations"),
        postgres.pooled(
            dsn, application_name="wallet", sessions_max=1, lock_timeout=LOCK_TIMEOUT
        ) as sessions,
    ):
        book = PostgresWalletBook(sessions)
        yield WalletDesk(book, terms=terms, clock=SystemClock()), book


def _answer(found: "Held | Refused", *, as_json: bool) -> None:
    from homepool.benefits.words import yuan
    from homepool.wallet.service import told
    from homepool.wallet.transfers import Refused
    from runtime.operators import masked

    if isinstance(found, Refused):
        if as_json:
            typer.echo(json.dumps({"code": found.code, "message": found.message}, ensure_ascii=False))
        else:
            typer.echo(f"{found.code}: {found.message}", err=True)
        raise typer.Exit(REFUSED_EXIT)
    if as_json:
        typer.echo(json.dumps(_json(found), ensure_ascii=False, indent=1))
        return
    one = told(found)
    typer.echo(f"transfer   {one.transfer_id}, {one.side}: {' '.join(filter(None, (one.state, one.code)))}")
    typer.echo(f"from       {masked(one.psn_no)} of pool {one.pool}")
    typer.echo(f"to         {masked(one.to_psn_no)} of pool {one.to_pool}")
    typer.echo(f"amount     {yuan(one.amount_fen)} yuan of account money")
    typer.echo(f"sent       {one.sent_time}, can be accepted until {one.expires_time}")
    for leg in one.legs:
        there = f", there on {leg.counter_day}" if leg.counter_day else ""
        typer.echo(f"{leg.kind:<10} {leg.day}{there}{f' ({leg.code})' if leg.code else ''}")


def _json(held: "Held") -> dict[str, Any]:
    from google.protobuf.json_format import MessageToDict

    from homepool.wallet.service import told

    found: dict[str, Any] = MessageToDict(told(held), preserving_proto_field_name=True)
    found["amount_fen"] = held.transfer.fen
    for leg in found.get("legs", []):
        leg["amount_fen"] = held.transfer.fen
    return found
