"""The shipped plan is a stack, agrees with the gateway's directory, and gives every process its command."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from bus.topics import SLOTS_AT_BIRTH, reply_topic, request_topic
from stack.errors import PlanWrong
from stack.plan import read_plan

DIRECTORY = Path(__file__).resolve().parents[2] / "gateway" / "data"


def directory(name: str) -> list[dict[str, str]]:
    with (DIRECTORY / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_shipped_plan_agrees_with_the_directory() -> None:
    plan = read_plan()
    partitions = {row["node"]: int(row["partitions"]) for row in directory("nodes.csv")}
    node_of = {row["pool"]: row["node"] for row in directory("pools.csv")}
    region_of = {row["care_pool"]: row["region"] for row in directory("regions.csv")}
    for node in plan.nodes:
        assert node.partitions == partitions[node.code]
        assert {node_of[pool] for pool in node.pools} == {node.code}
    for region in plan.regions:
        assert {region_of[pool] for pool in region.care_pools} == {region.code}


def test_every_process_has_a_command_and_nodes_start_first() -> None:
    commands = {
        process.name: " ".join(process.arguments) for process in read_plan().with_slots(2).processes()
    }
    assert list(commands) == [
        "node-44", "books-node-44", "node-45", "books-node-45", "node-50", "books-node-50",
        "gateway-44-0", "gateway-44-1", "books-region-44", "gateway-45-0", "gateway-45-1", "books-region-45",
        "clearing",
    ]  # fmt: skip
    assert commands["gateway-45-1"] == "-m gateway serve --region 45 --slot 1 --nodes 44,45,50"
    assert commands["node-50"] == "-m homepool serve --node 50 --partitions 0,1"
    assert commands["books-node-50"] == (
        "-m homepool books --node 50 --nodes 44={books-node-44},45={books-node-45}"
    )


def test_a_regions_books_process_is_told_where_those_of_the_nodes_listen_and_both_give_way() -> None:
    plan = read_plan()
    [books] = plan.regions[0].books(plan.nodes)
    addresses = {f"books-node-{node.code}": f"h:{place}" for place, node in enumerate(plan.nodes)}
    assert " ".join(books.knowing(addresses).arguments) == (
        "-m gateway books --region 44 --nodes 44=h:0,45=h:1,50=h:2"
    )
    lower = {process.name for process in plan.processes() if process.nice > 0}
    assert lower == {*addresses, "books-region-44", "books-region-45", "clearing"}


def test_no_two_processes_listen_on_one_port_however_many_slots_there_are() -> None:
    ports = [process.port for process in read_plan().with_slots(8).processes() if process.health]
    assert len(set(ports)) == len(ports)


def test_a_plan_without_ports_for_books_has_no_books_processes() -> None:
    plan = read_plan()
    node = replace(plan.nodes[0], books_port=None)
    assert node.books() == []
    small = replace(plan, regions=(), nodes=(node,), clearing=None)
    assert [process.name for process in small.with_free_ports().processes()] == ["node-44"]


def test_clearing_is_told_where_every_books_process_listens() -> None:
    plan = read_plan()
    [process] = plan.groups()[-1]
    told = dict(process.knowing({one.name: f"h:{one.name[-2:]}" for one in plan.processes()}).settings)
    assert told["DSGW_BOOKS"] == "node:44=h:44,node:45=h:45,node:50=h:50,region:44=h:44,region:45=h:45"


def test_topics_are_the_ones_the_bus_speaks_of() -> None:
    plan = read_plan()
    wanted = {request_topic(node.code): node.partitions for node in plan.nodes}
    wanted |= {reply_topic(region.code): SLOTS_AT_BIRTH for region in plan.regions}
    assert plan.topics() == wanted


def test_slots_listen_on_neighbouring_ports_or_on_any() -> None:
    plan = read_plan().with_slots(2)
    assert [process.port for process in plan.regions[0].processes()] == [7440, 7441]
    assert {process.port for process in plan.with_free_ports().processes()} == {0}


def test_a_partition_without_a_worker_and_too_many_slots_are_refused() -> None:
    plan = read_plan()
    with pytest.raises(PlanWrong, match="Each of the 2 partitions of node 44 needs one worker"):
        replace(plan.nodes[0], workers=((0,),))
    with pytest.raises(PlanWrong, match="1 to 8 slots, not 9"):
        plan.with_slots(9)


def test_a_file_that_is_no_plan_is_named(tmp_path: Path) -> None:
    file = tmp_path / "plan.toml"
    file.write_text("[[region]]\ncode = '44'\n")
    with pytest.raises(PlanWrong, match=r"plan\.toml is not a plan"):
        read_plan(file)
