"""The plain HTTP answers of a node: is it alive, is it ready, its metrics."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from picows import WSUpgradeResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

PROBE_EVERY_S = 2.0
_TIMEOUT_S = 2.0
_JSON = {"Content-Type": "application/json", "Cache-Control": "no-store"}

Probe = Callable[[], Awaitable[object]]


class Health(NamedTuple):
    """How a dependency answered when it was last asked."""

    ok: bool
    latency_ms: float
    error: str | None = None


async def ask(probe: Probe) -> Health:
    """Ask one dependency whether it is there."""
    start = time.perf_counter()
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            await probe()
    except Exception as error:  # whatever it is, the dependency is not well
        return Health(False, _ms_since(start), f"{type(error).__name__}: {error}"[:200])
    return Health(True, _ms_since(start))


def _ms_since(start: float) -> float:
    return round((time.perf_counter() - start) * 1_000, 2)


class Readiness:
    """Asks the dependencies now and then; a request is answered from what they said last.

    A node is ready while it can take commands: Kafka is there and it does not drain. Without Valkey
    or PostgreSQL it is slower or cannot take up new rooms, which another node could not either.
    """

    def __init__(self, probes: Mapping[str, Probe], required: frozenset[str]) -> None:
        self._probes, self._required = probes, required
        self._health: dict[str, Health] = {}
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

    def report(self) -> tuple[bool, dict[str, object]]:
        """Return whether the node is ready, and what to tell about it."""
        missing = [n for n, h in self._health.items() if not h.ok]
        ready = bool(self._health) and not self.draining and not self._required & {*missing}
        state = "draining" if self.draining else "ready" if ready else "not ready"
        told = {name: health._asdict() for name, health in self._health.items()}
        return ready, {"status": state, "degraded": missing, "dependencies": told}


def answer(path: str, readiness: Readiness) -> Any:
    """Return picows' answer to a plain GET."""
    if path == "/healthz":
        return WSUpgradeResponse.create_ok_response(b'{"status":"alive"}\n', _JSON)
    if path == "/readyz":
        ready, report = readiness.report()
        body = json.dumps(report).encode() + b"\n"
        if ready:
            return WSUpgradeResponse.create_ok_response(body, _JSON)
        return WSUpgradeResponse.create_error_response(503, body, _JSON)
    if path == "/metrics":
        kind = {"Content-Type": CONTENT_TYPE_LATEST}
        return WSUpgradeResponse.create_ok_response(generate_latest(), kind)
    return WSUpgradeResponse.create_error_response(404, b"no such page; the socket is at /ws\n")
