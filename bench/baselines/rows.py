"""The rows of the baselines."""

import asyncio
import json
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from bench.baselines import producing
from bench.fill import Writer, append
from bench.generator import Load
from bench.harness import SERVERS, TEXT_BYTES, Bench, Figures, latency, require_all
from roomlog.stack.ports import HOST, is_free
from schemas.registry import Registry

_FAUST_EVENTS, _LISTENED_TO = 50_000, 0.5
_CONNECTIONS, _DELIVERIES_PER_S = 1_000, 20_000
_START_S = 15.0


def faust(bench: Bench) -> Figures:
    """Plain Faust on the topic that the row `streams` has, with fewer events."""
    with bench.stack(only=SERVERS) as stack:
        status, writer = stack.status(), Writer()
        codec = Registry(status["registry"]).codecs().chat_events
        events = writer.events(_FAUST_EVENTS)
        count = asyncio.run(append(status["kafka"], codec, events))
        rooms = sorted(writer.owners)
        listened_to = rooms[: round(len(rooms) * _LISTENED_TO)]
        command = [sys.executable, "-m", "bench.baselines.plain_faust", status["kafka"], str(count)]
        told = subprocess.run(
            command, input="\n".join(listened_to), capture_output=True, text=True, check=True
        )
    figures: Figures = json.loads(told.stdout.splitlines()[-1])
    return figures


def send(bench: Bench) -> Figures:
    """The client's cost of both ways to produce."""
    with bench.stack(only=SERVERS) as stack:
        status = stack.status()
        codec = Registry(status["registry"]).codecs().chat_events
        return producing.compare(status["kafka"], codec, "x" * TEXT_BYTES)


def picows(bench: Bench) -> Figures:
    """One room of 1,000 on a bare picows server."""
    return _broadcast(bench, "bench.baselines.stub_picows", rooms=1)


def picows_many(bench: Bench) -> Figures:
    """20 rooms of 50 on the same."""
    return _broadcast(bench, "bench.baselines.stub_picows", rooms=20)


def uvicorn(bench: Bench) -> Figures:
    """One room of 1,000 on uvicorn and FastAPI."""
    return _broadcast(bench, "bench.baselines.stub_uvicorn", rooms=1)


def _broadcast(bench: Bench, module: str, rooms: int) -> Figures:
    with _server(module) as (server, port):
        plan = _plan(bench.scratch / f"plan-{uuid.uuid4().hex[:8]}", port, rooms)
        rate = _DELIVERIES_PER_S * rooms // _CONNECTIONS
        load = Load(bench.generator, plan, "rate", rate, bench.seconds, TEXT_BYTES)
        time.sleep(1)
        before = server.cpu_times()
        found = load.go()
        after = server.cpu_times()
    require_all(found)
    used = after.user + after.system - before.user - before.system
    return {"cpu_us": round(used / found["delivered"] * 1e6, 2), **latency(found)}


def _plan(path: Path, port: int, rooms: int) -> Path:
    made = [uuid.uuid4() for _ in range(rooms)]
    lines = [f"C {HOST} {port} none\nS {n} {made[n % rooms]}" for n in range(_CONNECTIONS)]
    posts = [f"P {n} {room}" for n, room in enumerate(made)]
    path.write_text("\n".join([*lines, *posts]) + "\n")
    return path


@contextmanager
def _server(module: str) -> Iterator[tuple[psutil.Process, int]]:
    port = next(filter(is_free, range(28_000, 29_000)))
    process = subprocess.Popen([sys.executable, "-m", module, str(port)])
    try:
        _wait_until_open(process, port)
        yield psutil.Process(process.pid), port
    finally:
        process.terminate()
        process.wait()


def _wait_until_open(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + _START_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection((HOST, port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit("a baseline's server did not start; see above")
