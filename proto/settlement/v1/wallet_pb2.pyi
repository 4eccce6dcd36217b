from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SendTransferRequest(_message.Message):
    __slots__ = ("orderer", "msgid", "psn_no", "pool", "to_psn_no", "to_pool", "amount_fen")
    ORDERER_FIELD_NUMBER: _ClassVar[int]
    MSGID_FIELD_NUMBER: _ClassVar[int]
    PSN_NO_FIELD_NUMBER: _ClassVar[int]
    POOL_FIELD_NUMBER: _ClassVar[int]
    TO_PSN_NO_FIELD_NUMBER: _ClassVar[int]
    TO_POOL_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FEN_FIELD_NUMBER: _ClassVar[int]
    orderer: str
    msgid: str
    psn_no: str
    pool: int
    to_psn_no: str
    to_pool: int
    amount_fen: int
    def __init__(self, orderer: _Optional[str] = ..., msgid: _Optional[str] = ..., psn_no: _Optional[str] = ..., pool: _Optional[int] = ..., to_psn_no: _Optional[str] = ..., to_pool: _Optional[int] = ..., amount_fen: _Optional[int] = ...) -> None: ...

class SendTransferResponse(_message.Message):
    __slots__ = ("transfer",)
    TRANSFER_FIELD_NUMBER: _ClassVar[int]
    transfer: Transfer
    def __init__(self, transfer: _Optional[_Union[Transfer, _Mapping]] = ...) -> None: ...

class AcceptTransferRequest(_message.Message):
    __slots__ = ("transfer_id", "psn_no")
    TRANSFER_ID_FIELD_NUMBER: _ClassVar[int]
    PSN_NO_FIELD_NUMBER: _ClassVar[int]
    transfer_id: str
    psn_no: str
    def __init__(self, transfer_id: _Optional[str] = ..., psn_no: _Optional[str] = ...) -> None: ...

class AcceptTransferResponse(_message.Message):
    __slots__ = ("transfer",)
    TRANSFER_FIELD_NUMBER: _ClassVar[int]
    transfer: Transfer
    def __init__(self, transfer: _Optional[_Union[Transfer, _Mapping]] = ...) -> None: ...

class GetTransferRequest(_message.Message):
    __slots__ = ("transfer_id",)
    TRANSFER_ID_FIELD_NUMBER: _ClassVar[int]
    transfer_id: str
    def __init__(self, transfer_id: _Optional[str] = ...) -> None: ...

class GetTransferResponse(_message.Message):
    __slots__ = ("transfers",)
    TRANSFERS_FIELD_NUMBER: _ClassVar[int]
    transfers: _containers.RepeatedCompositeFieldContainer[Transfer]
    def __init__(self, transfers: _Optional[_Iterable[_Union[Transfer, _Mapping]]] = ...) -> None: ...

class ListTransfersRequest(_message.Message):
    __slots__ = ("psn_no", "transfers_max")
    PSN_NO_FIELD_NUMBER: _ClassVar[int]
    TRANSFERS_MAX_FIELD_NUMBER: _ClassVar[int]
    psn_no: str
    transfers_max: int
    def __init__(self, psn_no: _Optional[str] = ..., transfers_max: _Optional[int] = ...) -> None: ...

class ListTransfersResponse(_message.Message):
    __slots__ = ("transfers",)
    TRANSFERS_FIELD_NUMBER: _ClassVar[int]
    transfers: _containers.RepeatedCompositeFieldContainer[Transfer]
    def __init__(self, transfers: _Optional[_Iterable[_Union[Transfer, _Mapping]]] = ...) -> None: ...

class Transfer(_message.Message):
    __slots__ = ("transfer_id", "side", "state", "code", "psn_no", "pool", "to_psn_no", "to_pool", "amount_fen", "sent_time", "expires_time", "legs")
    TRANSFER_ID_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    PSN_NO_FIELD_NUMBER: _ClassVar[int]
    POOL_FIELD_NUMBER: _ClassVar[int]
    TO_PSN_NO_FIELD_NUMBER: _ClassVar[int]
    TO_POOL_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FEN_FIELD_NUMBER: _ClassVar[int]
    SENT_TIME_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_TIME_FIELD_NUMBER: _ClassVar[int]
    LEGS_FIELD_NUMBER: _ClassVar[int]
    transfer_id: str
    side: str
    state: str
    code: str
    psn_no: str
    pool: int
    to_psn_no: str
    to_pool: int
    amount_fen: int
    sent_time: str
    expires_time: str
    legs: _containers.RepeatedCompositeFieldContainer[WalletLeg]
    def __init__(self, transfer_id: _Optional[str] = ..., side: _Optional[str] = ..., state: _Optional[str] = ..., code: _Optional[str] = ..., psn_no: _Optional[str] = ..., pool: _Optional[int] = ..., to_psn_no: _Optional[str] = ..., to_pool: _Optional[int] = ..., amount_fen: _Optional[int] = ..., sent_time: _Optional[str] = ..., expires_time: _Optional[str] = ..., legs: _Optional[_Iterable[_Union[WalletLeg, _Mapping]]] = ...) -> None: ...

class WalletLeg(_message.Message):
    __slots__ = ("transfer_id", "kind", "pool", "to_pool", "amount_fen", "day", "counter_day", "code")
    TRANSFER_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    POOL_FIELD_NUMBER: _ClassVar[int]
    TO_POOL_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FEN_FIELD_NUMBER: _ClassVar[int]
    DAY_FIELD_NUMBER: _ClassVar[int]
    COUNTER_DAY_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    transfer_id: str
    kind: str
    pool: int
    to_pool: int
    amount_fen: int
    day: str
    counter_day: str
    code: str
    def __init__(self, transfer_id: _Optional[str] = ..., kind: _Optional[str] = ..., pool: _Optional[int] = ..., to_pool: _Optional[int] = ..., amount_fen: _Optional[int] = ..., day: _Optional[str] = ..., counter_day: _Optional[str] = ..., code: _Optional[str] = ...) -> None: ...

class OfferTransfersRequest(_message.Message):
    __slots__ = ("offers",)
    OFFERS_FIELD_NUMBER: _ClassVar[int]
    offers: _containers.RepeatedCompositeFieldContainer[TransferOffer]
    def __init__(self, offers: _Optional[_Iterable[_Union[TransferOffer, _Mapping]]] = ...) -> None: ...

class TransferOffer(_message.Message):
    __slots__ = ("id", "psn_no", "pool", "to_psn_no", "to_pool", "amount_fen", "sent_ms", "expires_ms")
    ID_FIELD_NUMBER: _ClassVar[int]
    PSN_NO_FIELD_NUMBER: _ClassVar[int]
    POOL_FIELD_NUMBER: _ClassVar[int]
    TO_PSN_NO_FIELD_NUMBER: _ClassVar[int]
    TO_POOL_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FEN_FIELD_NUMBER: _ClassVar[int]
    SENT_MS_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_MS_FIELD_NUMBER: _ClassVar[int]
    id: bytes
    psn_no: str
    pool: int
    to_psn_no: str
    to_pool: int
    amount_fen: int
    sent_ms: int
    expires_ms: int
    def __init__(self, id: _Optional[bytes] = ..., psn_no: _Optional[str] = ..., pool: _Optional[int] = ..., to_psn_no: _Optional[str] = ..., to_pool: _Optional[int] = ..., amount_fen: _Optional[int] = ..., sent_ms: _Optional[int] = ..., expires_ms: _Optional[int] = ...) -> None: ...

class OfferTransfersResponse(_message.Message):
    __slots__ = ("fates",)
    FATES_FIELD_NUMBER: _ClassVar[int]
    fates: _containers.RepeatedCompositeFieldContainer[TransferFate]
    def __init__(self, fates: _Optional[_Iterable[_Union[TransferFate, _Mapping]]] = ...) -> None: ...

class TransferFate(_message.Message):
    __slots__ = ("id", "kind", "day", "code")
    ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    DAY_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    id: bytes
    kind: str
    day: str
    code: str
    def __init__(self, id: _Optional[bytes] = ..., kind: _Optional[str] = ..., day: _Optional[str] = ..., code: _Optional[str] = ...) -> None: ...

class GetWalletSumsRequest(_message.Message):
    __slots__ = ("day",)
    DAY_FIELD_NUMBER: _ClassVar[int]
    day: str
    def __init__(self, day: _Optional[str] = ...) -> None: ...

class GetWalletSumsResponse(_message.Message):
    __slots__ = ("day", "sums")
    DAY_FIELD_NUMBER: _ClassVar[int]
    SUMS_FIELD_NUMBER: _ClassVar[int]
    day: str
    sums: _containers.RepeatedCompositeFieldContainer[WalletSumRow]
    def __init__(self, day: _Optional[str] = ..., sums: _Optional[_Iterable[_Union[WalletSumRow, _Mapping]]] = ...) -> None: ...

class WalletSumRow(_message.Message):
    __slots__ = ("pool", "to_pool", "kind", "items", "amount_fen", "hash_xor")
    POOL_FIELD_NUMBER: _ClassVar[int]
    TO_POOL_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FEN_FIELD_NUMBER: _ClassVar[int]
    HASH_XOR_FIELD_NUMBER: _ClassVar[int]
    pool: int
    to_pool: int
    kind: str
    items: int
    amount_fen: int
    hash_xor: int
    def __init__(self, pool: _Optional[int] = ..., to_pool: _Optional[int] = ..., kind: _Optional[str] = ..., items: _Optional[int] = ..., amount_fen: _Optional[int] = ..., hash_xor: _Optional[int] = ...) -> None: ...

class GetWalletLegsRequest(_message.Message):
    __slots__ = ("day", "pool", "to_pool", "kind")
    DAY_FIELD_NUMBER: _ClassVar[int]
    POOL_FIELD_NUMBER: _ClassVar[int]
    TO_POOL_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    day: str
    pool: int
    to_pool: int
    kind: str
    def __init__(self, day: _Optional[str] = ..., pool: _Optional[int] = ..., to_pool: _Optional[int] = ..., kind: _Optional[str] = ...) -> None: ...

class GetWalletLegsResponse(_message.Message):
    __slots__ = ("legs",)
    LEGS_FIELD_NUMBER: _ClassVar[int]
    legs: _containers.RepeatedCompositeFieldContainer[WalletLeg]
    def __init__(self, legs: _Optional[_Iterable[_Union[WalletLeg, _Mapping]]] = ...) -> None: ...
