"""What is a person's own and nobody else's: how far they have read, what they muted, in topic `chat.reads`.

A marker only goes forward; of everything else the newest record of a key counts. Each class of the union
is one branch in `schemas/read_event.avsc`.
"""

from typing import ClassVar, get_args

from msgspec import Struct

from roomlog.mutes import MuteLevel

KEPT_S = 30 * 86_400
"""How long the newest markers of a user stay in Valkey; PostgreSQL has all of them."""


class ReadMarked(Struct, frozen=True):
    """Everything up to this offset of the room's partition is read."""

    offset: int


class NotificationRead(Struct, frozen=True):
    """One notification, by the event that it is about, is read; the record's room is ""."""

    event_id: str


class RoomMuted(Struct, frozen=True):
    """The user hears less of the room: of mentions alone, or of nothing."""

    level: MuteLevel
    ends_at: int | None = None
    """Microseconds since 1970; None: until it is unmuted."""


class RoomUnmuted(Struct, frozen=True):
    """The user hears of everything in the room again."""


ReadBody = ReadMarked | NotificationRead | RoomMuted | RoomUnmuted
READ_TYPES: dict[str, type[Struct]] = {t.__name__: t for t in get_args(ReadBody)}


class ReadEvent(Struct, frozen=True):
    """One record of topic `chat.reads`."""

    SUBJECT: ClassVar[str] = "chat.reads-value"

    user_id: str
    room_id: str
    occurred_at: int
    """Microseconds since 1970, by the clock of the node."""
    node: str
    body: ReadBody


def record_key(user: str, room: str) -> str:
    """Return the key of a record of `chat.reads`: compaction keeps the newest of each."""
    return f"{user}:{room}"


def mute_key(user: str, room: str) -> str:
    """Return the key of a record that mutes or unmutes: not that of the markers, which would replace it."""
    return f"{user}:{room}:mute"


def notification_key(user: str, event: str) -> str:
    """Return the key of a record that a notification is read."""
    return f"{user}:{event}:read"


def markers_key(user: str) -> str:
    """Return the Valkey key of the hash `room id -> offset` with a user's newest markers."""
    return f"roomlog:reads:{user}"
