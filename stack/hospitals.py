"""Hospitals and pharmacies of the demo: who they are, and the messages they write.

Goal: every message as a HIS of the field writes it, with the national envelope and a msgid of institution,
China time and four digits. Method: institutions are read from the directory's data file; a `Desk` holds the
one thing that a message depends on beside the business, the counter of its msgids. Nothing here speaks to
anyone.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Final

from proto.settlement.v1 import envelope_pb2, settlement_pb2
from stack.errors import DemoDataWrong

INSTITUTIONS_FILE: Final = Path(__file__).resolve().parent.parent / "gateway" / "data" / "institutions.csv"
DIVISIONS_FILE: Final = INSTITUTIONS_FILE.with_name("divisions.csv")
CHINA: Final = timezone(timedelta(hours=8), "UTC+8")

OUTPATIENT: Final = "outpatient"
INPATIENT: Final = "inpatient"
PHARMACY: Final = "pharmacy"
SETTING_OF: Final[Mapping[str, str]] = {
    **dict.fromkeys(("11", "12", "13", "14", "51"), OUTPATIENT),
    **dict.fromkeys(("21", "22", "23", "24", "52"), INPATIENT),
    "41": PHARMACY,
}
"""By med_type, the family of transaction numbers that serves it."""

OPEN_VISIT: Final = {OUTPATIENT: "2201", INPATIENT: "2401"}
PRE_SETTLE: Final = {OUTPATIENT: "2206", INPATIENT: "2303", PHARMACY: "2101"}
SETTLE: Final = {OUTPATIENT: "2207", INPATIENT: "2304", PHARMACY: "2102"}
UPLOAD_FEES: Final = {OUTPATIENT: "2204", INPATIENT: "2301"}
CANCEL: Final = {OUTPATIENT: "2208", INPATIENT: "2305", PHARMACY: "2103"}


@dataclass(frozen=True, slots=True)
class Institution:
    """A designated institution as the directory's file describes it."""

    code: str
    name: str
    region: str
    care_pool: str
    """Its own division's pool, as text."""
    level: int
    network: str
    agreement: tuple[str, str]
    insutypes: frozenset[str]
    services: tuple[frozenset[str], frozenset[str], frozenset[str]]
    """med_types served: 本市, 省内异地, 跨省异地."""

    def serves(self, home_pool: str, insutype: str, med_type: str, today: str) -> bool:
        """Whether a person of that pool may settle that kind of care here today."""
        return (
            self.network == "open"
            and self.agreement[0] <= today <= self.agreement[1]
            and insutype in self.insutypes
            and med_type in self.services[route(home_pool, self.care_pool) - 1]
        )


def route(home_pool: str, care_pool: str) -> int:
    """1 本市, 2 省内异地, 3 跨省异地, by the first digits of two city pools, as HIS vendors do it."""
    if home_pool[:4] == care_pool[:4]:
        return 1
    return 2 if home_pool[:2] == care_pool[:2] else 3


def read_institutions(path: Path = INSTITUTIONS_FILE, divisions: Path = DIVISIONS_FILE) -> list[Institution]:
    """The directory's institutions. Raises DemoDataWrong where a file is missing or names an unknown
    division.
    """
    if not (path.is_file() and divisions.is_file()):
        raise DemoDataWrong(f"{path} or {divisions} is missing: the demo needs the directory's tables.")
    with divisions.open(encoding="utf-8", newline="") as file:
        pools = {row["division"]: row["pool"] for row in csv.DictReader(file)}
    with path.open(encoding="utf-8", newline="") as file:
        return [_institution(row, pools) for row in csv.DictReader(file)]


def _institution(row: dict[str, str], pools: Mapping[str, str]) -> Institution:
    # the code is a letter, the division, a serial number
    division = row["fixmedins_code"][1:7]
    if division not in pools:
        raise DemoDataWrong(f"{row['fixmedins_code']}: no division {division} in the directory.")
    return Institution(
        code=row["fixmedins_code"],
        name=row["name"],
        region=row["region"],
        care_pool=pools[division],
        level=int(row["hosp_lv"]),
        network=row["network"],
        agreement=(row["agreement_from"], row["agreement_to"] or "9999-12-31"),
        insutypes=frozenset(row["insutypes"].split()),
        services=(
            frozenset(row["local_services"].split()),
            frozenset(row["province_services"].split()),
            frozenset(row["national_services"].split()),
        ),
    )


def china_text(at: datetime) -> str:
    """A moment as the national interface writes it."""
    return at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")


@dataclass(slots=True)
class Desk:
    """The cashier's desk of one institution: numbers its messages and its visits."""

    institution: Institution
    _messages: int = 0
    _visits: int = 0
    _prefix: str = field(default="")

    def __post_init__(self) -> None:
        # an institution's visit numbers are its own for ever, also over a stack that is kept
        self._prefix = f"{datetime.now(CHINA):%y%m%d%H%M%S}"

    def visit_number(self) -> str:
        """A visit number that this institution has never used (住院/门诊号)."""
        self._visits += 1
        return f"{self._prefix}{self._visits:05}"

    def envelope(self, infno: str, home_pool: str) -> envelope_pb2.Envelope:
        """The envelope of a new message; `home_pool` may be empty where the division is not known yet."""
        now = datetime.now(CHINA)
        self._messages += 1
        return envelope_pb2.Envelope(
            infno=infno,
            msgid=f"{self.institution.code}{now:%Y%m%d%H%M%S}{self._messages % 10_000:04}",
            mdtrtarea_admvs=self.institution.care_pool,
            insuplc_admdvs=home_pool,
            recer_sys_code="DSGW",
            infver="V1.0",
            opter_type="1",
            opter="cashier01",
            opter_name="收费窗口",
            inf_time=china_text(now),
            fixmedins_code=self.institution.code,
            fixmedins_name=self.institution.name,
        )

    def cancel(
        self, paid: settlement_pb2.Outcome, *, home_pool: str, credential: envelope_pb2.Credential
    ) -> settlement_pb2.CancelRequest:
        """The business refund (2208, 2305, 2103) of a settlement that was paid."""
        setting = next(name for name, infno in SETTLE.items() if infno == paid.infno[:4])
        return settlement_pb2.CancelRequest(
            envelope=self.envelope(CANCEL[setting], home_pool),
            credential=credential,
            input=settlement_pb2.CancelInput(
                setl_id=paid.setl_id, mdtrt_id=paid.setlinfo.mdtrt_id, psn_no=paid.setlinfo.psn_no
            ),
        )

    def reverse(self, original: envelope_pb2.Envelope, psn_no: str) -> settlement_pb2.ReverseRequest:
        """2601: undo a message whose outcome is not known here, by its msgid and infno."""
        return settlement_pb2.ReverseRequest(
            envelope=self.envelope("2601", original.insuplc_admdvs),
            input=settlement_pb2.ReverseInput(psn_no=psn_no, omsgid=original.msgid, oinfno=original.infno),
        )

    def reverse_outcome(
        self, outcome: settlement_pb2.Outcome, *, home_pool: str, psn_no: str
    ) -> settlement_pb2.ReverseRequest:
        """2601 of a message whose outcome is known: by the msgid and infno that stand in the outcome."""
        original = envelope_pb2.Envelope(
            insuplc_admdvs=home_pool, msgid=outcome.medins_setl_id, infno=outcome.infno
        )
        return self.reverse(original, psn_no)

    def query(self, original: envelope_pb2.Envelope) -> settlement_pb2.GetSettlementRequest:
        """5203: what became of a message."""
        return settlement_pb2.GetSettlementRequest(
            envelope=self.envelope("5203", original.insuplc_admdvs),
            input=settlement_pb2.GetSettlementInput(omsgid=original.msgid, oinfno=original.infno),
        )
