"""docs/clearing.md names every class with its actions, every code with its status, every call of an institution."""

import importlib
import inspect
import pkgutil
import re
from pathlib import Path
from typing import Any

import pytest

import clearing
from clearing.day.actions import RULES
from clearing.errors import ClearingFault
from clearing.institutions.statement_file import COLUMNS
from clearing.service.statement_service import INFNOS
from proto.settlement.v1 import clearing_pb2, funding_pb2, month_pb2, payment_pb2, proposal_pb2

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "clearing.md").read_text(encoding="utf-8")


def faults() -> set[type[ClearingFault]]:
    found = {ClearingFault}
    for module in pkgutil.walk_packages(clearing.__path__, "clearing."):
        if module.name != "clearing.__main__":
            for _, one in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
                if issubclass(one, ClearingFault):
                    found.add(one)
    return found


def test_every_class_of_difference_stands_with_the_actions_that_settle_it() -> None:
    told = {
        kind: set(re.findall(r"`(\w+)`", actions))
        for kind, actions in re.findall(
            r"^\| `(\w+)` \| [^|]+ \| ((?:`\w+`(?:, )?)+) \|$", TEXT, re.MULTILINE
        )
    }
    assert told == {str(kind): {str(action) for action in rule.actions} for kind, rule in RULES.items()}


def test_every_code_stands_with_its_status_and_no_other() -> None:
    told = dict(re.findall(r"^\| `([A-Z_]+)` \| ([A-Z_]+) \| [^|]+ \|$", TEXT, re.MULTILINE))
    assert told == {one.code: one.status.name for one in faults()}


@pytest.mark.parametrize("contract", [clearing_pb2, funding_pb2, month_pb2, payment_pb2, proposal_pb2])
def test_every_call_of_operators_stands_in_the_table_of_its_service_and_no_other(contract: Any) -> None:
    (service,) = contract.DESCRIPTOR.services_by_name.values()
    row = re.escape(f"| {service.name} |") + r"[^\n]+\n(?:\| \|[^\n]+\n)*"
    (rows,) = re.findall(row, TEXT)
    calls = [cell for line in rows.splitlines() for cell in re.findall(r"`(\w+)`", line.split("|")[2])]
    assert sorted(calls) == sorted(method.name for method in service.methods)


def test_every_call_of_an_institution_stands_with_its_number() -> None:
    told = {call: number for number, call in re.findall(r"^\| (3\d{3}) \| (\w+) \|", TEXT, re.MULTILINE)}
    assert told == INFNOS
    assert all(f"`{column}`" in TEXT for column in COLUMNS)
