"""The OpenAPI document: every route's errors as problem details, with examples."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.problems import MEDIA_TYPE, STATUS, TITLES, Problem
from roomlog.errors import RETRYABLE, ErrorCode

PATH = "/api/v1/openapi.json"
_MEANING = {
    400: "The body is not JSON",
    401: "Nobody is signed in, or not any more",
    403: "Not allowed",
    404: "Nothing is there, or nothing that this user may know of",
    409: "In conflict with what is there",
    413: "Too large",
    415: "Of a type that is not taken",
    416: "The range lies outside the file",
    422: "Malformed; `errors` names the fields",
    429: "Too many; wait as long as Retry-After says",
    503: "Something that is needed is away; try again after Retry-After seconds",
    504: "The read model has not reached the cursor yet; ask again",
}
_PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "Problem details (RFC 9457).",
    "required": ["type", "title", "status", "detail", "code", "retryable"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "what is wrong and what to do"},
        "code": {"type": "string", "enum": [str(code) for code in ErrorCode]},
        "retryable": {"type": "boolean", "description": "the same request may succeed later"},
        "until": {"type": "string", "description": "when what holds ends by itself"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a route that can answer with these errors."""
    return {status: {"description": _MEANING[status]} for status in statuses}


def blobs(*media_types: str) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a route that answers with bytes of these types, or that they are known."""
    content = {t: {"schema": {"type": "string", "format": "binary"}} for t in media_types}
    return {
        200: {"description": "The bytes", "content": content},
        304: {"description": "What `If-None-Match` names is still it"},
    }


def install(app: FastAPI) -> None:
    """Make the app serve the document that `document` returns, built once."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = document(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document."""
    found = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    components = found.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = _PROBLEM
    components["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
        "cookie": {"type": "apiKey", "in": "cookie", "name": "roomlog_access"},
    }
    for operations in found["paths"].values():
        for operation in operations.values():
            _complete(operation)
    return found


def _complete(operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    if "requestBody" in operation:
        responses["400"] = {"description": _MEANING[400]}
        responses.setdefault("413", {"description": _MEANING[413]})
    if "401" in responses and operation.get("operationId") not in ("login", "refresh"):
        operation["security"] = [{"bearer": []}, {"cookie": []}]
    for status, response in responses.items():
        if int(status) >= 400:
            response.setdefault("description", _MEANING[int(status)])
            response["description"] = _MEANING[int(status)]
            response["content"] = {MEDIA_TYPE: _content(int(status))}


def _content(status: int) -> dict[str, Any]:
    codes = [code for code, found in STATUS.items() if found == status] or [ErrorCode.BAD_REQUEST]
    examples = {str(code): {"value": _example(code, status)} for code in codes}
    return {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": examples}


def _example(code: ErrorCode, status: int) -> dict[str, Any]:
    return {**Problem(code, TITLES[code], status=status).body(), "retryable": code in RETRYABLE}
