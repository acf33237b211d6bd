"""Answers that are encoded here, not by the framework: reads of rooms, and everything with a cursor."""

from datetime import datetime
from typing import Any

from msgspec.json import Encoder
from starlette.responses import Response

CURSOR_HEADER = "Roomlog-Cursor"
_encode = Encoder().encode


def answer(body: Any, cursor: str | None = None, status: int = 200) -> Response:
    """Return a JSON answer; `cursor` becomes the header Roomlog-Cursor."""
    headers = {} if cursor is None else {CURSOR_HEADER: cursor}
    return Response(_encode(body), status, headers, "application/json")


def iso(time: datetime) -> str:
    """Return a time (UTC) as clients see it: `2026-01-02T03:04:05.678Z`."""
    return time.isoformat(timespec="milliseconds")[:23] + "Z"
