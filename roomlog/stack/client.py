"""Starting and stopping a stack from another process: the command line and the tests do it this way."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec
import psutil

from roomlog.settings import Settings
from roomlog.stack import control, state
from roomlog.stack.errors import Interrupted, StackError, log_tail
from roomlog.stack.layout import Layout
from roomlog.stack.progress import Event, Failed, Ready, decode_event
from roomlog.stack.spec import SERVERS, SPEC_VARIABLE, Spec, default_data, external_servers
from roomlog.stack.state import ServiceStatus, Status

_DOWN_SECONDS = 90.0
_EXIT_SECONDS = 5.0
_READY_SECONDS = 60.0


class Stack:
    """A stack, started and owned by this process: it ends when this process does, however it ends.

    As a context manager it is started at the beginning and stopped at the end. With `detached` it
    outlives this process. Options are the fields of Spec; given so, and not as a whole Spec, ports
    are free ones and not the default ones: `Stack(data=path, nodes=2)` is one for tests.
    """

    def __init__(
        self,
        spec: Spec | None = None,
        *,
        detached: bool = False,
        on_event: Callable[[Event], None] = lambda _event: None,
        **options: object,
    ) -> None:
        given = spec or _spec_of(options)
        data = str(Path(given.data).absolute()) if given.data else str(default_data())
        self.spec = msgspec.structs.replace(given, data=data)
        self._detached = detached
        self.on_event = on_event
        self._process: subprocess.Popen[bytes] | None = None
        self._layout = Layout(Path(data))

    def start(self) -> Self:
        """Return when every service is ready; raises StackError."""
        self._process = self._spawn()
        for event in self._events():
            self.on_event(event)
            if isinstance(event, Ready):
                self._layout = Layout(Path(event.data))
                return self
            if isinstance(event, Failed):
                self._process.wait()
                raise StackError(event.message)
        code = self._process.wait()
        if code == 0:
            raise Interrupted("Stopped before it was ready; nothing is left running.")
        log = self._layout.log("supervisor")
        tail = "\n".join(f"    {line}" for line in log_tail(log))
        raise StackError(f"The supervisor failed (exit code {code}). The end of {log}:\n{tail}")

    def stop(self) -> None:
        """Stop everything and return when nothing is left."""
        if self._process is not None:
            self.ask_to_stop()
            self.wait()

    def ask_to_stop(self) -> None:
        """Have everything stopped, without waiting for it."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGTERM)

    def wait(self) -> int:
        """Pass events on until the supervisor ends; return its exit code."""
        for event in self._events():
            self.on_event(event)
        return self._child.wait()

    @property
    def data(self) -> Path:
        """The data directory."""
        return self._layout.data

    def status(self) -> dict[str, Any]:
        """Return what `roomlog status --json` prints; raises StackError where the stack does not run."""
        shown: dict[str, Any] = msgspec.json.decode(state.public(self.running()))
        return shown

    def running(self) -> Status:
        """Return how everything is now; raises StackError where the stack does not run."""
        return running(self._layout)

    def service(self, name: str) -> ServiceStatus:
        """Return how one service is now; raises StackError for one that is not there."""
        found = [s for s in self.running().services if s.name == name]
        if not found:
            raise StackError(f"No service {name}.")
        return found[0]

    def kill(self, service: str, number: signal.Signals = signal.SIGKILL) -> int:
        """Send a signal to a service's process and return its pid; the supervisor restarts what dies."""
        pid = self.service(service).pid
        os.kill(pid, number)
        return pid

    def wait_ready(self, service: str, other_than: int = 0) -> None:
        """Return when a service is ready in a process of another pid (that of the one killed).

        Raises StackError where it takes too long.
        """
        deadline = time.monotonic() + _READY_SECONDS
        while time.monotonic() < deadline:
            found = self.service(service)
            if found.state == "ready" and found.pid != other_than:
                return
            time.sleep(0.05)
        raise StackError(f"{service} is not ready after {_READY_SECONDS:.0f} s.")

    @property
    def settings(self) -> Settings:
        """The settings of a service of this stack, for a program that acts beside the services."""
        running = self.status()
        addresses = {server: running[server] for server in SERVERS if running[server]}
        return Settings(
            **addresses,
            data=self.data,
            jwks=running["jwks"],
            jwt_private_key=Path(running["jwt_private_key"]),
        )

    def stop_service(self, name: str) -> None:
        """Stop one service and leave it stopped."""
        control.send(self.running().control, "stop", name)

    def start_service(self, name: str) -> None:
        """Start one that was stopped, and return when it is ready."""
        control.send(self.running().control, "start", name)

    def restart_service(self, name: str) -> None:
        """Stop one service as a deploy would, start it again, and return when it is ready."""
        control.send(self.running().control, "restart", name)

    def add_service(self, name: str) -> None:
        """Start one more of a kind (`spec.SCALABLE`), such as `streams-3`, and return when it is ready."""
        control.send(self.running().control, "add", name)

    def remove_service(self, name: str) -> None:
        """Stop one that was asked to go, and forget it: `scaling` does both, and says what they took."""
        control.send(self.running().control, "remove", name)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _spawn(self) -> subprocess.Popen[bytes]:
        argv = [sys.executable, "-m", "roomlog.stack.supervisor"]
        owned = [] if self._detached else ["--owned"]
        return subprocess.Popen(
            argv + owned,
            stdin=subprocess.DEVNULL if self._detached else subprocess.PIPE,
            stdout=subprocess.PIPE,
            # Addresses have passwords in them, and everybody may read a command line.
            env={**os.environ, SPEC_VARIABLE: _encode(self.spec)},
            start_new_session=True,  # Ctrl-C is for the one in front, which then asks politely
        )

    def _events(self) -> Iterator[Event]:
        for line in self._child.stdout or ():
            yield decode_event(line)

    @property
    def _child(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise StackError("The stack was not started.")
        return self._process


def _spec_of(options: dict[str, object]) -> Spec:
    given = {"external": external_servers(), "default_ports": False, **options}
    return msgspec.convert(given | {"data": str(options.get("data") or "")}, Spec)


def running(layout: Layout) -> Status:
    """Return how the stack on this directory is; raises StackError where none runs."""
    status = state.read_running(layout)
    if status is None:
        raise StackError(
            f"No stack runs on {layout.data}. `roomlog up` starts one; --data DIR names another "
            "directory."
        )
    return status


def down(layout: Layout) -> bool:
    """Stop the stack on this directory, whoever started it; False where none runs.

    Raises StackError where it does not stop.
    """
    status = state.read_running(layout)
    if status is None:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(status.pid, signal.SIGTERM)
    if not state.wait_unlocked(layout, _DOWN_SECONDS):
        raise StackError(f"The supervisor (pid {status.pid}) does not stop; `kill -9` ends it.")
    with contextlib.suppress(psutil.Error):
        psutil.Process(status.pid).wait(_EXIT_SECONDS)
    return True


def _encode(spec: Spec) -> str:
    return msgspec.json.encode(spec).decode()
