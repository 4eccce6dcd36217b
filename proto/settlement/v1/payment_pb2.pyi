from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ListPositionsRequest(_message.Message):
    __slots__ = ("period", "insutype", "fund", "batch")
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    INSUTYPE_FIELD_NUMBER: _ClassVar[int]
    FUND_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    period: str
    insutype: str
    fund: str
    batch: int
    def __init__(self, period: _Optional[str] = ..., insutype: _Optional[str] = ..., fund: _Optional[str] = ..., batch: _Optional[int] = ...) -> None: ...

class ListPositionsResponse(_message.Message):
    __slots__ = ("runs", "gross", "net", "outside", "payments")
    RUNS_FIELD_NUMBER: _ClassVar[int]
    GROSS_FIELD_NUMBER: _ClassVar[int]
    NET_FIELD_NUMBER: _ClassVar[int]
    OUTSIDE_FIELD_NUMBER: _ClassVar[int]
    PAYMENTS_FIELD_NUMBER: _ClassVar[int]
    runs: _containers.RepeatedCompositeFieldContainer[RunName]
    gross: _containers.RepeatedCompositeFieldContainer[GrossPosition]
    net: _containers.RepeatedCompositeFieldContainer[NetPosition]
    outside: _containers.RepeatedCompositeFieldContainer[OutsidePosition]
    payments: _containers.RepeatedCompositeFieldContainer[RunPayment]
    def __init__(self, runs: _Optional[_Iterable[_Union[RunName, _Mapping]]] = ..., gross: _Optional[_Iterable[_Union[GrossPosition, _Mapping]]] = ..., net: _Optional[_Iterable[_Union[NetPosition, _Mapping]]] = ..., outside: _Optional[_Iterable[_Union[OutsidePosition, _Mapping]]] = ..., payments: _Optional[_Iterable[_Union[RunPayment, _Mapping]]] = ...) -> None: ...

class RunPayment(_message.Message):
    __slots__ = ("day", "batch", "kind", "period", "state")
    DAY_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    day: str
    batch: int
    kind: str
    period: str
    state: str
    def __init__(self, day: _Optional[str] = ..., batch: _Optional[int] = ..., kind: _Optional[str] = ..., period: _Optional[str] = ..., state: _Optional[str] = ...) -> None: ...

class RunName(_message.Message):
    __slots__ = ("day", "batch")
    DAY_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    day: str
    batch: int
    def __init__(self, day: _Optional[str] = ..., batch: _Optional[int] = ...) -> None: ...

class GrossPosition(_message.Message):
    __slots__ = ("position", "insutype", "fund", "bearer", "debtor", "creditor", "items", "amount_fen")
    POSITION_FIELD_NUMBER: _ClassVar[int]
    INSUTYPE_FIELD_NUMBER: _ClassVar[int]
    FUND_FIELD_NUMBER: _ClassVar[int]
    BEARER_FIELD_NUMBER: _ClassVar[int]
    DEBTOR_FIELD_NUMBER: _ClassVar[int]
    CREDITOR_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FEN_FIELD_NUMBER: _ClassVar[int]
    position: str
    insutype: str
    fund: str
    bearer: str
    debtor: int
    creditor: int
    items: int
    amount_fen: int
    def __init__(self, position: _Optional[str] = ..., insutype: _Optional[str] = ..., fund: _Optional[str] = ..., bearer: _Optional[str] = ..., debtor: _Optional[int] = ..., creditor: _Optional[int] = ..., items: _Optional[int] = ..., amount_fen: _Optional[int] = ...) -> None: ...

class NetPosition(_message.Message):
    __slots__ = ("group", "insutype", "fund", "pool", "receivable_fen", "payable_fen", "amount_fen")
    GROUP_FIELD_NUMBER: _ClassVar[int]
    INSUTYPE_FIELD_NUMBER: _ClassVar[int]
    FUND_FIELD_NUMBER: _ClassVar[int]
    POOL_FIELD_NUMBER: _ClassVar[int]
    RECEIVABLE_FEN_FIELD_NUMBER: _ClassVar[int]
    PAYABLE_FEN_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FEN_FIELD_NUMBER: _ClassVar[int]
    group: str
    insutype: str
    fund: str
    pool: int
    receivable_fen: int
    payable_fen: int
    amount_fen: int
    def __init__(self, group: _Optional[str] = ..., insutype: _Optional[str] = ..., fund: _Optional[str] = ..., pool: _Optional[int] = ..., receivable_fen: _Optional[int] = ..., payable_fen: _Optional[int] = ..., amount_fen: _Optional[int] = ...) -> None: ...

class OutsidePosition(_message.Message):
    __slots__ = ("position", "insutype", "fund", "bearer", "party", "home_pool", "creditor", "items", "amount_fen")
    POSITION_FIELD_NUMBER: _ClassVar[int]
    INSUTYPE_FIELD_NUMBER: _ClassVar[int]
    FUND_FIELD_NUMBER: _ClassVar[int]
    BEARER_FIELD_NUMBER: _ClassVar[int]
    PARTY_FIELD_NUMBER: _ClassVar[int]
    HOME_POOL_FIELD_NUMBER: _ClassVar[int]
    CREDITOR_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FEN_FIELD_NUMBER: _ClassVar[int]
    position: str
    insutype: str
    fund: str
    bearer: str
    party: str
    home_pool: int
    creditor: int
    items: int
    amount_fen: int
    def __init__(self, position: _Optional[str] = ..., insutype: _Optional[str] = ..., fund: _Optional[str] = ..., bearer: _Optional[str] = ..., party: _Optional[str] = ..., home_pool: _Optional[int] = ..., creditor: _Optional[int] = ..., items: _Optional[int] = ..., amount_fen: _Optional[int] = ...) -> None: ...

class ExplainPositionRequest(_message.Message):
    __slots__ = ("position", "fixmedins_code", "items")
    POSITION_FIELD_NUMBER: _ClassVar[int]
    FIXMEDINS_CODE_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    position: str
    fixmedins_code: str
    items: bool
    def __init__(self, position: _Optional[str] = ..., fixmedins_code: _Optional[str] = ..., items: _Optional[bool] = ...) -> None: ...

class ExplainPositionResponse(_message.Message):
    __slots__ = ("amount_fen", "shares", "items", "payments")
    AMOUNT_FEN_FIELD_NUMBER: _ClassVar[int]
    SHARES_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    PAYMENTS_FIELD_NUMBER: _ClassVar[int]
    amount_fen: int
    shares: _containers.RepeatedCompositeFieldContainer[PositionShare]
    items: _containers.RepeatedCompositeFieldContainer[PositionItem]
    payments: _containers.RepeatedCompositeFieldContainer[RunPayment]
    def __init__(self, amount_fen: _Optional[int] = ..., shares: _Optional[_Iterable[_Union[PositionShare, _Mapping]]] = ..., items: _Optional[_Iterable[_Union[PositionItem, _Mapping]]] = ..., payments: _Optional[_Iterable[_Union[RunPayment, _Mapping]]] = ...) -> None: ...

class PositionShare(_message.Message):
    __slots__ = ("day", "batch", "home_pool", "fixmedins_code", "items", "amount_fen", "carried_fen")
    DAY_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    HOME_POOL_FIELD_NUMBER: _ClassVar[int]
    FIXMEDINS_CODE_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FEN_FIELD_NUMBER: _ClassVar[int]
    CARRIED_FEN_FIELD_NUMBER: _ClassVar[int]
    day: str
    batch: int
    home_pool: int
    fixmedins_code: str
    items: int
    amount_fen: int
    carried_fen: int
    def __init__(self, day: _Optional[str] = ..., batch: _Optional[int] = ..., home_pool: _Optional[int] = ..., fixmedins_code: _Optional[str] = ..., items: _Optional[int] = ..., amount_fen: _Optional[int] = ..., carried_fen: _Optional[int] = ...) -> None: ...

class PositionItem(_message.Message):
    __slots__ = ("day", "setl_id", "fixmedins_code", "sign", "amount_fen", "aside")
    DAY_FIELD_NUMBER: _ClassVar[int]
    SETL_ID_FIELD_NUMBER: _ClassVar[int]
    FIXMEDINS_CODE_FIELD_NUMBER: _ClassVar[int]
    SIGN_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FEN_FIELD_NUMBER: _ClassVar[int]
    ASIDE_FIELD_NUMBER: _ClassVar[int]
    day: str
    setl_id: str
    fixmedins_code: str
    sign: int
    amount_fen: int
    aside: bool
    def __init__(self, day: _Optional[str] = ..., setl_id: _Optional[str] = ..., fixmedins_code: _Optional[str] = ..., sign: _Optional[int] = ..., amount_fen: _Optional[int] = ..., aside: _Optional[bool] = ...) -> None: ...

class GetStatementsRequest(_message.Message):
    __slots__ = ("period", "parties", "batch")
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    PARTIES_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    period: str
    parties: _containers.RepeatedScalarFieldContainer[str]
    batch: int
    def __init__(self, period: _Optional[str] = ..., parties: _Optional[_Iterable[str]] = ..., batch: _Optional[int] = ...) -> None: ...

class GetStatementsResponse(_message.Message):
    __slots__ = ("kind", "code", "name", "book", "csv")
    KIND_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    BOOK_FIELD_NUMBER: _ClassVar[int]
    CSV_FIELD_NUMBER: _ClassVar[int]
    kind: str
    code: str
    name: str
    book: str
    csv: str
    def __init__(self, kind: _Optional[str] = ..., code: _Optional[str] = ..., name: _Optional[str] = ..., book: _Optional[str] = ..., csv: _Optional[str] = ...) -> None: ...

class ProposeInstructionsRequest(_message.Message):
    __slots__ = ("period", "operator", "dry_run", "institutions")
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    INSTITUTIONS_FIELD_NUMBER: _ClassVar[int]
    period: str
    operator: str
    dry_run: bool
    institutions: bool
    def __init__(self, period: _Optional[str] = ..., operator: _Optional[str] = ..., dry_run: _Optional[bool] = ..., institutions: _Optional[bool] = ...) -> None: ...

class ProposeInstructionsResponse(_message.Message):
    __slots__ = ("instructions", "made", "left_out")
    INSTRUCTIONS_FIELD_NUMBER: _ClassVar[int]
    MADE_FIELD_NUMBER: _ClassVar[int]
    LEFT_OUT_FIELD_NUMBER: _ClassVar[int]
    instructions: _containers.RepeatedCompositeFieldContainer[InstructionItem]
    made: int
    left_out: _containers.RepeatedCompositeFieldContainer[LeftOutItem]
    def __init__(self, instructions: _Optional[_Iterable[_Union[InstructionItem, _Mapping]]] = ..., made: _Optional[int] = ..., left_out: _Optional[_Iterable[_Union[LeftOutItem, _Mapping]]] = ...) -> None: ...

class LeftOutItem(_message.Message):
    __slots__ = ("fixmedins_code", "amount_fen")
    FIXMEDINS_CODE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FEN_FIELD_NUMBER: _ClassVar[int]
    fixmedins_code: str
    amount_fen: int
    def __init__(self, fixmedins_code: _Optional[str] = ..., amount_fen: _Optional[int] = ...) -> None: ...

class ListInstructionsRequest(_message.Message):
    __slots__ = ("period", "state")
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    period: str
    state: str
    def __init__(self, period: _Optional[str] = ..., state: _Optional[str] = ...) -> None: ...

class ListInstructionsResponse(_message.Message):
    __slots__ = ("instructions",)
    INSTRUCTIONS_FIELD_NUMBER: _ClassVar[int]
    instructions: _containers.RepeatedCompositeFieldContainer[InstructionItem]
    def __init__(self, instructions: _Optional[_Iterable[_Union[InstructionItem, _Mapping]]] = ...) -> None: ...

class InstructionItem(_message.Message):
    __slots__ = ("id", "period", "batch", "revision", "payer", "payee", "insutype", "fund", "amount_fen", "made_by", "state", "checked_by", "returned_fen", "msg_id")
    ID_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    PAYER_FIELD_NUMBER: _ClassVar[int]
    PAYEE_FIELD_NUMBER: _ClassVar[int]
    INSUTYPE_FIELD_NUMBER: _ClassVar[int]
    FUND_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FEN_FIELD_NUMBER: _ClassVar[int]
    MADE_BY_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    CHECKED_BY_FIELD_NUMBER: _ClassVar[int]
    RETURNED_FEN_FIELD_NUMBER: _ClassVar[int]
    MSG_ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    period: str
    batch: int
    revision: int
    payer: str
    payee: str
    insutype: str
    fund: str
    amount_fen: int
    made_by: str
    state: str
    checked_by: str
    returned_fen: int
    msg_id: str
    def __init__(self, id: _Optional[str] = ..., period: _Optional[str] = ..., batch: _Optional[int] = ..., revision: _Optional[int] = ..., payer: _Optional[str] = ..., payee: _Optional[str] = ..., insutype: _Optional[str] = ..., fund: _Optional[str] = ..., amount_fen: _Optional[int] = ..., made_by: _Optional[str] = ..., state: _Optional[str] = ..., checked_by: _Optional[str] = ..., returned_fen: _Optional[int] = ..., msg_id: _Optional[str] = ...) -> None: ...

class CheckInstructionsRequest(_message.Message):
    __slots__ = ("period", "operator", "refuse", "reason", "dry_run", "institutions")
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    REFUSE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    INSTITUTIONS_FIELD_NUMBER: _ClassVar[int]
    period: str
    operator: str
    refuse: bool
    reason: str
    dry_run: bool
    institutions: bool
    def __init__(self, period: _Optional[str] = ..., operator: _Optional[str] = ..., refuse: _Optional[bool] = ..., reason: _Optional[str] = ..., dry_run: _Optional[bool] = ..., institutions: _Optional[bool] = ...) -> None: ...

class CheckInstructionsResponse(_message.Message):
    __slots__ = ("instructions", "amount_fen")
    INSTRUCTIONS_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FEN_FIELD_NUMBER: _ClassVar[int]
    instructions: int
    amount_fen: int
    def __init__(self, instructions: _Optional[int] = ..., amount_fen: _Optional[int] = ...) -> None: ...

class ReopenInstructionsRequest(_message.Message):
    __slots__ = ("period", "operator", "dry_run", "institutions")
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    INSTITUTIONS_FIELD_NUMBER: _ClassVar[int]
    period: str
    operator: str
    dry_run: bool
    institutions: bool
    def __init__(self, period: _Optional[str] = ..., operator: _Optional[str] = ..., dry_run: _Optional[bool] = ..., institutions: _Optional[bool] = ...) -> None: ...

class ReopenInstructionsResponse(_message.Message):
    __slots__ = ("instructions",)
    INSTRUCTIONS_FIELD_NUMBER: _ClassVar[int]
    instructions: int
    def __init__(self, instructions: _Optional[int] = ...) -> None: ...

class FileInstructionsRequest(_message.Message):
    __slots__ = ("period", "operator", "institutions")
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    INSTITUTIONS_FIELD_NUMBER: _ClassVar[int]
    period: str
    operator: str
    institutions: bool
    def __init__(self, period: _Optional[str] = ..., operator: _Optional[str] = ..., institutions: _Optional[bool] = ...) -> None: ...

class FileInstructionsResponse(_message.Message):
    __slots__ = ("files",)
    FILES_FIELD_NUMBER: _ClassVar[int]
    files: _containers.RepeatedCompositeFieldContainer[PaymentFileItem]
    def __init__(self, files: _Optional[_Iterable[_Union[PaymentFileItem, _Mapping]]] = ...) -> None: ...

class PaymentFileItem(_message.Message):
    __slots__ = ("msg_id", "instructions", "amount_fen", "content")
    MSG_ID_FIELD_NUMBER: _ClassVar[int]
    INSTRUCTIONS_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FEN_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    msg_id: str
    instructions: int
    amount_fen: int
    content: bytes
    def __init__(self, msg_id: _Optional[str] = ..., instructions: _Optional[int] = ..., amount_fen: _Optional[int] = ..., content: _Optional[bytes] = ...) -> None: ...

class TakeBankReturnsRequest(_message.Message):
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

class TakeBankReturnsResponse(_message.Message):
    __slots__ = ("accepted", "returned", "known", "reopened", "before")
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    RETURNED_FIELD_NUMBER: _ClassVar[int]
    KNOWN_FIELD_NUMBER: _ClassVar[int]
    REOPENED_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    accepted: int
    returned: int
    known: int
    reopened: _containers.RepeatedScalarFieldContainer[str]
    before: bool
    def __init__(self, accepted: _Optional[int] = ..., returned: _Optional[int] = ..., known: _Optional[int] = ..., reopened: _Optional[_Iterable[str]] = ..., before: _Optional[bool] = ...) -> None: ...
