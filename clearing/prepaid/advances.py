"""What institutions are paid ahead: a share of each day at T+1 (即时结算), an average month a year (医保基金预付). Pure.

Both are advances: they are recovered from what a month's document says that the institution is due. Data with their
sources in `clearing/data/advances.toml`. Amounts in fen, ratios in basis points.
"""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from clearing.errors import SchemeWrong
from clearing.scheme import DATA_FOLDER
from ledger.money import BASIS_POINTS

MONTHS: Final = 12


class PayoutRules(NamedTuple):
    """A day's share, by the pool whose books pay."""

    ratio_bp: int
    clr_types: tuple[str, ...]
    pools: Mapping[int, int]

    @property
    def pools_json(self) -> str:
        """Ratios of pools that have their own."""
        return json.dumps({str(pool): ratio for pool, ratio in sorted(self.pools.items())})


class AdvanceRules(NamedTuple):
    """The year's advance."""

    employees_months: int
    residents_months: int
    average_over_months: int
    apply_in_month: int
    recovered_from_month: int

    def months_needed(self, book: str) -> int:
        """How many months of spending the reserve of a fund must cover."""
        return self.employees_months if book == "employees" else self.residents_months


class Reserve(NamedTuple):
    """How a pool's fund stands, as its finance office says."""

    reserve_fen: int
    month_spend_fen: int
    surplus_fen: int  # of the year; negative: a deficit

    def allows(self, months_needed: int) -> bool:
        """Whether an advance may be paid from it."""
        return self.surplus_fen >= 0 and self.reserve_fen >= months_needed * self.month_spend_fen

    @property
    def months_tenths(self) -> int:
        """How many tenths of a month the reserve covers, rounded down."""
        return self.reserve_fen * 10 // self.month_spend_fen


def recovered(due_fen: int, ahead_fen: int) -> int:
    """What a document takes back of what was paid ahead: never more than is due, never negative."""
    return max(0, min(due_fen, ahead_fen))


def load_payout_rules(folder: Path | None = None) -> PayoutRules:
    """Read and check. Raises SchemeWrong."""
    told = _told(folder)
    try:
        payout = told["payout"]
        pools = {one["pool"]: one["ratio_bp"] for one in told.get("pool", [])}
        rules = PayoutRules(payout["ratio_bp"], tuple(payout["clr_types"]), pools)
    except KeyError as missing:
        raise SchemeWrong(f"advances.toml: {missing.args[0]} is missing.") from None
    if not all(
        isinstance(one, int) and 0 <= one <= BASIS_POINTS for one in (rules.ratio_bp, *pools.values())
    ):
        raise SchemeWrong(f"advances.toml: a ratio_bp is a whole number from 0 to {BASIS_POINTS}.")
    return rules


def load_advance_rules(folder: Path | None = None) -> AdvanceRules:
    """Read and check. Raises SchemeWrong."""
    told = _told(folder)
    try:
        rules = AdvanceRules(*[told["advance"][name] for name in AdvanceRules._fields])
    except KeyError as missing:
        raise SchemeWrong(f"advances.toml: {missing.args[0]} is missing.") from None
    if not all(isinstance(one, int) and one > 0 for one in rules) or max(rules[3:]) > MONTHS:
        raise SchemeWrong("advances.toml: [advance] has whole months, those of a year up to 12.")
    return rules


def _told(folder: Path | None) -> dict[str, Any]:
    try:
        told = tomllib.loads(((folder or DATA_FOLDER) / "advances.toml").read_text(encoding="utf-8"))
        for entry in (told["payout"], told["advance"], *told.get("pool", [])):
            if entry["source"][:1] not in told["sources"]:
                raise SchemeWrong(f"advances.toml: source {entry['source'][:1]} is not in [sources].")
    except OSError as failed:
        raise SchemeWrong(f"advances.toml cannot be read: {failed.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as failed:
        raise SchemeWrong(f"advances.toml: {failed}.") from None
    except KeyError as missing:
        raise SchemeWrong(f"advances.toml: {missing.args[0]} is missing.") from None
    return told
