"""What the chat client writes, as plain text or with colours. Pure."""

from datetime import datetime
from typing import Any, NamedTuple
from zlib import crc32

_COLOURS = (32, 33, 34, 35, 36, 91, 92, 93, 94, 95, 96)
_DIM = 2

HELP = """\
/join NAME   go to a room, which is made where there is none     /rooms  public rooms
/who         who is here                                         /me TEXT  tell what you do
/leave       stop being a member                                 /quit   end (also Ctrl-D)"""


class Ink(NamedTuple):
    """Colours or none."""

    colours: bool

    def name(self, name: str) -> str:
        """Return a name in its own colour."""
        return self._in(_COLOURS[crc32(name.encode()) % len(_COLOURS)], printable(name))

    def dim(self, text: str) -> str:
        """Return what is not so important."""
        return self._in(_DIM, text)

    def _in(self, code: int, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colours else text


def said(ink: Ink, time: str, name: str, message: dict[str, Any]) -> str:
    """Return a message as a line; a `text` that is no str is sealed. Files are named behind it."""
    stamp, text = ink.dim(local_time(time)), message.get("text")
    if not isinstance(text, str):
        return f"{stamp} {ink.name(name)}: {ink.dim('(sealed, or deleted)')}"
    if files := message.get("attachments"):
        text = f"{text} [{', '.join(file['name'] for file in files)}]".lstrip()
    if text.startswith("/me "):
        return f"{stamp} * {ink.name(name)} {printable(text[4:])}"
    return f"{stamp} {ink.name(name)}: {printable(text)}"


def happened(kind: str, name: str, whom: str, details: dict[str, Any]) -> str:
    """Return any other event as a line."""
    match kind:
        case "MemberJoined":
            return f"{whom} joined"
        case "MemberLeft":
            return f"{whom} left the room"
        case "MemberInvited" | "MemberRemoved":
            return f"{name} {'invited' if kind == 'MemberInvited' else 'removed'} {whom}"
        case "RoomCreated":
            return f"{name} created the room"
        case "RoomRenamed":
            return f"{name} renamed the room: {details.get('name')}"
        case "RoomTopicChanged":
            return f"{name} changed the topic: {details.get('topic')}"
        case "RoomLanguageChanged":
            return f"{name} changed the language: {details.get('language')}"
        case "MessageEdited":
            return f"{name} edited a message: {details.get('text')}"
        case "MessageDeleted":
            return f"{name} deleted a message"
        case "MessageRestored":
            return f"{name} took back that a message was deleted"
        case "MessagePinned" | "MessageUnpinned":
            return f"{name} {'pinned' if kind == 'MessagePinned' else 'unpinned'} a message"
        case "ReactionAdded" | "ReactionRemoved":
            verb = "reacts with" if kind == "ReactionAdded" else "takes back"
            return f"{name} {verb} {details.get('emoji')}"
    return f"{name}: {kind}"


def local_time(time: str) -> str:
    """Return `14:03` for a time of the protocol, by the clock of this machine."""
    return datetime.fromisoformat(time).astimezone().strftime("%H:%M")


def printable(text: str) -> str:
    """Return a text as one line: what would move the cursor or change colours becomes a middle dot."""
    return "".join(c if c.isprintable() else " ⏎ " if c == "\n" else "·" for c in text)
