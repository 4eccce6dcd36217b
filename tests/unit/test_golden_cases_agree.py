"""Every published worked example agrees with the engine to the fen, in every figure that it publishes."""

import json
from pathlib import Path
from typing import Any

import pytest

from homepool.golden.agreement import adjudicate
from homepool.golden.command import differences

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent.parent / "golden" / "cases.json").read_text(encoding="utf-8")
)


def test_all_published_examples_are_here() -> None:
    assert len(CASES) == 32


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_published_example_agrees(case: dict[str, Any]) -> None:
    result = adjudicate(case)
    assert differences(case, result) == []
    if case["check"] == "split":
        assert result["computed"]["payers_sum_fen"] == case["input"]["total_fen"]
    else:
        assert case["expected"].keys() <= result["computed"].keys()


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_an_example_that_expects_one_fen_more_does_not_agree(case: dict[str, Any]) -> None:
    wrong = json.loads(json.dumps(case))
    if case["check"] == "split":
        wrong["expected"]["payers_fen"]["pooled"] += 1
    else:
        name, figure = next(iter(case["expected"].items()))
        wrong["expected"][name] = figure + 1 if isinstance(figure, int) else []
    assert differences(wrong, adjudicate(wrong)) != []
