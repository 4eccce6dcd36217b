"""docs/transactions.md names every transaction number that the gateway takes and every field of its requests."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import gateway
from gateway.accumulators import INFNOS as ACCUMULATOR_INFNOS
from gateway.admission import admit
from gateway.calls import INFNOS_OF, KIND_OF, PRE_SETTLE_INFNOS, REVERSIBLE_INFNOS
from gateway.catalogue_query import CATALOGUE_INFNOS, INSTITUTION_INFNOS, NOT_HELD
from gateway.desk import INSURED_INFNOS
from gateway.entrance import Admitted
from gateway.fees.query import INFNOS as FEE_INFNOS
from gateway.filing.query import INFNOS as FILINGS_INFNOS
from gateway.queries import INFNOS as QUERY_INFNOS
from gateway.refusals import Refused
from gateway.sign_in import SIGN_IN_INFNOS, SIGN_OUT_INFNOS
from gateway.stay_query import INFNOS as STAY_INFNOS
from proto.settlement.v1 import filing_pb2 as fpb
from proto.settlement.v1 import settlement_pb2 as pb
from runtime.keys import setl_id_text
from tests.builders import (
    PSN,
    a_call,
    a_cancel_request,
    a_filing,
    a_house,
    a_reverse_request,
    a_settle_request,
    a_view,
    a_visit,
    a_visit_cancel,
    a_visit_key,
    a_withdrawal,
    an_envelope,
    an_id,
    an_opening,
)

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "transactions.md").read_text(encoding="utf-8")
_SECTION = re.compile(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
SECTIONS: dict[str, str] = dict(_SECTION.findall(TEXT))
OVERVIEW = re.findall(r"^\| (\d{4}) \| (\w+) \| (.+) \|$", TEXT, re.MULTILINE)
METHODS = {
    method.name: method
    for service in (
        pb.DESCRIPTOR.services_by_name["SettlementService"], fpb.DESCRIPTOR.services_by_name["FilingService"],
    )
    for method in service.methods
}  # fmt: skip
TAKEN: dict[str, frozenset[str]] = {
    **{type_.__name__.removesuffix("Request"): INFNOS_OF[kind] for type_, kind in KIND_OF.items()},
    "PreSettle": PRE_SETTLE_INFNOS,
    "ListFilings": FILINGS_INFNOS,
    "GetInsured": INSURED_INFNOS,
    "GetSettlement": QUERY_INFNOS,
    "GetFees": FEE_INFNOS,
    "GetAccumulators": ACCUMULATOR_INFNOS,
    "ListStays": STAY_INFNOS,
    "GetInstitution": INSTITUTION_INFNOS,
    "GetCatalogue": CATALOGUE_INFNOS,
    "SignIn": SIGN_IN_INFNOS,
    "SignOut": SIGN_OUT_INFNOS,
}
OWN_SECTION = {"Envelope": "envelope", "Credential": "credential", "FeeDetail": "", "Diagnosis": ""}


def rows_of(title: str) -> dict[str, tuple[str, str]]:
    """Path → (national name, needed)."""
    rows = re.findall(r"^\| (\w+) \| `([\w.\[\]]+)` \| (\w+) \| .+ \|$", SECTIONS[title], re.MULTILINE)
    assert len({path for _, path, _ in rows}) == len(rows), f"{title} names a field twice"
    assert SECTIONS[title].count("\n| ") == len(rows) + 1, f"{title} has a row of another form"
    return {path: (national, needed) for national, path, needed in rows}


def section_of(call: str) -> str:
    return next(title for title in SECTIONS if title.startswith(f"{call}: "))


def paths_of(message: Any, prefix: str = "") -> Iterator[str]:
    """The fields of a message by path; those that have a section of their own end there."""
    for field in message.fields:
        path = prefix + field.name + ("[]" if field.is_repeated else "")
        if field.message_type is None:
            yield path
        elif field.message_type.name == "Envelope":
            continue
        elif field.message_type.name in OWN_SECTION:
            yield path
        else:
            yield from paths_of(field.message_type, f"{path}.")


def spread(numbers: str) -> set[str]:
    """Numbers of a heading; `1301 to 1319` are all between."""
    found: set[str] = set()
    for first, last in re.findall(r"(\d{4})(?: to (\d{4}))?", numbers):
        found |= {str(number) for number in range(int(first), int(last or first) + 1)}
    return found


def test_every_number_that_is_taken_stands_beside_its_call() -> None:
    documented: dict[str, set[str]] = {}
    for infno, call, _ in OVERVIEW:
        documented.setdefault(call, set()).add(infno)
    assert len({infno for infno, _, _ in OVERVIEW}) == len(OVERVIEW)
    assert documented == {call: set(infnos) for call, infnos in TAKEN.items()}
    for call, infnos in TAKEN.items():
        assert spread(section_of(call).partition(": ")[2]) == infnos


def test_no_module_of_the_gateway_takes_a_number_that_is_left_out() -> None:
    documented = {infno for infno, _, _ in OVERVIEW}
    for module in pkgutil.walk_packages(gateway.__path__, "gateway."):
        if module.name == "gateway.__main__":
            continue
        held = vars(importlib.import_module(module.name))
        for name, value in held.items():
            if name.endswith("INFNOS") and isinstance(value, frozenset):
                assert value <= documented, f"{module.name}.{name}"


def test_every_call_of_the_contract_is_in_the_document_and_no_other() -> None:
    calls = set(METHODS)
    assert set(TAKEN) == calls - {"Session"}
    assert {title.partition(":")[0] for title in SECTIONS} == calls | set(OWN_SECTION) | {"Answers"}


@pytest.mark.parametrize("call", TAKEN)
def test_every_field_of_a_request_is_named_and_every_named_field_exists(call: str) -> None:
    assert list(rows_of(section_of(call))) == list(paths_of(METHODS[call].input_type))


@pytest.mark.parametrize("name", OWN_SECTION)
def test_what_requests_share_is_named_field_by_field(name: str) -> None:
    types = pb.SettleRequest.DESCRIPTOR.fields_by_name
    message = {
        "Envelope": types["envelope"].message_type,
        "Credential": types["credential"].message_type,
        "FeeDetail": pb.FeeDetail.DESCRIPTOR,
        "Diagnosis": pb.Diagnosis.DESCRIPTOR,
    }[name]
    prefix = f"{OWN_SECTION[name]}." if OWN_SECTION[name] else ""
    assert list(rows_of(name)) == list(paths_of(message, prefix))


def test_needed_is_said_in_three_words() -> None:
    for title in SECTIONS:
        if title != "Answers" and title != "Session":
            assert {needed for _, needed in rows_of(title).values()} <= {"yes", "no", "if"}, title


def test_catalogues_that_are_not_held_and_what_can_be_reversed_are_said() -> None:
    assert {infno for infno, _, title in OVERVIEW if "NO_CATALOGUE" in title} == NOT_HELD
    said = re.search(r"`input.oinfno` \| yes \| (.+) \|", SECTIONS[section_of("Reverse")])
    assert said
    assert set(re.findall(r"\d{4}", said[1])) == REVERSIBLE_INFNOS


# ---------------------------------------------------------------------------------------------- what is needed


def a_step(type_: Any, given: Any, infno: str) -> Any:
    return type_(
        envelope=an_envelope(infno, "s1"), input=given(psn_no=PSN, mdtrt_id=setl_id_text(a_visit_key()))
    )


def valid_requests() -> dict[str, Any]:
    """One request of each call that admission judges, with nothing in it that is not needed."""
    settle = a_settle_request(insutype="310", med_type="11")
    return {
        "Settle": settle,
        "PreSettle": pb.PreSettleRequest(envelope=an_envelope("2206", "p1"), input=settle.input),
        "OpenVisit": an_opening(),
        "CancelVisit": a_visit_cancel(),
        "UpdateVisit": a_step(pb.UpdateVisitRequest, pb.UpdateVisitInput, "2203"),
        "CloseVisit": a_step(pb.CloseVisitRequest, pb.CloseVisitInput, "2402"),
        "ReopenVisit": a_step(pb.ReopenVisitRequest, pb.ReopenVisitInput, "2405"),
        "File": a_filing(),
        "Withdraw": a_withdrawal(an_id("f1")),
        "Cancel": a_cancel_request(setl_id_text(an_id("m1"))),
        "Reverse": a_reverse_request("m1"),
    }


@pytest.mark.parametrize("call", valid_requests())
def test_what_is_needed_is_refused_where_it_is_missing_and_nothing_else_is(call: str) -> None:
    rows = rows_of("Envelope") | rows_of(section_of(call))
    visits = () if call == "OpenVisit" else (a_visit(),)
    for path, (_, needed) in rows.items():
        if needed == "if":
            continue
        request = valid_requests()[call]
        parent, _, field = path.rpartition(".")
        (getattr(request, parent) if parent else request).ClearField(field.removesuffix("[]"))
        verdict = admit(a_call(request, node_answer=b""), house=a_house(), view=a_view(visits=visits))
        if needed == "no":
            assert isinstance(verdict, Admitted), (path, verdict)
        else:
            assert isinstance(verdict, Refused), path
            assert path in [one.field for one in verdict.violations], (path, verdict)
