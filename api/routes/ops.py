"""For operators: alive, ready, metrics, keys."""

import asyncio

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from api.answers import answer
from api.services import Services, Use
from roomlog.health import ask

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
        ask(lambda: use.postgres.one("SELECT 1"), _TIMEOUT_S),
        ask(use.valkey.ping, _TIMEOUT_S),
        ask(use.user_events.ping, _TIMEOUT_S),
        ask(lambda: _ingest(use), _TIMEOUT_S),
    )
    ready = bool(postgres["ok"])
    checks = {"postgres": postgres, "valkey": valkey, "kafka": kafka, "ingest": ingest}
    if use.postgres.has_replica:
        checks["replica"] = await ask(lambda: _replica(use), _TIMEOUT_S)
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


async def _replica(use: Services) -> None:
    if why_not := use.postgres.why_no_replica():
        raise ConnectionError(f"not read from: {why_not}")


async def _ingest(use: Services) -> None:
    if not use.nodes.connected:
        raise ConnectionError("not connected to an ingest node")
