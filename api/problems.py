"""Errors as clients see them: problem details (RFC 9457) with `code` and `retryable`."""

from typing import Any

from msgspec.json import Encoder
from starlette.responses import Response

from roomlog.errors import RETRYABLE, ErrorCode, Refused

MEDIA_TYPE = "application/problem+json"
_encode = Encoder().encode

STATUS = {
    ErrorCode.BAD_REQUEST: 422,
    ErrorCode.NOT_A_MEMBER: 403,
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.NO_SUCH_ROOM: 404,
    ErrorCode.TOO_LARGE: 413,
    ErrorCode.RATE_LIMITED: 429,
    ErrorCode.UNAVAILABLE: 503,
    ErrorCode.KEY_REUSED: 409,
    ErrorCode.SLUG_TAKEN: 409,
    ErrorCode.ARCHIVED: 409,
    ErrorCode.MUTED: 403,
    ErrorCode.SLOW_MODE: 429,
    ErrorCode.BANNED: 403,
    ErrorCode.WORDS_REFUSED: 422,
    ErrorCode.UNAUTHENTICATED: 401,
    ErrorCode.WRONG_CREDENTIALS: 401,
    ErrorCode.WRONG_PASSWORD: 403,
    ErrorCode.STILL_OWNER: 409,
    ErrorCode.CSRF: 403,
    ErrorCode.EMAIL_TAKEN: 409,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.UNSUPPORTED_TYPE: 415,
    ErrorCode.QUOTA_EXCEEDED: 413,
    ErrorCode.BEHIND: 504,
    ErrorCode.TOO_LATE: 409,
    ErrorCode.INTERNAL: 500,
}
TITLES = {
    ErrorCode.BAD_REQUEST: "The request is malformed",
    ErrorCode.NOT_A_MEMBER: "Not a member of this room",
    ErrorCode.FORBIDDEN: "Not allowed",
    ErrorCode.NO_SUCH_ROOM: "No such room",
    ErrorCode.TOO_LARGE: "Too large",
    ErrorCode.RATE_LIMITED: "Too many requests",
    ErrorCode.UNAVAILABLE: "Unavailable right now",
    ErrorCode.KEY_REUSED: "Idempotency key used before",
    ErrorCode.SLUG_TAKEN: "This name has a workspace",
    ErrorCode.ARCHIVED: "The room is archived",
    ErrorCode.MUTED: "Muted",
    ErrorCode.SLOW_MODE: "The room is in slow mode",
    ErrorCode.BANNED: "Banned",
    ErrorCode.WORDS_REFUSED: "Words that the room does not take",
    ErrorCode.UNAUTHENTICATED: "Not signed in",
    ErrorCode.WRONG_CREDENTIALS: "Wrong email or password",
    ErrorCode.WRONG_PASSWORD: "Wrong password",
    ErrorCode.STILL_OWNER: "Others need another owner",
    ErrorCode.CSRF: "Not proven to come from the web client",
    ErrorCode.EMAIL_TAKEN: "This email has an account",
    ErrorCode.NOT_FOUND: "Not found",
    ErrorCode.UNSUPPORTED_TYPE: "Of a type that is not taken",
    ErrorCode.QUOTA_EXCEEDED: "No room left for this file",
    ErrorCode.BEHIND: "Not readable yet",
    ErrorCode.TOO_LATE: "It has happened already",
    ErrorCode.INTERNAL: "Internal error",
}


class Problem(Exception):
    """A request is not carried out; `detail` says what to do. `status` where the code has several.

    `retry_after_s` becomes the header Retry-After (whole seconds, at least 1); `until` is when what holds ends.
    """

    def __init__(
        self,
        code: ErrorCode,
        detail: str,
        retry_after_s: float | None = None,
        status: int | None = None,
        errors: list[dict[str, str]] | None = None,
        headers: dict[str, str] | None = None,
        until: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.code, self.detail, self.retry_after_s = code, detail, retry_after_s
        self.status = status or STATUS[code]
        self.errors = errors
        self.headers = headers or {}
        self.until = until

    def response(self) -> Response:
        """Return the answer that tells it."""
        headers = dict(self.headers)
        if self.retry_after_s is not None:
            headers["Retry-After"] = str(max(1, round(self.retry_after_s)))
        if self.status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        return Response(_encode(self.body()), self.status, headers, MEDIA_TYPE)

    def body(self) -> dict[str, Any]:
        """Return the problem details."""
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": TITLES[self.code],
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "retryable": self.code in RETRYABLE,
        }
        if self.until is not None:
            body["until"] = self.until
        return body if self.errors is None else {**body, "errors": self.errors}


def from_refusal(refused: Refused) -> Problem:
    """Return the problem that an ingest node's refusal is."""
    wait = refused.retry_after_ms
    if wait is None and refused.code in RETRYABLE:
        wait = 1000
    seconds = wait and wait / 1000
    return Problem(refused.code, refused.message, seconds, until=refused.until)


def unavailable(what: str) -> Problem:
    """Return the problem that something which is needed is away."""
    return Problem(
        ErrorCode.UNAVAILABLE, f"{what} cannot be reached right now; try again", retry_after_s=1
    )
