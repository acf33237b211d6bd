"""Which fact a write leads to, in the room as the write finds it. Pure."""

from ingest.rooms import RoomState, no_such_room
from ingest.writes import Target, Write
from roomlog import workspaces
from roomlog.errors import ErrorCode, Refused
from roomlog.events import Body
from roomlog.hooks import decide_on_hook
from roomlog.messages import decide_pin, decide_undelete
from roomlog.protocol import (
    ChangeSettings,
    CreateRoom,
    HookCommand,
    InviteCommand,
    JoinRoom,
    LeaveRoom,
    MemberCommand,
    PinCommand,
    PostMessage,
    RenameRoom,
    TargetCommand,
    UndeleteMessage,
)
from roomlog.rooms import (
    Room,
    decide_create,
    decide_join,
    decide_leave,
    decide_on_member,
    decide_on_message,
    decide_post,
    decide_rename,
    decide_settings,
    require_member,
)
from roomlog.workspaces import require_may_create, seen_by

_RETRY_MS = 500


def decide(state: RoomState, write: Write, target: Target | None, now: int) -> Body | None:
    """Return the fact that a write leads to, None where nothing changes; raises Refused.

    `target` is the message that it is about, None where that could not be looked up. `now` is in
    microseconds since 1970; what is said in a room does not depend on it.
    """
    command, sender, room = write.command, write.sender, state.view
    if type(command) is PostMessage and room.kind != "workspace":
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
    return _decide_in_room(room, write, target)


def _decide_in_room(room: Room, write: Write, target: Target | None) -> Body | None:
    command, sender = write.command, write.sender
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
