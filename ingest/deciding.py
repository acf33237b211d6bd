"""Which fact a write leads to, in the room as the write finds it. Pure."""

from collections.abc import Iterable

from ingest.rooms import RoomState, no_such_room
from ingest.writes import Target, Write
from roomlog import workspaces
from roomlog.errors import ErrorCode, Refused
from roomlog.events import Body, MessagePosted
from roomlog.hooks import decide_on_hook
from roomlog.members import decide_join, decide_leave, decide_on_member
from roomlog.messages import decide_on_message, decide_pin, decide_post, decide_undelete, screened
from roomlog.moderation import SPEECH, decide_in_room, require_voice
from roomlog.protocol.commands import (
    ChangeSettings,
    CreateRoom,
    DeleteMessage,
    HookCommand,
    InviteCommand,
    InviteMember,
    JoinRoom,
    LeaveRoom,
    MemberCommand,
    PinCommand,
    PostMessage,
    RemoveReaction,
    RenameRoom,
    RoomCommand,
    TargetCommand,
    UndeleteMessage,
)
from roomlog.protocol.moderation import ModerationCommand
from roomlog.relations import Blocks
from roomlog.room_settings import decide_rename, decide_settings
from roomlog.rooms import Room, decide_create, require_member
from roomlog.workspaces import require_may_create, seen_by

_RETRY_MS = 500
_IN_SILENCE = (CreateRoom, DeleteMessage, RemoveReaction, LeaveRoom)
"""What says nothing to the other of a direct room, or has a rule of its own."""


def decide(
    state: RoomState, write: Write, target: Target | None, now: int, blocks: Blocks
) -> Body | None:
    """Return the fact that a write leads to, None where nothing changes; raises Refused.

    `target` is the message that it is about, None where that could not be looked up. `now` is in microseconds
    since 1970; what is said in a room that is not moderated does not depend on it. `blocks` counts between two.
    """
    body = _decide(state, write, target, now, blocks)
    if body is not None and type(body) in SPEECH and state.is_moderated:
        return _moderated(state, write, body, now)
    return body


def _moderated(state: RoomState, write: Write, body: Body, now: int) -> Body:
    """Return what may be said as it may be stored, and note on the write what moderators want to know of."""
    room, sender, scope = state.view, write.sender, state.scope
    filters = [room.filters]
    if scope is not None and sender in scope.view.members:
        require_voice(scope.view.standing_of(sender), now, 0, type(body))
        filters.append(scope.view.filters)
    member = room.standing_of(sender)
    if room.slow_mode_s and (spoken := state.spoken.get(sender, -1)) > (member.said_at or -1):
        member = member._replace(said_at=spoken)
    require_voice(member, now, room.slow_mode_s, type(body))
    body, write.flagged = screened(body, filters)
    if room.slow_mode_s and type(body) is MessagePosted:
        state.spoken[sender] = now
    return body


def _decide(
    state: RoomState, write: Write, target: Target | None, now: int, blocks: Blocks
) -> Body | None:
    command, sender, room = write.command, write.sender, state.view
    if blocks.erased:
        require_there(blocks, command, sender)
    if blocks and room.kind == "direct" and type(command) not in _IN_SILENCE:
        require_open(blocks, room, sender, room.members)
    if type(command) is PostMessage and room.kind != "workspace":
        if isinstance(write.workspace, Refused):
            raise write.workspace  # what the workspace forbids is not known here
        return decide_post(room, sender, command, write.files)
    if write.workspace is not None:
        if isinstance(write.workspace, Refused):
            raise write.workspace
        workspace = write.workspace.view
        if workspace.room_id == room.room_id:
            return workspaces.decide(room, sender, command, now)
        if type(command) is CreateRoom:
            require_may_create(workspace, sender, command)
        else:
            room = seen_by(room, workspace, sender, command)
    elif room.kind == "workspace":
        return workspaces.decide(room, sender, command, now)
    return _decide_in_room(room, write, target, now, blocks)


def require_there(blocks: Blocks, command: RoomCommand, sender: str) -> None:
    """Raise Refused for a command that would bring somebody into a room whose account is gone."""
    match command:
        case InviteMember(user=user):
            wanted = [user]
        case CreateRoom(members=members):
            wanted = [sender, *members]
        case JoinRoom():
            wanted = [sender]
        case _:
            return
    if any(user in blocks.erased for user in wanted):
        raise Refused(ErrorCode.BAD_REQUEST, "user: this account was deleted; nobody is there")


def require_open(blocks: Blocks, room: Room, sender: str, others: Iterable[str]) -> None:
    """Raise Refused where one of the two of a direct room has blocked the other.

    Who is blocked gets the answer of somebody who has no such room.
    """
    for other in others:
        if other == sender:
            continue
        if blocks.has(other, sender):
            raise no_such_room(room.room_id)
        if blocks.has(sender, other):
            told = "user: you have blocked this person; unblock them first"
            raise Refused(ErrorCode.FORBIDDEN, told)


def _decide_in_room(
    room: Room, write: Write, target: Target | None, now: int, blocks: Blocks
) -> Body | None:
    command, sender = write.command, write.sender
    if isinstance(command, ModerationCommand):
        require_member(room, sender)
        return decide_in_room(room, sender, command, now)
    if isinstance(command, TargetCommand):
        return _decide_on_message(room, sender, command, target)
    if isinstance(command, MemberCommand):
        return decide_on_member(room, sender, command)
    if type(command) is RenameRoom:
        return decide_rename(room, sender, command)
    if type(command) is ChangeSettings:
        return decide_settings(room, sender, command)
    if type(command) is CreateRoom:
        body = decide_create(sender, command)
        if command.kind == "direct":
            require_open(blocks, room, sender, command.members)
        if not room.exists:
            return body
        if sender not in room.members:
            raise no_such_room(write.room_id)
        return None
    if type(command) is JoinRoom:
        return decide_join(room, sender, command)
    if isinstance(command, HookCommand):
        return decide_on_hook(room, sender, command)
    if isinstance(command, InviteCommand):
        require_member(room, sender)
        raise Refused(ErrorCode.BAD_REQUEST, "room: only a workspace has invites")
    assert type(command) is LeaveRoom  # noqa: S101  # there are no others
    return decide_leave(room, sender, command)


def _decide_on_message(
    room: Room, sender: str, command: TargetCommand, target: Target | None
) -> Body | None:
    require_member(room, sender)
    if target is None:
        told = "the message cannot be looked up now; send it again under the same key"
        raise Refused(ErrorCode.UNAVAILABLE, told, _RETRY_MS)
    if isinstance(command, UndeleteMessage):
        return decide_undelete(room, sender, command, target.deleted_by)
    if isinstance(command, PinCommand):
        return decide_pin(room, sender, command, target.standing_author)
    return decide_on_message(room, sender, command, target.standing_author)
