"""Faults as data, and the schedule that injects them into a local stack.

Each fault is done to a service of its kind, chosen by the seed, and is over when every service is ready
again. Processes are found by their pid in the stack's state.
"""

import asyncio
import json
import random
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import NamedTuple

from redis.asyncio import Redis

from roomlog.check import poison
from roomlog.check.history import Fault, Healed, Poisoned, Rebuilt, Writer, now_ns
from roomlog.check.waiting import wait_until
from roomlog.stack import Stack, scaling
from roomlog.stack.errors import StackError
from roomlog.stack.spec import SERVICES, kind_of
from roomlog.stack.state import Status

_HEAL_S = 180.0
_TINY_BUFFER = "pubsub 16384 8192 1"
_USUAL_BUFFER = "pubsub 33554432 8388608 60"
_TINY_S = 8.0


class FaultKind(NamedTuple):
    """What is done to which kind of service; `seconds` is how long where it lasts.

    `least` is how many of the kind have to run for it.
    """

    act: str
    target: str
    seconds: float = 0.0
    least: int = 1


FAULTS: dict[str, FaultKind] = {
    "kill-ingest": FaultKind("kill", "ingest"),
    "kill-streams": FaultKind("kill", "streams"),
    "kill-projector": FaultKind("kill", "projector"),
    "freeze-ingest": FaultKind("freeze", "ingest", 4),
    "freeze-streams": FaultKind("freeze", "streams", 12),
    "freeze-projector": FaultKind("freeze", "projector", 12),
    "restart-ingest": FaultKind("restart", "ingest"),
    "restart-streams": FaultKind("restart", "streams"),
    "restart-projector": FaultKind("restart", "projector"),
    "add-ingest": FaultKind("add", "ingest", 8),
    "add-streams": FaultKind("add", "streams", 8),
    "add-projector": FaultKind("add", "projector", 8),
    "remove-ingest": FaultKind("remove", "ingest", 8, least=2),
    "remove-streams": FaultKind("remove", "streams", 8, least=2),
    "remove-projector": FaultKind("remove", "projector", 8, least=2),
    "kill-valkey": FaultKind("kill", "valkey"),
    "restart-valkey": FaultKind("restart", "valkey"),
    "tiny-pubsub": FaultKind("tiny_buffers", "valkey", _TINY_S),
    "kill-postgres": FaultKind("kill", "postgres"),
    "restart-postgres": FaultKind("restart", "postgres"),
    "stop-postgres": FaultKind("stop", "postgres", 60),
    "kill-kafka": FaultKind("kill_all", "kafka"),
    "restart-kafka": FaultKind("restart", "kafka"),
    "kill-broker": FaultKind("kill", "kafka", least=3),
    "freeze-broker": FaultKind("freeze", "kafka", 15, least=3),
    "add-broker": FaultKind("add", "kafka", 8, least=3),
    "poison": FaultKind("poison", "kafka"),
    "rebuild": FaultKind("rebuild", "postgres"),
    "deploy": FaultKind("deploy", ""),
}
"""Name -> fault. `freeze` for longer than a session makes a zombie (streams and projectors: 6 s); `add` starts
one more and takes it away again, `remove` the other way round, as `roomlog scale` does; `stop` stops and
starts; `deploy` restarts our services one by one. `rebuild` is no fault but an operation, `roomlog rebuild`,
which must find no difference."""


def chosen(names: Sequence[str], running: Collection[str]) -> list[str]:
    """Return the faults that are meant; `all` means every one for which enough services run.

    `running` are the names of the services. Raises ValueError.
    """
    if "all" in names:
        return [name for name, fault in FAULTS.items() if not _missing(fault, running)]
    if unknown := [n for n in names if n not in FAULTS]:
        raise ValueError(f"no fault {unknown[0]}; there are: all, {', '.join(FAULTS)}")
    for name in names:
        if _missing(FAULTS[name], running):
            kind, least = FAULTS[name].target, FAULTS[name].least
            raise ValueError(
                f"{name} needs a stack with {least} of {kind}: `roomlog up` has an option"
            )
    return list(names)


def _missing(fault: FaultKind, running: Collection[str]) -> bool:
    return sum(kind_of(n) == fault.target for n in running) < fault.least and bool(fault.target)


class Schedule:
    """Injects faults, `every` so many seconds (or as soon as the one before has healed)."""

    def __init__(
        self,
        stack: Stack,
        names: Sequence[str],
        every_s: float,
        rng: random.Random,
        recorder: Writer,
        on_fault: Callable[[str], None],
        rooms: Sequence[str],
    ) -> None:
        self._stack, self._names, self._every_s = stack, names, every_s
        self._rng, self._recorder, self._on_fault = rng, recorder, on_fault
        self._rooms = rooms
        self.poisoned: set[poison.Position] = set()
        """Where in the log records were put that nobody can read."""
        self._acts = {
            "kill": self._kill,
            "kill_all": self._kill,
            "freeze": self._freeze,
            "restart": self._restart,
            "add": self._add,
            "remove": self._remove,
            "stop": self._stop,
            "tiny_buffers": self._tiny_buffers,
            "poison": self._poison,
            "rebuild": self._rebuild,
            "deploy": self._deploy,
        }

    async def run(self, stop: asyncio.Event) -> None:
        """Go on until told to stop; the last fault has healed then. Raises StackError."""
        loop = asyncio.get_running_loop()
        order: list[str] = []
        due = loop.time() + self._every_s
        while self._names:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(due):
                    await stop.wait()
            if stop.is_set():
                return
            due = loop.time() + self._every_s
            if not order:
                order = self._rng.sample(self._names, len(self._names))
            await self.inject(order.pop())

    async def inject(self, name: str) -> None:
        """Do one fault and wait until everything is ready again; raises StackError."""
        fault = FAULTS[name]
        services = self._services(fault)
        self._on_fault(f"{name} {' '.join(services)}")
        self._recorder.write(Fault(now_ns(), name, services))
        await self._acts[fault.act](services, fault.seconds)
        await self._until_ready()
        self._recorder.write(Healed(now_ns()))

    def _services(self, fault: FaultKind) -> list[str]:
        """Return those that it is done to."""
        running = [s.name for s in self._status().services]
        if fault.act == "deploy":
            return [n for n in running if kind_of(n) in SERVICES and n != "api"]
        mine = [n for n in running if kind_of(n) == fault.target]
        if fault.act == "kill_all":
            return mine
        if fault.act == "add":
            one_more = scaling.plan_on(self._stack, {fault.target: len(mine) + 1})
            return [change.name for change in one_more]
        return [self._rng.choice(mine)]

    def _status(self) -> Status:
        return self._stack.running()

    async def _kill(self, services: list[str], _seconds: float) -> None:
        pids = {name: self._stack.kill(name) for name in services}
        for name, pid in pids.items():
            await wait_until(lambda n=name, p=pid: self._is_other(n, p), _HEAL_S)  # type: ignore[misc]

    def _is_other(self, service: str, pid: int) -> bool:
        return self._stack.service(service).pid not in (pid, 0)

    async def _freeze(self, services: list[str], seconds: float) -> None:
        self._stack.kill(services[0], signal.SIGSTOP)
        await asyncio.sleep(seconds)
        self._stack.kill(services[0], signal.SIGCONT)

    async def _restart(self, services: list[str], _seconds: float) -> None:
        await asyncio.to_thread(self._stack.restart_service, services[0])

    async def _add(self, services: list[str], seconds: float) -> None:
        await self._change("add", services[0])
        await asyncio.sleep(seconds)
        await self._change("remove", services[0])

    async def _stop(self, services: list[str], seconds: float) -> None:
        await asyncio.to_thread(self._stack.stop_service, services[0])
        await asyncio.sleep(seconds)
        await asyncio.to_thread(self._stack.start_service, services[0])

    async def _remove(self, services: list[str], seconds: float) -> None:
        await self._change("remove", services[0])
        await asyncio.sleep(seconds)
        await self._change("add", services[0])

    async def _change(self, act: scaling.Act, service: str) -> None:
        changed = await scaling.carry_out(self._stack, scaling.Change(act, service))
        self._on_fault(f"  {changed.told()}")

    async def _tiny_buffers(self, _services: list[str], seconds: float) -> None:
        valkey = Redis.from_url(self._status().valkey)
        try:
            await valkey.config_set("client-output-buffer-limit", _TINY_BUFFER)
            await asyncio.sleep(seconds)
            await valkey.config_set("client-output-buffer-limit", _USUAL_BUFFER)
        finally:
            await valkey.aclose()

    async def _poison(self, _services: list[str], _seconds: float) -> None:
        for position in await poison.produce(self._status().kafka, self._rooms):
            self.poisoned.add(position)
            self._recorder.write(Poisoned(now_ns(), *position))

    async def _rebuild(self, _services: list[str], _seconds: float) -> None:
        command = ["rebuild", "--json", "--data", self._status().data]
        argv = [sys.executable, "-m", "roomlog.cli", *command]
        process = await asyncio.create_subprocess_exec(*argv, stdout=PIPE, stderr=PIPE)
        answer, said = await process.communicate()
        if process.returncode:
            told = (said + answer).decode(errors="replace").strip()
            raise StackError(f"The rebuild failed: {told}")
        found = json.loads(answer)
        rows, different = sum(found["rows"].values()), found["differences"]["total"]
        blocked_ms = round(found["blocked_s"] * 1_000)
        self._recorder.write(Rebuilt(now_ns(), rows, different, blocked_ms))

    async def _deploy(self, services: list[str], _seconds: float) -> None:
        for service in services:
            await asyncio.to_thread(self._stack.restart_service, service)

    async def _until_ready(self) -> None:
        if not await wait_until(lambda: self._status().ready, _HEAL_S):
            sick = [f"{s.name} ({s.state})" for s in self._status().services if s.state != "ready"]
            raise StackError(f"Not healed after {_HEAL_S:.0f} s: {', '.join(sick)}.")
