"""Asking dependencies whether they are there, and the endpoints of a service that has no others.

/healthz, /readyz and /metrics get a few requests a minute from a supervisor and from Prometheus; no
framework is started for that.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from msgspec import json
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

Check = Callable[[], Awaitable[str | None]]
"""Tells why a dependency is not usable, None where it is."""

Probe = Callable[[], Awaitable[object]]
"""Returns, with whatever, where a dependency is there, and raises where it is not."""

TIMEOUT_S = 2.0
_REASON_CHARS = 200
_Answer = tuple[HTTPStatus, str, bytes]


async def serve(host: str, port: int, checks: Mapping[str, Check]) -> asyncio.Server:
    """Serve until the returned server is closed; /readyz asks every check, with its latency.

    Raises OSError where the port is taken.
    """

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, TimeoutError, ValueError, asyncio.IncompleteReadError):
            async with asyncio.timeout(3 * TIMEOUT_S):
                head = await reader.readuntil(b"\r\n\r\n")
                method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
                status, kind, body = await _route(method, target.partition("?")[0], checks)
                writer.write(_response(status, kind, body, with_body=method != "HEAD"))
                await writer.drain()
        writer.close()

    return await asyncio.start_server(answer, host, port, limit=16_384)


async def _route(method: str, path: str, checks: Mapping[str, Check]) -> _Answer:
    if method not in ("GET", "HEAD"):
        return HTTPStatus.METHOD_NOT_ALLOWED, "text/plain", b"GET or HEAD\n"
    match path:
        case "/healthz":
            return HTTPStatus.OK, "application/json", b'{"status":"alive"}'
        case "/readyz":
            return await _ready(checks)
        case "/metrics":
            return HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest()
    return HTTPStatus.NOT_FOUND, "text/plain", b"/healthz, /readyz, /metrics\n"


async def _ready(checks: Mapping[str, Check]) -> _Answer:
    found = {name: await ask(_raising(check)) for name, check in checks.items()}
    ready = all(result["ok"] for result in found.values())
    status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
    return status, "application/json", json.encode({"ready": ready, "checks": found})


async def ask(probe: Probe, timeout_s: float = TIMEOUT_S) -> dict[str, Any]:
    """Return how a dependency answers: `ok`, `ms` (its latency) and, where it is not well, `reason`."""
    start, reason = time.perf_counter(), None
    try:
        async with asyncio.timeout(timeout_s):
            await probe()
    except _NotUsable as error:
        reason = str(error)
    except Exception as error:  # whatever it is, the dependency is not well
        reason = f"{type(error).__name__}: {error}".rstrip(": ")[:_REASON_CHARS]
    found = {"ok": reason is None, "ms": round((time.perf_counter() - start) * 1000, 2)}
    return found if reason is None else {**found, "reason": reason}


class _NotUsable(Exception):
    """A check's reason, as it is."""


def _raising(check: Check) -> Probe:
    async def probe() -> None:
        if (reason := await check()) is not None:
            raise _NotUsable(reason)

    return probe


def _response(status: HTTPStatus, kind: str, body: bytes, with_body: bool) -> bytes:
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: {kind}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + (body if with_body else b"")
