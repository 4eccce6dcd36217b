from proto.settlement.v1 import envelope_pb2 as _envelope_pb2
from proto.settlement.v1 import settlement_pb2 as _settlement_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class FileRequest(_message.Message):
    __slots__ = ("envelope", "input")
    ENVELOPE_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    envelope: _envelope_pb2.Envelope
    input: FilingInput
    def __init__(self, envelope: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ..., input: _Optional[_Union[FilingInput, _Mapping]] = ...) -> None: ...

class FilingInput(_message.Message):
    __slots__ = ("psn_no", "insutype", "begndate", "enddate", "fil_type", "mdtrtarea_admdvs", "refl_type", "refl_date", "refl_rea", "refl_opnn", "reflin_medins_no", "hosp_agre_refl_flag", "diag_code", "opsp_dise_code", "ide_fixmedins_no", "hosp_ide_date", "fixmedins_code", "fix_srt_no", "biz_appy_type")
    PSN_NO_FIELD_NUMBER: _ClassVar[int]
    INSUTYPE_FIELD_NUMBER: _ClassVar[int]
    BEGNDATE_FIELD_NUMBER: _ClassVar[int]
    ENDDATE_FIELD_NUMBER: _ClassVar[int]
    FIL_TYPE_FIELD_NUMBER: _ClassVar[int]
    MDTRTAREA_ADMDVS_FIELD_NUMBER: _ClassVar[int]
    REFL_TYPE_FIELD_NUMBER: _ClassVar[int]
    REFL_DATE_FIELD_NUMBER: _ClassVar[int]
    REFL_REA_FIELD_NUMBER: _ClassVar[int]
    REFL_OPNN_FIELD_NUMBER: _ClassVar[int]
    REFLIN_MEDINS_NO_FIELD_NUMBER: _ClassVar[int]
    HOSP_AGRE_REFL_FLAG_FIELD_NUMBER: _ClassVar[int]
    DIAG_CODE_FIELD_NUMBER: _ClassVar[int]
    OPSP_DISE_CODE_FIELD_NUMBER: _ClassVar[int]
    IDE_FIXMEDINS_NO_FIELD_NUMBER: _ClassVar[int]
    HOSP_IDE_DATE_FIELD_NUMBER: _ClassVar[int]
    FIXMEDINS_CODE_FIELD_NUMBER: _ClassVar[int]
    FIX_SRT_NO_FIELD_NUMBER: _ClassVar[int]
    BIZ_APPY_TYPE_FIELD_NUMBER: _ClassVar[int]
    psn_no: str
    insutype: str
    begndate: str
    enddate: str
    fil_type: str
    mdtrtarea_admdvs: str
    refl_type: str
    refl_date: str
    refl_rea: str
    refl_opnn: str
    reflin_medins_no: str
    hosp_agre_refl_flag: str
    diag_code: str
    opsp_dise_code: str
    ide_fixmedins_no: str
    hosp_ide_date: str
    fixmedins_code: str
    fix_srt_no: str
    biz_appy_type: str
    def __init__(self, psn_no: _Optional[str] = ..., insutype: _Optional[str] = ..., begndate: _Optional[str] = ..., enddate: _Optional[str] = ..., fil_type: _Optional[str] = ..., mdtrtarea_admdvs: _Optional[str] = ..., refl_type: _Optional[str] = ..., refl_date: _Optional[str] = ..., refl_rea: _Optional[str] = ..., refl_opnn: _Optional[str] = ..., reflin_medins_no: _Optional[str] = ..., hosp_agre_refl_flag: _Optional[str] = ..., diag_code: _Optional[str] = ..., opsp_dise_code: _Optional[str] = ..., ide_fixmedins_no: _Optional[str] = ..., hosp_ide_date: _Optional[str] = ..., fixmedins_code: _Optional[str] = ..., fix_srt_no: _Optional[str] = ..., biz_appy_type: _Optional[str] = ...) -> None: ...

class FileResponse(_message.Message):
    __slots__ = ("infcode", "err_msg", "outcome", "undone_by", "pending")
    INFCODE_FIELD_NUMBER: _ClassVar[int]
    ERR_MSG_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    UNDONE_BY_FIELD_NUMBER: _ClassVar[int]
    PENDING_FIELD_NUMBER: _ClassVar[int]
    infcode: int
    err_msg: str
    outcome: _settlement_pb2.Outcome
    undone_by: str
    pending: _settlement_pb2.Pending
    def __init__(self, infcode: _Optional[int] = ..., err_msg: _Optional[str] = ..., outcome: _Optional[_Union[_settlement_pb2.Outcome, _Mapping]] = ..., undone_by: _Optional[str] = ..., pending: _Optional[_Union[_settlement_pb2.Pending, _Mapping]] = ...) -> None: ...

class WithdrawRequest(_message.Message):
    __slots__ = ("envelope", "input")
    ENVELOPE_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    envelope: _envelope_pb2.Envelope
    input: WithdrawInput
    def __init__(self, envelope: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ..., input: _Optional[_Union[WithdrawInput, _Mapping]] = ...) -> None: ...

class WithdrawInput(_message.Message):
    __slots__ = ("psn_no", "trt_dcla_detl_sn", "memo")
    PSN_NO_FIELD_NUMBER: _ClassVar[int]
    TRT_DCLA_DETL_SN_FIELD_NUMBER: _ClassVar[int]
    MEMO_FIELD_NUMBER: _ClassVar[int]
    psn_no: str
    trt_dcla_detl_sn: str
    memo: str
    def __init__(self, psn_no: _Optional[str] = ..., trt_dcla_detl_sn: _Optional[str] = ..., memo: _Optional[str] = ...) -> None: ...

class WithdrawResponse(_message.Message):
    __slots__ = ("infcode", "err_msg", "outcome", "undone_by", "pending")
    INFCODE_FIELD_NUMBER: _ClassVar[int]
    ERR_MSG_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    UNDONE_BY_FIELD_NUMBER: _ClassVar[int]
    PENDING_FIELD_NUMBER: _ClassVar[int]
    infcode: int
    err_msg: str
    outcome: _settlement_pb2.Outcome
    undone_by: str
    pending: _settlement_pb2.Pending
    def __init__(self, infcode: _Optional[int] = ..., err_msg: _Optional[str] = ..., outcome: _Optional[_Union[_settlement_pb2.Outcome, _Mapping]] = ..., undone_by: _Optional[str] = ..., pending: _Optional[_Union[_settlement_pb2.Pending, _Mapping]] = ...) -> None: ...

class ListFilingsRequest(_message.Message):
    __slots__ = ("envelope", "psn_no", "date")
    ENVELOPE_FIELD_NUMBER: _ClassVar[int]
    PSN_NO_FIELD_NUMBER: _ClassVar[int]
    DATE_FIELD_NUMBER: _ClassVar[int]
    envelope: _envelope_pb2.Envelope
    psn_no: str
    date: str
    def __init__(self, envelope: _Optional[_Union[_envelope_pb2.Envelope, _Mapping]] = ..., psn_no: _Optional[str] = ..., date: _Optional[str] = ...) -> None: ...

class ListFilingsResponse(_message.Message):
    __slots__ = ("infcode", "err_msg", "filings")
    INFCODE_FIELD_NUMBER: _ClassVar[int]
    ERR_MSG_FIELD_NUMBER: _ClassVar[int]
    FILINGS_FIELD_NUMBER: _ClassVar[int]
    infcode: int
    err_msg: str
    filings: _containers.RepeatedCompositeFieldContainer[_settlement_pb2.FilingInfo]
    def __init__(self, infcode: _Optional[int] = ..., err_msg: _Optional[str] = ..., filings: _Optional[_Iterable[_Union[_settlement_pb2.FilingInfo, _Mapping]]] = ...) -> None: ...
