"""Prepayments between agencies (预付金): how far one is used, when it runs out, and when somebody has to be told. Pure.

An account is that of a home pool with a care pool under one insurance and from one fund: funds keep separate accounts.
That it stands by pool and not by province is an assumption; provinces are sums of it. Amounts in fen, ratios in basis
points, data with their sources in `clearing/data/prepayment.toml`.
"""

import tomllib
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

from clearing.errors import SchemeWrong
from clearing.scheme import DATA_FOLDER
from ledger.money import BASIS_POINTS, half_up

FORECAST_DAYS_MAX: Final = 3_650


class Rules(NamedTuple):
    """The data."""

    yellow_bp: int
    red_bp: int
    apply_workdays: int
    pay_workdays: int
    quota_months: int
    forecast_days: int


class Key(NamedTuple):
    """Whose prepayment with whom."""

    home_pool: int
    care_pool: int
    insutype: str
    fund: str

    @property
    def text(self) -> str:
        """How operators name it: 450100/440100/310/310100."""
        return "/".join(map(str, self))


class Account(NamedTuple):
    """How a prepayment stands."""

    key: Key
    quota_fen: int
    balance_fen: int  # paid ahead and not drawn
    accrued_fen: int  # what days owe that are in no closed month: drawn when it closes
    burned_fen: int  # what the last days of the forecast owed together

    @property
    def left_fen(self) -> int:
        """What will be left once what days owe is drawn; negative: more is owed than is there."""
        return self.balance_fen - self.accrued_fen

    @property
    def used_fen(self) -> int:
        """What of the quota is used; more than the quota where more is owed than was paid ahead."""
        return max(0, self.quota_fen - self.left_fen)

    @property
    def used_bp(self) -> int:
        """Used of the quota."""
        return half_up(self.used_fen * BASIS_POINTS, self.quota_fen)

    def level(self, rules: Rules) -> str:
        """red, yellow, or nothing."""
        if self.used_bp >= rules.red_bp:
            return "red"
        return "yellow" if self.used_bp >= rules.yellow_bp else ""

    def runs_out(self, today: date, rules: Rules) -> date | None:
        """The day on which nothing is left if days go on as the last ones did; None: not within ten years."""
        if self.left_fen <= 0:
            return today
        if self.burned_fen <= 0:
            return None
        days = self.left_fen * rules.forecast_days // self.burned_fen
        return today + timedelta(days=days) if days <= FORECAST_DAYS_MAX else None

    @property
    def missing_fen(self) -> int:
        """What fills it up to its quota."""
        return max(0, self.quota_fen - self.left_fen)

    def as_json(self, today: date, rules: Rules) -> dict[str, Any]:
        """All of it."""
        out = self.runs_out(today, rules)
        return {
            "account": self.key.text, **self.key._asdict(), "quota_fen": self.quota_fen,
            "balance_fen": self.balance_fen, "accrued_fen": self.accrued_fen, "left_fen": self.left_fen,
            "used_fen": self.used_fen, "used_bp": self.used_bp, "level": self.level(rules),
            "burned_fen": self.burned_fen, "burned_days": rules.forecast_days,
            "runs_out": out.isoformat() if out else None, "missing_fen": self.missing_fen,
        }  # fmt: skip


def read_key(text: str) -> Key | None:
    """The account that a text names, None where it names none."""
    parts = text.split("/")
    if len(parts) != len(Key._fields) or not all(part.isascii() and part.isdigit() for part in parts):
        return None
    if [len(part) for part in parts] != [6, 6, 3, 6]:
        return None
    return Key(int(parts[0]), int(parts[1]), parts[2], parts[3])


def load_rules(folder: Path | None = None) -> Rules:
    """Read and check `prepayment.toml` of a folder, the shipped one by default. Raises SchemeWrong."""
    try:
        told = tomllib.loads(((folder or DATA_FOLDER) / "prepayment.toml").read_text(encoding="utf-8"))
        for name in ("alert", "top_up", "quota", "forecast"):
            if told[name]["source"] not in told["sources"]:
                raise SchemeWrong(f"prepayment.toml: [{name}] names a source that [sources] does not have.")
        rules = Rules(
            told["alert"]["yellow_bp"], told["alert"]["red_bp"], told["top_up"]["apply_workdays"],
            told["top_up"]["pay_workdays"], told["quota"]["months"], told["forecast"]["days"],
        )  # fmt: skip
    except OSError as failed:
        raise SchemeWrong(f"prepayment.toml cannot be read: {failed.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as failed:
        raise SchemeWrong(f"prepayment.toml: {failed}.") from None
    except KeyError as missing:
        raise SchemeWrong(f"prepayment.toml: {missing.args[0]} is missing.") from None
    if not all(isinstance(one, int) and one > 0 for one in rules) or rules.yellow_bp > rules.red_bp:
        raise SchemeWrong("prepayment.toml: figures are whole and positive, and yellow comes before red.")
    return rules
