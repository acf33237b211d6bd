"""A signed-in connection: lines out, who it is, and how long it may stay."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from ingest.connection import Connection
from ingest.frames import PING, framed
from ingest.outbox import Outbox
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
            self._outbox.begin(self, line)
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
        if self.out is None:
            return
        if self.may_wait:
            self._outbox.set_apart(self)
        else:
            self._outbox.apart.discard(self)
        if self.stalled_at and self.out.get_write_buffer_size() > self.flooded_bytes:
            self.close(CloseCode.SLOW_CONSUMER, "reads too slowly; reconnect and resume")

    def say_last_words(self) -> None:
        """Send what waits to be sent, before the close frame."""
        lines = self._outbox.take_back(self) if self.lines is None else self.lines
        self.lines = None
        if lines:
            self.send_frame(self._outbox.frame(lines, self.window_bits))

    def _end_sending(self) -> None:
        super()._end_sending()
        self._outbox.take_back(self)
        self._outbox.apart.add(self)

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
        if self.may_wait:
            self._outbox.set_apart(self)
        self._on_open(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        super().connection_lost(exc)
        self._on_end(self)
        self._outbox.apart.discard(self)


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
