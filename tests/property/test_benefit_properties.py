"""What holds for every bill, person and policy: zero-sum, bounds, caps, monotony, deltas that take back exactly."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from homepool.benefits import FILINGS, Benefit, BillFacts, Policy, Standing, breaks_cap, settle
from homepool.benefits.facts import NO_LIMIT
from homepool.policy.files import load_policies
from ledger.rows import ACCUMULATORS, PAYERS
from tests.bills import a_person, a_policy, delta

SHIPPED = tuple(load_policies())
AMOUNT = st.integers(0, 30_000_000)
SMALL = st.integers(0, 400_000)
RATIO = st.integers(0, 10_000)
IDENTITIES = (
    "low_income",
    "orphan",
    "extreme_poverty",
    "low_income_edge",
    "insured:shanmeibao",
    "insured:shenzhen",
)


@st.composite
def bands(draw: st.DrawFn) -> list[dict[str, int]]:
    edges = sorted(draw(st.lists(st.integers(1, 20_000_000), max_size=3, unique=True)))
    starts, ends = [0, *edges], [*edges, None]
    return [
        {"from_fen": start, "ratio_bp": draw(RATIO), **({} if end is None else {"to_fen": end})}
        for start, end in zip(starts, ends, strict=True)
    ]


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """A policy of any shape that the form allows, more or less."""
    terms: dict[str, Any] = {
        "bands": draw(bands()),
        "deductible_fen": draw(st.lists(SMALL, min_size=1, max_size=3)),
    }
    for cap in ("bill_cap_fen", "year_cap_fen", "year_in_scope_cap_fen", "month_cap_fen"):
        if draw(st.booleans()):
            terms[cap] = draw(AMOUNT)
    unit = draw(st.sampled_from(("stay", "year", "bill")))
    treatment = {
        "deductible_account": "inpatient",
        "deductible_unit": unit,
        "deductible_order": draw(st.sampled_from(("before_ratio", "after_ratio"))),
        "band_axis": draw(st.sampled_from(("gross", "excess"))),
        "pooled_account": "chronic",
        "admission": True,
    }
    change = {
        "ratio_points_bp": draw(st.integers(-10_000, 0)),
        "ratio_multiplier_bp": draw(RATIO),
        "first_pay_bp": draw(RATIO),
        "floor_bp": draw(RATIO),
        "floor_base": draw(st.sampled_from(("total", "in_scope"))),
        "deductible_share_of_total_bp": draw(RATIO),
    }
    top: dict[str, Any] = {"offsite": [change] if draw(st.booleans()) else []}
    if draw(st.booleans()):
        top["pool_year_cap_fen"] = draw(AMOUNT)
    variant = {"deductible_fen": draw(SMALL), "bands": draw(bands()), "year_cap_fen": draw(AMOUNT)}
    base = draw(
        st.sampled_from(("in_scope_minus_pooled", "compliant_incl_first_pay_minus_pooled", "over_cap"))
    )
    payer = draw(st.sampled_from(("big_illness", "large")))
    top["second"] = {
        "payer": payer,
        "base": base,
        "combined_year_cap_fen": draw(AMOUNT),
        "variant": [variant],
    }
    top["supplement"] = [
        {"payer": "civil", "who": "civil_servants", "ratio_bp": draw(RATIO), "deductible_fen": 7}
    ]
    steps = [
        {"ratio_bp": draw(RATIO), "yearly": True, "deductible_fen": draw(SMALL)},
        {"ratio_bp": draw(RATIO)},
    ]
    top["aid"] = [{"identities": ["low_income"], "year_cap_fen": draw(AMOUNT), "step": steps}]
    parts = [
        {"base": "in_policy", "ratio_bp": draw(RATIO), "yearly": True},
        {"base": "out_of_policy", "ratio_bp": draw(RATIO), "deductible_fen": draw(SMALL)},
    ]
    top["commercial"] = [{"payer": "x", "year_cap_fen": draw(AMOUNT), "part": parts}]
    scope = st.lists(st.sampled_from(("in_scope", "first_pay", "over_limit", "full_self")), unique=True)
    top["account"] = {"local": draw(scope), "offsite": draw(scope), "family": True}
    return a_policy(terms, treatment, **top)


@st.composite
def bills(draw: st.DrawFn, insutype: str = "310", med_type: str = "21") -> BillFacts:
    in_scope, full_self, over, first = draw(AMOUNT), draw(SMALL), draw(SMALL), draw(SMALL)
    total = in_scope + full_self + over + first
    return BillFacts(
        insutype=insutype,
        med_type=med_type,
        care_date="2026-03-10",
        total_fen=total,
        in_scope_fen=in_scope,
        full_self_fen=full_self,
        over_limit_fen=over,
        first_pay_fen=first,
        level="0" if med_type == "41" else draw(st.sampled_from("123")),
        route=draw(st.integers(1, 3)),
        exempt_fen=draw(st.integers(0, in_scope)) if draw(st.booleans()) else 0,
        already_paid_fen=draw(st.integers(0, total)) if draw(st.booleans()) else 0,
        account_used=draw(st.booleans()),
    )


@st.composite
def people(draw: st.DrawFn, psn_type: str = "1101") -> Standing:
    used = {name: draw(st.integers(-1_000, 20_000_000)) for name in ACCUMULATORS if draw(st.booleans())}
    used["admissions"] = draw(st.integers(0, 5))
    return a_person(
        used,
        psn_type=psn_type,
        age=draw(st.integers(0, 100)),
        identities=tuple(draw(st.lists(st.sampled_from(IDENTITIES), unique=True, max_size=3))),
        civil_servant=draw(st.booleans()),
        filing=draw(st.sampled_from(("local", *FILINGS))),
        month_pooled_fen=draw(SMALL),
        month_in_scope_fen=draw(SMALL),
        balance_fen=draw(SMALL),
        relatives=tuple((f"p{place}", draw(SMALL)) for place in range(draw(st.integers(0, 3)))),
    )


def check(benefit: Benefit, bill: BillFacts, standing: Standing) -> None:
    """What holds for every paid settlement."""
    assert benefit.declined == ""
    amounts = [getattr(benefit, payer) for payer in PAYERS]
    assert sum(amounts) == bill.total_fen == benefit.total_fen
    assert min(amounts) >= 0
    assert 0 <= benefit.deductible_fen <= bill.in_scope_fen
    assert 0 <= benefit.offsite_first_pay_fen <= bill.in_scope_fen
    assert 0 <= benefit.pooled_ratio_bp <= 10_000
    assert benefit.account_fen <= standing.balance_fen
    balances = dict(standing.relatives)
    assert sum(amount for _, amount in benefit.family) == benefit.family_fen
    assert all(0 < amount <= balances[psn_no] for psn_no, amount in benefit.family)
    assert min(benefit.deltas) >= 0
    assert all(type(value) is int for value in (*amounts, *benefit.deltas))
    paid = {payer: getattr(benefit, payer) for payer in PAYERS if payer not in ("cash_fen", "other_fen")}
    by_layer = dict.fromkeys(paid, 0)
    for layer in benefit.layers:
        by_layer[layer.payer] += layer.amount_fen
    assert by_layer == paid, "the settlement details add up to the payers"


@given(policies(), bills(), people())
@settings(max_examples=80)
def test_payers_add_up_and_keep_their_bounds(policy: Policy, bill: BillFacts, standing: Standing) -> None:
    check(settle(bill, policy, standing), bill, standing)


@given(st.data())
@settings(max_examples=200)
def test_shipped_policies_keep_them_too(data: st.DataObject) -> None:
    policy = data.draw(st.sampled_from(SHIPPED))
    heads = {"310": "1101 1201 1301", "510": "1101 1201", "390": "1401 1501 1601"}[policy.insutype].split()
    kinds = ("51", "52") if policy.insutype == "510" else ("11", "13", "14", "21", "24", "41", "51", "52")
    bill = data.draw(bills(policy.insutype, data.draw(st.sampled_from(kinds))))
    standing = data.draw(people(data.draw(st.sampled_from(heads))))
    check(settle(bill, policy, standing), bill, standing)


@given(policies(), bills(), people())
@settings(max_examples=80)
def test_no_cap_is_ever_exceeded_by_what_is_added(
    policy: Policy, bill: BillFacts, standing: Standing
) -> None:
    benefit = settle(bill, policy, standing)
    assert not breaks_cap(policy, "310", "21", standing.used, benefit.deltas)
    rule = policy.rule(bill, standing)
    if rule.month_cap_fen < NO_LIMIT and benefit.pooled_fen:
        assert standing.month_pooled_fen + benefit.month_pooled_fen <= rule.month_cap_fen
    assert benefit.pooled_fen <= rule.bill_cap_fen


@given(policies(), bills(), people(), bills())
@settings(max_examples=40)
def test_a_cancel_takes_back_exactly_what_was_added(
    policy: Policy, bill: BillFacts, standing: Standing, later: BillFacts
) -> None:
    first = settle(bill, policy, standing)
    with_first = tuple(used + added for used, added in zip(standing.used, first.deltas, strict=True))
    without = tuple(used - added for used, added in zip(with_first, first.deltas, strict=True))
    assert without == standing.used
    again = a_person(dict(zip(ACCUMULATORS, without, strict=True)))
    plain = a_person(dict(zip(ACCUMULATORS, standing.used, strict=True)))
    assert settle(later, policy, again) == settle(later, policy, plain)


@given(st.integers(0, 9_000_000), st.integers(0, 9_000_000), bands(), SMALL)
def test_without_a_cap_more_in_scope_never_pays_less(
    amount: int, more: int, table: list[dict[str, int]], deductible: int
) -> None:
    for axis in ("gross", "excess"):
        for order in ("before_ratio", "after_ratio"):
            treatment = {"band_axis": axis, "deductible_order": order}
            policy = a_policy({"bands": table, "deductible_fen": deductible}, treatment)
            smaller, larger = (
                settle(
                    BillFacts(
                        insutype="310", med_type="21", care_date="2026-01-01", total_fen=fen, in_scope_fen=fen
                    ),
                    policy,
                    a_person(),
                )
                for fen in (amount, amount + more)
            )
            assert smaller.pooled_fen <= larger.pooled_fen


@given(st.lists(st.integers(0, 3_000_000), min_size=2, max_size=5), bands(), SMALL)
def test_a_year_split_into_bills_pays_big_illness_like_one_bill_but_for_rounding(
    amounts: list[int], table: list[dict[str, int]], deductible: int
) -> None:
    second = {
        "payer": "big_illness",
        "base": "in_scope_minus_pooled",
        "variant": [{"deductible_fen": deductible, "bands": table}],
    }
    policy = a_policy({"ratio_bp": 0}, second=second)
    used, paid = a_person().used, 0
    for amount in amounts:
        benefit = settle(_bill(amount), policy, a_person(dict(zip(ACCUMULATORS, used, strict=True))))
        used = tuple(before + added for before, added in zip(used, benefit.deltas, strict=True))
        paid += benefit.big_illness_fen
    whole = settle(_bill(sum(amounts)), policy, a_person())
    assert delta(whole, "big_illness_base") == sum(amounts)
    assert abs(whole.big_illness_fen - paid) <= len(amounts)


@given(st.lists(st.integers(0, 300_000), min_size=1, max_size=6), SMALL)
def test_a_yearly_deductible_is_borne_once_however_the_year_is_split(
    amounts: list[int], deductible: int
) -> None:
    treatment = {"deductible_account": "outpatient", "deductible_unit": "year"}
    policy = a_policy({"deductible_fen": deductible}, treatment)
    used, borne = a_person().used, 0
    for amount in amounts:
        benefit = settle(_bill(amount), policy, a_person(dict(zip(ACCUMULATORS, used, strict=True))))
        used = tuple(before + added for before, added in zip(used, benefit.deltas, strict=True))
        borne += benefit.deductible_fen
    assert borne == min(deductible, sum(amounts))


def _bill(fen: int) -> BillFacts:
    return BillFacts(insutype="310", med_type="21", care_date="2026-01-01", total_fen=fen, in_scope_fen=fen)
