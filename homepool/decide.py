"""Deciding: from claimed messages and the book as it was read to rows and answers. Pure: no await, clock, database.

`decide` takes the items of one flush in order, each on top of the one before: a known id is answered with what is
stored, whatever else it says; what pays or takes back at the counter and is past its deadline is EXPIRED; then the
life of a bill (`ledger.life`) and, for a settlement, the home pool's policy (`homepool.benefits`) say what happens.
An exception while deciding one item is that item's: DECLINED `INTERNAL`, parked, and the node goes on.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Protocol

from homepool import answers
from homepool.answers import Stamp
from homepool.benefits import NOTHING_USED, Benefit, BillFacts, Policy, Standing, breaks_cap, year_of
from homepool.book import Cursor, Parked, Written
from homepool.errors import HomePoolError
from homepool.mirror import mirror_of
from homepool.settling import Place, bill_facts, day_of, paid_row, relative_refusal, standing_of
from homepool.snapshot import Snapshot
from homepool.still import still_row
from ledger.day import MANUAL_REGION
from ledger.life import NO_SUCH_SETTLEMENT, PAY, SUPERSEDED, Id, Kind, Move, Status, Verdict
from ledger.rows import Row
from proto.settlement.v1 import messages_pb2
from runtime.clock import china_date, china_text
from runtime.keys import ID_BYTES

SENDER_AHEAD_MS_MAX: Final = 5_000
SENDER_BEHIND_MS_MAX: Final = 60_000
STAY: Final = "21"
"""clr_type of inpatient stays: their settlements share no day."""
_NO_VISITS: Final[frozenset[Id]] = frozenset()
_STILL: Final = Verdict(Status.DECLINED)

Settle = Callable[[BillFacts, Policy, Standing], Benefit]


class Policies(Protocol):
    """The node's policies: which one holds for a pool's insurance on a day."""

    def find(self, division: int, insutype: str, day: str) -> Policy | None:
        """The policy in force on `day` (yyyy-MM-dd), None where the pool has none."""
        ...


class ItemMalformed(HomePoolError):
    """An item lacks what its kind needs; the gateway that sent it has a fault."""


@dataclass(slots=True)
class Flush:
    """What became of one flush: the rows to write, and for each item the rows that answer it."""

    rows: list[Written] = field(default_factory=list)
    owners: list[int] = field(default_factory=list)  # of each row the item, by its place
    answers: list[tuple[int, Row]] = field(default_factory=list)  # (place of the item, row)
    parked: list[Parked] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)  # for the alarm; their texts are not for the log


def sender_clock_fits(sender_ms: int, now_ms: int) -> bool:
    """Whether a record may be decided: its sender's clock is at most 5 s ahead and 60 s behind ours."""
    return now_ms - SENDER_BEHIND_MS_MAX <= sender_ms <= now_ms + SENDER_AHEAD_MS_MAX


def decide(
    items: Sequence[messages_pb2.Item],
    snapshot: Snapshot,
    *,
    node: int,
    cursor: Cursor,
    now_ms: int,
    policies: Policies,
    settle: Settle,
    poisoned: Collection[Id] = (),
) -> Flush:
    """Decide `items` in order on top of `snapshot`, which is changed. `poisoned` ids are declined unseen."""
    return Deciding(
        snapshot, node=node, cursor=cursor, now_ms=now_ms, policies=policies, settle=settle, poisoned=poisoned
    ).decide(items)


class Deciding:
    """One flush in the making."""

    def __init__(
        self,
        snapshot: Snapshot,
        *,
        node: int,
        cursor: Cursor,
        now_ms: int,
        policies: Policies,
        settle: Settle,
        poisoned: Collection[Id],
    ) -> None:
        self.snapshot = snapshot
        self.lives = snapshot.lives
        self.policies = policies
        self.settle = settle
        self.poisoned = poisoned
        self.now_ms = now_ms
        self.deadline_clock_ms = max(now_ms, snapshot.clock_ms)  # W2 compares with the database's clock
        self.day = max(cursor.day, china_date(now_ms))
        self.day_text = self.day.isoformat()
        self.stamp = Stamp(self.day_text, china_text(now_ms))
        self.node, self.partition, self.term = node, cursor.partition, cursor.term
        self.number = cursor.next_number
        self.flush = Flush()

    def decide(self, items: Sequence[messages_pb2.Item]) -> Flush:
        """All items in order."""
        flush, rows = self.flush, self.snapshot.rows
        for place, item in enumerate(items):
            known = rows.get(item.id)
            if known is not None:
                flush.answers.append((place, known))
                continue
            try:
                if item.id in self.poisoned or len(item.id) != ID_BYTES:
                    raise ItemMalformed
                made = list(self._rows_of(item))
            except Exception as error:
                made = self._internal(item, error)
            for written, verdict in made:
                flush.rows.append(written)
                flush.owners.append(place)
                flush.answers.append((place, written.row))
                self.snapshot.take(written.row, verdict)
            self.number += len(made)
        return flush

    def _rows_of(self, item: messages_pb2.Item) -> Iterator[tuple[Written, Verdict]]:
        kind: int = item.kind
        if kind != Kind.REVERSE and item.deadline_ms and self.deadline_clock_ms > item.deadline_ms:
            yield self._still(item, Status.EXPIRED, answers.DEADLINE_PASSED)
        elif kind == Kind.SETTLE:
            yield self._settlement(item)
        else:
            verdict = self._undoing(item)
            if verdict.move is Move.MIRROR:
                yield self._mirror(item, verdict, self.snapshot.rows[item.target])
            elif verdict.move is Move.REVIVE:
                yield self._revival(item, verdict)
            else:
                yield self._nothing_moves(item, verdict)
            if verdict.move is Move.TOMBSTONE:
                yield self._tombstone(item)

    # ------------------------------------------------------------------------------------------- settlements

    def _settlement(self, item: messages_pb2.Item) -> tuple[Written, Verdict]:
        bill_key = item.bill
        if len(bill_key) != ID_BYTES or len(item.visit) != ID_BYTES:
            raise ItemMalformed("A settlement names its visit and its bill by 16 bytes each.")
        verdict = self.lives.settle(bill_key)
        if verdict is not PAY:
            return self._declined(item, verdict)
        facts = item.facts
        if facts.clr_type == STAY and self._days_taken(item, facts):
            return self._still(item, Status.DECLINED, answers.DAYS_IN_LIVE_BILL)
        person = self.snapshot.people.get(item.psn_no)
        if person is None:
            return self._still(item, Status.DECLINED, answers.PERSON_UNKNOWN)
        invoice, relative = facts.invoice, facts.relative
        if invoice and invoice in person.invoices:
            return self._still(item, Status.DECLINED, answers.INVOICE_PAID_BY_HAND)
        bill = bill_facts(item, self.snapshot)
        pool, insutype, day = bill.home_pool, bill.insutype, bill.care_date
        coverage = person.coverage(pool, insutype, day)
        if coverage is None:
            here = person.known_in(pool)
            code = answers.NO_SUCH_INSURANCE if here else answers.NOT_INSURED_HERE
            return self._still(item, Status.DECLINED, code)
        policy = self.policies.find(pool, insutype, day)
        if policy is None:
            return self._still(item, Status.DECLINED, answers.NO_POLICY)
        year = year_of(policy, bill)
        if relative and (code := relative_refusal(person, relative, pool)):
            return self._still(item, Status.DECLINED, code, year=year)
        standing = standing_of(person, coverage, policy, bill, year, self.snapshot, relative)
        benefit = self.settle(bill, policy, standing)
        if benefit.declined:
            return self._still(item, Status.DECLINED, benefit.declined, message=benefit.message, year=year)
        place = Place(self.node, self.partition, self.term, self.number, self.day)
        return paid_row(place, self.stamp, self.now_ms, item, bill, policy, standing, benefit), PAY

    # ------------------------------------------------------------------------------------------- undoing

    def _days_taken(self, item: messages_pb2.Item, facts: messages_pb2.SettleFacts) -> bool:
        """Whether a live settlement of the stay pays for one of these days (the node's own look at days)."""
        return self._days_shared(item.visit, item.bill, day_of(facts.begin_date), day_of(facts.end_date))

    def _days_shared(self, visit: Id, bill: Id | None, begin: date | None, end: date | None) -> bool:
        """Whether another bill of this stay that lives pays for a day of these; bills of a visit may share theirs."""
        if begin is None or end is None:
            return False
        for live in self.snapshot.visit_live.get(visit, _NO_VISITS):
            row = self.snapshot.rows[live]
            if row.bill == bill or row.begin_day is None or row.end_day is None:
                continue
            if row.begin_day <= end and begin <= row.end_day:
                return True
        return False

    def _later_interim_lives(self, target: Id) -> bool:
        """Interim settlements of a stay are cancelled latest first: they have shared one deductible in order."""
        row = self.snapshot.rows.get(target)
        if row is None or row.end_day is None or row.visit is None or row.clr_type != STAY:
            return False
        for live in self.snapshot.visit_live.get(row.visit, _NO_VISITS):
            begin = self.snapshot.rows[live].begin_day
            if live != target and begin is not None and begin > row.end_day:
                return True
        return False

    def _undoing(self, item: messages_pb2.Item) -> Verdict:
        target = item.target
        kind: int = item.kind
        if len(target) != ID_BYTES:
            raise ItemMalformed("A cancel or reversal names its target by 16 bytes.")
        fate = self.lives.fates.get(target)
        aimed_at = self.snapshot.rows.get(target)
        if aimed_at is not None and (aimed_at.region == MANUAL_REGION) != (item.region == MANUAL_REGION):
            return Verdict(Status.DECLINED, code=NO_SUCH_SETTLEMENT)  # each side takes back what it has paid
        if kind == Kind.CANCEL:
            verdict = self.lives.cancel(target, item.psn_no)
            if verdict.move is Move.MIRROR and self._later_interim_lives(target):
                return Verdict(Status.DECLINED, code=answers.LATER_INTERIM_LIVES)
            return verdict
        if fate is not None and fate.moved_money and fate.kind is not _UNDOES.get(kind):
            raise ItemMalformed("A reversal's kind is that of its target: a settlement or a cancel.")
        if kind == Kind.REVERSE:
            return self.lives.reverse(target, item.psn_no)
        if kind != Kind.REVIVE:
            raise ItemMalformed("A claimed message settles, cancels or reverses.")
        verdict = self.lives.revive(target, item.psn_no)
        if verdict.move is Move.REVIVE and not self._revivable(self.snapshot.rows[target]):
            return Verdict(Status.DECLINED, code=SUPERSEDED)
        return verdict

    def _revivable(self, cancel: Row) -> bool:
        """Whether a settlement could be made today as it was: invoice, lines, days, accounts and caps."""
        assert cancel.settlement is not None
        snapshot, settlement = self.snapshot, self.snapshot.rows[cancel.settlement]
        person = snapshot.people.get(settlement.psn_no)
        if person is not None and settlement.invoice in person.invoices:
            return False
        if settlement.line_keys and settlement.visit is not None:
            lines = set(settlement.line_keys)
            for live in snapshot.visit_live.get(settlement.visit, _NO_VISITS):
                if not lines.isdisjoint(snapshot.rows[live].line_keys or ()):
                    return False
        if settlement.clr_type == STAY and settlement.visit is not None:
            days = settlement.begin_day, settlement.end_day
            if self._days_shared(settlement.visit, settlement.bill, *days):
                return False
        if snapshot.balances.get(settlement.psn_no, 0) < settlement.account_fen:
            return False
        for relative, amount in zip(
            settlement.family_psn_no or (), settlement.family_amount_fen or (), strict=True
        ):
            if snapshot.balances.get(relative, 0) < amount:
                return False
        policy = self.policies.find(settlement.home_pool, settlement.insutype, self.day_text)
        used = snapshot.used.get((settlement.psn_no, settlement.insutype, settlement.year), NOTHING_USED)
        return not (
            policy is not None
            and settlement.deltas is not None
            and breaks_cap(policy, settlement.insutype, settlement.med_type, used, settlement.deltas)
        )

    def _mirror(self, item: messages_pb2.Item, verdict: Verdict, undone: Row) -> tuple[Written, Verdict]:
        before = self.snapshot.balances.get(undone.psn_no, 0)
        answer = answers.mirrored(
            self.stamp, item, undone, negate=True, balance_fen=before + undone.account_fen
        )
        row = self._mirror_row(item, verdict, undone, sign=-1, answer=answer)
        deadline = item.deadline_ms if row.kind == Kind.CANCEL else 0
        # `balc` in the answer speaks of the balance that was read, so a give-back compares it too
        return Written(row, deadline or None, before if undone.account_fen else None), verdict

    def _revival(self, item: messages_pb2.Item, verdict: Verdict) -> tuple[Written, Verdict]:
        rows, balances = self.snapshot.rows, self.snapshot.balances
        settlement_id = rows[item.target].settlement
        assert settlement_id is not None
        settlement = rows[settlement_id]
        before = balances.get(settlement.psn_no, 0)
        answer = answers.mirrored(
            self.stamp, item, settlement, negate=False, balance_fen=before - settlement.account_fen
        )
        row = self._mirror_row(item, verdict, settlement, sign=1, answer=answer)
        family = settlement.family_psn_no
        return Written(
            row,
            item.deadline_ms or None,
            before if settlement.account_fen else None,
            tuple(balances[relative] for relative in family) if family else None,
        ), verdict

    def _mirror_row(
        self, item: messages_pb2.Item, verdict: Verdict, settlement: Row, *, sign: int, answer: bytes
    ) -> Row:
        return mirror_of(
            settlement, sign=sign,
            partition=self.partition, term=self.term, number=self.number, day=self.day, id=item.id,
            kind=int(item.kind), status=int(verdict.status), digest=item.digest, decided_ms=self.now_ms,
            region=item.region, fixmedins_code=item.fixmedins_code, target=item.target, undoes=item.target,
            seals=verdict.seals, asked_fen=settlement.total_fen, answer=answer,
        )  # fmt: skip

    # ------------------------------------------------------------------------------------------- what moves nothing

    def _nothing_moves(self, item: messages_pb2.Item, verdict: Verdict) -> tuple[Written, Verdict]:
        if verdict.status is Status.DECLINED:
            return self._declined(item, verdict)
        other = None if verdict.other is None else self.snapshot.rows[verdict.other]
        return self._still(item, verdict.status, verdict.code, other=other, verdict=verdict)

    def _declined(self, item: messages_pb2.Item, verdict: Verdict) -> tuple[Written, Verdict]:
        other = None if verdict.other is None else self.snapshot.rows[verdict.other]
        return self._still(item, Status.DECLINED, verdict.code, other=other)

    def _still(
        self,
        item: messages_pb2.Item,
        status: Status,
        code: str,
        *,
        message: str = "",
        other: Row | None = None,
        verdict: Verdict = _STILL,
        year: int = 0,
    ) -> tuple[Written, Verdict]:
        answer = answers.still(self.stamp, item, status, code, message=message, other=other)
        target = self.snapshot.rows.get(item.target) if item.target else None
        facts = item.facts
        row = _EMPTY._replace(
            node=self.node, partition=self.partition, term=self.term, number=self.number, day=self.day,
            id=item.id, kind=int(item.kind), status=int(status), code=code, digest=item.digest,
            decided_ms=self.now_ms, region=item.region, fixmedins_code=item.fixmedins_code,
            home_pool=item.home_pool, care_pool=item.care_pool, psn_no=item.psn_no,
            insutype=target.insutype if target else facts.insutype,
            med_type=target.med_type if target else facts.med_type,
            clr_type=target.clr_type if target else facts.clr_type, route=target.route if target else facts.route,
            visit=item.visit or (target.visit if target else None),
            bill=item.bill or (target.bill if target and verdict.seals else None),
            target=item.target or None, settlement=item.target if verdict.seals else None, seals=verdict.seals,
            year=year or (target.year if target else self.day.year),
            asked_fen=max(0, target.total_fen if target else facts.total_fen), answer=answer,
        )  # fmt: skip
        return Written(row), verdict

    def _tombstone(self, item: messages_pb2.Item) -> tuple[Written, Verdict]:
        row = _EMPTY._replace(
            node=self.node, partition=self.partition, term=self.term, number=self.number + 1, day=self.day,
            id=item.target, kind=int(Kind.TOMBSTONE), status=int(Status.VOIDED), code=answers.REVERSED_FIRST,
            decided_ms=self.now_ms, region=item.region, fixmedins_code=item.fixmedins_code,
            home_pool=item.home_pool, care_pool=item.care_pool, psn_no=item.psn_no,
            visit=item.visit or None, year=self.day.year, answer=answers.tombstone(self.stamp, item.target),
        )  # fmt: skip
        return Written(row), _STILL

    def _internal(self, item: messages_pb2.Item, error: Exception) -> list[tuple[Written, Verdict]]:
        self.flush.errors.append(error)
        self.flush.parked.append(Parked(item.id, item.SerializeToString(), type(error).__name__))
        if len(item.id) != ID_BYTES or len(item.digest) != 32 or not 1 <= item.kind <= 4:
            return []  # there is nothing that an answer could be stored under
        bare = messages_pb2.Item(
            id=item.id, digest=item.digest, kind=item.kind, region=_clean(item.region), infno=_clean(item.infno),
            fixmedins_code=_clean(item.fixmedins_code), psn_no=_clean(item.psn_no), msgid=_clean(item.msgid),
            mdtrt_id=_clean(item.mdtrt_id), home_pool=item.home_pool & 0x7FFFFFFF,
            care_pool=item.care_pool & 0x7FFFFFFF,
        )  # fmt: skip
        return [self._still(bare, Status.DECLINED, answers.INTERNAL)]


_UNDOES: Final = {int(Kind.REVERSE): Kind.SETTLE, int(Kind.REVIVE): Kind.CANCEL}


def _clean(text: str) -> str:
    return text.replace("\0", "")  # PostgreSQL stores no NUL, and this row must be storable


_EMPTY: Final = still_row()
