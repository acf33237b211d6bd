"""Which fact a write leads to, in the room as the write finds it. Pure."""

from ingest.rooms import RoomState, no_such_room
from ingest.writes import Target, Write
from roomlog.errors import ErrorCode, Refused
from roomlog.events import Body
from roomlog.protocol import (
    CreateRoom,
    JoinRoom,
    LeaveRoom,
    MemberCommand,
    MessageCommand,
    PostMessage,
    RenameRoom,
)
from roomlog.rooms import (
    decide_create,
    decide_join,
    decide_leave,
    decide_on_member,
    decide_on_message,
    decide_post,
    decide_rename,
    require_member,
)

_RETRY_MS = 500


def decide(state: RoomState, write: Write, target: Target | None) -> Body | None:
    """Return the fact that a write leads to, None where nothing changes; raises Refused.

    `target` is the message that it is about, None where that could not be looked up.
    """
    command, sender, room = write.command, write.sender, state.view
    if type(command) is PostMessage:
        return decide_post(room, sender, command)
    if isinstance(command, MessageCommand):
        return _decide_on_message(state, sender, command, target)
    if isinstance(command, MemberCommand):
        return decide_on_member(room, sender, command)
    if type(command) is RenameRoom:
        return decide_rename(room, sender, command)
    if type(command) is CreateRoom:
        body = decide_create(sender, command)
        if not room.exists:
            return body
        if sender not in room.members:
            raise no_such_room(write.room_id)
        return None
    if type(command) is JoinRoom:
        return decide_join(room, sender, command)
    assert type(command) is LeaveRoom  # noqa: S101  # there are no others
    return decide_leave(room, sender, command)


def _decide_on_message(
    state: RoomState, sender: str, command: MessageCommand, target: Target | None
) -> Body:
    require_member(state.view, sender)
    if target is None:
        told = "the message cannot be looked up now; send it again under the same key"
        raise Refused(ErrorCode.UNAVAILABLE, told, _RETRY_MS)
    author = None if state.will_delete(command.event) else target.author
    return decide_on_message(state.view, sender, command, author)
