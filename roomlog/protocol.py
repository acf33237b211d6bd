"""The WebSocket protocol `roomlog.v1.json`: commands in, frames out.

A text frame carries JSON objects, one per line. Every command has an `id` chosen by the client, echoed in
exactly one `ack` or `error`. Unknown fields of a command are refused by name; clients ignore unknown ones.
"""

import json
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct
from msgspec.json import Decoder, Encoder

from roomlog.errors import ErrorCode, Refused
from roomlog.events import (
    ChatEvent,
    FilterAction,
    History,
    MessagePosted,
    ReportAction,
    Role,
    RoomKind,
    SealedText,
)
from roomlog.mutes import MuteLevel
from roomlog.signals import NotificationKind, PresenceState

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


class Subscribe(Command, frozen=True, kw_only=True, tag="sub"):
    """Follow a room from now, or from a cursor."""

    room: Id
    cursor: CursorText | None = None


class Unsubscribe(Command, frozen=True, kw_only=True, tag="unsub"):
    """Stop following a room."""

    room: Id


class FileReference(Struct, frozen=True):
    """A file to attach, by its id; what else is said of it is taken from the file itself."""

    file_id: Id


class PostMessage(Acting, frozen=True, kw_only=True, tag="send"):
    """Post a message."""

    room: Id
    text: str
    reply_to: Id | None = None
    attachments: Annotated[tuple[FileReference, ...], Meta(max_length=20)] = ()
    mentions: Annotated[tuple[Id, ...], Meta(max_length=100)] = ()


class EditMessage(Acting, frozen=True, kw_only=True, tag="edit"):
    """Give a message of one's own another text."""

    room: Id
    event: Id
    text: str


class DeleteMessage(Acting, frozen=True, kw_only=True, tag="delete"):
    """Withdraw a message: one's own, or as an owner or moderator anybody's."""

    room: Id
    event: Id


class AddReaction(Acting, frozen=True, kw_only=True, tag="react"):
    """React to a message."""

    room: Id
    event: Id
    emoji: Emoji


class RemoveReaction(Acting, frozen=True, kw_only=True, tag="unreact"):
    """Withdraw one's reaction to a message."""

    room: Id
    event: Id
    emoji: Emoji


class UndeleteMessage(Acting, frozen=True, kw_only=True, tag="undelete"):
    """Take a deletion back: one's own, or as an owner or moderator anybody's."""

    room: Id
    event: Id


class PinMessage(Acting, frozen=True, kw_only=True, tag="pin"):
    """Keep a message in view."""

    room: Id
    event: Id


class UnpinMessage(Acting, frozen=True, kw_only=True, tag="unpin"):
    """Keep a message in view no more."""

    room: Id
    event: Id


class CreateRoom(Acting, frozen=True, kw_only=True, tag="create"):
    """Make a room with its first members, or a workspace, which has a slug."""

    name: RoomName
    kind: RoomKind
    members: Annotated[tuple[Id, ...], Meta(max_length=500)] = ()
    workspace: Id | None = None
    slug: Slug | None = None


class JoinRoom(Acting, frozen=True, kw_only=True, tag="join"):
    """Become a member of a public room, or by the secret of an invite of a workspace."""

    room: Id
    invite: Secret | None = None


class LeaveRoom(Acting, frozen=True, kw_only=True, tag="leave"):
    """Stop being a member."""

    room: Id


class InviteMember(Acting, frozen=True, kw_only=True, tag="invite"):
    """Make somebody a member."""

    room: Id
    user: Id


class RemoveMember(Acting, frozen=True, kw_only=True, tag="kick"):
    """End somebody's membership."""

    room: Id
    user: Id


class ChangeRole(Acting, frozen=True, kw_only=True, tag="role"):
    """Give a member another role."""

    room: Id
    user: Id
    role: Role


class RenameRoom(Acting, frozen=True, kw_only=True, tag="rename"):
    """Give a room another name, topic or language: one of them, for a key leads to one event."""

    room: Id
    name: RoomName | None = None
    topic: Topic | None = None
    language: Language | None = None


class ChangeSettings(Acting, frozen=True, kw_only=True, tag="settings"):
    """Give a room other settings; what is left out stays as it is."""

    room: Id
    archived: bool | None = None
    read_only: bool | None = None
    history: History | None = None
    link_previews: bool | None = None
    slow_mode_s: SlowMode | None = None


class MuteMember(Acting, frozen=True, kw_only=True, tag="mute_member"):
    """Let a member read and say nothing, until a time or without an end."""

    room: Id
    user: Id
    until: OriginalTime | None = None
    reason: Reason = ""


class UnmuteMember(Acting, frozen=True, kw_only=True, tag="unmute_member"):
    """Let a muted member speak again."""

    room: Id
    user: Id


class BanMember(Acting, frozen=True, kw_only=True, tag="ban"):
    """End somebody's membership, and let them not come back."""

    room: Id
    user: Id
    reason: Reason = ""


class UnbanMember(Acting, frozen=True, kw_only=True, tag="unban"):
    """Let somebody come in again who was banned."""

    room: Id
    user: Id


class ChangeFilter(Acting, frozen=True, kw_only=True, tag="filter"):
    """Refuse, mask or flag messages with these words, or without `action` let them be."""

    room: Id
    words: Annotated[str, Meta(min_length=1, max_length=100)]
    action: FilterAction | None = None


class ReportMessage(Acting, frozen=True, kw_only=True, tag="report"):
    """Tell the moderators of a message."""

    room: Id
    event: Id
    reason: Annotated[str, Meta(min_length=1, max_length=500)]


class ResolveReport(Acting, frozen=True, kw_only=True, tag="resolve"):
    """Be done with what was reported of a message; `action` says what was done about it."""

    room: Id
    event: Id
    action: ReportAction
    note: Reason = ""


class CreateInvite(Acting, frozen=True, kw_only=True, tag="create_invite"):
    """Let people join a workspace who have the secret that this id is derived from."""

    room: Id
    invite: Id
    role: Role
    expires_at: OriginalTime


class RevokeInvite(Acting, frozen=True, kw_only=True, tag="revoke_invite"):
    """End an invite."""

    room: Id
    invite: Id


class CreateHook(Acting, frozen=True, kw_only=True, tag="create_hook"):
    """Let another system post into a room, with the token that this is the SHA-256 of (hex)."""

    room: Id
    name: HookName
    token_hash: TokenHash


class RotateHook(Acting, frozen=True, kw_only=True, tag="rotate_hook"):
    """Give a hook another token."""

    room: Id
    hook: Id
    token_hash: TokenHash


class RevokeHook(Acting, frozen=True, kw_only=True, tag="revoke_hook"):
    """End a hook."""

    room: Id
    hook: Id


class MarkRead(Command, frozen=True, kw_only=True, tag="read"):
    """Everything of the room up to the cursor is read; the marker only goes forward."""

    room: Id
    cursor: CursorText


class Personal(Command, frozen=True, kw_only=True):
    """A command about what is one's own; the newest counts, so that repeating it does no harm."""

    as_: Annotated[Id | None, Meta()] = msgspec.field(name="as", default=None)


class ReadNotifications(Personal, frozen=True, kw_only=True, tag="read_notifications"):
    """Notifications are read, by the events that they are about."""

    events: Annotated[tuple[Id, ...], Meta(min_length=1, max_length=NOTIFICATIONS_AT_ONCE)]


class MuteRoom(Personal, frozen=True, kw_only=True, tag="mute"):
    """Hear of a room's mentions alone, or of nothing, until a time or until it is unmuted."""

    room: Id
    level: MuteLevel = "nothing"
    until: OriginalTime | None = None


class UnmuteRoom(Personal, frozen=True, kw_only=True, tag="unmute"):
    """Hear of everything in a room again."""

    room: Id


class Authenticate(Command, frozen=True, kw_only=True, tag="auth"):
    """Go on with a newer token of the same user."""

    token: Annotated[str, Meta(max_length=8_192)]


class ChangePresence(Command, frozen=True, kw_only=True, tag="presence"):
    """Tell whether the user is at this session."""

    state: PresenceState


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


MessageCommand = EditMessage | DeleteMessage | AddReaction | RemoveReaction | ReportMessage
"""What is done to a message that is there already."""
PinCommand = PinMessage | UnpinMessage
TargetCommand = MessageCommand | UndeleteMessage | PinCommand
"""What names a message."""
MemberCommand = InviteMember | RemoveMember | ChangeRole
"""What is done to another's membership."""
PersonalCommand = ReadNotifications | MuteRoom | UnmuteRoom
"""What concerns nobody but who sends it."""
AboutMember = MuteMember | UnmuteMember | BanMember | UnbanMember
"""What moderators do about somebody."""
ModerationCommand = AboutMember | ChangeFilter | ResolveReport
InviteCommand = CreateInvite | RevokeInvite
"""What only workspaces take."""
HookCommand = CreateHook | RotateHook | RevokeHook
"""What is done to a room's incoming hooks."""
RoomCommand = (
    PostMessage
    | TargetCommand
    | MemberCommand
    | ModerationCommand
    | RenameRoom
    | ChangeSettings
    | CreateRoom
    | JoinRoom
    | LeaveRoom
    | InviteCommand
    | HookCommand
)
AnyCommand = (
    RoomCommand
    | Subscribe
    | Unsubscribe
    | MarkRead
    | PersonalCommand
    | Authenticate
    | ChangePresence
    | NotifyTyping
    | Ping
)

_WITH_TEXT = (PostMessage, EditMessage)
_QUOTES = 18
"""Of a `send` with nothing but what it must have: five names, and all of their values but the number are texts."""
_decoder = Decoder(AnyCommand)
_loose = Decoder(dict[str, Any])
_encode = Encoder().encode


def decode_command(line: bytes) -> AnyCommand:
    """Read one line of a frame.

    Raises Refused, whose message names the field, or UnicodeDecodeError for what is no text at all.
    """
    try:
        command: AnyCommand = _decoder.decode(line)
    except RecursionError:
        raise Refused(ErrorCode.BAD_REQUEST, "nested too deeply") from None
    except msgspec.DecodeError as error:
        line.decode()
        raise Refused(ErrorCode.BAD_REQUEST, _explain(error)) from None
    if not _is_surely_strict(line, command):
        _require_strict(line)
    if isinstance(command, _WITH_TEXT) and len(command.text) > TEXT_CHARS:
        told = f"text: {len(command.text)} characters; at most {TEXT_CHARS} are allowed"
        raise Refused(ErrorCode.TOO_LARGE, told)
    return command


def _explain(error: Exception) -> str:
    text, _, place = str(error).partition(" - at `$")
    field = place.strip("`.")
    return f"{field}: {text}" if field else text


def _is_surely_strict(line: bytes, command: AnyCommand) -> bool:
    """Tell cheaply that no name occurs twice and no text has a NUL; False means: look closely.

    Every quotation mark that is not escaped begins or ends a name or a text, so as many of them as the
    command's fields need leave none for a name's second time.
    """
    if type(command) is not PostMessage:
        return False
    quotes = line.count(b'"')
    if b"\\" in line:
        if b"\\\\" in line or b"\\u0000" in line:
            return False
        quotes -= line.count(b'\\"')
    optional = (command.reply_to, command.as_, command.at)
    return quotes == _QUOTES + 4 * (3 - optional.count(None))


def _require_strict(line: bytes) -> None:
    try:
        fields = json.loads(line, object_pairs_hook=_unique)
    except RecursionError:
        raise Refused(ErrorCode.BAD_REQUEST, "nested too deeply") from None
    if (name := _with_nul(fields)) is not None:
        raise Refused(ErrorCode.BAD_REQUEST, f"{name}: contains a NUL character")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Refused(ErrorCode.BAD_REQUEST, f"{twice}: occurs twice")
    return found


def _with_nul(fields: dict[str, Any]) -> str | None:
    return next((name for name, value in fields.items() if "\\u0000" in json.dumps(value)), None)


def command_id(line: bytes) -> int | None:
    """Return the id of a command that could not be read, so that its error finds its sender."""
    try:
        found = _loose.decode(line).get("id")
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    if isinstance(found, bool) or not isinstance(found, int):
        return None
    return found if 0 <= found < 2**53 else None


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

    `room` and `cursor` are not there where it is about two people (`friend_request`, `friend_accepted`).
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
encode_frame = _encode


def failure(command: int | None, refused: Refused) -> bytes:
    """Return the `error` frame for a refusal."""
    retryable = refused.code in (ErrorCode.RATE_LIMITED, ErrorCode.UNAVAILABLE)
    wait, until = refused.retry_after_ms, refused.until
    return _encode(Failed(command, refused.code, refused.message, retryable, wait, until))


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
    return _encode(
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
