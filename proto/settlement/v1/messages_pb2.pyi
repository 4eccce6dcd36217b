from proto.settlement.v1 import settlement_pb2 as _settlement_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    KIND_UNSPECIFIED: _ClassVar[Kind]
    KIND_SETTLE: _ClassVar[Kind]
    KIND_CANCEL: _ClassVar[Kind]
    KIND_REVERSE: _ClassVar[Kind]
    KIND_REVIVE: _ClassVar[Kind]
    KIND_TOMBSTONE: _ClassVar[Kind]
KIND_UNSPECIFIED: Kind
KIND_SETTLE: Kind
KIND_CANCEL: Kind
KIND_REVERSE: Kind
KIND_REVIVE: Kind
KIND_TOMBSTONE: Kind

class RequestRecord(_message.Message):
    __slots__ = ("region", "slot", "partition", "sender_clock_ms", "items", "asks", "probe")
    REGION_FIELD_NUMBER: _ClassVar[int]
    SLOT_FIELD_NUMBER: _ClassVar[int]
    PARTITION_FIELD_NUMBER: _ClassVar[int]
    SENDER_CLOCK_MS_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    ASKS_FIELD_NUMBER: _ClassVar[int]
    PROBE_FIELD_NUMBER: _ClassVar[int]
    region: str
    slot: int
    partition: int
    sender_clock_ms: int
    items: _containers.RepeatedScalarFieldContainer[bytes]
    asks: _containers.RepeatedCompositeFieldContainer[Ask]
    probe: int
    def __init__(self, region: _Optional[str] = ..., slot: _Optional[int] = ..., partition: _Optional[int] = ..., sender_clock_ms: _Optional[int] = ..., items: _Optional[_Iterable[bytes]] = ..., asks: _Optional[_Iterable[_Union[Ask, _Mapping]]] = ..., probe: _Optional[int] = ...) -> None: ...

class Item(_message.Message):
    __slots__ = ("id", "digest", "kind", "infno", "msgid", "fixmedins_code", "region", "psn_no", "home_pool", "care_pool", "visit", "bill", "target", "deadline_ms", "mdtrt_id", "facts")
    ID_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    INFNO_FIELD_NUMBER: _ClassVar[int]
    MSGID_FIELD_NUMBER: _ClassVar[int]
    FIXMEDINS_CODE_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    PSN_NO_FIELD_NUMBER: _ClassVar[int]
    HOME_POOL_FIELD_NUMBER: _ClassVar[int]
    CARE_POOL_FIELD_NUMBER: _ClassVar[int]
    VISIT_FIELD_NUMBER: _ClassVar[int]
    BILL_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_MS_FIELD_NUMBER: _ClassVar[int]
    MDTRT_ID_FIELD_NUMBER: _ClassVar[int]
    FACTS_FIELD_NUMBER: _ClassVar[int]
    id: bytes
    digest: bytes
    kind: Kind
    infno: str
    msgid: str
    fixmedins_code: str
    region: str
    psn_no: str
    home_pool: int
    care_pool: int
    visit: bytes
    bill: bytes
    target: bytes
    deadline_ms: int
    mdtrt_id: str
    facts: SettleFacts
    def __init__(self, id: _Optional[bytes] = ..., digest: _Optional[bytes] = ..., kind: _Optional[_Union[Kind, str]] = ..., infno: _Optional[str] = ..., msgid: _Optional[str] = ..., fixmedins_code: _Optional[str] = ..., region: _Optional[str] = ..., psn_no: _Optional[str] = ..., home_pool: _Optional[int] = ..., care_pool: _Optional[int] = ..., visit: _Optional[bytes] = ..., bill: _Optional[bytes] = ..., target: _Optional[bytes] = ..., deadline_ms: _Optional[int] = ..., mdtrt_id: _Optional[str] = ..., facts: _Optional[_Union[SettleFacts, _Mapping]] = ...) -> None: ...

class SettleFacts(_message.Message):
    __slots__ = ("insutype", "med_type", "care_date", "hosp_lv", "dedc_hosp_lv", "pharmacy", "dise_codg", "matn_type", "emergency", "injury", "third_party", "account_used", "total_fen", "full_self_fen", "over_limit_fen", "first_pay_fen", "in_scope_fen", "splits", "lines_digest", "line_keys", "clr_type", "route", "begin_date", "end_date", "interim", "psn_setlway", "admission_date", "invoice", "relative")
    INSUTYPE_FIELD_NUMBER: _ClassVar[int]
    MED_TYPE_FIELD_NUMBER: _ClassVar[int]
    CARE_DATE_FIELD_NUMBER: _ClassVar[int]
    HOSP_LV_FIELD_NUMBER: _ClassVar[int]
    DEDC_HOSP_LV_FIELD_NUMBER: _ClassVar[int]
    PHARMACY_FIELD_NUMBER: _ClassVar[int]
    DISE_CODG_FIELD_NUMBER: _ClassVar[int]
    MATN_TYPE_FIELD_NUMBER: _ClassVar[int]
    EMERGENCY_FIELD_NUMBER: _ClassVar[int]
    INJURY_FIELD_NUMBER: _ClassVar[int]
    THIRD_PARTY_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_USED_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FEN_FIELD_NUMBER: _ClassVar[int]
    FULL_SELF_FEN_FIELD_NUMBER: _ClassVar[int]
    OVER_LIMIT_FEN_FIELD_NUMBER: _ClassVar[int]
    FIRST_PAY_FEN_FIELD_NUMBER: _ClassVar[int]
    IN_SCOPE_FEN_FIELD_NUMBER: _ClassVar[int]
    SPLITS_FIELD_NUMBER: _ClassVar[int]
    LINES_DIGEST_FIELD_NUMBER: _ClassVar[int]
    LINE_KEYS_FIELD_NUMBER: _ClassVar[int]
    CLR_TYPE_FIELD_NUMBER: _ClassVar[int]
    ROUTE_FIELD_NUMBER: _ClassVar[int]
    BEGIN_DATE_FIELD_NUMBER: _ClassVar[int]
    END_DATE_FIELD_NUMBER: _ClassVar[int]
    INTERIM_FIELD_NUMBER: _ClassVar[int]
    PSN_SETLWAY_FIELD_NUMBER: _ClassVar[int]
    ADMISSION_DATE_FIELD_NUMBER: _ClassVar[int]
    INVOICE_FIELD_NUMBER: _ClassVar[int]
    RELATIVE_FIELD_NUMBER: _ClassVar[int]
    insutype: str
    med_type: str
    care_date: str
    hosp_lv: str
    dedc_hosp_lv: str
    pharmacy: bool
    dise_codg: str
    matn_type: str
    emergency: bool
    injury: bool
    third_party: bool
    account_used: bool
    total_fen: int
    full_self_fen: int
    over_limit_fen: int
    first_pay_fen: int
    in_scope_fen: int
    splits: _containers.RepeatedCompositeFieldContainer[SplitSum]
    lines_digest: bytes
    line_keys: _containers.RepeatedScalarFieldContainer[int]
    clr_type: str
    route: int
    begin_date: str
    end_date: str
    interim: bool
    psn_setlway: str
    admission_date: str
    invoice: str
    relative: str
    def __init__(self, insutype: _Optional[str] = ..., med_type: _Optional[str] = ..., care_date: _Optional[str] = ..., hosp_lv: _Optional[str] = ..., dedc_hosp_lv: _Optional[str] = ..., pharmacy: _Optional[bool] = ..., dise_codg: _Optional[str] = ..., matn_type: _Optional[str] = ..., emergency: _Optional[bool] = ..., injury: _Optional[bool] = ..., third_party: _Optional[bool] = ..., account_used: _Optional[bool] = ..., total_fen: _Optional[int] = ..., full_self_fen: _Optional[int] = ..., over_limit_fen: _Optional[int] = ..., first_pay_fen: _Optional[int] = ..., in_scope_fen: _Optional[int] = ..., splits: _Optional[_Iterable[_Union[SplitSum, _Mapping]]] = ..., lines_digest: _Optional[bytes] = ..., line_keys: _Optional[_Iterable[int]] = ..., clr_type: _Optional[str] = ..., route: _Optional[int] = ..., begin_date: _Optional[str] = ..., end_date: _Optional[str] = ..., interim: _Optional[bool] = ..., psn_setlway: _Optional[str] = ..., admission_date: _Optional[str] = ..., invoice: _Optional[str] = ..., relative: _Optional[str] = ...) -> None: ...

class SplitSum(_message.Message):
    __slots__ = ("chrgitm_lv", "first_pay_bp", "amount_fen", "in_scope_fen")
    CHRGITM_LV_FIELD_NUMBER: _ClassVar[int]
    FIRST_PAY_BP_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FEN_FIELD_NUMBER: _ClassVar[int]
    IN_SCOPE_FEN_FIELD_NUMBER: _ClassVar[int]
    chrgitm_lv: str
    first_pay_bp: int
    amount_fen: int
    in_scope_fen: int
    def __init__(self, chrgitm_lv: _Optional[str] = ..., first_pay_bp: _Optional[int] = ..., amount_fen: _Optional[int] = ..., in_scope_fen: _Optional[int] = ...) -> None: ...

class Ask(_message.Message):
    __slots__ = ("ask_id", "deadline_ms", "insured", "pre_settle", "outcome_of", "coverage", "filing", "filings")
    ASK_ID_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_MS_FIELD_NUMBER: _ClassVar[int]
    INSURED_FIELD_NUMBER: _ClassVar[int]
    PRE_SETTLE_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_OF_FIELD_NUMBER: _ClassVar[int]
    COVERAGE_FIELD_NUMBER: _ClassVar[int]
    FILING_FIELD_NUMBER: _ClassVar[int]
    FILINGS_FIELD_NUMBER: _ClassVar[int]
    ask_id: bytes
    deadline_ms: int
    insured: InsuredAsk
    pre_settle: Item
    outcome_of: bytes
    coverage: CoverageAsk
    filing: FilingAsk
    filings: FilingsAsk
    def __init__(self, ask_id: _Optional[bytes] = ..., deadline_ms: _Optional[int] = ..., insured: _Optional[_Union[InsuredAsk, _Mapping]] = ..., pre_settle: _Optional[_Union[Item, _Mapping]] = ..., outcome_of: _Optional[bytes] = ..., coverage: _Optional[_Union[CoverageAsk, _Mapping]] = ..., filing: _Optional[_Union[FilingAsk, _Mapping]] = ..., filings: _Optional[_Union[FilingsAsk, _Mapping]] = ...) -> None: ...

class CoverageAsk(_message.Message):
    __slots__ = ("psn_no", "home_pool", "insutype", "sealed_credential")
    PSN_NO_FIELD_NUMBER: _ClassVar[int]
    HOME_POOL_FIELD_NUMBER: _ClassVar[int]
    INSUTYPE_FIELD_NUMBER: _ClassVar[int]
    SEALED_CREDENTIAL_FIELD_NUMBER: _ClassVar[int]
    psn_no: str
    home_pool: int
    insutype: str
    sealed_credential: bytes
    def __init__(self, psn_no: _Optional[str] = ..., home_pool: _Optional[int] = ..., insutype: _Optional[str] = ..., sealed_credential: _Optional[bytes] = ...) -> None: ...

class FilingAsk(_message.Message):
    __slots__ = ("id", "digest", "infno", "msgid", "filed_by", "psn_no", "home_pool", "kind", "insutype", "care", "disease", "institution", "begin_date", "end_date", "withdraws")
    ID_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    INFNO_FIELD_NUMBER: _ClassVar[int]
    MSGID_FIELD_NUMBER: _ClassVar[int]
    FILED_BY_FIELD_NUMBER: _ClassVar[int]
    PSN_NO_FIELD_NUMBER: _ClassVar[int]
    HOME_POOL_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    INSUTYPE_FIELD_NUMBER: _ClassVar[int]
    CARE_FIELD_NUMBER: _ClassVar[int]
    DISEASE_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_FIELD_NUMBER: _ClassVar[int]
    BEGIN_DATE_FIELD_NUMBER: _ClassVar[int]
    END_DATE_FIELD_NUMBER: _ClassVar[int]
    WITHDRAWS_FIELD_NUMBER: _ClassVar[int]
    id: bytes
    digest: bytes
    infno: str
    msgid: str
    filed_by: str
    psn_no: str
    home_pool: int
    kind: str
    insutype: str
    care: str
    disease: str
    institution: str
    begin_date: str
    end_date: str
    withdraws: bytes
    def __init__(self, id: _Optional[bytes] = ..., digest: _Optional[bytes] = ..., infno: _Optional[str] = ..., msgid: _Optional[str] = ..., filed_by: _Optional[str] = ..., psn_no: _Optional[str] = ..., home_pool: _Optional[int] = ..., kind: _Optional[str] = ..., insutype: _Optional[str] = ..., care: _Optional[str] = ..., disease: _Optional[str] = ..., institution: _Optional[str] = ..., begin_date: _Optional[str] = ..., end_date: _Optional[str] = ..., withdraws: _Optional[bytes] = ...) -> None: ...

class FilingsAsk(_message.Message):
    __slots__ = ("psn_no", "home_pool", "kinds", "date")
    PSN_NO_FIELD_NUMBER: _ClassVar[int]
    HOME_POOL_FIELD_NUMBER: _ClassVar[int]
    KINDS_FIELD_NUMBER: _ClassVar[int]
    DATE_FIELD_NUMBER: _ClassVar[int]
    psn_no: str
    home_pool: int
    kinds: _containers.RepeatedScalarFieldContainer[str]
    date: str
    def __init__(self, psn_no: _Optional[str] = ..., home_pool: _Optional[int] = ..., kinds: _Optional[_Iterable[str]] = ..., date: _Optional[str] = ...) -> None: ...

class InsuredAsk(_message.Message):
    __slots__ = ("psn_no", "sealed_credential", "answer_key", "home_pool", "med_type", "date")
    PSN_NO_FIELD_NUMBER: _ClassVar[int]
    SEALED_CREDENTIAL_FIELD_NUMBER: _ClassVar[int]
    ANSWER_KEY_FIELD_NUMBER: _ClassVar[int]
    HOME_POOL_FIELD_NUMBER: _ClassVar[int]
    MED_TYPE_FIELD_NUMBER: _ClassVar[int]
    DATE_FIELD_NUMBER: _ClassVar[int]
    psn_no: str
    sealed_credential: bytes
    answer_key: bytes
    home_pool: int
    med_type: str
    date: str
    def __init__(self, psn_no: _Optional[str] = ..., sealed_credential: _Optional[bytes] = ..., answer_key: _Optional[bytes] = ..., home_pool: _Optional[int] = ..., med_type: _Optional[str] = ..., date: _Optional[str] = ...) -> None: ...

class ReplyRecord(_message.Message):
    __slots__ = ("node", "decisions", "answers", "beats")
    NODE_FIELD_NUMBER: _ClassVar[int]
    DECISIONS_FIELD_NUMBER: _ClassVar[int]
    ANSWERS_FIELD_NUMBER: _ClassVar[int]
    BEATS_FIELD_NUMBER: _ClassVar[int]
    node: int
    decisions: _containers.RepeatedCompositeFieldContainer[Decision]
    answers: _containers.RepeatedCompositeFieldContainer[AskAnswer]
    beats: _containers.RepeatedCompositeFieldContainer[Beat]
    def __init__(self, node: _Optional[int] = ..., decisions: _Optional[_Iterable[_Union[Decision, _Mapping]]] = ..., answers: _Optional[_Iterable[_Union[AskAnswer, _Mapping]]] = ..., beats: _Optional[_Iterable[_Union[Beat, _Mapping]]] = ...) -> None: ...

class AskAnswer(_message.Message):
    __slots__ = ("ask_id", "answer", "refusal_code", "err_msg")
    ASK_ID_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_CODE_FIELD_NUMBER: _ClassVar[int]
    ERR_MSG_FIELD_NUMBER: _ClassVar[int]
    ask_id: bytes
    answer: bytes
    refusal_code: str
    err_msg: str
    def __init__(self, ask_id: _Optional[bytes] = ..., answer: _Optional[bytes] = ..., refusal_code: _Optional[str] = ..., err_msg: _Optional[str] = ...) -> None: ...

class Beat(_message.Message):
    __slots__ = ("partition", "term", "term_first_number", "term_first_day", "clock_ms")
    PARTITION_FIELD_NUMBER: _ClassVar[int]
    TERM_FIELD_NUMBER: _ClassVar[int]
    TERM_FIRST_NUMBER_FIELD_NUMBER: _ClassVar[int]
    TERM_FIRST_DAY_FIELD_NUMBER: _ClassVar[int]
    CLOCK_MS_FIELD_NUMBER: _ClassVar[int]
    partition: int
    term: int
    term_first_number: int
    term_first_day: str
    clock_ms: int
    def __init__(self, partition: _Optional[int] = ..., term: _Optional[int] = ..., term_first_number: _Optional[int] = ..., term_first_day: _Optional[str] = ..., clock_ms: _Optional[int] = ...) -> None: ...

class Decision(_message.Message):
    __slots__ = ("node", "partition", "term", "number", "day", "id", "kind", "status", "code", "digest", "decided_ms", "region", "fixmedins_code", "home_pool", "care_pool", "psn_no", "insutype", "med_type", "clr_type", "route", "visit", "bill", "undoes", "seals", "year", "sign", "fund_includes_account", "asked_fen", "total_fen", "full_self_fen", "over_limit_fen", "first_pay_fen", "in_scope_fen", "deductible_fen", "pooled_fen", "big_illness_fen", "large_fen", "civil_fen", "enterprise_fen", "disabled_fen", "aid_fen", "commercial_fen", "other_fen", "account_fen", "family_fen", "cash_fen", "hospital_fen", "fund_sum_fen", "commercial_payer", "deltas", "month", "month_in_scope_fen", "month_pooled_fen", "family_psn_no", "family_amount_fen", "target", "settlement", "policy_version", "answer", "undone_by", "line_keys", "lines_digest", "begin_day", "end_day", "invoice")
    NODE_FIELD_NUMBER: _ClassVar[int]
    PARTITION_FIELD_NUMBER: _ClassVar[int]
    TERM_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    DAY_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    DECIDED_MS_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    FIXMEDINS_CODE_FIELD_NUMBER: _ClassVar[int]
    HOME_POOL_FIELD_NUMBER: _ClassVar[int]
    CARE_POOL_FIELD_NUMBER: _ClassVar[int]
    PSN_NO_FIELD_NUMBER: _ClassVar[int]
    INSUTYPE_FIELD_NUMBER: _ClassVar[int]
    MED_TYPE_FIELD_NUMBER: _ClassVar[int]
    CLR_TYPE_FIELD_NUMBER: _ClassVar[int]
    ROUTE_FIELD_NUMBER: _ClassVar[int]
    VISIT_FIELD_NUMBER: _ClassVar[int]
    BILL_FIELD_NUMBER: _ClassVar[int]
    UNDOES_FIELD_NUMBER: _ClassVar[int]
    SEALS_FIELD_NUMBER: _ClassVar[int]
    YEAR_FIELD_NUMBER: _ClassVar[int]
    SIGN_FIELD_NUMBER: _ClassVar[int]
    FUND_INCLUDES_ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    ASKED_FEN_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FEN_FIELD_NUMBER: _ClassVar[int]
    FULL_SELF_FEN_FIELD_NUMBER: _ClassVar[int]
    OVER_LIMIT_FEN_FIELD_NUMBER: _ClassVar[int]
    FIRST_PAY_FEN_FIELD_NUMBER: _ClassVar[int]
    IN_SCOPE_FEN_FIELD_NUMBER: _ClassVar[int]
    DEDUCTIBLE_FEN_FIELD_NUMBER: _ClassVar[int]
    POOLED_FEN_FIELD_NUMBER: _ClassVar[int]
    BIG_ILLNESS_FEN_FIELD_NUMBER: _ClassVar[int]
    LARGE_FEN_FIELD_NUMBER: _ClassVar[int]
    CIVIL_FEN_FIELD_NUMBER: _ClassVar[int]
    ENTERPRISE_FEN_FIELD_NUMBER: _ClassVar[int]
    DISABLED_FEN_FIELD_NUMBER: _ClassVar[int]
    AID_FEN_FIELD_NUMBER: _ClassVar[int]
    COMMERCIAL_FEN_FIELD_NUMBER: _ClassVar[int]
    OTHER_FEN_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FEN_FIELD_NUMBER: _ClassVar[int]
    FAMILY_FEN_FIELD_NUMBER: _ClassVar[int]
    CASH_FEN_FIELD_NUMBER: _ClassVar[int]
    HOSPITAL_FEN_FIELD_NUMBER: _ClassVar[int]
    FUND_SUM_FEN_FIELD_NUMBER: _ClassVar[int]
    COMMERCIAL_PAYER_FIELD_NUMBER: _ClassVar[int]
    DELTAS_FIELD_NUMBER: _ClassVar[int]
    MONTH_FIELD_NUMBER: _ClassVar[int]
    MONTH_IN_SCOPE_FEN_FIELD_NUMBER: _ClassVar[int]
    MONTH_POOLED_FEN_FIELD_NUMBER: _ClassVar[int]
    FAMILY_PSN_NO_FIELD_NUMBER: _ClassVar[int]
    FAMILY_AMOUNT_FEN_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_FIELD_NUMBER: _ClassVar[int]
    POLICY_VERSION_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    UNDONE_BY_FIELD_NUMBER: _ClassVar[int]
    LINE_KEYS_FIELD_NUMBER: _ClassVar[int]
    LINES_DIGEST_FIELD_NUMBER: _ClassVar[int]
    BEGIN_DAY_FIELD_NUMBER: _ClassVar[int]
    END_DAY_FIELD_NUMBER: _ClassVar[int]
    INVOICE_FIELD_NUMBER: _ClassVar[int]
    node: int
    partition: int
    term: int
    number: int
    day: str
    id: bytes
    kind: Kind
    status: _settlement_pb2.OutcomeStatus
    code: str
    digest: bytes
    decided_ms: int
    region: str
    fixmedins_code: str
    home_pool: int
    care_pool: int
    psn_no: str
    insutype: str
    med_type: str
    clr_type: str
    route: int
    visit: bytes
    bill: bytes
    undoes: bytes
    seals: bool
    year: int
    sign: int
    fund_includes_account: bool
    asked_fen: int
    total_fen: int
    full_self_fen: int
    over_limit_fen: int
    first_pay_fen: int
    in_scope_fen: int
    deductible_fen: int
    pooled_fen: int
    big_illness_fen: int
    large_fen: int
    civil_fen: int
    enterprise_fen: int
    disabled_fen: int
    aid_fen: int
    commercial_fen: int
    other_fen: int
    account_fen: int
    family_fen: int
    cash_fen: int
    hospital_fen: int
    fund_sum_fen: int
    commercial_payer: str
    deltas: _containers.RepeatedScalarFieldContainer[int]
    month: int
    month_in_scope_fen: int
    month_pooled_fen: int
    family_psn_no: _containers.RepeatedScalarFieldContainer[str]
    family_amount_fen: _containers.RepeatedScalarFieldContainer[int]
    target: bytes
    settlement: bytes
    policy_version: str
    answer: bytes
    undone_by: str
    line_keys: _containers.RepeatedScalarFieldContainer[int]
    lines_digest: bytes
    begin_day: str
    end_day: str
    invoice: str
    def __init__(self, node: _Optional[int] = ..., partition: _Optional[int] = ..., term: _Optional[int] = ..., number: _Optional[int] = ..., day: _Optional[str] = ..., id: _Optional[bytes] = ..., kind: _Optional[_Union[Kind, str]] = ..., status: _Optional[_Union[_settlement_pb2.OutcomeStatus, str]] = ..., code: _Optional[str] = ..., digest: _Optional[bytes] = ..., decided_ms: _Optional[int] = ..., region: _Optional[str] = ..., fixmedins_code: _Optional[str] = ..., home_pool: _Optional[int] = ..., care_pool: _Optional[int] = ..., psn_no: _Optional[str] = ..., insutype: _Optional[str] = ..., med_type: _Optional[str] = ..., clr_type: _Optional[str] = ..., route: _Optional[int] = ..., visit: _Optional[bytes] = ..., bill: _Optional[bytes] = ..., undoes: _Optional[bytes] = ..., seals: _Optional[bool] = ..., year: _Optional[int] = ..., sign: _Optional[int] = ..., fund_includes_account: _Optional[bool] = ..., asked_fen: _Optional[int] = ..., total_fen: _Optional[int] = ..., full_self_fen: _Optional[int] = ..., over_limit_fen: _Optional[int] = ..., first_pay_fen: _Optional[int] = ..., in_scope_fen: _Optional[int] = ..., deductible_fen: _Optional[int] = ..., pooled_fen: _Optional[int] = ..., big_illness_fen: _Optional[int] = ..., large_fen: _Optional[int] = ..., civil_fen: _Optional[int] = ..., enterprise_fen: _Optional[int] = ..., disabled_fen: _Optional[int] = ..., aid_fen: _Optional[int] = ..., commercial_fen: _Optional[int] = ..., other_fen: _Optional[int] = ..., account_fen: _Optional[int] = ..., family_fen: _Optional[int] = ..., cash_fen: _Optional[int] = ..., hospital_fen: _Optional[int] = ..., fund_sum_fen: _Optional[int] = ..., commercial_payer: _Optional[str] = ..., deltas: _Optional[_Iterable[int]] = ..., month: _Optional[int] = ..., month_in_scope_fen: _Optional[int] = ..., month_pooled_fen: _Optional[int] = ..., family_psn_no: _Optional[_Iterable[str]] = ..., family_amount_fen: _Optional[_Iterable[int]] = ..., target: _Optional[bytes] = ..., settlement: _Optional[bytes] = ..., policy_version: _Optional[str] = ..., answer: _Optional[bytes] = ..., undone_by: _Optional[str] = ..., line_keys: _Optional[_Iterable[int]] = ..., lines_digest: _Optional[bytes] = ..., begin_day: _Optional[str] = ..., end_day: _Optional[str] = ..., invoice: _Optional[str] = ...) -> None: ...
