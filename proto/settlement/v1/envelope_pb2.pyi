from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Envelope(_message.Message):
    __slots__ = ("infno", "msgid", "mdtrtarea_admvs", "insuplc_admdvs", "recer_sys_code", "dev_no", "dev_safe_info", "cainfo", "signtype", "infver", "opter_type", "opter", "opter_name", "inf_time", "fixmedins_code", "fixmedins_name", "sign_no")
    INFNO_FIELD_NUMBER: _ClassVar[int]
    MSGID_FIELD_NUMBER: _ClassVar[int]
    MDTRTAREA_ADMVS_FIELD_NUMBER: _ClassVar[int]
    INSUPLC_ADMDVS_FIELD_NUMBER: _ClassVar[int]
    RECER_SYS_CODE_FIELD_NUMBER: _ClassVar[int]
    DEV_NO_FIELD_NUMBER: _ClassVar[int]
    DEV_SAFE_INFO_FIELD_NUMBER: _ClassVar[int]
    CAINFO_FIELD_NUMBER: _ClassVar[int]
    SIGNTYPE_FIELD_NUMBER: _ClassVar[int]
    INFVER_FIELD_NUMBER: _ClassVar[int]
    OPTER_TYPE_FIELD_NUMBER: _ClassVar[int]
    OPTER_FIELD_NUMBER: _ClassVar[int]
    OPTER_NAME_FIELD_NUMBER: _ClassVar[int]
    INF_TIME_FIELD_NUMBER: _ClassVar[int]
    FIXMEDINS_CODE_FIELD_NUMBER: _ClassVar[int]
    FIXMEDINS_NAME_FIELD_NUMBER: _ClassVar[int]
    SIGN_NO_FIELD_NUMBER: _ClassVar[int]
    infno: str
    msgid: str
    mdtrtarea_admvs: str
    insuplc_admdvs: str
    recer_sys_code: str
    dev_no: str
    dev_safe_info: str
    cainfo: str
    signtype: str
    infver: str
    opter_type: str
    opter: str
    opter_name: str
    inf_time: str
    fixmedins_code: str
    fixmedins_name: str
    sign_no: str
    def __init__(self, infno: _Optional[str] = ..., msgid: _Optional[str] = ..., mdtrtarea_admvs: _Optional[str] = ..., insuplc_admdvs: _Optional[str] = ..., recer_sys_code: _Optional[str] = ..., dev_no: _Optional[str] = ..., dev_safe_info: _Optional[str] = ..., cainfo: _Optional[str] = ..., signtype: _Optional[str] = ..., infver: _Optional[str] = ..., opter_type: _Optional[str] = ..., opter: _Optional[str] = ..., opter_name: _Optional[str] = ..., inf_time: _Optional[str] = ..., fixmedins_code: _Optional[str] = ..., fixmedins_name: _Optional[str] = ..., sign_no: _Optional[str] = ...) -> None: ...

class Credential(_message.Message):
    __slots__ = ("mdtrt_cert_type", "mdtrt_cert_no", "card_sn", "psn_cert_type", "certno", "psn_name")
    MDTRT_CERT_TYPE_FIELD_NUMBER: _ClassVar[int]
    MDTRT_CERT_NO_FIELD_NUMBER: _ClassVar[int]
    CARD_SN_FIELD_NUMBER: _ClassVar[int]
    PSN_CERT_TYPE_FIELD_NUMBER: _ClassVar[int]
    CERTNO_FIELD_NUMBER: _ClassVar[int]
    PSN_NAME_FIELD_NUMBER: _ClassVar[int]
    mdtrt_cert_type: str
    mdtrt_cert_no: str
    card_sn: str
    psn_cert_type: str
    certno: str
    psn_name: str
    def __init__(self, mdtrt_cert_type: _Optional[str] = ..., mdtrt_cert_no: _Optional[str] = ..., card_sn: _Optional[str] = ..., psn_cert_type: _Optional[str] = ..., certno: _Optional[str] = ..., psn_name: _Optional[str] = ...) -> None: ...

class Refusal(_message.Message):
    __slots__ = ("code", "err_msg", "status_code", "violations", "retry_after_ms")
    CODE_FIELD_NUMBER: _ClassVar[int]
    ERR_MSG_FIELD_NUMBER: _ClassVar[int]
    STATUS_CODE_FIELD_NUMBER: _ClassVar[int]
    VIOLATIONS_FIELD_NUMBER: _ClassVar[int]
    RETRY_AFTER_MS_FIELD_NUMBER: _ClassVar[int]
    code: str
    err_msg: str
    status_code: int
    violations: _containers.RepeatedCompositeFieldContainer[Violation]
    retry_after_ms: int
    def __init__(self, code: _Optional[str] = ..., err_msg: _Optional[str] = ..., status_code: _Optional[int] = ..., violations: _Optional[_Iterable[_Union[Violation, _Mapping]]] = ..., retry_after_ms: _Optional[int] = ...) -> None: ...

class Violation(_message.Message):
    __slots__ = ("field", "err_msg")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    ERR_MSG_FIELD_NUMBER: _ClassVar[int]
    field: str
    err_msg: str
    def __init__(self, field: _Optional[str] = ..., err_msg: _Optional[str] = ...) -> None: ...
