"""The OpenAPI document says everything that a client has to know."""

import re

import pytest

from api.app import bare_app
from api.openapi import document
from roomlog.errors import ErrorCode

DOCUMENT = document(bare_app())
OPERATIONS = [
    pytest.param(path, method, operation, id=operation["operationId"])
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
]
PROBLEM = {"$ref": "#/components/schemas/Problem"}


def test_every_route_of_the_contract_is_there() -> None:
    there = {
        f"{method.upper()} {path.removeprefix('/api/v1')}"
        for path, operations in DOCUMENT["paths"].items()
        for method in operations
    }
    assert there >= {
        "POST /auth/register",
        "POST /auth/login",
        "POST /auth/refresh",
        "POST /auth/logout",
        "POST /auth/logout-all",
        "GET /auth/me",
        "GET /auth/sessions",
        "DELETE /auth/sessions/{session_id}",
        "GET /users",
        "GET /users/{user_id}",
        "PATCH /users/me",
        "PUT /bridge/users",
        "GET /workspaces",
        "POST /workspaces",
        "GET /workspaces/{workspace}",
        "PATCH /workspaces/{workspace}",
        "GET /workspaces/{workspace}/members",
        "PATCH /workspaces/{workspace}/members/{user_id}",
        "DELETE /workspaces/{workspace}/members/{user_id}",
        "GET /workspaces/{workspace}/invites",
        "POST /workspaces/{workspace}/invites",
        "GET /invites/{token}",
        "POST /invites/{token}/accept",
        "GET /rooms",
        "POST /rooms",
        "GET /rooms/{room_id}",
        "PATCH /rooms/{room_id}",
        "GET /rooms/{room_id}/members",
        "POST /rooms/{room_id}/members",
        "DELETE /rooms/{room_id}/members/{user_id}",
        "GET /rooms/{room_id}/stats",
        "GET /rooms/{room_id}/messages",
        "POST /rooms/{room_id}/messages",
        "GET /messages/{event_id}",
        "GET /messages/{event_id}/thread",
        "GET /search",
        "GET /unread",
        "GET /notifications",
        "POST /notifications/read",
        "PUT /rooms/{room_id}/mute",
        "DELETE /rooms/{room_id}/mute",
        "POST /files",
        "GET /files/{file_id}",
        "GET /files/{file_id}/thumbnail",
        "GET /files/{file_id}/link",
        "DELETE /files/{file_id}",
        "GET /rooms/{room_id}/files",
        "GET /link-previews",
        "GET /link-previews/images/{sha256}",
        "GET /rooms/{room_id}/presence",
        "GET /presence",
        "GET /friends",
        "POST /friends/{user_id}",
        "DELETE /friends/{user_id}",
        "GET /blocks",
        "POST /blocks/{user_id}",
        "DELETE /blocks/{user_id}",
        "POST /hooks/{token}",
        "GET /webhooks",
        "POST /webhooks",
        "GET /webhooks/{webhook}/deliveries",
        "POST /webhooks/{webhook}/replay",
        "POST /messages/{event_id}/report",
        "GET /reports",
        "POST /reports/{event_id}/resolve",
        "PUT /rooms/{room_id}/mutes/{user_id}",
        "PUT /rooms/{room_id}/bans/{user_id}",
        "GET /rooms/{room_id}/audit",
        "GET /workspaces/{workspace}/audit",
        "GET /ingest-nodes",
        "GET /schemas/subjects/{subject}/versions/latest",
        "GET /schemas/ids/{schema_id}",
    }


def test_operation_ids_are_tidy_and_unique() -> None:
    names = [param.values[2]["operationId"] for param in OPERATIONS]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", name) for name in names)


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_every_operation_says_what_it_does_and_how_it_fails(path, method, operation) -> None:
    assert operation["description"]
    assert operation["tags"]
    errors = {s: r for s, r in operation["responses"].items() if int(s) >= 400}
    assert errors
    for status, response in errors.items():
        content = response["content"]["application/problem+json"]
        assert content["schema"] == PROBLEM
        for example in content["examples"].values():
            assert example["value"]["status"] == int(status)
            assert ErrorCode(example["value"]["code"])
    assert ("security" in operation) == (
        "401" in errors and operation["operationId"] not in ("login", "refresh")
    )


def test_every_room_read_takes_a_cursor() -> None:
    reads = [
        param.values[2]
        for param in OPERATIONS
        if param.values[1] == "get"
        and param.values[0].startswith(("/api/v1/rooms/{", "/api/v1/messages/{"))
    ]
    assert len(reads) == 12
    for operation in reads:
        assert {"after_cursor", "Roomlog-After"} <= {p["name"] for p in operation["parameters"]}
        assert "504" in operation["responses"]


def test_answers_have_schemas() -> None:
    for param in OPERATIONS:
        for status, response in param.values[2]["responses"].items():
            if status in ("200", "201"):
                assert all(content["schema"] for content in response["content"].values())
