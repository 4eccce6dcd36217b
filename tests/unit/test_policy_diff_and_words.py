"""`policy diff` shows what a change does to sample bills and nothing else; `policy explain` says what the engine does."""

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner

from homepool.benefits import settle
from homepool.cli import build
from homepool.errors import PolicyInvalid
from homepool.policy.diff import compare
from homepool.policy.explain import sheet
from homepool.policy.files import SHIPPED, load_policies, read_policy
from homepool.policy.form import MED_TYPES
from homepool.policy.samples import BILLS, cases, identities_of
from tests.bills import a_policy

NAME = "440300-310-2023-10-01.toml"
OLD, NEW = SHIPPED / "500000-390-2025-01-01.toml", SHIPPED / "500000-390-2026-01-01.toml"


def changed(tmp_path: Path, *edits: tuple[str, str], name: str = NAME) -> Path:
    """A copy of a shipped file, changed."""
    text = (SHIPPED / name).read_text(encoding="utf-8")
    for old, new in edits:
        assert old in text
        text = text.replace(old, new, 1)
    (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path / name


def test_the_same_policies_differ_nowhere() -> None:
    found = compare(SHIPPED / NAME, SHIPPED / NAME)
    assert (found.differences, found.heads) == ((), ())
    assert found.bills > 1_000


def test_a_change_of_one_figure_touches_whom_it_is_about_and_nobody_else(tmp_path: Path) -> None:
    new = changed(tmp_path, ("deductible_fen = [60_000, 30_000] # D1\nratio_bp = 9_500 # D1",
                             "deductible_fen = [60_000, 30_000] # D1\nratio_bp = 9_400 # D1"))  # fmt: skip
    found = compare(SHIPPED / NAME, new)
    assert found.differences
    assert {one.case.sample.med_type for one in found.differences} == {"21"}
    assert {one.case.sample.level for one in found.differences} == {"3"}
    assert {one.case.somebody.name for one in found.differences} == {"retired", "veteran"}
    local = next(
        one for one in found.differences
        if one.case.sample.name == "stay 62,000, level 3" and one.case.route == "local"
    )  # fmt: skip
    assert (
        local.before.amounts["pooled_fen"] - local.after.amounts["pooled_fen"] == (5_100_000 - 60_000) // 100
    )
    assert sum(local.after.amounts.values()) - local.after.amounts["deductible_fen"] == 6_200_000


def test_every_place_of_a_policy_that_decides_money_shows_on_some_bill(tmp_path: Path) -> None:
    """Change each figure of a file alone: a sample set that misses one would let a change through unseen."""
    lines = (SHIPPED / NAME).read_text(encoding="utf-8").splitlines(keepends=True)
    policy = read_policy(SHIPPED / NAME)
    played = [
        (case.bill, case.standing, settle(case.bill, policy, case.standing))
        for case in cases(440300, "310", "2026-01-01", identities_of([policy]))
    ]
    unseen = []
    for at, line in enumerate(lines):
        key, _, rest = line.partition(" = ")
        if (
            key not in ("ratio_bp", "ratio_points_bp", "ratio_multiplier_bp", "deductible_fen")
            or " 0 #" in line
        ):
            continue
        figure = rest.split(" #")[0].strip("[]").split(",")[0]
        other = str(int(figure.replace("_", "")) - 700) if "-" not in figure else "-100"
        text = "".join([*lines[:at], line.replace(figure, other, 1), *lines[at + 1 :]])
        (tmp_path / NAME).write_text(text, encoding="utf-8")
        new = read_policy(tmp_path / NAME)
        if not any(settle(bill, new, standing) != before for bill, standing, before in played):
            unseen.append(f"{at + 1}: {line.strip()}")
    assert unseen == []


def test_a_dialect_and_what_decides_filings_are_told_though_no_bill_shows_them(tmp_path: Path) -> None:
    new = changed(tmp_path, ("fund_includes_account = true", "fund_includes_account = false"),
                  ('stay_year = "end"', 'stay_year = "begin"'), ('care = ["44"]', 'care = ["44", "45"]'))  # fmt: skip
    found = compare(SHIPPED / NAME, new)
    assert found.differences == ()
    assert [(key, before, after) for _, key, before, after in found.heads] == [
        ("fund_includes_account", "True", "False"),
        ("stay_year", "end", "begin"),
        ("filing_free", "44 [11 13] as long_term", "44 45 [11 13] as long_term"),
    ]


def test_what_must_be_filed_is_told_where_it_differs(tmp_path: Path) -> None:
    name = "440100-310-2024-01-01.toml"
    new = changed(
        tmp_path, ("chronic_needed = true", "chronic_needed = false"), ('designated_routes = ["local"]',
        'designated_routes = ["local", "within"]'), ("begin_back_days_most = 90", "begin_back_days_most = 30"), name=name,
    )  # fmt: skip
    found = compare(SHIPPED / name, new)
    assert found.differences == ()
    ((_, key, before, after),) = found.heads
    assert key == "filing"
    for was, becomes in (
        ("begin_back_days_most 90", "begin_back_days_most 30"),
        ("chronic_needed True", "chronic_needed False"),
        ("designated_routes 1", "designated_routes 1 2"),
    ):
        assert was in before
        assert becomes in after


def test_what_only_the_year_remembers_is_a_difference_too(tmp_path: Path) -> None:
    new = changed(tmp_path, ("deductible_feeds = true # A", "deductible_feeds = false # A"))
    quiet = [
        one for one in compare(SHIPPED / NAME, new).differences if one.before.amounts == one.after.amounts
    ]
    assert quiet
    assert all(
        one.before.remembered["big_illness_base"] > one.after.remembered.get("big_illness_base", 0)
        for one in quiet
    )


def test_folders_are_compared_as_a_node_would_decide_day_by_day(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    maternity = "450100-510-2024-01-01.toml"
    for folder, names in ((old, (OLD.name, NEW.name, maternity)), (new, (OLD.name,))):
        folder.mkdir()
        for name in names:
            shutil.copy(SHIPPED / name, folder)
    found = compare(old, new)
    by_policy = Counter((one.pool, one.insutype, one.day) for one in found.differences)
    assert set(by_policy) == {(500000, "390", "2026-01-01"), (450100, "510", "2024-01-01")}
    gone = [one for one in found.differences if one.pool == 450100]
    assert {one.after.declined for one in gone} == {"NO_POLICY"}
    assert ("450100-510 2024-01-01", "policy", "450100-510-2024-01-01", "none") in found.heads


def test_what_cannot_be_compared_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(PolicyInvalid, match="it is for 500000-390, the old one for 440300-310"):
        compare(SHIPPED / NAME, NEW)
    with pytest.raises(PolicyInvalid, match="a file with a file"):
        compare(SHIPPED, NEW)
    with pytest.raises(PolicyInvalid, match="no such file"):
        compare(SHIPPED, tmp_path / "nowhere")


def test_the_samples_have_every_medical_type_and_somebody_for_every_identity() -> None:
    assert {bill.med_type for bill in BILLS} == set(MED_TYPES)
    policy = read_policy(SHIPPED / NAME)
    named = identities_of([policy])
    assert "insured:shenzhen" in named
    paid = Counter(
        layer.payer
        for case in cases(440300, "310", "2026-01-01", named)
        for layer in settle(case.bill, policy, case.standing).layers
        if layer.amount_fen
    )
    assert {"pooled_fen", "large_fen", "civil_fen", "aid_fen", "commercial_fen", "account_fen"} <= set(paid)


def test_the_diff_command_fails_on_change_only_where_asked() -> None:
    run = CliRunner()
    told = run.invoke(build(), ["policy", "diff", str(OLD), str(NEW), "--rows", "2"], env={"COLUMNS": "200"})
    assert told.exit_code == 0
    assert "+635.40" in told.stdout
    assert "more rows; --rows 0 shows all" in told.stdout
    failed = run.invoke(build(), ["policy", "diff", str(OLD), str(NEW), "--json", "--fail-on-change"])
    answer = json.loads(failed.stdout)
    assert failed.exit_code == 1
    assert all(one["before"] != one["after"] for one in answer["differences"])
    assert run.invoke(build(), ["policy", "diff", str(OLD), str(OLD), "--fail-on-change"]).exit_code == 0


# ------------------------------------------------------------------------------------------------ words


def test_a_policy_in_words_says_what_must_be_filed_and_for_how_long() -> None:
    guangzhou, shenzhen = (load_policies().find(pool, "310", "2026-06-01") for pool in (440100, 440300))
    assert guangzhou is not None
    assert shenzhen is not None
    head = "\n".join(sheet(guangzhou, med_types=["14"]).head)
    assert (
        "A temporary filing holds at least 6 months; one may begin up to 90 days before it is filed" in head
    )
    assert "Chronic diseases that must be filed: M00201, " in head
    assert "Medical types 11 (local): the fund pays only at an institution that the person has chosen" in head
    other = "\n".join(sheet(shenzhen, med_types=["14"]).head)
    assert "Chronic diseases that may be filed: M00503, M07803, M07804, M08300." in other
    assert "has chosen" not in other


def test_a_policy_in_words_says_what_the_engine_does() -> None:
    policy = load_policies().find(500000, "390", "2026-06-01")
    assert policy is not None
    (stay,) = sheet(policy, med_types=["21"]).care
    found = {(line.levels, line.persons): (line.deductible, line.ratio) for line in stay.lines}
    assert found["3", "residents, elderly"] == ("800.00 per stay", "50%")
    assert found["1", "minors and students"] == ("100.00 per stay", "85%")
    elsewhere = {(one.route, one.filings): one.change for one in stay.elsewhere}
    assert elsewhere["across", "referral, emergency"] == "each ratio is 5 points lower"
    assert "at least 2,000.00, at most 10,000.00" in elsewhere["across", "other, unfiled"]
    assert any("19,856.00 a year" in line for line in stay.then)
    (chronic,) = sheet(policy, med_types=["14"]).care
    assert {line.when for line in chronic.lines} == {"", "disease M01600, M03900"}


def test_caps_steps_orders_and_ages_are_told() -> None:
    bands = [
        {"from_fen": 0, "to_fen": 1_000_000, "ratio_bp": 6000},
        {"from_fen": 1_000_000, "ratio_bp": 7000},
    ]
    policy = a_policy(
        {"bands": bands, "deductible_fen": [80_000, 40_000], "bill_cap_fen": 500, "ratio_per_year_of_age_bp": 20},
        {"deductible_account": "inpatient", "deductible_unit": "stay", "deductible_year_ceiling_fen": 100_000,
         "deductible_order": "after_ratio"},
        pool_year_cap_fen=90_000_000,
    )  # fmt: skip
    page = sheet(policy, med_types=["21", "11"])
    assert "The pooled fund pays a person at most 900,000.00 a year." in page.head
    stay, outpatient = page.care
    at_60 = next(line for line in stay.lines if line.when == "age 60")
    assert at_60.deductible == (
        "800.00, then 400.00 by admission per stay, at most 1,000.00 a year, taken off after the ratio"
    )
    assert at_60.ratio == "72% from 0.00 to 10,000.00, 82% from 10,000.00 on"
    assert at_60.caps == "pays at most 5.00 a bill"
    assert outpatient.then == ("Not paid: this insurance does not cover medical type 11.",)


def test_the_explain_command_in_tables_as_json_and_asked_wrongly() -> None:
    run = CliRunner()
    asked = ["policy", "explain", "--pool", "440300", "--insutype", "310", "--day", "2026-01-01"]
    told = run.invoke(build(), [*asked, "--med-type", "22"], env={"COLUMNS": "200"})
    assert told.exit_code == 0
    assert "600.00, then 300.00 by admission per stay" in told.stdout
    answer = json.loads(run.invoke(build(), [*asked, "--json"]).stdout)
    assert [care["med_type"] for care in answer["care"]] == list(MED_TYPES)
    for wrong, sentence in (
        ([*asked, "--med-type", "99"], "--med-type: '99' is none of"),
        ([*asked[:-1], "2020-01-01"], "--day: no policy of pool 440300 is in force on 2020-01-01"),
        ([*asked[:-1], "1 May"], "--day: '1 May' is no day"),
    ):
        failed = run.invoke(build(), wrong)
        assert sentence in str(failed.exception)
