"""A hospital that sends one settlement and waits for it: `python -m stack.sender ADDRESS`.

It says `ready` when it is connected, reads a serialised SettleRequest (a line of hex) from its stdin, sends it with a
long deadline, asks GetSettlement until the gateway knows the message, and says `pending` (or `final`). Then
it waits for the outcome; `stack.incidents` kills it while it does.
"""

import sys
import time
from typing import Final

import grpc

from proto.settlement.v1 import settlement_pb2, settlement_pb2_grpc

CONNECT_TIMEOUT_S: Final = 15.0
DEADLINE_S: Final = 30.0
KNOWN_WITHIN_S: Final = 10.0
QUERY_EVERY_S: Final = 0.05


def main(address: str) -> None:
    """Send, say what the gateway knows of it, wait for the outcome."""
    with grpc.insecure_channel(address) as channel:
        grpc.channel_ready_future(channel).result(CONNECT_TIMEOUT_S)
        print("ready", flush=True)
        request = settlement_pb2.SettleRequest.FromString(bytes.fromhex(sys.stdin.readline()))
        stub = settlement_pb2_grpc.SettlementServiceStub(channel)
        outcome = stub.Settle.future(request, timeout=DEADLINE_S)
        print(_known(stub, request), flush=True)
        outcome.result()


def _known(stub: settlement_pb2_grpc.SettlementServiceStub, request: settlement_pb2.SettleRequest) -> str:
    query = settlement_pb2.GetSettlementRequest(
        input=settlement_pb2.GetSettlementInput(omsgid=request.envelope.msgid, oinfno=request.envelope.infno)
    )
    query.envelope.CopyFrom(request.envelope)
    query.envelope.infno = "5203"
    until = time.monotonic() + KNOWN_WITHIN_S
    while time.monotonic() < until:
        for one in stub.GetSettlement(query, timeout=KNOWN_WITHIN_S).found:
            return "pending" if one.HasField("pending") else "final"
        time.sleep(QUERY_EVERY_S)
    return "unknown"


if __name__ == "__main__":
    main(*sys.argv[1:])
