"""What may be done to a message besides editing and reacting: taking its deletion back, pinning it. Pure."""

from roomlog.errors import ErrorCode, Refused
from roomlog.events import Body, MessagePinned, MessageRestored, MessageUnpinned
from roomlog.protocol import PinMessage, UndeleteMessage, UnpinMessage
from roomlog.rooms import Room, moderates, require_may_write, require_member

MAX_PINS = 50
"""Of one room: more than that nobody keeps in view."""


def decide_undelete(
    room: Room, sender: str, command: UndeleteMessage, deleted_by: str | None
) -> Body:
    """Return the fact that an `undelete` leads to; raises Refused.

    `deleted_by` is who deleted the message, None where the room has no such message, or one that stands.
    """
    require_member(room, sender)
    require_may_write(room, sender)
    if deleted_by is None:
        told = "event: no message of this room that was deleted"
        raise Refused(ErrorCode.BAD_REQUEST, told)
    if sender != deleted_by and not moderates(room, sender):
        told = "event: only who deleted it, an owner or a moderator may restore it"
        raise Refused(ErrorCode.FORBIDDEN, told)
    return MessageRestored(command.event)


def decide_pin(
    room: Room, sender: str, command: PinMessage | UnpinMessage, author: str | None
) -> Body | None:
    """Return the fact that a `pin` or `unpin` leads to, None where it changes nothing; raises Refused.

    `author` is who posted the message, None where the room has no such message (any more).
    """
    require_member(room, sender)
    require_may_write(room, sender)
    is_pinned = command.event in room.pins
    if type(command) is UnpinMessage:
        return MessageUnpinned(command.event) if is_pinned else None
    if author is None:
        told = "event: no message of this room, or one that was deleted"
        raise Refused(ErrorCode.BAD_REQUEST, told)
    if is_pinned:
        return None
    if len(room.pins) >= MAX_PINS:
        told = f"room: it has {MAX_PINS} pinned messages; unpin one first"
        raise Refused(ErrorCode.FORBIDDEN, told)
    return MessagePinned(command.event)
