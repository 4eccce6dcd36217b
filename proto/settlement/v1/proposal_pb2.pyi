from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ProposalItem(_message.Message):
    __slots__ = ("id", "kind", "about", "amount_fen", "state", "made_by", "made_at", "checked_by", "detail")
    ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    ABOUT_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FEN_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    MADE_BY_FIELD_NUMBER: _ClassVar[int]
    MADE_AT_FIELD_NUMBER: _ClassVar[int]
    CHECKED_BY_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    id: int
    kind: str
    about: str
    amount_fen: int
    state: str
    made_by: str
    made_at: str
    checked_by: str
    detail: str
    def __init__(self, id: _Optional[int] = ..., kind: _Optional[str] = ..., about: _Optional[str] = ..., amount_fen: _Optional[int] = ..., state: _Optional[str] = ..., made_by: _Optional[str] = ..., made_at: _Optional[str] = ..., checked_by: _Optional[str] = ..., detail: _Optional[str] = ...) -> None: ...

class ListProposalsRequest(_message.Message):
    __slots__ = ("state", "kind")
    STATE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    state: str
    kind: str
    def __init__(self, state: _Optional[str] = ..., kind: _Optional[str] = ...) -> None: ...

class ListProposalsResponse(_message.Message):
    __slots__ = ("proposals",)
    PROPOSALS_FIELD_NUMBER: _ClassVar[int]
    proposals: _containers.RepeatedCompositeFieldContainer[ProposalItem]
    def __init__(self, proposals: _Optional[_Iterable[_Union[ProposalItem, _Mapping]]] = ...) -> None: ...

class CheckProposalRequest(_message.Message):
    __slots__ = ("proposal", "operator", "refuse", "reason", "dry_run")
    PROPOSAL_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    REFUSE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    proposal: int
    operator: str
    refuse: bool
    reason: str
    dry_run: bool
    def __init__(self, proposal: _Optional[int] = ..., operator: _Optional[str] = ..., refuse: _Optional[bool] = ..., reason: _Optional[str] = ..., dry_run: _Optional[bool] = ...) -> None: ...

class CheckProposalResponse(_message.Message):
    __slots__ = ("proposal",)
    PROPOSAL_FIELD_NUMBER: _ClassVar[int]
    proposal: ProposalItem
    def __init__(self, proposal: _Optional[_Union[ProposalItem, _Mapping]] = ...) -> None: ...
