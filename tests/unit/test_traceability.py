"""Traceability codes: which lines need one on which day, and how a bill without them, or with wrong ones, is refused."""

from pathlib import Path
from typing import Any

import pytest

from gateway.admission import admit
from gateway.catalogue import load_catalogues
from gateway.entrance import Admitted
from gateway.errors import CatalogueError
from gateway.refusals import Refused
from gateway.traceability import HOSPITAL, PHARMACY, TraceRules
from proto.settlement.v1 import settlement_pb2 as pb
from tests.builders import (
    CARE_POOL,
    FEN_A_LINE,
    TODAY_TEXT,
    a_call,
    a_house,
    a_line,
    a_return,
    a_sale_request,
    a_settle_request,
    a_view,
    a_visit,
)

DRUG = "XC08CAA321A0"
CODE, OTHER_CODE = "81" + "0" * 17 + "1", "81" + "0" * 17 + "2"
SHIPPED = TraceRules.load()


def a_drug(sn: str = "line-1", *codes: str, **changes: Any) -> pb.FeeDetail:
    """A line of tablets."""
    return a_line(sn, **({"med_list_codg": DRUG, "drug_trac_codg": codes} | changes))


def judged(*lines: pb.FeeDetail) -> Refused | Admitted:
    """What admission makes of a bill of these lines."""
    verdict = admit(
        a_call(a_settle_request(lines=list(lines))), house=a_house(), view=a_view(visits=(a_visit(),))
    )
    assert isinstance(verdict, Refused | Admitted)
    return verdict


def refused(code: str, *lines: pb.FeeDetail) -> Refused:
    """Such a bill, which must be refused so."""
    verdict = judged(*lines)
    assert isinstance(verdict, Refused), "nothing was refused"
    assert verdict.code == code, verdict
    return verdict


def test_a_drug_line_without_a_code_is_refused_by_its_place_and_number() -> None:
    verdict = refused("TRACE_CODE_MISSING", a_line("1"), a_drug("2", CODE), a_drug("3"))
    assert [one.field for one in verdict.violations] == ["input.feedetl[2].drug_trac_codg"]
    assert "line 3" in verdict.err_msg
    assert "scan the pack" in verdict.err_msg


def test_each_drug_line_with_its_own_codes_is_admitted_and_a_service_needs_none() -> None:
    assert isinstance(judged(a_line("1"), a_drug("2", CODE), a_drug("3", OTHER_CODE)), Admitted)
    assert isinstance(judged(a_drug("1", CODE, OTHER_CODE)), Admitted)


def test_two_codes_on_one_line_do_not_stand_for_the_other_line() -> None:
    refused("TRACE_CODE_MISSING", a_drug("1", CODE, OTHER_CODE), a_drug("2"))


@pytest.mark.parametrize("wrong", ["", "8" * 19, "8" * 21, "8" * 19 + "A", "８" * 20, "8" * 19 + " "])
def test_a_code_that_has_not_twenty_digits_is_invalid(wrong: str) -> None:
    verdict = refused("INVALID", a_drug("1", CODE), a_drug("2", wrong))
    assert [one.field for one in verdict.violations] == ["input.feedetl[1].drug_trac_codg"]
    assert "20 digits" in verdict.err_msg


def test_codes_whose_lengths_make_up_for_one_another_are_invalid_all_the_same() -> None:
    refused("INVALID", a_drug("1", "8" * 19), a_drug("2", "8" * 21))


def test_a_pack_is_on_one_line_and_once() -> None:
    verdict = refused("INVALID", a_drug("1", CODE), a_drug("2", CODE))
    assert [one.field for one in verdict.violations] == ["input.feedetl[1].drug_trac_codg"]
    assert "line 1 names too" in verdict.err_msg
    refused("INVALID", a_drug("1", CODE, CODE))


def test_a_line_that_was_returned_whole_needs_no_code_and_one_returned_in_part_does() -> None:
    back = a_return("1", "back", med_list_codg=DRUG)
    assert isinstance(judged(a_drug("1"), back, a_line("2")), Admitted)
    half = {"cnt": -5_000, "det_item_fee_sumamt": -FEN_A_LINE // 2}
    refused("TRACE_CODE_MISSING", a_drug("1"), a_return("1", "back", med_list_codg=DRUG, **half))


def test_a_return_may_name_the_pack_that_came_back_and_the_pack_may_be_sold_again() -> None:
    back = a_return("1", "back", med_list_codg=DRUG, drug_trac_codg=[CODE])
    assert isinstance(judged(a_drug("1", CODE), back, a_drug("2", CODE)), Admitted)


def keys_of(*lines: pb.FeeDetail) -> tuple[int, ...]:
    """What a bill of these lines must not share with another live one."""
    verdict = judged(*lines)
    assert isinstance(verdict, Admitted), verdict
    assert verdict.item is not None
    return tuple(verdict.item.facts.line_keys)


def test_a_pack_is_in_one_live_bill_of_a_visit_whatever_line_names_it() -> None:
    first, second = keys_of(a_drug("1", CODE)), keys_of(a_line("2"), a_drug("3", OTHER_CODE, CODE))
    assert len(first) == 2
    assert len(set(first) & set(second)) == 1
    assert not set(first) & set(keys_of(a_line("2"), a_drug("3", OTHER_CODE), a_line(CODE)))


def test_a_pack_that_came_back_may_be_in_another_bill() -> None:
    back = a_return("1", "back", med_list_codg=DRUG)
    assert not set(keys_of(a_drug("1", CODE), back, a_line("2"))) & set(keys_of(a_drug("3", CODE)))


def test_a_settlement_carries_no_more_codes_than_a_line() -> None:
    half = [f"{number:020}" for number in range(600)]
    other = [f"{number:020}" for number in range(600, 1_200)]
    assert isinstance(judged(a_drug("1", *half)), Admitted)
    refused("INVALID", a_drug("1", *half), a_drug("2", *other))


def test_more_codes_than_a_line_can_have_packs_are_refused() -> None:
    refused("INVALID", a_drug("1", *[f"{number:020}" for number in range(1_001)]))


def test_a_pharmacy_s_sale_needs_codes_too() -> None:
    request = a_sale_request(lines=[a_drug("1")])
    verdict = admit(a_call(request), house=a_house(), view=a_view())
    assert isinstance(verdict, Refused)
    assert verdict.code == "TRACE_CODE_MISSING"
    request = a_sale_request(lines=[a_drug("1", CODE)])
    assert isinstance(admit(a_call(request), house=a_house(), view=a_view()), Admitted)


def test_a_trial_settlement_is_refused_like_the_settlement() -> None:
    settle = a_settle_request(infno="2206", lines=[a_drug()])
    request = pb.PreSettleRequest(envelope=settle.envelope, input=settle.input)
    verdict = admit(a_call(request), house=a_house(), view=a_view(visits=(a_visit(),)))
    assert isinstance(verdict, Refused)
    assert verdict.code == "TRACE_CODE_MISSING"


def test_a_line_of_a_day_before_the_rule_needs_none() -> None:
    assert isinstance(judged(a_drug("1", fee_ocur_time="2025-06-30 23:59:59")), Admitted)
    refused("TRACE_CODE_MISSING", a_drug("1", fee_ocur_time="2025-07-01 00:00:00"))


@pytest.mark.parametrize("institution", [HOSPITAL, PHARMACY])
@pytest.mark.parametrize(
    ("chrgitm_lv", "day", "needed"),
    [
        ("01", "2025-06-30 23:59:59", False), ("01", "2025-07-01", True), ("02", "2025-12-31 23:00:00", True),
        ("03", "2025-12-31", False), ("03", "2026-01-01", True), ("01", "2026-01-01 00:00:00", True),
    ],
)  # fmt: skip
def test_the_shipped_rules_begin_on_their_days(
    institution: str, chrgitm_lv: str, day: str, needed: bool
) -> None:
    traces = SHIPPED.of_items(CARE_POOL, {"X1": "drug", "001": "service", "C1": "consumable"})
    assert traces.need("X1", chrgitm_lv, day, institution) is needed
    assert not traces.need("001", chrgitm_lv, day, institution)
    assert not traces.need("C1", chrgitm_lv, day, institution)


def test_decoction_pieces_and_own_preparations_are_exempt() -> None:
    traces = SHIPPED.of_items(CARE_POOL, {"T1": "drug", "J1": "drug", "Z1": "drug"})
    needing = {code for code in ("T1", "J1", "Z1") if traces.need(code, "01", TODAY_TEXT, HOSPITAL)}
    assert needing == {"Z1"}


def test_a_pool_may_except_some_of_its_institutions_for_a_time(tmp_path: Path) -> None:
    rules = rules_of(
        tmp_path,
        '[[needed]]\nsource="s"\n[[exempt]]\ncare_pools=["440300"]\ninstitutions=["pharmacy"]\n'
        'from=2026-01-01\nto=2026-02-28\nchrgitm_lv=["02"]\nsource="s"\n',
    )
    here, there = (rules.of_items(pool, {"X1": "drug"}) for pool in (440300, 440100))
    assert not here.need("X1", "02", "2026-02-28 23:59:59", PHARMACY)
    assert here.need("X1", "02", "2026-03-01", PHARMACY)
    assert here.need("X1", "01", "2026-02-01", PHARMACY)
    assert here.need("X1", "02", "2026-02-01", HOSPITAL)
    assert there.need("X1", "02", "2026-02-01", PHARMACY)


def rules_of(folder: Path, text: str) -> TraceRules:
    """A rules file of this text."""
    (folder / "rules.toml").write_text(text, encoding="utf-8")
    return TraceRules.load(folder / "rules.toml")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[needed", "rules.toml"),
        ("[[nedeed]]\nsource='s'", "nedeed is unknown"),
        ("[[needed]]\n", "needed 1: source is missing"),
        ("[[needed]]\nsource='s'\n[[needed]]\nsource='s'\nlist='x'", "needed 2: list is unknown"),
        ("[[needed]]\nsource='s'\nfrom='2026-01-01'", "from is '2026-01-01', not a day"),
        ("[[needed]]\nsource='s'\nfrom=2026-01-02\nto=2026-01-01", "to is before from"),
        ("[[exempt]]\nsource='s'\ninstitutions=['clinic']", "institutions has 'clinic', not one of hospital"),
        ("[[exempt]]\nsource='s'\ncare_pools=['4403']", "'4403', not six digits"),
        ("[[exempt]]\nsource='s'\ncode_begins='T'", "code_begins is no list of texts"),
    ],
)
def test_a_wrong_file_is_refused_with_a_sentence_that_names_the_fault(
    tmp_path: Path, text: str, says: str
) -> None:
    with pytest.raises(CatalogueError, match=says):
        rules_of(tmp_path, text)


def test_every_shipped_catalogue_knows_which_of_its_items_rules_speak_of() -> None:
    for catalogue in load_catalogues().values():
        drugs = {code for code, item in catalogue.items.items() if item.kind == "drug"}
        assert set(catalogue.traces.items) == drugs
