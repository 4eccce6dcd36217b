"""Bills that people have paid in full and hand in at the agency (零星报销): the file, the checks, the item to decide.

A bill becomes an item like a hospital's, of the region 'manual', so that the node's own engine decides it. Its id is a
function of pool and application number, its bill of the invoice: an application has one outcome, an invoice one payment.
Amounts are those of the agency's own look at the bill (审核): total and its four parts by coverage, in fen.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from homepool.benefits import MED_TYPE_OF
from homepool.loading.book import House
from homepool.loading.file import Faults, rows_of, scan
from homepool.loading.kinds import FLAG, WHOLE, Column, Kind, Row, RowWrong, Values
from homepool.loading.load import LoadRefused
from homepool.loading.people import AMOUNT_FEN_MOST, INSURANCES, PSN_NO_LENGTH_MOST
from homepool.policy.form import MED_TYPES
from homepool.settling import is_stay
from ledger.day import MANUAL_REGION
from ledger.life import Id
from ledger.rows import SCOPE
from proto.settlement.v1 import messages_pb2
from runtime.keys import bill_key, content_digest, setl_id_text, transport_key_id, visit_key

BILLS_PER_FILE_MAX: Final = 10_000
APPLICATION_LENGTH_MOST: Final = 40
PAY, TAKE_BACK = "pay", "back"
LOCAL, WITHIN_PROVINCE, ACROSS_PROVINCES = 1, 2, 3
PHARMACY_MED_TYPE: Final = "41"
_INVOICE: Final = re.compile(r"[0-9]{18,20}")
_INSTITUTION_CODE: Final = re.compile(r"[HP][0-9]{11}")
_DIVISION: Final = range(110_000, 700_000)
_FLAGS: Final = ("emergency", "injury", "third_party", "account_used")


def check_bill(row: Values) -> None:
    """The row by itself. Raises RowWrong, which names a column and no value."""
    _require(len(row["application"]) <= APPLICATION_LENGTH_MOST, "application is longer than 40 characters")
    psn_no = row["psn_no"]
    _require(len(psn_no) <= PSN_NO_LENGTH_MOST and psn_no.isascii(), "psn_no is not 1 to 30 long")
    _require(row["pool"] in _DIVISION, "pool is no division of six digits")
    _require(row["care_division"] in _DIVISION, "care_division is no division of six digits")
    _require(row["insutype"] in INSURANCES, "insutype is none of 310, 390, 510")
    med_type = row["med_type"]
    _require(MED_TYPE_OF.get(med_type, med_type) in MED_TYPES, "med_type is none that a policy knows")
    levels = ("0",) if med_type == PHARMACY_MED_TYPE else ("1", "2", "3")
    _require(
        row["hosp_lv"] in levels, f"hosp_lv is none of {', '.join(levels)} (0 is a pharmacy, med_type 41)"
    )
    for name in ("application", "institution"):
        _require(bool(row[name]), f"{name} is empty")
    _require(
        _INVOICE.fullmatch(row["invoice"]) is not None,
        "invoice is no number of a fiscal invoice: 20 digits, or code and number in one, 18 to 20 digits",
    )
    _require(_day(row, "first_day") <= _day(row, "last_day"), "first_day is after last_day")
    _require(0 < row["total_fen"] <= AMOUNT_FEN_MOST, "total_fen is not above 0, or beyond 10^15")
    parts = [row[name] for name in SCOPE]
    _require(min(parts) >= 0, f"one of {', '.join(SCOPE)} is below 0")
    _require(sum(parts) == row["total_fen"], f"total_fen is not the sum of {', '.join(SCOPE)}")
    _require(row["route"] in range(4), "route is none of 1 own pool, 2 own province, 3 another province")


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise RowWrong(otherwise)


def _day(row: Values, name: str) -> date:
    try:
        day = date.fromisoformat(row[name])
    except ValueError:
        day = None
    if day is None or day.isoformat() != row[name]:
        raise RowWrong(f"{name} is no day like 2026-01-31")
    return day


BILLS: Final = Kind(
    name="bills",
    about="bills that people have paid in full, to be reimbursed by hand",
    columns=(
        *(Column("application"), Column("psn_no"), Column("pool", WHOLE), Column("insutype")),
        *(Column("med_type"), Column("first_day"), Column("last_day"), Column("care_division", WHOLE)),
        *(Column("hosp_lv"), Column("institution"), Column("invoice"), Column("total_fen", WHOLE)),
        *(Column(name, WHOLE) for name in SCOPE),
        *(Column(name, FLAG, False) for name in _FLAGS),
        *(Column("dise_codg", default=""), Column("matn_type", default=""), Column("route", WHOLE, 0)),
    ),
    key=("pool", "application"),
    check=check_bill,
    names_itself=True,
)


@dataclass(frozen=True, slots=True)
class Bill:
    """One bill of a file."""

    line: int
    values: Mapping[str, Any]

    @property
    def application(self) -> str:
        """The agency's number of the application, one per pool for ever."""
        return str(self.values["application"])

    @property
    def pool(self) -> int:
        """Whose money it is."""
        return int(self.values["pool"])

    @property
    def psn_no(self) -> str:
        """Who has paid it."""
        return str(self.values["psn_no"])

    @property
    def invoice(self) -> str:
        """The fiscal invoice."""
        return str(self.values["invoice"])

    @property
    def institution(self) -> str:
        """Code or name."""
        return str(self.values["institution"])

    @property
    def first_day(self) -> date:
        """No direct settlement of this bill can be older."""
        return date.fromisoformat(self.values["first_day"])

    @property
    def id(self) -> Id:
        """Of its outcome."""
        return payment_id(self.pool, self.application)

    def digest(self) -> bytes:
        """32 bytes over all that it says; what is left out may be added to the form later."""
        said = [
            f"{name}={value!r}" for name, value in sorted(self.values.items()) if value not in ("", 0, False)
        ]
        return content_digest(PAY, str(self.pool), "\0".join(said).encode())

    def item(self) -> messages_pb2.Item:
        """What the node decides."""
        code = self.institution if _INSTITUTION_CODE.fullmatch(self.institution) else ""
        route = self.values["route"] or route_of(self.pool, self.values["care_division"])
        return messages_pb2.Item(
            id=self.id, digest=self.digest(), kind=messages_pb2.KIND_SETTLE, msgid=self.application,
            fixmedins_code=code, region=MANUAL_REGION, psn_no=self.psn_no, home_pool=self.pool,
            care_pool=self.pool if route == LOCAL else self.values["care_division"],
            visit=visit_key(MANUAL_REGION, setl_id_text(self.id)), bill=invoice_bill(self.invoice),
            facts=self._facts(route),
        )  # fmt: skip

    def _facts(self, route: int) -> messages_pb2.SettleFacts:
        given = self.values
        med_type = given["med_type"]
        stay, pharmacy = is_stay(med_type), med_type == PHARMACY_MED_TYPE
        return messages_pb2.SettleFacts(
            insutype=given["insutype"], med_type=med_type, care_date=given["last_day"], hosp_lv=given["hosp_lv"],
            dedc_hosp_lv=given["hosp_lv"], pharmacy=pharmacy, dise_codg=given["dise_codg"],
            matn_type=given["matn_type"], emergency=given["emergency"] or med_type in ("13", "24"),
            injury=given["injury"], third_party=given["third_party"], account_used=given["account_used"],
            total_fen=given["total_fen"], full_self_fen=given["full_self_fen"],
            over_limit_fen=given["over_limit_fen"], first_pay_fen=given["first_pay_fen"],
            in_scope_fen=given["in_scope_fen"], clr_type="21" if stay else "41" if pharmacy else "11",
            route=route, begin_date=given["first_day"], end_date=given["last_day"],
            admission_date=given["first_day"] if stay else "", invoice=self.invoice,
        )  # fmt: skip


def payment_id(pool: int, application: str) -> Id:
    """The id of an application's outcome. No institution's code looks like the first part."""
    return transport_key_id(f"{MANUAL_REGION} {pool}", PAY, application)


def invoice_bill(invoice: str) -> Id:
    """The bill of an invoice: whoever hands it in, and under whatever application, it is the same."""
    return bill_key(visit_key(MANUAL_REGION, ""), invoice)


def take_back_item(*, pool: int, application: str, psn_no: str, payment: Id) -> messages_pb2.Item:
    """The cancel of a payment by hand; an application is taken back once."""
    return messages_pb2.Item(
        id=transport_key_id(f"{MANUAL_REGION} {pool}", TAKE_BACK, application),
        digest=content_digest(TAKE_BACK, str(pool), payment), kind=messages_pb2.KIND_CANCEL, msgid=application,
        region=MANUAL_REGION, psn_no=psn_no, home_pool=pool, target=payment,
    )  # fmt: skip


def route_of(pool: int, care_division: int) -> int:
    """Own pool, own province or another, by the codes: a city's division begins as its pool does, a municipality's
    province is one pool. A province-level pool (XX9900) has no city of its own: there `route` says it.
    """
    municipality = pool % 10_000 == 0
    if pool // 100 == care_division // 100 or (municipality and pool // 10_000 == care_division // 10_000):
        return LOCAL
    return WITHIN_PROVINCE if pool // 10_000 == care_division // 10_000 else ACROSS_PROVINCES


def read_bills(path: Path, *, house: House, today: date) -> list[Bill]:
    """The bills of a file, each checked by itself and against the others. Raises LoadRefused for the whole file."""
    count, _, faults = scan(path, BILLS)
    if count > BILLS_PER_FILE_MAX:
        faults.add(0, f"it holds {count} bills, and a file at most {BILLS_PER_FILE_MAX}: share it out")
    if faults:
        raise LoadRefused(faults.in_words(path))
    rows = list(rows_of(path, BILLS, faults))
    _check_together(rows, house=house, today=today, faults=faults)
    if faults or len(rows) != count:
        raise LoadRefused(faults.in_words(path) if faults else f"{path.name} was changed while it was read.")
    return [Bill(row.line, row.values) for row in rows]


def _check_together(rows: list[Row], *, house: House, today: date, faults: Faults) -> None:
    invoices: dict[str, int] = {}
    for row in rows:
        if (earlier := invoices.setdefault(row.values["invoice"], row.line)) != row.line:
            faults.add(row.line, f"invoice stands in line {earlier} too")
        if row.values["last_day"] > today.isoformat():
            faults.add(row.line, "last_day has not come yet")
        if refusal := house.pool_refusal(row.values["pool"], row.values["insutype"]):
            faults.add(row.line, refusal)
