"""Signals: what nodes tell the streams about who listens; hours of retention, never part of history.

Each class is one branch of the union in `schemas/chat_signal.avsc`. All are last-write-wins facts of one
node (an incarnation, see `roomlog.leases`), so that a repeated or re-read signal changes nothing.
"""

from typing import ClassVar, Literal, get_args

from msgspec import Struct

PresenceState = Literal["online", "away"]


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


SignalBody = RoomAttached | RoomDetached | PresenceChanged | UserTyping | SessionsChanged
SIGNAL_TYPES: dict[str, type[Struct]] = {t.__name__: t for t in get_args(SignalBody)}


class ChatSignal(Struct, frozen=True):
    """One record of topic `chat.signals`, whose key is the room id (a user id for SessionsChanged)."""

    SUBJECT: ClassVar[str] = "chat.signals-value"

    node: str
    occurred_at: int
    """Microseconds since 1970, by the clock of the node."""
    body: SignalBody
