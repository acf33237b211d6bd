"""Rows in which nothing happens: what connections and a stack cost that nobody uses."""

import resource
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from math import ceil
from pathlib import Path

from bench.cost import Services, cpu_seconds, resident_bytes, used
from bench.generator import Load, Plan
from bench.harness import Bench, Figures, calm
from roomlog.stack import Stack

_OTHER_FILES = 1_000
_QUIET_S, _WARM_S = 30.0, 45.0


def idle(bench: Bench) -> Figures:
    """Ten thousand connections that follow nothing."""
    return _idle(bench, 10_000)


def idle_50k(bench: Bench) -> Figures:
    """Fifty thousand, on as many nodes (and from as many clients) as the limit of open files asks for."""
    return _idle(bench, 50_000)


def _idle(bench: Bench, count: int) -> Figures:
    _, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    infinite = most_files == resource.RLIM_INFINITY
    nodes = 1 if infinite else ceil(count / (most_files - _OTHER_FILES))
    with bench.stack(nodes=nodes) as stack:
        services = stack.status()["services"]
        before = resident_bytes(services)["ingest"]
        with _connected(bench, stack, count, nodes):
            time.sleep(5)
            if nodes > 1:
                calm(services)
            after = resident_bytes(services)["ingest"]
            start = cpu_seconds(services)
            time.sleep(bench.seconds)
            cores = sum(used(start, cpu_seconds(services)).values()) / bench.seconds
    return {
        "kib": round((after - before) / count / 1024, 2),
        "core_percent": round(cores * 100, 1),
        "nodes": nodes,
    }


@contextmanager
def _connected(bench: Bench, stack: Stack, count: int, nodes: int) -> Iterator[None]:
    with ExitStack() as holding:
        for node in range(nodes):
            plan = Plan(Path(stack.data), stack.status()["ingest"])
            for _ in range(count // nodes + (node < count % nodes)):
                plan.connect(str(uuid.uuid4()), node)
            holding.callback(Load(bench.generator, bench.write(plan), "hold").end)
        yield


def idle_stack(bench: Bench) -> Figures:
    """The stack that `roomlog up` starts, with nobody there: just after its start, and from the second minute on."""
    with bench.stack(nodes=2) as stack:
        services = stack.status()["services"]
        calm(services)
        first = _percent(services)
        time.sleep(_WARM_S)
        each = _percent(services)
    return {
        "core_percent": round(sum(each.values()), 2),
        "by_service": each,
        "first_percent": round(sum(first.values()), 2),
        "first_by_service": first,
    }


def _percent(services: Services) -> Figures:
    before = cpu_seconds(services)
    time.sleep(_QUIET_S)
    seconds = used(before, cpu_seconds(services))
    return {kind: round(s / _QUIET_S * 100, 2) for kind, s in seconds.items()}
