"""The policies that a home node decides by: dated files, one per pool, insurance and first day in force.

`homepool/policies/440300-310-2024-01-01.toml` holds from that day until the next file of the same pool and
insurance begins, or until the last day that it names itself. All are read and checked when the node starts; a fault
names its file and key and stops the start.
"""

import tomllib
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from homepool.benefits.rule import Policy
from homepool.errors import PolicyInvalid
from homepool.policy.form import parse_policy

SHIPPED: Final = Path(__file__).parents[1] / "policies"


class PolicyBook:
    """Policies by pool, insurance and day."""

    def __init__(self, policies: Iterable[Policy]) -> None:
        """Raises PolicyInvalid where two policies of a pool and insurance begin on one day."""
        self._by_key: dict[tuple[int, str], tuple[list[str], list[Policy]]] = {}
        for policy in sorted(policies, key=lambda policy: policy.effective_from):
            days, dated = self._by_key.setdefault((policy.division, policy.insutype), ([], []))
            if policy.effective_from in days:
                raise PolicyInvalid(policy.version, "effective_from", "two policies begin on this day")
            days.append(policy.effective_from)
            dated.append(policy)

    def find(self, division: int, insutype: str, day: str) -> Policy | None:
        """The policy in force on that day (yyyy-MM-dd); None where there is none."""
        found = self._by_key.get((division, insutype))
        if found is None:
            return None
        place = bisect_right(found[0], day)
        if not place:
            return None
        policy = found[1][place - 1]
        return None if policy.effective_to and policy.effective_to < day else policy

    def __iter__(self) -> Iterator[Policy]:
        for _, dated in self._by_key.values():
            yield from dated

    def divisions(self) -> list[int]:
        """The pools that have any policy."""
        return sorted({division for division, _ in self._by_key})

    def insurances(self, division: int) -> list[str]:
        """The insurances that a pool has any policy for."""
        return sorted(insutype for pool, insutype in self._by_key if pool == division)


def load_policies(folder: Path | None = None) -> PolicyBook:
    """All policy files of a folder (default: those shipped).

    Raises PolicyInvalid naming the first file and key that is wrong.
    """
    folder = folder or SHIPPED
    if not folder.is_dir():
        raise PolicyInvalid(str(folder), "folder", "there is no such folder of policies")
    return PolicyBook(read_policy(path) for path in sorted(folder.glob("*.toml")))


def read_policy(path: Path) -> Policy:
    """One policy file; its name must be `<division>-<insutype>-<effective_from>.toml`."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PolicyInvalid(path.name, "file", f"cannot be read as TOML: {error}") from None
    policy = parse_policy(raw, origin=path.name)
    if path.stem != policy.version:
        raise PolicyInvalid(path.name, "file", f"must be named {policy.version}.toml after what it contains")
    return policy
