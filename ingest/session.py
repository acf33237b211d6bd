"""A signed-in connection: lines out, who it is, and how long it may stay."""

import asyncio
import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

from ingest.connection import Connection
from ingest.deflate import Deflater
from ingest.frames import PING, framed
from roomlog.errors import CloseCode
from roomlog.protocol.terms import PING_MS
from roomlog.signals import PresenceState
from roomlog.tokens import Claims

STALLED_BYTES = 256 * 1024
"""More than this waiting makes a client one that is behind: it gets no ephemerals any more."""
_RESUMED_BYTES = 64 * 1024
STALLED_S = 7.5
"""With the tick of a second and the second for the goodbye: gone 10 s after it has stalled."""
_DRAIN_POLL_S = 0.02
_PING_FRAME = framed(b"", PING)

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

    def share(self, sessions: Iterable["Session"], line: bytes) -> None:
        """Send a line to all of these at the end of this turn."""
        lines, waiting = (line,), self._sessions
        if not waiting:
            self._loop.call_soon(self.flush)
        for session in sessions:
            if session.lines is None:
                session.lines = lines
                waiting.append(session)
            else:
                session.write(line)

    def flush(self) -> None:
        """Send now."""
        sessions, self._sessions = self._sessions, []
        of: Sequence[bytes] | None = None
        frames: dict[int, bytes] = {}
        for session in sessions:
            lines, session.lines = session.lines, None
            if lines is None or session.out is None:
                continue
            if lines is not of:
                of, frames = lines, {}
            frame = frames.get(session.window_bits)
            if frame is None:
                frame = frames[session.window_bits] = self.frame(lines, session.window_bits)
            if session.may_wait:
                session.send_frame(frame)
                continue
            try:  # most of a delivery's cost is this call: there is none around it
                sent = os.write(session.fd, frame)
            except OSError:
                sent = 0  # full, or gone: the transport finds out which
            if sent != len(frame):
                session.send_frame(frame[sent:])
        self.deflater.forget()

    def frame(self, lines: Sequence[bytes], window_bits: int) -> bytes:
        """Return a message of these lines as a frame, compressed if there are window bits."""
        if window_bits:
            message, deflated = self.deflater.message(lines, window_bits)
            return framed(message, deflated=deflated)
        return framed(lines[0] if len(lines) == 1 else b"\n".join(lines))


class Session(Connection):
    """A signed-in connection.

    `on_open` is called once, then `on_frame` for each text message, then `on_end` once.
    """

    __slots__ = (
        "_on_end",
        "_on_open",
        "_outbox",
        "lines",
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
        self.lines: Sequence[bytes] | None = None
        """What was written in this turn; a tuple is shared with others. None: nothing."""

    # Out.

    def write(self, line: bytes) -> None:
        """Send lines at the end of this turn."""
        if self.lines is None:
            self.lines = [line]
            self._outbox.add(self)
        elif isinstance(self.lines, list):
            self.lines.append(line)
        else:
            self.lines = [*self.lines, line]

    def write_ephemeral(self, line: bytes) -> None:
        """Send a line that may be dropped: not to a client that is behind already."""
        if not self.stalled_at:
            self.write(line)

    def send_frame(self, frame: bytes) -> None:
        """Send a frame after what waits already; too much of that ends the connection."""
        super().send_frame(frame)
        if not self.stalled_at or self.out is None:
            return
        if self.out.get_write_buffer_size() > self.flooded_bytes:
            self.close(CloseCode.SLOW_CONSUMER, "reads too slowly; reconnect and resume")

    def say_last_words(self) -> None:
        """Send what waits to be sent, before the close frame."""
        if self.lines is not None:
            lines, self.lines = self.lines, None
            self.send_frame(self._outbox.frame(lines, self.window_bits))

    async def drained(self) -> None:
        """Wait until the client has read most of what was sent, or the connection is over."""
        await asyncio.sleep(0)
        while self.stalled_at and self.is_open:  # noqa: ASYNC110  # no event for each socket
            await asyncio.sleep(_DRAIN_POLL_S)

    # Time.

    def tick(self, now: float, wall: float) -> None:
        """Once a second or so: end what has to end. `now` is the loop's time, `wall` since 1970."""
        if self.out is None:
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
            self.send_frame(_PING_FRAME)

    # Beginning and end.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The handshake is answered."""
        super().connection_made(transport)
        if self.out is not None:
            self.out.set_write_buffer_limits(STALLED_BYTES, _RESUMED_BYTES)
        self._on_open(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        super().connection_lost(exc)
        self._on_end(self)


class Stranger(Connection):
    """A connection without a subprotocol that this node speaks: it is told so and closed."""

    def __init__(self) -> None:
        super().__init__(_ignore, 0)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The handshake is answered; that is all there will be."""
        super().connection_made(transport)
        self.close(CloseCode.NO_SUBPROTOCOL, "offer the subprotocol roomlog.v1.json")


def _ignore(connection: Any, message: bytes) -> None:
    pass
