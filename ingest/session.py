"""A signed-in connection: lines out, who it is, and how long it may stay."""

import asyncio
from collections.abc import Callable
from typing import ClassVar, cast

from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport

from ingest.connection import CLOSING_S, Connection
from ingest.deflate import Deflater
from roomlog import metrics
from roomlog.errors import CloseCode
from roomlog.protocol import PING_MS
from roomlog.signals import PresenceState
from roomlog.tokens import Claims

STALLED_BYTES = 256 * 1024
"""More than this waiting makes a client one that is behind: it gets no ephemerals any more."""
_RESUMED_BYTES = 64 * 1024
STALLED_S = 7.5
"""With the tick of a second and the second for the goodbye: gone 10 s after it has stalled."""
_DRAIN_POLL_S = 0.02

OnFrame = Callable[["Session", bytes], None]


class Outbox:
    """The sessions that have something to send; each gets one frame a turn, of all its lines."""

    def __init__(self, deflater: Deflater) -> None:
        self.deflater = deflater
        self._loop = asyncio.get_running_loop()
        self._sessions: list[Session] = []

    def add(self, session: "Session") -> None:
        """Send the session's lines at the end of this turn."""
        if not self._sessions:
            self._loop.call_soon(self.flush)
        self._sessions.append(session)

    def flush(self) -> None:
        """Send now."""
        sessions, self._sessions = self._sessions, []
        for session in sessions:
            session.flush()
        self.deflater.forget()


class Session(Connection):
    """A signed-in connection.

    `on_open` is called once, then `on_frame` for each text message, then `on_end` once.
    """

    __slots__ = (
        "_lines",
        "_on_end",
        "_on_open",
        "_outbox",
        "presence",
        "rooms",
        "session_id",
        "token",
        "user",
    )

    flooded_bytes: ClassVar[int] = 8 * 1024 * 1024
    """A client for which more than that waits is closed at once."""

    def __init__(
        self,
        claims: Claims,
        outbox: Outbox,
        on_open: Callable[["Session"], None],
        on_frame: OnFrame,
        on_end: Callable[["Session"], None],
        window_bits: int = 0,
    ) -> None:
        super().__init__(on_frame, window_bits)
        self.token = claims
        self.user = claims.user_id
        self.session_id = claims.session_id
        self.rooms: dict[str, object] = {}
        """The rooms that it follows or is about to follow."""
        self.presence: PresenceState = "online"
        """What its client says of its user."""
        self._on_open, self._on_end = on_open, on_end
        self._outbox = outbox
        self._lines: list[bytes] = []

    # Out.

    def write(self, line: bytes) -> None:
        """Send lines at the end of this turn."""
        if not self._lines:
            self._outbox.add(self)
        self._lines.append(line)

    def write_ephemeral(self, line: bytes) -> None:
        """Send a line that may be dropped: not to a client that is behind already."""
        if not self.stalled_at:
            self.write(line)

    def flush(self) -> None:
        """Send what was written in this turn as one frame."""
        lines, self._lines = self._lines, []
        if self._transport is None or self._closing:
            return
        if self.window_bits:
            message, deflated = self._outbox.deflater.message(lines, self.window_bits)
            self._transport.send(WSMsgType.TEXT, message, True, deflated)
        else:
            message = lines[0] if len(lines) == 1 else b"\n".join(lines)
            self._transport.send(WSMsgType.TEXT, message)
        if self.stalled_at and self._buffered() > self.flooded_bytes:
            self.close(CloseCode.SLOW_CONSUMER, "reads too slowly; reconnect and resume")

    def say_last_words(self) -> None:
        """Send what waits to be sent, before the close frame."""
        if self._lines:
            self.flush()

    async def drained(self) -> None:
        """Wait until the client has read most of what was sent, or the connection is over."""
        await asyncio.sleep(0)
        while self.stalled_at and self.is_open:  # noqa: ASYNC110  # no event for each socket
            await asyncio.sleep(_DRAIN_POLL_S)

    def _buffered(self) -> int:
        if self._transport is None:
            return 0
        return int(self._transport.underlying_transport.get_write_buffer_size())

    # Time.

    def tick(self, now: float, wall: float) -> None:
        """Once a second or so: end what has to end. `now` is the loop's time, `wall` since 1970."""
        if self._transport is None or self._closing:
            return
        if wall >= self.token.expires_at:
            self.close(CloseCode.TOKEN_EXPIRED, "the token has expired; get a new one")
        elif self.stalled_at and now - self.stalled_at > STALLED_S:
            self.close(CloseCode.SLOW_CONSUMER, "reads too slowly; reconnect and resume")
        elif now - self.heard_at > PING_MS / 1000 * (self.pings + 1):
            if self.pings == 2:
                self.close(CloseCode.NO_PONG, "two pings were not answered; reconnect and resume")
                return
            self.pings += 1
            self._transport.send_ping()

    # Called by picows.

    def on_ws_connected(self, transport: WSTransport) -> None:
        """The handshake is done."""
        super().on_ws_connected(transport)
        transport.underlying_transport.set_write_buffer_limits(STALLED_BYTES, _RESUMED_BYTES)
        self._on_open(self)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """The connection is gone."""
        if self._transport is not None:
            super().on_ws_disconnected(transport)
            self._on_end(self)


class Stranger(WSListener):
    """A connection without a subprotocol that this node speaks: it is told so and closed."""

    def on_ws_connected(self, transport: WSTransport) -> None:
        """The handshake is done; that is all there will be."""
        metrics.WS_CLOSED.labels(str(int(CloseCode.NO_SUBPROTOCOL))).inc()
        code = cast(WSCloseCode, int(CloseCode.NO_SUBPROTOCOL))
        transport.send_close(code, b"offer the subprotocol roomlog.v1.json")
        asyncio.get_running_loop().call_later(CLOSING_S, transport.disconnect, False)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Only the answer to the close frame counts."""
        if frame.msg_type == WSMsgType.CLOSE:
            transport.disconnect()
