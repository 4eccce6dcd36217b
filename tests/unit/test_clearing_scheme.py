"""The scheme is read whole or refused with a sentence; and what clearing keeps of others' data agrees with theirs."""

import csv
import tomllib
from pathlib import Path

import pytest

from clearing.errors import SchemeWrong
from clearing.parties import (
    load_institution_accounts,
    load_parties,
    read_institution_accounts,
    read_parties,
)
from clearing.scheme import INTER_POOL, PAYERS, load_scheme, read_scheme
from ledger.rows import FUND_PAYERS

SHIPPED = Path("clearing/data/scheme.toml").read_text(encoding="utf-8")


def refused(old: str, new: str) -> str:
    assert old in SHIPPED
    with pytest.raises(SchemeWrong) as wrong:
        read_scheme(SHIPPED.replace(old, new, 1).encode())
    return str(wrong.value)


def test_every_payer_of_every_insurance_has_one_fund() -> None:
    scheme = load_scheme()
    assert {(one.insutype, one.payer) for one in scheme.funds} == {
        (insutype, payer) for insutype in ("310", "390", "510") for payer in PAYERS
    }
    assert set(PAYERS) == {*FUND_PAYERS, "account"}
    assert {one.payer for one in scheme.funds if one.bearer not in INTER_POOL} == {
        "big_illness_fen", "aid_fen", "commercial_fen",
    }  # fmt: skip
    assert (scheme.book_of("510"), scheme.book_of("390")) == ("employees", "residents")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('payer = "civil_fen"', 'payer = "cash_fen"', "payer is cash_fen, not one of"),
        ('payer = "civil_fen"', 'payer = "other_fen"', "is both|are both|no .*civil_fen|stands twice"),
        ('bearer = "aid"', 'bearer = "account"', "account money, and only it"),
        ('390 = "390100", ', "", "pooled_fen needs a six-digit fund code for insurance 390"),
        ('codes = { 310 = "320100"', 'codes = { 310 = "310100"', "are both fund 310100"),
        ('residents = ["390"]', 'residents = ["390", "310"]', "insurance 310 stands twice"),
        ('within_province = "direct"', 'within_province = "pigeon"', "within_province is pigeon, not one of"),
        ('source = "F"', 'source = "Z"', "names source Z"),
        ("[pay]", "[paid]", "the table pay is needed"),
        ('version = "2026-11-24"', "", "version is needed"),
        ("# [[net_group]]\n# name", '[[net_group]]\nname = "x"\nsource = "A"\npools = [44]\n# name',
         "list of pools, six digits"),
        ("# [[net_group]]\n# name", '[[net_group]]\nname = "x"\nsource = "A"\npools = [440100, 440100]\n# name',
         "440100 is in two net groups"),
    ],
)  # fmt: skip
def test_a_wrong_scheme_is_refused_with_what_is_wrong(old: str, new: str, said: str) -> None:
    import re

    assert re.search(said, refused(old, new))


def test_no_file_and_no_toml_are_sentences(tmp_path: Path) -> None:
    with pytest.raises(SchemeWrong, match=r"scheme\.toml cannot be read"):
        load_scheme(tmp_path)
    (tmp_path / "scheme.toml").write_text("a = = 1")
    with pytest.raises(SchemeWrong, match=r"scheme\.toml: "):
        load_scheme(tmp_path)


def test_fund_codes_are_those_that_the_home_pools_policies_answer_with() -> None:
    ours = {(one.insutype, one.payer.removesuffix("_fen")): one.fund for one in load_scheme().funds}
    compared = 0
    for file in Path("homepool/policies").glob("*.toml"):
        policy = tomllib.loads(file.read_text(encoding="utf-8"))
        for payer, (code, _) in policy["fund_pay_type"].items():
            if payer not in (
                "family",
                "hospital",
            ):  # family money returns with account money; nobody owes the other
                assert ours[policy["insutype"], payer] == code, (file.name, payer)
                compared += 1
    assert compared > 50


def test_parties_are_the_directorys_pools_and_their_provinces() -> None:
    with Path("gateway/data/pools.csv").open(encoding="utf-8", newline="") as file:
        pools = {row["pool"]: (row["name"], row["fund_includes_acct"] == "1") for row in csv.DictReader(file)}
    parties = load_parties()
    assert {
        one.code: (one.name, one.fund_includes_account) for one in parties.values() if one.code.isdigit()
    } == pools
    assert {f"P{pool[:2]}" for pool in pools if f"{pool[:2]}0000" not in pools} == {
        code for code in parties if not code.isdigit()
    }
    assert all(one.account.startswith("SAMPLE-") == one.sample for one in parties.values())


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("440100,广州市,1,0000", "4 cells under 6 columns"),
        ("44010,广州市,1,000000000000,6222,0", "party 44010 is neither a pool"),
        ("440100,广州市,2,000000000000,6222,0", "fund_includes_acct is 2"),
        ("440100,广州市,1,12,6222,0", "bank 12 is not twelve digits"),
        ("440100,,1,000000000000,6222,0", "name is empty"),
        ("440100,广州市,1,000000000000,62 22,0", "account"),
    ],
)  # fmt: skip
def test_a_wrong_party_is_refused_with_its_line(line: str, said: str) -> None:
    head = "party,name,fund_includes_acct,bank,account,sample"
    good = "450100,南宁市,0,000000000000,6222,0"
    assert set(read_parties(f"{head}\n{good}\n")) == {"450100"}
    with pytest.raises(SchemeWrong, match=f"line 3: .*{said}"):
        read_parties(f"{head}\n{good}\n{line}\n")
    with pytest.raises(SchemeWrong, match=r"line 3: party 450100 stands twice"):
        read_parties(f"{head}\n{good}\n{good}\n")
    with pytest.raises(SchemeWrong, match=r"line 1: the columns are a"):
        read_parties("a\n")


def test_accounts_of_institutions_are_the_directorys_and_named_as_samples() -> None:
    with Path("gateway/data/institutions.csv").open(encoding="utf-8", newline="") as file:
        names = {row["fixmedins_code"]: row["name"] for row in csv.DictReader(file)}
    accounts = load_institution_accounts()
    assert {one.code: one.name for one in accounts.values()} == names
    assert all(one.sample and one.account == f"SAMPLE-{one.code}" for one in accounts.values())


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("H44010490007,医院", "2 cells under 5 columns"),
        ("44010490007,医院,000000000000,6222,0", "44010490007 is no institution's code"),
        ("H44010490001,医院,000000000000,6222,0", "institution H44010490001 stands twice"),
        ("H44010490007,,000000000000,6222,0", "name is empty"),
        ("H44010490007,医院,12,6222,0", "bank 12 is not twelve digits"),
        ("H44010490007,医院,000000000000,6222,2", "sample is 2"),
    ],
)  # fmt: skip
def test_a_wrong_account_of_an_institution_is_refused_with_its_line(line: str, said: str) -> None:
    head, good = "fixmedins_code,name,bank,account,sample", "H44010490001,医院,000000000000,6222,0"
    assert set(read_institution_accounts(f"{head}\n{good}\n")) == {"H44010490001"}
    with pytest.raises(SchemeWrong, match=f"institution_accounts.csv line 3: {said}"):
        read_institution_accounts(f"{head}\n{good}\n{line}\n")
    with pytest.raises(SchemeWrong, match=r"line 1: the columns are a"):
        read_institution_accounts("a\n")
