"""Bytes that are no message of the contract: refused like any malformed call, before the service sees them.

Left to itself grpc.aio answers them UNKNOWN with the name of a Python class, and logs a trace. Method: the generated
code registers its handlers with a `_Readable`, which gives each a deserializer that never raises and a behaviour that
refuses what could not be read. A Session is answered up to the message before, and then ended.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Final, TypeVar, cast

import grpc
import grpc.aio
from google.protobuf.message import DecodeError

from runtime.refusals import Context, Violation, abort, malformed, status_of

Service = TypeVar("Service")

_UNREADABLE: Final = object()
_STATUS: Final = status_of(
    malformed(Violation("message", "cannot be parsed: it is not the request that this method takes"))
)


def add_service(
    add: Callable[[Service, grpc.aio.Server], None], service: Service, server: grpc.aio.Server
) -> None:
    """Register a service, by the generated `add`, so that it refuses what it cannot read."""
    add(service, cast(grpc.aio.Server, _Readable(server)))


class _Readable:
    """A server as generated code registers its handlers with it."""

    def __init__(self, server: grpc.aio.Server) -> None:
        self._server = server

    def add_generic_rpc_handlers(self, handlers: Sequence[grpc.GenericRpcHandler]) -> None:
        """The same handlers come by name, below."""

    def add_registered_method_handlers(
        self, service: str, handlers: Mapping[str, "grpc.RpcMethodHandler[Any, Any]"]
    ) -> None:
        """Register a service's handlers so that they refuse what they cannot read."""
        readable = {method: _readable(handler) for method, handler in handlers.items()}
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, readable),))


def _readable(handler: Any) -> Any:
    parse = _parsing(handler.request_deserializer)
    if handler.stream_stream is not None:
        return grpc.stream_stream_rpc_method_handler(
            _stream(handler.stream_stream), parse, handler.response_serializer
        )
    if handler.unary_stream is not None:
        return grpc.unary_stream_rpc_method_handler(
            _parts(handler.unary_stream), parse, handler.response_serializer
        )
    return grpc.unary_unary_rpc_method_handler(
        _unary(handler.unary_unary), parse, handler.response_serializer
    )


def _parsing(parse: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    def parsed(data: bytes) -> Any:
        try:
            return parse(data)
        except DecodeError:
            return _UNREADABLE

    return parsed


def _unary(behaviour: Callable[[Any, Context], Any]) -> Callable[[Any, Context], Any]:
    async def answer(request: Any, context: Context) -> Any:
        if request is _UNREADABLE:
            await abort(context, _STATUS)
        return await behaviour(request, context)

    return answer


def _parts(behaviour: Callable[[Any, Context], Any]) -> Callable[[Any, Context], Any]:
    async def answers(request: Any, context: Context) -> AsyncIterator[Any]:
        if request is _UNREADABLE:
            await abort(context, _STATUS)
        async for response in behaviour(request, context):
            yield response

    return answers


def _stream(behaviour: Callable[[Any, Context], Any]) -> Callable[[Any, Context], Any]:
    async def answers(requests: AsyncIterator[Any], context: Context) -> AsyncIterator[Any]:
        met = False

        async def readable() -> AsyncIterator[Any]:
            nonlocal met
            async for request in requests:
                if request is _UNREADABLE:
                    met = True
                    return
                yield request

        async for response in behaviour(readable(), context):
            yield response
        if met:
            await abort(context, _STATUS)

    return answers
