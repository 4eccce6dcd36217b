"""The operator's guide of positions names what the code does."""

import re
from pathlib import Path

from clearing.positions.documents import FIGURES, KEYS, POOL
from clearing.scheme import load_scheme

GUIDE = Path("docs/positions.md").read_text(encoding="utf-8")
SQL = Path("clearing/sql/0003_general_ledger.sql").read_text(encoding="utf-8")


def test_the_guide_explains_every_column_of_a_pools_statement() -> None:
    explained = set(re.findall(r"`(\w+)`", GUIDE.split("| column | meaning |")[1].split("\n\n")[0]))
    between = {
        "hifmi_pay",
        "hifob_pay",
        "cvlserv_pay",
        "hifes_pay",
        "hifdm_pay",
        "maf_pay",
    }  # hifp_pay … oth_pay
    plain = {"name", "insutype"}
    assert {column.name for column in (*KEYS[POOL], *FIGURES)} - between - plain == explained - {
        "fund_includes_acct", "parties", "pays", "receives",
    }  # fmt: skip


def test_the_guide_names_every_journal_and_account() -> None:
    table = GUIDE.split("| journal |")[1].split("\n\n")[0]
    booked = SQL.split("CREATE FUNCTION gl_post_run")[1].split("CREATE FUNCTION")[0]
    kinds = set(re.findall(r"'(\w+)' \|\| undone", booked))
    accounts = set(re.findall(r"'(\w+_\w+)'", booked)) - {"_undone"}
    assert kinds == {"benefits", "services", "local", "outside"}
    assert len(accounts) == 6
    assert kinds | accounts <= set(re.findall(r"`(\w+)`", table))


def test_the_guide_shows_the_ways_to_pay_that_are_shipped() -> None:
    scheme = load_scheme()
    assert (scheme.within_province, scheme.across_provinces, dict(scheme.groups)) == (
        "direct",
        "provinces",
        {},
    )
    assert "within a province pool to pool" in GUIDE
