"""What becomes of commands about who is in a room. Pure: no I/O, no clock."""

from roomlog import ids
from roomlog.errors import ErrorCode, Refused
from roomlog.events import (
    Body,
    MemberInvited,
    MemberJoined,
    MemberLeft,
    MemberRemoved,
    MemberRoleChanged,
    Role,
)
from roomlog.moderation import (
    banned,
)
from roomlog.protocol.commands import (
    ChangeRole,
    InviteMember,
    JoinRoom,
    LeaveRoom,
    MemberCommand,
    RemoveMember,
)
from roomlog.rooms import Room, archived, is_last_owner, require_member, require_moderator

ROOM_ROLES: tuple[Role, ...] = ("owner", "moderator", "member")
"""The roles in a room that is no workspace."""


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
        require_moderator(room, sender, "invite into a private room")
    if command.user in room.banned:
        raise Refused(ErrorCode.BANNED, "user: banned; a moderator has to unban them first")
    return None if command.user in room.members else MemberInvited(command.user)


def _decide_removal(room: Room, sender: str, command: RemoveMember) -> Body | None:
    require_moderator(room, sender, "remove members")
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
