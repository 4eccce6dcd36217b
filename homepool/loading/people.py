"""The people of a home node as records, and the file that carries them: one JSON object per line.

The demonstration makes them from a seed (`homepool.loading.population`), a loader brings them into the home database. A
record is one psn_no; who has numbers in two pools is two records with one certno. The file holds names and identity
numbers in clear: it is for made-up people and for a loader's private folder, and no error repeats its values.
Money is fen, days are yyyy-MM-dd texts, an open end is ''.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeVar

from homepool.benefits.filing import CHRONIC, DESIGNATED, OFFSITE
from homepool.benefits.filing import KINDS as FILING_KINDS
from homepool.errors import HomePoolError
from ledger.rows import ACCUMULATORS
from runtime.certno import birthday

EMPLOYEES: Final = "310"
RESIDENTS: Final = "390"
MATERNITY: Final = "510"
INSURANCES: Final = frozenset({EMPLOYEES, RESIDENTS, MATERNITY})
STATUSES: Final = MappingProxyType({"1": "normal", "2": "paused", "4": "ended"})
"""psn_insu_stas."""
PSN_NO_LENGTH_MOST: Final = 30
LINE_LENGTH_MOST: Final = 100_000
AMOUNT_FEN_MOST: Final = 10**15
MOMENT: Final = "%Y-%m-%d %H:%M:%S"
_NO_MOMENT: Final = "evoucher_valid_to is not a time like 2026-01-31 18:00:00"


class PeopleFileInvalid(HomePoolError):
    """A file of people breaks its form; the message names file, line and field, never a value."""


class _RecordInvalid(ValueError):
    """A record breaks its form; the message names the field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Insurance:
    """One insurance of a person in one pool (insuinfo of 1101)."""

    pool: int
    insutype: str
    psn_type: str
    """1101 in work, 1102 civil servant, 1201 retired, 14xx minors and students, 1501 residents, 1601 elderly."""
    status: str
    """psn_insu_stas: 1 normal, 2 paused, 4 ended."""
    valid_from: str
    valid_to: str = ""
    """Last day; '' = not known."""
    paused_on: str = ""
    """First day of the pause, where the status is 2."""
    civil_servant: bool = False
    """cvlserv_flag."""

    def check(self) -> None:
        """Raises where the fields do not fit together."""
        _check_pool(self.pool)
        _require(self.insutype in INSURANCES, "insutype is none of 310, 390, 510")
        _require(len(self.psn_type) == 4 and self.psn_type.isdecimal(), "psn_type is not four digits")
        _require(self.status in STATUSES, "status is none of 1, 2, 4")
        _check_span(self.valid_from, self.valid_to)
        _require(
            (self.status == "2") == bool(self.paused_on), "paused_on belongs to status 2, and to it only"
        )
        _check_day("paused_on", self.paused_on, open_end=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The personal account (个人账户) of a person in one pool; employees have one."""

    pool: int
    balance_fen: int

    def check(self) -> None:
        """Raises where the fields do not fit together."""
        _check_pool(self.pool)
        _require(0 <= self.balance_fen <= AMOUNT_FEN_MOST, "balance_fen is not between 0 and 10^15")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """An identity that medical aid or a supplement looks at (idetinfo of 1101), by the policy's own name."""

    name: str
    valid_from: str
    valid_to: str = ""

    def check(self) -> None:
        """Raises where the fields do not fit together."""
        _require(bool(self.name), "name is empty")
        _check_span(self.valid_from, self.valid_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonFiling:
    """A filing (备案): care elsewhere, a chronic disease, or a designated institution."""

    kind: str
    """long_term, referral, emergency, other (covers every institution of the place it names), chronic, designated."""
    care: str = ""
    """Off-site: prefix of the divisions it covers: "4403" a city, "50" a municipality."""
    valid_from: str
    valid_to: str = ""
    insutype: str = ""
    """Empty: of whatever insurance."""
    disease: str = ""
    """Chronic: its code."""
    institution: str = ""
    """Designated: fixmedins_code."""

    def check(self) -> None:
        """Raises where the fields do not fit together."""
        _require(self.kind in FILING_KINDS, f"kind is none of {', '.join(FILING_KINDS)}")
        if self.kind in OFFSITE:
            _require(2 <= len(self.care) <= 6 and self.care.isdecimal(), "care is not two to six digits")
        _require(
            (self.kind in OFFSITE) == bool(self.care), "care belongs to off-site kinds, and to them only"
        )
        _require(
            (self.kind == CHRONIC) == bool(self.disease), "disease belongs to kind chronic, and to it only"
        )
        _require(
            (self.kind == DESIGNATED) == bool(self.institution),
            "institution belongs to kind designated, and to it only",
        )
        _require(self.insutype in ("", *INSURANCES), "insutype is none of 310, 390, 510")
        _check_span(self.valid_from, self.valid_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a person has used up of one insurance in one year before the book began."""

    pool: int
    insutype: str
    year: int
    amounts: Mapping[str, int]
    """By the names of ledger.rows.ACCUMULATORS; fen, `admissions` a count; what is not named is 0."""

    def check(self) -> None:
        """Raises where the fields do not fit together."""
        _check_pool(self.pool)
        _require(self.insutype in INSURANCES, "insutype is none of 310, 390, 510")
        _require(2000 <= self.year <= 2100, "year is not between 2000 and 2100")
        for name, amount in self.amounts.items():
            _require(name in ACCUMULATORS, "amounts names what is no accumulator")
            whole = type(amount) is int and 0 <= amount <= AMOUNT_FEN_MOST
            _require(whole, f"amounts.{name} is not a whole number from 0 to 10^15")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One psn_no with everything that the home pool knows before the first settlement."""

    psn_no: str
    psn_name: str
    certno: str
    gend: str
    """1 man, 2 woman."""
    brdy: str
    card_sn: str
    """卡识别码 of the social security card."""
    evoucher: str = ""
    """A made-up e-voucher token that stands for the person in a demonstration; '' = has none."""
    evoucher_valid_to: str = ""
    """Last moment of the token, yyyy-MM-dd HH:mm:ss in China time; '' = no end."""
    insurances: tuple[Insurance, ...]
    accounts: tuple[Account, ...] = ()
    relatives: tuple[str, ...] = ()
    """psn_no of those of the same pool whose accounts may pay for this person (共济), sorted."""
    identities: tuple[Identity, ...] = ()
    filings: tuple[PersonFiling, ...] = ()
    used: tuple[Usage, ...] = field(default=())
    psn_cert_type: str = "01"
    """01 identity card."""

    def check(self) -> None:
        """Raises where the fields do not fit together."""
        check_who(
            psn_no=self.psn_no, psn_name=self.psn_name, psn_cert_type=self.psn_cert_type, certno=self.certno,
            gend=self.gend, brdy=self.brdy,
        )  # fmt: skip
        check_voucher(evoucher=self.evoucher, evoucher_valid_to=self.evoucher_valid_to)
        _require(bool(self.insurances), "insurances is empty")
        live = [(one.pool, one.insutype) for one in self.insurances if one.status == "1"]
        _require(len(set(live)) == len(live), "insurances names a normal one of a pool twice")
        pools = {one.pool for one in self.insurances if one.insutype == EMPLOYEES}
        held = [one.pool for one in self.accounts]
        _require(len(set(held)) == len(held), "accounts names a pool twice")
        _require(pools.issuperset(held), "accounts names a pool without an employee insurance")
        _require(
            list(self.relatives) == sorted(set(self.relatives)),
            "relatives are not sorted, or one stands twice",
        )
        _require(self.psn_no not in self.relatives, "relatives names the person")


def check_who(*, psn_no: str, psn_name: str, psn_cert_type: str, certno: str, gend: str, brdy: str) -> None:
    """Raises ValueError, which names a field and no value, where these do not fit together."""
    _require(1 <= len(psn_no) <= PSN_NO_LENGTH_MOST and psn_no.isascii(), "psn_no is not 1 to 30 long")
    _require(bool(psn_name), "psn_name is empty")
    _require(gend in ("1", "2"), "gend is neither 1 nor 2")
    _check_day("brdy", brdy)
    if psn_cert_type == "01":
        born = birthday(certno)
        _require(born is not None, "certno is no identity number (GB 11643)")
        _require(str(born) == brdy, "brdy is not the birthday in certno")
        _require((int(certno[16]) % 2 == 1) == (gend == "1"), "gend is not that of certno")


def check_voucher(*, evoucher: str, evoucher_valid_to: str) -> None:
    """Raises ValueError, which names a field and no value, where a token's end is no moment, or there is no token."""
    if not evoucher_valid_to:
        return
    _require(bool(evoucher), "evoucher_valid_to belongs to an evoucher")
    try:
        moment = datetime.strptime(evoucher_valid_to, MOMENT)
        _require(moment.strftime(MOMENT) == evoucher_valid_to, _NO_MOMENT)
    except ValueError:
        raise _RecordInvalid(_NO_MOMENT) from None


def _require(holds: bool, why: str) -> None:
    if not holds:
        raise _RecordInvalid(why)


def _check_pool(pool: int) -> None:
    _require(100_000 <= pool <= 999_999, "pool is not a division of six digits")


def is_day(text: str) -> bool:
    """Whether it is a day of the calendar, yyyy-MM-dd."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _check_day(name: str, text: str, *, open_end: bool = False) -> None:
    if open_end and not text:
        return
    _require(is_day(text), f"{name} is not a day like 2026-01-31")


def _check_span(valid_from: str, valid_to: str) -> None:
    _check_day("valid_from", valid_from)
    _check_day("valid_to", valid_to, open_end=True)
    _require(not valid_to or valid_to >= valid_from, "valid_to is before valid_from")


_PARTS: Final[Mapping[str, type]] = {
    "insurances": Insurance,
    "accounts": Account,
    "identities": Identity,
    "filings": PersonFiling,
    "used": Usage,
}
_Record = TypeVar("_Record", Insurance, Account, Identity, PersonFiling, Usage, Person)


def _record(cls: type[_Record], given: object, path: str) -> _Record:
    """A record out of JSON: every field known, none missing, each of its type."""
    if not isinstance(given, dict):
        raise _RecordInvalid(f"{path or 'the line'} is not an object")
    known = {one.name: one for one in fields(cls)}
    for name in given:
        _require(name in known, f"{path}{name} is not a field")
    values: dict[str, Any] = {}
    for name, one in known.items():
        if name not in given:
            _require(one.default is not MISSING, f"{path}{name} is missing")
            continue
        values[name] = _value(name, given[name], one.type, f"{path}{name}")
    record = cls(**values)
    try:
        record.check()
    except _RecordInvalid as error:
        raise _RecordInvalid(f"{path}{error}") from None
    return record


def _value(name: str, given: object, kind: object, path: str) -> object:
    if name in _PARTS:
        _require(isinstance(given, list), f"{path} is not a list")
        assert isinstance(given, list)
        return tuple(_record(_PARTS[name], one, f"{path}[{at}].") for at, one in enumerate(given))
    if name == "relatives":
        texts = isinstance(given, list) and all(isinstance(one, str) for one in given)
        _require(texts, f"{path} is not a list of texts")
        assert isinstance(given, list)
        return tuple(given)
    if name == "amounts":
        _require(isinstance(given, dict), f"{path} is not an object")
        return given
    assert isinstance(kind, type)
    _require(type(given) is kind, f"{path} is not {_KINDS[kind]}")
    return given


_KINDS: Final[Mapping[type, str]] = {str: "a text", int: "a whole number", bool: "true or false"}


def write_people(path: Path, people: Iterable[Person]) -> int:
    """Writes one JSON object per line and returns how many; the file is readable by its owner only."""
    count = 0
    path.touch()
    path.chmod(0o600)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for person in people:
            file.write(json.dumps(asdict(person), ensure_ascii=False, separators=(",", ":")) + "\n")
            count += 1
    return count


def read_people(path: Path) -> Iterator[Person]:
    """The people of a file, one by one, in its order.

    Raises PeopleFileInvalid with a sentence that names file, line and field and repeats no value: no JSON, a field
    that is unknown, missing or of another type, fields that do not fit together, a psn_no that stood before.
    """
    seen: set[str] = set()
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                person = _read_line(line, f"{path.name} line {number}")
                if person.psn_no in seen:
                    raise PeopleFileInvalid(
                        f"{path.name} line {number}: psn_no stands in an earlier line too"
                    )
                seen.add(person.psn_no)
                yield person
    except OSError as error:
        raise PeopleFileInvalid(f"{path.name} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise PeopleFileInvalid(f"{path.name} is not UTF-8") from None


def _read_line(line: str, where: str) -> Person:
    if len(line) > LINE_LENGTH_MOST:
        raise PeopleFileInvalid(f"{where}: longer than {LINE_LENGTH_MOST} characters")
    try:
        given = json.loads(line)
    except (ValueError, RecursionError):
        raise PeopleFileInvalid(f"{where}: not JSON") from None
    try:
        return _record(Person, given, "")
    except _RecordInvalid as error:
        raise PeopleFileInvalid(f"{where}: {error}") from None
