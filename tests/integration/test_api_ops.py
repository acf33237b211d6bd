"""Operations, schemas, and the web client's files."""

import json

import httpx
import pytest

from tests.integration.api_people import Person


@pytest.fixture(scope="session")
def root(stack):
    return stack.status()["web"]


@pytest.fixture
async def http(root):
    async with httpx.AsyncClient(base_url=root, timeout=10) as client:
        yield client


async def test_alive_and_ready(http) -> None:
    assert (await http.get("/healthz")).status_code == 200
    ready = (await http.get("/readyz")).json()
    assert ready["ready"] is True
    assert set(ready["checks"]) == {"postgres", "valkey", "kafka", "ingest"}
    assert all("ms" in check for check in ready["checks"].values())


async def test_metrics_count_requests_by_route(http) -> None:
    await http.get("/api/v1/users/nobody")
    text = (await http.get("/metrics")).text
    assert 'http_requests_total{route="/api/v1/users/{user_id}",status="401"}' in text
    assert "outbox_published_total" in text


async def test_nodes_are_listed(stack) -> None:
    person = await Person.registered(stack.status()["api"])
    nodes = (await person.read("/ingest-nodes"))["nodes"]
    assert {node["url"] for node in nodes} == set(stack.status()["ingest"])
    assert all(node["name"] for node in nodes)


async def test_schemas_are_served_as_a_registry_serves_them(http) -> None:
    latest = (await http.get("/api/v1/schemas/subjects/chat.events-value/versions/latest")).json()
    assert latest["subject"] == "chat.events-value"
    for path in (
        f"/api/v1/schemas/ids/{latest['id']}",
        f"/api/v1/schemas/schemas/ids/{latest['id']}",
    ):
        schema = json.loads((await http.get(path)).json()["schema"])
        assert schema["name"] == "ChatEvent"
    assert (await http.get("/api/v1/schemas/subjects/nothing/versions/latest")).status_code == 404
    assert (await http.get("/api/v1/schemas/ids/99999")).status_code == 404
    assert (await http.get("/api/v1/schemas/subjects/..%2f..%2fx/versions/latest")).status_code in (
        404,
        422,
    )


async def test_every_answer_has_the_security_headers(http) -> None:
    for path in ("/healthz", "/api/v1/nothing", "/nothing.js"):
        headers = (await http.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "unsafe-eval" not in headers["content-security-policy"]
        assert "server" not in headers
    assert (await http.get("/api/v1/auth/me")).headers["cache-control"] == "no-store"
