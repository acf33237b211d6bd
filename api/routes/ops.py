"""For operators: alive, ready, metrics, keys."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from api.answers import answer
from api.services import Services, Use

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
async def alive() -> Response:
    """Say that the process serves requests."""
    return answer({"status": "alive"})


@router.get("/readyz")
async def ready(use: Use) -> Response:
    """Say what is needed and whether it answers. Only PostgreSQL is needed by every route."""
    checks = {
        "postgres": await _checked(lambda: use.postgres.one("SELECT 1"), required=True),
        "valkey": await _checked(use.valkey.ping),
        "kafka": await _checked(use.user_events.ping),
        "ingest": await _checked(lambda: _ingest(use)),
    }
    ok = all(c["ok"] for c in checks.values() if c["required"])
    body = {"status": "ready" if ok else "not ready", "checks": checks}
    return answer(body, status=200 if ok else 503)


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


async def _checked(check: Callable[[], Awaitable[Any]], required: bool = False) -> dict[str, Any]:
    started, error = time.perf_counter(), None
    try:
        await check()
    except Exception as failure:
        error = f"{type(failure).__name__}: {failure}"
    latency = round((time.perf_counter() - started) * 1000, 2)
    found = {"ok": error is None, "required": required, "latency_ms": latency}
    return found if error is None else {**found, "error": error}
