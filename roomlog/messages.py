"""What becomes of commands about messages: posting, editing, reacting, reporting, restoring, pinning. Pure."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from unicodedata import category

from msgspec import structs

from roomlog import ids
from roomlog.errors import ErrorCode, Refused
from roomlog.events import (
    Attachment,
    Body,
    MessageDeleted,
    MessageEdited,
    MessagePinned,
    MessagePosted,
    MessageReported,
    MessageRestored,
    MessageUnpinned,
    ReactionAdded,
    ReactionRemoved,
)
from roomlog.protocol.commands import (
    AddReaction,
    DeleteMessage,
    EditMessage,
    MessageCommand,
    PinMessage,
    PostMessage,
    RemoveReaction,
    UndeleteMessage,
    UnpinMessage,
)
from roomlog.protocol.moderation import ReportMessage
from roomlog.rooms import Room, archived, moderates, require_may_write, require_member
from roomlog.wordfilters import Filters, screen

NO_FILES: Mapping[str, Attachment] = MappingProxyType({})
MAX_PINS = 50
"""Of one room: more than that nobody keeps in view."""
_RETRY_MS = 500


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


def _require_edit(sender: str, author: str, text: str) -> None:
    if sender != author:
        raise Refused(ErrorCode.FORBIDDEN, "event: only its author may edit it")
    if not text.strip():
        raise Refused(ErrorCode.BAD_REQUEST, "text: empty; delete the message instead")


def _require_emoji(emoji: str) -> None:
    if any(c.isspace() or category(c) == "Cc" for c in emoji):
        raise Refused(ErrorCode.BAD_REQUEST, "emoji: contains white space or a control character")


def screened(body: Body, filters: Iterable[Filters]) -> tuple[Body, tuple[str, ...]]:
    """Return what is to be stored of a message or its new text, and which of its words are flagged.

    Raises Refused where rules refuse it.
    """
    if not isinstance(body, MessagePosted | MessageEdited) or not isinstance(body.text, str):
        return body, ()
    found = screen(body.text, filters)
    return structs.replace(body, text=found.text), found.flagged


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
