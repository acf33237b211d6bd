"""The client: commands out, frames in, rooms followed over a connection that is kept up."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterable, Mapping
from types import TracebackType
from typing import Any, Self

import msgspec

from roomlog.client.commands import Commands
from roomlog.client.connection import Addresses, Connection, ConnectionEnded, Token
from roomlog.client.events import RoomEvents
from roomlog.client.following import Followed, Following
from roomlog.client.mailbox import Load, Mailbox
from roomlog.client.notices import Notices
from roomlog.client.policy import backoff_s
from roomlog.client.replies import Frame, Reply, read_line
from roomlog.errors import ErrorCode, Refused
from roomlog.protocol.frames import Ack
from roomlog.protocol.terms import FRAME_BYTES
from roomlog.signals import PresenceState

_NOTED = frozenset({"sub", "unsub", "presence"})
_OF_A_ROOM = frozenset({"event", "reset", "error"})
_encode = msgspec.json.Encoder().encode


class Client(Connection, Commands):
    """One signed-in connection, kept up; make it with `connect`, end it with `close` or `async with`.

    Iterating gives every frame that is not the answer to a command, as a dict: `hello` (after each
    connect), `event`, `caught_up`, `reset`, `typing`, `presence`, `notify`; and `error` with a `room` that
    cannot be followed any more. Events come once, in order, and without a gap. Of a room that `room`
    follows, events, `reset` and `error` come there instead.

    Memory is bounded (mailbox.py) whether frames are taken or not: the client stops following a room of
    which 1,000 events wait, and resumes it when half are taken; with 10,000 frames waiting it drops what
    is no event, `reset` or `error`. Commands and their answers never wait for that.
    """

    def __init__(self, addresses: Addresses, token: Token) -> None:
        super().__init__(addresses, token)
        self._ids = itertools.count(1)
        self._pending: dict[int, tuple[bytes, asyncio.Future[Ack]]] = {}
        self._outbox: list[bytes] = []
        self._presence: PresenceState = "online"
        self._following, self._notices, self._load = Following(), Notices(), Load()
        self._mailbox = Mailbox(self._load)
        self._diverted: dict[str, Mailbox] = {}

    @classmethod
    async def connect(cls, urls: Addresses, token: Token, timeout_s: float = 15.0) -> "Client":
        """Return a client that is connected to one of the addresses, tried in their order.

        `token` is an access token, or a coroutine function that gives a good one for each connect (and
        raises ConnectionEnded where one has to sign in again); `urls` may be such a function too. Raises
        ConnectionEnded (refused) or TimeoutError.
        """
        client = cls.start(urls, token)
        try:
            async with asyncio.timeout(timeout_s):
                await asyncio.shield(client._ready)
        except BaseException:
            await client.close()
            raise
        return client

    @classmethod
    def start(cls, urls: Addresses, token: Token) -> "Client":
        """Return a client at once that connects in the background; commands wait until it has."""
        client = cls(urls, token)
        client._spawn(client._run())
        return client

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    @property
    def cursors(self) -> Mapping[str, str]:
        """The followed rooms, each with the cursor of the last event that came."""
        return {room: f.feed.cursor or "" for room, f in self._following.rooms.items()}

    # Commands.

    def submit(self, command: Mapping[str, Any]) -> asyncio.Future[Ack]:
        """Send a command at the end of this turn; the future is that of `request`."""
        number, future = self._issue(command)
        if command["op"] in _NOTED and not future.done():
            self._note(number, command)
        return future

    async def request(self, command: Mapping[str, Any]) -> Ack:
        """Send a command and return its ack, however many reconnects later.

        Raises Refused (with the node's code; retry a retryable one with the same key, or use `perform`)
        or ConnectionEnded. Cancelling leaves open whether it took effect.
        """
        return await self.submit(command)

    def typing(self, room: str) -> None:
        """Tell a room that one types; lost when there is no connection."""
        self._write_line(_encode({"op": "typing", "room": room}))

    async def renew(self, token: str) -> Ack:
        """Go on with a newer token of the same user, on this connection and later ones."""
        if isinstance(self._token, str):
            self._token = token
        return await self.perform({"op": "auth", "token": token})

    def _issue(self, command: Mapping[str, Any]) -> tuple[int, asyncio.Future[Ack]]:
        future: asyncio.Future[Ack] = self._loop.create_future()
        number = next(self._ids)
        line = _encode({**command, "id": number})
        if self._ended is not None:
            future.set_exception(self._ended)
        elif len(line) > FRAME_BYTES:
            told = f"the command has more than {FRAME_BYTES} bytes"
            future.set_exception(Refused(ErrorCode.TOO_LARGE, told))
        else:
            self._pending[number] = (line, future)
            self._write_line(line)
        return number, future

    def _note(self, number: int, command: Mapping[str, Any]) -> None:
        match command["op"]:
            case "sub":
                self._following.ask(number, command["room"], command.get("cursor"))
            case "unsub":
                self._following.drop(command["room"])
            case "presence":
                self._presence = command["state"]

    def _issue_own(self, command: Mapping[str, Any]) -> int:
        """Send a command of the client's own, of which nobody awaits the answer."""
        number, future = self._issue(command)
        future.add_done_callback(lambda done: done.cancelled() or done.exception())
        return number

    def _write_line(self, line: bytes) -> None:
        if self._held:
            return  # whatever waits for an answer is sent when connected again
        if not self._outbox:
            self._loop.call_soon(self._flush)
        self._outbox.append(line)

    def _flush(self) -> None:
        lines, self._outbox = self._outbox, []
        if self._socket is not None:
            self._socket.send(lines)

    # What comes.

    def room(self, room: str, cursor: str | None = None) -> RoomEvents:
        """Follow a room for an `async with`, from now or from a cursor; iterate that for its events."""
        return RoomEvents(self, Mailbox(self._load), room, cursor)

    async def __aiter__(self) -> AsyncIterator[Frame]:
        while (frame := await self.take(self._mailbox)) is not None:
            yield frame

    async def take(self, mailbox: Mailbox) -> Frame | None:
        """Return the next frame of a mailbox, or None at the end; rooms that were put aside may go on."""
        frame = await mailbox.take()
        for followed in self._following.aside():
            if self._load.is_light(followed.room):
                self._follow_again(followed)
        return frame

    def divert(self, room: str, mailbox: Mailbox | None) -> None:
        """Hand on a room's frames there instead; with None not any more."""
        if mailbox is None:
            self._diverted.pop(room, None)
        else:
            self._diverted[room] = mailbox
            if self._ended is not None:
                mailbox.close()

    def leave_off(self, room: str) -> None:
        """Stop following a room without waiting for the node to say so."""
        if room in self._following.rooms and self._ended is None:
            self._issue_own({"op": "unsub", "room": room})
        self._following.drop(room)

    def raise_if_refused(self) -> None:
        """Raise ConnectionEnded if the nodes, not the program, ended the connection."""
        if self._ended is not None and not self._closed_here:
            raise self._ended

    def _on_line(self, line: bytes) -> None:
        frame = read_line(line)
        if isinstance(frame, Reply):
            self._on_reply(frame)
            return
        match frame.get("op"):
            case "event":
                self._sift(frame)
                return
            case "caught_up" if not self._following.caught_up(frame):
                return
            case "reset":
                self._following.drop(frame["room"])
            case "reconnect":
                self._spawn(self._replace(frame["within_ms"] / 1000))
            case None:
                return
            case "notify" if not self._notices.is_new(frame["d"]):
                return
        self._give(frame)

    def _sift(self, frame: Frame) -> None:
        """Hand on an event that is new; ask for what is missing; stop asking where nobody takes it."""
        room: str = frame["room"]
        match self._following.accept(frame):
            case "apply":
                self._give(frame)
                if self._load.is_full(room) and room in self._following.rooms:
                    self._following.put_aside(room)
                    self._issue_own({"op": "unsub", "room": room})
            case "gap":
                self._ask_again(self._following.rooms[room])

    def _give(self, frame: Frame) -> None:
        if not self._load.has_place(frame):
            return
        mailbox = self._diverted.get(frame["room"]) if frame["op"] in _OF_A_ROOM else None
        (mailbox or self._mailbox).put(frame)

    def _on_reply(self, reply: Reply) -> None:
        found = self._pending.pop(reply.id, None) if reply.id is not None else None
        if (refused := self._following.answered(reply)) is not None:
            self._on_room_refused(refused, reply)
        if found is None:
            self._give(msgspec.to_builtins(reply))
        elif found[1].done():
            return
        elif reply.is_ack:
            found[1].set_result(reply.ack())
        else:
            found[1].set_exception(reply.refusal())

    def _on_room_refused(self, followed: Followed, reply: Reply) -> None:
        if self._following.is_lost(followed, reply):
            self._following.drop(followed.room)
            error = reply.refusal()
            told = {"op": "error", "room": followed.room, "code": error.code}
            self._give({**told, "message": error.message})
            return
        wait = max((reply.retry_after_ms or 0) / 1000, backoff_s(followed.refusals))
        self._loop.call_later(wait, self._follow_again, followed)

    def _follow_again(self, followed: Followed) -> None:
        if not self._held and self._following.wants(followed):
            self._ask_again(followed)

    def _ask_again(self, followed: Followed) -> None:
        cursor = {"cursor": followed.feed.cursor} if followed.feed.cursor else {}
        number = self._issue_own({"op": "sub", "room": followed.room, **cursor})
        self._following.ask_again(number, followed)

    # The connection.

    def _on_connected(self, hello: Frame) -> None:
        self._following.disconnected()
        self._give(hello)
        self._resume()

    def _on_disconnected(self) -> None:
        self._following.disconnected()

    def _on_end(self, why: ConnectionEnded) -> None:
        waiting, self._pending = self._pending, {}
        for _, future in waiting.values():
            if not future.done():
                future.set_exception(why)
                future.exception()  # told to whoever waits; nobody has to
        for mailbox in (self._mailbox, *self._diverted.values()):
            mailbox.close()

    def _unanswered(self) -> Iterable[asyncio.Future[Any]]:
        return [future for _, future in self._pending.values()]

    def _resume(self) -> None:
        for number in [n for n, p in self._pending.items() if p[1].cancelled()]:
            del self._pending[number]
            self._following.forget(number)
        self._outbox = [line for line, _ in self._pending.values()]
        self._flush()
        if self._presence != "online":
            self._issue_own({"op": "presence", "state": self._presence})
        for followed in self._following.to_resume():
            self._ask_again(followed)
