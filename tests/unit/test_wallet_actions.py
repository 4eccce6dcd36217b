"""What settles a wallet difference: the guide's table, and what two nodes have to say to prove one themselves."""

import re
from pathlib import Path

import pytest

from clearing.wallet.wallet_actions import RULES, agreed_fen

GUIDE = Path("docs/wallet.md").read_text(encoding="utf-8")


def test_the_guide_has_every_class_with_its_actions() -> None:
    table = GUIDE.split("| class | actions |")[1].split("\n\n")[0]
    told = {
        kind: set(re.findall(r"`(\w+)`", actions))
        for kind, actions in re.findall(r"^\| `(\w+)` \| (.+) \|$", table, re.MULTILINE)
    }
    assert told == {kind: {str(action) for action in rule.actions} for kind, rule in RULES.items()}


@pytest.mark.parametrize(
    ("credited", "arrived", "in_transit", "fen"),
    [
        (300, 300, None, 300), (300, None, 300, 300), (300, 300, 299, 300), (300, 299, 300, None), (300, None, 299, None),
        (300, None, None, None), (None, 30, None, None), (None, None, 30, 0), (None, None, None, 0),
    ],
)  # fmt: skip
def test_both_nodes_prove_what_both_say(
    credited: int | None, arrived: int | None, in_transit: int | None, fen: int | None
) -> None:
    assert agreed_fen(credited=credited, arrived=arrived, in_transit=in_transit) == fen
