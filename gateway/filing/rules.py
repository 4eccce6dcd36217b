"""Admission of filings: 2501, 2503, 2505 file, 2502, 2504, 2506 withdraw. Pure.

A filing belongs to the home pool, whose node keeps it and answers for its id for ever; so the node is asked first, and
what it answered is then claimed here like any answer of our own. Which codes and fields a filing needs is the national
interface's; what of it this gateway insists on is an assumption: what decides where, for what and since when it holds.
"""

from datetime import date, timedelta
from typing import Final

from gateway.calls import Call, NeedsNode
from gateway.care_book import FILE, WITHDRAW, Sought
from gateway.checks import CARE_AGE_DAYS_MAX, code_violations, day_of, flag_violations, is_division, named
from gateway.directory import Directory
from gateway.entrance import (
    Admitted,
    House,
    Parties,
    Verdict,
    View,
    agreement_refusal,
    parties_of,
    request_row,
    silence_refusal,
)
from gateway.refusals import Refused, Violation, invalid
from proto.settlement.v1 import filing_pb2 as fpb
from proto.settlement.v1 import messages_pb2 as mpb
from runtime.errors import IdMalformed
from runtime.keys import partition_of, setl_id_bytes

KINDS: Final = frozenset({FILE, WITHDRAW})

REFERRAL: Final = "referral"
OFF_SITE: Final = ("long_term", REFERRAL, "emergency", "other")
CHRONIC: Final = "chronic"
DESIGNATED: Final = "designated"
KINDS_OF_INFNO: Final = {
    "2501": OFF_SITE, "2502": OFF_SITE, "5304": OFF_SITE,
    "2503": (CHRONIC,), "2504": (CHRONIC,), "5301": (CHRONIC,),
    "2505": (DESIGNATED,), "2506": (DESIGNATED,), "5302": (DESIGNATED,),
}  # fmt: skip
"""infno → the kinds of filing that it speaks of."""

CHRONIC_DISEASES: Final = {
    "M00201": "慢性乙型肝炎", "M00503": "恶性肿瘤门诊治疗", "M01600": "糖尿病", "M03900": "高血压",
    "M04600": "冠心病", "M05300": "慢性阻塞性肺疾病", "M06900": "类风湿关节炎", "M07200": "强直性脊柱炎",
    "M07803": "血液透析", "M07804": "腹膜透析", "M08300": "器官移植抗排异治疗",
}  # fmt: skip
"""Chronic diseases that are settled across provinces (医保办发〔2024〕19号 and before), by the national codes."""

AHEAD_DAYS_MAX: Final = 366
"""A filing begins within a year at most (assumption)."""

_ONLY_WITH: Final = {
    "fil_type": "2501",
    "mdtrtarea_admdvs": "2501",
    "opsp_dise_code": "2503",
    "fixmedins_code": "2505",
}
_LENGTHS: Final = {
    "refl_rea": 500, "refl_opnn": 500, "diag_code": 30, "ide_fixmedins_no": 12, "fix_srt_no": 30,
    "biz_appy_type": 6, "reflin_medins_no": 12, "refl_type": 1,
}  # fmt: skip


def sought(call: Call) -> Sought:
    """A filing speaks of no other message and of no visit."""
    return Sought((call.id,))


def admit(call: Call, *, house: House, view: View) -> Verdict:
    """Refuse it, let the home node be asked, or claim it with what the node answered."""
    parties = parties_of(call, house, view.today)
    if isinstance(parties, Refused):
        return parties
    question = _filed(call, parties, house, view) if call.kind == FILE else _withdrawn(call, parties)
    if isinstance(question, Refused):
        return question
    node = house.directory.nodes[parties.home.node]
    partition = partition_of(question.psn_no, node.partitions)
    if call.node_answer is None:
        return silence_refusal(node.number, partition, view) or NeedsNode(
            node.number, partition, mpb.Ask(filing=question)
        )
    row = request_row(
        call, house=house, view=view, node=node.number, partition=partition, psn_no=question.psn_no,
        own_answer=call.node_answer,
    )  # fmt: skip
    return Admitted((row,))


def _question(call: Call, parties: Parties, psn_no: str) -> mpb.FilingAsk:
    return mpb.FilingAsk(
        id=call.id, digest=call.digest, infno=call.infno, msgid=call.envelope.msgid,
        filed_by=parties.institution.code, psn_no=psn_no, home_pool=parties.home.code,
    )  # fmt: skip


def _withdrawn(call: Call, parties: Parties) -> mpb.FilingAsk | Refused:
    given: fpb.WithdrawInput = call.request.input  # type: ignore[assignment]
    bad = named("input.psn_no", given.psn_no, characters_max=30)
    bad += named("input.memo", given.memo, characters_max=500, needed=False)
    question = _question(call, parties, given.psn_no)
    try:
        question.withdraws = setl_id_bytes(given.trt_dcla_detl_sn)
    except IdMalformed:
        bad.append(
            Violation("input.trt_dcla_detl_sn", "is missing, or not the 26 characters that were given out")
        )
    return invalid(*bad) if bad else question


def _filed(call: Call, parties: Parties, house: House, view: View) -> mpb.FilingAsk | Refused:
    given: fpb.FilingInput = call.request.input  # type: ignore[assignment]
    bad = named("input.psn_no", given.psn_no, characters_max=30)
    bad += named("input.insutype", given.insutype, characters_max=6)
    bad += code_violations(call.infno, "", given.insutype) if not bad else []
    bad += _texts_violations(given) + _days_violations(given, view.today)
    bad += [
        Violation(f"input.{field}", f"belongs to transaction {infno}")
        for field, infno in _ONLY_WITH.items()
        if infno != call.infno and getattr(given, field)
    ]
    care = ""
    if call.infno == "2503":
        kind = CHRONIC
        bad += _chronic_violations(given, view.today)
    elif call.infno == "2505":
        kind = DESIGNATED
        bad += _designated_violations(given, house.directory)
    else:
        kind = given.fil_type or REFERRAL
        care = care_prefix(given.mdtrtarea_admdvs, house.directory)
        bad += _off_site_violations(kind, care, given, parties, house.directory, view.today)
    if bad:
        return invalid(*bad)
    if refused := agreement_refusal(parties.institution, view.today):
        return refused
    question = _question(call, parties, given.psn_no)
    question.kind, question.insutype, question.care = kind, given.insutype, care
    question.disease, question.institution = given.opsp_dise_code, given.fixmedins_code
    question.begin_date, question.end_date = given.begndate or view.today.isoformat(), given.enddate
    return question


def care_prefix(division: str, directory: Directory) -> str:
    """The divisions that off-site care at a place may be sought in, as their common prefix; empty for no place.

    A filing holds for a whole city or municipality, whichever county was named, or for a province (XX0000).
    """
    if not is_division(division):
        return ""
    if division.endswith("0000"):
        province = int(division[:2])
        return division[:2] if any(one.province == province for one in directory.pools.values()) else ""
    pool = directory.pool(division)
    if pool is None:
        return ""
    code = str(pool.code)
    if code.endswith("0000"):
        return code[:2]
    return code[:4] if code.endswith("00") else code


def _texts_violations(given: fpb.FilingInput) -> list[Violation]:
    bad = []
    for field, characters_max in _LENGTHS.items():
        bad += named(f"input.{field}", getattr(given, field), characters_max=characters_max, needed=False)
    return bad + flag_violations("input.hosp_agre_refl_flag", given.hosp_agre_refl_flag)


def _day(field: str, text: str) -> tuple[date | None, list[Violation]]:
    """A day; a left-out one is None."""
    if not text:
        return None, []
    day = day_of(text) if len(text) == 10 else None
    return day, [] if day else [Violation(f"input.{field}", "must be yyyy-MM-dd")]


def _past_day_violations(field: str, text: str, today: date) -> list[Violation]:
    day, bad = _day(field, text)
    if day is not None and day > today:
        bad.append(Violation(f"input.{field}", "lies in the future"))
    return bad


def _days_violations(given: fpb.FilingInput, today: date) -> list[Violation]:
    begin, bad = _day("begndate", given.begndate)
    end, of_end = _day("enddate", given.enddate)
    bad += of_end
    begin = begin or today
    if begin > today + timedelta(days=AHEAD_DAYS_MAX):
        bad.append(Violation("input.begndate", "lies more than a year ahead"))
    if begin < today - timedelta(days=CARE_AGE_DAYS_MAX):
        bad.append(Violation("input.begndate", "is too long ago"))
    if end is not None and end < begin:
        bad.append(Violation("input.enddate", "lies before the filing begins"))
    return bad


def _chronic_violations(given: fpb.FilingInput, today: date) -> list[Violation]:
    bad = _past_day_violations("hosp_ide_date", given.hosp_ide_date, today)
    if given.opsp_dise_code not in CHRONIC_DISEASES:
        fault = "is no chronic disease that is settled here; 1901 lists them (dictionary opsp_dise_code)"
        bad.append(Violation("input.opsp_dise_code", fault))
    return bad


def _designated_violations(given: fpb.FilingInput, directory: Directory) -> list[Violation]:
    if directory.institution(given.fixmedins_code) is None:
        return [Violation("input.fixmedins_code", "is no institution of the directory")]
    return []


def _off_site_violations(
    kind: str, care: str, given: fpb.FilingInput, parties: Parties, directory: Directory, today: date
) -> list[Violation]:
    if kind not in OFF_SITE:
        return [Violation("input.fil_type", f"must be one of {', '.join(OFF_SITE)}")]
    bad = []
    if not care:
        fault = "is missing or no place known here: a division, or a province as XX0000"
        bad.append(Violation("input.mdtrtarea_admdvs", fault))
    if kind == REFERRAL:
        bad += _referral_violations(care, given, parties, directory, today)
    return bad


def _referral_violations(
    care: str, given: fpb.FilingInput, parties: Parties, directory: Directory, today: date
) -> list[Violation]:
    """2501 of a referral is sent by the hospital that refers: whereto, since when, and that it agrees."""
    bad = _past_day_violations("refl_date", given.refl_date, today)
    bad += named("input.refl_date", given.refl_date, characters_max=10)
    bad += named("input.reflin_medins_no", given.reflin_medins_no, characters_max=12)
    if parties.institution.pharmacy:
        bad.append(Violation("input.fil_type", "a pharmacy refers nobody"))
    if given.hosp_agre_refl_flag == "0":
        bad.append(
            Violation("input.hosp_agre_refl_flag", "is 0: the hospital does not agree to this referral")
        )
    if given.refl_type not in ("1", "2", "3"):
        bad.append(Violation("input.refl_type", "must be 1 (in the city), 2 (in the province) or 3 (beyond)"))
    elif care and given.refl_type != _refl_type(care, given.mdtrtarea_admdvs, parties, directory):
        bad.append(Violation("input.refl_type", "does not fit insured division and input.mdtrtarea_admdvs"))
    referred_to = directory.institution(given.reflin_medins_no)
    if referred_to is not None and care and not str(referred_to.pool).startswith(care):
        bad.append(Violation("input.reflin_medins_no", "does not lie in input.mdtrtarea_admdvs"))
    return bad


def _refl_type(care: str, division: str, parties: Parties, directory: Directory) -> str:
    """1 within the home pool's city, 2 within its province, 3 beyond."""
    pool = directory.pool(division)
    if len(care) > 2 and pool is not None:
        return str(directory.route(parties.home.code, pool.code))
    if pool is not None and pool.city == parties.home.city:
        return "1"
    return "2" if int(care[:2]) == parties.home.province else "3"
