"""A client that knows nothing of this project but an address: reflection tells it the rest, and it calls every RPC.

Its messages are JSON, turned into the types that the server describes of itself; nothing generated is imported here.
"""

import secrets
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import grpc
import pytest
from google.protobuf import json_format, message_factory
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from tests.endtoend.his import NewPerson, Person
from tests.endtoend.running_stack import RunningStack

SERVICES = ("settlement.v1.SettlementService", "settlement.v1.FilingService")
HOSPITAL = "H44030490001"

Json = dict[str, Any]


class Stranger:
    """A caller by reflection alone; remembers which methods it has called."""

    def __init__(self, channel: grpc.Channel) -> None:
        self.channel = channel
        self.database = ProtoReflectionDescriptorDatabase(channel)
        pool = DescriptorPool(self.database)
        services: list[ServiceDescriptor] = [pool.FindServiceByName(name) for name in SERVICES]
        self.methods = {method.name: method for one in services for method in one.methods}
        self.called: set[str] = set()

    def call(self, name: str, message: Json) -> Json:
        """A unary call, or a stream of one message."""
        method: MethodDescriptor = self.methods[name]
        request = message_factory.GetMessageClass(method.input_type)
        response = message_factory.GetMessageClass(method.output_type)
        streaming = method.client_streaming and method.server_streaming
        open_call = self.channel.stream_stream if streaming else self.channel.unary_unary
        callable_ = open_call(
            f"/{method.containing_service.full_name}/{name}", request_serializer=request.SerializeToString,
            response_deserializer=response.FromString,
        )  # fmt: skip
        body = json_format.ParseDict(message, request())
        answer = next(callable_(iter([body]), timeout=15)) if streaming else callable_(body, timeout=15)
        self.called.add(name)
        found: Json = json_format.MessageToDict(answer, preserving_proto_field_name=True)
        return found


@pytest.fixture
def stranger(stack: RunningStack) -> Iterator[Stranger]:
    with grpc.insecure_channel(stack.gateways["44"][1]) as channel:
        yield Stranger(channel)


def envelopes(person: Person) -> Callable[[str], Json]:
    """Envelopes of a hospital that treats this person."""

    def envelope(infno: str) -> Json:
        now = datetime.now(timezone(timedelta(hours=8)))
        return {
            "infno": infno, "msgid": f"{HOSPITAL}{now:%Y%m%d%H%M%S}{secrets.token_hex(2)}",
            "insuplc_admdvs": person.pool, "fixmedins_code": HOSPITAL, "opter_type": "1", "opter": "1",
            "inf_time": f"{now:%Y-%m-%d %H:%M:%S}",
        }  # fmt: skip

    return envelope


def bill(person: Person, mdtrt_id: str, at: str) -> Json:
    line = {
        "feedetl_sn": "1",
        "med_list_codg": "001102000010000",
        "det_item_fee_sumamt": "1000",
        "cnt": "10000",
    }
    return {
        "psn_no": person.psn_no, "mdtrt_id": mdtrt_id, "med_type": "11", "insutype": person.insutype,
        "chrg_bchno": "1", "medfee_sumamt": "1000", "feedetl": [line | {"pric": "10000000", "fee_ocur_time": at}],
    }  # fmt: skip


def of_a_stay(stranger: Stranger, person: Person) -> None:
    """Fees and visit steps."""
    envelope = envelopes(person)
    opening = {
        "psn_no": person.psn_no, "insutype": person.insutype, "med_type": "21", "ipt_otp_no": secrets.token_hex(6),
    }  # fmt: skip
    opened = stranger.call("OpenVisit", {"envelope": envelope("2401"), "input": opening})["outcome"]
    stay = {"mdtrt_id": opened["mdtrt_id"], "psn_no": person.psn_no}
    lines = {"feedetl": bill(person, "", envelope("2301")["inf_time"])["feedetl"]}
    sent = stranger.call("UploadFees", {"envelope": envelope("2301"), "input": stay | lines})["outcome"]
    assert (sent["fee_lines"], sent["fee_sumamt"]) == (1, "1000")
    held = stranger.call("GetFees", {"envelope": envelope("5204")} | stay)["fees"]
    assert [one["line"]["feedetl_sn"] for one in held] == ["1"]
    for name, infno, more in (
        ("UpdateVisit", "2403", {"trum_flag": "0"}), ("CloseVisit", "2402", {}), ("ReopenVisit", "2405", {}),
        ("CancelFees", "2302", {"feedetl_sn": ["0000"]}),
    ):  # fmt: skip
        done = stranger.call(name, {"envelope": envelope(infno), "input": stay | more})["outcome"]
        assert done["status"] == "OUTCOME_STATUS_OK", name
    assert "fees" not in stranger.call("GetFees", {"envelope": envelope("5204")} | stay)


def questions(stranger: Stranger, person: Person) -> None:
    """What is asked and signed."""
    envelope = envelopes(person)
    stays = stranger.call("ListStays", {"envelope": envelope("5303"), "psn_no": person.psn_no})["stays"]
    assert [one["fixmedins_code"] for one in stays] == [HOSPITAL]
    stranger.call("GetAccumulators", {"envelope": envelope("5206"), "psn_no": person.psn_no})
    own = stranger.call("GetInstitution", {"envelope": envelope("1201")})
    assert own["fixmedins_code"] == HOSPITAL
    page = stranger.call("GetCatalogue", {"envelope": envelope("1301"), "page_size": 3})
    assert len(page["items"]) == 3
    signed = stranger.call("SignIn", {"envelope": envelope("9001"), "opter_no": "1"})
    given = {"envelope": envelope("9002"), "opter_no": "1", "sign_no": signed["sign_no"]}
    assert stranger.call("SignOut", given)["sign_time"] >= signed["sign_time"]


def filings(stranger: Stranger, person: Person) -> None:
    """What is filed, listed and withdrawn."""
    envelope = envelopes(person)
    place = {
        "psn_no": person.psn_no,
        "insutype": person.insutype,
        "fil_type": "other",
        "mdtrtarea_admdvs": "310000",
    }
    filed = stranger.call("File", {"envelope": envelope("2501"), "input": place})["outcome"]["filing"]
    listed = stranger.call("ListFilings", {"envelope": envelope("5304"), "psn_no": person.psn_no})["filings"]
    number = filed["trt_dcla_detl_sn"]
    assert number in [one["trt_dcla_detl_sn"] for one in listed]
    named = {"psn_no": person.psn_no, "trt_dcla_detl_sn": number}
    gone = stranger.call("Withdraw", {"envelope": envelope("2502"), "input": named})["outcome"]
    assert gone["filing"]["withdrawn"] == "1"


def test_a_client_that_knows_only_reflection_calls_every_rpc(
    stranger: Stranger, new_person: NewPerson
) -> None:
    assert set(SERVICES) <= set(stranger.database.get_services())
    person = new_person()
    envelope = envelopes(person)
    insured = stranger.call("GetInsured", {"envelope": envelope("1101"), "psn_no": person.psn_no})
    assert person.insutype in [one["insutype"] for one in insured["insuinfo"]]

    opening = {
        "psn_no": person.psn_no, "insutype": person.insutype, "med_type": "11", "ipt_otp_no": secrets.token_hex(6),
    }  # fmt: skip
    visit = stranger.call("OpenVisit", {"envelope": envelope("2201"), "input": opening})["outcome"][
        "mdtrt_id"
    ]
    given = bill(person, visit, envelope("2207")["inf_time"])
    trial = stranger.call("PreSettle", {"envelope": envelope("2206"), "input": given})["outcome"]
    sent = {"envelope": envelope("2207"), "input": given}
    paid = stranger.call("Settle", sent)["outcome"]
    assert paid["status"] == trial["status"] == "OUTCOME_STATUS_PAID"
    assert paid["setlinfo"]["medfee_sumamt"] == trial["setlinfo"]["medfee_sumamt"] == "1000"

    query = {"envelope": envelope("5203"), "input": {"omsgid": sent["envelope"]["msgid"], "oinfno": "2207"}}
    assert stranger.call("GetSettlement", query)["found"] == [{"outcome": paid}]
    again = stranger.call(
        "Session", {"batch_no": "7", "calls": [{"settle": sent}, {"get_settlement": query}]}
    )
    assert again["batch_no"] == "7"
    assert [one.popitem()[0] for one in again["results"]] == ["settle", "get_settlement"]

    refund = {"setl_id": paid["setl_id"], "mdtrt_id": visit, "psn_no": person.psn_no}
    cancelled = stranger.call("Cancel", {"envelope": envelope("2208"), "input": refund})["outcome"]
    assert cancelled["undoes"] == paid["setl_id"]
    undo = {"psn_no": person.psn_no, "omsgid": sent["envelope"]["msgid"], "oinfno": "2207"}
    reversed_ = stranger.call("Reverse", {"envelope": envelope("2601"), "input": undo})["outcome"]
    assert (reversed_["status"], reversed_["code"]) == ("OUTCOME_STATUS_OK", "NOTHING_TO_UNDO")
    closing = {"mdtrt_id": visit, "psn_no": person.psn_no}
    closed = stranger.call("CancelVisit", {"envelope": envelope("2202"), "input": closing})["outcome"]
    assert closed["status"] == "OUTCOME_STATUS_OK"
    of_a_stay(stranger, person)
    questions(stranger, person)
    filings(stranger, person)
    assert stranger.called == set(stranger.methods)


def test_health_is_serving_for_the_whole_and_for_the_service(stack: RunningStack) -> None:
    for address in stack.endpoints.gateway:
        with grpc.insecure_channel(address) as channel:
            health = health_pb2_grpc.HealthStub(channel)
            for name in ("", *SERVICES):
                answer = health.Check(health_pb2.HealthCheckRequest(service=name), timeout=10)
                assert answer.status == health_pb2.HealthCheckResponse.SERVING
