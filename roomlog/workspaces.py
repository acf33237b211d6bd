"""Workspaces: who is in one, what their roles allow, and what that means in its rooms. Pure.

A workspace is a room of kind `workspace`: its members, roles and invites are facts of its own log, folded as
those of any room (`roomlog.rooms`). Its rooms are rooms of their own, whose first event names it. Their
members are members of the workspace, so whoever is a member of a room needs no second look at every message.
"""

from dataclasses import replace

from roomlog import ids, moderation
from roomlog.errors import ErrorCode, Refused
from roomlog.events import (
    Body,
    FirstMember,
    InviteCreated,
    InviteRevoked,
    MemberJoined,
    MemberLeft,
    MemberRemoved,
    MemberRole,
    MemberRoleChanged,
    Role,
    RoomCreated,
)
from roomlog.protocol.commands import (
    ChangeRole,
    ChangeSettings,
    CreateInvite,
    CreateRoom,
    DeleteMessage,
    HookCommand,
    InviteCommand,
    InviteMember,
    JoinRoom,
    LeaveRoom,
    RemoveMember,
    RenameRoom,
    RevokeInvite,
    RoomCommand,
    UndeleteMessage,
)
from roomlog.protocol.moderation import (
    AboutMember,
    BanMember,
    ChangeFilter,
    ModerationCommand,
    MuteMember,
    UnbanMember,
    UnmuteMember,
)
from roomlog.room_settings import named
from roomlog.rooms import Room, is_last_owner
from roomlog.times import micros

RANK: dict[MemberRole, int] = {"guest": 0, "member": 1, "moderator": 2, "admin": 3, "owner": 4}
"""A role in a workspace may do what those below it may."""
RESERVED_SLUGS = frozenset({"default", "www", "api", "admin", "app", "static"})
INVITE_DAYS = 30
MAX_INVITES = 200
"""Invites of a workspace that are neither revoked nor expired, at most."""
_MICROS = 1_000_000


def needs_workspace(command: RoomCommand, room: Room, sender: str) -> str:
    """Return the workspace that a command is decided by, "" where the room alone decides.

    Never for what members say in a room: they are members of its workspace.
    """
    if room.kind == "workspace":
        return room.room_id
    if type(command) is CreateRoom:
        own = room_of_workspace(command)
        return own or command.workspace or ""
    if not room.workspace:
        return ""
    by_roles = (
        DeleteMessage
        | UndeleteMessage
        | InviteMember
        | RemoveMember
        | ChangeRole
        | RenameRoom
        | ChangeSettings
        | HookCommand
        | ModerationCommand
    )
    if sender not in room.members:
        return room.workspace if isinstance(command, JoinRoom | LeaveRoom) else ""
    return room.workspace if isinstance(command, by_roles) else ""


def room_of_workspace(command: CreateRoom) -> str:
    """Return the id of the workspace that a `create` makes, "" where it makes another room."""
    is_one = command.kind == "workspace" and command.slug
    return ids.workspace_id(command.slug) if is_one and command.slug else ""


def is_open_to(workspace: Room, user: str) -> bool:
    """Tell whether somebody may find and join the public rooms of a workspace."""
    return RANK[workspace.members.get(user, "guest")] > 0


# In the rooms of a workspace.


def seen_by(room: Room, workspace: Room, sender: str, command: RoomCommand) -> Room:
    """Return the room as a command of the sender is decided on; raises Refused.

    Its public rooms are open to its members (guests excepted), and who has a say in the workspace has it in
    those rooms of it that they are in.
    """
    if not room.exists or sender not in workspace.members:
        raise Refused(ErrorCode.NO_SUCH_ROOM, f"no room {room.room_id}")
    if sender not in room.members:
        is_open = room.kind == "public" and is_open_to(workspace, sender)
        return replace(room, workspace="") if is_open else room
    if type(command) is InviteMember and command.user not in workspace.members:
        told = "user: nobody of this workspace; invite them into it first"
        raise Refused(ErrorCode.BAD_REQUEST, told)
    role = _role_in_room(room, workspace.members[sender], room.members[sender])
    if role == room.members[sender]:
        return room
    return replace(room, members={**room.members, sender: role})


def _role_in_room(room: Room, standing: MemberRole, role: MemberRole) -> MemberRole:
    if room.kind in ("direct", "group"):
        return role
    if RANK[standing] >= RANK["admin"]:
        return "owner"
    return "moderator" if standing == "moderator" and role == "member" else role


def require_may_create(workspace: Room, sender: str, command: CreateRoom) -> None:
    """Raise Refused unless the sender may make this room, with these members, in the workspace."""
    if sender not in workspace.members:
        raise Refused(ErrorCode.NO_SUCH_ROOM, f"no room {command.workspace}")
    if not is_open_to(workspace, sender):
        raise Refused(ErrorCode.FORBIDDEN, "workspace: guests make no rooms in it")
    if strange := [m for m in command.members if m not in workspace.members]:
        told = f"members: {strange[0]} is not in this workspace; invite them into it first"
        raise Refused(ErrorCode.BAD_REQUEST, told)


# In the log of a workspace.


def decide(workspace: Room, sender: str, command: RoomCommand, now: int) -> Body | None:
    """Return the fact that a command to a workspace leads to, None where it changes nothing.

    `now` is in microseconds since 1970. Raises Refused.
    """
    if type(command) is CreateRoom:
        return _decide_create(workspace, sender, command)
    if type(command) is JoinRoom:
        return _decide_join(workspace, sender, command, now)
    if sender not in workspace.members:
        raise Refused(ErrorCode.NO_SUCH_ROOM, f"no room {workspace.room_id}")
    match command:
        case LeaveRoom():
            if command.at is None and is_last_owner(workspace, sender):
                told = "workspace: its last owner stays; make somebody else an owner first"
                raise Refused(ErrorCode.FORBIDDEN, told)
            return MemberLeft(sender)
        case RenameRoom():
            _require(workspace, sender, "admin", "rename it")
            return named(command)
        case RemoveMember():
            return _decide_removal(workspace, sender, command)
        case ChangeRole():
            return _decide_role(workspace, sender, command)
        case MuteMember() | UnmuteMember() | BanMember() | UnbanMember() | ChangeFilter():
            return _decide_moderation(workspace, sender, command, now)
        case CreateInvite() | RevokeInvite():
            return _decide_on_invite(workspace, sender, command, now)
        case InviteMember():
            told = "workspace: people come in by an invite that they accept; make one"
            raise Refused(ErrorCode.BAD_REQUEST, told)
    told = "room: a workspace holds no messages and has no settings; use one of its rooms"
    raise Refused(ErrorCode.BAD_REQUEST, told)


def _decide_create(workspace: Room, sender: str, command: CreateRoom) -> Body:
    if command.slug is None:
        raise Refused(ErrorCode.BAD_REQUEST, "slug: a workspace needs one, its name in addresses")
    if command.workspace or command.members:
        told = "members, workspace: a workspace has neither at first; invite people into it"
        raise Refused(ErrorCode.BAD_REQUEST, told)
    if workspace.exists or command.slug in RESERVED_SLUGS:
        raise Refused(ErrorCode.SLUG_TAKEN, f"slug: {command.slug} is taken; choose another one")
    if not command.name.strip():
        raise Refused(ErrorCode.BAD_REQUEST, "name: empty")
    first = (FirstMember(sender, "owner"),)
    return RoomCreated(command.name, "workspace", members=first, slug=command.slug)


def _decide_join(workspace: Room, sender: str, command: JoinRoom, now: int) -> Body | None:
    if sender in workspace.members:
        return None
    found = workspace.invites.get(ids.invite_id(command.invite or ""))
    if found is None or found.expires_at <= now:
        raise Refused(ErrorCode.NO_SUCH_ROOM, f"no room {workspace.room_id}")
    if sender in workspace.banned:
        raise moderation.banned()
    return MemberJoined(sender, found.role)


def _decide_removal(workspace: Room, sender: str, command: RemoveMember) -> Body | None:
    _require(workspace, sender, "admin", "remove members")
    if command.user == sender:
        raise Refused(ErrorCode.BAD_REQUEST, "user: yourself; leave the workspace instead")
    had = workspace.members.get(command.user)
    if had is None:
        return None
    _require_above(workspace, sender, had)
    return MemberRemoved(command.user)


def _decide_moderation(
    workspace: Room, sender: str, command: AboutMember | ChangeFilter, now: int
) -> Body | None:
    least: Role = "moderator" if isinstance(command, MuteMember | UnmuteMember) else "admin"
    _require(workspace, sender, least, "moderate it so")
    role = workspace.members.get(command.user) if isinstance(command, AboutMember) else None
    if role is not None:
        _require_above(workspace, sender, role)
    return moderation.decide(workspace, sender, command, now)


def _decide_role(workspace: Room, sender: str, command: ChangeRole) -> Body | None:
    _require(workspace, sender, "admin", "change roles")
    had = workspace.members.get(command.user)
    if had is None:
        raise Refused(ErrorCode.BAD_REQUEST, "user: nobody of this workspace; invite them first")
    if had == command.role:
        return None
    _require_above(workspace, sender, had)
    _require_above(workspace, sender, command.role)
    if is_last_owner(workspace, command.user):
        raise Refused(ErrorCode.FORBIDDEN, "role: the last owner stays; make another one first")
    return MemberRoleChanged(command.user, command.role)


def _decide_on_invite(
    workspace: Room, sender: str, command: InviteCommand, now: int
) -> Body | None:
    _require(workspace, sender, "moderator", "invite people")
    if type(command) is RevokeInvite:
        known = command.invite in workspace.invites
        return InviteRevoked(command.invite) if known else None
    assert type(command) is CreateInvite  # noqa: S101  # there are no others
    if not ids.is_id(command.invite):
        raise Refused(ErrorCode.BAD_REQUEST, "invite: not an id")
    if command.invite in workspace.invites:
        return None
    if command.role == "owner":
        told = "role: nobody is invited as an owner; make them one once they are in"
        raise Refused(ErrorCode.BAD_REQUEST, told)
    _require_above(workspace, sender, command.role)
    expires_at = micros(command.expires_at)
    if not now < expires_at <= now + INVITE_DAYS * 86_400 * _MICROS:
        told = f"expires_at: not within the next {INVITE_DAYS} days"
        raise Refused(ErrorCode.BAD_REQUEST, told)
    if sum(i.expires_at > now for i in workspace.invites.values()) >= MAX_INVITES:
        told = f"workspace: it has {MAX_INVITES} open invites; revoke some"
        raise Refused(ErrorCode.FORBIDDEN, told)
    return InviteCreated(command.invite, command.role, expires_at)


def _require(workspace: Room, user: str, least: Role, what: str) -> None:
    if RANK[workspace.members[user]] < RANK[least]:
        told = f"workspace: only its owners and {least}s may {what}"
        if least == "moderator":
            told = f"workspace: only its owners, admins and moderators may {what}"
        raise Refused(ErrorCode.FORBIDDEN, told)


def _require_above(workspace: Room, sender: str, role: MemberRole) -> None:
    """Owners stand above all; others above whom they outrank."""
    own = workspace.members[sender]
    if own != "owner" and RANK[role] >= RANK[own]:
        raise Refused(ErrorCode.FORBIDDEN, f"role: only somebody above {role} may do that")
