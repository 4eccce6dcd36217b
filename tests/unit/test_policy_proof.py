"""`policy check`: the shipped policies are complete, and each thing that a file can leave out is a fault with its key."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from homepool.cli import build
from homepool.errors import PolicyInvalid
from homepool.policy.dates import prove_dates
from homepool.policy.files import SHIPPED, load_policies
from homepool.policy.proof import prove, prove_file
from tests.bills import a_policy

NAME = "440300-310-2023-10-01.toml"


def faults_of(path: Path) -> list[str]:
    return [str(fault) for fault in prove_file(path).faults]


@pytest.fixture
def edited(tmp_path: Path) -> Callable[..., Path]:
    """A copy of a shipped file with one place of it changed."""

    def edit(old: str, new: str, *, name: str = NAME) -> Path:
        text = (SHIPPED / name).read_text(encoding="utf-8")
        assert old in text
        (tmp_path / name).write_text(text.replace(old, new, 1), encoding="utf-8")
        return tmp_path / name

    return edit


def test_the_shipped_policies_are_complete() -> None:
    proofs, faults, _ = prove(SHIPPED, since="2024-01-01")
    assert [str(fault) for proof in proofs for fault in proof.faults] == []
    assert faults == []
    assert all(proof.answered > 200 for proof in proofs)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (
            '[[treatment]]\nmed_types = ["41"]',
            '[[treatment]]\nmed_types = ["99"]',
            f"{NAME}: treatment[1].med_types: '99' is none of",
        ),
        (
            'med_types = ["11", "13"]\ndeductible',
            'med_types = ["11"]\ndeductible',
            "treatment.med_types: medical type 13: no treatment answers it: add one, or name it in not_covered",
        ),
        (
            '[[offsite]]\nroutes = ["across"]\nfilings = ["other"]\nratio_points_bp = -2_000 # N\n',
            '[[offsite]]\nroutes = ["across"]\nfilings = ["other"]\n'
            '[[offsite.terms]]\nlevels = ["1", "2"]\nratio_bp = 1 # N\n',
            "treatment.terms: medical type 21: no terms for hospital level 3, psn_type 11, across filed as other",
        ),
        (
            '[[treatment.terms]]\nlevels = ["1"]\npsn_types = ["12", "13"]\ndeductible_fen = [20_000',
            '[[treatment.terms]]\nratio_bp = 1 # A\n'
            '[[treatment.terms]]\nlevels = ["1"]\npsn_types = ["12", "13"]\ndeductible_fen = [20_000',
            f"{NAME}: treatment[3].terms[1]: never applies: an earlier row fits all",
        ),
        (
            'routes = ["across"]\nfilings = ["other"]',
            'routes = ["across"]\nfilings = ["referral"]',
            f"{NAME}: offsite[1]: never applies",
        ),
        (
            "from_fen = 0 # D1\nratio_bp = 8_000 # D1",
            "from_fen = 100 # D1\nratio_bp = 8_000 # D1",
            "second.variant[0].bands[0].from_fen: nothing is said of what lies between 0 and 100 fen",
        ),
        (
            "from_fen = 0 # D1\nratio_bp = 8_000 # D1",
            "from_fen = 0 # D1\nto_fen = 500 # D1\nratio_bp = 8_000 # D1",
            "second.variant[0].bands: nothing is said of what lies above 500 fen",
        ),
        ("ratio_bp = 9_200 # D1", "ratio_bp = 9_200", "ratio_bp (line 134): no source"),
        ("ratio_bp = 9_200 # D1", "ratio_bp = 9_200 # Q7", "ratio_bp (line 134): its source Q7 is not in [sources]"),
        ('E = "a public explainer: unfiled at 90 % of the usual standard"', 'E = " "', "sources.E: a source is a text"),
        ('effective_from = "2023-10-01"', 'effective_from = "2023-10-32"', "effective_from: a day as yyyy-MM-dd"),
        (
            'effective_from = "2023-10-01"',
            'effective_from = "2023-10-01"\neffective_to = "2023-09-30"',
            "effective_to: the last day is before the first",
        ),
        (
            'effective_from = "2023-10-01"',
            'effective_from = "2023-10-01"\nnot_covered = ["41"]',
            "not_covered: medical type 41 has a treatment",
        ),
    ],
)  # fmt: skip
def test_what_is_left_out_is_a_fault_with_its_key(
    edited: Callable[..., Path], old: str, new: str, fault: str
) -> None:
    found = faults_of(edited(old, new))
    assert any(fault in one for one in found), found
    assert all(one.startswith(f"{NAME}: ") for one in found)


GUANGZHOU = "440100-310-2024-01-01.toml"


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("begin_ahead_days_most = 90 # A", "begin_ahead_days_most = 90", "begin_ahead_days_most (line 23): no source"),
        ("chronic_needed = true # A", "chronic_needed = true # Q", "chronic_needed (line 24): its source Q is not in"),
        ('designated_med_types = ["11"]', 'designated_med_types = ["99"]', "designated_med_types: '99' is none of"),
    ],
)  # fmt: skip
def test_what_a_policy_says_of_filings_has_a_source_and_known_words(
    edited: Callable[..., Path], old: str, new: str, fault: str
) -> None:
    found = faults_of(edited(old, new, name=GUANGZHOU))
    assert any(fault in one for one in found), found


def test_diseases_that_are_paid_but_cannot_be_filed_are_noted(
    edited: Callable[..., Path], tmp_path: Path
) -> None:
    path = edited("chronic_diseases = ", "# chronic_diseases = ", name=GUANGZHOU)
    notes = [str(note) for note in prove_file(path).notes]
    assert any(
        "filing.chronic_diseases: left out" in one and "M01600, M03900 can be filed" in one for one in notes
    )
    assert not any("chronic_diseases" in str(note) for note in prove_file(SHIPPED / GUANGZHOU).notes)


def test_what_a_policy_says_it_does_not_cover_is_answered(edited: Callable[..., Path]) -> None:
    text = edited('name = "', 'name = "').read_text(encoding="utf-8")
    pharmacy = re.search(r'\[\[treatment\]\]\nmed_types = \["41"\].*?(?=# Chronic)', text, re.S)
    assert pharmacy is not None
    without = edited(pharmacy[0], "")
    assert any("medical type 41: no treatment answers it" in one for one in faults_of(without))
    said = without.read_text(encoding="utf-8").replace(
        'insutype = "310"', 'insutype = "310"\nnot_covered = ["41"]'
    )
    without.write_text(said, encoding="utf-8")
    assert faults_of(without) == []


def test_days_without_a_policy_and_with_two_are_faults() -> None:
    def words(*spans: tuple[str, str], since: str = "", insutypes: tuple[str, ...] = ("310",)) -> list[str]:
        policies = [
            a_policy(effective_from=begin, insutype=insutype, **({"effective_to": end} if end else {}))
            for insutype in insutypes
            for begin, end in spans
        ]
        return [f"{key}: {why}" for key, why in prove_dates(policies, since=since)[0]]

    every = ("310", "510", "390")
    joined = (("2024-01-01", "2024-12-31"), ("2025-01-01", ""))
    assert words(*joined, insutypes=every) == []
    assert words(*joined) == [
        "440300-510: pool 440300 has no policy for insurance 510",
        "440300-390: pool 440300 has no policy for insurance 390",
    ]
    (gap,) = words(("2024-01-01", "2024-11-30"), ("2025-01-01", ""), insutypes=every)[:1]
    assert gap.startswith("440300-310-2025-01-01: from 2024-12-01 to 2024-12-31 no policy holds")
    (overlap,) = words(("2024-01-01", "2025-01-01"), ("2025-01-01", ""), insutypes=every)[:1]
    assert overlap == "440300-310-2025-01-01: overlaps 440300-310-2024-01-01, whose last day is 2025-01-01"
    assert words(("2024-01-01", ""), since="2023-06-01", insutypes=every) == [
        "440300: no policy holds on 2023-06-01: the first begins on 2024-01-01"
    ]
    late = [a_policy(insutype=one, effective_from=f"2024-0{at}-01") for at, one in enumerate(every, start=1)]
    assert [why for _, why in prove_dates(late)[0]] == [
        "from 2024-01-01 to 2024-01-31 no policy holds, though the pool has one for another insurance",
        "from 2024-01-01 to 2024-02-29 no policy holds, though the pool has one for another insurance",
    ]


def test_a_policy_is_not_found_after_its_last_day(edited: Callable[..., Path]) -> None:
    path = edited('"2023-10-01"', '"2023-10-01"\neffective_to = "2025-12-31"')
    book = load_policies(path.parent)
    assert book.find(440300, "310", "2025-12-31") is not None
    assert book.find(440300, "310", "2026-01-01") is None
    _, _, notes = prove(path.parent)
    assert [note.why for note in notes] == ["its last day is 2025-12-31, and no policy follows"]


def test_the_command_tells_faults_by_its_exit_code_and_as_json(tmp_path: Path) -> None:
    run = CliRunner()
    good = run.invoke(build(), ["policy", "check", str(SHIPPED / NAME)])
    assert (good.exit_code, "1 files, " in good.stdout, "complete" in good.stdout) == (0, True, True)
    strict = run.invoke(build(), ["policy", "check", str(SHIPPED / NAME), "--strict"])
    assert (strict.exit_code, "not complete" in strict.stdout) == (1, True)
    for name in (NAME, "440300-390-2023-10-01.toml"):
        shutil.copy(SHIPPED / name, tmp_path)
    (tmp_path / "broken.toml").write_text("= 1", encoding="utf-8")
    bad = run.invoke(build(), ["policy", "check", str(tmp_path), "--json"])
    answer = json.loads(bad.stdout)
    assert (bad.exit_code, answer["complete"], len(answer["files"])) == (1, False, 3)
    assert {(fault["file"], fault["key"]) for fault in answer["faults"]} == {
        ("broken.toml", "file"),
        (tmp_path.name, "440300-510"),
    }


def test_nothing_to_prove_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(PolicyInvalid, match="no such file or folder"):
        prove(tmp_path / "nowhere")
    with pytest.raises(PolicyInvalid, match="it holds no policy file"):
        prove(tmp_path)
