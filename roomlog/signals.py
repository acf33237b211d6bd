"""Signals: who listens, who types, who is to be told; hours of retention, never part of history.

Each class is one branch of the union in `schemas/chat_signal.avsc`. What nodes tell are last-write-wins
facts of one node (an incarnation, see `roomlog.leases`), so that a repeated or re-read signal changes
nothing; a repeated notification is known by its kind and event.
"""

from typing import ClassVar, Literal, get_args

from msgspec import Struct

from roomlog.mutes import MuteLevel

PresenceState = Literal["online", "away"]
NotificationKind = Literal[
    "mention",
    "direct",
    "invite",
    "workspace_invite",
    "webhook_paused",
    "friend_request",
    "friend_accepted",
    "read",
    "notifications_read",
    "mute",
]
"""The last three tell a person's devices of what one of them did."""


class RoomAttached(Struct, frozen=True):
    """The node has subscribers of the room: the whole list of them, with each one's state."""

    room_id: str
    users: dict[str, PresenceState]


class RoomDetached(Struct, frozen=True):
    """The node has no subscriber of the room left."""

    room_id: str


class PresenceChanged(Struct, frozen=True):
    """Subscribers of the room came, went or changed state on this node."""

    room_id: str
    joined: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    away: tuple[str, ...] = ()


class UserTyping(Struct, frozen=True):
    """A member types."""

    room_id: str
    user_id: str


class SessionsChanged(Struct, frozen=True):
    """The user's sessions on this node, merged to one state; record key: the user id."""

    user_id: str
    state: Literal["online", "away", "offline"]


class UserNotified(Struct, frozen=True):
    """Something concerns one user, wherever they are signed in; record key: the user id.

    `offset` is the event's in its room's partition (of kind `webhook_paused`, which has an id of
    the pause for an event, that of the room's last one); of kind `read` it is the user's own marker, which
    has no event, sender, time or text. Kinds `notifications_read` and `workspace_invite` (which has an invite's id for
    an event) are of no room ("" and -1).
    """

    user_id: str
    kind: NotificationKind
    room_id: str
    offset: int
    event_id: str | None = None
    sender_id: str | None = None
    at: int | None = None
    """When the event occurred, in microseconds since 1970."""
    text: str | None = None
    """The beginning of a message."""
    events: tuple[str, ...] = ()
    """Of kind `notifications_read`: what they were about."""
    level: MuteLevel | None = None
    """Of kind `mute`; None: unmuted."""
    ends_at: int | None = None
    """Of kind `mute`: microseconds since 1970."""


SignalBody = (
    RoomAttached | RoomDetached | PresenceChanged | UserTyping | SessionsChanged | UserNotified
)
SIGNAL_TYPES: dict[str, type[Struct]] = {t.__name__: t for t in get_args(SignalBody)}


class ChatSignal(Struct, frozen=True):
    """One record of topic `chat.signals`, whose key is the room id (a user id for SessionsChanged
    and UserNotified).
    """

    SUBJECT: ClassVar[str] = "chat.signals-value"

    node: str
    """The incarnation of the node that speaks; "" for a streams worker."""
    occurred_at: int
    """Microseconds since 1970, by the clock of the node."""
    body: SignalBody
