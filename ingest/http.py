"""The plain HTTP answers of a node: is it alive, is it ready, its metrics."""

import asyncio
import json
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, NamedTuple

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from roomlog.health import Probe, ask
from roomlog.metrics import DEPENDENCY_UP

PROBE_EVERY_S = 2.0
_JSON = {"Content-Type": "application/json", "Cache-Control": "no-store"}


class Answer(NamedTuple):
    """An answer after which the connection ends."""

    status: HTTPStatus
    body: bytes
    headers: Mapping[str, str] = MappingProxyType({"Content-Type": "text/plain; charset=utf-8"})

    def to_bytes(self) -> bytes:
        """Return it as it is sent."""
        length = {"Content-Length": str(len(self.body)), "Connection": "close"}
        return head(self.status, {**self.headers, **length}) + self.body


def head(status: HTTPStatus, headers: Mapping[str, str]) -> bytes:
    """Return what stands before the body of an answer."""
    lines = (f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status.value} {status.phrase}\r\n{''.join(lines)}\r\n".encode()


class Readiness:
    """Asks the dependencies now and then; a request is answered from what they said last.

    A node is ready while it can take commands: Kafka is there and it does not drain. Without Valkey
    or PostgreSQL it is slower or cannot take up new rooms, which another node could not either.
    """

    def __init__(self, probes: Mapping[str, Probe], required: frozenset[str]) -> None:
        self._probes, self._required = probes, required
        self._health: dict[str, dict[str, Any]] = {}
        self.draining = False

    async def watch(self) -> None:
        """Ask for ever."""
        while True:
            await self.look()
            await asyncio.sleep(PROBE_EVERY_S)

    async def look(self) -> None:
        """Ask all dependencies once."""
        answers = await asyncio.gather(*map(ask, self._probes.values()))
        self._health = dict(zip(self._probes, answers, strict=True))
        for name, health in self._health.items():
            DEPENDENCY_UP.labels(name).set(health["ok"])

    def report(self) -> tuple[bool, dict[str, object]]:
        """Return whether the node is ready, and what to tell about it."""
        missing = [n for n, h in self._health.items() if not h["ok"]]
        ready = bool(self._health) and not self.draining and not self._required & {*missing}
        state = "draining" if self.draining else "ready" if ready else "not ready"
        return ready, {"status": state, "degraded": missing, "dependencies": self._health}


def answer(path: str, readiness: Readiness) -> Answer:
    """Return the answer to a plain GET."""
    if path == "/healthz":
        return Answer(HTTPStatus.OK, b'{"status":"alive"}\n', _JSON)
    if path == "/readyz":
        ready, report = readiness.report()
        status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
        return Answer(status, json.dumps(report).encode() + b"\n", _JSON)
    if path == "/metrics":
        return Answer(HTTPStatus.OK, generate_latest(), {"Content-Type": CONTENT_TYPE_LATEST})
    return Answer(HTTPStatus.NOT_FOUND, b"no such page; the socket is at /ws\n")
