"""What the sessions of a node are sent in a turn: one frame each, of all its lines, in their order."""

import asyncio
import os
from array import array
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from ingest.deflate import Deflater
from ingest.followers import Followers, Roll
from ingest.frames import framed
from ingest.uring import Batch, Ring, Short

if TYPE_CHECKING:
    from ingest.session import Session

_TOGETHER = 32
"""Fewer than so many are not worth writing to together."""


class Outbox:
    """The sessions that have something to send.

    A line for all who follow a room is kept once, and written to all their sockets together. A session
    that has more to send in the turn, or to which nothing can be written past its transport, is left
    out there and has lines of its own.
    """

    def __init__(self, deflater: Deflater, ring: Ring | None = None) -> None:
        self.deflater = deflater
        self.apart: set[Session] = set()
        """Sessions for which something may wait to be sent already, and those that are about to end."""
        self._send = ring.send if ring is not None else write_each
        self._loop = asyncio.get_running_loop()
        self._sessions: list[Session] = []
        """Those with lines of their own."""
        self._shared: list[_Shared] = []

    def begin(self, session: "Session", line: bytes) -> None:
        """Send the first line that a session itself has in this turn, after those shared with others."""
        session.lines = [*self.take_back(session), line]
        self._add(session)

    def share(self, sessions: Iterable["Session"], line: bytes) -> None:
        """Send a line to all of these at the end of this turn."""
        lines = (line,)
        for session in sessions:
            if session.lines is not None:
                session.write(line)
                continue
            before = self.take_back(session) if self._shared else None
            session.lines = [*before, line] if before else lines
            self._add(session)

    def share_all(self, followers: Followers, line: bytes) -> None:
        """Send a line to all who follow a room at the end of this turn."""
        if len(followers) < max(_TOGETHER, 2 * (len(self._sessions) + len(self.apart))):
            self.share(followers, line)
            return
        roll = followers.roll()
        alone = roll.places.keys() & {*self._sessions, *self.apart}
        for shared in self._shared:
            alone |= shared.roll.places.keys() & roll.places.keys()
        if 2 * len(alone) > len(followers):
            self.share(followers, line)
            return
        self._wake()
        self._shared.append(_Shared(roll, line, {roll.places[session] for session in alone}))
        for session in alone:
            session.write(line)

    def take_back(self, session: "Session") -> list[bytes]:
        """Leave a session out of what is shared with others; return the lines that it would have got."""
        lines = []
        for shared in self._shared:
            place = shared.roll.places.get(session)
            if place is not None and place not in shared.without:
                shared.without.add(place)
                lines.append(shared.line)
        return lines

    def set_apart(self, session: "Session") -> None:
        """Something may wait for it: what it is to get in this turn goes behind that."""
        self.apart.add(session)
        if session.lines is None and (lines := self.take_back(session)):
            session.lines = lines
            self._add(session)

    def _add(self, session: "Session") -> None:
        self._wake()
        self._sessions.append(session)

    def _wake(self) -> None:
        if not self._sessions and not self._shared:
            self._loop.call_soon(self.flush)

    def flush(self) -> None:
        """Send now."""
        sessions, self._sessions = self._sessions, []
        shared, self._shared = self._shared, []
        if shared:
            self._send_shared(shared)
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

    def _send_shared(self, shared: Collection["_Shared"]) -> None:
        batches, places = [], []
        for one in shared:
            for window_bits, first, end in one.roll.ways:
                batches.append((one.fds(first, end), self.frame((one.line,), window_bits)))
                places.append((one, first, end))
        for number, place, sent in self._send(batches):
            one, first, end = places[number]
            session = one.session_at(place, first, end)
            session.send_frame(batches[number][1][sent:])

    def frame(self, lines: Sequence[bytes], window_bits: int) -> bytes:
        """Return a message of these lines as a frame, compressed if there are window bits."""
        if window_bits:
            message, deflated = self.deflater.message(lines, window_bits)
            return framed(message, deflated=deflated)
        return framed(lines[0] if len(lines) == 1 else b"\n".join(lines))


class _Shared:
    """A line for all of a roll but those at some places."""

    __slots__ = ("line", "roll", "without")

    def __init__(self, roll: Roll, line: bytes, without: set[int]) -> None:
        self.roll, self.line, self.without = roll, line, without

    def fds(self, first: int, end: int) -> "array[int]":
        """Return the descriptors at the places from one to another, but for those it is not for."""
        fds = self.roll.fds[first:end]
        for place in sorted(self.without, reverse=True):
            if first <= place < end:
                del fds[place - first]
        return fds

    def session_at(self, place: int, first: int, end: int) -> "Session":
        """Return whose descriptor has a place in `fds`."""
        kept = [p for p in range(first, end) if p not in self.without]
        return self.roll.session_at(kept[place])


def write_each(batches: Iterable[Batch]) -> list[Short]:
    """Do what `Ring.send` does, with a system call for each socket."""
    short = []
    for number, (fds, frame) in enumerate(batches):
        for place, fd in enumerate(fds):
            try:
                sent = os.write(fd, frame)
            except OSError:
                sent = 0
            if sent != len(frame):
                short.append((number, place, sent))
    return short
