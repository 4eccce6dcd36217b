from proto.settlement.v1 import envelope_pb2 as _envelope_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CompareTotalsRequest(_message.Message):
    __slots__ = ("envelope", "input")
    ENVELOPE_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    envelope: _envelope_pb2.Envelope
    input: TotalsInput
    def __init__(self, envelope: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ..., input: _Optional[_Union[TotalsInput, _Mapping]] = ...) -> None: ...

class TotalsInput(_message.Message):
    __slots__ = ("insutype", "clr_type", "setl_optins", "stmt_begndate", "stmt_enddate", "medfee_sumamt", "fund_pay_sumamt", "acct_pay", "fixmedins_setl_cnt", "refd_setl_flag", "route", "cash_payamt")
    INSUTYPE_FIELD_NUMBER: _ClassVar[int]
    CLR_TYPE_FIELD_NUMBER: _ClassVar[int]
    SETL_OPTINS_FIELD_NUMBER: _ClassVar[int]
    STMT_BEGNDATE_FIELD_NUMBER: _ClassVar[int]
    STMT_ENDDATE_FIELD_NUMBER: _ClassVar[int]
    MEDFEE_SUMAMT_FIELD_NUMBER: _ClassVar[int]
    FUND_PAY_SUMAMT_FIELD_NUMBER: _ClassVar[int]
    ACCT_PAY_FIELD_NUMBER: _ClassVar[int]
    FIXMEDINS_SETL_CNT_FIELD_NUMBER: _ClassVar[int]
    REFD_SETL_FLAG_FIELD_NUMBER: _ClassVar[int]
    ROUTE_FIELD_NUMBER: _ClassVar[int]
    CASH_PAYAMT_FIELD_NUMBER: _ClassVar[int]
    insutype: str
    clr_type: str
    setl_optins: str
    stmt_begndate: str
    stmt_enddate: str
    medfee_sumamt: int
    fund_pay_sumamt: int
    acct_pay: int
    fixmedins_setl_cnt: int
    refd_setl_flag: str
    route: int
    cash_payamt: int
    def __init__(self, insutype: _Optional[str] = ..., clr_type: _Optional[str] = ..., setl_optins: _Optional[str] = ..., stmt_begndate: _Optional[str] = ..., stmt_enddate: _Optional[str] = ..., medfee_sumamt: _Optional[int] = ..., fund_pay_sumamt: _Optional[int] = ..., acct_pay: _Optional[int] = ..., fixmedins_setl_cnt: _Optional[int] = ..., refd_setl_flag: _Optional[str] = ..., route: _Optional[int] = ..., cash_payamt: _Optional[int] = ...) -> None: ...

class CompareTotalsResponse(_message.Message):
    __slots__ = ("infcode", "err_msg", "setl_optins", "stmt_rslt", "stmt_rslt_dscr", "centre")
    INFCODE_FIELD_NUMBER: _ClassVar[int]
    ERR_MSG_FIELD_NUMBER: _ClassVar[int]
    SETL_OPTINS_FIELD_NUMBER: _ClassVar[int]
    STMT_RSLT_FIELD_NUMBER: _ClassVar[int]
    STMT_RSLT_DSCR_FIELD_NUMBER: _ClassVar[int]
    CENTRE_FIELD_NUMBER: _ClassVar[int]
    infcode: int
    err_msg: str
    setl_optins: str
    stmt_rslt: str
    stmt_rslt_dscr: str
    centre: Totals
    def __init__(self, infcode: _Optional[int] = ..., err_msg: _Optional[str] = ..., setl_optins: _Optional[str] = ..., stmt_rslt: _Optional[str] = ..., stmt_rslt_dscr: _Optional[str] = ..., centre: _Optional[_Union[Totals, _Mapping]] = ...) -> None: ...

class Totals(_message.Message):
    __slots__ = ("fixmedins_setl_cnt", "medfee_sumamt", "fund_pay_sumamt", "acct_pay", "cash_payamt")
    FIXMEDINS_SETL_CNT_FIELD_NUMBER: _ClassVar[int]
    MEDFEE_SUMAMT_FIELD_NUMBER: _ClassVar[int]
    FUND_PAY_SUMAMT_FIELD_NUMBER: _ClassVar[int]
    ACCT_PAY_FIELD_NUMBER: _ClassVar[int]
    CASH_PAYAMT_FIELD_NUMBER: _ClassVar[int]
    fixmedins_setl_cnt: int
    medfee_sumamt: int
    fund_pay_sumamt: int
    acct_pay: int
    cash_payamt: int
    def __init__(self, fixmedins_setl_cnt: _Optional[int] = ..., medfee_sumamt: _Optional[int] = ..., fund_pay_sumamt: _Optional[int] = ..., acct_pay: _Optional[int] = ..., cash_payamt: _Optional[int] = ...) -> None: ...

class CompareDetailsRequest(_message.Message):
    __slots__ = ("envelope", "input")
    ENVELOPE_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    envelope: _envelope_pb2.Envelope
    input: DetailsInput
    def __init__(self, envelope: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ..., input: _Optional[_Union[DetailsInput, _Mapping]] = ...) -> None: ...

class DetailsInput(_message.Message):
    __slots__ = ("setl_optins", "stmt_begndate", "stmt_enddate", "medfee_sumamt", "fund_pay_sumamt", "cash_payamt", "fixmedins_setl_cnt", "clr_type", "refd_setl_flag", "file_qury_no", "file")
    SETL_OPTINS_FIELD_NUMBER: _ClassVar[int]
    STMT_BEGNDATE_FIELD_NUMBER: _ClassVar[int]
    STMT_ENDDATE_FIELD_NUMBER: _ClassVar[int]
    MEDFEE_SUMAMT_FIELD_NUMBER: _ClassVar[int]
    FUND_PAY_SUMAMT_FIELD_NUMBER: _ClassVar[int]
    CASH_PAYAMT_FIELD_NUMBER: _ClassVar[int]
    FIXMEDINS_SETL_CNT_FIELD_NUMBER: _ClassVar[int]
    CLR_TYPE_FIELD_NUMBER: _ClassVar[int]
    REFD_SETL_FLAG_FIELD_NUMBER: _ClassVar[int]
    FILE_QURY_NO_FIELD_NUMBER: _ClassVar[int]
    FILE_FIELD_NUMBER: _ClassVar[int]
    setl_optins: str
    stmt_begndate: str
    stmt_enddate: str
    medfee_sumamt: int
    fund_pay_sumamt: int
    cash_payamt: int
    fixmedins_setl_cnt: int
    clr_type: str
    refd_setl_flag: str
    file_qury_no: str
    file: bytes
    def __init__(self, setl_optins: _Optional[str] = ..., stmt_begndate: _Optional[str] = ..., stmt_enddate: _Optional[str] = ..., medfee_sumamt: _Optional[int] = ..., fund_pay_sumamt: _Optional[int] = ..., cash_payamt: _Optional[int] = ..., fixmedins_setl_cnt: _Optional[int] = ..., clr_type: _Optional[str] = ..., refd_setl_flag: _Optional[str] = ..., file_qury_no: _Optional[str] = ..., file: _Optional[bytes] = ...) -> None: ...

class CompareDetailsResponse(_message.Message):
    __slots__ = ("infcode", "err_msg", "file_qury_no", "filename", "result_file", "rows", "equal", "centre_more", "institution_more", "differ")
    INFCODE_FIELD_NUMBER: _ClassVar[int]
    ERR_MSG_FIELD_NUMBER: _ClassVar[int]
    FILE_QURY_NO_FIELD_NUMBER: _ClassVar[int]
    FILENAME_FIELD_NUMBER: _ClassVar[int]
    RESULT_FILE_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    EQUAL_FIELD_NUMBER: _ClassVar[int]
    CENTRE_MORE_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_MORE_FIELD_NUMBER: _ClassVar[int]
    DIFFER_FIELD_NUMBER: _ClassVar[int]
    infcode: int
    err_msg: str
    file_qury_no: str
    filename: str
    result_file: bytes
    rows: int
    equal: int
    centre_more: int
    institution_more: int
    differ: int
    def __init__(self, infcode: _Optional[int] = ..., err_msg: _Optional[str] = ..., file_qury_no: _Optional[str] = ..., filename: _Optional[str] = ..., result_file: _Optional[bytes] = ..., rows: _Optional[int] = ..., equal: _Optional[int] = ..., centre_more: _Optional[int] = ..., institution_more: _Optional[int] = ..., differ: _Optional[int] = ...) -> None: ...

class GetApportionmentRequest(_message.Message):
    __slots__ = ("envelope", "trt_year", "trt_month", "startrow")
    ENVELOPE_FIELD_NUMBER: _ClassVar[int]
    TRT_YEAR_FIELD_NUMBER: _ClassVar[int]
    TRT_MONTH_FIELD_NUMBER: _ClassVar[int]
    STARTROW_FIELD_NUMBER: _ClassVar[int]
    envelope: _envelope_pb2.Envelope
    trt_year: str
    trt_month: str
    startrow: int
    def __init__(self, envelope: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ..., trt_year: _Optional[str] = ..., trt_month: _Optional[str] = ..., startrow: _Optional[int] = ...) -> None: ...

class GetApportionmentResponse(_message.Message):
    __slots__ = ("infcode", "err_msg", "totalrow", "rows")
    INFCODE_FIELD_NUMBER: _ClassVar[int]
    ERR_MSG_FIELD_NUMBER: _ClassVar[int]
    TOTALROW_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    infcode: int
    err_msg: str
    totalrow: int
    rows: _containers.RepeatedCompositeFieldContainer[ApportionmentRow]
    def __init__(self, infcode: _Optional[int] = ..., err_msg: _Optional[str] = ..., totalrow: _Optional[int] = ..., rows: _Optional[_Iterable[_Union[ApportionmentRow, _Mapping]]] = ...) -> None: ...

class ApportionmentRow(_message.Message):
    __slots__ = ("seqno", "mdtrtarea", "medins_no", "mdtrt_id", "mdtrt_setl_time", "setl_sn", "fulamt_advpay_flag", "medfee_sumamt", "optins_pay_sumamt", "cnfm_flag")
    SEQNO_FIELD_NUMBER: _ClassVar[int]
    MDTRTAREA_FIELD_NUMBER: _ClassVar[int]
    MEDINS_NO_FIELD_NUMBER: _ClassVar[int]
    MDTRT_ID_FIELD_NUMBER: _ClassVar[int]
    MDTRT_SETL_TIME_FIELD_NUMBER: _ClassVar[int]
    SETL_SN_FIELD_NUMBER: _ClassVar[int]
    FULAMT_ADVPAY_FLAG_FIELD_NUMBER: _ClassVar[int]
    MEDFEE_SUMAMT_FIELD_NUMBER: _ClassVar[int]
    OPTINS_PAY_SUMAMT_FIELD_NUMBER: _ClassVar[int]
    CNFM_FLAG_FIELD_NUMBER: _ClassVar[int]
    seqno: int
    mdtrtarea: str
    medins_no: str
    mdtrt_id: str
    mdtrt_setl_time: str
    setl_sn: str
    fulamt_advpay_flag: str
    medfee_sumamt: int
    optins_pay_sumamt: int
    cnfm_flag: str
    def __init__(self, seqno: _Optional[int] = ..., mdtrtarea: _Optional[str] = ..., medins_no: _Optional[str] = ..., mdtrt_id: _Optional[str] = ..., mdtrt_setl_time: _Optional[str] = ..., setl_sn: _Optional[str] = ..., fulamt_advpay_flag: _Optional[str] = ..., medfee_sumamt: _Optional[int] = ..., optins_pay_sumamt: _Optional[int] = ..., cnfm_flag: _Optional[str] = ...) -> None: ...

class ConfirmApportionmentRequest(_message.Message):
    __slots__ = ("envelope", "trt_year", "trt_month", "totalrow", "detail")
    ENVELOPE_FIELD_NUMBER: _ClassVar[int]
    TRT_YEAR_FIELD_NUMBER: _ClassVar[int]
    TRT_MONTH_FIELD_NUMBER: _ClassVar[int]
    TOTALROW_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    envelope: _envelope_pb2.Envelope
    trt_year: str
    trt_month: str
    totalrow: int
    detail: _containers.RepeatedCompositeFieldContainer[ApportionmentConfirmation]
    def __init__(self, envelope: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ..., trt_year: _Optional[str] = ..., trt_month: _Optional[str] = ..., totalrow: _Optional[int] = ..., detail: _Optional[_Iterable[_Union[ApportionmentConfirmation, _Mapping]]] = ...) -> None: ...

class ApportionmentConfirmation(_message.Message):
    __slots__ = ("seqno", "setl_sn", "cnfm_flag")
    SEQNO_FIELD_NUMBER: _ClassVar[int]
    SETL_SN_FIELD_NUMBER: _ClassVar[int]
    CNFM_FLAG_FIELD_NUMBER: _ClassVar[int]
    seqno: int
    setl_sn: str
    cnfm_flag: str
    def __init__(self, seqno: _Optional[int] = ..., setl_sn: _Optional[str] = ..., cnfm_flag: _Optional[str] = ...) -> None: ...

class ConfirmApportionmentResponse(_message.Message):
    __slots__ = ("infcode", "err_msg", "inf_refmsgid", "confirmed", "left")
    INFCODE_FIELD_NUMBER: _ClassVar[int]
    ERR_MSG_FIELD_NUMBER: _ClassVar[int]
    INF_REFMSGID_FIELD_NUMBER: _ClassVar[int]
    CONFIRMED_FIELD_NUMBER: _ClassVar[int]
    LEFT_FIELD_NUMBER: _ClassVar[int]
    infcode: int
    err_msg: str
    inf_refmsgid: str
    confirmed: int
    left: int
    def __init__(self, infcode: _Optional[int] = ..., err_msg: _Optional[str] = ..., inf_refmsgid: _Optional[str] = ..., confirmed: _Optional[int] = ..., left: _Optional[int] = ...) -> None: ...

class RollBackApportionmentRequest(_message.Message):
    __slots__ = ("envelope", "trt_year", "trt_month", "otransid")
    ENVELOPE_FIELD_NUMBER: _ClassVar[int]
    TRT_YEAR_FIELD_NUMBER: _ClassVar[int]
    TRT_MONTH_FIELD_NUMBER: _ClassVar[int]
    OTRANSID_FIELD_NUMBER: _ClassVar[int]
    envelope: _envelope_pb2.Envelope
    trt_year: str
    trt_month: str
    otransid: str
    def __init__(self, envelope: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ..., trt_year: _Optional[str] = ..., trt_month: _Optional[str] = ..., otransid: _Optional[str] = ...) -> None: ...

class RollBackApportionmentResponse(_message.Message):
    __slots__ = ("infcode", "err_msg", "rolled_back")
    INFCODE_FIELD_NUMBER: _ClassVar[int]
    ERR_MSG_FIELD_NUMBER: _ClassVar[int]
    ROLLED_BACK_FIELD_NUMBER: _ClassVar[int]
    infcode: int
    err_msg: str
    rolled_back: int
    def __init__(self, infcode: _Optional[int] = ..., err_msg: _Optional[str] = ..., rolled_back: _Optional[int] = ...) -> None: ...

class ApplyForClearingRequest(_message.Message):
    __slots__ = ("envelope", "input")
    ENVELOPE_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    envelope: _envelope_pb2.Envelope
    input: ClearingApplication
    def __init__(self, envelope: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ..., input: _Optional[_Union[ClearingApplication, _Mapping]] = ...) -> None: ...

class ClearingApplication(_message.Message):
    __slots__ = ("clr_type", "clr_way", "setlym", "psntime", "medfee_sumamt", "med_sumfee", "fund_appy_sum", "cash_payamt", "acct_pay", "begndate", "enddate", "insutype")
    CLR_TYPE_FIELD_NUMBER: _ClassVar[int]
    CLR_WAY_FIELD_NUMBER: _ClassVar[int]
    SETLYM_FIELD_NUMBER: _ClassVar[int]
    PSNTIME_FIELD_NUMBER: _ClassVar[int]
    MEDFEE_SUMAMT_FIELD_NUMBER: _ClassVar[int]
    MED_SUMFEE_FIELD_NUMBER: _ClassVar[int]
    FUND_APPY_SUM_FIELD_NUMBER: _ClassVar[int]
    CASH_PAYAMT_FIELD_NUMBER: _ClassVar[int]
    ACCT_PAY_FIELD_NUMBER: _ClassVar[int]
    BEGNDATE_FIELD_NUMBER: _ClassVar[int]
    ENDDATE_FIELD_NUMBER: _ClassVar[int]
    INSUTYPE_FIELD_NUMBER: _ClassVar[int]
    clr_type: str
    clr_way: str
    setlym: str
    psntime: int
    medfee_sumamt: int
    med_sumfee: int
    fund_appy_sum: int
    cash_payamt: int
    acct_pay: int
    begndate: str
    enddate: str
    insutype: str
    def __init__(self, clr_type: _Optional[str] = ..., clr_way: _Optional[str] = ..., setlym: _Optional[str] = ..., psntime: _Optional[int] = ..., medfee_sumamt: _Optional[int] = ..., med_sumfee: _Optional[int] = ..., fund_appy_sum: _Optional[int] = ..., cash_payamt: _Optional[int] = ..., acct_pay: _Optional[int] = ..., begndate: _Optional[str] = ..., enddate: _Optional[str] = ..., insutype: _Optional[str] = ...) -> None: ...

class ApplyForClearingResponse(_message.Message):
    __slots__ = ("infcode", "err_msg", "clr_appy_evt_id", "centre")
    INFCODE_FIELD_NUMBER: _ClassVar[int]
    ERR_MSG_FIELD_NUMBER: _ClassVar[int]
    CLR_APPY_EVT_ID_FIELD_NUMBER: _ClassVar[int]
    CENTRE_FIELD_NUMBER: _ClassVar[int]
    infcode: int
    err_msg: str
    clr_appy_evt_id: str
    centre: Totals
    def __init__(self, infcode: _Optional[int] = ..., err_msg: _Optional[str] = ..., clr_appy_evt_id: _Optional[str] = ..., centre: _Optional[_Union[Totals, _Mapping]] = ...) -> None: ...

class CancelApplicationRequest(_message.Message):
    __slots__ = ("envelope", "clr_appy_evt_id")
    ENVELOPE_FIELD_NUMBER: _ClassVar[int]
    CLR_APPY_EVT_ID_FIELD_NUMBER: _ClassVar[int]
    envelope: _envelope_pb2.Envelope
    clr_appy_evt_id: str
    def __init__(self, envelope: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ..., clr_appy_evt_id: _Optional[str] = ...) -> None: ...

class CancelApplicationResponse(_message.Message):
    __slots__ = ("infcode", "err_msg")
    INFCODE_FIELD_NUMBER: _ClassVar[int]
    ERR_MSG_FIELD_NUMBER: _ClassVar[int]
    infcode: int
    err_msg: str
    def __init__(self, infcode: _Optional[int] = ..., err_msg: _Optional[str] = ...) -> None: ...

class GetApplicationRequest(_message.Message):
    __slots__ = ("envelope", "clr_appy_evt_id", "setlym")
    ENVELOPE_FIELD_NUMBER: _ClassVar[int]
    CLR_APPY_EVT_ID_FIELD_NUMBER: _ClassVar[int]
    SETLYM_FIELD_NUMBER: _ClassVar[int]
    envelope: _envelope_pb2.Envelope
    clr_appy_evt_id: str
    setlym: str
    def __init__(self, envelope: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ..., clr_appy_evt_id: _Optional[str] = ..., setlym: _Optional[str] = ...) -> None: ...

class GetApplicationResponse(_message.Message):
    __slots__ = ("infcode", "err_msg", "applications")
    INFCODE_FIELD_NUMBER: _ClassVar[int]
    ERR_MSG_FIELD_NUMBER: _ClassVar[int]
    APPLICATIONS_FIELD_NUMBER: _ClassVar[int]
    infcode: int
    err_msg: str
    applications: _containers.RepeatedCompositeFieldContainer[ApplicationState]
    def __init__(self, infcode: _Optional[int] = ..., err_msg: _Optional[str] = ..., applications: _Optional[_Iterable[_Union[ApplicationState, _Mapping]]] = ...) -> None: ...

class ApplicationState(_message.Message):
    __slots__ = ("clr_appy_evt_id", "input", "state", "paid_fen", "at")
    CLR_APPY_EVT_ID_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    PAID_FEN_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    clr_appy_evt_id: str
    input: ClearingApplication
    state: str
    paid_fen: int
    at: str
    def __init__(self, clr_appy_evt_id: _Optional[str] = ..., input: _Optional[_Union[ClearingApplication, _Mapping]] = ..., state: _Optional[str] = ..., paid_fen: _Optional[int] = ..., at: _Optional[str] = ...) -> None: ...

class ListUnmatchedRequest(_message.Message):
    __slots__ = ("envelope", "begndate", "enddate")
    ENVELOPE_FIELD_NUMBER: _ClassVar[int]
    BEGNDATE_FIELD_NUMBER: _ClassVar[int]
    ENDDATE_FIELD_NUMBER: _ClassVar[int]
    envelope: _envelope_pb2.Envelope
    begndate: str
    enddate: str
    def __init__(self, envelope: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ..., begndate: _Optional[str] = ..., enddate: _Optional[str] = ...) -> None: ...

class ListUnmatchedResponse(_message.Message):
    __slots__ = ("infcode", "err_msg", "rows")
    INFCODE_FIELD_NUMBER: _ClassVar[int]
    ERR_MSG_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    infcode: int
    err_msg: str
    rows: _containers.RepeatedCompositeFieldContainer[UnmatchedRow]
    def __init__(self, infcode: _Optional[int] = ..., err_msg: _Optional[str] = ..., rows: _Optional[_Iterable[_Union[UnmatchedRow, _Mapping]]] = ...) -> None: ...

class UnmatchedRow(_message.Message):
    __slots__ = ("setl_id", "setl_day", "stmt_rslt", "medfee_sumamt", "fixmedins_medfee_sumamt", "memo")
    SETL_ID_FIELD_NUMBER: _ClassVar[int]
    SETL_DAY_FIELD_NUMBER: _ClassVar[int]
    STMT_RSLT_FIELD_NUMBER: _ClassVar[int]
    MEDFEE_SUMAMT_FIELD_NUMBER: _ClassVar[int]
    FIXMEDINS_MEDFEE_SUMAMT_FIELD_NUMBER: _ClassVar[int]
    MEMO_FIELD_NUMBER: _ClassVar[int]
    setl_id: str
    setl_day: str
    stmt_rslt: str
    medfee_sumamt: int
    fixmedins_medfee_sumamt: int
    memo: str
    def __init__(self, setl_id: _Optional[str] = ..., setl_day: _Optional[str] = ..., stmt_rslt: _Optional[str] = ..., medfee_sumamt: _Optional[int] = ..., fixmedins_medfee_sumamt: _Optional[int] = ..., memo: _Optional[str] = ...) -> None: ...
