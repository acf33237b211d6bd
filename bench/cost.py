"""What the servers of a stack cost: processor time by stage, and memory."""

from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import psutil

from roomlog.stack.spec import kind_of

Services = list[dict[str, Any]]


def processes(services: Services) -> dict[str, list[psutil.Process]]:
    """Return the processes of each kind of service, children included."""
    found: dict[str, list[psutil.Process]] = defaultdict(list)
    for service in services:
        process = psutil.Process(service["pid"])
        found[kind_of(service["name"])] += [process, *process.children(recursive=True)]
    return found


def cpu_seconds(services: Services) -> dict[str, float]:
    """Return user and system time by kind of service, that of children which have ended included."""
    used: dict[str, float] = defaultdict(float)
    for kind, some in processes(services).items():
        for process in some:
            with suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                used[kind] += times.user + times.system
                used[kind] += times.children_user + times.children_system
    return used


def resident_bytes(services: Services) -> dict[str, int]:
    """Return resident memory by kind of service."""
    found: dict[str, int] = defaultdict(int)
    for kind, some in processes(services).items():
        for process in some:
            with suppress(psutil.NoSuchProcess):
                found[kind] += process.memory_info().rss
    return found


def used(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """Return the seconds of processor time by kind between two looks."""
    return {k: after[k] - before.get(k, 0.0) for k in after}


def each_us(
    before: Mapping[str, float], after: Mapping[str, float], count: int
) -> dict[str, float]:
    """Return microseconds of processor time by kind, for each of so many deliveries or messages."""
    return {k: seconds / max(count, 1) * 1e6 for k, seconds in used(before, after).items()}
