"""A file of people: what is written is read again, and each fault names its line and field but no value."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from homepool.errors import HomePoolError
from homepool.loading.people import LINE_LENGTH_MOST, PeopleFileInvalid, read_people, write_people
from homepool.loading.people_command import attach
from homepool.loading.population import population

DAY = date(2026, 11, 24)
PEOPLE = list(population(7, (440100, 440300), 40, as_of=DAY))
FULL = next(
    person
    for person in population(7, (440100, 440300), 4_000, as_of=DAY)
    if person.accounts
    and person.relatives
    and person.identities
    and person.used
    and any(one.care for one in person.filings)
)
"""Somebody who has everything."""


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    assert write_people(tmp_path / "people.jsonl", PEOPLE) == len(PEOPLE)
    assert list(read_people(tmp_path / "people.jsonl")) == PEOPLE


def test_the_file_is_its_owner_s_only(tmp_path: Path) -> None:
    path = tmp_path / "people.jsonl"
    path.touch(mode=0o644)
    write_people(path, PEOPLE)
    assert path.stat().st_mode & 0o077 == 0


def written(folder: Path, *people: dict[str, Any]) -> Path:
    path = folder / "people.jsonl"
    path.write_text(
        "".join(json.dumps(person, ensure_ascii=False) + "\n" for person in people), encoding="utf-8"
    )
    return path


def as_json(folder: Path) -> dict[str, Any]:
    write_people(folder / "full.jsonl", [FULL])
    found: dict[str, Any] = json.loads((folder / "full.jsonl").read_text(encoding="utf-8"))
    return found


Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda one: one.pop("psn_name"), "psn_name is missing"),
        (lambda one: one.update(tel="13800000000"), "tel is not a field"),
        (lambda one: one.update(psn_name=7), "psn_name is not a text"),
        (lambda one: one.update(psn_name=""), "psn_name is empty"),
        (lambda one: one.update(psn_no="9" * 31), "psn_no is not 1 to 30 long"),
        (lambda one: one.update(psn_no=""), "psn_no is not 1 to 30 long"),
        (lambda one: one.update(certno=one["certno"][:17] + "?"), "certno is no identity number"),
        (lambda one: one.update(brdy="1901-01-01"), "brdy is not the birthday in certno"),
        (lambda one: one.update(brdy="19010101"), "brdy is not a day like 2026-01-31"),
        (lambda one: one.update(gend="3"), "gend is neither 1 nor 2"),
        (lambda one: one.update(gend="21"[int(one["gend"]) - 1]), "gend is not that of certno"),
        (lambda one: one.update(insurances=[]), "insurances is empty"),
        (lambda one: one.update(insurances={}), "insurances is not a list"),
        (lambda one: one.update(insurances=[7]), "insurances[0]. is not an object"),
        (lambda one: one["insurances"].append(one["insurances"][0]), "a normal one of a pool twice"),
        (lambda one: one["insurances"][0].update(pool="440100"), "insurances[0].pool is not a whole number"),
        (lambda one: one["insurances"][0].update(pool=True), "insurances[0].pool is not a whole number"),
        (lambda one: one["insurances"][0].update(pool=4401), "insurances[0].pool is not a division"),
        (lambda one: one["insurances"][0].update(insutype="320"), "insurances[0].insutype is none of"),
        (lambda one: one["insurances"][0].update(status="3"), "insurances[0].status is none of"),
        (lambda one: one["insurances"][0].update(status="2"), "insurances[0].paused_on belongs to status 2"),
        (lambda one: one["insurances"][0].update(paused_on="2026-01-01"), "paused_on belongs to status 2"),
        (lambda one: one["insurances"][0].update(psn_type="11"), "insurances[0].psn_type is not four digits"),
        (lambda one: one["insurances"][0].update(valid_to="1999-01-01"), "valid_to is before valid_from"),
        (lambda one: one["insurances"][0].update(valid_from=""), "insurances[0].valid_from is not a day"),
        (lambda one: one["insurances"][0].update(civil_servant="yes"), "civil_servant is not true or false"),
        (lambda one: one["insurances"][0].pop("valid_from"), "insurances[0].valid_from is missing"),
        (lambda one: one["accounts"][0].update(balance_fen=-1), "accounts[0].balance_fen is not between 0"),
        (lambda one: one["accounts"][0].update(balance_fen=0.5), "balance_fen is not a whole number"),
        (lambda one: one["accounts"][0].update(pool=110000), "accounts names a pool without an employee"),
        (lambda one: one["accounts"].append(one["accounts"][0]), "accounts names a pool twice"),
        (lambda one: one.update(relatives=["b", "a"]), "relatives are not sorted"),
        (lambda one: one.update(relatives=["a", "a"]), "relatives are not sorted, or one stands twice"),
        (lambda one: one.update(relatives=[1]), "relatives is not a list of texts"),
        (lambda one: one.update(relatives=[one["psn_no"]]), "relatives names the person"),
        (lambda one: one["identities"][0].update(name=""), "identities[0].name is empty"),
        (lambda one: one["filings"][0].update(kind="holiday"), "filings[0].kind is none of"),
        (lambda one: one["filings"][0].update(kind="chronic"), "filings[0].care belongs to off-site kinds"),
        (lambda one: one["filings"][0].update(disease="M01"), "filings[0].disease belongs to kind chronic"),
        (lambda one: one["filings"][0].update(insutype="999"), "filings[0].insutype is none of"),
        (lambda one: one["filings"][0].update(care="4"), "filings[0].care is not two to six digits"),
        (lambda one: one["used"][0].update(year=26), "used[0].year is not between"),
        (lambda one: one["used"][0].update(amounts=[]), "used[0].amounts is not an object"),
        (
            lambda one: one["used"][0]["amounts"].update(beer=1),
            "used[0].amounts names what is no accumulator",
        ),
        (
            lambda one: one["used"][0]["amounts"].update(pooled=-1),
            "used[0].amounts.pooled is not a whole number",
        ),
        (
            lambda one: one["used"][0]["amounts"].update(pooled=1.0),
            "used[0].amounts.pooled is not a whole number",
        ),
        (lambda one: one["used"][0].update(insutype="999"), "used[0].insutype is none of"),
    ],
)
def test_a_fault_names_line_and_field_and_no_value(tmp_path: Path, change: Change, sentence: str) -> None:
    good, bad = as_json(tmp_path), as_json(tmp_path)
    good["psn_no"] = "somebody-else"
    change(bad)
    with pytest.raises(PeopleFileInvalid) as caught:
        list(read_people(written(tmp_path, good, bad)))
    assert isinstance(caught.value, HomePoolError)
    message = str(caught.value)
    assert message.startswith("people.jsonl line 2: ")
    assert sentence in message
    assert not any(value in message for value in (FULL.psn_no, FULL.psn_name, FULL.certno, FULL.card_sn))


def test_somebody_twice(tmp_path: Path) -> None:
    one = as_json(tmp_path)
    with pytest.raises(PeopleFileInvalid, match="line 2: psn_no stands in an earlier line too"):
        list(read_people(written(tmp_path, one, one)))


@pytest.mark.parametrize("line", ["", "{", "7x", "[" * 99_000])
def test_a_line_that_is_no_json(tmp_path: Path, line: str) -> None:
    (tmp_path / "people.jsonl").write_text(line + "\n", encoding="utf-8")
    with pytest.raises(PeopleFileInvalid, match=r"people.jsonl line 1: not JSON"):
        list(read_people(tmp_path / "people.jsonl"))


@pytest.mark.parametrize("line", ["7", "null", "[]", '"text"'])
def test_a_line_that_is_no_object(tmp_path: Path, line: str) -> None:
    (tmp_path / "people.jsonl").write_text(line + "\n", encoding="utf-8")
    with pytest.raises(PeopleFileInvalid, match=r"people.jsonl line 1: the line is not an object"):
        list(read_people(tmp_path / "people.jsonl"))


def test_a_line_without_end(tmp_path: Path) -> None:
    (tmp_path / "people.jsonl").write_text('"' + "x" * LINE_LENGTH_MOST + '"', encoding="utf-8")
    with pytest.raises(PeopleFileInvalid, match="line 1: longer than"):
        list(read_people(tmp_path / "people.jsonl"))


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(PeopleFileInvalid, match=r"people.jsonl cannot be read: No such file"):
        list(read_people(tmp_path / "people.jsonl"))
    (tmp_path / "people.jsonl").write_bytes(b"\xff\xfe")
    with pytest.raises(PeopleFileInvalid, match="not UTF-8"):
        list(read_people(tmp_path / "people.jsonl"))


def command(*arguments: str) -> tuple[int, str]:
    app = typer.Typer()
    app.callback()(lambda: None)
    attach(app)
    result = CliRunner().invoke(app, ["people", *arguments], env={"COLUMNS": "200", "TERM": "dumb"})
    return result.exit_code, result.output


def test_the_command_writes_the_people_of_seed_pools_and_day(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    arguments = ("--pools", "440100,440300", "--count", "40", "--as-of", "2026-11-24", "--out", str(path))
    code, output = command(*arguments)
    assert code == 0
    assert "80 people of 2 pools" in output
    assert list(read_people(path)) == PEOPLE


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("--pools", "440300,4403", "is no division of six digits"),
        ("--pools", "440300,440300", "each once"),
        ("--as-of", "yesterday", "is not a day like"),
        ("--out", "/nowhere/at/all", "cannot be written"),
    ],
)
def test_the_command_says_what_to_mend(tmp_path: Path, name: str, value: str, sentence: str) -> None:
    given = {"--pools": "440300", "--out": str(tmp_path / "out.jsonl"), name: value}
    code, output = command(*[word for pair in given.items() for word in pair])
    assert code == 2
    assert sentence in output
