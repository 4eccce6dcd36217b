from proto.settlement.v1 import proposal_pb2 as _proposal_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ListPrepaymentsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListPrepaymentsResponse(_message.Message):
    __slots__ = ("prepayments", "yellow_bp", "red_bp")
    PREPAYMENTS_FIELD_NUMBER: _ClassVar[int]
    YELLOW_BP_FIELD_NUMBER: _ClassVar[int]
    RED_BP_FIELD_NUMBER: _ClassVar[int]
    prepayments: _containers.RepeatedCompositeFieldContainer[PrepaymentItem]
    yellow_bp: int
    red_bp: int
    def __init__(self, prepayments: _Optional[_Iterable[_Union[PrepaymentItem, _Mapping]]] = ..., yellow_bp: _Optional[int] = ..., red_bp: _Optional[int] = ...) -> None: ...

class PrepaymentItem(_message.Message):
    __slots__ = ("account", "home_pool", "care_pool", "insutype", "fund", "quota_fen", "balance_fen", "accrued_fen", "left_fen", "used_fen", "used_bp", "level", "burned_fen", "burned_days", "runs_out", "missing_fen")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    HOME_POOL_FIELD_NUMBER: _ClassVar[int]
    CARE_POOL_FIELD_NUMBER: _ClassVar[int]
    INSUTYPE_FIELD_NUMBER: _ClassVar[int]
    FUND_FIELD_NUMBER: _ClassVar[int]
    QUOTA_FEN_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FEN_FIELD_NUMBER: _ClassVar[int]
    ACCRUED_FEN_FIELD_NUMBER: _ClassVar[int]
    LEFT_FEN_FIELD_NUMBER: _ClassVar[int]
    USED_FEN_FIELD_NUMBER: _ClassVar[int]
    USED_BP_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    BURNED_FEN_FIELD_NUMBER: _ClassVar[int]
    BURNED_DAYS_FIELD_NUMBER: _ClassVar[int]
    RUNS_OUT_FIELD_NUMBER: _ClassVar[int]
    MISSING_FEN_FIELD_NUMBER: _ClassVar[int]
    account: str
    home_pool: int
    care_pool: int
    insutype: str
    fund: str
    quota_fen: int
    balance_fen: int
    accrued_fen: int
    left_fen: int
    used_fen: int
    used_bp: int
    level: str
    burned_fen: int
    burned_days: int
    runs_out: str
    missing_fen: int
    def __init__(self, account: _Optional[str] = ..., home_pool: _Optional[int] = ..., care_pool: _Optional[int] = ..., insutype: _Optional[str] = ..., fund: _Optional[str] = ..., quota_fen: _Optional[int] = ..., balance_fen: _Optional[int] = ..., accrued_fen: _Optional[int] = ..., left_fen: _Optional[int] = ..., used_fen: _Optional[int] = ..., used_bp: _Optional[int] = ..., level: _Optional[str] = ..., burned_fen: _Optional[int] = ..., burned_days: _Optional[int] = ..., runs_out: _Optional[str] = ..., missing_fen: _Optional[int] = ...) -> None: ...

class ProposeQuotaRequest(_message.Message):
    __slots__ = ("account", "amount_fen", "operator", "dry_run")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FEN_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    account: str
    amount_fen: int
    operator: str
    dry_run: bool
    def __init__(self, account: _Optional[str] = ..., amount_fen: _Optional[int] = ..., operator: _Optional[str] = ..., dry_run: _Optional[bool] = ...) -> None: ...

class ProposeQuotaResponse(_message.Message):
    __slots__ = ("proposal", "made")
    PROPOSAL_FIELD_NUMBER: _ClassVar[int]
    MADE_FIELD_NUMBER: _ClassVar[int]
    proposal: _proposal_pb2.ProposalItem
    made: bool
    def __init__(self, proposal: _Optional[_Union[_proposal_pb2.ProposalItem, _Mapping]] = ..., made: _Optional[bool] = ...) -> None: ...

class ProposeTopUpRequest(_message.Message):
    __slots__ = ("account", "amount_fen", "operator", "dry_run")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FEN_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    account: str
    amount_fen: int
    operator: str
    dry_run: bool
    def __init__(self, account: _Optional[str] = ..., amount_fen: _Optional[int] = ..., operator: _Optional[str] = ..., dry_run: _Optional[bool] = ...) -> None: ...

class ProposeTopUpResponse(_message.Message):
    __slots__ = ("proposal", "made")
    PROPOSAL_FIELD_NUMBER: _ClassVar[int]
    MADE_FIELD_NUMBER: _ClassVar[int]
    proposal: _proposal_pb2.ProposalItem
    made: bool
    def __init__(self, proposal: _Optional[_Union[_proposal_pb2.ProposalItem, _Mapping]] = ..., made: _Optional[bool] = ...) -> None: ...

class ReceiveTopUpRequest(_message.Message):
    __slots__ = ("proposal", "bank_reference", "day", "operator", "dry_run")
    PROPOSAL_FIELD_NUMBER: _ClassVar[int]
    BANK_REFERENCE_FIELD_NUMBER: _ClassVar[int]
    DAY_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    proposal: int
    bank_reference: str
    day: str
    operator: str
    dry_run: bool
    def __init__(self, proposal: _Optional[int] = ..., bank_reference: _Optional[str] = ..., day: _Optional[str] = ..., operator: _Optional[str] = ..., dry_run: _Optional[bool] = ...) -> None: ...

class ReceiveTopUpResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListPayoutsRequest(_message.Message):
    __slots__ = ("period",)
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    period: str
    def __init__(self, period: _Optional[str] = ...) -> None: ...

class ListPayoutsResponse(_message.Message):
    __slots__ = ("lines", "amount_fen")
    LINES_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FEN_FIELD_NUMBER: _ClassVar[int]
    lines: _containers.RepeatedCompositeFieldContainer[PayoutLineItem]
    amount_fen: int
    def __init__(self, lines: _Optional[_Iterable[_Union[PayoutLineItem, _Mapping]]] = ..., amount_fen: _Optional[int] = ...) -> None: ...

class PayoutLineItem(_message.Message):
    __slots__ = ("fixmedins_code", "book_pool", "insutype", "fund", "amount_fen", "base_fen", "ratio_bp")
    FIXMEDINS_CODE_FIELD_NUMBER: _ClassVar[int]
    BOOK_POOL_FIELD_NUMBER: _ClassVar[int]
    INSUTYPE_FIELD_NUMBER: _ClassVar[int]
    FUND_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FEN_FIELD_NUMBER: _ClassVar[int]
    BASE_FEN_FIELD_NUMBER: _ClassVar[int]
    RATIO_BP_FIELD_NUMBER: _ClassVar[int]
    fixmedins_code: str
    book_pool: int
    insutype: str
    fund: str
    amount_fen: int
    base_fen: int
    ratio_bp: int
    def __init__(self, fixmedins_code: _Optional[str] = ..., book_pool: _Optional[int] = ..., insutype: _Optional[str] = ..., fund: _Optional[str] = ..., amount_fen: _Optional[int] = ..., base_fen: _Optional[int] = ..., ratio_bp: _Optional[int] = ...) -> None: ...

class ProposePayoutRequest(_message.Message):
    __slots__ = ("period", "operator", "dry_run")
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    period: str
    operator: str
    dry_run: bool
    def __init__(self, period: _Optional[str] = ..., operator: _Optional[str] = ..., dry_run: _Optional[bool] = ...) -> None: ...

class ProposePayoutResponse(_message.Message):
    __slots__ = ("proposal", "made", "lines")
    PROPOSAL_FIELD_NUMBER: _ClassVar[int]
    MADE_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    proposal: _proposal_pb2.ProposalItem
    made: bool
    lines: _containers.RepeatedCompositeFieldContainer[PayoutLineItem]
    def __init__(self, proposal: _Optional[_Union[_proposal_pb2.ProposalItem, _Mapping]] = ..., made: _Optional[bool] = ..., lines: _Optional[_Iterable[_Union[PayoutLineItem, _Mapping]]] = ...) -> None: ...

class ListAdvancesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListAdvancesResponse(_message.Message):
    __slots__ = ("advances",)
    ADVANCES_FIELD_NUMBER: _ClassVar[int]
    advances: _containers.RepeatedCompositeFieldContainer[AdvanceItem]
    def __init__(self, advances: _Optional[_Iterable[_Union[AdvanceItem, _Mapping]]] = ...) -> None: ...

class AdvanceItem(_message.Message):
    __slots__ = ("proposal", "year", "fixmedins_code", "book_pool", "insutype", "fund", "amount_fen", "state", "outstanding_fen")
    PROPOSAL_FIELD_NUMBER: _ClassVar[int]
    YEAR_FIELD_NUMBER: _ClassVar[int]
    FIXMEDINS_CODE_FIELD_NUMBER: _ClassVar[int]
    BOOK_POOL_FIELD_NUMBER: _ClassVar[int]
    INSUTYPE_FIELD_NUMBER: _ClassVar[int]
    FUND_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FEN_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    OUTSTANDING_FEN_FIELD_NUMBER: _ClassVar[int]
    proposal: int
    year: int
    fixmedins_code: str
    book_pool: int
    insutype: str
    fund: str
    amount_fen: int
    state: str
    outstanding_fen: int
    def __init__(self, proposal: _Optional[int] = ..., year: _Optional[int] = ..., fixmedins_code: _Optional[str] = ..., book_pool: _Optional[int] = ..., insutype: _Optional[str] = ..., fund: _Optional[str] = ..., amount_fen: _Optional[int] = ..., state: _Optional[str] = ..., outstanding_fen: _Optional[int] = ...) -> None: ...

class NoteReserveRequest(_message.Message):
    __slots__ = ("pool", "book", "reserve_fen", "month_spend_fen", "surplus_fen", "source", "day", "operator", "dry_run")
    POOL_FIELD_NUMBER: _ClassVar[int]
    BOOK_FIELD_NUMBER: _ClassVar[int]
    RESERVE_FEN_FIELD_NUMBER: _ClassVar[int]
    MONTH_SPEND_FEN_FIELD_NUMBER: _ClassVar[int]
    SURPLUS_FEN_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    DAY_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    pool: int
    book: str
    reserve_fen: int
    month_spend_fen: int
    surplus_fen: int
    source: str
    day: str
    operator: str
    dry_run: bool
    def __init__(self, pool: _Optional[int] = ..., book: _Optional[str] = ..., reserve_fen: _Optional[int] = ..., month_spend_fen: _Optional[int] = ..., surplus_fen: _Optional[int] = ..., source: _Optional[str] = ..., day: _Optional[str] = ..., operator: _Optional[str] = ..., dry_run: _Optional[bool] = ...) -> None: ...

class NoteReserveResponse(_message.Message):
    __slots__ = ("months_tenths", "months_needed", "allows")
    MONTHS_TENTHS_FIELD_NUMBER: _ClassVar[int]
    MONTHS_NEEDED_FIELD_NUMBER: _ClassVar[int]
    ALLOWS_FIELD_NUMBER: _ClassVar[int]
    months_tenths: int
    months_needed: int
    allows: bool
    def __init__(self, months_tenths: _Optional[int] = ..., months_needed: _Optional[int] = ..., allows: _Optional[bool] = ...) -> None: ...

class ApplyForAdvanceRequest(_message.Message):
    __slots__ = ("fixmedins_code", "book_pool", "insutype", "amount_fen", "operator", "dry_run")
    FIXMEDINS_CODE_FIELD_NUMBER: _ClassVar[int]
    BOOK_POOL_FIELD_NUMBER: _ClassVar[int]
    INSUTYPE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FEN_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    fixmedins_code: str
    book_pool: int
    insutype: str
    amount_fen: int
    operator: str
    dry_run: bool
    def __init__(self, fixmedins_code: _Optional[str] = ..., book_pool: _Optional[int] = ..., insutype: _Optional[str] = ..., amount_fen: _Optional[int] = ..., operator: _Optional[str] = ..., dry_run: _Optional[bool] = ...) -> None: ...

class ApplyForAdvanceResponse(_message.Message):
    __slots__ = ("proposal", "made", "in_time")
    PROPOSAL_FIELD_NUMBER: _ClassVar[int]
    MADE_FIELD_NUMBER: _ClassVar[int]
    IN_TIME_FIELD_NUMBER: _ClassVar[int]
    proposal: _proposal_pb2.ProposalItem
    made: bool
    in_time: bool
    def __init__(self, proposal: _Optional[_Union[_proposal_pb2.ProposalItem, _Mapping]] = ..., made: _Optional[bool] = ..., in_time: _Optional[bool] = ...) -> None: ...

class PayAdvanceRequest(_message.Message):
    __slots__ = ("proposal", "bank_reference", "day", "operator", "dry_run")
    PROPOSAL_FIELD_NUMBER: _ClassVar[int]
    BANK_REFERENCE_FIELD_NUMBER: _ClassVar[int]
    DAY_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    proposal: int
    bank_reference: str
    day: str
    operator: str
    dry_run: bool
    def __init__(self, proposal: _Optional[int] = ..., bank_reference: _Optional[str] = ..., day: _Optional[str] = ..., operator: _Optional[str] = ..., dry_run: _Optional[bool] = ...) -> None: ...

class PayAdvanceResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ProposeDeductionsRequest(_message.Message):
    __slots__ = ("content", "name", "operator", "dry_run")
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    content: bytes
    name: str
    operator: str
    dry_run: bool
    def __init__(self, content: _Optional[bytes] = ..., name: _Optional[str] = ..., operator: _Optional[str] = ..., dry_run: _Optional[bool] = ...) -> None: ...

class ProposeDeductionsResponse(_message.Message):
    __slots__ = ("proposal", "made", "results")
    PROPOSAL_FIELD_NUMBER: _ClassVar[int]
    MADE_FIELD_NUMBER: _ClassVar[int]
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    proposal: _proposal_pb2.ProposalItem
    made: bool
    results: int
    def __init__(self, proposal: _Optional[_Union[_proposal_pb2.ProposalItem, _Mapping]] = ..., made: _Optional[bool] = ..., results: _Optional[int] = ...) -> None: ...

class ListDeductionsRequest(_message.Message):
    __slots__ = ("proposal", "fixmedins_code", "month")
    PROPOSAL_FIELD_NUMBER: _ClassVar[int]
    FIXMEDINS_CODE_FIELD_NUMBER: _ClassVar[int]
    MONTH_FIELD_NUMBER: _ClassVar[int]
    proposal: int
    fixmedins_code: str
    month: str
    def __init__(self, proposal: _Optional[int] = ..., fixmedins_code: _Optional[str] = ..., month: _Optional[str] = ...) -> None: ...

class ListDeductionsResponse(_message.Message):
    __slots__ = ("deductions",)
    DEDUCTIONS_FIELD_NUMBER: _ClassVar[int]
    deductions: _containers.RepeatedCompositeFieldContainer[DeductionItem]
    def __init__(self, deductions: _Optional[_Iterable[_Union[DeductionItem, _Mapping]]] = ...) -> None: ...

class DeductionItem(_message.Message):
    __slots__ = ("proposal", "line", "declaration", "setl_id", "fixmedins_code", "home_pool", "care_pool", "insutype", "fund", "result", "bearer", "amount_fen", "reason", "state", "month")
    PROPOSAL_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    DECLARATION_FIELD_NUMBER: _ClassVar[int]
    SETL_ID_FIELD_NUMBER: _ClassVar[int]
    FIXMEDINS_CODE_FIELD_NUMBER: _ClassVar[int]
    HOME_POOL_FIELD_NUMBER: _ClassVar[int]
    CARE_POOL_FIELD_NUMBER: _ClassVar[int]
    INSUTYPE_FIELD_NUMBER: _ClassVar[int]
    FUND_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    BEARER_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FEN_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    MONTH_FIELD_NUMBER: _ClassVar[int]
    proposal: int
    line: int
    declaration: str
    setl_id: str
    fixmedins_code: str
    home_pool: int
    care_pool: int
    insutype: str
    fund: str
    result: str
    bearer: str
    amount_fen: int
    reason: str
    state: str
    month: str
    def __init__(self, proposal: _Optional[int] = ..., line: _Optional[int] = ..., declaration: _Optional[str] = ..., setl_id: _Optional[str] = ..., fixmedins_code: _Optional[str] = ..., home_pool: _Optional[int] = ..., care_pool: _Optional[int] = ..., insutype: _Optional[str] = ..., fund: _Optional[str] = ..., result: _Optional[str] = ..., bearer: _Optional[str] = ..., amount_fen: _Optional[int] = ..., reason: _Optional[str] = ..., state: _Optional[str] = ..., month: _Optional[str] = ...) -> None: ...
