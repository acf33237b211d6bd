"""One WebSocket to a node. websocket-client opens it and sends; the frames that come are taken apart here.

A load generator that hears 250,000 deliveries in one process has no time for a call and two reads of the
socket for every frame: as many frames as one read brings are cut out of it at 3 us each with everything
that is made of them, instead of 14 us with the library's own `recv` (50 connections, one delivery a frame).
It needs nothing but blocking sockets, which gevent makes cooperative.
"""

import contextlib
import socket
from collections.abc import Iterator, Sequence

import websocket

from roomlog.protocol.terms import SUBPROTOCOL
from roomlog.websocket import NO_CLOSE_FRAME, frames_of

TROUBLE = (OSError, websocket.WebSocketException)
"""What opening, sending and reading raise when the node or the connection does not do as it should."""

_READ_BYTES = 64 * 1024
_CONTINUATION, _TEXT, _CLOSE, _PING = 0x0, 0x1, 0x8, 0x9


class Frames:
    """Cuts a stream of bytes into frames: `feed` bytes, then iterate over what is complete."""

    def __init__(self) -> None:
        self._buffer, self._at = b"", 0

    def feed(self, data: bytes) -> None:
        """Add what was read."""
        self._buffer = self._buffer[self._at :] + data
        self._at = 0

    def __iter__(self) -> Iterator[tuple[int, bool, bytes]]:
        """Yield opcode, whether it ends its message, and payload. Servers do not mask."""
        buffer, at = self._buffer, self._at
        while len(buffer) - at >= 2:
            first, size, start = buffer[at], buffer[at + 1], at + 2
            if size == 126:
                start = at + 4
                size = int.from_bytes(buffer[at + 2 : start])
            elif size == 127:
                start = at + 10
                size = int.from_bytes(buffer[at + 2 : start])
            if len(buffer) < start + size:
                break
            at = self._at = start + size
            yield first & 0x0F, first > 0x7F, buffer[start:at]


class Socket:
    """A connection that is open; `close_code` is why it ended once `messages` has."""

    def __init__(self, url: str, token: str, timeout_s: float, receive_bytes: int = 0) -> None:
        """Connect; raises TROUBLE. `receive_bytes` makes the kernel's buffer small."""
        small = (socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self._ws = websocket.create_connection(
            url,
            timeout=timeout_s,
            header={"Authorization": f"Bearer {token}"},
            subprotocols=[SUBPROTOCOL],
            sockopt=[small] if receive_bytes else [],
            suppress_origin=True,
            # From here on frames are read without the library, which would only guard its own reads.
            skip_utf8_validation=True,
        )
        assert self._ws.sock is not None  # noqa: S101  # it is connected
        self._sock = self._ws.sock
        self.close_code = NO_CLOSE_FRAME
        self._frames = Frames()

    def send(self, lines: Sequence[bytes]) -> None:
        """Send lines in as few frames as the nodes' limit allows; raises TROUBLE."""
        for frame in frames_of(lines):
            self._ws.send(frame)

    def messages(self, silence_s: float) -> Iterator[bytes]:
        """Yield text messages until the connection ends; raises TROUBLE where it does not end properly.

        So many seconds without even a ping are an end, too.
        """
        self._sock.settimeout(silence_s)
        parts: list[bytes] = []
        while data := self._sock.recv(_READ_BYTES):
            self._frames.feed(data)
            for kind, fin, payload in self._frames:
                if kind in (_TEXT, _CONTINUATION):
                    parts.append(payload)
                    if fin:
                        yield parts[0] if len(parts) == 1 else b"".join(parts)
                        parts.clear()
                elif kind == _PING:
                    self._ws.pong(payload)
                elif kind == _CLOSE:
                    self.close_code = int.from_bytes(payload[:2]) if payload else NO_CLOSE_FRAME
                    return

    def close(self) -> None:
        """Say goodbye and disconnect."""
        with contextlib.suppress(*TROUBLE):
            self._ws.send_close()
        self.abort()

    def abort(self) -> None:
        """Disconnect without a word, as a network that fails does; whoever reads hears of it."""
        with contextlib.suppress(*TROUBLE):
            self._sock.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(*TROUBLE):
            self._sock.close()
