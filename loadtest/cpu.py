"""What the servers used: CPU time of every process from /proc, by kind, between two moments.

Goal: no server process is forgotten (a Postgres backend that lived for a second, a worker that was replaced) and none
counted twice. Method: the kernel gives for each process its own time and that of the children it has waited for, so
the sum of both over a whole tree of processes only grows, whoever comes and goes: what an ended process had used
moves to its parent. The difference of two *snapshots* is what was used between them. Whole microseconds; the kernel
counts in ticks of 10 ms here, which is a microsecond per settlement at worst.
"""

import os
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from loadtest.errors import NotMeasurable

PROC: Final = Path("/proc")
US_PER_S: Final = 1_000_000

GATEWAY: Final = "gateway"
NODE: Final = "node"
BROKER: Final = "broker"
POSTGRES: Final = "Postgres, other"
SUPERVISOR: Final = "supervisor"
"""Starts and watches the processes; no part of the service, so shown and not counted."""
OTHER: Final = "other"

SERVER_MODULES: Final = {"gateway": GATEWAY, "homepool": NODE, "stack": SUPERVISOR}
"""Kind of a `python -m MODULE` process."""


class Process(NamedTuple):
    """One process at one moment."""

    parent: int
    used_us: int
    """Its own CPU time and that of ended children."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Every process of some trees at one moment."""

    at_ns: int
    processes: Mapping[int, Process]
    """By pid, parents before their children."""


def snapshot(roots: Iterable[int], proc: Path = PROC) -> Snapshot:
    """Everything at and below the processes `roots`. Raises NotMeasurable where there is no /proc."""
    everything = _all_processes(proc)
    children: dict[int, list[int]] = defaultdict(list)
    for pid, process in everything.items():
        children[process.parent].append(pid)
    found: dict[int, Process] = {}
    waiting = [pid for pid in roots if pid in everything]
    while waiting:
        pid = waiting.pop(0)
        if pid not in found:
            found[pid] = everything[pid]
            waiting += children[pid]
    return Snapshot(time.monotonic_ns(), found)


def _all_processes(proc: Path) -> dict[int, Process]:
    us_per_tick = US_PER_S // os.sysconf("SC_CLK_TCK")
    try:
        pids = [int(name) for name in os.listdir(proc) if name.isdigit()]
    except OSError as failed:
        raise NotMeasurable from failed
    found = {}
    for pid in pids:
        try:
            said = (proc / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue  # it ended while we looked
        found[pid] = _parse(said, us_per_tick)
    return found


def _parse(stat: str, us_per_tick: int) -> Process:
    # the name, in brackets, may hold anything; counted after it: state, parent, ..., utime, stime, cutime, cstime
    fields = stat[stat.rindex(")") + 2 :].split()
    return Process(parent=int(fields[1]), used_us=sum(map(int, fields[11:15])) * us_per_tick)


class Machine(NamedTuple):
    """What the whole machine has spent since it started, over all cores."""

    busy_us: int
    stolen_us: int
    """Wanted, and given to another guest by the hypervisor."""


def machine(proc: Path = PROC) -> Machine:
    """CPU time of everything on this machine. Raises NotMeasurable where there is no /proc."""
    try:
        first = (proc / "stat").read_text(encoding="ascii").splitlines()[0].split()
    except OSError as failed:
        raise NotMeasurable from failed
    user, nice, system, _, _, irq, softirq, stolen = map(int, first[1:9])
    us_per_tick = US_PER_S // os.sysconf("SC_CLK_TCK")
    return Machine((user + nice + system + irq + softirq) * us_per_tick, stolen * us_per_tick)


def kinds(pids: Iterable[int], proc: Path = PROC) -> dict[int, str]:
    """What each process is, by its command line; one that ended meanwhile is left out."""
    found = {}
    for pid in pids:
        try:
            said = (proc / str(pid) / "cmdline").read_bytes()
        except OSError:
            continue
        found[pid] = kind_of(said.decode(errors="replace").rstrip("\0").split("\0"))
    return found


def kind_of(arguments: list[str]) -> str:
    """What a process is, by its command line."""
    program = os.path.basename(arguments[0].split(" ")[0].rstrip(":"))
    if program == "postgres":
        return POSTGRES
    if program == "tansu":
        return BROKER
    if "-m" in arguments[:-1]:
        module = arguments[arguments.index("-m") + 1].partition(".")[0]
        return SERVER_MODULES.get(module, OTHER)
    return BROKER if program == "java" and "kafka.Kafka" in arguments else OTHER


def used_us(before: Snapshot, after: Snapshot, kind: Mapping[int, str]) -> dict[str, int]:
    """CPU time by kind between two snapshots, whole microseconds; a process of no known kind is OTHER.

    A process that ended in between has handed its time to its parent, so what it had used before counts against the
    parent's kind.
    """
    sums: dict[str, int] = defaultdict(int)
    for pid, process in after.processes.items():
        sums[kind.get(pid, OTHER)] += process.used_us
    for pid, process in before.processes.items():
        heir = pid
        while heir not in after.processes and heir in before.processes:
            heir = before.processes[heir].parent
        if heir in after.processes:
            sums[kind.get(heir, OTHER)] -= process.used_us
    return dict(sums)
