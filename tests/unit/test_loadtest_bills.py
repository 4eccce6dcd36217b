"""The messages of the load: fresh, in the national form, and summing up, although they are filled in as bytes."""

import re
from datetime import date
from random import Random

import pytest

from loadtest import bills
from loadtest.bills import INPATIENT, ONE, OUTPATIENT, MsgIds, Patient
from loadtest.directory import Institution, Item, read_institutions, read_price_list, route
from loadtest.errors import DataFileWrong
from loadtest.population import Person, Population, Till, Visit
from proto.settlement.v1 import envelope_pb2, settlement_pb2

EVERYTHING = frozenset({"11", "21"})
HOSPITAL = Institution(
    "H44030490001", "a hospital", "44", "440300", frozenset({"310"}), (EVERYTHING, EVERYTHING, EVERYTHING)
)
PATIENT = Patient("44030000000001", "440300", "310")
PRICES = tuple(Item(f"X{place:04}", 1_234_567 + place * 1_111_111, place % 2 == 0) for place in range(40))


def a_stencil(med_type: str = OUTPATIENT) -> bills.Stencil:
    return bills.stencil(
        PATIENT,
        HOSPITAL,
        med_type=med_type,
        mdtrt_id="VISIT1",
        lines=bills.fee_lines(PRICES, med_type=med_type, lines=8, at="2026-01-05 08:00:00", random=Random(1)),
        first_day="2026-01-01",
        last_day="2026-01-05",
        account_used=True,
        credential=envelope_pb2.Credential(mdtrt_cert_type="02"),
    )


def filled(stencil: bills.Stencil, batch: int = 7) -> settlement_pb2.SettleRequest:
    msgid, inf_time = MsgIds().next(HOSPITAL.code)
    return settlement_pb2.SettleRequest.FromString(stencil.fill(msgid=msgid, inf_time=inf_time, batch=batch))


def test_a_filled_stencil_is_the_message_with_nothing_left_to_fill_in() -> None:
    request = filled(a_stencil())
    assert "~" not in str(request)
    assert request.envelope.infno == "2207"
    assert request.envelope.insuplc_admdvs == "440300"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", request.envelope.inf_time)
    assert request.input.chrg_bchno == "00000007"
    assert [line.feedetl_sn for line in request.input.feedetl] == [
        f"00000007-{place:02}" for place in range(1, 9)
    ]


def test_two_bills_of_a_visit_share_neither_message_nor_batch_nor_line() -> None:
    ids, stencil = MsgIds(), a_stencil()
    first, second = (
        settlement_pb2.SettleRequest.FromString(stencil.fill(msgid=msgid, inf_time=inf_time, batch=batch))
        for batch, (msgid, inf_time) in enumerate((ids.next(HOSPITAL.code), ids.next(HOSPITAL.code)))
    )
    assert first.envelope.msgid != second.envelope.msgid
    assert first.input.chrg_bchno != second.input.chrg_bchno
    assert not {line.feedetl_sn for line in first.input.feedetl} & {
        line.feedetl_sn for line in second.input.feedetl
    }


def test_every_drug_line_has_a_traceability_code_that_no_other_line_of_the_visit_has() -> None:
    stencil = a_stencil()
    lines = [line for batch in (7, 8) for line in filled(stencil, batch).input.feedetl]
    drugs = {item.code for item in PRICES if item.drug}
    assert {line.med_list_codg for line in lines if line.drug_trac_codg} == drugs & {
        line.med_list_codg for line in lines
    }
    codes = [code for line in lines for code in line.drug_trac_codg]
    assert len(codes) == len(set(codes)) > 2
    assert all(re.fullmatch(r"\d{20}", code) for code in codes)


def test_a_stay_is_settled_by_its_own_transaction_and_names_its_days() -> None:
    request = filled(a_stencil(INPATIENT))
    assert (request.envelope.infno, request.input.med_type) == ("2304", "21")
    assert (request.input.begntime, request.input.endtime) == ("2026-01-01", "2026-01-05")
    assert request.input.chrg_bchno == ""


def test_lines_add_up_to_a_fen_and_the_bill_is_their_sum() -> None:
    stencil = a_stencil()
    lines = filled(stencil).input.feedetl
    assert all(
        abs(line.cnt * line.pric - line.det_item_fee_sumamt * bills.PRODUCT_PER_FEN) <= bills.PRODUCT_PER_FEN
        for line in lines
    )
    assert stencil.total_fen == filled(stencil).input.medfee_sumamt
    assert stencil.total_fen == sum(line.det_item_fee_sumamt for line in lines) > 0
    assert len({line.med_list_codg for line in lines}) == 8


def test_an_amount_is_rounded_half_up_to_the_fen() -> None:
    assert bills.amount_fen(ONE, 5_000) == 1
    assert bills.amount_fen(ONE, 4_999) == 0
    assert bills.amount_fen(3 * ONE, 1_000_000) == 300


def test_msgids_are_of_the_field_and_never_come_twice() -> None:
    ids = MsgIds()
    made = [ids.next(HOSPITAL.code)[0] for _ in range(3_000)]
    assert len(set(made)) == len(made)
    assert all(re.fullmatch(r"H44030490001\d{14}[0-9A-Z]{4}", msgid) for msgid in made)


def test_a_session_message_made_of_bytes_is_the_one_that_protobuf_makes() -> None:
    requests = [filled(a_stencil(), batch) for batch in range(3)]
    expected = settlement_pb2.SessionRequest(
        batch_no=300, timeout_ms=30_000, calls=[settlement_pb2.SessionCall(settle=one) for one in requests]
    )
    made = bills.session_message(300, 30_000, [one.SerializeToString() for one in requests])
    assert settlement_pb2.SessionRequest.FromString(made) == expected


# ---------------------------------------------------------------------------------------- population and till


def a_population(*, people: int = 6) -> Population:
    other = Institution(
        "H45010390001",
        "away",
        "45",
        "450100",
        frozenset({"310"}),
        (EVERYTHING, EVERYTHING, frozenset({"21"})),
    )
    return Population(
        people=[
            Person(Patient(f"4403{number:010}", "440300", "310"), envelope_pb2.Credential())
            for number in range(people)
        ],
        institutions=[HOSPITAL, other],
        price_lists={"440300": PRICES, "450100": PRICES},
        lines=8,
        random=Random(3),
        now_s=1_767_600_000.0,
        run="R",
    )


def open_visits(population: Population, count: int, med_type: str = OUTPATIENT) -> list[Visit]:
    visits = population.plan(count, med_type)
    for visit in visits:
        population.opened(visit, f"V{visit.number}")
    return visits


def test_visits_go_round_all_people_before_anyone_comes_twice() -> None:
    visits = a_population().plan(6, INPATIENT)
    assert len({visit.person.patient.psn_no for visit in visits}) == 6
    assert len({visit.number for visit in visits}) == 6


def test_nobody_is_sent_where_his_kind_of_care_is_not_settled() -> None:
    population = a_population()
    # across provinces the other institution settles stays only
    assert {visit.institution.code for visit in population.plan(40, OUTPATIENT)} == {HOSPITAL.code}
    assert {visit.institution.region for visit in population.plan(40, INPATIENT)} == {"44", "45"}


def test_a_visit_is_never_billed_twice_at_once_and_comes_back_with_its_answer() -> None:
    till = Till(ids=MsgIds(), inpatient_share=0.0)
    till.add(open_visits(a_population(), 2))
    first, second = till.next("44"), till.next("44")
    assert first is not None and second is not None  # noqa: PT018
    assert first.visit is not second.visit
    assert till.next("44") is None
    assert till.starved == 1
    till.give_back(second)
    third = till.next("44")
    assert third is not None
    assert third.visit is second.visit
    assert third.batch not in (first.batch, second.batch)


def test_stays_are_billed_by_their_share_and_once_each() -> None:
    population, till = a_population(), Till(ids=MsgIds(), inpatient_share=0.25)
    stays = [visit for visit in open_visits(population, 40, INPATIENT) if visit.institution.region == "44"]
    till.add(open_visits(population, 50) + stays[:5])
    taken = [till.next("44") for _ in range(40)]
    billed = [bill.visit for bill in taken if bill is not None and bill.visit.med_type == INPATIENT]
    assert len(billed) == 5  # a quarter of forty would be ten, but there are five
    assert len({visit.number for visit in billed}) == 5
    assert [taken[place].visit.med_type for place in (0, 1, 2, 3)] == ["11", "11", "11", "21"]  # type: ignore[union-attr]
    till.give_back(next(bill for bill in taken if bill is not None and bill.visit.med_type == INPATIENT))
    assert all(
        bill is None or bill.visit.med_type == OUTPATIENT for bill in (till.next("44") for _ in range(20))
    )


def test_a_bill_that_is_sent_again_is_the_same_bytes() -> None:
    till = Till(ids=MsgIds(), inpatient_share=0.0)
    till.add(open_visits(a_population(), 1))
    bill = till.next("44")
    assert bill is not None
    assert bill.body == bill.body
    request = settlement_pb2.SettleRequest.FromString(bill.body)
    asked = bill.asked
    assert (
        request.envelope.msgid,
        request.input.mdtrt_id,
        request.input.psn_no,
        request.input.medfee_sumamt,
    ) == (
        asked.msgid,
        asked.mdtrt_id,
        asked.psn_no,
        asked.total_fen,
    )


# ---------------------------------------------------------------------------------------------- the directory


def test_the_shipped_directory_has_open_institutions_with_a_price_list() -> None:
    institutions = read_institutions(date(2026, 6, 1))
    codes = {place.code for place in institutions}
    assert {"H44030490001", "H45010390001", "H50010390001"} <= codes
    assert "H44030790021" not in codes, "closed"
    assert "H44011190022" not in codes, "agreement over"
    assert "H45020390001" not in codes, "no catalogue"
    items = read_price_list("440300", date(2026, 6, 1))
    assert len(items) > 60
    assert len({item.code for item in items}) == len(items)


def test_a_missing_table_is_a_sentence(tmp_path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DataFileWrong, match=r"999999\.csv cannot be read"):
        read_price_list("999999", date(2026, 6, 1))
    with pytest.raises(DataFileWrong, match="divisions"):
        read_institutions(date(2026, 6, 1), tmp_path)


def test_routes_are_told_apart_by_pool_and_province() -> None:
    assert [route("440300", care) for care in ("440300", "440100", "450100")] == [1, 2, 3]
