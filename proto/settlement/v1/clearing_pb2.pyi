from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RunDayRequest(_message.Message):
    __slots__ = ("day", "operator", "dry_run")
    DAY_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    day: str
    operator: str
    dry_run: bool
    def __init__(self, day: _Optional[str] = ..., operator: _Optional[str] = ..., dry_run: _Optional[bool] = ...) -> None: ...

class RunDayResponse(_message.Message):
    __slots__ = ("run", "absent", "would_run")
    RUN_FIELD_NUMBER: _ClassVar[int]
    ABSENT_FIELD_NUMBER: _ClassVar[int]
    WOULD_RUN_FIELD_NUMBER: _ClassVar[int]
    run: RunSummary
    absent: _containers.RepeatedCompositeFieldContainer[AbsentBook]
    would_run: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, run: _Optional[_Union[RunSummary, _Mapping]] = ..., absent: _Optional[_Iterable[_Union[AbsentBook, _Mapping]]] = ..., would_run: _Optional[_Iterable[str]] = ...) -> None: ...

class RunSummary(_message.Message):
    __slots__ = ("day", "batch", "made_at", "made_by", "pairs", "items", "fetched", "differences", "open", "carried", "absent")
    DAY_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    MADE_AT_FIELD_NUMBER: _ClassVar[int]
    MADE_BY_FIELD_NUMBER: _ClassVar[int]
    PAIRS_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    FETCHED_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCES_FIELD_NUMBER: _ClassVar[int]
    OPEN_FIELD_NUMBER: _ClassVar[int]
    CARRIED_FIELD_NUMBER: _ClassVar[int]
    ABSENT_FIELD_NUMBER: _ClassVar[int]
    day: str
    batch: int
    made_at: str
    made_by: str
    pairs: int
    items: int
    fetched: int
    differences: int
    open: int
    carried: int
    absent: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, day: _Optional[str] = ..., batch: _Optional[int] = ..., made_at: _Optional[str] = ..., made_by: _Optional[str] = ..., pairs: _Optional[int] = ..., items: _Optional[int] = ..., fetched: _Optional[int] = ..., differences: _Optional[int] = ..., open: _Optional[int] = ..., carried: _Optional[int] = ..., absent: _Optional[_Iterable[str]] = ...) -> None: ...

class AbsentBook(_message.Message):
    __slots__ = ("book", "why")
    BOOK_FIELD_NUMBER: _ClassVar[int]
    WHY_FIELD_NUMBER: _ClassVar[int]
    book: str
    why: str
    def __init__(self, book: _Optional[str] = ..., why: _Optional[str] = ...) -> None: ...

class WatchRunRequest(_message.Message):
    __slots__ = ("day",)
    DAY_FIELD_NUMBER: _ClassVar[int]
    day: str
    def __init__(self, day: _Optional[str] = ...) -> None: ...

class WatchRunResponse(_message.Message):
    __slots__ = ("day", "step", "done", "total", "operator", "at", "run")
    DAY_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    RUN_FIELD_NUMBER: _ClassVar[int]
    day: str
    step: str
    done: int
    total: int
    operator: str
    at: str
    run: RunSummary
    def __init__(self, day: _Optional[str] = ..., step: _Optional[str] = ..., done: _Optional[int] = ..., total: _Optional[int] = ..., operator: _Optional[str] = ..., at: _Optional[str] = ..., run: _Optional[_Union[RunSummary, _Mapping]] = ...) -> None: ...

class ListRunsRequest(_message.Message):
    __slots__ = ("day",)
    DAY_FIELD_NUMBER: _ClassVar[int]
    day: str
    def __init__(self, day: _Optional[str] = ...) -> None: ...

class ListRunsResponse(_message.Message):
    __slots__ = ("runs",)
    RUNS_FIELD_NUMBER: _ClassVar[int]
    runs: _containers.RepeatedCompositeFieldContainer[RunSummary]
    def __init__(self, runs: _Optional[_Iterable[_Union[RunSummary, _Mapping]]] = ...) -> None: ...

class GetStatusRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetStatusResponse(_message.Message):
    __slots__ = ("books", "under_way", "unpaid")
    BOOKS_FIELD_NUMBER: _ClassVar[int]
    UNDER_WAY_FIELD_NUMBER: _ClassVar[int]
    UNPAID_FIELD_NUMBER: _ClassVar[int]
    books: _containers.RepeatedCompositeFieldContainer[BookStatus]
    under_way: _containers.RepeatedCompositeFieldContainer[RunUnderWay]
    unpaid: _containers.RepeatedCompositeFieldContainer[UnpaidMonth]
    def __init__(self, books: _Optional[_Iterable[_Union[BookStatus, _Mapping]]] = ..., under_way: _Optional[_Iterable[_Union[RunUnderWay, _Mapping]]] = ..., unpaid: _Optional[_Iterable[_Union[UnpaidMonth, _Mapping]]] = ...) -> None: ...

class BookStatus(_message.Message):
    __slots__ = ("book", "address", "open_day", "last_closed", "fault")
    BOOK_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    OPEN_DAY_FIELD_NUMBER: _ClassVar[int]
    LAST_CLOSED_FIELD_NUMBER: _ClassVar[int]
    FAULT_FIELD_NUMBER: _ClassVar[int]
    book: str
    address: str
    open_day: str
    last_closed: str
    fault: str
    def __init__(self, book: _Optional[str] = ..., address: _Optional[str] = ..., open_day: _Optional[str] = ..., last_closed: _Optional[str] = ..., fault: _Optional[str] = ...) -> None: ...

class RunUnderWay(_message.Message):
    __slots__ = ("day", "step", "done", "total", "operator", "began_at", "at", "alive")
    DAY_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    BEGAN_AT_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    ALIVE_FIELD_NUMBER: _ClassVar[int]
    day: str
    step: str
    done: int
    total: int
    operator: str
    began_at: str
    at: str
    alive: bool
    def __init__(self, day: _Optional[str] = ..., step: _Optional[str] = ..., done: _Optional[int] = ..., total: _Optional[int] = ..., operator: _Optional[str] = ..., began_at: _Optional[str] = ..., at: _Optional[str] = ..., alive: _Optional[bool] = ...) -> None: ...

class UnpaidMonth(_message.Message):
    __slots__ = ("month", "kind", "paid", "under_way", "unpaid")
    MONTH_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    PAID_FIELD_NUMBER: _ClassVar[int]
    UNDER_WAY_FIELD_NUMBER: _ClassVar[int]
    UNPAID_FIELD_NUMBER: _ClassVar[int]
    month: str
    kind: str
    paid: int
    under_way: int
    unpaid: int
    def __init__(self, month: _Optional[str] = ..., kind: _Optional[str] = ..., paid: _Optional[int] = ..., under_way: _Optional[int] = ..., unpaid: _Optional[int] = ...) -> None: ...

class ListWaitingRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListWaitingResponse(_message.Message):
    __slots__ = ("waiting",)
    WAITING_FIELD_NUMBER: _ClassVar[int]
    waiting: _containers.RepeatedCompositeFieldContainer[WaitingItem]
    def __init__(self, waiting: _Optional[_Iterable[_Union[WaitingItem, _Mapping]]] = ...) -> None: ...

class WaitingItem(_message.Message):
    __slots__ = ("rank", "amount_fen", "what", "command")
    RANK_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FEN_FIELD_NUMBER: _ClassVar[int]
    WHAT_FIELD_NUMBER: _ClassVar[int]
    COMMAND_FIELD_NUMBER: _ClassVar[int]
    rank: int
    amount_fen: int
    what: str
    command: str
    def __init__(self, rank: _Optional[int] = ..., amount_fen: _Optional[int] = ..., what: _Optional[str] = ..., command: _Optional[str] = ...) -> None: ...

class ListDifferencesRequest(_message.Message):
    __slots__ = ("day", "age_days", "fixmedins_code", "resolved_too")
    DAY_FIELD_NUMBER: _ClassVar[int]
    CLASS_FIELD_NUMBER: _ClassVar[int]
    AGE_DAYS_FIELD_NUMBER: _ClassVar[int]
    FIXMEDINS_CODE_FIELD_NUMBER: _ClassVar[int]
    RESOLVED_TOO_FIELD_NUMBER: _ClassVar[int]
    day: str
    age_days: int
    fixmedins_code: str
    resolved_too: bool
    def __init__(self, day: _Optional[str] = ..., age_days: _Optional[int] = ..., fixmedins_code: _Optional[str] = ..., resolved_too: _Optional[bool] = ..., **kwargs) -> None: ...

class ListDifferencesResponse(_message.Message):
    __slots__ = ("differences",)
    DIFFERENCES_FIELD_NUMBER: _ClassVar[int]
    differences: _containers.RepeatedCompositeFieldContainer[DifferenceItem]
    def __init__(self, differences: _Optional[_Iterable[_Union[DifferenceItem, _Mapping]]] = ...) -> None: ...

class DifferenceItem(_message.Message):
    __slots__ = ("id", "day", "batch", "node", "region", "setl_id", "fixmedins_code", "home", "care", "institution", "institution_compared", "differs", "stake_fen", "state", "resolution", "age_days", "owner", "next_action", "actions")
    ID_FIELD_NUMBER: _ClassVar[int]
    DAY_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    NODE_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    CLASS_FIELD_NUMBER: _ClassVar[int]
    SETL_ID_FIELD_NUMBER: _ClassVar[int]
    FIXMEDINS_CODE_FIELD_NUMBER: _ClassVar[int]
    HOME_FIELD_NUMBER: _ClassVar[int]
    CARE_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_FIELD_NUMBER: _ClassVar[int]
    INSTITUTION_COMPARED_FIELD_NUMBER: _ClassVar[int]
    DIFFERS_FIELD_NUMBER: _ClassVar[int]
    STAKE_FEN_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    RESOLUTION_FIELD_NUMBER: _ClassVar[int]
    AGE_DAYS_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    NEXT_ACTION_FIELD_NUMBER: _ClassVar[int]
    ACTIONS_FIELD_NUMBER: _ClassVar[int]
    id: int
    day: str
    batch: int
    node: str
    region: str
    setl_id: str
    fixmedins_code: str
    home: _containers.RepeatedScalarFieldContainer[str]
    care: _containers.RepeatedScalarFieldContainer[str]
    institution: _containers.RepeatedScalarFieldContainer[str]
    institution_compared: bool
    differs: _containers.RepeatedScalarFieldContainer[str]
    stake_fen: int
    state: str
    resolution: int
    age_days: int
    owner: str
    next_action: str
    actions: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, id: _Optional[int] = ..., day: _Optional[str] = ..., batch: _Optional[int] = ..., node: _Optional[str] = ..., region: _Optional[str] = ..., setl_id: _Optional[str] = ..., fixmedins_code: _Optional[str] = ..., home: _Optional[_Iterable[str]] = ..., care: _Optional[_Iterable[str]] = ..., institution: _Optional[_Iterable[str]] = ..., institution_compared: _Optional[bool] = ..., differs: _Optional[_Iterable[str]] = ..., stake_fen: _Optional[int] = ..., state: _Optional[str] = ..., resolution: _Optional[int] = ..., age_days: _Optional[int] = ..., owner: _Optional[str] = ..., next_action: _Optional[str] = ..., actions: _Optional[_Iterable[str]] = ..., **kwargs) -> None: ...

class ResolveDifferenceRequest(_message.Message):
    __slots__ = ("id", "action", "operator", "reason", "dry_run")
    ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    id: int
    action: str
    operator: str
    reason: str
    dry_run: bool
    def __init__(self, id: _Optional[int] = ..., action: _Optional[str] = ..., operator: _Optional[str] = ..., reason: _Optional[str] = ..., dry_run: _Optional[bool] = ...) -> None: ...

class ResolveDifferenceResponse(_message.Message):
    __slots__ = ("resolution", "needs_checker")
    RESOLUTION_FIELD_NUMBER: _ClassVar[int]
    NEEDS_CHECKER_FIELD_NUMBER: _ClassVar[int]
    resolution: int
    needs_checker: bool
    def __init__(self, resolution: _Optional[int] = ..., needs_checker: _Optional[bool] = ...) -> None: ...

class CheckResolutionRequest(_message.Message):
    __slots__ = ("resolution", "operator", "refuse", "dry_run")
    RESOLUTION_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    REFUSE_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    resolution: int
    operator: str
    refuse: bool
    dry_run: bool
    def __init__(self, resolution: _Optional[int] = ..., operator: _Optional[str] = ..., refuse: _Optional[bool] = ..., dry_run: _Optional[bool] = ...) -> None: ...

class CheckResolutionResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class UndoResolutionRequest(_message.Message):
    __slots__ = ("resolution", "operator", "reason", "dry_run")
    RESOLUTION_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    resolution: int
    operator: str
    reason: str
    dry_run: bool
    def __init__(self, resolution: _Optional[int] = ..., operator: _Optional[str] = ..., reason: _Optional[str] = ..., dry_run: _Optional[bool] = ...) -> None: ...

class UndoResolutionResponse(_message.Message):
    __slots__ = ("resolution", "needs_checker")
    RESOLUTION_FIELD_NUMBER: _ClassVar[int]
    NEEDS_CHECKER_FIELD_NUMBER: _ClassVar[int]
    resolution: int
    needs_checker: bool
    def __init__(self, resolution: _Optional[int] = ..., needs_checker: _Optional[bool] = ...) -> None: ...

class VerifyDayRequest(_message.Message):
    __slots__ = ("day",)
    DAY_FIELD_NUMBER: _ClassVar[int]
    day: str
    def __init__(self, day: _Optional[str] = ...) -> None: ...

class VerifyDayResponse(_message.Message):
    __slots__ = ("batches", "pairs", "sums", "findings", "mended")
    BATCHES_FIELD_NUMBER: _ClassVar[int]
    PAIRS_FIELD_NUMBER: _ClassVar[int]
    SUMS_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    MENDED_FIELD_NUMBER: _ClassVar[int]
    batches: int
    pairs: int
    sums: int
    findings: _containers.RepeatedCompositeFieldContainer[VerifyFinding]
    mended: int
    def __init__(self, batches: _Optional[int] = ..., pairs: _Optional[int] = ..., sums: _Optional[int] = ..., findings: _Optional[_Iterable[_Union[VerifyFinding, _Mapping]]] = ..., mended: _Optional[int] = ...) -> None: ...

class VerifyMonthRequest(_message.Message):
    __slots__ = ("month",)
    MONTH_FIELD_NUMBER: _ClassVar[int]
    month: str
    def __init__(self, month: _Optional[str] = ...) -> None: ...

class VerifyMonthResponse(_message.Message):
    __slots__ = ("batches", "findings")
    BATCHES_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    batches: int
    findings: _containers.RepeatedCompositeFieldContainer[VerifyFinding]
    def __init__(self, batches: _Optional[int] = ..., findings: _Optional[_Iterable[_Union[VerifyFinding, _Mapping]]] = ...) -> None: ...

class VerifyFinding(_message.Message):
    __slots__ = ("what", "where")
    WHAT_FIELD_NUMBER: _ClassVar[int]
    WHERE_FIELD_NUMBER: _ClassVar[int]
    what: str
    where: str
    def __init__(self, what: _Optional[str] = ..., where: _Optional[str] = ...) -> None: ...

class ListLogRequest(_message.Message):
    __slots__ = ("operator", "after")
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    operator: str
    after: int
    def __init__(self, operator: _Optional[str] = ..., after: _Optional[int] = ...) -> None: ...

class ListLogResponse(_message.Message):
    __slots__ = ("entries",)
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[LogEntry]
    def __init__(self, entries: _Optional[_Iterable[_Union[LogEntry, _Mapping]]] = ...) -> None: ...

class LogEntry(_message.Message):
    __slots__ = ("id", "at", "operator", "action", "subject", "detail")
    ID_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    id: int
    at: str
    operator: str
    action: str
    subject: str
    detail: str
    def __init__(self, id: _Optional[int] = ..., at: _Optional[str] = ..., operator: _Optional[str] = ..., action: _Optional[str] = ..., subject: _Optional[str] = ..., detail: _Optional[str] = ...) -> None: ...

class RunWalletDayRequest(_message.Message):
    __slots__ = ("day", "operator", "dry_run")
    DAY_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    day: str
    operator: str
    dry_run: bool
    def __init__(self, day: _Optional[str] = ..., operator: _Optional[str] = ..., dry_run: _Optional[bool] = ...) -> None: ...

class RunWalletDayResponse(_message.Message):
    __slots__ = ("run", "absent", "wallet")
    RUN_FIELD_NUMBER: _ClassVar[int]
    ABSENT_FIELD_NUMBER: _ClassVar[int]
    WALLET_FIELD_NUMBER: _ClassVar[int]
    run: WalletRunSummary
    absent: _containers.RepeatedCompositeFieldContainer[AbsentBook]
    wallet: WalletDay
    def __init__(self, run: _Optional[_Union[WalletRunSummary, _Mapping]] = ..., absent: _Optional[_Iterable[_Union[AbsentBook, _Mapping]]] = ..., wallet: _Optional[_Union[WalletDay, _Mapping]] = ...) -> None: ...

class WalletRunSummary(_message.Message):
    __slots__ = ("batch", "pairs", "credited", "amount_fen", "differences")
    BATCH_FIELD_NUMBER: _ClassVar[int]
    PAIRS_FIELD_NUMBER: _ClassVar[int]
    CREDITED_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FEN_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCES_FIELD_NUMBER: _ClassVar[int]
    batch: int
    pairs: int
    credited: int
    amount_fen: int
    differences: int
    def __init__(self, batch: _Optional[int] = ..., pairs: _Optional[int] = ..., credited: _Optional[int] = ..., amount_fen: _Optional[int] = ..., differences: _Optional[int] = ...) -> None: ...

class GetWalletDayRequest(_message.Message):
    __slots__ = ("day",)
    DAY_FIELD_NUMBER: _ClassVar[int]
    day: str
    def __init__(self, day: _Optional[str] = ...) -> None: ...

class GetWalletDayResponse(_message.Message):
    __slots__ = ("wallet",)
    WALLET_FIELD_NUMBER: _ClassVar[int]
    wallet: WalletDay
    def __init__(self, wallet: _Optional[_Union[WalletDay, _Mapping]] = ...) -> None: ...

class WalletDay(_message.Message):
    __slots__ = ("batches", "sums", "positions", "net", "differences")
    BATCHES_FIELD_NUMBER: _ClassVar[int]
    SUMS_FIELD_NUMBER: _ClassVar[int]
    POSITIONS_FIELD_NUMBER: _ClassVar[int]
    NET_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCES_FIELD_NUMBER: _ClassVar[int]
    batches: int
    sums: _containers.RepeatedCompositeFieldContainer[WalletDaySum]
    positions: _containers.RepeatedCompositeFieldContainer[WalletPosition]
    net: _containers.RepeatedCompositeFieldContainer[WalletNet]
    differences: _containers.RepeatedCompositeFieldContainer[WalletDifferenceItem]
    def __init__(self, batches: _Optional[int] = ..., sums: _Optional[_Iterable[_Union[WalletDaySum, _Mapping]]] = ..., positions: _Optional[_Iterable[_Union[WalletPosition, _Mapping]]] = ..., net: _Optional[_Iterable[_Union[WalletNet, _Mapping]]] = ..., differences: _Optional[_Iterable[_Union[WalletDifferenceItem, _Mapping]]] = ...) -> None: ...

class WalletDaySum(_message.Message):
    __slots__ = ("batch", "pool", "to_pool", "kind", "items", "amount_fen")
    BATCH_FIELD_NUMBER: _ClassVar[int]
    POOL_FIELD_NUMBER: _ClassVar[int]
    TO_POOL_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FEN_FIELD_NUMBER: _ClassVar[int]
    batch: int
    pool: int
    to_pool: int
    kind: str
    items: int
    amount_fen: int
    def __init__(self, batch: _Optional[int] = ..., pool: _Optional[int] = ..., to_pool: _Optional[int] = ..., kind: _Optional[str] = ..., items: _Optional[int] = ..., amount_fen: _Optional[int] = ...) -> None: ...

class WalletPosition(_message.Message):
    __slots__ = ("debtor", "creditor", "items", "amount_fen")
    DEBTOR_FIELD_NUMBER: _ClassVar[int]
    CREDITOR_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FEN_FIELD_NUMBER: _ClassVar[int]
    debtor: int
    creditor: int
    items: int
    amount_fen: int
    def __init__(self, debtor: _Optional[int] = ..., creditor: _Optional[int] = ..., items: _Optional[int] = ..., amount_fen: _Optional[int] = ...) -> None: ...

class WalletNet(_message.Message):
    __slots__ = ("pool", "amount_fen")
    POOL_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FEN_FIELD_NUMBER: _ClassVar[int]
    pool: int
    amount_fen: int
    def __init__(self, pool: _Optional[int] = ..., amount_fen: _Optional[int] = ...) -> None: ...

class WalletDifferenceItem(_message.Message):
    __slots__ = ("batch", "transfer_id", "pool", "to_pool", "sent_fen", "credited_fen", "day", "stake_fen", "state", "proposal", "resolution", "action", "next_action", "actions")
    BATCH_FIELD_NUMBER: _ClassVar[int]
    TRANSFER_ID_FIELD_NUMBER: _ClassVar[int]
    POOL_FIELD_NUMBER: _ClassVar[int]
    TO_POOL_FIELD_NUMBER: _ClassVar[int]
    CLASS_FIELD_NUMBER: _ClassVar[int]
    SENT_FEN_FIELD_NUMBER: _ClassVar[int]
    CREDITED_FEN_FIELD_NUMBER: _ClassVar[int]
    DAY_FIELD_NUMBER: _ClassVar[int]
    STAKE_FEN_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    PROPOSAL_FIELD_NUMBER: _ClassVar[int]
    RESOLUTION_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    NEXT_ACTION_FIELD_NUMBER: _ClassVar[int]
    ACTIONS_FIELD_NUMBER: _ClassVar[int]
    batch: int
    transfer_id: str
    pool: int
    to_pool: int
    sent_fen: int
    credited_fen: int
    day: str
    stake_fen: int
    state: str
    proposal: int
    resolution: int
    action: str
    next_action: str
    actions: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, batch: _Optional[int] = ..., transfer_id: _Optional[str] = ..., pool: _Optional[int] = ..., to_pool: _Optional[int] = ..., sent_fen: _Optional[int] = ..., credited_fen: _Optional[int] = ..., day: _Optional[str] = ..., stake_fen: _Optional[int] = ..., state: _Optional[str] = ..., proposal: _Optional[int] = ..., resolution: _Optional[int] = ..., action: _Optional[str] = ..., next_action: _Optional[str] = ..., actions: _Optional[_Iterable[str]] = ..., **kwargs) -> None: ...

class ResolveWalletDifferenceRequest(_message.Message):
    __slots__ = ("day", "transfer_id", "action", "operator", "reason", "dry_run")
    DAY_FIELD_NUMBER: _ClassVar[int]
    TRANSFER_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    day: str
    transfer_id: str
    action: str
    operator: str
    reason: str
    dry_run: bool
    def __init__(self, day: _Optional[str] = ..., transfer_id: _Optional[str] = ..., action: _Optional[str] = ..., operator: _Optional[str] = ..., reason: _Optional[str] = ..., dry_run: _Optional[bool] = ...) -> None: ...

class ResolveWalletDifferenceResponse(_message.Message):
    __slots__ = ("decision",)
    DECISION_FIELD_NUMBER: _ClassVar[int]
    decision: WalletDecision
    def __init__(self, decision: _Optional[_Union[WalletDecision, _Mapping]] = ...) -> None: ...

class WalletDecision(_message.Message):
    __slots__ = ("resolution", "proposal", "amount_fen")
    RESOLUTION_FIELD_NUMBER: _ClassVar[int]
    PROPOSAL_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FEN_FIELD_NUMBER: _ClassVar[int]
    resolution: int
    proposal: int
    amount_fen: int
    def __init__(self, resolution: _Optional[int] = ..., proposal: _Optional[int] = ..., amount_fen: _Optional[int] = ...) -> None: ...

class UndoWalletResolutionRequest(_message.Message):
    __slots__ = ("resolution", "operator", "reason", "dry_run")
    RESOLUTION_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    resolution: int
    operator: str
    reason: str
    dry_run: bool
    def __init__(self, resolution: _Optional[int] = ..., operator: _Optional[str] = ..., reason: _Optional[str] = ..., dry_run: _Optional[bool] = ...) -> None: ...

class UndoWalletResolutionResponse(_message.Message):
    __slots__ = ("decision",)
    DECISION_FIELD_NUMBER: _ClassVar[int]
    decision: WalletDecision
    def __init__(self, decision: _Optional[_Union[WalletDecision, _Mapping]] = ...) -> None: ...
