"""A room as its log says it is, and what may be done in it. Pure: no I/O, no clock.

`fold` moves a room along the log; the `decide_*` functions turn a command into the fact it leads to, or
refuse it. Both sides of the platform that write or check (ingest nodes, tests) use these.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeVar
from unicodedata import category

from msgspec import Struct, structs

from roomlog import ids
from roomlog.errors import ErrorCode, Refused
from roomlog.events import (
    Attachment,
    Body,
    ChatEvent,
    FilterAction,
    FirstMember,
    History,
    HookCreated,
    HookRevoked,
    InviteCreated,
    InviteRevoked,
    MemberInvited,
    MemberJoined,
    MemberLeft,
    MemberMuted,
    MemberRemoved,
    MemberRole,
    MemberRoleChanged,
    MemberUnbanned,
    MemberUnmuted,
    MessageDeleted,
    MessageEdited,
    MessagePinned,
    MessagePosted,
    MessageReported,
    MessageUnpinned,
    ReactionAdded,
    ReactionRemoved,
    Role,
    RoomCreated,
    RoomKind,
    RoomLanguageChanged,
    RoomRenamed,
    RoomSettingsChanged,
    RoomTopicChanged,
    WordFilterChanged,
)
from roomlog.moderation import (
    FOREVER,
    UNSEEN,
    Standing,
    banned,
    brings_back,
    is_silenced,
)
from roomlog.protocol import (
    AddReaction,
    ChangeRole,
    ChangeSettings,
    CreateRoom,
    DeleteMessage,
    EditMessage,
    InviteMember,
    JoinRoom,
    LeaveRoom,
    MemberCommand,
    MessageCommand,
    PostMessage,
    RemoveMember,
    RemoveReaction,
    RenameRoom,
    ReportMessage,
)
from roomlog.search.languages import LANGUAGES
from roomlog.wordfilters import Filters, screen

T = TypeVar("T")
NO_FILES: Mapping[str, Attachment] = MappingProxyType({})
_RETRY_MS = 500
ROOM_ROLES: tuple[Role, ...] = ("owner", "moderator", "member")
"""The roles in a room that is no workspace."""


@dataclass(slots=True)
class Room:
    """A room at a position of its log; `last_offset` is that of its last event with an effect, or -1."""

    room_id: str
    kind: RoomKind = "public"
    name: str = ""
    members: dict[str, MemberRole] = field(default_factory=dict)
    exists: bool = False
    last_offset: int = -1
    joined: dict[str, int] = field(default_factory=dict)
    """Member -> the offset since which they are one."""
    void: set[int] = field(default_factory=set)
    """Offsets of the events that took no effect; see `takes_effect`."""
    workspace: str = ""
    """The workspace that it is in; "" is the one that everybody is in."""
    invites: dict[str, InviteCreated] = field(default_factory=dict)
    """Of a workspace: invite id -> invite, revoked ones left out."""
    archived: bool = False
    read_only: bool = False
    history: History = "all"
    pins: set[str] = field(default_factory=set)
    """Ids of the messages that are kept in view."""
    link_previews: bool = True
    slow_mode_s: int = 0
    said: dict[str, int] = field(default_factory=dict)
    """When each member said something last, since slow mode was set; empty without."""
    muted: dict[str, int] = field(default_factory=dict)
    """Who reads and says nothing, and until when."""
    banned: set[str] = field(default_factory=set)
    filters: dict[str, FilterAction] = field(default_factory=dict)
    unseen_offset: int = -1
    """Of its last event that followers are not shown, which moves nothing else along."""

    @property
    def is_watched(self) -> bool:
        """Whether what members say depends on more than that they are members."""
        return self.slow_mode_s > 0 or bool(self.muted)

    def standing_of(self, member: str) -> Standing:
        """Return how a member stands."""
        muted, said = self.muted.get(member, 0), self.said.get(member)
        return Standing(self.members[member], muted, said)

    def is_visible_to(self, user: str) -> bool:
        """Tell whether the user may know that the room exists.

        A public room of a workspace is visible to others too, but who these are, only the workspace
        knows (`roomlog.workspaces`).
        """
        is_open = self.kind == "public" and not self.workspace
        return self.exists and (is_open or user in self.members)


def takes_effect(kind: type[Struct], sender_is_member: bool) -> bool:
    """Tell whether an event counts, from its body's type and whether its sender is a member there.

    A node decides a command on the room as it knows it, and meanwhile the log may get a removal of the
    sender before the event that the command leads to. Such an event stays in the log and has no effect
    anywhere: every reader of the log asks this rule, at the event's place. What moderators forbid
    (`roomlog.moderation.is_silenced`, `brings_back`) is asked there too.
    """
    return sender_is_member or kind is MemberJoined or kind is RoomCreated


def fold(room: Room, event: ChatEvent, offset: int) -> bool:
    """Apply one event of the room's log; return whether it took effect.

    An offset that is behind the room changes nothing.
    """
    if offset <= room.last_offset or offset <= room.unseen_offset:
        return False
    body = event.body
    if not _is_allowed(room, event):
        room.void.add(offset)
        return False
    apply(room, body)
    if type(body) in UNSEEN:
        room.unseen_offset = offset
        return False
    room.last_offset = offset
    if room.slow_mode_s and type(body) is MessagePosted:
        room.said[event.sender_id] = event.occurred_at
    for user in _whose_membership(body):
        if user in room.members:
            room.joined.setdefault(user, offset)
        else:
            room.joined.pop(user, None)
    return True


def _is_allowed(room: Room, event: ChatEvent) -> bool:
    kind, sender = type(event.body), event.sender_id
    if not takes_effect(kind, sender in room.members) or brings_back(event.body, room.banned):
        return False
    if not room.is_watched or sender not in room.members:
        return True
    return not is_silenced(kind, room.standing_of(sender), event.occurred_at, room.slow_mode_s)


def fold_plain(room: Room, sender: str, offset: int) -> bool:
    """Do as `fold` for an event that changes nothing of the room but its position, unless it is watched."""
    if offset <= room.last_offset:
        return False
    if sender not in room.members:
        room.void.add(offset)
        return False
    room.last_offset = offset
    return True


def _whose_membership(body: Body) -> Iterable[str]:
    match body:
        case RoomCreated(members=members):
            return [m.user_id for m in members]
        case (
            MemberJoined(user_id=user)
            | MemberInvited(user_id=user)
            | MemberLeft(user_id=user)
            | MemberRemoved(user_id=user)
            | HookCreated(hook_id=user)
            | HookRevoked(hook_id=user)
        ):
            return (user,)
    return ()


def apply(room: Room, body: Body) -> None:
    """Change the room as the fact says, wherever in the log the fact is."""
    match body:
        case RoomCreated(name=name, kind=kind, members=members, workspace=workspace):
            if not room.exists:
                room.exists, room.name, room.kind, room.workspace = True, name, kind, workspace
                room.members.update((m.user_id, m.role) for m in members)
        case MemberJoined(user_id=user, role=role) | MemberInvited(user_id=user, role=role):
            room.members.setdefault(user, role)
        case MemberLeft(user_id=user) | MemberRemoved(user_id=user):
            room.members.pop(user, None)
            if isinstance(body, MemberRemoved) and body.banned:
                room.banned.add(user)
        case MemberMuted(user_id=user, until=until):
            room.muted[user] = FOREVER if until is None else until
        case MemberUnmuted(user_id=user):
            room.muted.pop(user, None)
        case MemberUnbanned(user_id=user):
            room.banned.discard(user)
        case WordFilterChanged(words=words, action=action):
            if action is None:
                room.filters.pop(words, None)
            else:
                room.filters[words] = action
        case MemberRoleChanged(user_id=user, role=role):
            if user in room.members:
                room.members[user] = role
        case HookCreated(hook_id=bot):
            room.members.setdefault(bot, "bot")
        case HookRevoked(hook_id=bot):
            room.members.pop(bot, None)
        case RoomRenamed(name=name):
            room.name = name
        case RoomSettingsChanged():
            _apply_settings(room, body)
        case InviteCreated(invite_id=invite):
            room.invites[invite] = body
        case InviteRevoked(invite_id=invite):
            room.invites.pop(invite, None)
        case MessagePinned(target_id=message):
            room.pins.add(message)
        case MessageUnpinned(target_id=message) | MessageDeleted(target_id=message):
            room.pins.discard(message)
        case _:
            pass


def _apply_settings(room: Room, changed: RoomSettingsChanged) -> None:
    if changed.archived is not None:
        room.archived = changed.archived
    if changed.read_only is not None:
        room.read_only = changed.read_only
    if changed.history is not None:
        room.history = changed.history
    if changed.link_previews is not None:
        room.link_previews = changed.link_previews
    if changed.slow_mode_s is not None:
        room.slow_mode_s = changed.slow_mode_s
        room.said = {}


def require_member(room: Room, user: str) -> None:
    """Raise Refused unless the user is a member; a room one may not know of does not exist."""
    if not room.is_visible_to(user):
        raise Refused(ErrorCode.NO_SUCH_ROOM, f"no room {room.room_id}")
    if user not in room.members:
        raise Refused(ErrorCode.NOT_A_MEMBER, "join the room first")


def require_may_write(room: Room, user: str) -> None:
    """Raise Refused where nothing is said in the room, or only by others."""
    if room.archived:
        raise archived()
    if room.read_only and not moderates(room, user) and room.members.get(user) != "bot":
        told = "room: it is read-only; only its owners and moderators write"
        raise Refused(ErrorCode.FORBIDDEN, told)


def archived() -> Refused:
    """Return the refusal of what an archived room does not take."""
    told = "room: it is archived; an owner or a moderator may take it out of the archive"
    return Refused(ErrorCode.ARCHIVED, told)


def decide_post(
    room: Room,
    sender: str,
    command: PostMessage,
    files: Mapping[str, Attachment] | None = NO_FILES,
) -> Body:
    """Return the fact that a `send` leads to; raises Refused.

    `files` are those of the sender that the command names, by id; None where they could not be looked up.
    """
    require_member(room, sender)
    require_may_write(room, sender)
    if not command.text.strip() and not command.attachments:
        raise Refused(ErrorCode.BAD_REQUEST, "text: empty; write something or attach a file")
    if command.reply_to is not None and not ids.is_id(command.reply_to):
        raise Refused(ErrorCode.BAD_REQUEST, "reply_to: not an event id")
    if not all(map(ids.is_id, command.mentions)):
        raise Refused(ErrorCode.BAD_REQUEST, "mentions: not all of them are user ids")
    attached = _attached(command, files) if command.attachments else ()
    return MessagePosted(command.text, command.reply_to, command.mentions, attached)


def _attached(
    command: PostMessage, files: Mapping[str, Attachment] | None
) -> tuple[Attachment, ...]:
    if files is None:
        told = "the files cannot be looked up now; send it again under the same key"
        raise Refused(ErrorCode.UNAVAILABLE, told, _RETRY_MS)
    wanted = dict.fromkeys(reference.file_id for reference in command.attachments)
    if any(file not in files for file in wanted):
        told = "attachments: not all of them are files of yours; upload them first"
        raise Refused(ErrorCode.BAD_REQUEST, told)
    return tuple(files[file] for file in wanted)


def decide_on_message(room: Room, sender: str, command: MessageCommand, author: str | None) -> Body:
    """Return the fact that a command about a message leads to; raises Refused.

    `author` is who posted it, None where the room has no such message (any more).
    """
    require_member(room, sender)
    if isinstance(command, EditMessage | DeleteMessage):
        require_may_write(room, sender)
    elif room.archived:
        raise archived()
    if author is None:
        told = "event: no message of this room, or one that was deleted"
        raise Refused(ErrorCode.BAD_REQUEST, told)
    match command:
        case ReportMessage():
            return _decide_report(room, sender, command, author)
        case EditMessage(event=event, text=text):
            _require_edit(sender, author, text)
            return MessageEdited(event, text)
        case DeleteMessage(event=event):
            if sender != author and not moderates(room, sender):
                told = "event: only its author, an owner or a moderator may delete it"
                raise Refused(ErrorCode.FORBIDDEN, told)
            return MessageDeleted(event)
        case AddReaction(event=event, emoji=emoji):
            _require_emoji(emoji)
            return ReactionAdded(event, emoji)
        case RemoveReaction(event=event, emoji=emoji):
            _require_emoji(emoji)
            return ReactionRemoved(event, emoji)


def _decide_report(room: Room, sender: str, command: ReportMessage, author: str) -> Body:
    if room.kind == "direct":
        told = "room: nobody moderates a direct room; block the other instead"
        raise Refused(ErrorCode.FORBIDDEN, told)
    if sender == author:
        raise Refused(ErrorCode.BAD_REQUEST, "event: your own; delete it instead")
    if not command.reason.strip():
        raise Refused(ErrorCode.BAD_REQUEST, "reason: empty")
    return MessageReported(command.event, command.reason)


def screened(body: Body, filters: Iterable[Filters]) -> tuple[Body, tuple[str, ...]]:
    """Return what is to be stored of a message or its new text, and which of its words are flagged.

    Raises Refused where rules refuse it.
    """
    if not isinstance(body, MessagePosted | MessageEdited) or not isinstance(body.text, str):
        return body, ()
    found = screen(body.text, filters)
    return structs.replace(body, text=found.text), found.flagged


def moderates(room: Room, user: str) -> bool:
    """Tell whether the user is an owner or a moderator of the room."""
    return room.members.get(user) in ("owner", "moderator")


def _require_edit(sender: str, author: str, text: str) -> None:
    if sender != author:
        raise Refused(ErrorCode.FORBIDDEN, "event: only its author may edit it")
    if not text.strip():
        raise Refused(ErrorCode.BAD_REQUEST, "text: empty; delete the message instead")


def _require_emoji(emoji: str) -> None:
    if any(c.isspace() or category(c) == "Cc" for c in emoji):
        raise Refused(ErrorCode.BAD_REQUEST, "emoji: contains white space or a control character")


def decide_create(sender: str, command: CreateRoom) -> Body:
    """Return the fact that a `create` leads to; raises Refused."""
    others = [m for m in dict.fromkeys(command.members) if m != sender]
    if bad := next((m for m in others if not ids.is_id(m)), None):
        raise Refused(ErrorCode.BAD_REQUEST, f"members: {bad!r} is not a user id")
    if command.kind == "direct" and len(others) != 1:
        raise Refused(ErrorCode.BAD_REQUEST, "members: a direct room has exactly one other member")
    if command.kind == "group" and len(others) < 2:
        told = "members: a group has at least two others; open a direct room with one"
        raise Refused(ErrorCode.BAD_REQUEST, told)
    if command.slug is not None:
        raise Refused(ErrorCode.BAD_REQUEST, "slug: only a workspace has one")
    if not command.name.strip():
        raise Refused(ErrorCode.BAD_REQUEST, "name: empty")
    first = FirstMember(sender, "owner"), *(FirstMember(m, "member") for m in others)
    return RoomCreated(command.name, command.kind, members=first, workspace=command.workspace or "")


def decide_join(room: Room, sender: str, command: JoinRoom) -> Body | None:
    """Return the fact that a `join` leads to, None for a member already; raises Refused."""
    if not room.is_visible_to(sender):
        raise Refused(ErrorCode.NO_SUCH_ROOM, f"no room {command.room}")
    if sender in room.members:
        return None
    if command.invite is not None:
        raise Refused(ErrorCode.BAD_REQUEST, "invite: only a workspace takes one")
    if sender in room.banned:
        raise banned()
    if room.archived:
        raise archived()
    return MemberJoined(sender)


def decide_leave(room: Room, sender: str, command: LeaveRoom) -> Body | None:
    """Return the fact that a `leave` leads to, None for one who is no member; raises Refused.

    What comes with its original time (`at`: an import) has happened elsewhere, and is not refused.
    """
    if not room.is_visible_to(sender):
        raise Refused(ErrorCode.NO_SUCH_ROOM, f"no room {command.room}")
    if sender not in room.members:
        return None
    others = sum(role != "bot" for role in room.members.values()) > 1
    stays = room.kind != "direct" and command.at is None and others
    if stays and is_last_owner(room, sender):
        told = "room: its last owner stays while others are in it; make one of them an owner first"
        raise Refused(ErrorCode.FORBIDDEN, told)
    return MemberLeft(sender)


def decide_on_member(room: Room, sender: str, command: MemberCommand) -> Body | None:
    """Return the fact that a command about a membership leads to, None where it changes nothing.

    Raises Refused. Who may what: `docs/protocol.md`, Roles.
    """
    require_member(room, sender)
    if not ids.is_id(command.user):
        raise Refused(ErrorCode.BAD_REQUEST, "user: not a user id")
    if room.kind == "direct":
        raise Refused(ErrorCode.FORBIDDEN, "room: the two of a direct room stay as they are")
    if room.archived and type(command) is InviteMember:
        raise archived()
    match command:
        case InviteMember():
            return _decide_invite(room, sender, command)
        case RemoveMember():
            return _decide_removal(room, sender, command)
        case ChangeRole():
            return _decide_role(room, sender, command)


def _decide_invite(room: Room, sender: str, command: InviteMember) -> Body | None:
    if room.kind == "private":
        _require_moderator(room, sender, "invite into a private room")
    if command.user in room.banned:
        raise Refused(ErrorCode.BANNED, "user: banned; a moderator has to unban them first")
    return None if command.user in room.members else MemberInvited(command.user)


def _decide_removal(room: Room, sender: str, command: RemoveMember) -> Body | None:
    _require_moderator(room, sender, "remove members")
    if command.user == sender:
        raise Refused(ErrorCode.BAD_REQUEST, "user: yourself; leave the room instead")
    if room.members.get(command.user) == "owner" and room.members[sender] != "owner":
        raise Refused(ErrorCode.FORBIDDEN, "user: only an owner may remove an owner")
    if room.members.get(command.user) == "bot":
        raise Refused(ErrorCode.BAD_REQUEST, "user: the bot of a hook; revoke the hook instead")
    return MemberRemoved(command.user) if command.user in room.members else None


def _decide_role(room: Room, sender: str, command: ChangeRole) -> Body | None:
    if room.members[sender] != "owner":
        raise Refused(ErrorCode.FORBIDDEN, "room: only an owner may change roles")
    if command.role not in ROOM_ROLES:
        told = f"role: {command.role} is a role of workspaces; a room has {', '.join(ROOM_ROLES)}"
        raise Refused(ErrorCode.BAD_REQUEST, told)
    had = room.members.get(command.user)
    if had is None:
        raise Refused(ErrorCode.BAD_REQUEST, "user: not a member of the room; invite them first")
    if had == "bot":
        raise Refused(ErrorCode.BAD_REQUEST, "user: the bot of a hook; it has no other role")
    if had == command.role:
        return None
    if is_last_owner(room, command.user):
        raise Refused(ErrorCode.FORBIDDEN, "role: the last owner stays; make another one first")
    return MemberRoleChanged(command.user, command.role)


def scope_of(room: Room, body: Body) -> str:
    """Return the workspace that an event of the room belongs to: one's own of a workspace's."""
    if type(body) is RoomCreated:
        return room.room_id if body.kind == "workspace" else body.workspace
    return room.room_id if room.kind == "workspace" else room.workspace


def is_last_owner(room: Room, user: str) -> bool:
    """Tell whether the user is the only owner of the room."""
    owners = [u for u, role in room.members.items() if role == "owner"]
    return owners == [user]


def decide_rename(room: Room, sender: str, command: RenameRoom) -> Body:
    """Return the fact that a `rename` leads to; raises Refused."""
    require_member(room, sender)
    if room.kind != "group":
        _require_moderator(room, sender, "rename it or change its topic or language")
    if room.archived:
        raise archived()
    return named(command)


def named(command: RenameRoom) -> Body:
    """Return the fact that a `rename` leads to where it is allowed; raises Refused."""
    given = [each is not None for each in (command.name, command.topic, command.language)]
    if sum(given) != 1:
        raise Refused(ErrorCode.BAD_REQUEST, "name: give one of name, topic and language")
    if command.language is not None:
        return _decide_language(command.language)
    if command.topic is not None:
        return RoomTopicChanged(command.topic)
    if command.name is None or not command.name.strip():
        raise Refused(ErrorCode.BAD_REQUEST, "name: empty")
    return RoomRenamed(command.name)


def _decide_language(language: str) -> Body:
    if language not in LANGUAGES:
        raise Refused(ErrorCode.BAD_REQUEST, f"language: one of {', '.join(LANGUAGES)}")
    return RoomLanguageChanged(language)


def decide_settings(room: Room, sender: str, command: ChangeSettings) -> Body | None:
    """Return the fact that a `settings` leads to, None where it changes nothing; raises Refused."""
    require_member(room, sender)
    _require_moderator(room, sender, "change its settings")
    if room.kind == "direct":
        raise Refused(ErrorCode.FORBIDDEN, "room: a direct room has no settings")
    changed = RoomSettingsChanged(
        _other(command.archived, room.archived),
        _other(command.read_only, room.read_only),
        _other(command.history, room.history),
        _other(command.link_previews, room.link_previews),
        _other(command.slow_mode_s, room.slow_mode_s),
    )
    return None if changed == RoomSettingsChanged() else changed


def _other(wanted: T | None, now: T) -> T | None:
    return None if wanted == now else wanted


def _require_moderator(room: Room, user: str, what: str) -> None:
    if not moderates(room, user):
        raise Refused(ErrorCode.FORBIDDEN, f"room: only an owner or a moderator may {what}")


def room_of(sender: str, command: CreateRoom) -> str:
    """Return the id of the room that a `create` makes (or, for a direct room, finds)."""
    if command.kind == "direct" and command.members:
        other = next((m for m in command.members if m != sender), sender)
        return ids.direct_room_id(sender, other, command.workspace or "")
    if command.kind == "workspace" and command.slug:
        return ids.workspace_id(command.slug)
    return ids.room_id(sender, command.key)
