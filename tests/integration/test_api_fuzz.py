"""Whatever the OpenAPI document allows and forbids, thrown at the real API: it never breaks."""

import asyncio

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
from api.openapi import document
from tests.integration.api_people import Person, problem

load_all_checks()
MAY_BE_AWAY = {503: "unavailable", 504: "behind"}
ENDS_SESSIONS = ("/auth/logout", "/auth/logout-all", "/auth/sessions/{session_id}")


@pytest.fixture(scope="session")
def fuzzer(stack) -> str:
    """Somebody's access token."""
    return asyncio.run(_token(stack.status()["api"]))


async def _token(base: str) -> str:
    person = await Person.registered(base, "Fuzz")
    await person.http.aclose()
    return person.token


schema = schemathesis.openapi.from_dict(document(bare_app()))


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
