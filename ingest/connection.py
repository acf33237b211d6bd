"""One WebSocket on the node's side as RFC 6455 has it: frames become messages, and breaches end it.

There may be tens of thousands, most of them silent: a connection keeps nothing that it can do without,
no buffer above all. `ingest.upgrade` makes one of a socket.
"""

import asyncio
import logging
from collections.abc import Callable
from enum import Enum, auto
from typing import Any, ClassVar, cast

from ingest import frames
from ingest.deflate import NotDeflated, TooLong, inflate
from ingest.frames import Breach, framed, next_frame
from roomlog import metrics
from roomlog.errors import CloseCode
from roomlog.protocol.terms import FRAME_BYTES

CLOSING_S = 1.0
_log = logging.getLogger(__name__)


class State(Enum):
    """How far a connection is."""

    OPEN = auto()
    CLOSING = auto()
    """The close frame is sent; the client's answer is still looked for."""
    FAILED = auto()
    """What comes cannot be understood any more."""


class Connection(asyncio.Protocol):
    """Calls `on_message` for each text message that comes; 0 `window_bits` if compression is not agreed."""

    __slots__ = (
        "_begun",
        "_deflated",
        "_loop",
        "_needed",
        "_on_message",
        "_parts",
        "_state",
        "_transport",
        "binary",
        "fd",
        "heard_at",
        "may_wait",
        "out",
        "pings",
        "stalled_at",
        "window_bits",
    )

    message_bytes: ClassVar[int] = FRAME_BYTES
    """A message has at most so many, in however many frames and however it is compressed."""
    takes_binary: ClassVar[bool] = False

    def __init__(self, on_message: Callable[[Any, bytes], None], window_bits: int) -> None:
        self.window_bits = window_bits
        self.heard_at = 0.0
        self.pings = 0
        """Pings that are not answered."""
        self.stalled_at = 0.0
        """Since when more waits for the client to read than should; 0: it does not."""
        self.binary = False
        """Whether the message that comes is binary."""
        self.out: asyncio.Transport | None = None
        """Where frames go out; None: not yet, or not any more."""
        self.fd = -1
        """The socket's descriptor. While nothing waits, frames can be written to it past all else."""
        self.may_wait = False
        """Whether something may wait to be sent; where not, nothing does."""
        self._on_message = on_message
        self._loop = asyncio.get_running_loop()
        self._begun: bytearray | None = None
        """A frame that is not all there yet."""
        self._needed = 0
        """How many bytes it has at least."""
        self._parts: bytearray | None = None
        """A message of which not all frames are there yet."""
        self._deflated = False
        self._transport: asyncio.Transport | None = None
        self._state = State.OPEN

    @property
    def is_open(self) -> bool:
        """Whether frames still go out."""
        return self.out is not None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The handshake is answered."""
        self._transport = self.out = made = cast(asyncio.Transport, transport)
        self.fd = made.get_extra_info("socket").fileno()
        self.may_wait = made.get_write_buffer_size() > 0
        self.heard_at = self._loop.time()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._transport = None
        self._end_sending()

    # In.

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        if self._begun is not None:
            self._begun += data
            if len(self._begun) < self._needed:
                return
            data, self._begun = bytes(self._begun), None
        if self._state is State.FAILED:
            return
        try:
            at = self._take_frames(data)
            if at < len(data):
                self._begun = bytearray(memoryview(data)[at:])
                self._needed = frames.bytes_needed(self._begun)
        except Breach as breach:
            self._fail(breach.code, breach.reason)
        except Exception:
            _log.exception("a connection is closed: what it sent cannot be dealt with")
            self._fail(frames.INTERNAL_ERROR, "an error of the server's")

    def _take_frames(self, data: bytes) -> int:
        """Take the frames of which all is there; return where the next one begins."""
        at = 0
        while (found := next_frame(data, at, self.message_bytes)) is not None:
            first, payload, at = found
            self.heard_at = self._loop.time()
            self.pings = 0
            if self._state is not State.OPEN:
                self._on_frame_after_close(first)
            elif first == frames.FIN_TEXT and self._parts is None:
                self._on_message(self, payload)
            else:
                self._on_other(first, payload)
        return at

    def _on_frame_after_close(self, first: int) -> None:
        if first & 0x0F == frames.CLOSE and self._transport is not None:
            self._transport.close()

    def _on_other(self, first: int, payload: bytes) -> None:
        """A control frame, one of a message in several frames, or a compressed or binary message."""
        match first & 0x0F:
            case frames.CLOSE:
                self._answer_close(frames.closing_code(payload))
            case frames.PING:
                if not self.stalled_at:  # nobody piles up pongs here
                    self.send_frame(framed(payload, frames.PONG))
            case frames.PONG:
                pass
            case opcode:
                self._on_part(first, opcode, payload)

    def _answer_close(self, code: int) -> None:
        self._say_goodbye(code, "")
        if self._transport is not None:
            self._transport.close()

    def _on_part(self, first: int, opcode: int, payload: bytes) -> None:
        starts, deflated = opcode != frames.CONTINUATION, bool(first & frames.RSV1)
        if starts is (self._parts is not None):
            told = "a message begins within another" if starts else "there is nothing to continue"
            raise Breach(frames.PROTOCOL_ERROR, told)
        if deflated and not (starts and self.window_bits):
            told = "compression is not agreed, or not at this place"
            raise Breach(frames.PROTOCOL_ERROR, told)
        if opcode == frames.BINARY and not self.takes_binary:
            raise Breach(CloseCode.BAD_FRAME, "binary frames are not part of the protocol")
        if starts:
            self._parts, self._deflated = bytearray(), deflated
            self.binary = opcode == frames.BINARY
        self._add(cast(bytearray, self._parts), payload, is_last=bool(first & frames.FIN))

    def _add(self, parts: bytearray, payload: bytes, *, is_last: bool) -> None:
        if len(parts) + len(payload) > self.message_bytes:
            raise Breach(frames.TOO_BIG, f"more than {self.message_bytes} bytes")
        parts += payload
        if is_last:
            self._parts = None
            self._on_message(self, self._whole(bytes(parts)))
            self.binary = False

    def _whole(self, message: bytes) -> bytes:
        if not self._deflated:
            return message
        try:
            return inflate(message, self.message_bytes)
        except TooLong:
            raise Breach(frames.TOO_BIG, f"more than {self.message_bytes} bytes") from None
        except NotDeflated:
            raise Breach(frames.INVALID_DATA, "not compressed as it says") from None

    def refuse_text(self) -> None:
        """End the connection of a client that sends what is not UTF-8."""
        self.close(frames.INVALID_DATA, "not UTF-8")

    # Out.

    def send_frame(self, frame: bytes) -> None:
        """Send a whole frame, or the rest of one that was sent in part, after what waits already."""
        if self.out is not None:
            self.out.write(frame)
            self.may_wait = self.out.get_write_buffer_size() > 0

    def pause_writing(self) -> None:
        """More waits for the client than it should."""
        if not self.stalled_at:
            self.stalled_at = self._loop.time()

    def resume_writing(self) -> None:
        """The client has read."""
        self.stalled_at = 0.0

    # The end.

    def close(self, code: int, reason: str) -> None:
        """Say why, then disconnect within a second, however slow the client is."""
        self.say_last_words()
        if self.out is not None:
            metrics.WS_CLOSED.labels(str(int(code))).inc()
            self._say_goodbye(code, reason)

    def _fail(self, code: int, reason: str) -> None:
        """End the connection of a client whose bytes make no sense (any more)."""
        self.close(code, reason)
        self._state = State.FAILED
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write_eof()  # and read on: to close now might take the goodbye back

    def _say_goodbye(self, code: int, reason: str) -> None:
        if (out := self.out) is not None:
            self._state = State.CLOSING
            self._end_sending()
            out.write(frames.close_frame(code, reason))
            self._loop.call_later(CLOSING_S, self._abort)  # what waits for it may never be read

    def _end_sending(self) -> None:
        self.out = self._parts = None

    def say_last_words(self) -> None:
        """Send what waits to be sent, before the close frame."""

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()
