"""Whose money is what, and how it is paid: `clearing/data/scheme.toml`, read once, checked, frozen into each run. Pure.

A scheme that leaves a column without a fund for an insurance would lose money, so loading refuses it. Insurances that it
does not know are set aside by the run that meets them, and adopted by nobody (`clearing/day/insurances.py`).
"""

import hashlib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from clearing.errors import SchemeWrong
from ledger.rows import FUND_PAYERS

DATA_FOLDER: Final = Path(__file__).parent / "data"
ACCOUNT: Final = "account"
"""The payer that stands for account_fen and family_fen together."""
PAYERS: Final = (*FUND_PAYERS, ACCOUNT)
"""What somebody owes; cash_fen and hospital_fen are paid on the spot or by nobody."""
INTER_POOL: Final = frozenset({"pool", "account"})
BEARERS: Final = INTER_POOL | {"carrier", "aid", "commercial"}
WALLET: Final = "wallet"
"""The fund of wallet transfers (医保钱包): account money, a column of its own, which no column of a settlement is."""
_WALLET_NAME: Final = "个人账户共济划转"
DIRECT: Final = "direct"
PROVINCES: Final = "provinces"


class Fund(NamedTuple):
    """One column of a row under one insurance."""

    insutype: str
    payer: str
    fund: str  # fund_pay_type, six digits
    name: str
    bearer: str


class Outside(NamedTuple):
    """Who bears a column of some home pool, where that is not told by the pool's code."""

    bearer: str
    home_pool: int
    party: str
    name: str


@dataclass(frozen=True, slots=True)
class Scheme:
    """How clearing apportions and pays."""

    version: str
    sha256: bytes
    books: Mapping[str, tuple[str, ...]]  # employees, residents -> insutypes
    funds: tuple[Fund, ...]
    outside: tuple[Outside, ...]
    groups: Mapping[int, str]  # pool -> the group in which it pays net
    within_province: str
    across_provinces: str

    @property
    def insutypes(self) -> frozenset[str]:
        """The insurances that it knows."""
        return frozenset(one for kinds in self.books.values() for one in kinds)

    def fund_name(self, insutype: str, fund: str) -> str:
        """A fund's name for people; its code where the scheme does not know it."""
        if fund == WALLET:
            return _WALLET_NAME
        return next((one.name for one in self.funds if (one.insutype, one.fund) == (insutype, fund)), fund)

    def party_name(self, party: str) -> str:
        """An outside payer's name for people."""
        return next((one.name for one in self.outside if one.party == party), party)

    def book_of(self, insutype: str) -> str:
        """employees or residents; raises SchemeWrong for an unknown insurance."""
        for name, insutypes in self.books.items():
            if insutype in insutypes:
                return name
        raise SchemeWrong(f"scheme.toml: no entry of [books] has insurance {insutype}.")


def load_scheme(folder: Path | None = None) -> Scheme:
    """Read and check `scheme.toml` of a folder, the shipped one by default. Raises SchemeWrong."""
    path = (folder or DATA_FOLDER) / "scheme.toml"
    try:
        raw = path.read_bytes()
    except OSError as failed:
        raise SchemeWrong(f"{path.name} cannot be read: {failed.strerror}.") from None
    try:
        return read_scheme(raw)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as failed:
        raise SchemeWrong(f"{path.name}: {failed}.") from None


def read_scheme(raw: bytes) -> Scheme:
    """The scheme of a file's bytes. Raises SchemeWrong, TOMLDecodeError, UnicodeDecodeError."""
    told = tomllib.loads(raw.decode())
    sources = _table(told, "sources")
    books = {name: tuple(_texts(name, kinds)) for name, kinds in _table(told, "books").items()}
    insutypes = [one for kinds in books.values() for one in kinds]
    _once("[books] insurance", insutypes)
    funds = tuple(_funds(_entries(told, "fund", sources), insutypes))
    groups: dict[int, str] = {}
    for entry in _entries(told, "net_group", sources):
        for pool in _pools(entry, "pools"):
            if pool in groups:
                raise SchemeWrong(f"scheme.toml: pool {pool} is in two net groups, {groups[pool]} too.")
            groups[pool] = _text(entry, "name")
    pay = _table(told, "pay")
    return Scheme(
        _text(told, "version"),
        hashlib.sha256(raw).digest(),
        books,
        funds,
        tuple(_outside(_entries(told, "outside", sources))),
        groups,
        _choice(pay, "within_province", (DIRECT, PROVINCES)),
        _choice(pay, "across_provinces", (DIRECT, PROVINCES)),
    )


def _funds(entries: Sequence[Mapping[str, Any]], insutypes: Sequence[str]) -> Iterator[Fund]:
    found: dict[tuple[str, str], str] = {}
    for entry in entries:
        payer, bearer = _choice(entry, "payer", PAYERS), _choice(entry, "bearer", sorted(BEARERS))
        if (payer == ACCOUNT) != (bearer == ACCOUNT):
            raise SchemeWrong(
                f"scheme.toml: {payer} has bearer {bearer}; account money, and only it, is of bearer account."
            )
        codes, names = _table(entry, "codes"), _table(entry, "names")
        for insutype in insutypes:
            code = str(codes.get(insutype, ""))
            if len(code) != 6 or not code.isdigit():
                raise SchemeWrong(
                    f"scheme.toml: {payer} needs a six-digit fund code for insurance {insutype}."
                )
            if (insutype, code) in found:
                other = found[insutype, code]
                raise SchemeWrong(f"scheme.toml: {payer} and {other} of {insutype} are both fund {code}.")
            found[insutype, code] = payer
            yield Fund(insutype, payer, code, str(names.get(insutype, code)), bearer)
    _once("[[fund]] payer", [entry["payer"] for entry in entries])
    if missing := set(PAYERS) - set(found.values()):
        raise SchemeWrong(f"scheme.toml: no [[fund]] for {', '.join(sorted(missing))}.")


def _outside(entries: Sequence[Mapping[str, Any]]) -> Iterator[Outside]:
    seen = []
    for entry in entries:
        bearer = _choice(entry, "bearer", ("carrier", "aid"))
        for pool in _pools(entry, "home_pools"):
            seen.append((bearer, pool))
            yield Outside(bearer, pool, _text(entry, "party"), _text(entry, "name"))
    _once("[[outside]] bearer and pool", seen)


def _entries(told: Mapping[str, Any], name: str, sources: Mapping[str, Any]) -> list[dict[str, Any]]:
    entries = told.get(name, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise SchemeWrong(f"scheme.toml: {name} is a list of tables, [[{name}]].")
    for entry in entries:
        tag = _text(entry, "source")[:1]
        if tag not in sources:
            raise SchemeWrong(f"scheme.toml: [[{name}]] names source {tag}, which [sources] does not have.")
    return entries


def _table(told: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = told.get(name)
    if not isinstance(found, dict) or not found:
        raise SchemeWrong(f"scheme.toml: the table {name} is needed.")
    return found


def _text(told: Mapping[str, Any], name: str) -> str:
    found = told.get(name)
    if not isinstance(found, str) or not found.strip():
        raise SchemeWrong(f"scheme.toml: {name} is needed, a text.")
    return found


def _texts(name: str, told: object) -> list[str]:
    if not isinstance(told, list) or not all(isinstance(one, str) for one in told):
        raise SchemeWrong(f"scheme.toml: {name} is a list of texts.")
    return told


def _pools(told: Mapping[str, Any], name: str) -> list[int]:
    found = told.get(name)
    if not isinstance(found, list) or not all(
        isinstance(one, int) and 100_000 <= one <= 999_999 for one in found
    ):
        raise SchemeWrong(f"scheme.toml: {name} is a list of pools, six digits each.")
    return found


def _choice(told: Mapping[str, Any], name: str, options: Sequence[str]) -> str:
    found = _text(told, name)
    if found not in options:
        raise SchemeWrong(f"scheme.toml: {name} is {found}, not one of {', '.join(options)}.")
    return found


def _once(what: str, found: Sequence[Any]) -> None:
    for one in found:
        if found.count(one) > 1:
            raise SchemeWrong(f"scheme.toml: {what} {one} stands twice.")
