"""What streams workers and the API tell nodes over Valkey: MessagePack frames, one publish a node and turn.

A channel may lose frames. `Range.start` lets a node see that: it knows how far it has seen each
partition, and reads what is missing from the log itself.
"""

from msgspec import Struct
from msgspec.msgpack import Decoder, Encoder

from roomlog.mutes import MuteLevel
from roomlog.signals import NotificationKind, PresenceState

ALL_NODES = "roomlog:nodes"
"""The channel that every node listens to."""
REVOKED_SESSIONS = "roomlog:sessions:revoked"
"""Each message is the id of a session whose sockets nodes must close."""


def node_channel(incarnation: str) -> str:
    """Return the channel of one node."""
    return f"roomlog:node:{incarnation}"


class Range(Struct, frozen=True, array_like=True):
    """A worker examined `[start, stop)` of a partition of chat.events; `records` concern the node.

    A record is `(offset, room id, value in wire format)`; only attached rooms' records are there.
    `start` is where the last range for this node and partition stopped.
    """

    partition: int
    start: int
    stop: int
    records: list[tuple[int, str, bytes]]


class Events(Struct, frozen=True, array_like=True, tag="e"):
    """Ranges of several partitions; without records they only say how far the worker is."""

    ranges: list[Range]


class Attached(Struct, frozen=True, array_like=True, tag="a"):
    """The room's events will come from now on, and this is who is in it."""

    room_id: str
    state: dict[str, PresenceState]


class PresenceDiff(Struct, frozen=True, array_like=True, tag="p"):
    """Presence of a room changed, seen over all nodes."""

    room_id: str
    joined: list[str]
    left: list[str]
    away: list[str]


class Typing(Struct, frozen=True, array_like=True, tag="t"):
    """A member types."""

    room_id: str
    user_id: str


class Notify(Struct, frozen=True, array_like=True, tag="n"):
    """Something concerns a user; the fields are those of `roomlog.signals.UserNotified`."""

    user_id: str
    kind: NotificationKind
    room_id: str
    offset: int
    event_id: str | None
    sender_id: str | None
    at: int | None
    text: str | None
    events: tuple[str, ...] = ()
    level: MuteLevel | None = None
    ends_at: int | None = None


class Resync(Struct, frozen=True, array_like=True, tag="r"):
    """A worker got these partitions and knows nothing: nodes send their attachments again."""

    partitions: list[int]


class PeopleChanged(Struct, frozen=True, array_like=True, tag="u"):
    """Topic user.events has news of what people are to each other: nodes read on at once."""


Delivery = Events | Attached | PresenceDiff | Typing | Notify | Resync | PeopleChanged
encode_delivery = Encoder().encode
decode_delivery = Decoder(Delivery).decode
