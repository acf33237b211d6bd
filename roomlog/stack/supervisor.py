"""The supervisor process: `python -m roomlog.stack.supervisor [--owned]`, told what to do by ROOMLOG_STACK.

Owns every child of one stack from the first to the last. With `--owned` it stops when its standard
input ends, that is when whoever started it is gone, however that came about.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from roomlog.sealing import add_key
from roomlog.stack import control, state
from roomlog.stack.boot import Boot
from roomlog.stack.errors import StackError, explain_os_error
from roomlog.stack.layout import Layout, cache_dir
from roomlog.stack.ports import Ports
from roomlog.stack.progress import Failed, Ready, Report, Step, report_to_stdout
from roomlog.stack.services import Addresses
from roomlog.stack.spec import SPEC_VARIABLE, Spec, kind_of
from roomlog.stack.state import Control, Status
from roomlog.stack.supervise import Managed, stop_all
from roomlog.tokens import generate_keys
from roomlog.vapid import generate_vapid_key

_ROOM_MB = 300
_STOP_ORDER = (
    ("api",),
    ("ingest",),
    ("streams", "projector", "indexer", "webhooks", "notifier"),
    ("registry",),
)
"""Kinds that stop together, in turn; what is not named stops last: the servers that the others need."""


class Supervisor:
    """One stack, from the first step up to the last step down."""

    def __init__(self, spec: Spec, report: Report) -> None:
        self._spec = spec
        self._report = report
        self._layout = Layout(Path(spec.data))
        self._ports = Ports(cache_dir() / "ports.lock", spec.default_ports)
        self._boot = Boot(spec, self._layout, cache_dir(), report, self._write_state)
        self._addresses: Addresses | None = None
        self._control = Control(0, "")
        self._is_up = False
        self.stopping = asyncio.Event()

    async def run(self) -> None:
        """Bring the stack up, keep it up until asked to stop, take it down; raises StackError, OSError."""
        began = time.monotonic()
        self._layout.make()
        handle = _take(self._layout)
        _require_room(self._layout.data)
        _log_own_trouble(self._layout)
        try:
            if left := await asyncio.to_thread(state.stop_leftovers, self._layout):
                self._report(Step("leftovers", "done", f"stopped {', '.join(left)}"))
            generate_keys(self._layout.data)
            generate_vapid_key(self._layout.vapid_key)
            if not self._layout.secret_keys.exists():
                add_key(self._layout.secret_keys)
            self._addresses = self._boot.choose_ports(self._ports)
            server, self._control = await control.serve(self._carry_out)
            async with server:
                await self._up_and_down(began)
        finally:
            self._layout.state.unlink(missing_ok=True)
            self._ports.close()
            os.close(handle)

    async def _up_and_down(self, began: float) -> None:
        try:
            if await self._up():
                seconds = time.monotonic() - began
                self._is_up = True
                self._report(Ready(str(self._layout.data), str(self._layout.state), seconds))
                await self._stay()
        finally:
            self._is_up = False
            await self._down()

    async def _stay(self) -> None:
        warming = None
        if self._spec.default_ports and not self._spec.ephemeral:
            warming = asyncio.create_task(self._boot.warm_up(self._ports))
        await self.stopping.wait()
        if warming is not None:
            warming.cancel()
            await asyncio.wait([warming])

    async def _up(self) -> bool:
        """Bring everything up; False where a stop was asked for meanwhile."""
        booting = asyncio.create_task(self._boot.run())
        asked = asyncio.create_task(self.stopping.wait())
        await asyncio.wait([booting, asked], return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        if not booting.done():
            booting.cancel()
            await asyncio.wait([booting])
            return False
        try:
            booting.result()
        except BaseExceptionGroup as group:
            raise _plainest(group) from group
        return True

    async def _down(self) -> None:
        left = dict(self._boot.managed)
        for kinds in _STOP_ORDER:
            names = [n for n in left if kind_of(n) in kinds]
            await self._stop_some({n: left.pop(n) for n in names})
        await self._stop_some(left)

    async def _stop_some(self, some: dict[str, Managed]) -> None:
        for name in some:
            self._report(Step(name, "running", "stopping"))
        await stop_all(some.values())
        for name in some:
            self._report(Step(name, "done", "stopped"))

    async def _carry_out(self, command: str, service: str) -> None:
        if not self._is_up:
            raise StackError("The stack is starting or stopping; try again when it is ready.")
        if command == "add":
            await self._boot.add(service, self._ports)
            return
        managed = self._boot.managed.get(service)
        if managed is None:
            raise StackError(f"No service {service}; there are: {', '.join(self._boot.managed)}.")
        if command not in {"stop", "start", "restart", "remove"}:
            raise StackError(f"No command {command}.")
        if command == "remove":
            await self._boot.remove(service, self._ports)
            return
        if command in {"stop", "restart"}:
            await managed.stop()
        if command in {"start", "restart"}:
            await managed.start()

    def _write_state(self) -> None:
        if self._addresses is None:
            return
        at, data = self._boot.addresses, self._layout.data
        status = Status(
            web=at.web,
            api=f"{at.web}/api/v1" if at.web else "",
            ingest=at.ingest,
            kafka=at.kafka,
            postgres=at.postgres,
            valkey=at.valkey,
            registry=at.registry,
            data=str(data),
            pid=os.getpid(),
            ephemeral=self._spec.ephemeral,
            jwt_private_key=str(data / "jwt.pem"),
            jwks=str(data / "jwks.json"),
            services=[m.status() for m in self._boot.managed.values()],
            control=self._control,
        )
        state.write(self._layout, status)


def _take(layout: Layout) -> int:
    handle = state.lock(layout)
    if handle is not None:
        return handle
    running = state.read(layout)
    where = f" Open {running.web}" if running and running.web else ""
    raise StackError(
        f"A stack already runs on {layout.data}.{where} (`roomlog status` shows it, `roomlog down` "
        "stops it). For a second one name another directory with --data DIR."
    )


def _require_room(data: Path) -> None:
    free_mb = shutil.disk_usage(data).free >> 20
    if free_mb < _ROOM_MB:
        raise StackError(
            f"The disk of {data} is full: {free_mb} MiB are free, the stack needs {_ROOM_MB} MiB to "
            "begin with. Free some space, or choose another disk with --data DIR."
        )


def _log_own_trouble(layout: Layout) -> None:
    """Let go of the terminal: from here on what nobody foresaw goes to a log of its own."""
    log = os.open(layout.log("supervisor"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, sys.stderr.fileno())
    os.close(log)


def _plainest(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the failure that a person can act on; the group itself where there is none."""
    known = group.subgroup((StackError, OSError))
    found: BaseException = known or group
    while known is not None and isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found


async def _serve(spec: Spec, owned: bool, report: Report) -> None:
    supervisor = Supervisor(spec, report)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, supervisor.stopping.set)
    if owned:
        loop.add_reader(sys.stdin.fileno(), lambda: _at_end_of_input(supervisor))
    await supervisor.run()


def _at_end_of_input(supervisor: Supervisor) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        supervisor.stopping.set()


def run(spec: Spec, owned: bool, report: Report) -> int:
    """Run one stack to its end and return the exit code; what went wrong was reported."""
    try:
        with _directory(spec) as data:
            asyncio.run(_serve(msgspec.structs.replace(spec, data=data), owned, report))
    except StackError as error:
        report(Failed(str(error)))
        return 1
    except OSError as error:
        report(Failed(explain_os_error(error)))
        return 1
    return 0


@contextlib.contextmanager
def _directory(spec: Spec) -> Iterator[str]:
    """Yield the data directory: a temporary one, gone afterwards, for an ephemeral stack."""
    if not spec.ephemeral:
        yield spec.data
        return
    data = tempfile.mkdtemp(prefix="roomlog-")
    try:
        yield data
    finally:
        shutil.rmtree(data, ignore_errors=True)


def main() -> None:
    """Entry point of the process."""
    spec = msgspec.json.decode(os.environ.pop(SPEC_VARIABLE), type=Spec)
    sys.exit(run(spec, "--owned" in sys.argv[1:], report_to_stdout))


if __name__ == "__main__":
    main()
