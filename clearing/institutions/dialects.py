"""How a care province writes the result of a statement: data, because provinces differ. Pure but for one file."""

import tomllib
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from typing import Final

from clearing.errors import ClearingFault


class Result(StrEnum):
    """What comparing an institution with the books says of a key or of an item (stmt_rslt)."""

    EQUAL = "equal"
    CENTRE_MORE = "centre_more"
    INSTITUTION_MORE = "institution_more"
    DIFFER = "differ"


class DialectsWrong(ClearingFault):
    """clearing/data/statements.toml is not what it should be; the message names the entry."""


NATIONAL: Final = "national"


@lru_cache(maxsize=1)
def _dialects() -> dict[str, dict[Result, str]]:
    text = resources.files("clearing").joinpath("data/statements.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    entries = {NATIONAL: data[NATIONAL]} | {one["province"]: one for one in data.get("dialect", [])}
    for name, entry in entries.items():
        if missing := [result for result in Result if result not in entry]:
            raise DialectsWrong(f"clearing/data/statements.toml: {name} lacks {', '.join(missing)}.")
        if entry.get("source") not in data["sources"]:
            raise DialectsWrong(f"clearing/data/statements.toml: {name} names no source.")
    return {name: {result: entry[result] for result in Result} for name, entry in entries.items()}


def written(result: Result, care_pool: int) -> str:
    """`stmt_rslt` in the words of a care pool's province. Raises DialectsWrong."""
    dialects = _dialects()
    return dialects.get(str(care_pool)[:2], dialects[NATIONAL])[result]
