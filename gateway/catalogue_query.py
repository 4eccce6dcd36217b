"""GetInstitution (1201), GetCatalogue (1301 to 1319, 1901): answered from the directory and the catalogues in memory.

Catalogues are those of the caller's own care pool, by which its lines are split; pages go by med_list_codg. Dictionaries
list the codes that this gateway takes, from the very sets that messages are checked against.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from gateway.catalogue import CLASS_A, CLASS_B, CLASS_C, CLASSES, LEVELS, Catalogue, Item
from gateway.checks import INPATIENT, INSUTYPES, OUTPATIENT, PHARMACY, day_of, envelope_violations, named
from gateway.directory import Institution
from gateway.entrance import House, caller_of
from gateway.filing.rules import CHRONIC_DISEASES
from gateway.queries import PAGE_MAX, page_size_of
from gateway.refusals import Refused, Violation, invalid, refuse
from gateway.settling import CLR_TYPE_INPATIENT, CLR_TYPE_OUTPATIENT, CLR_TYPE_PHARMACY
from gateway.traceability import institution_kind
from proto.settlement.v1 import settlement_pb2 as pb
from runtime.clock import Clock, china_date
from runtime.keys import transaction_code

INSTITUTION_INFNOS: Final = frozenset({"1201"})
DICTIONARY_INFNO: Final = "1901"
ALL_KINDS: Final = frozenset({"drug", "service", "consumable"})

KINDS_OF: Final[Mapping[str, frozenset[str]]] = {
    "1301": frozenset({"drug"}),  # western and patent medicines
    "1302": frozenset({"drug"}),  # decoction pieces
    "1303": frozenset({"drug"}),  # the institutions' own preparations
    "1304": frozenset({"drug"}),  # medicines of the nationalities
    "1305": frozenset({"service"}),
    "1306": frozenset({"consumable"}),
    "1312": ALL_KINDS,  # the medical-insurance catalogue
    "1316": ALL_KINDS,  # which national item is which of the insurance's: one code here
    "1317": ALL_KINDS,  # and which the institution's
    "1318": ALL_KINDS,  # price limits
    "1319": ALL_KINDS,  # first-pay ratios
}
"""infno → list types. A drug's kind of medicine is in its code: X western, Z patent, T pieces."""

DRUG_LETTERS_OF: Final[Mapping[str, str]] = {"1301": "XZ", "1302": "T"}
"""First letters of the national drug codes (医保药品编码): X 西药, Z 中成药, T 中药饮片."""

NOT_HELD: Final = frozenset({"1307", "1308", "1309", "1310", "1311", "1313", "1314", "1315"})
"""Diseases, operations, morphology: no amount here depends on them, so the gateway holds none of them."""

CATALOGUE_INFNOS: Final = frozenset({*KINDS_OF, *NOT_HELD, DICTIONARY_INFNO})

_MED_TYPE_LABELS: Final = {
    "11": "普通门诊", "12": "门诊挂号", "13": "急诊", "14": "门诊慢特病", "21": "普通住院", "22": "外伤住院",
    "23": "转外诊治住院", "24": "急诊转住院", "41": "定点药店购药", "51": "生育门诊", "52": "生育住院",
}  # fmt: skip
_INSUTYPE_LABELS: Final = {"310": "职工基本医疗保险", "390": "城乡居民基本医疗保险", "510": "生育保险"}
_CLASS_LABELS: Final = {CLASS_A: "甲类", CLASS_B: "乙类", CLASS_C: "丙类（自费）"}


def _labelled(codes: Iterable[str], labels: Mapping[str, str]) -> dict[str, str]:
    """Codes in their order; a KeyError at import where one has no label."""
    return {code: labels[code] for code in sorted(codes)}


DICTIONARIES: Final[Mapping[str, Mapping[str, str]]] = {
    "med_type": _labelled(OUTPATIENT | INPATIENT | PHARMACY, _MED_TYPE_LABELS),
    "insutype": _labelled(INSUTYPES, _INSUTYPE_LABELS),
    "chrgitm_lv": _labelled(CLASSES, _CLASS_LABELS),
    "clr_type": {CLR_TYPE_OUTPATIENT: "门诊", CLR_TYPE_INPATIENT: "住院", CLR_TYPE_PHARMACY: "药店购药"},
    "mdtrt_cert_type": {"01": "医保电子凭证", "02": "居民身份证", "03": "社会保障卡", "99": "其他"},
    "psn_insu_stas": {"1": "正常参保", "2": "暂停参保", "4": "终止参保"},
    "opsp_dise_code": CHRONIC_DISEASES,
    "filing": {
        "emergency": "急诊抢救", "local": "本地，无须备案", "long_term": "长期异地居住", "other": "其他临时外出就医",
        "referral": "异地转诊", "unfiled": "未备案",
    },
}  # fmt: skip
"""Name of a dictionary → code → label, codes in their order."""


class CatalogueQuery:
    """Reads of what a slot holds in memory."""

    def __init__(self, *, house: House, clock: Clock) -> None:
        self._house = house
        self._clock = clock
        self._codes = {pool: sorted(catalogue.items) for pool, catalogue in house.catalogues.items()}

    async def get_institution(self, request: pb.GetInstitutionRequest) -> pb.GetInstitutionResponse | Refused:
        """Any institution of the directory; the caller where none is named."""
        today = china_date(self._clock.now_ms())
        bad = envelope_violations(
            request.envelope, infnos=INSTITUTION_INFNOS, today=today, division_needed=False
        )
        bad += named("fixmedins_code", request.fixmedins_code, characters_max=12, needed=False)
        if bad:
            return invalid(*bad)
        caller = caller_of(request.envelope, self._house)
        if isinstance(caller, Refused) or not request.fixmedins_code:
            return caller if isinstance(caller, Refused) else institution_message(caller)
        asked = self._house.directory.institution(request.fixmedins_code)
        if asked is None:
            return refuse("UNKNOWN_INSTITUTION", f"no institution {request.fixmedins_code} is known")
        return institution_message(asked)

    async def get_catalogue(self, request: pb.GetCatalogueRequest) -> pb.GetCatalogueResponse | Refused:
        """A page of the catalogue of the caller's care pool, or of a dictionary."""
        if bad := self._violations(request):
            return invalid(*bad)
        caller = caller_of(request.envelope, self._house)
        if isinstance(caller, Refused):
            return caller
        infno = transaction_code(request.envelope.infno)
        if infno == DICTIONARY_INFNO:
            return _dictionary_page(request)
        if infno in NOT_HELD:
            return refuse("NO_CATALOGUE", f"the catalogue of {infno} decides no amount and is not held here")
        catalogue = self._house.catalogues.get(caller.pool)
        if catalogue is None:
            return refuse("NO_CATALOGUE", f"care pool {caller.pool} has no catalogue here")
        return _catalogue_page(
            request, infno, catalogue, self._codes[caller.pool],
            institution=institution_kind(pharmacy=caller.pharmacy), today=china_date(self._clock.now_ms()),
        )  # fmt: skip

    def _violations(self, request: pb.GetCatalogueRequest) -> list[Violation]:
        today = china_date(self._clock.now_ms())
        bad = envelope_violations(
            request.envelope, infnos=CATALOGUE_INFNOS, today=today, division_needed=False
        )
        if transaction_code(request.envelope.infno) == DICTIONARY_INFNO:
            if request.dictionary not in DICTIONARIES:
                bad.append(Violation("dictionary", f"must be one of {', '.join(sorted(DICTIONARIES))}"))
        elif request.dictionary:
            bad.append(Violation("dictionary", "is for transaction 1901"))
        if request.updt_time and day_of(request.updt_time) is None:
            bad.append(Violation("updt_time", "must be yyyy-MM-dd"))
        bad += named("page_after", request.page_after, characters_max=50, needed=False)
        if not 0 <= request.page_size <= PAGE_MAX:
            bad.append(Violation("page_size", f"must be 0 to {PAGE_MAX}"))
        return bad


def institution_message(found: Institution) -> pb.GetInstitutionResponse:
    """An institution in the words of 1201."""
    return pb.GetInstitutionResponse(
        fixmedins_code=found.code,
        fixmedins_name=found.name,
        fixmedins_type="2" if found.pharmacy else "1",
        hosp_lv=str(found.hosp_lv),
        lmtpric_hosp_lv=str(found.lmtpric_hosp_lv),
        dedc_hosp_lv=str(found.dedc_hosp_lv),
        fixmedins_poolarea=str(found.pool),
        agreement_from=found.agreement_from.isoformat(),
        agreement_to=found.agreement_to.isoformat() if found.agreement_to else "",
        network=found.network,
        services=[
            pb.OpenedService(route=str(route), med_type=sorted(med_types))
            for route, med_types in sorted(found.services.items())
        ],
    )


def _catalogue_page(
    request: pb.GetCatalogueRequest,
    infno: str,
    catalogue: Catalogue,
    codes: list[str],
    *,
    institution: str,
    today: date,
) -> pb.GetCatalogueResponse:
    kinds, letters = KINDS_OF[infno], DRUG_LETTERS_OF.get(infno, "")
    since, size = request.updt_time[:10], page_size_of(request.page_size)
    response = pb.GetCatalogueResponse()
    for place in range(bisect_right(codes, request.page_after), len(codes)):
        code = codes[place]
        item = catalogue.items[code]
        if item.kind not in kinds or item.first < since or (letters and code[0] not in letters):
            continue
        if len(response.items) == size:
            response.next_page = response.items[-1].med_list_codg
            break
        traced = catalogue.traces.need(code, item.key[0], today.isoformat(), institution)
        response.items.append(item_message(code, item, traced=traced))
    return response


def item_message(code: str, item: Item, *, traced: bool) -> pb.CatalogueItem:
    """The latest version of an item; `traced`: its lines need a traceability code."""
    chrgitm_lv, first_pay_bp = item.key
    last = item.last.removesuffix("~")
    return pb.CatalogueItem(
        med_list_codg=code,
        reg_name=item.name,
        list_type=item.kind,
        chrgitm_lv=chrgitm_lv,
        selfpay_prop=first_pay_bp,
        pric_uplmt_amt=[item.limits[level] for level in LEVELS],
        begndate=item.first,
        enddate="" if last == "9999-12-31" else last,
        drug_trac_flag="1" if traced else "0",
    )


def _dictionary_page(request: pb.GetCatalogueRequest) -> pb.GetCatalogueResponse:
    size = page_size_of(request.page_size)
    left = [
        (value, label)
        for value, label in DICTIONARIES[request.dictionary].items()
        if value > request.page_after
    ]
    response = pb.GetCatalogueResponse(
        entries=[
            pb.DictionaryEntry(type=request.dictionary, label=label, value=value)
            for value, label in left[:size]
        ]
    )
    if len(left) > size:
        response.next_page = left[size - 1][0]
    return response
