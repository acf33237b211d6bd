"""The WebSocket protocol `roomlog.v1.json`: commands in, frames out.

A text frame carries JSON objects, one per line. Every command has an `id` chosen by the client, echoed in
exactly one `ack` or `error`. Unknown fields of a command are refused by name; clients ignore unknown ones.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct
from msgspec.json import Decoder, Encoder

from roomlog.errors import ErrorCode, Refused
from roomlog.events import Attachment, ChatEvent, RoomKind, SealedText
from roomlog.signals import PresenceState

SUBPROTOCOL = "roomlog.v1.json"
BEARER_PREFIX = "bearer."
ACCESS_COOKIE = "roomlog_access"

FRAME_BYTES = 65_536
TEXT_CHARS = 8_000
ROOMS_PER_SOCKET = 500
PING_MS = 25_000

CommandId = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Id = Annotated[str, Meta(max_length=64)]
Key = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.:-]+$")]
CursorText = Annotated[str, Meta(max_length=40)]
RoomName = Annotated[str, Meta(min_length=1, max_length=100)]
MessageText = Annotated[str, Meta(max_length=TEXT_CHARS)]


class Command(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="op"):
    """What every command has; `id` is None only where the protocol says it may be."""

    id: CommandId


class Acting(Command, frozen=True, kw_only=True):
    """A command that writes to the log; a bridge may write it as another, at another time."""

    key: Key
    as_: Annotated[Id | None, Meta()] = msgspec.field(name="as", default=None)
    at: datetime | None = None


class Subscribe(Command, frozen=True, kw_only=True, tag="sub"):
    """Follow a room from now, or from a cursor."""

    room: Id
    cursor: CursorText | None = None


class Unsubscribe(Command, frozen=True, kw_only=True, tag="unsub"):
    """Stop following a room."""

    room: Id


class PostMessage(Acting, frozen=True, kw_only=True, tag="send"):
    """Post a message."""

    room: Id
    text: MessageText
    reply_to: Id | None = None
    attachments: Annotated[tuple[Attachment, ...], Meta(max_length=20)] = ()
    mentions: Annotated[tuple[Id, ...], Meta(max_length=100)] = ()


class CreateRoom(Acting, frozen=True, kw_only=True, tag="create"):
    """Make a room with its first members."""

    name: RoomName
    kind: RoomKind
    members: Annotated[tuple[Id, ...], Meta(max_length=500)] = ()


class JoinRoom(Acting, frozen=True, kw_only=True, tag="join"):
    """Become a member of a public room."""

    room: Id


class LeaveRoom(Acting, frozen=True, kw_only=True, tag="leave"):
    """Stop being a member."""

    room: Id


class NotifyTyping(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="op", tag="typing"
):
    """Tell the room that one types; not answered unless it has an id."""

    room: Id
    id: CommandId | None = None


class Ping(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="op", tag="ping"
):
    """Ask for a pong."""

    id: CommandId | None = None


AnyCommand = (
    Subscribe | Unsubscribe | PostMessage | CreateRoom | JoinRoom | LeaveRoom | NotifyTyping | Ping
)
RoomCommand = PostMessage | CreateRoom | JoinRoom | LeaveRoom

_decoder = Decoder(AnyCommand)
_loose = Decoder(dict[str, Any])
_encode = Encoder().encode


def decode_command(line: bytes) -> AnyCommand:
    """Read one line of a frame; raises msgspec.DecodeError (malformed) or ValidationError (which field)."""
    command: AnyCommand = _decoder.decode(line)
    return command


def command_id(line: bytes) -> int | None:
    """Return the id of a command that could not be read, so that its error finds its sender."""
    try:
        found = _loose.decode(line).get("id")
    except (msgspec.DecodeError, RecursionError):
        return None
    return (
        found
        if isinstance(found, int) and not isinstance(found, bool) and abs(found) < 2**53
        else None
    )


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


class ResetRoom(Struct, frozen=True, tag_field="op", tag="reset"):
    """The client's cursor cannot be resumed: fetch a snapshot over REST and subscribe again."""

    room: str
    reason: Literal["gap_too_large", "epoch_changed"]


class Reconnect(Struct, frozen=True, tag_field="op", tag="reconnect"):
    """The node drains: open a replacement elsewhere, then close."""

    within_ms: int


class _EventFrame(Struct, frozen=True, tag_field="op", tag="event"):
    room: str
    cursor: str
    prev: str
    type: str
    id: str
    sender: str
    ts: str
    key: str
    d: dict[str, Any]


PONG = b'{"op":"pong"}'
encode_frame = _encode


def failure(command: int | None, refused: Refused) -> bytes:
    """Return the `error` frame for a refusal."""
    retryable = refused.code in (ErrorCode.RATE_LIMITED, ErrorCode.UNAVAILABLE)
    return _encode(
        Failed(command, refused.code, refused.message, retryable, refused.retry_after_ms)
    )


def timestamp(micros: int) -> str:
    """Return microseconds since 1970 as clients see times: `2026-01-02T03:04:05.678Z`."""
    return (
        datetime.fromtimestamp(micros / 1_000_000, UTC).isoformat(timespec="milliseconds")[:23]
        + "Z"
    )


def event_frame(event: ChatEvent, cursor: str, prev: str) -> bytes:
    """Return the `event` frame: the same bytes for every subscriber."""
    return _encode(
        _EventFrame(
            event.room_id,
            cursor,
            prev,
            event.type,
            event.event_id,
            event.sender_id,
            timestamp(event.occurred_at),
            event.key,
            event_details(event),
        )
    )


_CLIENT_NAMES = {"user_id": "user", "target_id": "event"}


def event_details(event: ChatEvent) -> dict[str, Any]:
    """Return the fact as clients and exports see it: defaults left out, `user` and `event` for ids."""
    body = event.body
    found: dict[str, Any] = {}
    for field in msgspec.structs.fields(body):
        value = getattr(body, field.name)
        if value == field.default and value is not field.default_factory:
            continue
        found[_CLIENT_NAMES.get(field.name, field.name)] = _plain(value)
    return found


def _plain(value: object) -> Any:
    if isinstance(value, SealedText):
        return {"sealed": msgspec.to_builtins(value)}
    return msgspec.to_builtins(value)
