"""What pools owe one another, netted and turned into payments. Pure; `clearing/sql/0002_positions.sql` does the same in
sets, and a property test compares the two.

No position crosses an insurance or a fund: funds keep separate accounts. Amounts in fen. What is owed may be negative: on
a day with more refunds than settlements the care pool owes the home pool.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby, pairwise
from typing import Final, NamedTuple

from clearing.scheme import DIRECT, Scheme

_PROVINCE: Final = 10_000


class Owed(NamedTuple):
    """What a home pool owes a care pool from one fund: a cell of the gross matrix."""

    insutype: str
    fund: str
    debtor: int
    creditor: int
    amount_fen: int
    group: str = ""
    """The group that both are in and pay net; empty: gross."""


class Net(NamedTuple):
    """A pool's place in the multilateral net of one fund; positive receives."""

    receivable_fen: int
    payable_fen: int

    @property
    def amount_fen(self) -> int:
        """What it receives on balance."""
        return self.receivable_fen - self.payable_fen


class Payment(NamedTuple):
    """Money that one party pays another from one fund. Parties are pools (440300) and provinces (P44)."""

    payer: str
    payee: str
    insutype: str
    fund: str
    amount_fen: int


NetKey = tuple[str, str, int]
"""insutype, fund, pool"""


def nets(owed: Iterable[Owed]) -> dict[NetKey, Net]:
    """The multilateral net over a gross matrix. Its sum over all pools of a fund is zero, whatever is owed."""
    receivable: dict[NetKey, int] = defaultdict(int)
    payable: dict[NetKey, int] = defaultdict(int)
    for one in owed:
        receivable[one.insutype, one.fund, one.creditor] += one.amount_fen
        payable[one.insutype, one.fund, one.debtor] += one.amount_fen
    keys = receivable.keys() | payable.keys()
    return {key: Net(receivable[key], payable[key]) for key in keys}


def settled(balances: Mapping[int, int]) -> Iterator[tuple[int, int, int]]:
    """(payer, payee, fen) that bring balances of sum zero to zero: debtors pay creditors in the order of their codes.

    At most one payment fewer than there are pools; the same balances always give the same payments.
    """
    debtors = [[pool, -fen] for pool, fen in sorted(balances.items()) if fen < 0]
    creditors = [[pool, fen] for pool, fen in sorted(balances.items()) if fen > 0]
    while debtors and creditors:
        payer, payee = debtors[0], creditors[0]
        fen = min(payer[1], payee[1])
        yield payer[0], payee[0], fen
        for queue in (debtors, creditors):
            queue[0][1] -= fen
            if not queue[0][1]:
                queue.pop(0)


def province_of(pool: int) -> str:
    """The party that a pool's money to other provinces goes through; a municipality (XX0000) is its own."""
    return str(pool) if not pool % _PROVINCE else f"P{pool // _PROVINCE}"


def path(payer: int, payee: int, scheme: Scheme) -> list[str]:
    """The parties between two pools, both included."""
    same = payer // _PROVINCE == payee // _PROVINCE
    if (scheme.within_province if same else scheme.across_provinces) == DIRECT:
        return [str(payer), str(payee)]
    stations = [str(payer), province_of(payer), province_of(payee), str(payee)]
    return [station for station, _ in groupby(stations)]


def payments(owed: Iterable[Owed], scheme: Scheme) -> list[Payment]:
    """How what is owed is paid: net within a group that agreed on it, else each pair gross along its path.

    Payments of the same two parties, one way and from one fund are one payment; the two ways are never netted.
    """
    gross: dict[tuple[str, str, int, int], int] = defaultdict(int)
    grouped: dict[str, list[Owed]] = defaultdict(list)
    for one in owed:
        if one.group:
            grouped[one.group].append(one)
        else:
            gross[one.insutype, one.fund, one.debtor, one.creditor] += one.amount_fen
    found: dict[tuple[str, str, str, str], int] = defaultdict(int)
    for (insutype, fund, debtor, creditor), fen in gross.items():
        payer, payee = (debtor, creditor) if fen > 0 else (creditor, debtor)
        stations = path(payer, payee, scheme)
        for station, following in pairwise(stations):
            found[station, following, insutype, fund] += abs(fen)
    for members in grouped.values():
        balances: dict[tuple[str, str], dict[int, int]] = defaultdict(dict)
        for (insutype, fund, pool), net in nets(members).items():
            balances[insutype, fund][pool] = net.amount_fen
        for (insutype, fund), some in balances.items():
            for payer, payee, fen in settled(some):
                found[str(payer), str(payee), insutype, fund] += fen
    return [Payment(*key, fen) for key, fen in sorted(found.items()) if fen]
