"""Items, people and a plain policy for tests of the home node: a bill of 100 yuan, 60 of it from the pooled fund."""

import hashlib
from datetime import date
from typing import cast

from homepool.benefits import NO_LIMIT, NOTHING_USED, Benefit, BillFacts, Layer, Policy, Standing
from homepool.benefits.rule import YearCap
from homepool.book import Cursor
from homepool.insured import Coverage, Person
from ledger.life import Kind
from proto.settlement.v1 import messages_pb2

NODE, PARTITION, POOL, CARE_POOL = 44, 0, 440300, 450100
TODAY = date(2026, 3, 2)
NOW_MS = 1_772_416_800_000  # 2026-03-02 10:00 in China
TOTAL_FEN, POOLED_FEN = 10_000, 6_000
PSN, OTHER_PSN, RELATIVE = "44030000000001", "44030000000002", "44030000000009"


def sixteen(name: str) -> bytes:
    """A 16-byte id for a name."""
    return hashlib.blake2b(name.encode(), digest_size=16).digest()


def person(psn_no: str = PSN, *, relatives: tuple[str, ...] = ()) -> Person:
    """An employee of POOL with an account."""
    return Person(
        psn_no=psn_no,
        born="1980-05-06",
        coverages={(POOL, "310"): (Coverage(POOL, "310", "1101", False, "2001-01-01"),)},
        account_pool=POOL,
        relatives=tuple((relative, POOL) for relative in relatives),
    )


def settle_item(name: str, *, psn_no: str = PSN, bill: str = "bill", visit: str = "visit", **facts: object):  # type: ignore[no-untyped-def]
    """A settlement of TOTAL_FEN, all in scope; `deadline_ms` and fields of SettleFacts as keywords."""
    deadline_ms = facts.pop("deadline_ms", 0)
    given: dict[str, object] = {
        "insutype": "310", "med_type": "11", "care_date": "2026-03-01", "hosp_lv": "3", "route": 3,
        "total_fen": TOTAL_FEN, "in_scope_fen": TOTAL_FEN, "clr_type": "11", "lines_digest": bytes(32),
    } | facts  # fmt: skip
    return messages_pb2.Item(
        id=sixteen(name), digest=sixteen(name) * 2, kind=messages_pb2.KIND_SETTLE, infno="2207", msgid=name,
        fixmedins_code="H45010000001", region="45", psn_no=psn_no, home_pool=POOL, care_pool=CARE_POOL,
        visit=sixteen(visit), bill=sixteen(bill), deadline_ms=cast(int, deadline_ms), mdtrt_id=visit,
        facts=messages_pb2.SettleFacts(**given),  # type: ignore[arg-type]
    )  # fmt: skip


def undo_item(
    kind: Kind, name: str, target: str, *, psn_no: str = PSN, deadline_ms: int = 0
) -> messages_pb2.Item:
    """A cancel, reversal or revival of the message named `target`."""
    return messages_pb2.Item(
        id=sixteen(name), digest=sixteen(name) * 2, kind=int(kind), infno="2208" if kind is Kind.CANCEL else "2601",  # type: ignore[arg-type]
        msgid=name, fixmedins_code="H45010000001", region="45", psn_no=psn_no, home_pool=POOL,
        care_pool=CARE_POOL, visit=sixteen("visit"), target=sixteen(target), deadline_ms=deadline_ms,
        mdtrt_id="visit",
    )  # fmt: skip


def cursor(*, term: int = 7, version: int = 1, next_number: int = 1, day: date = TODAY) -> Cursor:
    """A cursor of PARTITION."""
    return Cursor(PARTITION, term, version, next_number, day, next_number, day)


class PlainPolicies:
    """Every pool has one policy for 310: PLAIN."""

    def __init__(self, *, year_cap_fen: int = NO_LIMIT) -> None:
        caps = (
            ()
            if year_cap_fen == NO_LIMIT
            else (YearCap(med_types=frozenset(), accumulators=(3,), cap_fen=year_cap_fen),)
        )
        self.policy = Policy(
            version="plain", division=POOL, insutype="310", name="plain", effective_from="2020-01-01",
            fund_includes_account=False, stay_year="end", home_while_away="", filing_free=(),
            fund_pay_types={}, year_caps=caps, uses_age=False, diseases=frozenset(), matn_types=frozenset(),
            make_rule=lambda key: (_ for _ in ()).throw(AssertionError("no rule is compiled")),
        )  # fmt: skip

    def find(self, division: int, insutype: str, day: str) -> Policy | None:
        """PLAIN for 310 from 2020 on."""
        return self.policy if insutype == "310" and day >= "2020-01-01" else None


def plain_settle(bill: BillFacts, policy: Policy, standing: Standing) -> Benefit:
    """Three fifths from the fund, at most 1,000 fen from each account where accounts may pay, the rest cash."""
    pooled = bill.total_fen * 3 // 5
    left = bill.total_fen - pooled
    account = min(1_000, standing.balance_fen, left) if bill.account_used else 0
    left -= account
    family = []
    for relative, balance in standing.relatives if bill.account_used else ():
        drawn = min(1_000, balance, left)
        if drawn > 0:
            family.append((relative, drawn))
            left -= drawn
    drawn_fen = sum(amount for _, amount in family)
    deltas = list(NOTHING_USED)
    deltas[3] = pooled
    layers = [Layer("pooled_fen", "310100", "pooled fund", bill.in_scope_fen, 0, pooled)]
    if account + drawn_fen:
        layers.append(Layer("account_fen", "310200", "account", account, 0, account + drawn_fen))
    return Benefit(
        "", "", int(bill.care_date[:4]), bill.total_fen, 0, 0, pooled, 0, 0, 0, 0, 0, 0, 0, 0, account, drawn_fen,
        left, 0, "", 6_000, tuple(deltas), 0, 0, 0, tuple(family), tuple(layers),
    )  # fmt: skip
