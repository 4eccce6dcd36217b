"""The shape of messages: what must be there, how long, which codes. Everything wrong is collected and named.

Pure. Lengths and code lists are those of the national interface (定点医药机构接口规范); which fields this gateway insists
on is an assumption: those that decide something. The others are checked where they are given.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache
from operator import attrgetter
from typing import Final

from gateway.feelines import PRODUCT_PER_FEN, NettedLine, line_violations
from gateway.refusals import Violation
from proto.settlement.v1 import settlement_pb2 as pb
from proto.settlement.v1.envelope_pb2 import Credential, Envelope
from runtime.certno import is_certno
from runtime.keys import transaction_code

MSGID_CHARACTERS_MAX: Final = 30
AMOUNT_FEN_MAX: Final = 100_000_000_000
"""A billion yuan: no bill is as large (assumption)."""
LINES_MAX: Final = 200
INF_TIME_OFF_DAYS_MAX: Final = 1
CARE_AGE_DAYS_MAX: Final = 730
"""Older fees are a matter of manual reimbursement (assumption)."""

CREDENTIAL_CHARACTERS_MAX: Final = 500
"""A number has 50 at most by the national interface; a token of the e-voucher may be longer (assumption)."""
EVOUCHER: Final = "01"
"""mdtrt_cert_type of the e-voucher, whose certificate number is a token that expires."""

IDENTITY_NUMBER: Final = "02"
"""mdtrt_cert_type of an identity number."""
IDENTITY_CARD: Final = "01"
"""psn_cert_type of a citizen's identity card."""
INSUTYPES: Final = frozenset({"310", "390", "510"})
_TEXTS: Final = (
    ("mdtrt_id", 30), ("chrg_bchno", 30), ("invono", 20), ("ipt_otp_no", 30), ("psn_setlway", 6), ("dise_codg", 30),
    ("matn_type", 6),
)  # fmt: skip
"""Texts of a settlement that decide nothing by themselves, with their most characters."""
_READ_TEXTS: Final = attrgetter(*(field for field, _ in _TEXTS))
_FLAGS: Final = ("acct_used_flag", "er_flag", "trum_flag", "rel_ttp_flag")
_FLAG_VALUES: Final = frozenset({"", "0", "1"})
_READ_FLAGS: Final = attrgetter(*_FLAGS)

OUTPATIENT: Final = frozenset({"11", "12", "13", "14", "51"})
INPATIENT: Final = frozenset({"21", "22", "23", "24", "52"})
PHARMACY: Final = frozenset({"41"})
MED_TYPES_OF: Final = {
    "2201": OUTPATIENT, "2206": OUTPATIENT, "2207": OUTPATIENT,
    "2401": INPATIENT, "2303": INPATIENT, "2304": INPATIENT,
    "2101": PHARMACY, "2102": PHARMACY,
}  # fmt: skip


@lru_cache(maxsize=4_096)
def day_of(text: str) -> date | None:
    """The date of `yyyy-MM-dd` with or without a time of day behind it; None where it is none."""
    if text[4:5] != "-" or text[7:8] != "-":  # fromisoformat takes weeks too, 2026-W10-1
        return None
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


@lru_cache(maxsize=4_096)
def is_time(text: str) -> bool:
    """Whether a text is `yyyy-MM-dd HH:mm:ss` or `yyyy-MM-dd`."""
    if day_of(text) is None:
        return False
    if len(text) == 10:
        return True
    clock = text[11:].split(":")
    return (
        len(text) == 19
        and text[10] in " T"
        and len(clock) == 3
        and all(len(part) == 2 and part.isascii() and part.isdigit() for part in clock)
        and int(clock[0]) < 24
        and int(clock[1]) < 60
        and int(clock[2]) < 60
    )


@lru_cache(maxsize=4_096)
def is_division(text: str) -> bool:
    """Six digits."""
    return len(text) == 6 and text.isascii() and text.isdigit()


@lru_cache(maxsize=4_096)
def sent_time_fault(text: str, today: date) -> str:
    """What is wrong with a time of sending; empty where nothing is."""
    sent = day_of(text) if is_time(text) else None
    if sent is None:
        return "must be yyyy-MM-dd HH:mm:ss"
    if abs((sent - today).days) > INF_TIME_OFF_DAYS_MAX:
        return "is more than a day off; set the sender's clock"
    return ""


def envelope_violations(
    envelope: Envelope, *, infnos: frozenset[str], today: date, division_needed: bool = True
) -> list[Violation]:
    """What is wrong with the national envelope."""
    found = []
    if transaction_code(envelope.infno) not in infnos or len(envelope.infno) > 5:
        wanted = ", ".join(sorted(infnos))
        found.append(Violation("envelope.infno", f"is {envelope.infno!r}; this call takes {wanted}"))
    msgid = envelope.msgid
    if not msgid or len(msgid) > MSGID_CHARACTERS_MAX or not (msgid.isascii() and msgid.isprintable()):
        found.append(Violation("envelope.msgid", "must be 1 to 30 printable ASCII characters"))
    if len(envelope.fixmedins_code) != 12 or not envelope.fixmedins_code.isascii():
        found.append(Violation("envelope.fixmedins_code", "must be the institution's 12 characters"))
    division = envelope.insuplc_admdvs
    if (division or division_needed) and not is_division(division):
        found.append(Violation("envelope.insuplc_admdvs", "must be the six digits of the insured division"))
    if envelope.mdtrtarea_admvs and not is_division(envelope.mdtrtarea_admvs):
        found.append(Violation("envelope.mdtrtarea_admvs", "must be the six digits of the care division"))
    if envelope.opter_type and envelope.opter_type not in ("1", "2", "3"):
        found.append(Violation("envelope.opter_type", "must be 1, 2 or 3"))
    if envelope.inf_time and (fault := sent_time_fault(envelope.inf_time, today)):
        found.append(Violation("envelope.inf_time", fault))
    return found


def named(field: str, value: str, *, characters_max: int, needed: bool = True) -> list[Violation]:
    """A text field of bounded length."""
    if not value:
        return [Violation(field, "is missing")] if needed else []
    if len(value) > characters_max or not value.isprintable():
        return [Violation(field, f"must be at most {characters_max} printable characters")]
    return []


def identity_violations(credential: Credential) -> list[Violation]:
    """An identity number has its check digit; what it is stays unsaid, for it is personal data."""
    fault = (
        "is no identity number: 18 characters, a birthday that exists, the right check digit (X as a capital)"
    )
    return [
        Violation(f"credential.{field}", fault)
        for field, text, is_identity in (
            ("mdtrt_cert_no", credential.mdtrt_cert_no, credential.mdtrt_cert_type == IDENTITY_NUMBER),
            ("certno", credential.certno, credential.psn_cert_type == IDENTITY_CARD),
        )
        if is_identity and text and not is_certno(text)
    ]


def flag_violations(field: str, value: str) -> list[Violation]:
    """A flag is 0, 1 or left out."""
    return [] if value in _FLAG_VALUES else [Violation(field, "must be 0 or 1")]


def disease_violations(dise_codg: str, matn_type: str) -> list[Violation]:
    """Codes that the home pool's policy reads; the gateway only stores them, and a text column holds no NUL."""
    if not dise_codg and not matn_type:
        return []
    found = named("input.dise_codg", dise_codg, characters_max=30, needed=False)
    return found + named("input.matn_type", matn_type, characters_max=6, needed=False)


def relative_violations(given: pb.SettleInput) -> list[Violation]:
    """The one relative whose account is to pay is another person, and accounts are to pay at all."""
    field, relative = "input.acct_mulaid_psn_no", given.acct_mulaid_psn_no
    found = named(field, relative, characters_max=30)
    if relative == given.psn_no:
        found.append(Violation(field, "is the person himself; leave it out"))
    if given.acct_used_flag != "1":
        found.append(Violation(field, "names an account, but input.acct_used_flag is not 1"))
    return found


def code_violations(infno: str, med_type: str, insutype: str) -> list[Violation]:
    """med_type fits the transaction, insutype is one of ours; either may be left out where the visit says it."""
    found = []
    if med_type and med_type not in MED_TYPES_OF[infno]:
        wanted = ", ".join(sorted(MED_TYPES_OF[infno]))
        found.append(Violation("input.med_type", f"is {med_type!r}; transaction {infno} takes {wanted}"))
    if insutype and insutype not in INSUTYPES:
        found.append(Violation("input.insutype", f"is {insutype!r}; settled here are 310, 390, 510"))
    return found


@lru_cache(maxsize=4_096)
def care_time_fault(text: str, today: date) -> str:
    """What is wrong with a time of treatment: no time, in the future, of long ago; empty where nothing is."""
    day = day_of(text) if is_time(text) else None
    if day is None:
        return "must be yyyy-MM-dd HH:mm:ss"
    if day > today:
        return "lies in the future"
    if day < today - timedelta(days=CARE_AGE_DAYS_MAX):
        return "is too long ago for direct settlement; it is reimbursed by hand"
    return ""


def care_day_violations(field: str, text: str, today: date) -> list[Violation]:
    """A day of treatment: a date, not in the future, not of long ago."""
    fault = care_time_fault(text, today)
    return [Violation(field, fault)] if fault else []


def settle_violations(
    infno: str, given: pb.SettleInput, lines: Sequence[NettedLine], today: date
) -> list[Violation]:
    """What is wrong with a settlement by itself, without visit, directory and catalogue."""
    found = named("input.psn_no", given.psn_no, characters_max=30)
    if infno not in ("2102", "2101") and not given.mdtrt_id:
        found += named("input.mdtrt_id", "", characters_max=30)
    for (field, most), value in zip(_TEXTS, _READ_TEXTS(given), strict=True):
        if len(value) > most or not value.isprintable():
            found += named(f"input.{field}", value, characters_max=most)
    if given.acct_mulaid_psn_no:
        found += relative_violations(given)
    found += code_violations(infno, given.med_type, given.insutype)
    if given.mid_setl_flag == "1" and not (infno in ("2303", "2304") and given.begntime and given.endtime):
        found.append(
            Violation("input.mid_setl_flag", "an interim settlement is of a stay and names its days")
        )
    for field, value in zip(_FLAGS, _READ_FLAGS(given), strict=True):
        if value not in _FLAG_VALUES:
            found += flag_violations(f"input.{field}", value)
    for field, text in (
        ("begntime", given.begntime), ("endtime", given.endtime), ("fee_ocur_time", given.fee_ocur_time)
    ):  # fmt: skip
        if text:
            found += care_day_violations(f"input.{field}", text, today)
    if given.begntime and given.endtime and given.endtime[:10] < given.begntime[:10]:
        found.append(Violation("input.endtime", "lies before input.begntime"))
    found += lines_violations(lines, today)
    found += sum_violations(given.medfee_sumamt, lines if lines else None)
    return found


def sum_violations(total_fen: int, lines: Sequence[NettedLine] | None) -> list[Violation]:
    """The bill is what its lines come to; None: they were uploaded before, and admission compares."""
    if not 0 <= total_fen <= AMOUNT_FEN_MAX:
        return [Violation("input.medfee_sumamt", "must be between 0 and a billion yuan, in fen")]
    if lines is None:
        return []
    lines_fen = sum([line.det_item_fee_sumamt for line in lines])
    if lines_fen != total_fen:
        fault = f"is {total_fen} fen, the lines come to {lines_fen}: send all of them"
        return [Violation("input.medfee_sumamt", fault)]
    return []


def lines_violations(lines: Sequence[NettedLine], today: date) -> list[Violation]:
    """What is wrong with the fee lines of a settlement: count, names, arithmetic, signs, returns."""
    if len(lines) > LINES_MAX:
        return [
            Violation("input.feedetl", f"has {len(lines)} lines; a settlement carries at most {LINES_MAX}")
        ]
    if found := each_line_violations(lines, today):
        return found
    return [
        Violation(f"input.feedetl[{wrong.place}].{wrong.field}", f"{wrong.code}: {wrong.message}")
        for wrong in line_violations(lines)
    ]


def each_line_violations(
    lines: Sequence[NettedLine], today: date, *, first_place: int = 0
) -> list[Violation]:
    """What is wrong with each line by itself: names, arithmetic, time. The first is at that place of the message."""
    found = []
    fine = ""  # the time of the line before: most have the same
    for place, line in enumerate(lines, first_place):
        sn, code, amount, cnt, pric, time, _ = line
        if not 0 < len(sn) <= 30:
            bad = ("feedetl_sn", "must be 1 to 30 characters")
        elif not 0 < len(code) <= 50:
            bad = ("med_list_codg", "must be the national item code")
        elif not -AMOUNT_FEN_MAX <= amount <= AMOUNT_FEN_MAX:
            bad = ("det_item_fee_sumamt", "is absurd")
        elif not -PRODUCT_PER_FEN <= cnt * pric - amount * PRODUCT_PER_FEN <= PRODUCT_PER_FEN:
            bad = ("det_item_fee_sumamt", "differs from cnt × pric by more than a fen")
        elif (not fine or time != fine) and (wrong := care_time_fault(time, today)):
            bad = ("fee_ocur_time", wrong)
        else:
            fine = time
            continue
        found.append(Violation(f"input.feedetl[{place}].{bad[0]}", bad[1]))
    return found
