"""One WebSocket on the node's side as RFC 6455 has it: frames become messages, and breaches end it.

picows parses the frames and refuses what one frame alone shows to be wrong: its opcode, mask, length.
"""

import asyncio
import socket
from collections.abc import Callable
from typing import Any, ClassVar, cast

from picows import (
    WSCloseCode,
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    WSUpgradeResponseWithListener,
    ws_create_server,
)

from ingest.deflate import NotDeflated, TooLong, inflate
from roomlog import metrics
from roomlog.errors import CloseCode
from roomlog.protocol import FRAME_BYTES

CLOSING_S = 1.0
HANDSHAKE_S = 5.0
_BACKLOG = 1_024
_READ_BUFFER = 2_048
_UNSENT_BYTES = 256 * 1024
_NORMAL = 1000
_PROTOCOL_ERROR = 1002
_INVALID_DATA = 1007
_NO_CODE = b""
_SENDABLE_CODES = frozenset({*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)})
"""RFC 6455, 7.4, and what IANA has added since; others must not come."""


class Connection(WSListener):
    """Calls `on_message` for each text message that comes; 0 `window_bits` if compression is not agreed."""

    __slots__ = (
        "_closing",
        "_deflated",
        "_loop",
        "_on_message",
        "_parts",
        "_transport",
        "binary",
        "heard_at",
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
        self._on_message = on_message
        self._loop = asyncio.get_running_loop()
        self._parts: bytearray | None = None
        self._deflated = False
        self._transport: WSTransport | None = None
        self._closing = False

    @property
    def is_open(self) -> bool:
        """Whether frames still go out."""
        return self._transport is not None and not self._closing

    # In: called by picows.

    def on_ws_connected(self, transport: WSTransport) -> None:
        """The handshake is done."""
        self._transport = transport
        self.heard_at = self._loop.time()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """A frame came."""
        self.heard_at = self._loop.time()
        self.pings = 0
        kind = frame.msg_type
        if self._closing:
            if kind == WSMsgType.CLOSE:
                transport.disconnect()
        elif frame.rsv2 or frame.rsv3:
            self.close(_PROTOCOL_ERROR, "a reserved bit is set")
        elif kind == WSMsgType.TEXT and frame.fin and self._parts is None and not frame.rsv1:
            self._on_message(self, frame.get_payload_as_bytes())
        elif kind in (WSMsgType.PING, WSMsgType.PONG, WSMsgType.CLOSE):
            self._on_control(transport, kind, frame)
        else:
            self._on_part(kind, frame)

    def _on_control(self, transport: WSTransport, kind: WSMsgType, frame: WSFrame) -> None:
        if frame.rsv1:
            self.close(_PROTOCOL_ERROR, "a control frame cannot be compressed")
        elif kind == WSMsgType.CLOSE:
            self._answer_close(transport, frame.get_payload_as_bytes()[:2])
        elif kind == WSMsgType.PING and not self.stalled_at:  # nobody piles up pongs here
            transport.send_pong(frame.get_payload_as_bytes())

    def _answer_close(self, transport: WSTransport, sent: bytes) -> None:
        code = int.from_bytes(sent, "big")
        if sent != _NO_CODE and code not in _SENDABLE_CODES:
            self.close(_PROTOCOL_ERROR, "not a close code that can be sent")
            return
        self._closing = True
        transport.send_close(cast(WSCloseCode, code if sent != _NO_CODE else _NORMAL))
        transport.disconnect()
        self._loop.call_later(CLOSING_S, self._abort)  # what waits for it may never be read

    def _on_part(self, kind: WSMsgType, frame: WSFrame) -> None:
        """A frame of a message in several frames, or of a compressed or binary one."""
        starts = kind != WSMsgType.CONTINUATION
        if starts is (self._parts is not None):
            told = "a message begins within another" if starts else "there is nothing to continue"
            self.close(_PROTOCOL_ERROR, told)
        elif frame.rsv1 and not (starts and self.window_bits):
            self.close(_PROTOCOL_ERROR, "compression is not agreed, or not at this place")
        elif kind == WSMsgType.BINARY and not self.takes_binary:
            self.close(CloseCode.BAD_FRAME, "binary frames are not part of the protocol")
        else:
            if starts:
                self._parts, self._deflated = bytearray(), frame.rsv1
                self.binary = kind == WSMsgType.BINARY
            self._add(cast(bytearray, self._parts), frame)

    def _add(self, parts: bytearray, frame: WSFrame) -> None:
        if len(parts) + frame.payload_size > self.message_bytes:
            self.close(CloseCode.TOO_BIG, f"more than {self.message_bytes} bytes")
            return
        parts += frame.get_payload_as_memoryview()
        if frame.fin:
            self._parts = None
            self._on_whole(bytes(parts))
            self.binary = False

    def _on_whole(self, message: bytes) -> None:
        if self._deflated:
            try:
                message = inflate(message, self.message_bytes)
            except TooLong:
                self.close(CloseCode.TOO_BIG, f"more than {self.message_bytes} bytes")
                return
            except NotDeflated:
                self.close(_INVALID_DATA, "not compressed as it says")
                return
        self._on_message(self, message)

    def refuse_text(self) -> None:
        """End the connection of a client that sends what is not UTF-8."""
        self.close(_INVALID_DATA, "not UTF-8")

    def pause_writing(self) -> None:
        """More waits for the client than it should."""
        if not self.stalled_at:
            self.stalled_at = self._loop.time()

    def resume_writing(self) -> None:
        """The client has read."""
        self.stalled_at = 0.0

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """The connection is gone."""
        handshake = transport.close_handshake
        if not self._closing and handshake is not None and handshake.sent is not None:
            code = int(cast(int, handshake.sent.code))  # picows refused a frame
            metrics.WS_CLOSED.labels(str(code)).inc()
        self._transport = None
        self._closing = True

    # The end.

    def close(self, code: int, reason: str) -> None:
        """Say why, then disconnect within a second, however slow the client is."""
        if self._closing or self._transport is None:
            return
        self.say_last_words()
        self._closing = True
        self._parts = None
        metrics.WS_CLOSED.labels(str(int(code))).inc()
        self._transport.send_close(cast(WSCloseCode, int(code)), reason.encode())
        self._loop.call_later(CLOSING_S, self._abort)

    def say_last_words(self) -> None:
        """Send what waits to be sent, before the close frame."""

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.disconnect(graceful=False)


async def serve(
    welcome: Callable[[WSUpgradeRequest], WSUpgradeResponseWithListener],
    host: str,
    port: int,
    message_bytes: int = FRAME_BYTES,
) -> asyncio.Server:
    """Listen; `welcome` answers each request. Raises OSError where the address cannot be had."""
    server = await ws_create_server(
        welcome,
        host,
        port,
        websocket_handshake_timeout=HANDSHAKE_S,
        enable_auto_pong=False,
        max_frame_size=message_bytes,
        read_buffer_init_size=_READ_BUFFER,
        backlog=_BACKLOG,
        reuse_address=True,
    )
    for one in server.sockets:  # accepted sockets inherit it
        # The kernel would hide megabytes of what a client does not read before this side sees any.
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT_BYTES)
    return server
