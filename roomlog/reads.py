"""Read markers: how far each user has read each room, in topic `chat.reads`.

A marker only goes forward. Each class of the union is one branch in `schemas/read_event.avsc`.
"""

from typing import ClassVar

from msgspec import Struct

KEPT_S = 30 * 86_400
"""How long the newest markers of a user stay in Valkey; PostgreSQL has all of them."""


class ReadMarked(Struct, frozen=True):
    """Everything up to this offset of the room's partition is read."""

    offset: int


READ_TYPES: dict[str, type[Struct]] = {ReadMarked.__name__: ReadMarked}


class ReadEvent(Struct, frozen=True):
    """One record of topic `chat.reads`."""

    SUBJECT: ClassVar[str] = "chat.reads-value"

    user_id: str
    room_id: str
    occurred_at: int
    """Microseconds since 1970, by the clock of the node."""
    node: str
    body: ReadMarked


def record_key(user: str, room: str) -> str:
    """Return the key of a record of `chat.reads`: compaction keeps the newest of each."""
    return f"{user}:{room}"


def markers_key(user: str) -> str:
    """Return the Valkey key of the hash `room id -> offset` with a user's newest markers."""
    return f"roomlog:reads:{user}"
