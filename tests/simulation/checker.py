"""The judge of a run: a book of its own, kept from the rows as they are committed and from the answers as they are told.

It shares nothing with the code that decides: who lives, what a bill costs, what a balance must be is reckoned here a
second time, from the signs and sums of the rows. `objections` says in words what was wrong; a good run has none.

| | it objects where |
|---|---|
| ids | a row was decided that its region had not claimed, or an id twice |
| numbers | they are not dense per partition, terms or days fall, a closed day grows |
| bills | two settlements of one bill live; what was reversed lives; what is undone did not live |
| money | a bill was paid on other sums than those before it; a mirror is not the negative of its settlement |
| deadlines | what pays or takes back at the counter was written after its deadline |
| answers | an outcome was told that is not stored, or in other bytes; a refusal had stored something |
| books | care and home differ in a row or in what follows from rows; something stays open for ever |
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Final

from gateway.refusals import Refused
from ledger.rows import ACCUMULATORS, AMOUNTS, Row
from proto.settlement.v1 import settlement_pb2 as pb
from tests.simulation.fake_care_book import FakeCareDatabase
from tests.simulation.fake_home_book import HomeStore
from tests.simulation.messages import Message

DEDUCTIBLE_FEN: Final = 1_500
RATIO_BP: Final = 6_000
ACCOUNT_FEN_MAX: Final = 500
"""The simulated pool's policy (tests/simulation/world.py states it to the node in the node's own terms)."""

SETTLE, CANCEL, REVERSE, REVIVE, TOMBSTONE = 1, 2, 3, 4, 5
PAID, OK = 1, 5
_DEDUCTIBLE, _POOLED = ACCUMULATORS.index("outpatient_deductible"), ACCUMULATORS.index("pooled")


@dataclass
class Calls:
    """What is known of the calls of one id."""

    under_way: int = 0
    only_refused: bool = True
    told: bytes | None = None


@dataclass
class Checker:
    """Looks on while a world runs, and once more when it is over."""

    store: HomeStore
    care: Mapping[str, FakeCareDatabase]
    now_ms: Callable[[], int]
    """The home database's clock, which deadlines are compared with."""
    objections: list[str] = field(default_factory=list)
    rows: dict[bytes, Row] = field(default_factory=dict)
    living: dict[bytes, bytes] = field(default_factory=dict)
    """Bill → its live settlement."""
    dead: set[bytes] = field(default_factory=set)
    """Settlements that a reversal was answered OK for."""
    deductible_fen: Counter[str] = field(default_factory=Counter)
    pooled_fen: Counter[str] = field(default_factory=Counter)
    balance_fen: Counter[str] = field(default_factory=Counter)
    last: dict[int, Row] = field(default_factory=dict)
    closed: date = date.min
    calls: dict[tuple[str, bytes], Calls] = field(default_factory=dict)
    seen: int = 0

    def object_to(self, what: str, row: Row | None = None) -> None:
        """Note what is wrong, once."""
        at = f" (partition {row.partition} number {row.number} kind {row.kind})" if row else ""
        if what + at not in self.objections:
            self.objections.append(what + at)

    def loaded(self, psn_no: str, difference_fen: int) -> None:
        """A loader changed an account."""
        self.balance_fen[psn_no] += difference_fen

    def day_closed(self, day: date) -> None:
        """No decision of that day or an earlier one may follow."""
        self.closed = day

    # --------------------------------------------------------------------------------------- decisions

    def look(self) -> None:
        """Take what was committed since the last look, in its order."""
        if len(self.store.numbers) == self.seen:
            return
        fresh = list(islice(self.store.numbers.values(), self.seen, None))
        self.seen = len(self.store.numbers)
        for id_ in fresh:
            self._committed(self.store.claims[id_].row)

    def _committed(self, row: Row) -> None:
        if row.id in self.rows:
            self.object_to("an id was decided twice", row)
        if row.id not in self.care[row.region].tables.claims:
            self.object_to("what its region had not claimed was decided", row)
        self.rows[row.id] = row
        self._place(row)
        self._deadline(row)
        if row.sign == 0:
            if any(getattr(row, name) for name in AMOUNTS):
                self.object_to("a row without sign moves money", row)
        elif row.kind == SETTLE:
            self._paid(row)
        else:
            self._mirrored(row)
        if row.kind == REVERSE and row.status == OK and row.target is not None:
            self.dead.add(row.target)
            if row.target in self.living.values():
                self.object_to("what a reversal was answered OK for lives", row)

    def _place(self, row: Row) -> None:
        before = self.last.get(row.partition)
        self.last[row.partition] = row
        if row.number != (before.number + 1 if before else 1):
            self.object_to("numbers are not dense", row)
        if before is not None and (row.term < before.term or row.day < before.day):
            self.object_to("term or day fell", row)
        if row.day <= self.closed:
            self.object_to("a closed day grew", row)

    def _deadline(self, row: Row) -> None:
        request = self.care[row.region].tables.requests.get(row.id)
        if request is None or row.sign == 0 or row.kind == REVERSE:
            return
        if request.deadline_ms < self.now_ms():
            self.object_to("money moved after its deadline", row)

    def _paid(self, row: Row) -> None:
        who, total = row.psn_no, row.total_fen
        deductible = min(total, max(0, DEDUCTIBLE_FEN - self.deductible_fen[who]))
        pooled = ((total - deductible) * RATIO_BP + 5_000) // 10_000
        account = max(0, min(ACCOUNT_FEN_MAX, self.balance_fen[who], total - pooled))
        expected = (deductible, pooled, account, total - pooled - account)
        if (row.deductible_fen, row.pooled_fen, row.account_fen, row.cash_fen) != expected:
            self.object_to("a bill was paid on other sums than those before it", row)
        self._lives(row.bill, row.id, row)
        self._moved(row)

    def _mirrored(self, row: Row) -> None:
        settlement = self.rows.get(row.settlement or b"")
        if settlement is None or row.undoes not in self.rows:
            self.object_to("a row undoes what was never decided", row)
            return
        if [getattr(row, name) for name in AMOUNTS] != [
            row.sign * getattr(settlement, name) for name in AMOUNTS
        ]:
            self.object_to("a mirror is not its settlement's", row)
        if row.sign > 0:
            self._lives(settlement.bill, settlement.id, row)
        elif self.living.get(settlement.bill or b"") == settlement.id:
            del self.living[settlement.bill or b""]
        else:
            self.object_to("what does not live was undone", row)
        self._moved(row)

    def _lives(self, bill: bytes | None, settlement: bytes, row: Row) -> None:
        if bill is None or bill in self.living:
            self.object_to("two settlements of one bill live", row)
            return
        if settlement in self.dead:
            self.object_to("what a reversal was answered OK for lives again", row)
        self.living[bill] = settlement

    def _moved(self, row: Row) -> None:
        self.deductible_fen[row.psn_no] += row.deductible_fen
        self.pooled_fen[row.psn_no] += row.pooled_fen
        self.balance_fen[row.psn_no] -= row.account_fen
        told = pb.Outcome.FromString(row.answer)
        if told.setlinfo.balc != self.balance_fen[row.psn_no]:
            self.object_to("an answer names another balance than the account's", row)

    # --------------------------------------------------------------------------------------- answers

    def begun(self, message: Message) -> None:
        """A call goes out."""
        self.calls.setdefault((message.region, message.id), Calls()).under_way += 1

    def lost(self, message: Message) -> None:
        """A call ended without an answer that anybody heard."""
        calls = self.calls[message.region, message.id]
        calls.under_way, calls.only_refused = calls.under_way - 1, False

    def refused(self, message: Message, refused: Refused) -> None:
        """A call was refused: this call has stored nothing."""
        calls = self.calls[message.region, message.id]
        calls.under_way -= 1
        claim = self.care[message.region].tables.claims.get(message.id)
        if calls.only_refused and not calls.under_way and claim is not None and claim.kind != TOMBSTONE:
            self.object_to(f"{message.name} was refused {refused.code} and is claimed all the same")

    def pending(self, message: Message) -> None:
        """A call was answered that its id is not final."""
        self.lost(message)

    def final(self, message: Message, outcome: pb.Outcome) -> None:
        """A call was answered with an outcome, which must be stored by now, in these bytes."""
        calls = self.calls[message.region, message.id]
        calls.under_way, calls.only_refused = calls.under_way - 1, False
        self.told(message.region, message.id, outcome, message.name)
        if message.reverses_settlement and outcome.status == OK:
            self.look()
            self.dead.add(message.target)
            if message.target in self.living.values():
                self.object_to(f"{message.name} was answered OK and what it names lives")

    def told(self, region: str, id_: bytes, outcome: pb.Outcome, name: str) -> None:
        """An outcome was told of an id, by a call or a query."""
        calls = self.calls.setdefault((region, id_), Calls(only_refused=False))
        told = outcome.SerializeToString(deterministic=True)
        if calls.told not in (None, told):
            self.object_to(f"{name} was answered in two ways")
        calls.told = told
        if self._stored(region).get(id_) != told:
            self.object_to(f"{name} was answered in other bytes than those stored")

    def _stored(self, region: str) -> dict[bytes, bytes]:
        tables = self.care[region].tables
        return tables.own | {id_: row.answer for (id_, _), row in tables.care.items()}

    # --------------------------------------------------------------------------------------- the end

    def end(self) -> None:
        """When all is healed and quiet: both books, and everything that was told."""
        self.look()
        self._home_book()
        for region in self.care:
            self._care_book(region)
        for (region, id_), calls in self.calls.items():
            if calls.told is not None and self._stored(region).get(id_) != calls.told:
                self.object_to("what was told is not what is stored in the end")
            claim = self.care[region].tables.claims.get(id_)
            if calls.only_refused and not calls.under_way and claim is not None and claim.kind != TOMBSTONE:
                self.object_to("what was only ever refused is claimed in the end")

    def _home_book(self) -> None:
        store = self.store
        for partition, row in self.last.items():
            cursor = store.cursors[partition]
            if cursor.next_number != row.number + 1 or cursor.term < row.term:
                self.object_to("the cursor does not stand behind the last row", row)
        if len(self.rows) != len(store.claims):
            self.object_to("the home book claims other ids than it decided")
        for (psn_no, insutype, _), used in store.used.items():
            if insutype == "310" and (used[_DEDUCTIBLE], used[_POOLED]) != (
                self.deductible_fen[psn_no], self.pooled_fen[psn_no],
            ):  # fmt: skip
                self.object_to("accumulators are not the sum of their deltas")
        if {psn_no: fen for psn_no, fen in store.accounts.items() if fen} != dict(+self.balance_fen):
            self.object_to("accounts are not the sum of what was loaded and drawn")
        live = {bill: one.live for bill, one in store.bills.items() if one.alive}
        if live != self.living:
            self.object_to("the home book's live bills are not those of its rows")

    def _care_book(self, region: str) -> None:
        tables = self.care[region].tables
        booked = {id_: row for (id_, _), row in tables.care.items()}
        if tables.opens:
            self.object_to(f"{len(tables.opens)} ids of region {region} stay open")
        if booked != {id_: row for id_, row in self.rows.items() if row.region == region}:
            self.object_to(f"the books of region {region} and its home node differ")
        alive: Counter[bytes] = Counter()
        for row in booked.values():
            if row.settlement is not None and row.bill is not None:
                alive[row.bill] += row.sign
            claim, at_home = tables.claims[row.id], self.store.claims.get(row.id)
            if at_home is not None and claim.undone_by != at_home.undone_by:
                self.object_to(f"region {region} and its home node differ in what undid an id")
        if any(bill.alive != alive[key] for (_, key), bill in tables.bills.items()):
            self.object_to(f"the live bills of region {region} are not those of its rows")
