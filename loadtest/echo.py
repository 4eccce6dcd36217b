"""The bare server that the gateway is compared with: gRPC in, gRPC out, nothing in between.

A call of the load costs a Python server on grpc.aio so much before it has done anything; this process shows how much
on this machine in this minute. It takes the very bytes of a SettleRequest and answers with a message of the size of a
real SettleResponse, neither parsed nor made: the strictest comparison. A process of its own, on uvloop like the gateway.

    python -m loadtest.echo --answer-bytes 700     prints {"port": …}; ends with its standard input
"""

import argparse
import asyncio
import json
import sys

import grpc
import grpc.aio
import uvloop

from proto.settlement.v1 import settlement_pb2

SERVICE = "loadtest.Echo"
METHOD = f"/{SERVICE}/Settle"


def answer_of(size_bytes: int) -> bytes:
    """A serialised SettleResponse of about so many bytes."""
    empty = settlement_pb2.SettleResponse(err_msg="~" * max(size_bytes - 3, 1))
    return empty.SerializeToString()


async def serve(answer: bytes) -> tuple[grpc.aio.Server, int]:
    """A started echo server on a free port of this machine."""

    async def settle(request: bytes, context: "grpc.aio.ServicerContext[bytes, bytes]") -> bytes:
        return answer

    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    handler = grpc.method_handlers_generic_handler(
        SERVICE, {"Settle": grpc.unary_unary_rpc_method_handler(settle)}
    )
    server.add_generic_rpc_handlers((handler,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    return server, port


async def _main(answer_bytes: int) -> None:
    server, port = await serve(answer_of(answer_bytes))
    try:
        print(json.dumps({"port": port}), flush=True)
        # the parent's end of the pipe closes with it, however it dies
        await asyncio.to_thread(sys.stdin.buffer.read)
    finally:
        await server.stop(0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m loadtest.echo", description="A bare gRPC server.")
    parser.add_argument("--answer-bytes", type=int, default=700)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_main(parser.parse_args().answer_bytes))
