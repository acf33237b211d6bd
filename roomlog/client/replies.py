"""Lines of a node, read: answers to commands, and all other frames as dicts."""

from typing import Any

import msgspec
from msgspec import Struct

from roomlog.errors import ErrorCode, Refused
from roomlog.protocol.frames import Ack

Frame = dict[str, Any]

_REPLIES = (b'{"op":"ack"', b'{"op":"error"')


class Reply(Struct):
    """An `ack` or an `error`."""

    op: str
    id: int | None = None
    event: str | None = None
    cursor: str | None = None
    room: str | None = None
    code: str = ""
    message: str = ""
    retryable: bool = False
    retry_after_ms: int | None = None
    until: str | None = None

    @property
    def is_ack(self) -> bool:
        """Whether the command is done."""
        return self.op == "ack"

    def ack(self) -> Ack:
        """Return what an `ack` says."""
        return Ack(self.id, self.event, self.cursor, self.room)

    def refusal(self) -> Refused:
        """Return what an `error` says; a code newer than this client becomes one of its kind."""
        try:
            code = ErrorCode(self.code)
        except ValueError:
            code = ErrorCode.UNAVAILABLE if self.retryable else ErrorCode.BAD_REQUEST
        return Refused(code, self.message, self.retry_after_ms, self.until)


_decode_reply = msgspec.json.Decoder(Reply).decode
_decode_frame = msgspec.json.Decoder(Frame).decode


def read_line(line: bytes) -> Reply | Frame:
    """Read a line of a node; raises msgspec.DecodeError."""
    if line.startswith(_REPLIES):
        return _decode_reply(line)
    frame = _decode_frame(line)
    return msgspec.convert(frame, Reply) if frame.get("op") in ("ack", "error") else frame
