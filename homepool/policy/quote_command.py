"""`quote`: what would this bill cost me, explained layer by layer."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

HELP = """What would this bill cost me? Each layer is explained in words; nothing is stored.

Amounts are yuan, exact to the fen. Examples:

python -m homepool quote --pool 440300 --insutype 310 --med-type 21 --total 12000.00

python -m homepool quote --pool 441500 --insutype 390 --med-type 21 --total 48000 --in-scope 41000 --filing
referral

python -m homepool quote --pool 440100 --insutype 310 --med-type 11 --total 260.50 --level 1 --psn-type 1201
--json
"""


def attach(app: typer.Typer) -> None:
    """Add the command."""
    app.command("quote", help=HELP)(quote_bill)


def quote_bill(
    pool: Annotated[int, typer.Option(help="Division of the home pool, 440300.")],
    insutype: Annotated[str, typer.Option(help="310 employees, 390 residents, 510 maternity.")],
    med_type: Annotated[str, typer.Option(help="11, 13, 14, 21, 41, 51 or 52.")],
    total: Annotated[str, typer.Option(help="The whole bill, in yuan.")],
    in_scope: Annotated[str, typer.Option(help="Its in-scope part; left out: all but the next two.")] = "",
    first_pay: Annotated[str, typer.Option(help="First-pay share of class B items.")] = "0",
    over_limit: Annotated[str, typer.Option(help="What is above price limits.")] = "0",
    filing: Annotated[
        str, typer.Option(help="local, long_term, referral, emergency, other or unfiled.")
    ] = "local",
    filed_from: Annotated[str, typer.Option(help="First day of the filing, for the words.")] = "",
    filed_to: Annotated[str, typer.Option(help="Its last day.")] = "",
    chronic_not_filed: Annotated[
        bool, typer.Option("--chronic-not-filed", help="The chronic disease was not filed (2503).")
    ] = False,
    not_designated: Annotated[
        bool, typer.Option("--not-designated", help="The person did not choose this institution (2505).")
    ] = False,
    route: Annotated[str, typer.Option(help="local, within (the province) or across.")] = "",
    level: Annotated[str, typer.Option(help="Hospital level 1, 2 or 3.")] = "3",
    psn_type: Annotated[str, typer.Option(help="1101 in work, 1201 retired, 1501 resident …")] = "",
    age: Annotated[int, typer.Option(min=0, max=150)] = 40,
    identity: Annotated[list[str] | None, typer.Option(help="Medical-aid identity; may be repeated.")] = None,
    civil_servant: Annotated[bool, typer.Option("--civil-servant")] = False,
    disease: Annotated[str, typer.Option(help="Chronic disease code, M03900.")] = "",
    balance: Annotated[str, typer.Option(help="Personal account balance.")] = "0",
    used: Annotated[
        list[str] | None, typer.Option(help="Used this year, name=amount: pooled=5000.00.")
    ] = None,
    date: Annotated[str, typer.Option(help="Day of care, yyyy-MM-dd; left out: today in China.")] = "",
    policies: Annotated[
        Path | None,
        typer.Option(envvar="DSGW_DATA_DIR", help="A folder of policies; left out: those shipped."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Figures in fen, and the words, as JSON.")] = False,
) -> None:
    """Answer one question."""
    from homepool.policy.files import load_policies
    from homepool.policy.quote import Question, quote

    answer = quote(
        Question(
            pool=pool, insutype=insutype, med_type=med_type, total=total,
            day=date or (datetime.now(UTC) + timedelta(hours=8)).date().isoformat(), in_scope=in_scope,
            first_pay=first_pay, over_limit=over_limit, filing=filing, filed_from=filed_from, filed_to=filed_to,
            chronic_not_filed=chronic_not_filed, not_designated=not_designated, route=route, level=level,
            psn_type=psn_type, age=age, identities=tuple(identity or ()), civil_servant=civil_servant, disease=disease,
            balance=balance, used=tuple(used or ()),
        ),
        load_policies(policies),
    )  # fmt: skip
    if as_json:
        typer.echo(json.dumps(answer.as_json(), ensure_ascii=False, indent=1))
    else:
        typer.echo("\n".join(answer.words()))
