from proto.settlement.v1 import messages_pb2 as _messages_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DescribeBookRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DescribeBookResponse(_message.Message):
    __slots__ = ("side", "name", "open_day", "closed_days", "version")
    SIDE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    OPEN_DAY_FIELD_NUMBER: _ClassVar[int]
    CLOSED_DAYS_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    side: str
    name: str
    open_day: str
    closed_days: _containers.RepeatedScalarFieldContainer[str]
    version: str
    def __init__(self, side: _Optional[str] = ..., name: _Optional[str] = ..., open_day: _Optional[str] = ..., closed_days: _Optional[_Iterable[str]] = ..., version: _Optional[str] = ...) -> None: ...

class CloseDayRequest(_message.Message):
    __slots__ = ("day", "operator")
    DAY_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    day: str
    operator: str
    def __init__(self, day: _Optional[str] = ..., operator: _Optional[str] = ...) -> None: ...

class CloseDayResponse(_message.Message):
    __slots__ = ("day", "cuts", "closed_before", "closed_with")
    DAY_FIELD_NUMBER: _ClassVar[int]
    CUTS_FIELD_NUMBER: _ClassVar[int]
    CLOSED_BEFORE_FIELD_NUMBER: _ClassVar[int]
    CLOSED_WITH_FIELD_NUMBER: _ClassVar[int]
    day: str
    cuts: _containers.RepeatedCompositeFieldContainer[PartitionCut]
    closed_before: bool
    closed_with: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, day: _Optional[str] = ..., cuts: _Optional[_Iterable[_Union[PartitionCut, _Mapping]]] = ..., closed_before: _Optional[bool] = ..., closed_with: _Optional[_Iterable[str]] = ...) -> None: ...

class PartitionCut(_message.Message):
    __slots__ = ("partition", "last_number", "term")
    PARTITION_FIELD_NUMBER: _ClassVar[int]
    LAST_NUMBER_FIELD_NUMBER: _ClassVar[int]
    TERM_FIELD_NUMBER: _ClassVar[int]
    partition: int
    last_number: int
    term: int
    def __init__(self, partition: _Optional[int] = ..., last_number: _Optional[int] = ..., term: _Optional[int] = ...) -> None: ...

class SumDayRequest(_message.Message):
    __slots__ = ("day", "peer", "buckets", "anew")
    DAY_FIELD_NUMBER: _ClassVar[int]
    PEER_FIELD_NUMBER: _ClassVar[int]
    BUCKETS_FIELD_NUMBER: _ClassVar[int]
    ANEW_FIELD_NUMBER: _ClassVar[int]
    day: str
    peer: str
    buckets: int
    anew: bool
    def __init__(self, day: _Optional[str] = ..., peer: _Optional[str] = ..., buckets: _Optional[int] = ..., anew: _Optional[bool] = ...) -> None: ...

class SumDayResponse(_message.Message):
    __slots__ = ("day", "peer", "buckets", "items", "fetched", "refused", "anew", "sums_hash")
    DAY_FIELD_NUMBER: _ClassVar[int]
    PEER_FIELD_NUMBER: _ClassVar[int]
    BUCKETS_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    FETCHED_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    ANEW_FIELD_NUMBER: _ClassVar[int]
    SUMS_HASH_FIELD_NUMBER: _ClassVar[int]
    day: str
    peer: str
    buckets: int
    items: int
    fetched: int
    refused: _containers.RepeatedScalarFieldContainer[bytes]
    anew: bool
    sums_hash: SumsHash
    def __init__(self, day: _Optional[str] = ..., peer: _Optional[str] = ..., buckets: _Optional[int] = ..., items: _Optional[int] = ..., fetched: _Optional[int] = ..., refused: _Optional[_Iterable[bytes]] = ..., anew: _Optional[bool] = ..., sums_hash: _Optional[_Union[SumsHash, _Mapping]] = ...) -> None: ...

class SumsHash(_message.Message):
    __slots__ = ("sums", "hash_xor", "hash_sum")
    SUMS_FIELD_NUMBER: _ClassVar[int]
    HASH_XOR_FIELD_NUMBER: _ClassVar[int]
    HASH_SUM_FIELD_NUMBER: _ClassVar[int]
    sums: int
    hash_xor: int
    hash_sum: int
    def __init__(self, sums: _Optional[int] = ..., hash_xor: _Optional[int] = ..., hash_sum: _Optional[int] = ...) -> None: ...

class FetchDecisionsRequest(_message.Message):
    __slots__ = ("day", "peer", "ids")
    DAY_FIELD_NUMBER: _ClassVar[int]
    PEER_FIELD_NUMBER: _ClassVar[int]
    IDS_FIELD_NUMBER: _ClassVar[int]
    day: str
    peer: str
    ids: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, day: _Optional[str] = ..., peer: _Optional[str] = ..., ids: _Optional[_Iterable[bytes]] = ...) -> None: ...

class FetchDecisionsResponse(_message.Message):
    __slots__ = ("fetched", "refused")
    FETCHED_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    fetched: int
    refused: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, fetched: _Optional[int] = ..., refused: _Optional[_Iterable[bytes]] = ...) -> None: ...

class GetDaySumsRequest(_message.Message):
    __slots__ = ("day", "peer", "again", "lines")
    DAY_FIELD_NUMBER: _ClassVar[int]
    PEER_FIELD_NUMBER: _ClassVar[int]
    AGAIN_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    day: str
    peer: str
    again: bool
    lines: bool
    def __init__(self, day: _Optional[str] = ..., peer: _Optional[str] = ..., again: _Optional[bool] = ..., lines: _Optional[bool] = ...) -> None: ...

class GetDaySumsResponse(_message.Message):
    __slots__ = ("sums", "lines")
    SUMS_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    sums: _containers.RepeatedCompositeFieldContainer[DaySumRow]
    lines: bytes
    def __init__(self, sums: _Optional[_Iterable[_Union[DaySumRow, _Mapping]]] = ..., lines: _Optional[bytes] = ...) -> None: ...

class DaySumRow(_message.Message):
    __slots__ = ("home_pool", "care_pool", "fixmedins_code", "insutype", "clr_type", "route", "sign", "commercial_payer", "setl_day", "items", "amounts")
    HOME_POOL_FIELD_NUMBER: _ClassVar[int]
    CARE_POOL_FIELD_NUMBER: _ClassVar[int]
    FIXMEDINS_CODE_FIELD_NUMBER: _ClassVar[int]
    INSUTYPE_FIELD_NUMBER: _ClassVar[int]
    CLR_TYPE_FIELD_NUMBER: _ClassVar[int]
    ROUTE_FIELD_NUMBER: _ClassVar[int]
    SIGN_FIELD_NUMBER: _ClassVar[int]
    COMMERCIAL_PAYER_FIELD_NUMBER: _ClassVar[int]
    SETL_DAY_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    AMOUNTS_FIELD_NUMBER: _ClassVar[int]
    home_pool: int
    care_pool: int
    fixmedins_code: str
    insutype: str
    clr_type: str
    route: int
    sign: int
    commercial_payer: str
    setl_day: str
    items: int
    amounts: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, home_pool: _Optional[int] = ..., care_pool: _Optional[int] = ..., fixmedins_code: _Optional[str] = ..., insutype: _Optional[str] = ..., clr_type: _Optional[str] = ..., route: _Optional[int] = ..., sign: _Optional[int] = ..., commercial_payer: _Optional[str] = ..., setl_day: _Optional[str] = ..., items: _Optional[int] = ..., amounts: _Optional[_Iterable[int]] = ...) -> None: ...

class GetDayBucketsRequest(_message.Message):
    __slots__ = ("day", "peer", "again")
    DAY_FIELD_NUMBER: _ClassVar[int]
    PEER_FIELD_NUMBER: _ClassVar[int]
    AGAIN_FIELD_NUMBER: _ClassVar[int]
    day: str
    peer: str
    again: bool
    def __init__(self, day: _Optional[str] = ..., peer: _Optional[str] = ..., again: _Optional[bool] = ...) -> None: ...

class GetDayBucketsResponse(_message.Message):
    __slots__ = ("buckets",)
    BUCKETS_FIELD_NUMBER: _ClassVar[int]
    buckets: _containers.RepeatedCompositeFieldContainer[DayBucket]
    def __init__(self, buckets: _Optional[_Iterable[_Union[DayBucket, _Mapping]]] = ...) -> None: ...

class DayBucket(_message.Message):
    __slots__ = ("bucket", "items", "hash_xor", "hash_sum")
    BUCKET_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    HASH_XOR_FIELD_NUMBER: _ClassVar[int]
    HASH_SUM_FIELD_NUMBER: _ClassVar[int]
    bucket: int
    items: int
    hash_xor: int
    hash_sum: int
    def __init__(self, bucket: _Optional[int] = ..., items: _Optional[int] = ..., hash_xor: _Optional[int] = ..., hash_sum: _Optional[int] = ...) -> None: ...

class GetDayHashesRequest(_message.Message):
    __slots__ = ("day", "peer", "buckets")
    DAY_FIELD_NUMBER: _ClassVar[int]
    PEER_FIELD_NUMBER: _ClassVar[int]
    BUCKETS_FIELD_NUMBER: _ClassVar[int]
    day: str
    peer: str
    buckets: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, day: _Optional[str] = ..., peer: _Optional[str] = ..., buckets: _Optional[_Iterable[int]] = ...) -> None: ...

class GetDayHashesResponse(_message.Message):
    __slots__ = ("ids", "hashes")
    IDS_FIELD_NUMBER: _ClassVar[int]
    HASHES_FIELD_NUMBER: _ClassVar[int]
    ids: bytes
    hashes: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, ids: _Optional[bytes] = ..., hashes: _Optional[_Iterable[int]] = ...) -> None: ...

class GetDecisionsRequest(_message.Message):
    __slots__ = ("day", "peer", "buckets", "ids", "of", "full", "unclaimed")
    DAY_FIELD_NUMBER: _ClassVar[int]
    PEER_FIELD_NUMBER: _ClassVar[int]
    BUCKETS_FIELD_NUMBER: _ClassVar[int]
    IDS_FIELD_NUMBER: _ClassVar[int]
    OF_FIELD_NUMBER: _ClassVar[int]
    FULL_FIELD_NUMBER: _ClassVar[int]
    UNCLAIMED_FIELD_NUMBER: _ClassVar[int]
    day: str
    peer: str
    buckets: _containers.RepeatedScalarFieldContainer[int]
    ids: _containers.RepeatedScalarFieldContainer[bytes]
    of: DecisionsOf
    full: bool
    unclaimed: bool
    def __init__(self, day: _Optional[str] = ..., peer: _Optional[str] = ..., buckets: _Optional[_Iterable[int]] = ..., ids: _Optional[_Iterable[bytes]] = ..., of: _Optional[_Union[DecisionsOf, _Mapping]] = ..., full: _Optional[bool] = ..., unclaimed: _Optional[bool] = ...) -> None: ...

class DecisionsOf(_message.Message):
    __slots__ = ("home_pool", "care_pool", "fixmedins_code", "insutype", "clr_type", "setl_day")
    HOME_POOL_FIELD_NUMBER: _ClassVar[int]
    CARE_POOL_FIELD_NUMBER: _ClassVar[int]
    FIXMEDINS_CODE_FIELD_NUMBER: _ClassVar[int]
    INSUTYPE_FIELD_NUMBER: _ClassVar[int]
    CLR_TYPE_FIELD_NUMBER: _ClassVar[int]
    SETL_DAY_FIELD_NUMBER: _ClassVar[int]
    home_pool: int
    care_pool: int
    fixmedins_code: str
    insutype: str
    clr_type: str
    setl_day: str
    def __init__(self, home_pool: _Optional[int] = ..., care_pool: _Optional[int] = ..., fixmedins_code: _Optional[str] = ..., insutype: _Optional[str] = ..., clr_type: _Optional[str] = ..., setl_day: _Optional[str] = ...) -> None: ...

class GetDecisionsResponse(_message.Message):
    __slots__ = ("decisions",)
    DECISIONS_FIELD_NUMBER: _ClassVar[int]
    decisions: _containers.RepeatedCompositeFieldContainer[_messages_pb2.Decision]
    def __init__(self, decisions: _Optional[_Iterable[_Union[_messages_pb2.Decision, _Mapping]]] = ...) -> None: ...
