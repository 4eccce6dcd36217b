"""Odd values in every field of every operators' call: refused with a sentence or answered, never our fault."""

from collections.abc import Iterator
from typing import Any

import grpc
import grpc.aio
from google.protobuf import message_factory
from google.protobuf.descriptor import FieldDescriptor

from proto.settlement.v1 import clearing_pb2, funding_pb2, month_pb2, payment_pb2, proposal_pb2
from tests.clearing_books import DAY, two_books
from tests.clearing_door import served
from tests.clearing_runs import GUANGZHOU, NANNING
from tests.servers import NewDatabase

CONTRACTS = (clearing_pb2, funding_pb2, month_pb2, payment_pb2, proposal_pb2)
PLAIN: dict[str, Any] = {
    "operator": "wang", "day": f"{DAY}", "month": f"{DAY:%Y-%m}", "period": f"{DAY}", "year": 2026,
    "account": f"{NANNING}/{GUANGZHOU}/310/310100", "amount_fen": 5, "bank_reference": "B", "pool": GUANGZHOU,
    "book_pool": GUANGZHOU, "book": "employees", "month_spend_fen": 1, "source": "x", "insutype": "310",
    "action": "adopt_home", "name": "a.csv", "position": f"{DAY}/310/310100/{NANNING}/{GUANGZHOU}", "items": True,
    "fixmedins_code": "H44030590002",
}  # fmt: skip
ODD: dict[int, tuple[Any, ...]] = {
    FieldDescriptor.CPPTYPE_STRING: ("\0", "x" * 10_000, "９", "2026-W48-2", "0001-01-01", "9999-12-31", "9999-12"),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
}  # fmt: skip


def odd_requests(method: Any) -> Iterator[tuple[str, Any]]:
    """Requests with one odd field each, the others plain."""
    make = message_factory.GetMessageClass(method.input_type)
    fields = method.input_type.fields
    plain = {one.name: PLAIN[one.name] for one in fields if one.name in PLAIN}
    for field in fields:
        odd = (b"\0", b"\xff") if field.type == FieldDescriptor.TYPE_BYTES else ODD.get(field.cpp_type, ())
        for value in odd:
            yield (
                f"{field.name}={value!r:.20}",
                make(**(plain | {field.name: [value] if field.is_repeated else value})),
            )


async def test_no_odd_value_is_our_fault(database: NewDatabase) -> None:
    services = [service for one in CONTRACTS for service in one.DESCRIPTOR.services_by_name.values()]
    sent, faults = 0, []
    async with served(database("clearing"), books=two_books([], [])) as door:
        for service in services:
            for method in service.methods:
                if method.name == "WatchRun":
                    continue
                open_call = door.channel.unary_stream if method.server_streaming else door.channel.unary_unary
                callable_ = open_call(f"/{service.full_name}/{method.name}")
                for what, request in odd_requests(method):
                    sent += 1
                    call: Any = callable_(request.SerializeToString(), timeout=20)
                    try:
                        _ = [part async for part in call] if method.server_streaming else await call
                    except grpc.aio.AioRpcError as failed:
                        if failed.code() not in (
                            grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND,
                            grpc.StatusCode.FAILED_PRECONDITION,
                        ):  # fmt: skip
                            faults.append(f"{method.name} {what}: {failed.code().name}")
    assert sent > 300
    assert not faults, "\n".join(faults)
