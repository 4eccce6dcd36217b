"""Paid back by hand and paid directly, through the operator's command and the public door: an invoice is paid once."""

import json
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from proto.settlement.v1 import settlement_pb2 as pb
from tests.endtoend.his import DECLINED, PAID, His, NewPerson, Person, line, now_text
from tests.endtoend.running_stack import RunningStack

ROOT = Path(__file__).parent.parent.parent
FEN = 30_000


class Office:
    """The agency's counter of node 44."""

    def __init__(self, stack: RunningStack, folder: Path) -> None:
        self._dsn = stack.endpoints.databases["node 44"]
        self._folder = folder

    def run(self, *arguments: str, code: int = 0) -> Any:
        """`python -m homepool reimburse …`; what it printed as JSON, or its sentence on stderr."""
        done = subprocess.run(
            [sys.executable, "-m", "homepool", "reimburse", *arguments], cwd=ROOT, capture_output=True, text=True,
            timeout=60, check=False,
            env={"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "PATH": "/usr/bin:/bin", "COLUMNS": "200",
                 "DSGW_POSTGRES_DSN": self._dsn},
        )  # fmt: skip
        assert done.returncode == code, (done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        return json.loads(done.stdout) if "--json" in arguments else done.stdout + done.stderr

    def file(self, person: Person, invoice: str, **values: Any) -> tuple[str, str]:
        """A file with one application, and the application's number."""
        application = f"T-{secrets.token_hex(6)}"
        today = now_text()[:10]
        given = {
            "application": application, "psn_no": person.psn_no, "pool": int(person.pool),
            "insutype": person.insutype, "med_type": "11", "first_day": today, "last_day": today,
            "care_division": int(person.pool), "hosp_lv": "3", "institution": "湖边门诊部", "invoice": invoice,
            "total_fen": FEN, "full_self_fen": 0, "over_limit_fen": 0, "first_pay_fen": 0, "in_scope_fen": FEN,
        }  # fmt: skip
        path = self._folder / f"{application}.jsonl"
        path.write_text(json.dumps(given | values), encoding="utf-8")
        return str(path), application

    def pay(self, path: str, *more: str, code: int = 0) -> dict[str, Any]:
        """The one bill of a file."""
        (result,) = self.run("pay", path, "--node", "44", "--as", "wang", "--json", *more, code=code)
        assert isinstance(result, dict)
        return result


@pytest.fixture
def office(stack: RunningStack, tmp_path: Path) -> Office:
    return Office(stack, tmp_path)


def an_invoice() -> str:
    return "25" + "".join(secrets.choice("0123456789") for _ in range(18))


def settled(his: His, person: Person, invoice: str) -> pb.Outcome:
    """2207 of a bill with this invoice."""
    visit = his.open(person)
    given = his.bill(visit, line(1, FEN))
    given.invono = invoice
    return his.outcome(his.settlement(visit, given))


def test_an_invoice_is_paid_by_hand_or_directly_and_both_count(
    stack: RunningStack, hospital: His, new_person: NewPerson, office: Office
) -> None:
    person, invoice = new_person("440300"), an_invoice()
    direct = settled(hospital, person, invoice)
    assert (direct.status, direct.setlinfo.fulamt_advpay_flag) == (PAID, "0")
    path, _ = office.file(person, invoice)
    refused = office.pay(path, code=1)
    assert (refused["result"], refused["code"]) == ("REFUSED", "INVOICE_PAID")
    assert direct.setl_id in refused["message"]
    assert hospital.code in refused["message"]

    second = an_invoice()
    path, application = office.file(person, second)
    would = office.pay(path, "--dry-run")
    by_hand = office.pay(path)
    assert (by_hand["result"], by_hand["known"], by_hand["fulamt_advpay_flag"]) == ("PAID", False, "1")
    assert would["amounts"] == by_hand["amounts"]
    assert by_hand["payout_fen"] == FEN - by_hand["amounts"]["cash_fen"] > 0
    assert office.pay(path) == by_hand | {"known": True}
    declined = settled(hospital, person, second)
    assert (declined.status, declined.code) == (DECLINED, "INVOICE_PAID_BY_HAND")

    sheet = office.run("show", application)
    assert "the institution gets nothing" in sheet
    assert person.psn_no not in sheet
    office.run("cancel", application, "--pool", person.pool, "--as", "li")
    assert settled(hospital, person, second).status == PAID
    (shown,) = office.run("show", application, "--json")
    assert (shown["result"], shown["cancelled_by"]) == ("TAKEN_BACK", "li")

    stack.await_calm()
    assert not stack.compare().differences.count


def test_bad_input_is_a_sentence_and_changes_nothing(
    stack: RunningStack, new_person: NewPerson, office: Office
) -> None:
    person = new_person("440300")
    before = stack.query("node 44", "SELECT count(*), (SELECT count(*) FROM reimbursement) FROM decision")
    for values, sentence in (
        ({"total_fen": FEN + 1}, "line 1: total_fen is not the sum of"),
        ({"psn_no": "44039999999999"}, "line 1: psn_no is not known here"),
        ({"pool": 450100}, "line 1: pool is none of node 44"),
    ):
        path, _ = office.file(person, an_invoice(), **values)
        assert sentence in office.run("pay", path, "--node", "44", "--as", "wang", code=2)
    path, _ = office.file(person, an_invoice())
    assert "Say with --as who decides" in office.run("pay", path, "--node", "44", "--as", " ", code=2)
    assert "knows no application" in office.run("cancel", "nothing", "--pool", "440300", "--as", "li", code=2)
    assert "No such application" in office.run("show", "nothing")
    after = stack.query("node 44", "SELECT count(*), (SELECT count(*) FROM reimbursement) FROM decision")
    assert before == after
