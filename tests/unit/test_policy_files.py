"""The shipped policies: complete, each figure with its source; and files that are wrong are refused in a sentence."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from homepool.benefits import settle
from homepool.errors import PolicyInvalid
from homepool.policy.files import SHIPPED, PolicyBook, load_policies, read_policy
from homepool.policy.form import parse_policy
from tests.bills import a_bill, a_person, a_policy, raw_policy

FILES = sorted(SHIPPED.glob("*.toml"))
POOLS = (440300, 440100, 441500, 450100, 500000)
FIGURE = re.compile(
    r"^(\w+_(?:fen|bp|least|most)|(?:chronic|designated)_\w+) = [^#]*(?:# (?P<tag>[A-Z]\d?)\b.*)?$"
)


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_each_figure_names_a_source_that_the_file_explains(path: Path) -> None:
    sources = tomllib.loads(path.read_text(encoding="utf-8"))["sources"]
    figures = 0
    for line in path.read_text(encoding="utf-8").splitlines():
        match = FIGURE.match(line)
        if match:
            figures += 1
            assert match["tag"] in sources, f"{path.name}: {line}"
    assert figures > 3


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("insutype", ["310", "390", "510"])
def test_every_pool_has_every_insurance_and_pays_every_kind_of_care(pool: int, insutype: str) -> None:
    policy = load_policies().find(pool, insutype, "2026-06-01")
    assert policy is not None
    kinds = ("51", "52") if insutype == "510" else ("11", "13", "14", "21", "41", "51", "52")
    psn_type = "1501" if insutype == "390" else "1201"
    for med_type in kinds:
        level = "0" if med_type == "41" else "1"
        bill = a_bill(100_000, insutype=insutype, med_type=med_type, level=level)
        benefit = settle(bill, policy, a_person(psn_type=psn_type))
        assert benefit.declined == "", med_type
        assert benefit.year == 2025
    if insutype == "510":
        refused = settle(a_bill(1, insutype="510", med_type="11"), policy, a_person())
        assert refused.declined == "MED_TYPE_NOT_COVERED"
        assert benefit.layers[0].fund_pay_type == "510100"


@pytest.mark.parametrize("pool", POOLS)
def test_pools_of_guangdong_count_the_account_among_the_funds(pool: int) -> None:
    policy = load_policies().find(pool, "310", "2026-06-01")
    assert policy is not None
    assert policy.fund_includes_account == (pool // 10_000 == 44)


def test_the_policy_in_force_is_the_last_one_that_has_begun() -> None:
    book = PolicyBook([a_policy(effective_from="2025-01-01"), a_policy(effective_from="2024-01-01")])

    def version(day: str) -> str | None:
        policy = book.find(440300, "310", day)
        return policy and policy.effective_from

    assert version("2023-12-31") is None
    assert version("2024-01-01") == version("2024-12-31") == "2024-01-01"
    assert version("2025-01-01") == "2025-01-01"
    assert book.find(440300, "390", "2025-01-01") is None
    assert (book.divisions(), book.insurances(440300)) == ([440300], ["310"])


def test_a_threshold_that_changes_with_the_year_is_two_files() -> None:
    amounts = []
    for day in ("2025-12-31", "2026-01-01"):
        policy = load_policies().find(500000, "390", day)
        assert policy is not None
        bill = a_bill(15_000_000, insutype="390", care_date=day)
        amounts.append(settle(bill, policy, a_person(psn_type="1501")).big_illness_fen)
    assert amounts[0] - amounts[1] == (1_985_600 - 1_879_700) * 6 // 10


def test_two_policies_of_one_day_are_refused() -> None:
    with pytest.raises(PolicyInvalid, match="two policies begin on this day"):
        PolicyBook([a_policy(), a_policy()])


def broken(where: str, value: Any) -> dict[str, Any]:
    """A policy with one place of it changed; None removes it."""
    raw = raw_policy()
    target: Any = raw
    *path, last = [int(part) if part.isdigit() else part for part in where.split("/")]
    for part in path:
        target = target[part]
    if value is None:
        del target[last]
    else:
        target[last] = value
    return raw


BAND = {"from_fen": 0, "to_fen": 10, "ratio_bp": 1}


@pytest.mark.parametrize(
    ("where", "value", "key"),
    [
        ("insutype", "330", "insutype"),
        ("division", 4403, "division"),
        ("effective_from", "2024-1-1", "effective_from"),
        ("name", None, "name"),
        ("fund_includes_account", "yes", "fund_includes_account"),
        ("stay_year", "middle", "stay_year"),
        ("treatment", [], "treatment"),
        ("treatment/0/med_types", ["21", "99"], "treatment[0].med_types"),
        ("treatment/0/med_types", [], "treatment[0].med_types"),
        ("treatment/0/terms", [], "treatment[0].terms"),
        ("treatment/0/band_axis", "net", "treatment[0].band_axis"),
        ("treatment/0/deductible_unit", "year", "treatment[0].deductible_account"),
        ("treatment/0/terms/0/ratio_bp", 80.0, "treatment[0].terms[0].ratio_bp"),
        ("treatment/0/terms/0/ratio_bp", 10_001, "treatment[0].terms[0].ratio_bp"),
        ("treatment/0/terms/0/ratoi_bp", 80, "treatment[0].terms[0].ratoi_bp"),
        ("treatment/0/terms/0/deductible_fen", -1, "treatment[0].terms[0].deductible_fen"),
        ("treatment/0/terms/0/deductible_fen", [], "treatment[0].terms[0].deductible_fen"),
        ("treatment/0/terms/0/year_cap_fen", 5, "treatment[0].pooled_account"),
        ("treatment/0/terms/0/levels", ["1"], "treatment.terms"),
        ("treatment/0/terms/0/psn_types", ["11"], "treatment.terms"),
        ("treatment/0/terms/0/bands", [BAND, BAND], "treatment[0].terms[0].bands[1].from_fen"),
        ("treatment/0/terms/0/bands", [{**BAND, "to_fen": 0}], "treatment[0].terms[0].bands[0].to_fen"),
        ("fund_pay_type/pooled", ["31", "x"], "fund_pay_type.pooled"),
        ("account", {"local": ["cash"]}, "account.local"),
        ("offsite", [{"filings": ["maybe"]}], "offsite[0].filings"),
        ("offsite", [{"ratio_point_bp": -1}], "offsite[0].ratio_point_bp"),
        ("offsite", [{"terms": [{"ratio_bp": 1, "month_cap_fen": 1}]}], "offsite[0].terms"),
        ("aid", [{"step": [{"ratio_bp": 1, "yearly": True}] * 2}], "aid[0].step"),
        ("commercial", [{"payer": "x", "part": []}], "commercial[0].part"),
        ("second", {"payer": "aid", "base": "given"}, "second.payer"),
        ("filing_free", [{"care": ["44"], "counts_as": "local"}], "filing_free[0].counts_as"),
        ("cap", 1, "cap"),
    ],
)
def test_a_fault_in_a_file_is_a_sentence_with_file_and_key(where: str, value: Any, key: str) -> None:
    with pytest.raises(PolicyInvalid) as caught:
        parse_policy(broken(where, value), origin="440300-310.toml")
    assert (caught.value.origin, caught.value.key) == ("440300-310.toml", key)
    assert str(caught.value).startswith(f"440300-310.toml: {key}: ")


def test_a_payer_without_a_code_is_refused() -> None:
    raw = raw_policy(account={"local": ["in_scope"], "family": True})
    raw["fund_pay_type"] = {"pooled": ["310100", "x"], "account": ["310200", "x"]}
    with pytest.raises(PolicyInvalid, match=r"fund_pay_type\.family"):
        parse_policy(raw, origin="x")


def test_a_medical_type_in_two_treatments_and_two_monthly_treatments_are_refused() -> None:
    one = {"med_types": ["11"], "terms": [{"ratio_bp": 1, "month_cap_fen": 1}]}
    with pytest.raises(PolicyInvalid, match="stands in two treatments"):
        parse_policy({**raw_policy(), "treatment": [one, one]}, origin="x")
    with pytest.raises(PolicyInvalid, match="one month's counter"):
        parse_policy({**raw_policy(), "treatment": [one, {**one, "med_types": ["14"]}]}, origin="x")


def test_a_file_is_named_after_what_it_contains(tmp_path: Path) -> None:
    text = FILES[0].read_text(encoding="utf-8")
    (tmp_path / "440100-310-2020-01-01.toml").write_text(text, encoding="utf-8")
    with pytest.raises(PolicyInvalid, match=r"must be named 440100-310-2024-01-01\.toml"):
        load_policies(tmp_path)
    (tmp_path / "broken.toml").write_text("= 1", encoding="utf-8")
    with pytest.raises(PolicyInvalid, match=r"broken\.toml: file: cannot be read as TOML"):
        read_policy(tmp_path / "broken.toml")
    with pytest.raises(PolicyInvalid, match="no such folder"):
        load_policies(tmp_path / "nowhere")
