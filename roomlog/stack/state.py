"""The state of a running stack: a locked file says that it runs, a JSON file says what runs."""

import fcntl
import os
import signal
import time
from pathlib import Path
from typing import Literal

import psutil
from msgspec import Struct
from msgspec.json import Decoder, Encoder, format

from roomlog.stack.layout import Layout

ServiceState = Literal["starting", "ready", "restarting", "failed", "stopped"]
"""`failed`: it ended too often in a row; it is still tried again, slowly. `stopped`: on demand."""

_SAME_START_S = 2.0
_LEFTOVER_SECONDS = 15.0


class ServiceStatus(Struct, frozen=True):
    """One service. `pid` is 0 while there is no process; `started` is that process' start time."""

    name: str
    pid: int
    port: int
    state: ServiceState
    restarts: int = 0
    started: float = 0.0
    log: str = ""


class Control(Struct, frozen=True):
    """Where the supervisor takes commands, and the word that lets one in."""

    port: int
    token: str


class Status(Struct, frozen=True):
    """A stack: addresses and services, as `roomlog status --json` prints them."""

    web: str
    api: str
    ingest: list[str]
    kafka: str
    postgres: str
    valkey: str
    registry: str
    data: str
    pid: int
    ephemeral: bool
    jwt_private_key: str
    jwks: str
    services: list[ServiceStatus]
    control: Control

    @property
    def ready(self) -> bool:
        """Whether every service is ready."""
        return all(s.state == "ready" for s in self.services)


_encode = Encoder().encode
_decode = Decoder(Status).decode


def write(layout: Layout, status: Status) -> None:
    """Replace the state file; it holds addresses with passwords, so only its owner may read it."""
    draft = layout.state.with_suffix(".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(format(_encode(status), indent=2))
    draft.replace(layout.state)


def read(layout: Layout) -> Status | None:
    """Return what the state file says, or None where there is none."""
    try:
        return _decode(layout.state.read_bytes())
    except FileNotFoundError:
        return None


def read_running(layout: Layout) -> Status | None:
    """Return the state of the stack that runs on this directory now, or None."""
    return read(layout) if is_locked(layout) else None


def public(status: Status) -> bytes:
    """Return the state as JSON for others: without the word that commands the supervisor."""
    import msgspec

    shown = msgspec.to_builtins(status)
    del shown["control"]
    return format(msgspec.json.encode(shown), indent=2)


def lock(layout: Layout) -> int | None:
    """Take the directory for this process; None where another has it. The kernel gives it back."""
    handle = os.open(layout.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


def is_locked(layout: Layout) -> bool:
    """Tell whether a supervisor runs on this directory."""
    if not layout.lock.exists():
        return False
    if (handle := lock(layout)) is None:
        return True
    os.close(handle)
    return False


def started_at(pid: int) -> float:
    """Return when a process started, in seconds since 1970 (0 for none)."""
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return 0.0


def stop_leftovers(layout: Layout) -> list[str]:
    """Stop what a supervisor that was killed left running, and return the names.

    To be called with the lock held. A process is ours only if it started when ours did.
    """
    left = read(layout)
    if left is None:
        return []
    found = {s.name: p for s in left.services if (p := _ours(s)) is not None}
    for name, process in found.items():
        process.send_signal(signal.SIGINT if name == "postgres" else signal.SIGTERM)
    _gone, alive = psutil.wait_procs(list(found.values()), timeout=_LEFTOVER_SECONDS)
    for process in alive:
        process.kill()
    psutil.wait_procs(alive, timeout=_LEFTOVER_SECONDS)
    layout.state.unlink(missing_ok=True)
    return list(found)


def _ours(service: ServiceStatus) -> psutil.Process | None:
    try:
        process = psutil.Process(service.pid) if service.pid else None
    except psutil.Error:
        return None
    if process is None or abs(process.create_time() - service.started) > _SAME_START_S:
        return None
    return process


def wait_unlocked(layout: Layout, seconds: float) -> bool:
    """Wait until no supervisor runs on the directory any more; False where the time was too short."""
    deadline = time.monotonic() + seconds
    while is_locked(layout):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def log_files(layout: Layout) -> list[Path]:
    """Return the logs of a data directory."""
    return sorted(layout.logs.glob("*.log"))
