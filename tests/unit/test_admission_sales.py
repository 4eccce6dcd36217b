"""A pharmacy's sale opens its visit itself, under its invoice number and, always, under what was sold."""

from typing import Any

import pytest

from gateway.admission import admit, sought_by
from gateway.calls import NeedsNode
from gateway.care_book import Visit
from gateway.entrance import Admitted, Verdict
from gateway.refusals import Refused
from gateway.settling import sale_keys
from proto.settlement.v1 import settlement_pb2 as pb
from runtime.keys import bill_key, setl_id_text
from tests.builders import (
    HOME_POOL,
    NODE,
    OTHER_PSN,
    PARTITION,
    PHARMACY,
    PSN,
    TODAY_TEXT,
    a_call,
    a_house,
    a_line,
    a_sale_request,
    a_view,
    a_visit,
    an_id,
)


def a_sale(**changes: Any) -> pb.SettleRequest:
    changes.setdefault("lines", [a_line()])
    return a_sale_request(**changes)


def keys(request: pb.SettleRequest) -> tuple[bytes, bytes]:
    return sale_keys(PHARMACY, request.input)


def judged(request: pb.SettleRequest, *visits: Visit) -> Verdict:
    return admit(a_call(request), house=a_house(), view=a_view(visits=visits))


def row_of(request: pb.SettleRequest, *visits: Visit) -> Any:
    verdict = judged(request, *visits)
    assert isinstance(verdict, Admitted), verdict
    return verdict.rows[0]


def the_sale_s_visit(request: pb.SettleRequest, **changes: Any) -> Visit:
    """The visit as it stands once the sale was claimed."""
    visit, alias = keys(request)
    return a_visit(
        id=visit, alias=alias, fixmedins_code=PHARMACY, med_type="41", version=2, serial="inv-1", **changes
    )


def test_a_first_sale_with_an_e_voucher_waits_for_its_node_s_word() -> None:
    request = a_sale()
    request.credential.mdtrt_cert_type, request.credential.mdtrt_cert_no = "01", "token"
    verdict = judged(request)
    assert isinstance(verdict, NeedsNode)
    assert (verdict.node, verdict.partition, verdict.credential) == (NODE, PARTITION, request.credential)
    coverage = verdict.question.coverage
    assert (coverage.psn_no, coverage.home_pool, coverage.insutype) == (PSN, HOME_POOL, "310")
    told = admit(a_call(request, node_answer=b""), house=a_house(), view=a_view())
    assert isinstance(told, Admitted)
    assert told.rows[0].opens_visit
    assert isinstance(judged(request, the_sale_s_visit(request)), Admitted), "its visit has been looked at"
    request.credential.mdtrt_cert_no = ""
    refused = judged(request)
    assert isinstance(refused, Refused)
    assert [one.field for one in refused.violations] == ["credential.mdtrt_cert_no"]
    request.credential.mdtrt_cert_type = "02"
    assert isinstance(judged(request), Admitted), "an identity number costs nothing here"


def test_a_first_sale_opens_its_visit_with_its_claim() -> None:
    request = a_sale(ipt_otp_no="sale-9")
    row = row_of(request)
    visit, alias = keys(request)
    assert (row.opens_visit, row.visit_version, row.exclusive) == (True, None, True)
    assert (row.visit, row.alias, row.serial) == (visit, alias, "inv-1")
    assert (row.psn_no, row.home_pool, row.node, row.partition) == (PSN, HOME_POOL, NODE, PARTITION)
    assert (row.insutype, row.med_type, row.begin_day.isoformat()) == ("310", "41", TODAY_TEXT)
    assert sought_by(a_call(request)) == ((a_call(request).id,), visit, alias)


def test_a_sale_is_a_pharmacy_s_bill() -> None:
    request = a_sale()
    verdict = judged(request)
    assert isinstance(verdict, Admitted)
    item = verdict.item
    assert item is not None
    assert (item.facts.pharmacy, item.facts.clr_type, item.facts.hosp_lv) == (True, "41", "0")
    assert (item.mdtrt_id, item.bill) == (setl_id_text(keys(request)[0]), bill_key(keys(request)[0], ""))


def test_without_a_number_the_content_is_the_key() -> None:
    request = a_sale(invono="", ipt_otp_no="sale-9")
    row = row_of(request)
    assert row.visit == row.alias == keys(request)[1] == keys(a_sale())[1]
    assert row.serial == "sale-9"


def test_the_number_again_is_the_same_sale_whatever_is_sold() -> None:
    known = the_sale_s_visit(a_sale())
    row = row_of(a_sale(lines=[a_line("other")]), known)
    assert (row.opens_visit, row.visit, row.visit_version) == (False, known.id, 2)


@pytest.mark.parametrize("invono", ["", "inv-2"])
def test_the_same_content_again_is_the_same_sale_under_no_or_another_number(invono: str) -> None:
    known = the_sale_s_visit(a_sale())
    row = row_of(a_sale(invono=invono), known)
    assert (row.opens_visit, row.visit) == (False, known.id)


def test_a_sale_once_keyed_by_its_content_is_found_when_it_comes_with_a_number() -> None:
    known = the_sale_s_visit(a_sale(invono=""))
    row = row_of(a_sale(invono="inv-7"), known)
    assert (row.opens_visit, row.visit) == (False, known.id)


def test_where_number_and_content_name_two_sales_it_is_refused() -> None:
    first, second = a_sale(), a_sale(invono="inv-2", lines=[a_line("other")])
    mixed = a_sale(invono="inv-1", lines=[a_line("other")])
    verdict = judged(mixed, the_sale_s_visit(first), the_sale_s_visit(second))
    assert isinstance(verdict, Refused)
    assert verdict.code == "SALE_AMBIGUOUS"


def test_two_numbers_and_two_contents_are_two_sales() -> None:
    others = [
        a_sale(invono="", psn_no=OTHER_PSN),
        a_sale(invono="", fee_ocur_time=f"{TODAY_TEXT} 09:00:01"),
        a_sale(invono="", lines=[a_line("other")]),
        a_sale(invono="inv-2"),
    ]
    found = {keys(request) for request in (a_sale(), *others)}
    assert len(found) == 5
    assert keys(a_sale())[0] != sale_keys("P44010590003", a_sale().input)[0]


def test_another_person_s_invoice_number_is_refused() -> None:
    verdict = judged(a_sale(psn_no=OTHER_PSN), the_sale_s_visit(a_sale()))
    assert isinstance(verdict, Refused)
    assert verdict.code == "WRONG_PERSON"


def test_the_visit_that_a_sale_returned_names_it_too() -> None:
    known = the_sale_s_visit(a_sale())
    row = row_of(a_sale(mdtrt_id=setl_id_text(known.id)), known)
    assert (row.opens_visit, row.visit) == (False, known.id)
    verdict = judged(a_sale(mdtrt_id=setl_id_text(an_id("never"))))
    assert isinstance(verdict, Refused)
    assert verdict.code == "UNKNOWN_VISIT"


def test_a_hospital_sells_nothing_over_the_counter() -> None:
    verdict = judged(a_sale(envelope={"fixmedins_code": "H44010490001"}))
    assert isinstance(verdict, Refused)
    assert verdict.code == "NOT_OPENED"


@pytest.mark.parametrize("field", ["invono", "ipt_otp_no"])
def test_a_number_that_no_text_column_holds_is_refused(field: str) -> None:
    verdict = judged(a_sale(**{field: "a\x00"}))
    assert isinstance(verdict, Refused)
    assert [one.field for one in verdict.violations] == [f"input.{field}"]
