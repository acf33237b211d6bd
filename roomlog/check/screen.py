"""What a client displays of a room, folded from the events that reach it. Pure.

The rules are those of the read models, so that a screen and the database agree: an event counts once,
by its id; an edit or a deletion of a message that the screen does not have changes nothing; a deleted
message stays as a tombstone and is not edited any more; reactions stay under it. A deletion that is taken
back brings back what was said, but not the pin that it ended.
"""

from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Struct, field

from roomlog.check.facts import LogEvent
from roomlog.check.history import Frame

Event = Frame | LogEvent


class Message(Struct, gc=False):
    """One message as it is shown; `text` is None once deleted (or where only keys would open it)."""

    id: str
    sender: str
    text: str | None
    reply_to: str | None = None
    edited: bool = False
    deleted: bool = False
    reactions: dict[str, list[str]] | None = None
    """Emoji -> users; None while there are none."""
    kept: str | None = None
    """What a deleted one said."""


class Screen(Struct):
    """A room on a screen: messages from top to bottom by id, members with their roles."""

    messages: dict[str, Message] = field(default_factory=dict)
    members: dict[str, str] = field(default_factory=dict)
    name: str = ""
    pins: dict[str, str] = field(default_factory=dict)
    """Message that is kept in view -> who pinned it."""
    applied: set[str] = field(default_factory=set)
    """Ids of events other than messages that took effect."""


def apply(screen: Screen, event: Event) -> None:
    """Show an event; the second time it changes nothing."""
    if event.type == "MessagePosted":
        if event.id not in screen.messages:
            screen.messages[event.id] = _posted(event)
    elif event.id not in screen.applied:
        screen.applied.add(event.id)
        if rule := _RULES.get(event.type):
            rule(screen, event.sender, event.d)


def fold(events: Iterable[Event]) -> Screen:
    """Return what a client shows that got these events and no others."""
    screen = Screen()
    for event in events:
        apply(screen, event)
    return screen


def _posted(event: Event) -> Message:
    return Message(event.id, event.sender, _text(event.d), event.d.get("reply_to"))


def _text(d: dict[str, Any]) -> str | None:
    text = d.get("text")
    return text if isinstance(text, str) else None


def _edit(screen: Screen, _sender: str, d: dict[str, Any]) -> None:
    message = screen.messages.get(d["event"])
    if message is not None and not message.deleted:
        message.text, message.edited = _text(d), True


def _delete(screen: Screen, _sender: str, d: dict[str, Any]) -> None:
    screen.pins.pop(d["event"], None)
    message = screen.messages.get(d["event"])
    if message is not None and not message.deleted:
        message.kept, message.text, message.deleted = message.text, None, True


def _restore(screen: Screen, _sender: str, d: dict[str, Any]) -> None:
    message = screen.messages.get(d["event"])
    if message is not None and message.deleted:
        message.text, message.kept, message.deleted = message.kept, None, False


def _pin(screen: Screen, sender: str, d: dict[str, Any]) -> None:
    screen.pins.setdefault(d["event"], sender)


def _unpin(screen: Screen, _sender: str, d: dict[str, Any]) -> None:
    screen.pins.pop(d["event"], None)


def _react(screen: Screen, sender: str, d: dict[str, Any]) -> None:
    if (message := screen.messages.get(d["event"])) is None:
        return
    if message.reactions is None:
        message.reactions = {}
    users = message.reactions.setdefault(d["emoji"], [])
    if sender not in users:
        users.append(sender)


def _unreact(screen: Screen, sender: str, d: dict[str, Any]) -> None:
    message = screen.messages.get(d["event"])
    if message is None or message.reactions is None:
        return
    users = message.reactions.get(d["emoji"], [])
    if sender in users:
        users.remove(sender)
    if not users:
        message.reactions.pop(d["emoji"], None)


def _create(screen: Screen, _sender: str, d: dict[str, Any]) -> None:
    screen.name = d["name"]
    screen.members.update((m["user_id"], m["role"]) for m in d.get("members", ()))


def _enter(screen: Screen, _sender: str, d: dict[str, Any]) -> None:
    screen.members.setdefault(d["user"], d.get("role", "member"))


def _exit(screen: Screen, _sender: str, d: dict[str, Any]) -> None:
    screen.members.pop(d["user"], None)


def _change_role(screen: Screen, _sender: str, d: dict[str, Any]) -> None:
    if d["user"] in screen.members:
        screen.members[d["user"]] = d["role"]


def _rename(screen: Screen, _sender: str, d: dict[str, Any]) -> None:
    screen.name = d["name"]


_RULES: dict[str, Callable[[Screen, str, dict[str, Any]], None]] = {
    "RoomCreated": _create,
    "RoomRenamed": _rename,
    "MemberJoined": _enter,
    "MemberInvited": _enter,
    "MemberLeft": _exit,
    "MemberRemoved": _exit,
    "MemberRoleChanged": _change_role,
    "MessageEdited": _edit,
    "MessageDeleted": _delete,
    "MessageRestored": _restore,
    "MessagePinned": _pin,
    "MessageUnpinned": _unpin,
    "ReactionAdded": _react,
    "ReactionRemoved": _unreact,
}
