"""What can be loaded from elsewhere: per kind the columns, which of them name the same thing, and how a row is checked.

A row is a difference. Who a person is and what he is insured for is put in place of what the book says under the same
key; money and use are added to it. Checks here are of the row alone, those against the book are in `load_book`.
Sentences name a column and never a value: files hold personal data.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from homepool.loading.people import (
    AMOUNT_FEN_MOST,
    INSURANCES,
    Account,
    Identity,
    Insurance,
    PersonFiling,
    check_voucher,
    check_who,
    is_day,
)
from ledger.rows import ACCUMULATORS

Values = Mapping[str, Any]
TEXT: Final = "a text of at most 200 printable characters without blanks at its ends"
WHOLE: Final = "a whole number"
FLAG: Final = "0 or 1"
ROW_ID: Final = "row_id"
ROW_ID_LENGTH_MOST: Final = 64
HINTS: Final = frozenset(("elsewhere",))
"""Columns that say how a row is checked and not what it says."""


class RowWrong(ValueError):
    """A row breaks its form; the message names the column."""


class Row(NamedTuple):
    """One row of a file."""

    line: int
    id: bytes  # of the difference, made of row_id; empty where the row has none: then it is put whenever it comes
    digest: bytes  # of what the row says
    values: Values

    @property
    def psn_no(self) -> str:
        """Whom it is about."""
        return str(self.values["psn_no"])


@dataclass(frozen=True, slots=True)
class Column:
    """A column; one without a default is needed."""

    name: str
    type: str = TEXT
    default: Any = None

    @property
    def needed(self) -> bool:
        """Whether a file must have it."""
        return self.default is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of file."""

    name: str
    about: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    """What may stand in a file once."""
    check: Callable[[Values], None]
    adds: bool = False
    """Whether it adds to what is there: then each row needs an id of its own."""
    names_itself: bool = False
    """Whether the key is the row's name for ever, so that it has no `row_id`."""

    @property
    def by_name(self) -> dict[str, Column]:
        """All columns; `row_id` is one of them, unless a row names itself."""
        if self.names_itself:
            return {column.name: column for column in self.columns}
        own = Column(ROW_ID) if self.adds else Column(ROW_ID, TEXT, "")
        return {ROW_ID: own, **{column.name: column for column in self.columns}}


def _checked(record: Any) -> None:
    try:
        record.check()
    except ValueError as wrong:
        raise RowWrong(str(wrong)) from None


def _check_person(row: Values) -> None:
    try:
        check_who(**{name: row[name] for name in _WHO})
        check_voucher(evoucher=row["evoucher"], evoucher_valid_to=row["evoucher_valid_to"])
    except ValueError as wrong:
        raise RowWrong(str(wrong)) from None


def _check_insurance(row: Values) -> None:
    _checked(Insurance(**{name: value for name, value in row.items() if name not in ("psn_no", ROW_ID)}))


def _check_identity(row: Values) -> None:
    _checked(Identity(name=row["kind"], valid_from=row["valid_from"], valid_to=row["valid_to"]))


def _check_filing(row: Values) -> None:
    given = {name: row[name] for name in _FILING}
    if not row["withdrawn"]:
        _checked(PersonFiling(**given))
        return
    _checked(PersonFiling(**given | {"valid_to": ""}))
    if not is_day(row["valid_to"]):  # its last day, perhaps before it ever held
        raise RowWrong("valid_to is not a day like 2026-01-31, and what is withdrawn has a last day")


def _check_relative(row: Values) -> None:
    if row["psn_no"] == row["relative_psn_no"]:
        raise RowWrong("relative_psn_no is the person")


def _check_account(row: Values) -> None:
    _checked(Account(pool=row["pool"], balance_fen=0))
    if not 0 < abs(row["amount_fen"]) <= AMOUNT_FEN_MOST:
        raise RowWrong("amount_fen is 0, or beyond 10^15")


def _check_accumulator(row: Values) -> None:
    if row["insutype"] not in INSURANCES:
        raise RowWrong("insutype is none of 310, 390, 510")
    period = row["period"]
    year, month = (period, 0) if period <= 9_999 else divmod(period, 100)
    if not 2000 <= year <= 2100 or not 0 <= month <= 12 or (period > 9_999 and month == 0):
        raise RowWrong("period is neither a year (2026) nor a month (202611)")
    amounts = {name: row[name] for name in ACCUMULATORS if row[name]}
    if not amounts:
        raise RowWrong("no accumulator is given")
    if month and set(amounts) - {"in_scope", "pooled"}:
        raise RowWrong("of a month only in_scope and pooled are kept")
    if any(abs(amount) > AMOUNT_FEN_MOST for amount in amounts.values()):
        raise RowWrong("an accumulator is beyond 10^15")


_FILING: Final = ("kind", "insutype", "care", "disease", "institution", "valid_from", "valid_to")
_WHO: Final = ("psn_no", "psn_name", "psn_cert_type", "certno", "gend", "brdy")

KINDS: Final = {
    kind.name: kind
    for kind in (
        Kind(
            name="people",
            about="who people are; a row replaces all that was known of the person, credentials too",
            columns=(
                *(
                    Column("psn_no"),
                    Column("psn_name"),
                    Column("psn_cert_type", TEXT, "01"),
                    Column("certno"),
                ),
                *(Column("gend"), Column("brdy"), Column("card_sn", TEXT, ""), Column("evoucher", TEXT, "")),
                Column("evoucher_valid_to", TEXT, ""),
            ),
            key=("psn_no",),
            check=_check_person,
        ),
        Kind(
            name="insurances",
            about="what people are insured for; a row replaces the one of the same person, pool, insutype, valid_from",
            columns=(
                *(Column("psn_no"), Column("pool", WHOLE), Column("insutype"), Column("psn_type")),
                *(Column("status", TEXT, "1"), Column("valid_from"), Column("valid_to", TEXT, "")),
                *(Column("paused_on", TEXT, ""), Column("civil_servant", FLAG, False)),
            ),
            key=("psn_no", "pool", "insutype", "valid_from"),
            check=_check_insurance,
        ),
        Kind(
            name="identities",
            about="medical-aid identities and enrolments by the policies' names; valid_to ends one",
            columns=(Column("psn_no"), Column("kind"), Column("valid_from"), Column("valid_to", TEXT, "")),
            key=("psn_no", "kind", "valid_from"),
            check=_check_identity,
        ),
        Kind(
            name="filings",
            about="filings (备案); a row replaces valid_to of the same one, withdrawn = 1 ends it for good",
            columns=(
                *(Column("psn_no"), Column("kind"), Column("valid_from"), Column("valid_to", TEXT, "")),
                *(Column("care", TEXT, ""), Column("disease", TEXT, ""), Column("institution", TEXT, "")),
                *(Column("insutype", TEXT, ""), Column("withdrawn", FLAG, False)),
            ),
            key=("psn_no", "kind", "insutype", "care", "disease", "institution", "valid_from"),
            check=_check_filing,
        ),
        Kind(
            name="relatives",
            about="whose accounts may pay for a person (共济); elsewhere = 1: by wallet transfer; withdrawn = 1 ends it",
            columns=(
                *(Column("psn_no"), Column("relative_psn_no"), Column("withdrawn", FLAG, False)),
                Column("elsewhere", FLAG, False),
            ),
            key=("psn_no", "relative_psn_no"),
            check=_check_relative,
        ),
        Kind(
            name="accounts",
            about="differences of personal accounts, in fen; a negative one takes away",
            columns=(Column("psn_no"), Column("pool", WHOLE), Column("amount_fen", WHOLE)),
            key=(ROW_ID,),
            check=_check_account,
            adds=True,
        ),
        Kind(
            name="accumulators",
            about="differences of what a year (2026) or a month (202611) has used up, in fen; admissions a count",
            columns=(
                *(Column("psn_no"), Column("insutype"), Column("period", WHOLE)),
                *(Column(name, WHOLE, 0) for name in ACCUMULATORS),
            ),
            key=(ROW_ID,),
            check=_check_accumulator,
            adds=True,
        ),
    )
}
