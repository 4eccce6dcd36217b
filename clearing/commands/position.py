"""`python -m clearing positions|explain`: who owes whom, and the settlements behind a figure."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from clearing.options import AsJson
from clearing.periods import Batch, DayOrNone, Month, Period, period_of

if TYPE_CHECKING:
    from clearing.positions.explain import Explained, Item
    from clearing.positions.position_book import Gross, NetRow, OutsideRow, RunPayment
    from clearing.session import Session

POSITIONS_HELP: Final = """Who owes whom, by insurance and fund, never across them: the gross matrix (rows owe
columns), the multilateral net over it, and apart from both what payers outside the pools owe and what pools owe one
another for wallets; and how the runs are paid. Examples:

python -m clearing positions --date 2026-11-23

python -m clearing positions --month 2026-11 --insutype 310 --fund 310100

python -m clearing positions --date yesterday --json
"""
EXPLAIN_HELP: Final = """From a figure down to what makes it: the institutions' sums of each run, and with --items the
settlements, from the home books. A position is PERIOD/INSUTYPE/FUND/DEBTOR/CREDITOR, a net
PERIOD/INSUTYPE/FUND/POOL. Exit code 1: the settlements do not add up to the figure. Examples:

python -m clearing explain 2026-11-23/310/310100/450100/440100

python -m clearing explain 2026-11/310/310200/450100/440100 --institution H44010490001 --items

python -m clearing explain 2026-11-23/310/310100/440100

python -m clearing explain 2026-11-23/390/390200/carrier:450100/440100 --items --json

python -m clearing explain 2026-11-23/310/wallet/440300/500000 --items
"""
MATRIX_COLUMNS_MAX: Final = 8
ITEMS_SHOWN_MAX: Final = 200
_RUNS_SHOWN_MAX: Final = 6
LOOK_EXIT: Final = 1

Institution = Annotated[str, typer.Option(metavar="CODE", help="Of this institution only.")]


def attach(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("positions", help=POSITIONS_HELP)(positions)
    app.command("explain", help=EXPLAIN_HELP)(explain)


def positions(
    day: DayOrNone = "",
    month: Month = "",
    insutype: Annotated[str, typer.Option(help="Of this insurance only, such as 310.")] = "",
    fund: Annotated[str, typer.Option(help="Of this fund only, such as 310100.")] = "",
    batch: Batch = 0,
    as_json: AsJson = False,
) -> None:
    """Print."""
    from clearing import session
    from clearing.errors import NotFound
    from clearing.positions.position_book import PositionReader

    period = period_of(day, month)

    async def looked(
        opened: "Session",
    ) -> "tuple[list[Any], list[Gross], list[NetRow], list[OutsideRow], list[RunPayment]]":
        reader = PositionReader(opened.connection, period.first, period.last, batch=batch)
        runs = await reader.runs()
        if not runs:
            raise NotFound(f"Nothing of {period.text} was run; `python -m clearing runs` lists what was.")
        wanted = {"insutype": insutype, "fund": fund}
        return (
            runs,
            await reader.gross(**wanted),
            await reader.net(**wanted),
            await reader.outside(**wanted),
            await reader.payments(),
        )

    runs, gross, net, outside, paid = session.asked(looked)
    if as_json:
        typer.echo(
            json.dumps(_as_json(period, runs, gross, net, outside, paid), ensure_ascii=False, indent=1)
        )
        return
    typer.echo(f"{period.text}: {', '.join(f'{day} batch {batch}' for day, batch in runs)}. Amounts in yuan.")
    _print(period, gross, net, outside)
    for line in payment_lines(paid):
        typer.echo(line)


def payment_lines(paid: "Sequence[RunPayment]") -> list[str]:
    """A line for each column that was run: what of it is paid; the runs that are not, by name."""
    lines = []
    for kind in sorted({one.kind for one in paid}):
        at = {
            state: [one for one in paid if (one.kind, one.state) == (kind, state)]
            for state in ("paid", "under_way", "unpaid")
        }
        told = [f"{len(at['paid'])} runs paid"] if at["paid"] else []
        told += [f"{one.day} batch {one.batch} under way with {one.period}" for one in at["under_way"]]
        told += [f"{one.day} batch {one.batch} unpaid" for one in at["unpaid"]]
        lines.append(
            f"{kind}: {', '.join(told[:_RUNS_SHOWN_MAX])}{', …' if len(told) > _RUNS_SHOWN_MAX else ''}."
        )
    return lines


def _as_json(
    period: Period,
    runs: Sequence[Any],
    gross: "Sequence[Gross]",
    net: "Sequence[NetRow]",
    outside: "Sequence[OutsideRow]",
    paid: "Sequence[RunPayment]",
) -> dict[str, Any]:
    sums: dict[tuple[str, str, str], int] = {}
    for row in net:
        key = (row.group, row.insutype, row.fund)
        sums[key] = sums.get(key, 0) + row.amount_fen
    head = f"{period.text}/"
    return {
        "period": period.text,
        "runs": [{"day": day.isoformat(), "batch": batch} for day, batch in runs],
        "gross": [
            {"position": f"{head}{one.insutype}/{one.fund}/{one.debtor}/{one.creditor}", **one._asdict()}
            for one in gross
        ],
        "net": [one._asdict() for one in net],
        "nets_zero": not any(sums.values()),
        "outside": [
            {"position": f"{head}{one.insutype}/{one.fund}/{one.party}/{one.creditor}", **one._asdict()}
            for one in outside
        ],
        "payments": [one._asdict() | {"day": one.day.isoformat()} for one in paid],
    }


class Names(dict[int, str]):
    """Pools for people; one that parties.csv does not have goes by its code."""

    def __missing__(self, pool: int) -> str:
        return str(pool)


def _print(
    period: Period, gross: "Sequence[Gross]", net: "Sequence[NetRow]", outside: "Sequence[OutsideRow]"
) -> None:
    from clearing.commands.tables import show, yuan
    from clearing.parties import load_parties
    from clearing.scheme import load_scheme

    scheme, parties = load_scheme(), load_parties()
    names = Names({int(code): f"{code} {one.name}" for code, one in parties.items() if code.isdigit()})
    for insutype, fund in sorted({(one.insutype, one.fund) for one in gross}):
        title = f"insurance {insutype}, fund {fund} {scheme.fund_name(insutype, fund)}"
        cells = [one for one in gross if (one.insutype, one.fund) == (insutype, fund)]
        nets = [one for one in net if (one.group, one.insutype, one.fund) == ("", insutype, fund)]
        _print_matrix(title, cells, nets, names)
    if not gross:
        typer.echo("No pool owes another anything.")
    rows = [
        (one.insutype, f"{one.fund} {scheme.fund_name(one.insutype, one.fund)}", scheme.party_name(one.party),
         names[one.home_pool], names[one.creditor], one.items, yuan(one.amount_fen))
        for one in outside
    ]  # fmt: skip
    head = ("insurance", "fund", "payer", "for people of", "owes to", "items", "amount")
    show(
        head,
        rows,
        nothing="No payer outside the pools owes anything.",
        title="payers outside the pools, in no net",
    )
    if gross:
        one = gross[0]
        typer.echo(
            "What makes a figure: python -m clearing explain"
            f" {period.text}/{one.insutype}/{one.fund}/{one.debtor}/{one.creditor}"
        )


def _print_matrix(title: str, cells: "Sequence[Gross]", nets: "Sequence[NetRow]", names: "Names") -> None:
    from clearing.commands.tables import show, yuan

    creditors = sorted({one.creditor for one in cells})
    if len(creditors) <= MATRIX_COLUMNS_MAX:
        at = {(one.debtor, one.creditor): one.amount_fen for one in cells}
        rows = [
            (
                names[debtor],
                *[yuan(at[debtor, c]) if (debtor, c) in at else "" for c in creditors],
            )
            for debtor in sorted({one.debtor for one in cells})
        ]
        show(("owes", *[names[c] for c in creditors]), rows, nothing="", title=title)
    else:
        listed = [
            (names[one.debtor], names[one.creditor], one.items, yuan(one.amount_fen))
            for one in cells
        ]  # fmt: skip
        show(("owes", "to", "items", "amount"), listed, nothing="", title=title)
    if not nets:
        return
    rows = [
        (names[one.pool], yuan(one.receivable_fen), yuan(one.payable_fen), yuan(one.amount_fen))
        for one in nets
    ]
    rows.append(("sum", *[yuan(sum(getattr(one, column) for one in nets)) for column in
                          ("receivable_fen", "payable_fen", "amount_fen")]))  # fmt: skip
    show(("net", "to receive", "to pay", "on balance"), rows, nothing="")


def explain(
    position: Annotated[str, typer.Argument(help="PERIOD/INSUTYPE/FUND/DEBTOR/CREDITOR")],
    institution: Institution = "",
    with_items: Annotated[bool, typer.Option("--items", help="Down to the settlements.")] = False,
    as_json: AsJson = False,
) -> None:
    """Drill down."""
    from clearing import session
    from clearing.positions import explain as behind
    from clearing.scheme import WALLET
    from clearing.wallet.wallet_items import transfers
    from clearing.wallet.wallet_run import opened_wallets
    from runtime import operators

    if behind.is_net(position):
        _explain_net(position, as_json=as_json)
        return

    async def looked() -> "tuple[Explained, list[Item]]":
        of = behind.position_id(position)
        async with session.opened() as opened:
            explained = await behind.explain(opened.connection, of, institution=institution)
            if not with_items:
                return explained, []
            if of.fund == WALLET:
                async with opened_wallets(opened.settings.books_at()) as wallets:
                    return explained, [one async for one in transfers(opened.connection, explained, wallets)]
            streamed = behind.items(opened.connection, explained, opened.books, institution=institution)
            return explained, [one async for one in streamed]

    explained, found = operators.run(looked())
    carried = sum(one.carried_fen for one in explained.shares)
    counted = sum(one.amount_fen for one in found if not one.aside)
    adds_up = not with_items or counted + carried == explained.amount_fen
    if as_json:
        told = behind.as_json(explained)
        if with_items:
            told["items"] = [one._asdict() | {"day": one.day.isoformat()} for one in found]
            told["adds_up"] = adds_up
        typer.echo(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        _print_explained(explained, found, carried, with_items=with_items)
    if not adds_up:
        typer.echo(
            f"error: the settlements come to {counted + carried} fen, the figure is {explained.amount_fen} fen;"
            " `python -m clearing verify` says more.",
            err=True,
        )
        raise typer.Exit(LOOK_EXIT)


def _explain_net(position: str, *, as_json: bool) -> None:
    from clearing import session
    from clearing.commands.tables import show, yuan
    from clearing.positions import explain as behind

    cells = session.asked(lambda opened: behind.explain_net(opened.connection, position))
    total = sum(one.amount_fen for one in cells)
    if as_json:
        told = [{"position": one.of.text, "amount_fen": one.amount_fen} for one in cells]
        typer.echo(json.dumps({"position": position, "amount_fen": total, "cells": told}, indent=1))
        return
    typer.echo(f"{position}: {yuan(total)} yuan on balance; what is to be paid is negative")
    show(("position", "amount"), [(one.of.text, yuan(one.amount_fen)) for one in cells], nothing="")


def _print_explained(
    explained: "Explained", found: "Sequence[Item]", carried: int, *, with_items: bool
) -> None:
    from clearing.commands.tables import show, yuan

    typer.echo(f"{explained.of.text}: {yuan(explained.amount_fen)} yuan, of {' + '.join(explained.columns)}")
    shares = [
        (one.day, one.batch, one.home_pool, one.fixmedins_code, one.items, yuan(one.amount_fen), yuan(one.carried_fen))
        for one in explained.shares
    ]  # fmt: skip
    head = ("day", "batch", "home pool", "institution", "items", "amount", "of it carried in")
    show(head, shares, nothing="")
    for line in payment_lines(explained.payments):
        typer.echo(line)
    if not with_items:
        typer.echo("Down to the settlements: --items")
        return
    rows = [
        (
            one.day,
            one.setl_id,
            one.fixmedins_code,
            yuan(one.amount_fen),
            "set aside, in a difference" if one.aside else "",
        )
        for one in found[:ITEMS_SHOWN_MAX]
    ]
    show(("day", "setl_id", "institution", "amount", ""), rows, nothing="No settlement.")
    if len(found) > ITEMS_SHOWN_MAX:
        typer.echo(f"{len(found) - ITEMS_SHOWN_MAX} more; --json has them all.")
    typer.echo(
        f"{len(found)} settlements, {yuan(sum(one.amount_fen for one in found if not one.aside))} yuan counted,"
        f" {yuan(carried)} carried in from resolved differences."
    )
