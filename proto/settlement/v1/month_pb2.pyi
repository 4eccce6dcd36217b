from proto.settlement.v1 import proposal_pb2 as _proposal_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DueDate(_message.Message):
    __slots__ = ("what", "by", "provisional")
    WHAT_FIELD_NUMBER: _ClassVar[int]
    BY_FIELD_NUMBER: _ClassVar[int]
    PROVISIONAL_FIELD_NUMBER: _ClassVar[int]
    what: str
    by: str
    provisional: bool
    def __init__(self, what: _Optional[str] = ..., by: _Optional[str] = ..., provisional: _Optional[bool] = ...) -> None: ...

class MonthRun(_message.Message):
    __slots__ = ("day", "batch", "late")
    DAY_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    LATE_FIELD_NUMBER: _ClassVar[int]
    day: str
    batch: int
    late: bool
    def __init__(self, day: _Optional[str] = ..., batch: _Optional[int] = ..., late: _Optional[bool] = ...) -> None: ...

class MonthStanding(_message.Message):
    __slots__ = ("fault", "over", "closed", "missing_days", "unclosed_months", "absent", "differences", "stake_fen", "runs", "late", "due")
    FAULT_FIELD_NUMBER: _ClassVar[int]
    OVER_FIELD_NUMBER: _ClassVar[int]
    CLOSED_FIELD_NUMBER: _ClassVar[int]
    MISSING_DAYS_FIELD_NUMBER: _ClassVar[int]
    UNCLOSED_MONTHS_FIELD_NUMBER: _ClassVar[int]
    ABSENT_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCES_FIELD_NUMBER: _ClassVar[int]
    STAKE_FEN_FIELD_NUMBER: _ClassVar[int]
    RUNS_FIELD_NUMBER: _ClassVar[int]
    LATE_FIELD_NUMBER: _ClassVar[int]
    DUE_FIELD_NUMBER: _ClassVar[int]
    fault: str
    over: bool
    closed: bool
    missing_days: _containers.RepeatedScalarFieldContainer[str]
    unclosed_months: _containers.RepeatedScalarFieldContainer[str]
    absent: _containers.RepeatedScalarFieldContainer[str]
    differences: int
    stake_fen: int
    runs: int
    late: _containers.RepeatedCompositeFieldContainer[MonthRun]
    due: _containers.RepeatedCompositeFieldContainer[DueDate]
    def __init__(self, fault: _Optional[str] = ..., over: _Optional[bool] = ..., closed: _Optional[bool] = ..., missing_days: _Optional[_Iterable[str]] = ..., unclosed_months: _Optional[_Iterable[str]] = ..., absent: _Optional[_Iterable[str]] = ..., differences: _Optional[int] = ..., stake_fen: _Optional[int] = ..., runs: _Optional[int] = ..., late: _Optional[_Iterable[_Union[MonthRun, _Mapping]]] = ..., due: _Optional[_Iterable[_Union[DueDate, _Mapping]]] = ...) -> None: ...

class MonthHead(_message.Message):
    __slots__ = ("proposal", "state", "early", "made_by", "checked_by", "runs", "withheld", "pool_lines", "institution_lines", "to_pay_fen")
    PROPOSAL_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    EARLY_FIELD_NUMBER: _ClassVar[int]
    MADE_BY_FIELD_NUMBER: _ClassVar[int]
    CHECKED_BY_FIELD_NUMBER: _ClassVar[int]
    RUNS_FIELD_NUMBER: _ClassVar[int]
    WITHHELD_FIELD_NUMBER: _ClassVar[int]
    POOL_LINES_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_LINES_FIELD_NUMBER: _ClassVar[int]
    TO_PAY_FEN_FIELD_NUMBER: _ClassVar[int]
    proposal: int
    state: str
    early: bool
    made_by: str
    checked_by: str
    runs: _containers.RepeatedCompositeFieldContainer[MonthRun]
    withheld: int
    pool_lines: int
    institution_lines: int
    to_pay_fen: int
    def __init__(self, proposal: _Optional[int] = ..., state: _Optional[str] = ..., early: _Optional[bool] = ..., made_by: _Optional[str] = ..., checked_by: _Optional[str] = ..., runs: _Optional[_Iterable[_Union[MonthRun, _Mapping]]] = ..., withheld: _Optional[int] = ..., pool_lines: _Optional[int] = ..., institution_lines: _Optional[int] = ..., to_pay_fen: _Optional[int] = ...) -> None: ...

class MonthPoolLine(_message.Message):
    __slots__ = ("home_pool", "care_pool", "insutype", "fund", "bearer", "party", "local", "items", "runs_fen", "withheld_fen", "carried_in_fen", "deducted_fen", "due_fen", "prepaid_fen", "to_pay_fen")
    HOME_POOL_FIELD_NUMBER: _ClassVar[int]
    CARE_POOL_FIELD_NUMBER: _ClassVar[int]
    INSUTYPE_FIELD_NUMBER: _ClassVar[int]
    FUND_FIELD_NUMBER: _ClassVar[int]
    BEARER_FIELD_NUMBER: _ClassVar[int]
    PARTY_FIELD_NUMBER: _ClassVar[int]
    LOCAL_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    RUNS_FEN_FIELD_NUMBER: _ClassVar[int]
    WITHHELD_FEN_FIELD_NUMBER: _ClassVar[int]
    CARRIED_IN_FEN_FIELD_NUMBER: _ClassVar[int]
    DEDUCTED_FEN_FIELD_NUMBER: _ClassVar[int]
    DUE_FEN_FIELD_NUMBER: _ClassVar[int]
    PREPAID_FEN_FIELD_NUMBER: _ClassVar[int]
    TO_PAY_FEN_FIELD_NUMBER: _ClassVar[int]
    home_pool: int
    care_pool: int
    insutype: str
    fund: str
    bearer: str
    party: str
    local: bool
    items: int
    runs_fen: int
    withheld_fen: int
    carried_in_fen: int
    deducted_fen: int
    due_fen: int
    prepaid_fen: int
    to_pay_fen: int
    def __init__(self, home_pool: _Optional[int] = ..., care_pool: _Optional[int] = ..., insutype: _Optional[str] = ..., fund: _Optional[str] = ..., bearer: _Optional[str] = ..., party: _Optional[str] = ..., local: _Optional[bool] = ..., items: _Optional[int] = ..., runs_fen: _Optional[int] = ..., withheld_fen: _Optional[int] = ..., carried_in_fen: _Optional[int] = ..., deducted_fen: _Optional[int] = ..., due_fen: _Optional[int] = ..., prepaid_fen: _Optional[int] = ..., to_pay_fen: _Optional[int] = ...) -> None: ...

class MonthInstitutionLine(_message.Message):
    __slots__ = ("fixmedins_code", "book_pool", "insutype", "fund", "bearer", "local", "items", "runs_fen", "withheld_fen", "carried_in_fen", "deducted_fen", "due_fen", "advanced_fen", "to_pay_fen")
    FIXMEDINS_CODE_FIELD_NUMBER: _ClassVar[int]
    BOOK_POOL_FIELD_NUMBER: _ClassVar[int]
    INSUTYPE_FIELD_NUMBER: _ClassVar[int]
    FUND_FIELD_NUMBER: _ClassVar[int]
    BEARER_FIELD_NUMBER: _ClassVar[int]
    LOCAL_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    RUNS_FEN_FIELD_NUMBER: _ClassVar[int]
    WITHHELD_FEN_FIELD_NUMBER: _ClassVar[int]
    CARRIED_IN_FEN_FIELD_NUMBER: _ClassVar[int]
    DEDUCTED_FEN_FIELD_NUMBER: _ClassVar[int]
    DUE_FEN_FIELD_NUMBER: _ClassVar[int]
    ADVANCED_FEN_FIELD_NUMBER: _ClassVar[int]
    TO_PAY_FEN_FIELD_NUMBER: _ClassVar[int]
    fixmedins_code: str
    book_pool: int
    insutype: str
    fund: str
    bearer: str
    local: bool
    items: int
    runs_fen: int
    withheld_fen: int
    carried_in_fen: int
    deducted_fen: int
    due_fen: int
    advanced_fen: int
    to_pay_fen: int
    def __init__(self, fixmedins_code: _Optional[str] = ..., book_pool: _Optional[int] = ..., insutype: _Optional[str] = ..., fund: _Optional[str] = ..., bearer: _Optional[str] = ..., local: _Optional[bool] = ..., items: _Optional[int] = ..., runs_fen: _Optional[int] = ..., withheld_fen: _Optional[int] = ..., carried_in_fen: _Optional[int] = ..., deducted_fen: _Optional[int] = ..., due_fen: _Optional[int] = ..., advanced_fen: _Optional[int] = ..., to_pay_fen: _Optional[int] = ...) -> None: ...

class GetMonthRequest(_message.Message):
    __slots__ = ("month",)
    MONTH_FIELD_NUMBER: _ClassVar[int]
    month: str
    def __init__(self, month: _Optional[str] = ...) -> None: ...

class GetMonthResponse(_message.Message):
    __slots__ = ("standing", "document", "pools", "institutions")
    STANDING_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    POOLS_FIELD_NUMBER: _ClassVar[int]
    INSTITUTIONS_FIELD_NUMBER: _ClassVar[int]
    standing: MonthStanding
    document: MonthHead
    pools: _containers.RepeatedCompositeFieldContainer[MonthPoolLine]
    institutions: _containers.RepeatedCompositeFieldContainer[MonthInstitutionLine]
    def __init__(self, standing: _Optional[_Union[MonthStanding, _Mapping]] = ..., document: _Optional[_Union[MonthHead, _Mapping]] = ..., pools: _Optional[_Iterable[_Union[MonthPoolLine, _Mapping]]] = ..., institutions: _Optional[_Iterable[_Union[MonthInstitutionLine, _Mapping]]] = ...) -> None: ...

class ProposeMonthRequest(_message.Message):
    __slots__ = ("month", "operator", "early", "dry_run")
    MONTH_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    EARLY_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    month: str
    operator: str
    early: bool
    dry_run: bool
    def __init__(self, month: _Optional[str] = ..., operator: _Optional[str] = ..., early: _Optional[bool] = ..., dry_run: _Optional[bool] = ...) -> None: ...

class ProposeMonthResponse(_message.Message):
    __slots__ = ("proposal", "made", "document")
    PROPOSAL_FIELD_NUMBER: _ClassVar[int]
    MADE_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    proposal: _proposal_pb2.ProposalItem
    made: bool
    document: MonthHead
    def __init__(self, proposal: _Optional[_Union[_proposal_pb2.ProposalItem, _Mapping]] = ..., made: _Optional[bool] = ..., document: _Optional[_Union[MonthHead, _Mapping]] = ...) -> None: ...

class GetYearRequest(_message.Message):
    __slots__ = ("year",)
    YEAR_FIELD_NUMBER: _ClassVar[int]
    year: int
    def __init__(self, year: _Optional[int] = ...) -> None: ...

class GetYearResponse(_message.Message):
    __slots__ = ("fault", "due", "document", "lines")
    FAULT_FIELD_NUMBER: _ClassVar[int]
    DUE_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    fault: str
    due: DueDate
    document: YearHead
    lines: _containers.RepeatedCompositeFieldContainer[YearLine]
    def __init__(self, fault: _Optional[str] = ..., due: _Optional[_Union[DueDate, _Mapping]] = ..., document: _Optional[_Union[YearHead, _Mapping]] = ..., lines: _Optional[_Iterable[_Union[YearLine, _Mapping]]] = ...) -> None: ...

class YearHead(_message.Message):
    __slots__ = ("proposal", "state", "made_by", "checked_by", "months", "lines", "to_pay_fen")
    PROPOSAL_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    MADE_BY_FIELD_NUMBER: _ClassVar[int]
    CHECKED_BY_FIELD_NUMBER: _ClassVar[int]
    MONTHS_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    TO_PAY_FEN_FIELD_NUMBER: _ClassVar[int]
    proposal: int
    state: str
    made_by: str
    checked_by: str
    months: _containers.RepeatedScalarFieldContainer[str]
    lines: int
    to_pay_fen: int
    def __init__(self, proposal: _Optional[int] = ..., state: _Optional[str] = ..., made_by: _Optional[str] = ..., checked_by: _Optional[str] = ..., months: _Optional[_Iterable[str]] = ..., lines: _Optional[int] = ..., to_pay_fen: _Optional[int] = ...) -> None: ...

class YearLine(_message.Message):
    __slots__ = ("fixmedins_code", "insutype", "items", "total_fen", "payable_fen", "refused_fen", "borne_fen", "paid_fen", "to_pay_fen")
    FIXMEDINS_CODE_FIELD_NUMBER: _ClassVar[int]
    INSUTYPE_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FEN_FIELD_NUMBER: _ClassVar[int]
    PAYABLE_FEN_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FEN_FIELD_NUMBER: _ClassVar[int]
    BORNE_FEN_FIELD_NUMBER: _ClassVar[int]
    PAID_FEN_FIELD_NUMBER: _ClassVar[int]
    TO_PAY_FEN_FIELD_NUMBER: _ClassVar[int]
    fixmedins_code: str
    insutype: str
    items: int
    total_fen: int
    payable_fen: int
    refused_fen: int
    borne_fen: int
    paid_fen: int
    to_pay_fen: int
    def __init__(self, fixmedins_code: _Optional[str] = ..., insutype: _Optional[str] = ..., items: _Optional[int] = ..., total_fen: _Optional[int] = ..., payable_fen: _Optional[int] = ..., refused_fen: _Optional[int] = ..., borne_fen: _Optional[int] = ..., paid_fen: _Optional[int] = ..., to_pay_fen: _Optional[int] = ...) -> None: ...

class ProposeYearRequest(_message.Message):
    __slots__ = ("year", "operator", "dry_run")
    YEAR_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    year: int
    operator: str
    dry_run: bool
    def __init__(self, year: _Optional[int] = ..., operator: _Optional[str] = ..., dry_run: _Optional[bool] = ...) -> None: ...

class ProposeYearResponse(_message.Message):
    __slots__ = ("proposal", "made", "document")
    PROPOSAL_FIELD_NUMBER: _ClassVar[int]
    MADE_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    proposal: _proposal_pb2.ProposalItem
    made: bool
    document: YearHead
    def __init__(self, proposal: _Optional[_Union[_proposal_pb2.ProposalItem, _Mapping]] = ..., made: _Optional[bool] = ..., document: _Optional[_Union[YearHead, _Mapping]] = ...) -> None: ...
