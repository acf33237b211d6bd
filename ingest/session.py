"""One WebSocket on the node's side: frames in, frames out, and how it ends."""

import asyncio
import logging
from collections.abc import Callable
from typing import cast

from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport

from roomlog import metrics
from roomlog.errors import CloseCode
from roomlog.protocol import FRAME_BYTES, PING_MS
from roomlog.signals import PresenceState
from roomlog.tokens import Claims

STALLED_BYTES = 1024 * 1024
FLOODED_BYTES = 16 * STALLED_BYTES
STALLED_S = 10.0
_RESUMED_BYTES = 256 * 1024
_CLOSING_S = 1.0
_DRAIN_POLL_S = 0.02
_INVALID_TEXT = 1007
_PROTOCOL_ERROR = 1002

_log = logging.getLogger(__name__)

OnFrame = Callable[["Session", bytes], None]


class Outbox:
    """The sessions that have something to send; each gets one frame a turn, of all its lines."""

    def __init__(self) -> None:
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


class Session(WSListener):
    """A signed-in connection.

    `on_open` is called once, then `on_frame` for each text frame, then `on_end` once.
    """

    __slots__ = (
        "_closing",
        "_lines",
        "_on_end",
        "_on_frame",
        "_on_open",
        "_outbox",
        "_parts",
        "_transport",
        "heard_at",
        "pings",
        "presence",
        "rooms",
        "session_id",
        "stalled_at",
        "token",
        "user",
    )

    def __init__(
        self,
        claims: Claims,
        outbox: Outbox,
        on_open: Callable[["Session"], None],
        on_frame: OnFrame,
        on_end: Callable[["Session"], None],
    ) -> None:
        self.token = claims
        self.user = claims.user_id
        self.session_id = claims.session_id
        self.rooms: dict[str, object] = {}
        """The rooms that it follows or is about to follow."""
        self.presence: PresenceState = "online"
        """What its client says of its user."""
        self.heard_at = 0.0
        self.pings = 0
        """Pings that are not answered."""
        self.stalled_at = 0.0
        """Since when more than a megabyte waits for the client to read; 0: it does not."""
        self._on_open, self._on_frame, self._on_end = on_open, on_frame, on_end
        self._outbox = outbox
        self._lines: list[bytes] = []
        self._parts: list[bytes] | None = None
        self._transport: WSTransport | None = None
        self._closing = False

    @property
    def is_open(self) -> bool:
        """Whether frames still go out."""
        return self._transport is not None and not self._closing

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
        self._transport.send(WSMsgType.TEXT, lines[0] if len(lines) == 1 else b"\n".join(lines))
        if self.stalled_at and self._buffered() > FLOODED_BYTES:
            self.close(CloseCode.SLOW_CONSUMER, "reads too slowly; reconnect and resume")

    async def drained(self) -> None:
        """Wait until the client has read most of what was sent, or the connection is over."""
        await asyncio.sleep(0)
        while self.stalled_at and self.is_open:  # noqa: ASYNC110  # no event for each socket
            await asyncio.sleep(_DRAIN_POLL_S)

    def _buffered(self) -> int:
        if self._transport is None:
            return 0
        return int(self._transport.underlying_transport.get_write_buffer_size())

    def close(self, code: int, reason: str) -> None:
        """Say why, then disconnect within a second, however slow the client is."""
        if self._closing or self._transport is None:
            return
        if self._lines:
            self.flush()
        self._closing = True
        metrics.WS_CLOSED.labels(str(int(code))).inc()
        self._transport.send_close(cast(WSCloseCode, int(code)), reason.encode())
        asyncio.get_running_loop().call_later(_CLOSING_S, self._abort)

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.disconnect(graceful=False)

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

    # In: called by picows.

    def on_ws_connected(self, transport: WSTransport) -> None:
        """The handshake is done."""
        self._transport = transport
        transport.underlying_transport.set_write_buffer_limits(STALLED_BYTES, _RESUMED_BYTES)
        self.heard_at = asyncio.get_running_loop().time()
        self._on_open(self)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """A frame came."""
        self.heard_at = self._outbox._loop.time()
        self.pings = 0
        kind = frame.msg_type
        if self._closing:
            if kind == WSMsgType.CLOSE:
                transport.disconnect()
            return
        if kind == WSMsgType.TEXT and frame.fin and self._parts is None and not frame.rsv1:
            self._on_frame(self, frame.get_payload_as_bytes())
        elif kind == WSMsgType.CLOSE:
            self._answer_close(transport, frame)
        elif kind not in (WSMsgType.PING, WSMsgType.PONG):
            self._on_part(kind, frame)

    def _answer_close(self, transport: WSTransport, frame: WSFrame) -> None:
        self._closing = True
        code = frame.get_close_code()
        transport.send_close(code if code != WSCloseCode.NO_INFO else WSCloseCode.OK)
        transport.disconnect()

    def _on_part(self, kind: WSMsgType, frame: WSFrame) -> None:
        """A message in several frames, or one that is not allowed."""
        starts = kind != WSMsgType.CONTINUATION
        if kind == WSMsgType.BINARY:
            self.close(CloseCode.BAD_FRAME, "binary frames are not part of the protocol")
        elif frame.rsv1 or frame.rsv2 or frame.rsv3 or starts is (self._parts is not None):
            self.close(_PROTOCOL_ERROR, "not a frame that can come here")
        else:
            self._parts = [*(self._parts or ()), frame.get_payload_as_bytes()]
            if sum(map(len, self._parts)) > FRAME_BYTES:
                self.close(CloseCode.TOO_BIG, f"more than {FRAME_BYTES} bytes")
            elif frame.fin:
                message, self._parts = b"".join(self._parts), None
                self._on_frame(self, message)

    def refuse_text(self) -> None:
        """End the connection of a client that sends what is not UTF-8."""
        self.close(_INVALID_TEXT, "not UTF-8")

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """The connection is gone."""
        if self._transport is not None:
            self._transport = None
            self._closing = True
            self._on_end(self)

    def pause_writing(self) -> None:
        """More waits for the client than it should."""
        if not self.stalled_at:
            self.stalled_at = asyncio.get_running_loop().time()

    def resume_writing(self) -> None:
        """The client has read."""
        self.stalled_at = 0.0


class Stranger(WSListener):
    """A connection without a subprotocol that this node speaks: it is told so and closed."""

    def on_ws_connected(self, transport: WSTransport) -> None:
        """The handshake is done; that is all there will be."""
        metrics.WS_CLOSED.labels(str(int(CloseCode.NO_SUBPROTOCOL))).inc()
        code = cast(WSCloseCode, int(CloseCode.NO_SUBPROTOCOL))
        transport.send_close(code, b"offer the subprotocol roomlog.v1.json")
        asyncio.get_running_loop().call_later(_CLOSING_S, transport.disconnect, False)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Only the answer to the close frame counts."""
        if frame.msg_type == WSMsgType.CLOSE:
            transport.disconnect()
