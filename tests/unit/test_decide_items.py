"""Deciding, beside the life of a bill: deadlines, people, accounts, revivals of today, faults, and what answers say."""

from dataclasses import replace

import pytest

from homepool.benefits import Benefit, BillFacts, Policy, Standing
from homepool.decide import Flush, decide, sender_clock_fits
from homepool.insured import Coverage, Person
from homepool.snapshot import Snapshot
from ledger.life import Kind, Status
from ledger.rows import FUND_PAYERS, PAYERS, SCOPE, Row
from proto.settlement.v1 import messages_pb2, settlement_pb2
from tests.home_items import (
    NODE,
    NOW_MS,
    OTHER_PSN,
    POOL,
    POOLED_FEN,
    PSN,
    RELATIVE,
    TODAY,
    PlainPolicies,
    cursor,
    person,
    plain_settle,
    settle_item,
    sixteen,
    undo_item,
)


def book(*, balance_fen: int = 0, relative_fen: int = 0, relatives: tuple[str, ...] = ()) -> Snapshot:
    """What is known of PSN and OTHER_PSN before the flush."""
    snapshot = Snapshot()
    snapshot.people = {PSN: person(relatives=relatives), OTHER_PSN: person(OTHER_PSN, relatives=relatives)}
    snapshot.balances = {PSN: balance_fen, OTHER_PSN: 0, RELATIVE: relative_fen}
    return snapshot


def decided(snapshot: Snapshot, *items: messages_pb2.Item, now_ms: int = NOW_MS, **given: object) -> Flush:
    """One flush."""
    return decide(
        items, snapshot, node=NODE, cursor=cursor(), now_ms=now_ms,
        policies=given.pop("policies", PlainPolicies()), settle=given.pop("settle", plain_settle),  # type: ignore[arg-type]
        **given,  # type: ignore[arg-type]
    )  # fmt: skip


def outcome(row: Row) -> settlement_pb2.Outcome:
    """The stored answer."""
    return settlement_pb2.Outcome.FromString(row.answer)


def codes(flush: Flush) -> list[str]:
    """Status or code of each answer."""
    return [row.code or Status(row.status).name for _, row in flush.answers]


def test_what_moves_money_at_the_counter_expires_and_a_reversal_never_does() -> None:
    late = NOW_MS - 1
    flush = decided(
        book(),
        settle_item("s0"),
        settle_item("s1", bill="b1", deadline_ms=late),
        undo_item(Kind.CANCEL, "c0", "s0", deadline_ms=late),
        undo_item(Kind.CANCEL, "c1", "s0", deadline_ms=NOW_MS),
        undo_item(Kind.REVIVE, "r0", "c1", deadline_ms=late),
        undo_item(Kind.REVERSE, "r1", "s0", deadline_ms=late),
    )
    assert codes(flush) == [
        "PAID",
        "DEADLINE_PASSED",
        "DEADLINE_PASSED",
        "OK",
        "DEADLINE_PASSED",
        "NOTHING_TO_UNDO",
    ]
    expired = flush.answers[1][1]
    assert (expired.status, expired.sign, expired.total_fen, expired.asked_fen) == (
        Status.EXPIRED,
        0,
        0,
        10_000,
    )


def test_only_what_pays_or_takes_back_at_the_counter_must_be_written_by_its_deadline() -> None:
    later = NOW_MS + 60_000
    flush = decided(
        book(), settle_item("s0", deadline_ms=later), settle_item("s1", deadline_ms=later),
        undo_item(Kind.CANCEL, "c0", "s0", deadline_ms=later),
        undo_item(Kind.REVIVE, "r0", "c0", deadline_ms=later),
        undo_item(Kind.REVERSE, "r1", "s0", deadline_ms=later),
    )  # fmt: skip
    assert [written.deadline_ms for written in flush.rows] == [later, None, later, later, None]
    assert [written.row.sign for written in flush.rows] == [1, 0, -1, 1, -1]


def test_a_known_id_is_answered_before_anything_else_is_looked_at() -> None:
    snapshot = book()
    first = decided(snapshot, settle_item("s0"))
    other = settle_item("s0", psn_no="nobody", deadline_ms=1, total_fen=-5)
    other.digest = bytes(32)
    again = decided(snapshot, other, settle_item("s0"))
    assert not again.rows
    assert [row.answer for _, row in again.answers] == [first.rows[0].row.answer] * 2


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"psn_no": "nobody"}, "PERSON_UNKNOWN"),
        ({"home_pool": 440100}, "NOT_INSURED_HERE"),
        ({"insutype": "510"}, "NO_SUCH_INSURANCE"),
        ({"care_date": "2019-12-31"}, "NO_POLICY"),
    ],
)
def test_a_person_or_insurance_that_does_not_fit_is_declined(change: dict[str, object], code: str) -> None:
    home_pool = change.pop("home_pool", POOL)
    item = settle_item("s0", **change)
    item.home_pool = home_pool
    flush = decided(book(), item)
    assert codes(flush) == [code]
    assert outcome(flush.answers[0][1]).err_msg


def test_a_paused_or_ended_insurance_is_seen_on_the_care_date() -> None:
    seen: list[bool] = []

    def spy(bill: BillFacts, policy: Policy, standing: Standing) -> Benefit:
        seen.append(standing.suspended)
        return plain_settle(bill, policy, standing)

    snapshot = book()
    for name, coverage in (
        ("paused", Coverage(POOL, "310", "1101", False, "2001-01-01", status="2", paused_on="2026-03-01")),
        (
            "pauses later",
            Coverage(POOL, "310", "1101", False, "2001-01-01", status="2", paused_on="2026-03-02"),
        ),
        ("ended", Coverage(POOL, "310", "1101", False, "2001-01-01", "2026-02-28", status="4")),
        ("begins later", Coverage(POOL, "310", "1101", False, "2026-03-02")),
        ("holds", Coverage(POOL, "310", "1101", False, "2026-03-01")),
    ):
        snapshot.people[PSN] = Person(PSN, "", {(POOL, "310"): (coverage,)})
        decided(snapshot, settle_item(name, bill=name), settle=spy)
    assert seen == [True, False, True, True, False]


def test_accounts_are_drawn_on_top_of_the_draws_before_and_each_names_the_balance_it_read() -> None:
    snapshot = book(balance_fen=1_500, relative_fen=1_700, relatives=(RELATIVE,))
    flush = decided(
        snapshot,
        settle_item("s0", account_used=True),
        settle_item("s1", bill="b1", account_used=True),
        settle_item("s2", bill="b2", psn_no=OTHER_PSN, account_used=True),
        undo_item(Kind.CANCEL, "c0", "s0"),
    )
    rows = [written.row for written in flush.rows]
    assert [row.account_fen for row in rows] == [1_000, 500, 0, -1_000]
    assert [row.family_amount_fen for row in rows] == [(1_000,), (700,), None, (-1_000,)]
    assert [written.account_read_fen for written in flush.rows] == [1_500, 500, None, 0]
    assert [written.family_read_fen for written in flush.rows] == [(1_700,), (700,), None, None]
    assert [outcome(row).setlinfo.balc for row in rows] == [500, 0, 0, 1_000]
    assert (snapshot.balances[PSN], snapshot.balances[RELATIVE]) == (1_000, 1_000)


def test_of_relatives_only_the_one_whom_the_bill_names_pays_beside_the_own_account() -> None:
    other = "44030000000010"
    snapshot = book(balance_fen=500, relative_fen=700, relatives=(RELATIVE, other))
    snapshot.balances[other] = 900
    flush = decided(
        snapshot,
        settle_item("s0", account_used=True, relative=other),
        settle_item("s1", bill="b1", account_used=True),
    )
    rows = [written.row for written in flush.rows]
    assert [(row.account_fen, row.family_psn_no, row.family_amount_fen) for row in rows] == [
        (500, (other,), (900,)),
        (0, (RELATIVE,), (700,)),
    ]


def test_a_relative_who_may_not_pay_or_has_no_account_in_this_pool_is_said_and_nothing_moves() -> None:
    snapshot = book(balance_fen=5_000)
    here = person()
    lenders = (("elsewhere", 440100), ("without", 0))
    snapshot.people[PSN] = Person(PSN, here.born, here.coverages, account_pool=POOL, relatives=lenders)
    flush = decided(
        snapshot,
        *(
            settle_item(one, bill=one, account_used=True, relative=one)
            for one in ("elsewhere", "without", "stranger")
        ),
    )
    assert codes(flush) == ["RELATIVE_IN_OTHER_POOL", "RELATIVE_IN_OTHER_POOL", "RELATIVE_NOT_AUTHORISED"]
    assert [written.row.total_fen for written in flush.rows] == [0, 0, 0]
    assert "wallet transfer" in outcome(flush.rows[0].row).err_msg


def test_an_account_pays_for_bills_of_its_own_pool_only() -> None:
    snapshot = book(balance_fen=1_000)
    elsewhere = person()
    snapshot.people[PSN] = Person(PSN, elsewhere.born, elsewhere.coverages, account_pool=440100)
    flush = decided(snapshot, settle_item("s0", account_used=True))
    assert flush.rows[0].row.account_fen == 0


def test_a_revival_repeats_the_settlement_and_what_stands_against_it_today_supersedes_it() -> None:
    def history(snapshot: Snapshot) -> None:
        decided(
            snapshot,
            settle_item("s0", account_used=True, line_keys=[1, 2]),
            undo_item(Kind.CANCEL, "c0", "s0"),
        )

    revive = undo_item(Kind.REVIVE, "r0", "c0")
    snapshot = book(balance_fen=1_000)
    history(snapshot)
    revived = decided(snapshot, revive).rows[0].row
    settlement = snapshot.rows[sixteen("s0")]
    assert [revived[Row._fields.index(name)] for name in (*PAYERS, *SCOPE, "deltas", "policy_version")] == [
        settlement[Row._fields.index(name)] for name in (*PAYERS, *SCOPE, "deltas", "policy_version")
    ]
    assert outcome(revived).setlinfo.refd_setl_flag == "0"

    poor = book(balance_fen=1_000)
    history(poor)
    poor.balances[PSN] = 999
    assert codes(decided(poor, revive)) == ["SUPERSEDED"]

    for keys, code in (([2, 3], "SUPERSEDED"), ([3], "OK")):
        lines = book(balance_fen=1_000)
        lines.visit_live[sixteen("visit")] = set()
        history(lines)
        decided(lines, settle_item("s1", bill="b1", line_keys=keys))
        assert codes(decided(lines, revive)) == [code]

    capped = book(balance_fen=1_000)
    history(capped)
    capped.used[(PSN, "310", 2026)] = (0, 0, 0, 5_000, *(0,) * 13)
    at_cap = PlainPolicies(year_cap_fen=5_000 + POOLED_FEN)
    over_cap = PlainPolicies(year_cap_fen=4_999 + POOLED_FEN)
    assert codes(decided(capped, undo_item(Kind.REVIVE, "r1", "c0"), policies=over_cap)) == ["SUPERSEDED"]
    assert codes(decided(capped, undo_item(Kind.REVIVE, "r2", "c0"), policies=at_cap)) == ["OK"]


def test_only_a_stay_s_settlements_may_share_no_day() -> None:
    days = {"begin_date": "2026-03-01", "end_date": "2026-03-01"}
    for clr_type, second in (("11", "PAID"), ("41", "PAID"), ("21", "DAYS_IN_LIVE_BILL")):
        snapshot = book()
        snapshot.visit_live[sixteen("visit")] = set()
        flush = decided(
            snapshot,
            settle_item("s0", clr_type=clr_type, **days),
            settle_item("s1", bill="b1", clr_type=clr_type, **days),
        )
        assert codes(flush) == ["PAID", second], clr_type


def test_only_a_stay_s_settlements_are_cancelled_latest_first() -> None:
    for clr_type, first in (("11", "OK"), ("21", "LATER_INTERIM_LIVES")):
        snapshot = book()
        snapshot.visit_live[sixteen("visit")] = set()
        flush = decided(
            snapshot,
            settle_item("s0", clr_type=clr_type, begin_date="2026-02-27", end_date="2026-02-28"),
            settle_item("s1", bill="b1", clr_type=clr_type, begin_date="2026-03-01", end_date="2026-03-01"),
            undo_item(Kind.CANCEL, "c0", "s0"),
        )
        assert codes(flush)[2] == first, clr_type


def test_a_settlement_keeps_its_invoice_and_so_does_whatever_undoes_and_revives_it() -> None:
    invoice = "25447000000000000001"
    flush = decided(
        book(), settle_item("s0", invoice=invoice), undo_item(Kind.CANCEL, "c0", "s0"),
        undo_item(Kind.REVIVE, "r0", "c0"), undo_item(Kind.REVERSE, "r1", "s0"), settle_item("s1", bill="b1"),
        settle_item("s2", bill="b2", psn_no="nobody", invoice=invoice),
    )  # fmt: skip
    assert [written.row.invoice for written in flush.rows] == [invoice] * 4 + [None, None]


def test_an_invoice_that_was_paid_by_hand_is_neither_paid_directly_nor_brought_back() -> None:
    invoice = "25447000000000000001"
    snapshot = book()
    decided(snapshot, settle_item("s0", invoice=invoice), undo_item(Kind.CANCEL, "c0", "s0"))
    snapshot.people[PSN] = replace(snapshot.people[PSN], invoices=frozenset((invoice,)))
    flush = decided(
        snapshot, settle_item("s1", invoice=invoice), undo_item(Kind.REVIVE, "r0", "c0"),
        settle_item("s2", bill="b2", invoice=invoice[:-1] + "2"), settle_item("s3", bill="b3"),
    )  # fmt: skip
    assert codes(flush) == ["INVOICE_PAID_BY_HAND", "SUPERSEDED", "PAID", "PAID"]


def test_each_side_takes_back_only_what_it_has_paid() -> None:
    snapshot = book()
    by_hand = settle_item("s1", bill="b1")
    by_hand.region = "manual"
    taken_back = undo_item(Kind.CANCEL, "c2", "s1")
    taken_back.region = "manual"
    crossed = undo_item(Kind.CANCEL, "c1", "s0")
    crossed.region = "manual"
    flush = decided(
        snapshot, settle_item("s0"), by_hand, undo_item(Kind.CANCEL, "c0", "s1"),
        undo_item(Kind.REVERSE, "r0", "s1"), crossed, taken_back,
    )  # fmt: skip
    refused = ["NO_SUCH_SETTLEMENT"] * 3
    assert codes(flush) == ["PAID", "PAID", *refused, "OK"]
    flags = [outcome(flush.answers[place][1]).setlinfo.fulamt_advpay_flag for place in (0, 1, 5)]
    assert flags == ["0", "1", "1"]


def test_an_exception_while_deciding_is_one_items_and_it_is_parked() -> None:
    def breaks(bill: BillFacts, policy: Policy, standing: Standing) -> Benefit:
        if bill.total_fen == 13:
            raise ZeroDivisionError
        return plain_settle(bill, policy, standing)

    flush = decided(
        book(), settle_item("s0"), settle_item("s1", bill="b1", total_fen=13), settle_item("s2", bill="b2"),
        settle=breaks,
    )  # fmt: skip
    assert codes(flush) == ["PAID", "INTERNAL", "PAID"]
    assert [parked.why for parked in flush.parked] == ["ZeroDivisionError"]
    assert messages_pb2.Item.FromString(flush.parked[0].item).facts.total_fen == 13
    assert [written.row.number for written in flush.rows] == [1, 2, 3]


def test_a_poisoned_item_is_declined_unseen_with_its_texts_made_storable() -> None:
    item = settle_item("s0")
    item.psn_no = PSN + "\0"
    flush = decided(book(), item, poisoned={sixteen("s0")})
    assert codes(flush) == ["INTERNAL"]
    assert flush.rows[0].row.psn_no == PSN


def test_an_item_without_a_proper_id_is_parked_and_answered_to_nobody() -> None:
    item = settle_item("s0")
    item.id = b"short"
    flush = decided(book(), item, settle_item("s1"))
    assert (codes(flush), len(flush.parked)) == (["PAID"], 1)


def test_a_reversal_whose_kind_is_not_that_of_its_target_undoes_nothing() -> None:
    flush = decided(
        book(), settle_item("s0"), undo_item(Kind.REVIVE, "r0", "s0"), undo_item(Kind.CANCEL, "c0", "s0"),
        undo_item(Kind.REVERSE, "r1", "c0"),
    )  # fmt: skip
    assert codes(flush) == ["PAID", "INTERNAL", "OK", "INTERNAL"]


def test_a_row_belongs_to_the_cursors_day_or_a_later_one_in_china_time() -> None:
    sixteen_utc = NOW_MS + 14 * 3_600_000  # 2026-03-03 00:00 in China
    assert decided(book(), settle_item("s0"), now_ms=sixteen_utc - 1).rows[0].row.day == TODAY
    assert decided(book(), settle_item("s0"), now_ms=sixteen_utc).rows[0].row.day.isoformat() == "2026-03-03"
    assert decided(book(), settle_item("s0"), now_ms=NOW_MS - 5 * 86_400_000).rows[0].row.day == TODAY


def test_a_sender_whose_clock_is_off_is_not_decided() -> None:
    fits = [sender_clock_fits(NOW_MS + off, NOW_MS) for off in (-60_001, -60_000, 0, 5_000, 5_001)]
    assert fits == [False, True, True, True, False]


def test_the_national_identities_hold_on_row_and_answer_with_the_sign_of_the_row() -> None:
    for with_account in (False, True):
        policies = PlainPolicies()
        object.__setattr__(policies.policy, "fund_includes_account", with_account)
        snapshot = book(balance_fen=800, relative_fen=300, relatives=(RELATIVE,))
        flush = decided(
            snapshot, settle_item("s0", account_used=True), undo_item(Kind.CANCEL, "c0", "s0"),
            undo_item(Kind.REVIVE, "r0", "c0"), undo_item(Kind.REVERSE, "r1", "s0"), policies=policies,
        )  # fmt: skip
        assert [written.row.sign for written in flush.rows] == [1, -1, 1, -1]
        for written in flush.rows:
            check_identities(written.row)


def check_identities(row: Row) -> None:
    """I1 to I8 on a row and its answer."""
    fund = sum(getattr(row, payer) for payer in FUND_PAYERS)
    account = row.account_fen + row.family_fen
    info, details = outcome(row).setlinfo, outcome(row).setldetail
    assert row.total_fen == sum(getattr(row, payer) for payer in PAYERS) == info.medfee_sumamt
    assert row.total_fen == sum(getattr(row, part) for part in SCOPE)
    assert info.medfee_sumamt == (
        info.fulamt_ownpay_amt + info.overlmt_selfpay + info.preselfpay_amt + info.inscp_scp_amt
    )
    assert info.fund_pay_sumamt == row.fund_sum_fen == fund + (account if row.fund_includes_account else 0)
    assert info.psn_part_amt == info.acct_pay + info.psn_cash_pay
    assert info.medfee_sumamt == fund + info.psn_part_amt + info.hosp_part_amt
    assert abs(info.acct_mulaid_pay) <= abs(info.acct_pay)
    assert 0 <= row.sign * info.act_pay_dedc <= row.sign * info.inscp_scp_amt
    assert sum(detail.fund_payamt for detail in details) == fund + info.acct_pay


def test_an_answer_carries_neither_lines_nor_name_nor_certificate() -> None:
    fields = {field.name for field in settlement_pb2.SettlementInfo.DESCRIPTOR.fields}
    assert not fields & {"psn_name", "certno", "mdtrt_cert_no", "feedetl", "card_sn"}
