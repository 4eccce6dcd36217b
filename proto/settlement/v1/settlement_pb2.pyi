from proto.settlement.v1 import envelope_pb2 as _envelope_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class OutcomeStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OUTCOME_STATUS_UNSPECIFIED: _ClassVar[OutcomeStatus]
    OUTCOME_STATUS_PAID: _ClassVar[OutcomeStatus]
    OUTCOME_STATUS_DECLINED: _ClassVar[OutcomeStatus]
    OUTCOME_STATUS_EXPIRED: _ClassVar[OutcomeStatus]
    OUTCOME_STATUS_VOIDED: _ClassVar[OutcomeStatus]
    OUTCOME_STATUS_OK: _ClassVar[OutcomeStatus]
OUTCOME_STATUS_UNSPECIFIED: OutcomeStatus
OUTCOME_STATUS_PAID: OutcomeStatus
OUTCOME_STATUS_DECLINED: OutcomeStatus
OUTCOME_STATUS_EXPIRED: OutcomeStatus
OUTCOME_STATUS_VOIDED: OutcomeStatus
OUTCOME_STATUS_OK: OutcomeStatus

class Outcome(_message.Message):
    __slots__ = ("status", "code", "err_msg", "setl_id", "infno", "medins_setl_id", "biz_date", "setl_time", "setlinfo", "setldetail", "undoes", "other", "mdtrt_id", "feesplit", "fee_lines", "fee_sumamt", "filing")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    ERR_MSG_FIELD_NUMBER: _ClassVar[int]
    SETL_ID_FIELD_NUMBER: _ClassVar[int]
    INFNO_FIELD_NUMBER: _ClassVar[int]
    MEDINS_SETL_ID_FIELD_NUMBER: _ClassVar[int]
    BIZ_DATE_FIELD_NUMBER: _ClassVar[int]
    SETL_TIME_FIELD_NUMBER: _ClassVar[int]
    SETLINFO_FIELD_NUMBER: _ClassVar[int]
    SETLDETAIL_FIELD_NUMBER: _ClassVar[int]
    UNDOES_FIELD_NUMBER: _ClassVar[int]
    OTHER_FIELD_NUMBER: _ClassVar[int]
    MDTRT_ID_FIELD_NUMBER: _ClassVar[int]
    FEESPLIT_FIELD_NUMBER: _ClassVar[int]
    FEE_LINES_FIELD_NUMBER: _ClassVar[int]
    FEE_SUMAMT_FIELD_NUMBER: _ClassVar[int]
    FILING_FIELD_NUMBER: _ClassVar[int]
    status: OutcomeStatus
    code: str
    err_msg: str
    setl_id: str
    infno: str
    medins_setl_id: str
    biz_date: str
    setl_time: str
    setlinfo: SettlementInfo
    setldetail: _containers.RepeatedCompositeFieldContainer[SettlementDetail]
    undoes: str
    other: Outcome
    mdtrt_id: str
    feesplit: _containers.RepeatedCompositeFieldContainer[FeeSplit]
    fee_lines: int
    fee_sumamt: int
    filing: FilingInfo
    def __init__(self, status: _Optional[_Union[OutcomeStatus, str]] = ..., code: _Optional[str] = ..., err_msg: _Optional[str] = ..., setl_id: _Optional[str] = ..., infno: _Optional[str] = ..., medins_setl_id: _Optional[str] = ..., biz_date: _Optional[str] = ..., setl_time: _Optional[str] = ..., setlinfo: _Optional[_Union[SettlementInfo, _Mapping]] = ..., setldetail: _Optional[_Iterable[_Union[SettlementDetail, _Mapping]]] = ..., undoes: _Optional[str] = ..., other: _Optional[_Union[Outcome, _Mapping]] = ..., mdtrt_id: _Optional[str] = ..., feesplit: _Optional[_Iterable[_Union[FeeSplit, _Mapping]]] = ..., fee_lines: _Optional[int] = ..., fee_sumamt: _Optional[int] = ..., filing: _Optional[_Union[FilingInfo, _Mapping]] = ...) -> None: ...

class FilingInfo(_message.Message):
    __slots__ = ("trt_dcla_detl_sn", "psn_no", "insutype", "fil_type", "mdtrtarea_admdvs", "opsp_dise_code", "fixmedins_code", "begndate", "enddate", "withdrawn", "memo")
    TRT_DCLA_DETL_SN_FIELD_NUMBER: _ClassVar[int]
    PSN_NO_FIELD_NUMBER: _ClassVar[int]
    INSUTYPE_FIELD_NUMBER: _ClassVar[int]
    FIL_TYPE_FIELD_NUMBER: _ClassVar[int]
    MDTRTAREA_ADMDVS_FIELD_NUMBER: _ClassVar[int]
    OPSP_DISE_CODE_FIELD_NUMBER: _ClassVar[int]
    FIXMEDINS_CODE_FIELD_NUMBER: _ClassVar[int]
    BEGNDATE_FIELD_NUMBER: _ClassVar[int]
    ENDDATE_FIELD_NUMBER: _ClassVar[int]
    WITHDRAWN_FIELD_NUMBER: _ClassVar[int]
    MEMO_FIELD_NUMBER: _ClassVar[int]
    trt_dcla_detl_sn: str
    psn_no: str
    insutype: str
    fil_type: str
    mdtrtarea_admdvs: str
    opsp_dise_code: str
    fixmedins_code: str
    begndate: str
    enddate: str
    withdrawn: str
    memo: str
    def __init__(self, trt_dcla_detl_sn: _Optional[str] = ..., psn_no: _Optional[str] = ..., insutype: _Optional[str] = ..., fil_type: _Optional[str] = ..., mdtrtarea_admdvs: _Optional[str] = ..., opsp_dise_code: _Optional[str] = ..., fixmedins_code: _Optional[str] = ..., begndate: _Optional[str] = ..., enddate: _Optional[str] = ..., withdrawn: _Optional[str] = ..., memo: _Optional[str] = ...) -> None: ...

class SettlementInfo(_message.Message):
    __slots__ = ("setl_id", "mdtrt_id", "psn_no", "insutype", "psn_type", "med_type", "insu_optins", "fixmedins_poolarea", "hosp_lv", "medfee_sumamt", "fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt", "act_pay_dedc", "hifp_pay", "pool_prop_selfpay", "cvlserv_pay", "hifes_pay", "hifmi_pay", "hifob_pay", "hifdm_pay", "maf_pay", "oth_pay", "fund_pay_sumamt", "psn_part_amt", "acct_pay", "psn_cash_pay", "hosp_part_amt", "balc", "acct_mulaid_pay", "clr_optins", "clr_way", "clr_type", "refd_setl_flag", "year", "fund_includes_acct", "filing", "fulamt_advpay_flag")
    SETL_ID_FIELD_NUMBER: _ClassVar[int]
    MDTRT_ID_FIELD_NUMBER: _ClassVar[int]
    PSN_NO_FIELD_NUMBER: _ClassVar[int]
    INSUTYPE_FIELD_NUMBER: _ClassVar[int]
    PSN_TYPE_FIELD_NUMBER: _ClassVar[int]
    MED_TYPE_FIELD_NUMBER: _ClassVar[int]
    INSU_OPTINS_FIELD_NUMBER: _ClassVar[int]
    FIXMEDINS_POOLAREA_FIELD_NUMBER: _ClassVar[int]
    HOSP_LV_FIELD_NUMBER: _ClassVar[int]
    MEDFEE_SUMAMT_FIELD_NUMBER: _ClassVar[int]
    FULAMT_OWNPAY_AMT_FIELD_NUMBER: _ClassVar[int]
    OVERLMT_SELFPAY_FIELD_NUMBER: _ClassVar[int]
    PRESELFPAY_AMT_FIELD_NUMBER: _ClassVar[int]
    INSCP_SCP_AMT_FIELD_NUMBER: _ClassVar[int]
    ACT_PAY_DEDC_FIELD_NUMBER: _ClassVar[int]
    HIFP_PAY_FIELD_NUMBER: _ClassVar[int]
    POOL_PROP_SELFPAY_FIELD_NUMBER: _ClassVar[int]
    CVLSERV_PAY_FIELD_NUMBER: _ClassVar[int]
    HIFES_PAY_FIELD_NUMBER: _ClassVar[int]
    HIFMI_PAY_FIELD_NUMBER: _ClassVar[int]
    HIFOB_PAY_FIELD_NUMBER: _ClassVar[int]
    HIFDM_PAY_FIELD_NUMBER: _ClassVar[int]
    MAF_PAY_FIELD_NUMBER: _ClassVar[int]
    OTH_PAY_FIELD_NUMBER: _ClassVar[int]
    FUND_PAY_SUMAMT_FIELD_NUMBER: _ClassVar[int]
    PSN_PART_AMT_FIELD_NUMBER: _ClassVar[int]
    ACCT_PAY_FIELD_NUMBER: _ClassVar[int]
    PSN_CASH_PAY_FIELD_NUMBER: _ClassVar[int]
    HOSP_PART_AMT_FIELD_NUMBER: _ClassVar[int]
    BALC_FIELD_NUMBER: _ClassVar[int]
    ACCT_MULAID_PAY_FIELD_NUMBER: _ClassVar[int]
    CLR_OPTINS_FIELD_NUMBER: _ClassVar[int]
    CLR_WAY_FIELD_NUMBER: _ClassVar[int]
    CLR_TYPE_FIELD_NUMBER: _ClassVar[int]
    REFD_SETL_FLAG_FIELD_NUMBER: _ClassVar[int]
    YEAR_FIELD_NUMBER: _ClassVar[int]
    FUND_INCLUDES_ACCT_FIELD_NUMBER: _ClassVar[int]
    FILING_FIELD_NUMBER: _ClassVar[int]
    FULAMT_ADVPAY_FLAG_FIELD_NUMBER: _ClassVar[int]
    setl_id: str
    mdtrt_id: str
    psn_no: str
    insutype: str
    psn_type: str
    med_type: str
    insu_optins: str
    fixmedins_poolarea: str
    hosp_lv: str
    medfee_sumamt: int
    fulamt_ownpay_amt: int
    overlmt_selfpay: int
    preselfpay_amt: int
    inscp_scp_amt: int
    act_pay_dedc: int
    hifp_pay: int
    pool_prop_selfpay: int
    cvlserv_pay: int
    hifes_pay: int
    hifmi_pay: int
    hifob_pay: int
    hifdm_pay: int
    maf_pay: int
    oth_pay: int
    fund_pay_sumamt: int
    psn_part_amt: int
    acct_pay: int
    psn_cash_pay: int
    hosp_part_amt: int
    balc: int
    acct_mulaid_pay: int
    clr_optins: str
    clr_way: str
    clr_type: str
    refd_setl_flag: str
    year: str
    fund_includes_acct: bool
    filing: str
    fulamt_advpay_flag: str
    def __init__(self, setl_id: _Optional[str] = ..., mdtrt_id: _Optional[str] = ..., psn_no: _Optional[str] = ..., insutype: _Optional[str] = ..., psn_type: _Optional[str] = ..., med_type: _Optional[str] = ..., insu_optins: _Optional[str] = ..., fixmedins_poolarea: _Optional[str] = ..., hosp_lv: _Optional[str] = ..., medfee_sumamt: _Optional[int] = ..., fulamt_ownpay_amt: _Optional[int] = ..., overlmt_selfpay: _Optional[int] = ..., preselfpay_amt: _Optional[int] = ..., inscp_scp_amt: _Optional[int] = ..., act_pay_dedc: _Optional[int] = ..., hifp_pay: _Optional[int] = ..., pool_prop_selfpay: _Optional[int] = ..., cvlserv_pay: _Optional[int] = ..., hifes_pay: _Optional[int] = ..., hifmi_pay: _Optional[int] = ..., hifob_pay: _Optional[int] = ..., hifdm_pay: _Optional[int] = ..., maf_pay: _Optional[int] = ..., oth_pay: _Optional[int] = ..., fund_pay_sumamt: _Optional[int] = ..., psn_part_amt: _Optional[int] = ..., acct_pay: _Optional[int] = ..., psn_cash_pay: _Optional[int] = ..., hosp_part_amt: _Optional[int] = ..., balc: _Optional[int] = ..., acct_mulaid_pay: _Optional[int] = ..., clr_optins: _Optional[str] = ..., clr_way: _Optional[str] = ..., clr_type: _Optional[str] = ..., refd_setl_flag: _Optional[str] = ..., year: _Optional[str] = ..., fund_includes_acct: _Optional[bool] = ..., filing: _Optional[str] = ..., fulamt_advpay_flag: _Optional[str] = ...) -> None: ...

class SettlementDetail(_message.Message):
    __slots__ = ("fund_pay_type", "fund_pay_type_name", "inscp_scp_amt", "crt_payb_lmt_amt", "fund_payamt", "setl_proc_info")
    FUND_PAY_TYPE_FIELD_NUMBER: _ClassVar[int]
    FUND_PAY_TYPE_NAME_FIELD_NUMBER: _ClassVar[int]
    INSCP_SCP_AMT_FIELD_NUMBER: _ClassVar[int]
    CRT_PAYB_LMT_AMT_FIELD_NUMBER: _ClassVar[int]
    FUND_PAYAMT_FIELD_NUMBER: _ClassVar[int]
    SETL_PROC_INFO_FIELD_NUMBER: _ClassVar[int]
    fund_pay_type: str
    fund_pay_type_name: str
    inscp_scp_amt: int
    crt_payb_lmt_amt: int
    fund_payamt: int
    setl_proc_info: str
    def __init__(self, fund_pay_type: _Optional[str] = ..., fund_pay_type_name: _Optional[str] = ..., inscp_scp_amt: _Optional[int] = ..., crt_payb_lmt_amt: _Optional[int] = ..., fund_payamt: _Optional[int] = ..., setl_proc_info: _Optional[str] = ...) -> None: ...

class Pending(_message.Message):
    __slots__ = ("setl_id", "omsgid", "oinfno", "query_after_ms", "err_msg")
    SETL_ID_FIELD_NUMBER: _ClassVar[int]
    OMSGID_FIELD_NUMBER: _ClassVar[int]
    OINFNO_FIELD_NUMBER: _ClassVar[int]
    QUERY_AFTER_MS_FIELD_NUMBER: _ClassVar[int]
    ERR_MSG_FIELD_NUMBER: _ClassVar[int]
    setl_id: str
    omsgid: str
    oinfno: str
    query_after_ms: int
    err_msg: str
    def __init__(self, setl_id: _Optional[str] = ..., omsgid: _Optional[str] = ..., oinfno: _Optional[str] = ..., query_after_ms: _Optional[int] = ..., err_msg: _Optional[str] = ...) -> None: ...

class GetInsuredRequest(_message.Message):
    __slots__ = ("envelope", "credential", "psn_no", "med_type", "begntime")
    ENVELOPE_FIELD_NUMBER: _ClassVar[int]
    CREDENTIAL_FIELD_NUMBER: _ClassVar[int]
    PSN_NO_FIELD_NUMBER: _ClassVar[int]
    MED_TYPE_FIELD_NUMBER: _ClassVar[int]
    BEGNTIME_FIELD_NUMBER: _ClassVar[int]
    envelope: _envelope_pb2.Envelope
    credential: _envelope_pb2.Credential
    psn_no: str
    med_type: str
    begntime: str
    def __init__(self, envelope: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ..., credential: _Optional[_Union[_envelope_pb2.Credential, _Mapping]] = ..., psn_no: _Optional[str] = ..., med_type: _Optional[str] = ..., begntime: _Optional[str] = ...) -> None: ...

class GetInsuredResponse(_message.Message):
    __slots__ = ("infcode", "err_msg", "baseinfo", "insuinfo", "idetinfo", "trtinfo", "cuminfo", "not_answered")
    INFCODE_FIELD_NUMBER: _ClassVar[int]
    ERR_MSG_FIELD_NUMBER: _ClassVar[int]
    BASEINFO_FIELD_NUMBER: _ClassVar[int]
    INSUINFO_FIELD_NUMBER: _ClassVar[int]
    IDETINFO_FIELD_NUMBER: _ClassVar[int]
    TRTINFO_FIELD_NUMBER: _ClassVar[int]
    CUMINFO_FIELD_NUMBER: _ClassVar[int]
    NOT_ANSWERED_FIELD_NUMBER: _ClassVar[int]
    infcode: int
    err_msg: str
    baseinfo: BaseInfo
    insuinfo: _containers.RepeatedCompositeFieldContainer[InsuranceInfo]
    idetinfo: _containers.RepeatedCompositeFieldContainer[IdentityInfo]
    trtinfo: _containers.RepeatedCompositeFieldContainer[Entitlement]
    cuminfo: _containers.RepeatedCompositeFieldContainer[Accumulated]
    not_answered: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, infcode: _Optional[int] = ..., err_msg: _Optional[str] = ..., baseinfo: _Optional[_Union[BaseInfo, _Mapping]] = ..., insuinfo: _Optional[_Iterable[_Union[InsuranceInfo, _Mapping]]] = ..., idetinfo: _Optional[_Iterable[_Union[IdentityInfo, _Mapping]]] = ..., trtinfo: _Optional[_Iterable[_Union[Entitlement, _Mapping]]] = ..., cuminfo: _Optional[_Iterable[_Union[Accumulated, _Mapping]]] = ..., not_answered: _Optional[_Iterable[str]] = ...) -> None: ...

class BaseInfo(_message.Message):
    __slots__ = ("psn_no", "psn_cert_type", "certno", "psn_name", "gend", "brdy", "age")
    PSN_NO_FIELD_NUMBER: _ClassVar[int]
    PSN_CERT_TYPE_FIELD_NUMBER: _ClassVar[int]
    CERTNO_FIELD_NUMBER: _ClassVar[int]
    PSN_NAME_FIELD_NUMBER: _ClassVar[int]
    GEND_FIELD_NUMBER: _ClassVar[int]
    BRDY_FIELD_NUMBER: _ClassVar[int]
    AGE_FIELD_NUMBER: _ClassVar[int]
    psn_no: str
    psn_cert_type: str
    certno: str
    psn_name: str
    gend: str
    brdy: str
    age: int
    def __init__(self, psn_no: _Optional[str] = ..., psn_cert_type: _Optional[str] = ..., certno: _Optional[str] = ..., psn_name: _Optional[str] = ..., gend: _Optional[str] = ..., brdy: _Optional[str] = ..., age: _Optional[int] = ...) -> None: ...

class InsuranceInfo(_message.Message):
    __slots__ = ("balc", "insutype", "psn_type", "psn_insu_stas", "psn_insu_date", "paus_insu_date", "cvlserv_flag", "insuplc_admdvs", "psn_no")
    BALC_FIELD_NUMBER: _ClassVar[int]
    INSUTYPE_FIELD_NUMBER: _ClassVar[int]
    PSN_TYPE_FIELD_NUMBER: _ClassVar[int]
    PSN_INSU_STAS_FIELD_NUMBER: _ClassVar[int]
    PSN_INSU_DATE_FIELD_NUMBER: _ClassVar[int]
    PAUS_INSU_DATE_FIELD_NUMBER: _ClassVar[int]
    CVLSERV_FLAG_FIELD_NUMBER: _ClassVar[int]
    INSUPLC_ADMDVS_FIELD_NUMBER: _ClassVar[int]
    PSN_NO_FIELD_NUMBER: _ClassVar[int]
    balc: int
    insutype: str
    psn_type: str
    psn_insu_stas: str
    psn_insu_date: str
    paus_insu_date: str
    cvlserv_flag: str
    insuplc_admdvs: str
    psn_no: str
    def __init__(self, balc: _Optional[int] = ..., insutype: _Optional[str] = ..., psn_type: _Optional[str] = ..., psn_insu_stas: _Optional[str] = ..., psn_insu_date: _Optional[str] = ..., paus_insu_date: _Optional[str] = ..., cvlserv_flag: _Optional[str] = ..., insuplc_admdvs: _Optional[str] = ..., psn_no: _Optional[str] = ...) -> None: ...

class IdentityInfo(_message.Message):
    __slots__ = ("psn_idet_type", "memo", "begntime", "endtime")
    PSN_IDET_TYPE_FIELD_NUMBER: _ClassVar[int]
    MEMO_FIELD_NUMBER: _ClassVar[int]
    BEGNTIME_FIELD_NUMBER: _ClassVar[int]
    ENDTIME_FIELD_NUMBER: _ClassVar[int]
    psn_idet_type: str
    memo: str
    begntime: str
    endtime: str
    def __init__(self, psn_idet_type: _Optional[str] = ..., memo: _Optional[str] = ..., begntime: _Optional[str] = ..., endtime: _Optional[str] = ...) -> None: ...

class Entitlement(_message.Message):
    __slots__ = ("insutype", "med_type", "trt_enjymnt_flag", "trt_chk_rslt")
    INSUTYPE_FIELD_NUMBER: _ClassVar[int]
    MED_TYPE_FIELD_NUMBER: _ClassVar[int]
    TRT_ENJYMNT_FLAG_FIELD_NUMBER: _ClassVar[int]
    TRT_CHK_RSLT_FIELD_NUMBER: _ClassVar[int]
    insutype: str
    med_type: str
    trt_enjymnt_flag: str
    trt_chk_rslt: str
    def __init__(self, insutype: _Optional[str] = ..., med_type: _Optional[str] = ..., trt_enjymnt_flag: _Optional[str] = ..., trt_chk_rslt: _Optional[str] = ...) -> None: ...

class Accumulated(_message.Message):
    __slots__ = ("insutype", "year", "cum_type_code", "cum")
    INSUTYPE_FIELD_NUMBER: _ClassVar[int]
    YEAR_FIELD_NUMBER: _ClassVar[int]
    CUM_TYPE_CODE_FIELD_NUMBER: _ClassVar[int]
    CUM_FIELD_NUMBER: _ClassVar[int]
    insutype: str
    year: str
    cum_type_code: str
    cum: int
    def __init__(self, insutype: _Optional[str] = ..., year: _Optional[str] = ..., cum_type_code: _Optional[str] = ..., cum: _Optional[int] = ...) -> None: ...

class OpenVisitRequest(_message.Message):
    __slots__ = ("envelope", "credential", "input")
    ENVELOPE_FIELD_NUMBER: _ClassVar[int]
    CREDENTIAL_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    envelope: _envelope_pb2.Envelope
    credential: _envelope_pb2.Credential
    input: VisitInput
    def __init__(self, envelope: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ..., credential: _Optional[_Union[_envelope_pb2.Credential, _Mapping]] = ..., input: _Optional[_Union[VisitInput, _Mapping]] = ...) -> None: ...

class VisitInput(_message.Message):
    __slots__ = ("psn_no", "insutype", "med_type", "ipt_otp_no", "begntime", "dise_codg", "dept_code", "atddr_no", "matn_type", "otp_er_refl_flag", "trum_flag", "rel_ttp_flag")
    PSN_NO_FIELD_NUMBER: _ClassVar[int]
    INSUTYPE_FIELD_NUMBER: _ClassVar[int]
    MED_TYPE_FIELD_NUMBER: _ClassVar[int]
    IPT_OTP_NO_FIELD_NUMBER: _ClassVar[int]
    BEGNTIME_FIELD_NUMBER: _ClassVar[int]
    DISE_CODG_FIELD_NUMBER: _ClassVar[int]
    DEPT_CODE_FIELD_NUMBER: _ClassVar[int]
    ATDDR_NO_FIELD_NUMBER: _ClassVar[int]
    MATN_TYPE_FIELD_NUMBER: _ClassVar[int]
    OTP_ER_REFL_FLAG_FIELD_NUMBER: _ClassVar[int]
    TRUM_FLAG_FIELD_NUMBER: _ClassVar[int]
    REL_TTP_FLAG_FIELD_NUMBER: _ClassVar[int]
    psn_no: str
    insutype: str
    med_type: str
    ipt_otp_no: str
    begntime: str
    dise_codg: str
    dept_code: str
    atddr_no: str
    matn_type: str
    otp_er_refl_flag: str
    trum_flag: str
    rel_ttp_flag: str
    def __init__(self, psn_no: _Optional[str] = ..., insutype: _Optional[str] = ..., med_type: _Optional[str] = ..., ipt_otp_no: _Optional[str] = ..., begntime: _Optional[str] = ..., dise_codg: _Optional[str] = ..., dept_code: _Optional[str] = ..., atddr_no: _Optional[str] = ..., matn_type: _Optional[str] = ..., otp_er_refl_flag: _Optional[str] = ..., trum_flag: _Optional[str] = ..., rel_ttp_flag: _Optional[str] = ...) -> None: ...

class OpenVisitResponse(_message.Message):
    __slots__ = ("infcode", "err_msg", "outcome", "undone_by", "pending")
    INFCODE_FIELD_NUMBER: _ClassVar[int]
    ERR_MSG_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    UNDONE_BY_FIELD_NUMBER: _ClassVar[int]
    PENDING_FIELD_NUMBER: _ClassVar[int]
    infcode: int
    err_msg: str
    outcome: Outcome
    undone_by: str
    pending: Pending
    def __init__(self, infcode: _Optional[int] = ..., err_msg: _Optional[str] = ..., outcome: _Optional[_Union[Outcome, _Mapping]] = ..., undone_by: _Optional[str] = ..., pending: _Optional[_Union[Pending, _Mapping]] = ...) -> None: ...

class CancelVisitRequest(_message.Message):
    __slots__ = ("envelope", "input")
    ENVELOPE_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    envelope: _envelope_pb2.Envelope
    input: CancelVisitInput
    def __init__(self, envelope: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ..., input: _Optional[_Union[CancelVisitInput, _Mapping]] = ...) -> None: ...

class CancelVisitInput(_message.Message):
    __slots__ = ("mdtrt_id", "psn_no", "ipt_otp_no")
    MDTRT_ID_FIELD_NUMBER: _ClassVar[int]
    PSN_NO_FIELD_NUMBER: _ClassVar[int]
    IPT_OTP_NO_FIELD_NUMBER: _ClassVar[int]
    mdtrt_id: str
    psn_no: str
    ipt_otp_no: str
    def __init__(self, mdtrt_id: _Optional[str] = ..., psn_no: _Optional[str] = ..., ipt_otp_no: _Optional[str] = ...) -> None: ...

class CancelVisitResponse(_message.Message):
    __slots__ = ("infcode", "err_msg", "outcome", "undone_by", "pending")
    INFCODE_FIELD_NUMBER: _ClassVar[int]
    ERR_MSG_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    UNDONE_BY_FIELD_NUMBER: _ClassVar[int]
    PENDING_FIELD_NUMBER: _ClassVar[int]
    infcode: int
    err_msg: str
    outcome: Outcome
    undone_by: str
    pending: Pending
    def __init__(self, infcode: _Optional[int] = ..., err_msg: _Optional[str] = ..., outcome: _Optional[_Union[Outcome, _Mapping]] = ..., undone_by: _Optional[str] = ..., pending: _Optional[_Union[Pending, _Mapping]] = ...) -> None: ...

class Diagnosis(_message.Message):
    __slots__ = ("diag_type", "maindiag_flag", "diag_srt_no", "diag_code", "diag_name")
    DIAG_TYPE_FIELD_NUMBER: _ClassVar[int]
    MAINDIAG_FLAG_FIELD_NUMBER: _ClassVar[int]
    DIAG_SRT_NO_FIELD_NUMBER: _ClassVar[int]
    DIAG_CODE_FIELD_NUMBER: _ClassVar[int]
    DIAG_NAME_FIELD_NUMBER: _ClassVar[int]
    diag_type: str
    maindiag_flag: str
    diag_srt_no: str
    diag_code: str
    diag_name: str
    def __init__(self, diag_type: _Optional[str] = ..., maindiag_flag: _Optional[str] = ..., diag_srt_no: _Optional[str] = ..., diag_code: _Optional[str] = ..., diag_name: _Optional[str] = ...) -> None: ...

class UpdateVisitRequest(_message.Message):
    __slots__ = ("envelope", "input")
    ENVELOPE_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    envelope: _envelope_pb2.Envelope
    input: UpdateVisitInput
    def __init__(self, envelope: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ..., input: _Optional[_Union[UpdateVisitInput, _Mapping]] = ...) -> None: ...

class UpdateVisitInput(_message.Message):
    __slots__ = ("mdtrt_id", "psn_no", "med_type", "dise_codg", "matn_type", "otp_er_refl_flag", "trum_flag", "rel_ttp_flag", "diseinfo")
    MDTRT_ID_FIELD_NUMBER: _ClassVar[int]
    PSN_NO_FIELD_NUMBER: _ClassVar[int]
    MED_TYPE_FIELD_NUMBER: _ClassVar[int]
    DISE_CODG_FIELD_NUMBER: _ClassVar[int]
    MATN_TYPE_FIELD_NUMBER: _ClassVar[int]
    OTP_ER_REFL_FLAG_FIELD_NUMBER: _ClassVar[int]
    TRUM_FLAG_FIELD_NUMBER: _ClassVar[int]
    REL_TTP_FLAG_FIELD_NUMBER: _ClassVar[int]
    DISEINFO_FIELD_NUMBER: _ClassVar[int]
    mdtrt_id: str
    psn_no: str
    med_type: str
    dise_codg: str
    matn_type: str
    otp_er_refl_flag: str
    trum_flag: str
    rel_ttp_flag: str
    diseinfo: _containers.RepeatedCompositeFieldContainer[Diagnosis]
    def __init__(self, mdtrt_id: _Optional[str] = ..., psn_no: _Optional[str] = ..., med_type: _Optional[str] = ..., dise_codg: _Optional[str] = ..., matn_type: _Optional[str] = ..., otp_er_refl_flag: _Optional[str] = ..., trum_flag: _Optional[str] = ..., rel_ttp_flag: _Optional[str] = ..., diseinfo: _Optional[_Iterable[_Union[Diagnosis, _Mapping]]] = ...) -> None: ...

class UpdateVisitResponse(_message.Message):
    __slots__ = ("infcode", "err_msg", "outcome", "undone_by", "pending")
    INFCODE_FIELD_NUMBER: _ClassVar[int]
    ERR_MSG_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    UNDONE_BY_FIELD_NUMBER: _ClassVar[int]
    PENDING_FIELD_NUMBER: _ClassVar[int]
    infcode: int
    err_msg: str
    outcome: Outcome
    undone_by: str
    pending: Pending
    def __init__(self, infcode: _Optional[int] = ..., err_msg: _Optional[str] = ..., outcome: _Optional[_Union[Outcome, _Mapping]] = ..., undone_by: _Optional[str] = ..., pending: _Optional[_Union[Pending, _Mapping]] = ...) -> None: ...

class CloseVisitRequest(_message.Message):
    __slots__ = ("envelope", "input")
    ENVELOPE_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    envelope: _envelope_pb2.Envelope
    input: CloseVisitInput
    def __init__(self, envelope: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ..., input: _Optional[_Union[CloseVisitInput, _Mapping]] = ...) -> None: ...

class CloseVisitInput(_message.Message):
    __slots__ = ("mdtrt_id", "psn_no", "endtime", "dscg_way", "diseinfo")
    MDTRT_ID_FIELD_NUMBER: _ClassVar[int]
    PSN_NO_FIELD_NUMBER: _ClassVar[int]
    ENDTIME_FIELD_NUMBER: _ClassVar[int]
    DSCG_WAY_FIELD_NUMBER: _ClassVar[int]
    DISEINFO_FIELD_NUMBER: _ClassVar[int]
    mdtrt_id: str
    psn_no: str
    endtime: str
    dscg_way: str
    diseinfo: _containers.RepeatedCompositeFieldContainer[Diagnosis]
    def __init__(self, mdtrt_id: _Optional[str] = ..., psn_no: _Optional[str] = ..., endtime: _Optional[str] = ..., dscg_way: _Optional[str] = ..., diseinfo: _Optional[_Iterable[_Union[Diagnosis, _Mapping]]] = ...) -> None: ...

class CloseVisitResponse(_message.Message):
    __slots__ = ("infcode", "err_msg", "outcome", "undone_by", "pending")
    INFCODE_FIELD_NUMBER: _ClassVar[int]
    ERR_MSG_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    UNDONE_BY_FIELD_NUMBER: _ClassVar[int]
    PENDING_FIELD_NUMBER: _ClassVar[int]
    infcode: int
    err_msg: str
    outcome: Outcome
    undone_by: str
    pending: Pending
    def __init__(self, infcode: _Optional[int] = ..., err_msg: _Optional[str] = ..., outcome: _Optional[_Union[Outcome, _Mapping]] = ..., undone_by: _Optional[str] = ..., pending: _Optional[_Union[Pending, _Mapping]] = ...) -> None: ...

class ReopenVisitRequest(_message.Message):
    __slots__ = ("envelope", "input")
    ENVELOPE_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    envelope: _envelope_pb2.Envelope
    input: ReopenVisitInput
    def __init__(self, envelope: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ..., input: _Optional[_Union[ReopenVisitInput, _Mapping]] = ...) -> None: ...

class ReopenVisitInput(_message.Message):
    __slots__ = ("mdtrt_id", "psn_no")
    MDTRT_ID_FIELD_NUMBER: _ClassVar[int]
    PSN_NO_FIELD_NUMBER: _ClassVar[int]
    mdtrt_id: str
    psn_no: str
    def __init__(self, mdtrt_id: _Optional[str] = ..., psn_no: _Optional[str] = ...) -> None: ...

class ReopenVisitResponse(_message.Message):
    __slots__ = ("infcode", "err_msg", "outcome", "undone_by", "pending")
    INFCODE_FIELD_NUMBER: _ClassVar[int]
    ERR_MSG_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    UNDONE_BY_FIELD_NUMBER: _ClassVar[int]
    PENDING_FIELD_NUMBER: _ClassVar[int]
    infcode: int
    err_msg: str
    outcome: Outcome
    undone_by: str
    pending: Pending
    def __init__(self, infcode: _Optional[int] = ..., err_msg: _Optional[str] = ..., outcome: _Optional[_Union[Outcome, _Mapping]] = ..., undone_by: _Optional[str] = ..., pending: _Optional[_Union[Pending, _Mapping]] = ...) -> None: ...

class UploadFeesRequest(_message.Message):
    __slots__ = ("envelope", "input")
    ENVELOPE_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    envelope: _envelope_pb2.Envelope
    input: UploadFeesInput
    def __init__(self, envelope: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ..., input: _Optional[_Union[UploadFeesInput, _Mapping]] = ...) -> None: ...

class UploadFeesInput(_message.Message):
    __slots__ = ("mdtrt_id", "psn_no", "chrg_bchno", "feedetl")
    MDTRT_ID_FIELD_NUMBER: _ClassVar[int]
    PSN_NO_FIELD_NUMBER: _ClassVar[int]
    CHRG_BCHNO_FIELD_NUMBER: _ClassVar[int]
    FEEDETL_FIELD_NUMBER: _ClassVar[int]
    mdtrt_id: str
    psn_no: str
    chrg_bchno: str
    feedetl: _containers.RepeatedCompositeFieldContainer[FeeDetail]
    def __init__(self, mdtrt_id: _Optional[str] = ..., psn_no: _Optional[str] = ..., chrg_bchno: _Optional[str] = ..., feedetl: _Optional[_Iterable[_Union[FeeDetail, _Mapping]]] = ...) -> None: ...

class UploadFeesResponse(_message.Message):
    __slots__ = ("infcode", "err_msg", "outcome", "undone_by", "pending")
    INFCODE_FIELD_NUMBER: _ClassVar[int]
    ERR_MSG_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    UNDONE_BY_FIELD_NUMBER: _ClassVar[int]
    PENDING_FIELD_NUMBER: _ClassVar[int]
    infcode: int
    err_msg: str
    outcome: Outcome
    undone_by: str
    pending: Pending
    def __init__(self, infcode: _Optional[int] = ..., err_msg: _Optional[str] = ..., outcome: _Optional[_Union[Outcome, _Mapping]] = ..., undone_by: _Optional[str] = ..., pending: _Optional[_Union[Pending, _Mapping]] = ...) -> None: ...

class CancelFeesRequest(_message.Message):
    __slots__ = ("envelope", "input")
    ENVELOPE_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    envelope: _envelope_pb2.Envelope
    input: CancelFeesInput
    def __init__(self, envelope: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ..., input: _Optional[_Union[CancelFeesInput, _Mapping]] = ...) -> None: ...

class CancelFeesInput(_message.Message):
    __slots__ = ("mdtrt_id", "psn_no", "chrg_bchno", "feedetl_sn")
    MDTRT_ID_FIELD_NUMBER: _ClassVar[int]
    PSN_NO_FIELD_NUMBER: _ClassVar[int]
    CHRG_BCHNO_FIELD_NUMBER: _ClassVar[int]
    FEEDETL_SN_FIELD_NUMBER: _ClassVar[int]
    mdtrt_id: str
    psn_no: str
    chrg_bchno: str
    feedetl_sn: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, mdtrt_id: _Optional[str] = ..., psn_no: _Optional[str] = ..., chrg_bchno: _Optional[str] = ..., feedetl_sn: _Optional[_Iterable[str]] = ...) -> None: ...

class CancelFeesResponse(_message.Message):
    __slots__ = ("infcode", "err_msg", "outcome", "undone_by", "pending")
    INFCODE_FIELD_NUMBER: _ClassVar[int]
    ERR_MSG_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    UNDONE_BY_FIELD_NUMBER: _ClassVar[int]
    PENDING_FIELD_NUMBER: _ClassVar[int]
    infcode: int
    err_msg: str
    outcome: Outcome
    undone_by: str
    pending: Pending
    def __init__(self, infcode: _Optional[int] = ..., err_msg: _Optional[str] = ..., outcome: _Optional[_Union[Outcome, _Mapping]] = ..., undone_by: _Optional[str] = ..., pending: _Optional[_Union[Pending, _Mapping]] = ...) -> None: ...

class GetFeesRequest(_message.Message):
    __slots__ = ("envelope", "psn_no", "mdtrt_id", "setl_id", "page_after", "page_size")
    ENVELOPE_FIELD_NUMBER: _ClassVar[int]
    PSN_NO_FIELD_NUMBER: _ClassVar[int]
    MDTRT_ID_FIELD_NUMBER: _ClassVar[int]
    SETL_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_AFTER_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    envelope: _envelope_pb2.Envelope
    psn_no: str
    mdtrt_id: str
    setl_id: str
    page_after: str
    page_size: int
    def __init__(self, envelope: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ..., psn_no: _Optional[str] = ..., mdtrt_id: _Optional[str] = ..., setl_id: _Optional[str] = ..., page_after: _Optional[str] = ..., page_size: _Optional[int] = ...) -> None: ...

class GetFeesResponse(_message.Message):
    __slots__ = ("infcode", "err_msg", "fees", "next_page")
    INFCODE_FIELD_NUMBER: _ClassVar[int]
    ERR_MSG_FIELD_NUMBER: _ClassVar[int]
    FEES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_FIELD_NUMBER: _ClassVar[int]
    infcode: int
    err_msg: str
    fees: _containers.RepeatedCompositeFieldContainer[FeeHeld]
    next_page: str
    def __init__(self, infcode: _Optional[int] = ..., err_msg: _Optional[str] = ..., fees: _Optional[_Iterable[_Union[FeeHeld, _Mapping]]] = ..., next_page: _Optional[str] = ...) -> None: ...

class FeeHeld(_message.Message):
    __slots__ = ("line", "split", "chrg_bchno", "setl_id")
    LINE_FIELD_NUMBER: _ClassVar[int]
    SPLIT_FIELD_NUMBER: _ClassVar[int]
    CHRG_BCHNO_FIELD_NUMBER: _ClassVar[int]
    SETL_ID_FIELD_NUMBER: _ClassVar[int]
    line: FeeDetail
    split: FeeSplit
    chrg_bchno: str
    setl_id: str
    def __init__(self, line: _Optional[_Union[FeeDetail, _Mapping]] = ..., split: _Optional[_Union[FeeSplit, _Mapping]] = ..., chrg_bchno: _Optional[str] = ..., setl_id: _Optional[str] = ...) -> None: ...

class PreSettleRequest(_message.Message):
    __slots__ = ("envelope", "credential", "input")
    ENVELOPE_FIELD_NUMBER: _ClassVar[int]
    CREDENTIAL_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    envelope: _envelope_pb2.Envelope
    credential: _envelope_pb2.Credential
    input: SettleInput
    def __init__(self, envelope: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ..., credential: _Optional[_Union[_envelope_pb2.Credential, _Mapping]] = ..., input: _Optional[_Union[SettleInput, _Mapping]] = ...) -> None: ...

class PreSettleResponse(_message.Message):
    __slots__ = ("infcode", "err_msg", "outcome", "feesplit")
    INFCODE_FIELD_NUMBER: _ClassVar[int]
    ERR_MSG_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    FEESPLIT_FIELD_NUMBER: _ClassVar[int]
    infcode: int
    err_msg: str
    outcome: Outcome
    feesplit: _containers.RepeatedCompositeFieldContainer[FeeSplit]
    def __init__(self, infcode: _Optional[int] = ..., err_msg: _Optional[str] = ..., outcome: _Optional[_Union[Outcome, _Mapping]] = ..., feesplit: _Optional[_Iterable[_Union[FeeSplit, _Mapping]]] = ...) -> None: ...

class SettleRequest(_message.Message):
    __slots__ = ("envelope", "credential", "input")
    ENVELOPE_FIELD_NUMBER: _ClassVar[int]
    CREDENTIAL_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    envelope: _envelope_pb2.Envelope
    credential: _envelope_pb2.Credential
    input: SettleInput
    def __init__(self, envelope: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ..., credential: _Optional[_Union[_envelope_pb2.Credential, _Mapping]] = ..., input: _Optional[_Union[SettleInput, _Mapping]] = ...) -> None: ...

class SettleInput(_message.Message):
    __slots__ = ("psn_no", "mdtrt_id", "med_type", "insutype", "chrg_bchno", "medfee_sumamt", "psn_setlway", "acct_used_flag", "invono", "fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt", "mid_setl_flag", "begntime", "endtime", "dise_codg", "er_flag", "trum_flag", "rel_ttp_flag", "matn_type", "feedetl", "ipt_otp_no", "fee_ocur_time", "acct_mulaid_psn_no")
    PSN_NO_FIELD_NUMBER: _ClassVar[int]
    MDTRT_ID_FIELD_NUMBER: _ClassVar[int]
    MED_TYPE_FIELD_NUMBER: _ClassVar[int]
    INSUTYPE_FIELD_NUMBER: _ClassVar[int]
    CHRG_BCHNO_FIELD_NUMBER: _ClassVar[int]
    MEDFEE_SUMAMT_FIELD_NUMBER: _ClassVar[int]
    PSN_SETLWAY_FIELD_NUMBER: _ClassVar[int]
    ACCT_USED_FLAG_FIELD_NUMBER: _ClassVar[int]
    INVONO_FIELD_NUMBER: _ClassVar[int]
    FULAMT_OWNPAY_AMT_FIELD_NUMBER: _ClassVar[int]
    OVERLMT_SELFPAY_FIELD_NUMBER: _ClassVar[int]
    PRESELFPAY_AMT_FIELD_NUMBER: _ClassVar[int]
    INSCP_SCP_AMT_FIELD_NUMBER: _ClassVar[int]
    MID_SETL_FLAG_FIELD_NUMBER: _ClassVar[int]
    BEGNTIME_FIELD_NUMBER: _ClassVar[int]
    ENDTIME_FIELD_NUMBER: _ClassVar[int]
    DISE_CODG_FIELD_NUMBER: _ClassVar[int]
    ER_FLAG_FIELD_NUMBER: _ClassVar[int]
    TRUM_FLAG_FIELD_NUMBER: _ClassVar[int]
    REL_TTP_FLAG_FIELD_NUMBER: _ClassVar[int]
    MATN_TYPE_FIELD_NUMBER: _ClassVar[int]
    FEEDETL_FIELD_NUMBER: _ClassVar[int]
    IPT_OTP_NO_FIELD_NUMBER: _ClassVar[int]
    FEE_OCUR_TIME_FIELD_NUMBER: _ClassVar[int]
    ACCT_MULAID_PSN_NO_FIELD_NUMBER: _ClassVar[int]
    psn_no: str
    mdtrt_id: str
    med_type: str
    insutype: str
    chrg_bchno: str
    medfee_sumamt: int
    psn_setlway: str
    acct_used_flag: str
    invono: str
    fulamt_ownpay_amt: int
    overlmt_selfpay: int
    preselfpay_amt: int
    inscp_scp_amt: int
    mid_setl_flag: str
    begntime: str
    endtime: str
    dise_codg: str
    er_flag: str
    trum_flag: str
    rel_ttp_flag: str
    matn_type: str
    feedetl: _containers.RepeatedCompositeFieldContainer[FeeDetail]
    ipt_otp_no: str
    fee_ocur_time: str
    acct_mulaid_psn_no: str
    def __init__(self, psn_no: _Optional[str] = ..., mdtrt_id: _Optional[str] = ..., med_type: _Optional[str] = ..., insutype: _Optional[str] = ..., chrg_bchno: _Optional[str] = ..., medfee_sumamt: _Optional[int] = ..., psn_setlway: _Optional[str] = ..., acct_used_flag: _Optional[str] = ..., invono: _Optional[str] = ..., fulamt_ownpay_amt: _Optional[int] = ..., overlmt_selfpay: _Optional[int] = ..., preselfpay_amt: _Optional[int] = ..., inscp_scp_amt: _Optional[int] = ..., mid_setl_flag: _Optional[str] = ..., begntime: _Optional[str] = ..., endtime: _Optional[str] = ..., dise_codg: _Optional[str] = ..., er_flag: _Optional[str] = ..., trum_flag: _Optional[str] = ..., rel_ttp_flag: _Optional[str] = ..., matn_type: _Optional[str] = ..., feedetl: _Optional[_Iterable[_Union[FeeDetail, _Mapping]]] = ..., ipt_otp_no: _Optional[str] = ..., fee_ocur_time: _Optional[str] = ..., acct_mulaid_psn_no: _Optional[str] = ...) -> None: ...

class FeeDetail(_message.Message):
    __slots__ = ("feedetl_sn", "med_list_codg", "medins_list_codg", "det_item_fee_sumamt", "cnt", "pric", "fee_ocur_time", "init_feedetl_sn", "rxno", "bilg_dept_codg", "bilg_dr_codg", "hosp_appr_flag", "drug_trac_codg")
    FEEDETL_SN_FIELD_NUMBER: _ClassVar[int]
    MED_LIST_CODG_FIELD_NUMBER: _ClassVar[int]
    MEDINS_LIST_CODG_FIELD_NUMBER: _ClassVar[int]
    DET_ITEM_FEE_SUMAMT_FIELD_NUMBER: _ClassVar[int]
    CNT_FIELD_NUMBER: _ClassVar[int]
    PRIC_FIELD_NUMBER: _ClassVar[int]
    FEE_OCUR_TIME_FIELD_NUMBER: _ClassVar[int]
    INIT_FEEDETL_SN_FIELD_NUMBER: _ClassVar[int]
    RXNO_FIELD_NUMBER: _ClassVar[int]
    BILG_DEPT_CODG_FIELD_NUMBER: _ClassVar[int]
    BILG_DR_CODG_FIELD_NUMBER: _ClassVar[int]
    HOSP_APPR_FLAG_FIELD_NUMBER: _ClassVar[int]
    DRUG_TRAC_CODG_FIELD_NUMBER: _ClassVar[int]
    feedetl_sn: str
    med_list_codg: str
    medins_list_codg: str
    det_item_fee_sumamt: int
    cnt: int
    pric: int
    fee_ocur_time: str
    init_feedetl_sn: str
    rxno: str
    bilg_dept_codg: str
    bilg_dr_codg: str
    hosp_appr_flag: str
    drug_trac_codg: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, feedetl_sn: _Optional[str] = ..., med_list_codg: _Optional[str] = ..., medins_list_codg: _Optional[str] = ..., det_item_fee_sumamt: _Optional[int] = ..., cnt: _Optional[int] = ..., pric: _Optional[int] = ..., fee_ocur_time: _Optional[str] = ..., init_feedetl_sn: _Optional[str] = ..., rxno: _Optional[str] = ..., bilg_dept_codg: _Optional[str] = ..., bilg_dr_codg: _Optional[str] = ..., hosp_appr_flag: _Optional[str] = ..., drug_trac_codg: _Optional[_Iterable[str]] = ...) -> None: ...

class FeeSplit(_message.Message):
    __slots__ = ("feedetl_sn", "chrgitm_lv", "det_item_fee_sumamt", "pric_uplmt_amt", "selfpay_prop", "fulamt_ownpay_amt", "overlmt_amt", "preselfpay_amt", "inscp_scp_amt")
    FEEDETL_SN_FIELD_NUMBER: _ClassVar[int]
    CHRGITM_LV_FIELD_NUMBER: _ClassVar[int]
    DET_ITEM_FEE_SUMAMT_FIELD_NUMBER: _ClassVar[int]
    PRIC_UPLMT_AMT_FIELD_NUMBER: _ClassVar[int]
    SELFPAY_PROP_FIELD_NUMBER: _ClassVar[int]
    FULAMT_OWNPAY_AMT_FIELD_NUMBER: _ClassVar[int]
    OVERLMT_AMT_FIELD_NUMBER: _ClassVar[int]
    PRESELFPAY_AMT_FIELD_NUMBER: _ClassVar[int]
    INSCP_SCP_AMT_FIELD_NUMBER: _ClassVar[int]
    feedetl_sn: str
    chrgitm_lv: str
    det_item_fee_sumamt: int
    pric_uplmt_amt: int
    selfpay_prop: int
    fulamt_ownpay_amt: int
    overlmt_amt: int
    preselfpay_amt: int
    inscp_scp_amt: int
    def __init__(self, feedetl_sn: _Optional[str] = ..., chrgitm_lv: _Optional[str] = ..., det_item_fee_sumamt: _Optional[int] = ..., pric_uplmt_amt: _Optional[int] = ..., selfpay_prop: _Optional[int] = ..., fulamt_ownpay_amt: _Optional[int] = ..., overlmt_amt: _Optional[int] = ..., preselfpay_amt: _Optional[int] = ..., inscp_scp_amt: _Optional[int] = ...) -> None: ...

class SettleResponse(_message.Message):
    __slots__ = ("infcode", "err_msg", "outcome", "undone_by", "pending")
    INFCODE_FIELD_NUMBER: _ClassVar[int]
    ERR_MSG_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    UNDONE_BY_FIELD_NUMBER: _ClassVar[int]
    PENDING_FIELD_NUMBER: _ClassVar[int]
    infcode: int
    err_msg: str
    outcome: Outcome
    undone_by: str
    pending: Pending
    def __init__(self, infcode: _Optional[int] = ..., err_msg: _Optional[str] = ..., outcome: _Optional[_Union[Outcome, _Mapping]] = ..., undone_by: _Optional[str] = ..., pending: _Optional[_Union[Pending, _Mapping]] = ...) -> None: ...

class CancelRequest(_message.Message):
    __slots__ = ("envelope", "credential", "input")
    ENVELOPE_FIELD_NUMBER: _ClassVar[int]
    CREDENTIAL_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    envelope: _envelope_pb2.Envelope
    credential: _envelope_pb2.Credential
    input: CancelInput
    def __init__(self, envelope: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ..., credential: _Optional[_Union[_envelope_pb2.Credential, _Mapping]] = ..., input: _Optional[_Union[CancelInput, _Mapping]] = ...) -> None: ...

class CancelInput(_message.Message):
    __slots__ = ("setl_id", "mdtrt_id", "psn_no")
    SETL_ID_FIELD_NUMBER: _ClassVar[int]
    MDTRT_ID_FIELD_NUMBER: _ClassVar[int]
    PSN_NO_FIELD_NUMBER: _ClassVar[int]
    setl_id: str
    mdtrt_id: str
    psn_no: str
    def __init__(self, setl_id: _Optional[str] = ..., mdtrt_id: _Optional[str] = ..., psn_no: _Optional[str] = ...) -> None: ...

class CancelResponse(_message.Message):
    __slots__ = ("infcode", "err_msg", "outcome", "undone_by", "pending")
    INFCODE_FIELD_NUMBER: _ClassVar[int]
    ERR_MSG_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    UNDONE_BY_FIELD_NUMBER: _ClassVar[int]
    PENDING_FIELD_NUMBER: _ClassVar[int]
    infcode: int
    err_msg: str
    outcome: Outcome
    undone_by: str
    pending: Pending
    def __init__(self, infcode: _Optional[int] = ..., err_msg: _Optional[str] = ..., outcome: _Optional[_Union[Outcome, _Mapping]] = ..., undone_by: _Optional[str] = ..., pending: _Optional[_Union[Pending, _Mapping]] = ...) -> None: ...

class ReverseRequest(_message.Message):
    __slots__ = ("envelope", "input")
    ENVELOPE_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    envelope: _envelope_pb2.Envelope
    input: ReverseInput
    def __init__(self, envelope: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ..., input: _Optional[_Union[ReverseInput, _Mapping]] = ...) -> None: ...

class ReverseInput(_message.Message):
    __slots__ = ("psn_no", "omsgid", "oinfno")
    PSN_NO_FIELD_NUMBER: _ClassVar[int]
    OMSGID_FIELD_NUMBER: _ClassVar[int]
    OINFNO_FIELD_NUMBER: _ClassVar[int]
    psn_no: str
    omsgid: str
    oinfno: str
    def __init__(self, psn_no: _Optional[str] = ..., omsgid: _Optional[str] = ..., oinfno: _Optional[str] = ...) -> None: ...

class ReverseResponse(_message.Message):
    __slots__ = ("infcode", "err_msg", "outcome", "undone_by", "pending")
    INFCODE_FIELD_NUMBER: _ClassVar[int]
    ERR_MSG_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    UNDONE_BY_FIELD_NUMBER: _ClassVar[int]
    PENDING_FIELD_NUMBER: _ClassVar[int]
    infcode: int
    err_msg: str
    outcome: Outcome
    undone_by: str
    pending: Pending
    def __init__(self, infcode: _Optional[int] = ..., err_msg: _Optional[str] = ..., outcome: _Optional[_Union[Outcome, _Mapping]] = ..., undone_by: _Optional[str] = ..., pending: _Optional[_Union[Pending, _Mapping]] = ...) -> None: ...

class GetSettlementRequest(_message.Message):
    __slots__ = ("envelope", "input")
    ENVELOPE_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    envelope: _envelope_pb2.Envelope
    input: GetSettlementInput
    def __init__(self, envelope: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ..., input: _Optional[_Union[GetSettlementInput, _Mapping]] = ...) -> None: ...

class GetSettlementInput(_message.Message):
    __slots__ = ("setl_id", "omsgid", "oinfno", "psn_no", "mdtrt_id")
    SETL_ID_FIELD_NUMBER: _ClassVar[int]
    OMSGID_FIELD_NUMBER: _ClassVar[int]
    OINFNO_FIELD_NUMBER: _ClassVar[int]
    PSN_NO_FIELD_NUMBER: _ClassVar[int]
    MDTRT_ID_FIELD_NUMBER: _ClassVar[int]
    setl_id: str
    omsgid: str
    oinfno: str
    psn_no: str
    mdtrt_id: str
    def __init__(self, setl_id: _Optional[str] = ..., omsgid: _Optional[str] = ..., oinfno: _Optional[str] = ..., psn_no: _Optional[str] = ..., mdtrt_id: _Optional[str] = ...) -> None: ...

class GetSettlementResponse(_message.Message):
    __slots__ = ("infcode", "err_msg", "found")
    INFCODE_FIELD_NUMBER: _ClassVar[int]
    ERR_MSG_FIELD_NUMBER: _ClassVar[int]
    FOUND_FIELD_NUMBER: _ClassVar[int]
    infcode: int
    err_msg: str
    found: _containers.RepeatedCompositeFieldContainer[SettlementFound]
    def __init__(self, infcode: _Optional[int] = ..., err_msg: _Optional[str] = ..., found: _Optional[_Iterable[_Union[SettlementFound, _Mapping]]] = ...) -> None: ...

class SettlementFound(_message.Message):
    __slots__ = ("outcome", "undone_by", "pending")
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    UNDONE_BY_FIELD_NUMBER: _ClassVar[int]
    PENDING_FIELD_NUMBER: _ClassVar[int]
    outcome: Outcome
    undone_by: str
    pending: Pending
    def __init__(self, outcome: _Optional[_Union[Outcome, _Mapping]] = ..., undone_by: _Optional[str] = ..., pending: _Optional[_Union[Pending, _Mapping]] = ...) -> None: ...

class GetAccumulatorsRequest(_message.Message):
    __slots__ = ("envelope", "psn_no", "cum_ym")
    ENVELOPE_FIELD_NUMBER: _ClassVar[int]
    PSN_NO_FIELD_NUMBER: _ClassVar[int]
    CUM_YM_FIELD_NUMBER: _ClassVar[int]
    envelope: _envelope_pb2.Envelope
    psn_no: str
    cum_ym: str
    def __init__(self, envelope: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ..., psn_no: _Optional[str] = ..., cum_ym: _Optional[str] = ...) -> None: ...

class GetAccumulatorsResponse(_message.Message):
    __slots__ = ("infcode", "err_msg", "cuminfo")
    INFCODE_FIELD_NUMBER: _ClassVar[int]
    ERR_MSG_FIELD_NUMBER: _ClassVar[int]
    CUMINFO_FIELD_NUMBER: _ClassVar[int]
    infcode: int
    err_msg: str
    cuminfo: _containers.RepeatedCompositeFieldContainer[Accumulated]
    def __init__(self, infcode: _Optional[int] = ..., err_msg: _Optional[str] = ..., cuminfo: _Optional[_Iterable[_Union[Accumulated, _Mapping]]] = ...) -> None: ...

class ListStaysRequest(_message.Message):
    __slots__ = ("envelope", "psn_no")
    ENVELOPE_FIELD_NUMBER: _ClassVar[int]
    PSN_NO_FIELD_NUMBER: _ClassVar[int]
    envelope: _envelope_pb2.Envelope
    psn_no: str
    def __init__(self, envelope: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ..., psn_no: _Optional[str] = ...) -> None: ...

class ListStaysResponse(_message.Message):
    __slots__ = ("infcode", "err_msg", "stays")
    INFCODE_FIELD_NUMBER: _ClassVar[int]
    ERR_MSG_FIELD_NUMBER: _ClassVar[int]
    STAYS_FIELD_NUMBER: _ClassVar[int]
    infcode: int
    err_msg: str
    stays: _containers.RepeatedCompositeFieldContainer[StayInfo]
    def __init__(self, infcode: _Optional[int] = ..., err_msg: _Optional[str] = ..., stays: _Optional[_Iterable[_Union[StayInfo, _Mapping]]] = ...) -> None: ...

class StayInfo(_message.Message):
    __slots__ = ("fixmedins_code", "fixmedins_name", "insutype", "med_type", "begntime", "mdtrt_id", "ipt_otp_no")
    FIXMEDINS_CODE_FIELD_NUMBER: _ClassVar[int]
    FIXMEDINS_NAME_FIELD_NUMBER: _ClassVar[int]
    INSUTYPE_FIELD_NUMBER: _ClassVar[int]
    MED_TYPE_FIELD_NUMBER: _ClassVar[int]
    BEGNTIME_FIELD_NUMBER: _ClassVar[int]
    MDTRT_ID_FIELD_NUMBER: _ClassVar[int]
    IPT_OTP_NO_FIELD_NUMBER: _ClassVar[int]
    fixmedins_code: str
    fixmedins_name: str
    insutype: str
    med_type: str
    begntime: str
    mdtrt_id: str
    ipt_otp_no: str
    def __init__(self, fixmedins_code: _Optional[str] = ..., fixmedins_name: _Optional[str] = ..., insutype: _Optional[str] = ..., med_type: _Optional[str] = ..., begntime: _Optional[str] = ..., mdtrt_id: _Optional[str] = ..., ipt_otp_no: _Optional[str] = ...) -> None: ...

class GetInstitutionRequest(_message.Message):
    __slots__ = ("envelope", "fixmedins_code")
    ENVELOPE_FIELD_NUMBER: _ClassVar[int]
    FIXMEDINS_CODE_FIELD_NUMBER: _ClassVar[int]
    envelope: _envelope_pb2.Envelope
    fixmedins_code: str
    def __init__(self, envelope: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ..., fixmedins_code: _Optional[str] = ...) -> None: ...

class GetInstitutionResponse(_message.Message):
    __slots__ = ("infcode", "err_msg", "fixmedins_code", "fixmedins_name", "fixmedins_type", "hosp_lv", "lmtpric_hosp_lv", "dedc_hosp_lv", "fixmedins_poolarea", "agreement_from", "agreement_to", "network", "services")
    INFCODE_FIELD_NUMBER: _ClassVar[int]
    ERR_MSG_FIELD_NUMBER: _ClassVar[int]
    FIXMEDINS_CODE_FIELD_NUMBER: _ClassVar[int]
    FIXMEDINS_NAME_FIELD_NUMBER: _ClassVar[int]
    FIXMEDINS_TYPE_FIELD_NUMBER: _ClassVar[int]
    HOSP_LV_FIELD_NUMBER: _ClassVar[int]
    LMTPRIC_HOSP_LV_FIELD_NUMBER: _ClassVar[int]
    DEDC_HOSP_LV_FIELD_NUMBER: _ClassVar[int]
    FIXMEDINS_POOLAREA_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_FROM_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_TO_FIELD_NUMBER: _ClassVar[int]
    NETWORK_FIELD_NUMBER: _ClassVar[int]
    SERVICES_FIELD_NUMBER: _ClassVar[int]
    infcode: int
    err_msg: str
    fixmedins_code: str
    fixmedins_name: str
    fixmedins_type: str
    hosp_lv: str
    lmtpric_hosp_lv: str
    dedc_hosp_lv: str
    fixmedins_poolarea: str
    agreement_from: str
    agreement_to: str
    network: str
    services: _containers.RepeatedCompositeFieldContainer[OpenedService]
    def __init__(self, infcode: _Optional[int] = ..., err_msg: _Optional[str] = ..., fixmedins_code: _Optional[str] = ..., fixmedins_name: _Optional[str] = ..., fixmedins_type: _Optional[str] = ..., hosp_lv: _Optional[str] = ..., lmtpric_hosp_lv: _Optional[str] = ..., dedc_hosp_lv: _Optional[str] = ..., fixmedins_poolarea: _Optional[str] = ..., agreement_from: _Optional[str] = ..., agreement_to: _Optional[str] = ..., network: _Optional[str] = ..., services: _Optional[_Iterable[_Union[OpenedService, _Mapping]]] = ...) -> None: ...

class OpenedService(_message.Message):
    __slots__ = ("route", "med_type")
    ROUTE_FIELD_NUMBER: _ClassVar[int]
    MED_TYPE_FIELD_NUMBER: _ClassVar[int]
    route: str
    med_type: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, route: _Optional[str] = ..., med_type: _Optional[_Iterable[str]] = ...) -> None: ...

class GetCatalogueRequest(_message.Message):
    __slots__ = ("envelope", "dictionary", "updt_time", "page_after", "page_size")
    ENVELOPE_FIELD_NUMBER: _ClassVar[int]
    DICTIONARY_FIELD_NUMBER: _ClassVar[int]
    UPDT_TIME_FIELD_NUMBER: _ClassVar[int]
    PAGE_AFTER_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    envelope: _envelope_pb2.Envelope
    dictionary: str
    updt_time: str
    page_after: str
    page_size: int
    def __init__(self, envelope: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ..., dictionary: _Optional[str] = ..., updt_time: _Optional[str] = ..., page_after: _Optional[str] = ..., page_size: _Optional[int] = ...) -> None: ...

class GetCatalogueResponse(_message.Message):
    __slots__ = ("infcode", "err_msg", "items", "entries", "next_page")
    INFCODE_FIELD_NUMBER: _ClassVar[int]
    ERR_MSG_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_FIELD_NUMBER: _ClassVar[int]
    infcode: int
    err_msg: str
    items: _containers.RepeatedCompositeFieldContainer[CatalogueItem]
    entries: _containers.RepeatedCompositeFieldContainer[DictionaryEntry]
    next_page: str
    def __init__(self, infcode: _Optional[int] = ..., err_msg: _Optional[str] = ..., items: _Optional[_Iterable[_Union[CatalogueItem, _Mapping]]] = ..., entries: _Optional[_Iterable[_Union[DictionaryEntry, _Mapping]]] = ..., next_page: _Optional[str] = ...) -> None: ...

class CatalogueItem(_message.Message):
    __slots__ = ("med_list_codg", "reg_name", "list_type", "chrgitm_lv", "selfpay_prop", "pric_uplmt_amt", "begndate", "enddate", "drug_trac_flag")
    MED_LIST_CODG_FIELD_NUMBER: _ClassVar[int]
    REG_NAME_FIELD_NUMBER: _ClassVar[int]
    LIST_TYPE_FIELD_NUMBER: _ClassVar[int]
    CHRGITM_LV_FIELD_NUMBER: _ClassVar[int]
    SELFPAY_PROP_FIELD_NUMBER: _ClassVar[int]
    PRIC_UPLMT_AMT_FIELD_NUMBER: _ClassVar[int]
    BEGNDATE_FIELD_NUMBER: _ClassVar[int]
    ENDDATE_FIELD_NUMBER: _ClassVar[int]
    DRUG_TRAC_FLAG_FIELD_NUMBER: _ClassVar[int]
    med_list_codg: str
    reg_name: str
    list_type: str
    chrgitm_lv: str
    selfpay_prop: int
    pric_uplmt_amt: _containers.RepeatedScalarFieldContainer[int]
    begndate: str
    enddate: str
    drug_trac_flag: str
    def __init__(self, med_list_codg: _Optional[str] = ..., reg_name: _Optional[str] = ..., list_type: _Optional[str] = ..., chrgitm_lv: _Optional[str] = ..., selfpay_prop: _Optional[int] = ..., pric_uplmt_amt: _Optional[_Iterable[int]] = ..., begndate: _Optional[str] = ..., enddate: _Optional[str] = ..., drug_trac_flag: _Optional[str] = ...) -> None: ...

class DictionaryEntry(_message.Message):
    __slots__ = ("type", "label", "value")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    type: str
    label: str
    value: str
    def __init__(self, type: _Optional[str] = ..., label: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

class SignInRequest(_message.Message):
    __slots__ = ("envelope", "opter_no", "mac", "ip")
    ENVELOPE_FIELD_NUMBER: _ClassVar[int]
    OPTER_NO_FIELD_NUMBER: _ClassVar[int]
    MAC_FIELD_NUMBER: _ClassVar[int]
    IP_FIELD_NUMBER: _ClassVar[int]
    envelope: _envelope_pb2.Envelope
    opter_no: str
    mac: str
    ip: str
    def __init__(self, envelope: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ..., opter_no: _Optional[str] = ..., mac: _Optional[str] = ..., ip: _Optional[str] = ...) -> None: ...

class SignInResponse(_message.Message):
    __slots__ = ("infcode", "err_msg", "sign_no", "sign_time")
    INFCODE_FIELD_NUMBER: _ClassVar[int]
    ERR_MSG_FIELD_NUMBER: _ClassVar[int]
    SIGN_NO_FIELD_NUMBER: _ClassVar[int]
    SIGN_TIME_FIELD_NUMBER: _ClassVar[int]
    infcode: int
    err_msg: str
    sign_no: str
    sign_time: str
    def __init__(self, infcode: _Optional[int] = ..., err_msg: _Optional[str] = ..., sign_no: _Optional[str] = ..., sign_time: _Optional[str] = ...) -> None: ...

class SignOutRequest(_message.Message):
    __slots__ = ("envelope", "sign_no", "opter_no")
    ENVELOPE_FIELD_NUMBER: _ClassVar[int]
    SIGN_NO_FIELD_NUMBER: _ClassVar[int]
    OPTER_NO_FIELD_NUMBER: _ClassVar[int]
    envelope: _envelope_pb2.Envelope
    sign_no: str
    opter_no: str
    def __init__(self, envelope: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ..., sign_no: _Optional[str] = ..., opter_no: _Optional[str] = ...) -> None: ...

class SignOutResponse(_message.Message):
    __slots__ = ("infcode", "err_msg", "sign_time")
    INFCODE_FIELD_NUMBER: _ClassVar[int]
    ERR_MSG_FIELD_NUMBER: _ClassVar[int]
    SIGN_TIME_FIELD_NUMBER: _ClassVar[int]
    infcode: int
    err_msg: str
    sign_time: str
    def __init__(self, infcode: _Optional[int] = ..., err_msg: _Optional[str] = ..., sign_time: _Optional[str] = ...) -> None: ...

class SessionRequest(_message.Message):
    __slots__ = ("batch_no", "timeout_ms", "calls")
    BATCH_NO_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_MS_FIELD_NUMBER: _ClassVar[int]
    CALLS_FIELD_NUMBER: _ClassVar[int]
    batch_no: int
    timeout_ms: int
    calls: _containers.RepeatedCompositeFieldContainer[SessionCall]
    def __init__(self, batch_no: _Optional[int] = ..., timeout_ms: _Optional[int] = ..., calls: _Optional[_Iterable[_Union[SessionCall, _Mapping]]] = ...) -> None: ...

class SessionCall(_message.Message):
    __slots__ = ("get_insured", "open_visit", "cancel_visit", "pre_settle", "settle", "cancel", "reverse", "get_settlement", "update_visit", "close_visit", "reopen_visit", "upload_fees", "cancel_fees")
    GET_INSURED_FIELD_NUMBER: _ClassVar[int]
    OPEN_VISIT_FIELD_NUMBER: _ClassVar[int]
    CANCEL_VISIT_FIELD_NUMBER: _ClassVar[int]
    PRE_SETTLE_FIELD_NUMBER: _ClassVar[int]
    SETTLE_FIELD_NUMBER: _ClassVar[int]
    CANCEL_FIELD_NUMBER: _ClassVar[int]
    REVERSE_FIELD_NUMBER: _ClassVar[int]
    GET_SETTLEMENT_FIELD_NUMBER: _ClassVar[int]
    UPDATE_VISIT_FIELD_NUMBER: _ClassVar[int]
    CLOSE_VISIT_FIELD_NUMBER: _ClassVar[int]
    REOPEN_VISIT_FIELD_NUMBER: _ClassVar[int]
    UPLOAD_FEES_FIELD_NUMBER: _ClassVar[int]
    CANCEL_FEES_FIELD_NUMBER: _ClassVar[int]
    get_insured: GetInsuredRequest
    open_visit: OpenVisitRequest
    cancel_visit: CancelVisitRequest
    pre_settle: PreSettleRequest
    settle: SettleRequest
    cancel: CancelRequest
    reverse: ReverseRequest
    get_settlement: GetSettlementRequest
    update_visit: UpdateVisitRequest
    close_visit: CloseVisitRequest
    reopen_visit: ReopenVisitRequest
    upload_fees: UploadFeesRequest
    cancel_fees: CancelFeesRequest
    def __init__(self, get_insured: _Optional[_Union[GetInsuredRequest, _Mapping]] = ..., open_visit: _Optional[_Union[OpenVisitRequest, _Mapping]] = ..., cancel_visit: _Optional[_Union[CancelVisitRequest, _Mapping]] = ..., pre_settle: _Optional[_Union[PreSettleRequest, _Mapping]] = ..., settle: _Optional[_Union[SettleRequest, _Mapping]] = ..., cancel: _Optional[_Union[CancelRequest, _Mapping]] = ..., reverse: _Optional[_Union[ReverseRequest, _Mapping]] = ..., get_settlement: _Optional[_Union[GetSettlementRequest, _Mapping]] = ..., update_visit: _Optional[_Union[UpdateVisitRequest, _Mapping]] = ..., close_visit: _Optional[_Union[CloseVisitRequest, _Mapping]] = ..., reopen_visit: _Optional[_Union[ReopenVisitRequest, _Mapping]] = ..., upload_fees: _Optional[_Union[UploadFeesRequest, _Mapping]] = ..., cancel_fees: _Optional[_Union[CancelFeesRequest, _Mapping]] = ...) -> None: ...

class SessionResponse(_message.Message):
    __slots__ = ("batch_no", "results")
    BATCH_NO_FIELD_NUMBER: _ClassVar[int]
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    batch_no: int
    results: _containers.RepeatedCompositeFieldContainer[SessionResult]
    def __init__(self, batch_no: _Optional[int] = ..., results: _Optional[_Iterable[_Union[SessionResult, _Mapping]]] = ...) -> None: ...

class SessionResult(_message.Message):
    __slots__ = ("refusal", "get_insured", "open_visit", "cancel_visit", "pre_settle", "settle", "cancel", "reverse", "get_settlement", "update_visit", "close_visit", "reopen_visit", "upload_fees", "cancel_fees")
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    GET_INSURED_FIELD_NUMBER: _ClassVar[int]
    OPEN_VISIT_FIELD_NUMBER: _ClassVar[int]
    CANCEL_VISIT_FIELD_NUMBER: _ClassVar[int]
    PRE_SETTLE_FIELD_NUMBER: _ClassVar[int]
    SETTLE_FIELD_NUMBER: _ClassVar[int]
    CANCEL_FIELD_NUMBER: _ClassVar[int]
    REVERSE_FIELD_NUMBER: _ClassVar[int]
    GET_SETTLEMENT_FIELD_NUMBER: _ClassVar[int]
    UPDATE_VISIT_FIELD_NUMBER: _ClassVar[int]
    CLOSE_VISIT_FIELD_NUMBER: _ClassVar[int]
    REOPEN_VISIT_FIELD_NUMBER: _ClassVar[int]
    UPLOAD_FEES_FIELD_NUMBER: _ClassVar[int]
    CANCEL_FEES_FIELD_NUMBER: _ClassVar[int]
    refusal: _envelope_pb2.Refusal
    get_insured: GetInsuredResponse
    open_visit: OpenVisitResponse
    cancel_visit: CancelVisitResponse
    pre_settle: PreSettleResponse
    settle: SettleResponse
    cancel: CancelResponse
    reverse: ReverseResponse
    get_settlement: GetSettlementResponse
    update_visit: UpdateVisitResponse
    close_visit: CloseVisitResponse
    reopen_visit: ReopenVisitResponse
    upload_fees: UploadFeesResponse
    cancel_fees: CancelFeesResponse
    def __init__(self, refusal: _Optional[_Union[_envelope_pb2.Refusal, _Mapping]] = ..., get_insured: _Optional[_Union[GetInsuredResponse, _Mapping]] = ..., open_visit: _Optional[_Union[OpenVisitResponse, _Mapping]] = ..., cancel_visit: _Optional[_Union[CancelVisitResponse, _Mapping]] = ..., pre_settle: _Optional[_Union[PreSettleResponse, _Mapping]] = ..., settle: _Optional[_Union[SettleResponse, _Mapping]] = ..., cancel: _Optional[_Union[CancelResponse, _Mapping]] = ..., reverse: _Optional[_Union[ReverseResponse, _Mapping]] = ..., get_settlement: _Optional[_Union[GetSettlementResponse, _Mapping]] = ..., update_visit: _Optional[_Union[UpdateVisitResponse, _Mapping]] = ..., close_visit: _Optional[_Union[CloseVisitResponse, _Mapping]] = ..., reopen_visit: _Optional[_Union[ReopenVisitResponse, _Mapping]] = ..., upload_fees: _Optional[_Union[UploadFeesResponse, _Mapping]] = ..., cancel_fees: _Optional[_Union[CancelFeesResponse, _Mapping]] = ...) -> None: ...
