"""Events and their times as clients and exports see them."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Struct

from roomlog.events import (
    ChatEvent,
    MessagePosted,
    SealedText,
)
from roomlog.protocol.frames import encode_frame


def timestamp(micros: int) -> str:
    """Return microseconds since 1970 as clients see times: `2026-01-02T03:04:05.678Z`."""
    return _millisecond(micros // 1_000)


@lru_cache(maxsize=1_024)
def _millisecond(millis: int) -> str:
    return f"{_second(millis // 1_000)}.{millis % 1_000:03d}Z"


@lru_cache(maxsize=1_024)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()[:19]


class _Event(Struct, frozen=True):
    op: str
    room: str
    cursor: str
    prev: str
    type: str
    id: str
    sender: str
    ts: str
    key: str
    d: dict[str, Any]


def event_frame(event: ChatEvent, cursor: str, prev: str) -> bytes:
    """Return the `event` frame: the same bytes for every subscriber."""
    return encode_frame(
        _Event(
            "event",
            event.room_id,
            cursor,
            prev,
            type(event.body).__name__,
            event.event_id,
            event.sender_id,
            timestamp(event.occurred_at),
            event.key,
            _details(event),
        )
    )


def _details(event: ChatEvent) -> dict[str, Any]:
    body = event.body
    if (
        type(body) is MessagePosted
        and type(body.text) is str
        and body.reply_to is None
        and not body.mentions
        and not body.attachments
    ):
        return {"text": body.text}
    return event_details(event)


CLIENT_NAMES = {"user_id": "user", "target_id": "event"}


def event_details(event: ChatEvent) -> dict[str, Any]:
    """Return the fact as clients and exports see it: defaults left out, `user` and `event` for ids."""
    body = event.body
    found: dict[str, Any] = {}
    for field in msgspec.structs.fields(body):
        value = getattr(body, field.name)
        if value == field.default and value is not field.default_factory:
            continue
        found[CLIENT_NAMES.get(field.name, field.name)] = _plain(value)
    return found


def _plain(value: object) -> Any:
    if isinstance(value, SealedText):
        return {"sealed": msgspec.to_builtins(value)}
    return msgspec.to_builtins(value)
