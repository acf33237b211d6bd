"""Commands: what clients ask of a node, and the union of all that a node takes."""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from roomlog.events import (
    History,
    Role,
    RoomKind,
)
from roomlog.mutes import MuteLevel
from roomlog.protocol.moderation import ModerationCommand, ReportMessage
from roomlog.protocol.terms import (
    NOTIFICATIONS_AT_ONCE,
    Acting,
    Command,
    CommandId,
    CursorText,
    Emoji,
    HookName,
    Id,
    Language,
    OriginalTime,
    RoomName,
    Secret,
    SlowMode,
    Slug,
    TokenHash,
    Topic,
)
from roomlog.signals import PresenceState


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
