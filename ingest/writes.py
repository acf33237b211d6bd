"""Commands that write, on their way from a socket to the log: what they are and where they stand."""

from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from roomlog.errors import Refused
from roomlog.events import Attachment, ChatEvent
from roomlog.messages import NO_FILES
from roomlog.notifications import NO_HEADERS, Headers
from roomlog.protocol.commands import PostMessage, RoomCommand

if TYPE_CHECKING:
    from ingest.rooms import RoomState
    from ingest.tracing import TracedWrite

DIGEST_BYTES = 8
_SEPARATOR = b"\x1f"
_encode = msgspec.msgpack.Encoder().encode
_NOT_BODY = frozenset({"id", "key", "as_", "at"})

Reply = Callable[[bytes], None]
"""Sends a frame to whoever waits for the answer; does nothing once they are gone."""


class Target(NamedTuple):
    """A message as a command finds it: one that stands, one that was deleted, or none.

    Of a deleted one the author may not be known.
    """

    author: str | None
    deleted_by: str | None = None

    @property
    def standing_author(self) -> str | None:
        """Who posted it, None for one that was deleted or never was."""
        return self.author if self.deleted_by is None else None


class Write:
    """One command that leads to an event.

    `offset` is -1 until the event is known to be in the log. `value` is the record to produce, None
    where nothing has to be written (the event is there already, or the command changes nothing).
    """

    __slots__ = (
        "also",
        "base",
        "command",
        "digest",
        "event",
        "event_id",
        "files",
        "flagged",
        "headers",
        "offset",
        "received_at",
        "reply",
        "room_id",
        "sender",
        "target",
        "trace",
        "value",
        "via",
        "workspace",
    )

    def __init__(
        self,
        command: RoomCommand,
        reply: Reply | None,
        room_id: str,
        event_id: str,
        sender: str,
        via: str | None,
        received_at: float,
    ) -> None:
        self.command = command
        self.reply: Reply | None = reply
        self.room_id = room_id
        self.event_id = event_id
        self.sender = sender
        self.via = via
        self.received_at = received_at
        self.digest = digest_of(command)
        self.base = 0
        self.offset = -1
        self.value: bytes | None = None
        self.event: ChatEvent | None = None
        """What `value` holds: whoever follows the room here need not read it again."""
        self.headers: Headers = NO_HEADERS
        """Who is told of it beside those who follow the room."""
        self.target: Target | None = None
        """The message that it is about, where that had to be looked up."""
        self.files: Mapping[str, Attachment] | None = NO_FILES
        """The sender's files that it attaches, by id; None where they could not be looked up."""
        self.workspace: RoomState | Refused | None = None
        """The workspace that it is decided by; None: the room alone decides."""
        self.flagged: tuple[str, ...] = ()
        """Words of it that moderators want to know of."""
        self.trace: TracedWrite | None = None
        """Its spans, where it was chosen for tracing."""
        self.also: list[tuple[Reply | None, int]] | None = None
        """Who else waits for it: the same command again, under its own id."""


def digest_of(command: RoomCommand) -> bytes:
    """Return 8 bytes that tell one body from another under the same key; all but `id` counts."""
    if type(command) is PostMessage and not command.mentions and not command.attachments:
        text = f"send\x1f{command.reply_to or ''}\x1f{command.text}".encode()
    else:
        fields = {f: getattr(command, f) for f in command.__struct_fields__ if f not in _NOT_BODY}
        text = type(command).__name__.encode() + _SEPARATOR + _encode(fields)
    return blake2b(text, digest_size=DIGEST_BYTES).digest()
