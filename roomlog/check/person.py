"""A simulated person: a client whose every receive, reconnect and cursor is recorded, and what they see.

Everything is noted where it happens, in the callbacks of the connection, so that the order in the history
is the order on the wire.
"""

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from roomlog.check import screen
from roomlog.check.history import (
    Away,
    CaughtUp,
    Connected,
    Disconnected,
    Frame,
    Ok,
    Paused,
    Reset,
    Shown,
    Subscribed,
    Unfollowed,
    Unpaused,
    Writer,
    now_ns,
    offset_of,
)
from roomlog.check.shown import lines_of
from roomlog.client import Client, Token
from roomlog.client.replies import Reply
from roomlog.protocol.frames import Ack

_RECENT = 50
_SAID, _SAID_POSTS = 30, 8
_EVENT = b'{"op":"event"'
_REMOVALS = frozenset({"MemberLeft", "MemberRemoved"})
_ENTRIES = frozenset({"MemberJoined", "MemberInvited"})

Membership = Literal["out", "entering", "in", "leaving"]


@dataclass(slots=True)
class Seat:
    """A person's place in a room, as far as they know; `since` is when it last changed."""

    room: str
    membership: Membership = "out"
    owner: bool = False
    since: float = 0.0
    shown: screen.Screen = field(default_factory=screen.Screen)
    recent: deque[tuple[str, str]] = field(default_factory=lambda: deque(maxlen=_RECENT))
    """`(event id, sender)` of the messages that came last."""
    reacted: deque[tuple[str, str]] = field(default_factory=lambda: deque(maxlen=_RECENT))
    """`(event id, emoji)` of this person's reactions."""
    deleted: deque[str] = field(default_factory=lambda: deque(maxlen=_RECENT))
    """Event ids of what this person deleted."""
    pinned: deque[str] = field(default_factory=lambda: deque(maxlen=_RECENT))
    """Event ids of what this person pinned."""
    reached: int = -1
    """Offset of the last event that came."""
    caught_up: int = 0
    """When it was last caught up after a resume."""

    def turn(self, membership: Membership, now: float) -> None:
        """Note a change of membership."""
        self.membership, self.since = membership, now


class Person(Client):
    """One client with its recorder.

    `keep_screens` costs memory for every message, and lets `shown` say what is displayed.
    """

    def __init__(
        self,
        name: str,
        user: str,
        addresses: Callable[[], Awaitable[Sequence[str]]],
        token: Token,
        recorder: Writer,
        keep_screens: bool,
    ) -> None:
        self.online = asyncio.Event()
        self.online.set()

        async def when_online() -> Sequence[str]:
            await self.online.wait()
            return await addresses()

        super().__init__(when_online, token)
        self.name, self.user = name, user
        self.seats: dict[str, Seat] = {}
        self.connects = 0
        self.paused = False
        self.said: deque[tuple[int, Mapping[str, Any]]] = deque(maxlen=_SAID)
        """`(number, command)` of the operations that were acked last and are in the log."""
        self._recorder, self._keep_screens = recorder, keep_screens

    def begin(self) -> None:
        """Begin to connect."""
        self._spawn(self._run())

    async def connected_once(self, timeout_s: float) -> None:
        """Wait for the first connection; raises TimeoutError or ConnectionEnded."""
        async with asyncio.timeout(timeout_s):
            await asyncio.shield(self._ready)

    def seat(self, room: str) -> Seat:
        """Return this person's place in a room."""
        found = self.seats.get(room)
        if found is None:
            found = self.seats[room] = Seat(room)
        return found

    def keep_said(self, number: int, command: Mapping[str, Any]) -> None:
        """Remember an acked command, so that it may come again; of the many posts only some."""
        if command["op"] != "send" or number % _SAID_POSTS == 0:
            self.said.append((number, command))

    def say_again(self, rng: random.Random) -> None:
        """Send a command again that was acked, as one would who had not heard the answer."""
        if self.said:
            number, command = rng.choice(self.said)
            self.submit(command).add_done_callback(lambda reply: self._told_again(number, reply))

    def _told_again(self, number: int, reply: "asyncio.Future[Ack]") -> None:
        if not reply.cancelled() and reply.exception() is None:
            ack = reply.result()
            self._recorder.write(Ok(now_ns(), number, ack.event, ack.cursor))

    # What a person does to their connection.

    def move(self) -> None:
        """Drop the connection; the client goes on at the next node."""
        if self._socket is not None:
            self._socket.close()

    def go_offline(self, seconds: float) -> None:
        """Be away for some time."""
        self._recorder.write(Away(now_ns(), self.name))
        self.online.clear()
        self._loop.call_later(seconds, self.online.set)
        self.move()

    def pause(self, seconds: float) -> None:
        """Stop reading the socket for some time: a slow reader."""
        transport = self._transport()
        if transport is None or self.paused:
            return
        transport.pause_reading()
        self.paused = True
        self._recorder.write(Paused(now_ns(), self.name))
        self._loop.call_later(seconds, self._unpause, transport)

    def _unpause(self, transport: asyncio.ReadTransport) -> None:
        self.paused = False
        if not transport.is_closing():
            transport.resume_reading()
        self._recorder.write(Unpaused(now_ns(), self.name))

    def _transport(self) -> asyncio.ReadTransport | None:
        socket = self._socket
        if socket is None or socket._transport is None:
            return None
        found: asyncio.ReadTransport = socket._transport.underlying_transport
        return found

    def forget(self, room: str, why: str) -> None:
        """Do not follow the room any more, not even after a reconnect."""
        if room in self._following.rooms:
            self._following.drop(room)
            self._recorder.write(Unfollowed(now_ns(), self.name, room, why))

    def record_shown(self) -> None:
        """Record what is displayed of each room that is followed."""
        for room in self._following.rooms:
            shown = self.seat(room).shown
            lines, members = lines_of(shown), sorted(shown.members)
            pins = sorted(shown.pins)
            self._recorder.write(Shown(now_ns(), self.name, room, lines, members, pins))

    # What comes.

    def _on_line(self, line: bytes) -> None:
        if line.startswith(_EVENT):
            self._recorder.received(now_ns(), self.name, line)
        super()._on_line(line)

    def _give(self, frame: dict[str, Any]) -> None:
        match frame.get("op"):
            case "event":
                self._on_event(frame)
            case "caught_up":
                self._on_caught_up(frame["room"], frame["cursor"])
            case "hello":
                self.connects += 1
                self._recorder.write(Connected(now_ns(), self.name, self.user, frame["node"]))
            case "reset":
                self._on_reset(frame["room"], frame["reason"])
            case "error" if room := frame.get("room"):
                self._recorder.write(Unfollowed(now_ns(), self.name, room, frame["code"]))
                self.seat(room).turn("out", self._loop.time())

    def _on_event(self, frame: dict[str, Any]) -> None:
        room, kind, event = frame["room"], frame["type"], frame["id"]
        seat = self.seat(room)
        seat.reached = max(seat.reached, offset_of(frame["cursor"]))
        if kind == "MessagePosted":
            seat.recent.append((event, frame["sender"]))
        elif kind in _REMOVALS and frame["d"]["user"] == self.user:
            seat.turn("out", self._loop.time())
            if not self._following.is_replaying(room):  # else they may have come back since
                self._following.drop(room)
        elif kind in _ENTRIES and frame["d"]["user"] == self.user:
            seat.turn("in", self._loop.time())
        if self._keep_screens:
            del frame["op"]
            screen.apply(seat.shown, Frame(**frame))

    def _on_caught_up(self, room: str, cursor: str) -> None:
        seat = self.seat(room)
        seat.caught_up = now_ns()
        self._recorder.write(CaughtUp(now_ns(), self.name, room, cursor))
        if seat.membership == "out":
            self._following.drop(room)

    def _on_reset(self, room: str, reason: str) -> None:
        self._recorder.write(Reset(now_ns(), self.name, room, reason))
        self._spawn(self._follow_anew(room))

    async def _follow_anew(self, room: str) -> None:
        await self.subscribe(room)

    def _on_reply(self, reply: Reply) -> None:
        asked = self._following.asked(reply.id)
        cursor = asked.feed.cursor if asked else None
        super()._on_reply(reply)
        if asked is None or not reply.is_ack:
            return
        room = asked.room
        if cursor is None:
            seat = self.seat(room)
            seat.shown, seat.reached = screen.Screen(), offset_of(reply.cursor or ":-1")
        self._recorder.write(Subscribed(now_ns(), self.name, room, cursor, reply.cursor or "1:-1"))

    async def _live(self) -> int:
        try:
            code = await super()._live()
        except Exception:
            self._recorder.write(Disconnected(now_ns(), self.name, "cannot connect"))
            raise
        self._recorder.write(Disconnected(now_ns(), self.name, str(code)))
        return code
