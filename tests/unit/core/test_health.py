"""The endpoints of a service without a web framework."""

import asyncio

import httpx
import pytest

from roomlog import health, metrics


@pytest.fixture
async def served():
    reasons = {"log": None}

    async def check():
        if isinstance(reasons["log"], Exception):
            raise reasons["log"]
        return reasons["log"]

    server = await health.serve("127.0.0.1", 0, {"log": check})
    port = server.sockets[0].getsockname()[1]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        yield http, reasons
    server.close()


async def test_a_living_and_ready_service(served):
    http, _ = served
    assert (await http.get("/healthz")).json() == {"status": "alive"}
    answer = await http.get("/readyz?full=1")
    assert (answer.status_code, answer.json()["ready"]) == (200, True)
    assert answer.json()["checks"]["log"]["ok"]


@pytest.mark.parametrize("reason", ["waits", OSError("refused"), TimeoutError()])
async def test_a_service_that_is_not_ready_says_why(served, reason):
    http, reasons = served
    reasons["log"] = reason
    answer = await http.get("/readyz")
    assert (answer.status_code, answer.json()["ready"]) == (503, False)
    assert answer.json()["checks"]["log"]["reason"] in ("waits", "OSError: refused", "TimeoutError")
    assert (await http.get("/healthz")).status_code == 200


async def test_metrics_are_in_the_format_of_prometheus(served):
    http, _ = served
    answer = await http.get("/metrics")
    (described,) = metrics.OUTBOX_PUBLISHED.describe()
    assert f"# HELP {described.name}_total {described.documentation}" in answer.text


async def test_everything_else_is_refused(served):
    http, _ = served
    assert (await http.get("/nothing")).status_code == 404
    assert (await http.post("/readyz")).status_code == 405
    assert (await http.head("/healthz")).content == b""


async def test_nonsense_does_not_stop_the_server(served):
    http, _ = served
    reader, writer = await asyncio.open_connection(http.base_url.host, http.base_url.port)
    writer.write(b"\0\0nonsense\r\n\r\n")
    assert await reader.read() == b""
    writer.close()
    assert (await http.get("/healthz")).status_code == 200
