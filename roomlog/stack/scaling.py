"""More or fewer of a kind on a running stack: what to do for that, and doing it, with the time it takes."""

import asyncio
import re
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from msgspec import Struct

from roomlog.stack import groups, kafka
from roomlog.stack.client import Stack
from roomlog.stack.errors import StackError
from roomlog.stack.layout import Layout
from roomlog.stack.spec import SCALABLE, SERVICES, kind_of, number_of, numbered

Act = Literal["add", "remove"]


class Change(Struct, frozen=True):
    """One service to start or to stop."""

    act: Act
    name: str


class Changed(Struct, frozen=True):
    """What a change took, in seconds; `rebalance_s` is None where nobody shares partitions."""

    change: Change
    took_s: float
    rebalance_s: float | None = None

    def told(self) -> str:
        """Return it in words."""
        name, gone = self.change.name, self.change.act == "remove"
        if kind_of(name) == "kafka":
            how = (
                "its partitions moved, and gone"
                if gone
                else "ready, with its share of the partitions"
            )
        else:
            how = "drained and gone" if gone else "ready"
        line = f"{name}: {how} after {self.took_s:.1f} s"
        if self.rebalance_s is None:
            return line
        return f"{line}; partitions shared anew within {self.rebalance_s:.2f} s"


def wanted(arguments: Iterable[str]) -> dict[str, int]:
    """Return how many of which kind `KIND=NUMBER` arguments ask for; raises StackError."""
    found: dict[str, int] = {}
    for argument in arguments:
        kind, _, number = argument.partition("=")
        if not re.fullmatch(r"[0-9]{1,6}", number):
            raise StackError(f"{argument}: say how many, such as {kind or 'ingest'}=3.")
        if kind in found:
            raise StackError(f"{kind} is named twice.")
        found[kind] = int(number)
    return found


def plan(running: Iterable[str], asked: Mapping[str, int], controllers: int = 1) -> list[Change]:
    """Return what to do, in order, so that as many of each kind run as asked for.

    `running` are the names of the services of the stack; the first so many of its brokers are the cluster's
    controllers. All is looked at before anything is done: raises StackError.
    """
    names = list(running)
    return [c for kind, count in asked.items() for c in _plan_one(kind, count, names, controllers)]


def plan_on(stack: Stack, asked: Mapping[str, int]) -> list[Change]:
    """Return what to do on a running stack, as `plan` does."""
    status = stack.running()
    controllers = kafka.present_controllers(Layout(Path(status.data)))
    return plan([s.name for s in status.services], asked, controllers)


def _plan_one(kind: str, count: int, running: list[str], controllers: int) -> list[Change]:
    _require_scalable(kind, count)
    mine = sorted((n for n in running if kind_of(n) == kind), key=number_of)
    if kind == "kafka":
        _require_brokers(mine, count, controllers)
    if count <= len(mine):
        return [Change("remove", name) for name in reversed(mine[count:])]
    free = [n for n in numbered(kind, count + len(mine)) if n not in mine]
    return [Change("add", name) for name in free[: count - len(mine)]]


def _require_scalable(kind: str, count: int) -> None:
    most = SCALABLE.get(kind)
    if most is None and kind in SERVICES:
        raise StackError(f"{kind}: a stack has one. Several are possible of {', '.join(SCALABLE)}.")
    if most is None:
        raise StackError(
            f"No service {kind or '(empty)'} to scale; there are {', '.join(SCALABLE)}."
        )
    if count < 1:
        raise StackError(
            f"{kind}={count}: at least one has to stay. `roomlog down` stops the stack."
        )
    if count > most:
        why = (
            "there are that many partitions to share" if kind in groups.GROUPS else "on one machine"
        )
        raise StackError(f"{kind}={count}: at most {most}, {why}.")


def _require_brokers(mine: list[str], count: int, controllers: int) -> None:
    if not mine:
        raise StackError("This stack has no broker of its own: whoever runs its Kafka scales it.")
    if count < controllers:
        raise StackError(
            f"kafka={count}: {', '.join(mine[:controllers])} are the cluster's controllers, of which most "
            f"have to be there. At least kafka={controllers}."
        )


async def carry_out(stack: Stack, change: Change) -> Changed:
    """Do one change, and return when it is done and the partitions have been shared anew.

    Raises StackError.
    """
    act = stack.add_service if change.act == "add" else stack.remove_service
    group = groups.GROUPS.get(kind_of(change.name))
    began = time.monotonic()
    if group is None:
        await asyncio.to_thread(act, change.name)
        return Changed(change, time.monotonic() - began)
    async with groups.Watch(stack.running().kafka, group) as watch:
        began = time.monotonic()
        await asyncio.to_thread(act, change.name)
        took = time.monotonic() - began
        return Changed(change, took, await watch.settled(members=_running(stack, change)))


def _running(stack: Stack, change: Change) -> int:
    kind = kind_of(change.name)
    services = stack.running().services
    return sum(kind_of(s.name) == kind and s.state != "stopped" for s in services)
