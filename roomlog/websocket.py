"""One WebSocket of the protocol's client side: lines in, lines out, and why it closed."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from msgspec.json import Decoder
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from roomlog.protocol.terms import FRAME_BYTES, SUBPROTOCOL

_HELLO_TIMEOUT_S = 10.0
_MAX_FRAME_BYTES = 16 * 1024 * 1024
NO_CLOSE_FRAME = 1006

_decode = Decoder(dict[str, Any]).decode


class Socket(WSListener):
    """A connection to one node. `hello` is its first frame; `closed` resolves to the close code."""

    hello: dict[str, Any]

    def __init__(self, on_line: Callable[[bytes], None]) -> None:
        loop = asyncio.get_running_loop()
        self._on_line = on_line
        self._transport: WSTransport | None = None
        self._parts: list[bytes] = []
        self._code = NO_CLOSE_FRAME
        self._first: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[int] = loop.create_future()

    @classmethod
    async def open(cls, url: str, token: str, on_line: Callable[[bytes], None]) -> "Socket":
        """Connect and wait for `hello`; `on_line` gets every later line.

        Raises OSError, TimeoutError, or picows.WSHandshakeError with the HTTP answer. A node that closes
        before its `hello` gives a socket that is closed already.
        """
        socket = cls(on_line)
        await ws_connect(
            lambda: socket,
            url,
            extra_headers={
                "Authorization": f"Bearer {token}",
                "Sec-WebSocket-Protocol": SUBPROTOCOL,
            },
            enable_auto_ping=True,
            max_frame_size=_MAX_FRAME_BYTES,
        )
        try:
            async with asyncio.timeout(_HELLO_TIMEOUT_S):
                await asyncio.wait(
                    (socket._first, socket.closed), return_when=asyncio.FIRST_COMPLETED
                )
        except BaseException:
            socket.close()
            raise
        return socket

    @property
    def is_closed(self) -> bool:
        """Whether the connection is gone."""
        return self.closed.done()

    def send(self, lines: Sequence[bytes]) -> None:
        """Send lines in as few frames as the nodes' limit allows."""
        if self._transport is not None:
            for frame in frames_of(lines):
                self._transport.send(WSMsgType.TEXT, frame)

    def close(self) -> None:
        """Say goodbye and disconnect."""
        if self._transport is not None:
            self._transport.send_close()
            self._transport.disconnect()

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Take note of the transport (called by picows)."""
        self._transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Take a frame (called by picows)."""
        data = frame.get_payload_as_bytes()
        if frame.msg_type is WSMsgType.CLOSE:
            self._code = int.from_bytes(data[:2], "big") if len(data) >= 2 else NO_CLOSE_FRAME
            transport.send_close()
            transport.disconnect()
        elif frame.msg_type in (WSMsgType.TEXT, WSMsgType.CONTINUATION):
            self._on_text(data, frame.fin)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Tell who waits that the connection is gone (called by picows)."""
        if not self.closed.done():
            self.closed.set_result(self._code)

    def _on_text(self, data: bytes, fin: bool) -> None:
        if self._parts or not fin:
            self._parts.append(data)
            if not fin:
                return
            data, self._parts = b"".join(self._parts), []
        for line in data.split(b"\n"):
            if not self._first.done():
                self.hello = _decode(line)
                self._first.set_result(None)
            elif line:
                self._on_line(line)


def frames_of(lines: Sequence[bytes]) -> list[bytes]:
    """Join lines to frames of at most FRAME_BYTES each (a longer line is a frame of its own)."""
    frames, start, size = [], 0, 0
    for index, line in enumerate(lines):
        if size + len(line) > FRAME_BYTES and index > start:
            frames.append(b"\n".join(lines[start:index]))
            start, size = index, 0
        size += len(line) + 1
    if start < len(lines):
        frames.append(b"\n".join(lines[start:]))
    return frames
