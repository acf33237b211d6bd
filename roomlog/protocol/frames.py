"""Frames that a node sends, but for those of events."""

from typing import Literal

from msgspec import Struct
from msgspec.json import Encoder

from roomlog.errors import ErrorCode, Refused
from roomlog.mutes import MuteLevel
from roomlog.protocol.terms import FRAME_BYTES, PING_MS, ROOMS_PER_SOCKET, TEXT_CHARS
from roomlog.signals import NotificationKind, PresenceState

encode_frame = Encoder().encode


class Limits(Struct, frozen=True):
    """What a client may send."""

    frame_bytes: int = FRAME_BYTES
    text_chars: int = TEXT_CHARS
    rooms_per_socket: int = ROOMS_PER_SOCKET


class Hello(Struct, frozen=True, tag_field="op", tag="hello"):
    """The server's first frame."""

    node: str
    user: str
    session: str
    ping_ms: int = PING_MS
    limits: Limits = Limits()


class Ack(Struct, frozen=True, tag_field="op", tag="ack", omit_defaults=True):
    """A command is done; for one that writes: Kafka has stored the event with acks=all."""

    id: int | None
    event: str | None = None
    cursor: str | None = None
    room: str | None = None


class Failed(Struct, frozen=True, tag_field="op", tag="error", omit_defaults=True):
    """A command is not done."""

    id: int | None
    code: ErrorCode
    message: str
    retryable: bool
    retry_after_ms: int | None = None
    until: str | None = None


class CaughtUp(Struct, frozen=True, tag_field="op", tag="caught_up"):
    """Everything of the room before the cursor was sent; what follows is live."""

    room: str
    cursor: str


class TypingShown(Struct, frozen=True, tag_field="op", tag="typing"):
    """A member types."""

    room: str
    user: str


class PresenceSnapshot(Struct, frozen=True, tag_field="op", tag="presence"):
    """Who is in the room."""

    room: str
    state: dict[str, PresenceState]


class Diff(Struct, frozen=True, omit_defaults=True):
    """User ids whose presence changed."""

    joined: list[str]
    left: list[str]
    away: list[str]


class PresenceChange(Struct, frozen=True, tag_field="op", tag="presence"):
    """Who came to, left or is away from the room."""

    room: str
    diff: Diff


class Notification(Struct, frozen=True, omit_defaults=True):
    """What a user is told; of kind `read` it is only where their own marker is now.

    `room` and `cursor` are not there where it is about two people (`friend_request`, `friend_accepted`) or an invite
    for one's address (`workspace_invite`), which does not say which workspace.
    Kind `mute` is how a room is muted now (no `level`: not), `notifications_read` what one has read.
    """

    kind: NotificationKind
    room: str = ""
    cursor: str = ""
    event: str | None = None
    sender: str | None = None
    ts: str | None = None
    text: str | None = None
    """The beginning of the message, 140 characters at most."""
    events: tuple[str, ...] = ()
    level: MuteLevel | None = None
    until: str | None = None


class UserNotice(Struct, frozen=True, tag_field="op", tag="notify"):
    """Something concerns this user: on every socket of theirs."""

    d: Notification


class ResetRoom(Struct, frozen=True, tag_field="op", tag="reset"):
    """The client's cursor cannot be resumed: fetch a snapshot over REST and subscribe again."""

    room: str
    reason: Literal["gap_too_large", "epoch_changed"]


class Reconnect(Struct, frozen=True, tag_field="op", tag="reconnect"):
    """The node drains: open a replacement elsewhere, then close."""

    within_ms: int


PONG = b'{"op":"pong"}'


def failure(command: int | None, refused: Refused) -> bytes:
    """Return the `error` frame for a refusal."""
    retryable = refused.code in (ErrorCode.RATE_LIMITED, ErrorCode.UNAVAILABLE)
    wait, until = refused.retry_after_ms, refused.until
    return encode_frame(Failed(command, refused.code, refused.message, retryable, wait, until))
