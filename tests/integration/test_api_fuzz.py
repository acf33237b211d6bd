"""Whatever the OpenAPI document allows and forbids, thrown at the real API: it never breaks.

The document's examples are what is sent first; here they name a room, a message and people that are there.
"""

import asyncio
import json
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.app import bare_app
from api.models import examples
from api.openapi import document
from roomlog.ids import bridge_user_id, event_id, room_id
from tests.integration.api_people import problem
from tests.wire import token_of

load_all_checks()
MAY_BE_AWAY = {503: "unavailable", 504: "behind"}
ENDS_SESSIONS = ("/auth/logout", "/auth/logout-all", "/auth/sessions/{session_id}")
BRIDGE, SLUG, ROOM_KEY, SAID_KEY = "fuzz", "fuzz", "fuzz-room", "fuzz-said"
ME, OTHER = (bridge_user_id(BRIDGE, name) for name in ("ada", "grace"))
ROOM = room_id(ME, ROOM_KEY)
PLACES = {
    "room_id": ROOM,
    "event_id": event_id(ME, ROOM, SAID_KEY),
    "workspace": SLUG,
    "user_id": OTHER,
}
EXAMPLES = {
    # What the log has by now: a later cursor is waited for.
    examples.CURSOR: "1:0",
    examples.ROOM: ROOM,
    examples.USER: OTHER,
    # Nobody answers there, and at once.
    "https://example.org/menu": "http://127.0.0.77:9/menu",
    "https://ci.example.org/roomlog": "http://127.0.0.1:9/roomlog",
}


def with_known_examples(found: dict[str, Any]) -> dict[str, Any]:
    """Return an OpenAPI document whose examples are there."""
    text = json.dumps(found)
    for example, known in EXAMPLES.items():
        text = text.replace(example, known)
    changed: dict[str, Any] = json.loads(text)
    for operations in changed["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "path" and parameter["name"] in PLACES:
                    parameter["example"] = PLACES[parameter["name"]]
    return changed


schema = schemathesis.openapi.from_dict(with_known_examples(document(bare_app())))


@pytest.fixture(scope="session")
def fuzzer(stack) -> str:
    """The token of somebody who has the places of the examples."""
    return asyncio.run(_settle(stack))


async def _settle(stack) -> str:
    token = token_of(stack.data, ME)
    bridge = token_of(stack.data, ME, scope="bridge")
    async with httpx.AsyncClient(base_url=stack.status()["api"]) as http:
        for sent_by, method, path, key, body in (
            (bridge, "PUT", "/bridge/users", "", {"bridge": BRIDGE, "names": ["ada", "grace"]}),
            (token, "POST", "/workspaces", "", {"name": "Fuzz", "slug": SLUG}),
            (token, "POST", "/rooms", ROOM_KEY, {"name": "fuzz", "members": [OTHER]}),
            (token, "POST", f"/rooms/{ROOM}/messages", SAID_KEY, {"text": "hello"}),
        ):
            headers = {"Authorization": f"Bearer {sent_by}"}
            if key:
                headers["Idempotency-Key"] = key
            answer = await http.request(method, path, json=body, headers=headers)
            assert answer.is_success, answer.text
        assert answer.json()["id"] == PLACES["event_id"]
    return token


@schema.parametrize()
@settings(
    max_examples=12,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_no_request_breaks_the_api(case, fuzzer, stack) -> None:
    headers = (
        {} if case.operation.path.endswith(ENDS_SESSIONS) else {"Authorization": f"Bearer {fuzzer}"}
    )
    root = stack.status()["api"].removesuffix("/api/v1")
    response = case.call(base_url=root, headers=headers, timeout=10)
    if response.status_code >= 500:
        assert response.status_code in MAY_BE_AWAY, response.text
        assert response.json()["retryable"] is True
    checks = [content_type_conformance, response_schema_conformance, status_code_conformance]
    case.validate_response(response, checks=checks, excluded_checks=[])


@pytest.mark.parametrize("method", ["TRACE", "PUT"])
async def test_other_methods_are_refused(stack, method) -> None:
    async with httpx.AsyncClient(base_url=stack.status()["api"]) as http:
        answer = await http.request(method, "/rooms")
        assert answer.status_code == 405
        assert answer.headers["content-type"] == "application/problem+json"


async def test_unknown_paths_are_problems(stack) -> None:
    async with httpx.AsyncClient(base_url=stack.status()["api"]) as http:
        problem(await http.get("/nothing"), 404, "not_found")
