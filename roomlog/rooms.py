"""A room as its log says it is, and who may do anything in it. Pure: no I/O, no clock.

`fold` moves a room along the log. What commands come to, the `decide_*` functions say, which turn a command into the
fact it leads to, or refuse it: of making a room here, of messages, members, settings, hooks, workspaces and
moderation in the modules of these names. Both sides of the platform that write or check (ingest nodes, tests) use them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from msgspec import Struct

from roomlog import ids
from roomlog.errors import ErrorCode, Refused
from roomlog.events import (
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
    MessagePinned,
    MessagePosted,
    MessageUnpinned,
    RoomCreated,
    RoomKind,
    RoomRenamed,
    RoomSettingsChanged,
    WordFilterChanged,
)
from roomlog.moderation import (
    FOREVER,
    UNSEEN,
    Standing,
    brings_back,
    is_silenced,
)
from roomlog.protocol.commands import CreateRoom


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


def moderates(room: Room, user: str) -> bool:
    """Tell whether the user is an owner or a moderator of the room."""
    return room.members.get(user) in ("owner", "moderator")


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


def scope_of(room: Room, body: Body) -> str:
    """Return the workspace that an event of the room belongs to: one's own of a workspace's."""
    if type(body) is RoomCreated:
        return room.room_id if body.kind == "workspace" else body.workspace
    return room.room_id if room.kind == "workspace" else room.workspace


def is_last_owner(room: Room, user: str) -> bool:
    """Tell whether the user is the only owner of the room."""
    owners = [u for u, role in room.members.items() if role == "owner"]
    return owners == [user]


def require_moderator(room: Room, user: str, what: str) -> None:
    """Raise Refused unless the user is an owner or a moderator."""
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
