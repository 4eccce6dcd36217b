"""docs/codes.md names every code that a HIS may meet, each with what it does next, and no other."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from gateway import outcomes
from gateway.refusals import STATUS_OF, refuse
from homepool import answers
from homepool.wallet import service as wallet_service
from homepool.wallet import transfers as wallet
from ledger import life
from proto.settlement.v1 import settlement_pb2 as pb
from runtime import books

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "codes.md").read_text(encoding="utf-8")
REFUSALS, OUTCOMES = (
    TEXT.partition(f"\n## {title}\n")[2].partition("\n## ")[0] for title in ("Refusals", "Outcomes")
)
NEXT = set(re.findall(r"^- \*\*([\w ]+)\*\*", TEXT, re.MULTILINE))
CODE = re.compile(r"[A-Z]+(_[A-Z]+)*")

refusal_rows = {
    code: (status, following)
    for code, status, following in re.findall(
        r"^\| `(\w+)` \| (\w+) \| ([\w ]+) \| [^|]+ \|[^|]*\|$", REFUSALS, re.MULTILINE
    )
}
outcome_rows = re.findall(
    r"^\| ([A-Z]+) \| (?:`(\w+)`)? ?\| ([\w ]+) \| [^|]+ \|[^|]*\|$", OUTCOMES, re.MULTILINE
)
books_rows, wallet_rows = (
    dict(
        re.findall(
            r"^\| `(\w+)` \| (\w+) \| [^|]+ \|$",
            TEXT.partition(f"\n## {title}\n")[2].partition("\n## ")[0],
            re.MULTILINE,
        )
    )
    for title in ("BooksService", "WalletService")
)
fault_rows = re.findall(r"^\| `(\w+)` \| [^|]+ \|$", REFUSALS, re.MULTILINE)


def first_words(file: str, callee: str) -> Iterator[str]:
    """The codes that the calls of a name begin with, in a module."""
    for node in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and node.args:
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            first = node.args[0]
            if called == callee and isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value


def returned_pairs(file: str, function: str) -> Iterator[str]:
    """The codes of the (code, message) pairs that a function returns."""
    for node in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef) and node.name == function:
            for inner in ast.walk(node):
                if isinstance(inner, ast.Return) and isinstance(inner.value, ast.Tuple):
                    first = inner.value.elts[0]
                    if isinstance(first, ast.Constant) and isinstance(first.value, str):
                        yield first.value


def constants_of(module: ModuleType) -> set[str]:
    """Constants that are their own name."""
    return {name for name, value in vars(module).items() if name == value and CODE.fullmatch(name)}


def test_every_refusal_is_named_with_its_status_and_no_other() -> None:
    assert {code: status for code, (status, _) in refusal_rows.items()} == {
        code: status.name for code, status in STATUS_OF.items()
    }


def test_every_refusal_of_a_books_process_is_named_with_its_status_and_no_other() -> None:
    assert books_rows == {code: status.name for code, status in books.STATUS_OF.items()}


def test_every_refusal_of_the_wallet_is_named_with_its_status_and_every_reason_of_a_return() -> None:
    assert wallet_rows == {code: status.name for code, status in wallet_service.STATUS_OF.items()}
    rules = (ROOT / "homepool" / "wallet" / "transfers.py").read_text(encoding="utf-8")
    assert set(first_words("homepool/wallet/transfers.py", "Refused")) <= set(wallet_rows)
    for code in {*re.findall(r'return "([A-Z_]+)"', rules), wallet.NOT_ACCEPTED}:
        assert f"`{code}`" in TEXT.partition("Why a transfer came back")[2].partition("\n## ")[0], code


def test_the_same_message_is_asked_for_again_exactly_where_waiting_helps() -> None:
    for code, (_, following) in refusal_rows.items():
        assert (following == "same msgid") == (refuse(code, "").retry_after_ms > 0), code


def test_every_code_of_an_outcome_is_named_and_no_other() -> None:
    of_ledger, of_node = constants_of(life), constants_of(answers)
    of_benefits = {
        *returned_pairs("homepool/benefits/settlement.py", "_refusal"),
        *first_words("homepool/policy/rules.py", "_refusal"),
    }
    assert len(of_ledger) >= 6
    assert len(of_benefits) >= 6, "the benefit engine's codes are looked for where they no longer are"
    known = of_ledger | of_benefits | of_node | set(answers.MESSAGES) | set(outcomes.WORDS)
    assert {code for _, code, _ in outcome_rows} == known
    assert len(set(outcome_rows)) == len(outcome_rows) == len({row[:2] for row in outcome_rows})


def test_the_statuses_are_those_of_the_contract() -> None:
    statuses = {name.removeprefix("OUTCOME_STATUS_") for name in pb.OutcomeStatus.DESCRIPTOR.values_by_name}
    assert {status for status, _, _ in outcome_rows} == statuses - {"UNSPECIFIED"}


def test_every_fault_of_a_fee_line_is_named_and_no_other() -> None:
    known = set(first_words("gateway/feelines.py", "Violation"))
    assert set(fault_rows) == known
    assert len(fault_rows) == len(known)


def test_what_to_do_next_is_one_of_the_words_explained() -> None:
    assert {"same msgid", "new msgid", "query", "reverse", "call someone"} <= NEXT
    for following in [one for _, one in refusal_rows.values()] + [one for _, _, one in outcome_rows]:
        assert following in NEXT, following


def test_no_row_has_another_form_and_every_number_it_names_is_taken() -> None:
    tables = [line for line in TEXT.splitlines() if line.startswith("| ") and not line.startswith("|---")]
    assert (
        len(tables)
        == len(refusal_rows) + len(outcome_rows) + len(fault_rows) + len(books_rows) + len(wallet_rows) + 5
    )  # headings
    taken = set(
        re.findall(r"^\| (\d{4}) \|", (ROOT / "docs" / "transactions.md").read_text("utf-8"), re.MULTILINE)
    )
    assert set(re.findall(r"\b[1259]\d{3}\b", TEXT)) <= taken
