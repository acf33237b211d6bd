"""What commands have in common: limits, the shapes of their fields, and who they are from."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

SUBPROTOCOL = "roomlog.v1.json"
BEARER_PREFIX = "bearer."
ACCESS_COOKIE = "roomlog_access"

FRAME_BYTES = 65_536
TEXT_CHARS = 8_000
ROOMS_PER_SOCKET = 500
NOTIFICATIONS_AT_ONCE = 500
SLOW_MODE_S = 21_600
PING_MS = 25_000

CommandId = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Id = Annotated[str, Meta(max_length=64)]
Key = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.:-]+$")]
CursorText = Annotated[str, Meta(max_length=40)]
RoomName = Annotated[str, Meta(min_length=1, max_length=100)]
Topic = Annotated[str, Meta(max_length=500)]
Language = Annotated[str, Meta(max_length=20)]
Reason = Annotated[str, Meta(max_length=500)]
SlowMode = Annotated[int, Meta(ge=0, le=SLOW_MODE_S)]
"""Seconds, six hours at most."""
Emoji = Annotated[str, Meta(min_length=1, max_length=32)]
Slug = Annotated[str, Meta(min_length=2, max_length=40, pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")]
"""A workspace's name in addresses: a label of a host name."""
Secret = Annotated[str, Meta(min_length=16, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
HookName = Annotated[str, Meta(min_length=1, max_length=80)]
TokenHash = Annotated[str, Meta(min_length=64, max_length=64, pattern=r"^[0-9a-f]{64}$")]
OriginalTime = Annotated[datetime, Meta(tz=True)]


class Command(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="op"):
    """What every command has; `id` is None only where the protocol says it may be."""

    id: CommandId


class Acting(Command, frozen=True, kw_only=True):
    """A command that writes to the log; a bridge may write it as another, at another time."""

    key: Key
    as_: Annotated[Id | None, Meta()] = msgspec.field(name="as", default=None)
    at: OriginalTime | None = None
