"""For operators: alive, ready, metrics, keys."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from api.answers import answer
from api.services import Services, Use

_TIMEOUT_S = 3.0
router = APIRouter(include_in_schema=False)


@router.get("/healthz")
async def alive() -> Response:
    """Say that the process serves requests."""
    return answer({"status": "alive"})


@router.get("/readyz")
async def ready(use: Use) -> Response:
    """Say what is needed and whether it answers. Only PostgreSQL is needed by every route."""
    postgres, valkey, kafka, ingest = await asyncio.gather(
        _run(lambda: use.postgres.one("SELECT 1")),
        _run(use.valkey.ping),
        _run(use.user_events.ping),
        _run(lambda: _ingest(use)),
    )
    ready = bool(postgres["ok"])
    checks = {"postgres": postgres, "valkey": valkey, "kafka": kafka, "ingest": ingest}
    return answer({"ready": ready, "checks": checks}, status=200 if ready else 503)


@router.get("/metrics")
async def metrics() -> Response:
    """Return the metrics in Prometheus' text format."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


@router.get("/.well-known/jwks.json")
@router.get("/api/v1/.well-known/jwks.json")
async def get_jwks(use: Use) -> Response:
    """Return the public keys that access tokens are checked with."""
    response = answer(use.signer.jwks())
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


async def _ingest(use: Services) -> None:
    if not use.nodes.connected:
        raise ConnectionError("not connected to an ingest node")


async def _run(check: Callable[[], Awaitable[Any]]) -> dict[str, Any]:
    started, reason = time.perf_counter(), None
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            await check()
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".rstrip(": ")
    found = {"ok": reason is None, "ms": round((time.perf_counter() - started) * 1000, 2)}
    return found if reason is None else {**found, "reason": reason}
