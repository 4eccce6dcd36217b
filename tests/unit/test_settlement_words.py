"""A stored decision is explained from its row and its policy alone: the terms shown give the amount that was paid."""

from collections import Counter
from dataclasses import replace
from datetime import date

import pytest

from homepool.answers import Stamp
from homepool.benefits import BillFacts, Policy, Standing, settle
from homepool.policy.files import load_policies
from homepool.policy.samples import cases, identities_of
from homepool.settlement_words import Explanation, explain_row
from homepool.settling import Place, paid_row
from ledger.rows import PAYERS, Row
from proto.settlement.v1 import messages_pb2
from tests.home_items import sixteen

DAY = date(2026, 6, 1)
NOW_MS = 1_780_300_000_000


def row_of(bill: BillFacts, policy: Policy, standing: Standing) -> Row | None:
    """The row that the node would write; None where the bill is declined."""
    benefit = settle(bill, policy, standing)
    if benefit.declined:
        return None
    item = messages_pb2.Item(
        id=sixteen("s"), digest=bytes(32), kind=messages_pb2.KIND_SETTLE, infno="2207", msgid="m",
        fixmedins_code="H45010000001", region="45", psn_no="44030000000001", home_pool=policy.division,
        care_pool=450100, visit=sixteen("v"), bill=sixteen("b"), mdtrt_id="v",
        facts=messages_pb2.SettleFacts(insutype=bill.insutype, med_type=bill.med_type, clr_type="11"),
    )  # fmt: skip
    place, stamp = Place(44, 0, 1, 1, DAY), Stamp(DAY.isoformat(), f"{DAY.isoformat()} 10:00:00")
    return paid_row(place, stamp, NOW_MS, item, bill, policy, standing, benefit).row


def text(found: Explanation) -> str:
    return "\n".join(found.words)


def policy_of(pool: int, insutype: str) -> Policy:
    policy = load_policies().find(pool, insutype, DAY.isoformat())
    assert policy is not None
    return policy


@pytest.mark.parametrize("pool", [440100, 440300, 441500, 450100, 500000])
@pytest.mark.parametrize("insutype", ["310", "390", "510"])
def test_every_sample_bill_is_explained_by_terms_that_give_what_was_paid(pool: int, insutype: str) -> None:
    policy = policy_of(pool, insutype)
    explained = 0
    for number, case in enumerate(cases(pool, insutype, DAY.isoformat(), identities_of([policy]))):
        row = None if number % 3 else row_of(case.bill, policy, case.standing)
        if row is None:
            continue
        found = explain_row(row, policy=policy, age=case.standing.age)
        assert "has been changed since" not in text(found), (
            case.sample.name,
            case.somebody.name,
            case.filing,
        )
        paid: Counter[str] = Counter()
        for layer in found.layers:
            paid[layer.payer] += layer.amount_fen
        funds = {payer: getattr(row, payer) for payer in PAYERS if payer not in ("cash_fen", "hospital_fen")}
        assert {payer: fen for payer, fen in paid.items() if fen} == {
            payer: fen for payer, fen in funds.items() if fen
        }
        explained += 1
    assert explained > 20


def stay(level: str = "3", *, deductible_level: str = "", filing: str = "local", route: int = 1) -> Row:
    bill = BillFacts(
        insutype="310", med_type="21", care_date="2026-05-20", total_fen=1_200_000, in_scope_fen=1_000_000,
        full_self_fen=200_000, level=level, deductible_level=deductible_level, route=route,
    )  # fmt: skip
    row = row_of(
        bill, policy_of(440300, "310"), Standing(psn_type="1101", age=40, filing=filing, balance_fen=10_000,
                                                 relatives=(("R", 700),))
    )  # fmt: skip
    assert row is not None
    return row


def test_the_words_tell_place_deductible_ratio_accounts_cash_and_what_the_year_remembers() -> None:
    words = text(explain_row(stay(filing="referral", route=3), policy=policy_of(440300, "310"), age=40))
    for sentence in (
        "settlement, PAID, of 2026-06-01 (node 44, partition 0, number 1).",
        "medical type 21 at H45010000001 (level 3) in pool 450100, in another province.",
        "Filing: filed as referral by a hospital: each ratio is 10 points lower.",
        "Deductible: 600.00 borne (terms: 600.00, then 300.00 by admission per stay).",
        "  80% of 9,400.00: 7,520.00.",
        "Pooled fund (310100) pays 7,520.00.",
        "Own personal account (310200): 个人账户: 100.00 of 2,480.00; all that its limit left.",
        "  of it from the account of R: 7.00.",
        "In cash: 4,373.00; all others paid 7,627.00.",
        "The year 2026 remembers: inpatient deductible 600.00, pooled 7,520.00, in scope 10,000.00",
    ):
        assert sentence in words, words


def test_care_at_an_institution_that_was_not_chosen_is_told_as_that_and_not_as_a_cap() -> None:
    bill = BillFacts(
        insutype="310",
        med_type="11",
        care_date="2026-05-20",
        total_fen=26_000,
        in_scope_fen=26_000,
        level="1",
    )
    row = row_of(bill, policy_of(440100, "310"), Standing(psn_type="1101", age=40, not_designated=True))
    assert row is not None
    words = text(explain_row(row, policy=policy_of(440100, "310"), age=40))
    assert "Filing: not at a chosen institution (2505): the fund pays nothing, account and cash do." in words
    assert "Pooled fund (310100) pays 0.00." in words
    assert "a cap limits" not in words


def test_a_deductible_of_another_level_is_told_as_what_it_is() -> None:
    words = text(explain_row(stay(deductible_level="2"), policy=policy_of(440300, "310"), age=40))
    assert "Deductible: 400.00 borne (terms: 400.00, then 200.00 by admission per stay)." in words


def test_a_policy_that_is_gone_or_was_changed_is_told_and_the_figures_stay() -> None:
    row = stay()
    gone = explain_row(row, policy=None, age=40)
    assert "Policy 440300-310-2023-10-01 is not among the policy files" in text(gone)
    assert "Pooled fund (310100) pays 8,460.00." in text(gone)
    other = replace(policy_of(440300, "310"), make_rule=policy_of(440100, "310").make_rule)
    assert "has been changed since" in text(explain_row(row, policy=other, age=40))


def test_a_refund_names_its_settlement_and_what_has_undone_it() -> None:
    row = stay()
    cancel = row._replace(
        id=sixteen("c"), kind=2, status=5, sign=-1, **{payer: -getattr(row, payer) for payer in PAYERS}
    )
    told = text(explain_row(cancel, policy=policy_of(440300, "310"), age=40, settlement=row))
    assert "cancel of a settlement, OK" in told
    assert "It takes back " in told
    assert "Pooled fund (310100) pays 8,460.00." in told
    undone = explain_row(row, policy=policy_of(440300, "310"), age=40, undone_by=sixteen("c"))
    assert undone.words[-1].startswith("It has been undone since, by ")
    assert undone.as_json()["undone_by"]
