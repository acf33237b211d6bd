"""A WebSocket client of the ingest nodes for Python programs: the API's writes, imports, chat, tests.

    client = await Client.connect(["ws://127.0.0.1:8101/ws", "ws://127.0.0.1:8102/ws"], token)
    ack = await client.request({"op": "send", "room": room, "key": new_id(), "text": "hello"})
    await client.subscribe(room)
    async for frame in client:
        print(frame)

Commands are plain dicts as in the protocol, without `id`. Those of one event-loop turn travel in one frame.
When a connection is lost the client goes to the next address by itself, follows its rooms from where they
were, and sends again, in their order and under the same keys, what was not answered; so each command still
takes effect once.
"""

import asyncio
import itertools
import logging
import random
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from roomlog.errors import RETRYABLE, CloseCode, ErrorCode, Refused
from roomlog.protocol import FRAME_BYTES, Ack
from roomlog.websocket import Socket

Frame = dict[str, Any]
Token = str | Callable[[], Awaitable[str]]
Addresses = Sequence[str] | Callable[[], Awaitable[Sequence[str]]]

_log = logging.getLogger(__name__)
_BACKOFF_S, _BACKOFF_MAX_S = 0.1, 5.0
_SHORT_LIFE_S = 1.0
_STOP = frozenset(
    {
        CloseCode.TOO_BIG,
        CloseCode.SESSION_REVOKED,
        CloseCode.BAD_FRAME,
        CloseCode.FORBIDDEN,
        CloseCode.NO_SUBPROTOCOL,
    }
)


class ConnectionEnded(ConnectionError):
    """The nodes do not want this client (token, protocol), or it was closed; nothing is tried again."""


class _Reply(Struct):
    op: str
    id: int | None = None
    event: str | None = None
    cursor: str | None = None
    room: str | None = None
    code: str = ""
    message: str = ""
    retryable: bool = False
    retry_after_ms: int | None = None


_encode = msgspec.json.Encoder().encode
_decode_reply = msgspec.json.Decoder(_Reply).decode
_decode_frame = msgspec.json.Decoder(Frame).decode
_REPLIES = (b'{"op":"ack"', b'{"op":"error"')


class Client:
    """One signed-in connection, kept up; make it with `connect`, end it with `close`.

    Iterating gives every frame that is not the answer to a command, as a dict: `hello` (after each
    connect), `event`, `caught_up`, `reset`, `typing`, `presence`, `notify`; and `error` with a `room` that
    cannot be followed any more. Frames wait in memory until taken.
    """

    def __init__(self, addresses: Addresses, token: Token) -> None:
        self.hello: Frame = {}
        """The last `hello`: node, user, session and limits."""
        self._addresses, self._token = addresses, token
        self._attempts = itertools.count()
        self._ids = itertools.count(1)
        self._loop = asyncio.get_running_loop()
        self._socket: Socket | None = None
        self._held = True
        self._pending: dict[int, tuple[bytes, asyncio.Future[Ack]]] = {}
        self._rooms: dict[str, str] = {}
        self._starts: dict[int, tuple[str, str | None]] = {}
        self._outbox: list[bytes] = []
        self._frames: deque[Frame] = deque()
        self._arrived = asyncio.Event()
        self._ready: asyncio.Future[None] = self._loop.create_future()
        self._ended: ConnectionEnded | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    async def connect(cls, urls: Addresses, token: Token, timeout_s: float = 15.0) -> "Client":
        """Return a client that is connected to one of the addresses, tried in their order.

        `token` is an access token, or a coroutine function that gives a good one for each connect;
        `urls` may be such a function too. Raises ConnectionEnded (refused) or TimeoutError.
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

    @property
    def connected(self) -> bool:
        """Whether a node is reached right now."""
        return self._socket is not None

    @property
    def ended(self) -> bool:
        """Whether the nodes refused this client, or it was closed; it does not come back."""
        return self._ended is not None

    @property
    def cursors(self) -> Mapping[str, str]:
        """The followed rooms, each with the cursor of the last event that came."""
        return self._rooms

    def submit(self, command: Mapping[str, Any]) -> asyncio.Future[Ack]:
        """Send a command at the end of this turn; the future is that of `request`."""
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
            if command["op"] == "sub":
                self._starts[number] = (command["room"], command.get("cursor"))
            self._write(line)
        return future

    async def request(self, command: Mapping[str, Any]) -> Ack:
        """Send a command and return its ack, however many reconnects later.

        Raises Refused (with the node's code; retry a retryable one with the same key) or
        ConnectionEnded. Cancelling leaves open whether it took effect.
        """
        return await self.submit(command)

    async def subscribe(self, room: str, cursor: str | None = None) -> Ack:
        """Follow a room from now, or from a cursor (everything after it comes first)."""
        start = {} if cursor is None else {"cursor": cursor}
        return await self.request({"op": "sub", "room": room, **start})

    async def unsubscribe(self, room: str) -> Ack:
        """Stop following a room."""
        self._rooms.pop(room, None)
        return await self.request({"op": "unsub", "room": room})

    def typing(self, room: str) -> None:
        """Tell a room that one types; lost when there is no connection."""
        self._write(_encode({"op": "typing", "room": room}))

    async def __aiter__(self) -> AsyncIterator[Frame]:
        while True:
            while self._frames:
                yield self._frames.popleft()
            if self._ended is not None:
                return
            self._arrived.clear()
            await self._arrived.wait()

    async def close(self) -> None:
        """Disconnect; what is not answered yet raises ConnectionEnded."""
        self._end("closed by this client")
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # Commands out.

    def _write(self, line: bytes) -> None:
        if self._held:
            return  # whatever waits for an answer is sent when connected again
        if not self._outbox:
            self._loop.call_soon(self._flush)
        self._outbox.append(line)

    def _flush(self) -> None:
        lines, self._outbox = self._outbox, []
        if self._socket is not None:
            self._socket.send(lines)

    # Frames in.

    def _on_line(self, line: bytes) -> None:
        if line.startswith(_REPLIES):
            self._on_reply(_decode_reply(line))
            return
        frame = _decode_frame(line)
        match frame.get("op"):
            case "ack" | "error":
                self._on_reply(msgspec.convert(frame, _Reply))
                return
            case "event" | "caught_up" if frame["room"] in self._rooms:
                self._rooms[frame["room"]] = frame["cursor"]
            case "reset":
                self._rooms.pop(frame["room"], None)
            case "reconnect":
                self._spawn(self._move(frame["within_ms"] / 1000))
        self._give(frame)

    def _give(self, frame: Frame) -> None:
        self._frames.append(frame)
        self._arrived.set()

    def _on_reply(self, reply: _Reply) -> None:
        found = self._pending.pop(reply.id, None) if reply.id is not None else None
        if found is None or reply.id is None:
            self._give(msgspec.to_builtins(reply))
            return
        done = reply.op == "ack"
        if (start := self._starts.pop(reply.id, None)) and done:
            # Resuming sends what follows the given cursor; until that came, it is where to go on from.
            self._rooms[start[0]] = start[1] or reply.cursor or ""
        if found[1].done():
            return
        if done:
            found[1].set_result(Ack(reply.id, reply.event, reply.cursor, reply.room))
        else:
            found[1].set_exception(_refusal(reply))

    # The connection.

    async def _run(self) -> None:
        failures = 0
        while self._ended is None:
            started = self._loop.time()
            try:
                self._stop_if_closed_for_good(await self._live())
                failures = failures + 1 if self._loop.time() - started < _SHORT_LIFE_S else 0
            except Exception as error:
                self._stop_if_refused(error)
                level = logging.DEBUG if failures else logging.WARNING  # once an outage
                _log.log(level, "no ingest node answers: %s: %s", type(error).__name__, error)
                failures += 1
            if self._ended is None:
                await asyncio.sleep(_backoff(failures))

    async def _live(self) -> int:
        """Connect, stay connected, and return the code that the connection was closed with."""
        token = await self._token() if callable(self._token) else self._token
        urls = await self._addresses() if callable(self._addresses) else self._addresses
        if not urls:
            raise ConnectionError("no ingest node is known")
        socket = await Socket.open(urls[next(self._attempts) % len(urls)], token, self._on_line)
        if not socket.is_closed:
            self._socket, self._held, self.hello = socket, False, socket.hello
            self._give(socket.hello)
            self._resume()
            if not self._ready.done():
                self._ready.set_result(None)
        try:
            return await socket.closed
        finally:
            self._socket, self._held = None, True

    def _resume(self) -> None:
        again = {n: p for n, p in self._pending.items() if not p[1].cancelled()}
        self._starts = {n: start for n, start in self._starts.items() if n in again}
        asked = {room for room, _ in self._starts.values()}
        self._pending, self._outbox = again, [line for line, _ in again.values()]
        self._flush()
        for room in set(self._rooms) - asked:
            self._follow_again(room)

    def _follow_again(self, room: str) -> None:
        if room in self._rooms and self._socket is not None:
            command = {"op": "sub", "room": room, "cursor": self._rooms[room]}
            self.submit(command).add_done_callback(lambda done: self._followed(room, done))

    def _followed(self, room: str, done: asyncio.Future[Ack]) -> None:
        error = None if done.cancelled() else done.exception()
        if not isinstance(error, Refused):
            return
        if error.code in RETRYABLE:
            self._loop.call_later((error.retry_after_ms or 500) / 1000, self._follow_again, room)
            return
        self._rooms.pop(room, None)
        self._give({"op": "error", "room": room, "code": error.code, "message": error.message})

    async def _move(self, within_s: float) -> None:
        # Not two connections at once: what is on its way here must not be overtaken elsewhere.
        socket = self._socket
        self._flush()
        self._held = True
        if waiting := [future for _, future in self._pending.values()]:
            await asyncio.wait(waiting, timeout=within_s / 2)
        if socket is not None:
            socket.close()

    def _stop_if_refused(self, error: Exception) -> None:
        status = getattr(getattr(error, "response", None), "status", None)
        if status == 403 or (status == 401 and isinstance(self._token, str)):
            self._end(f"the node refused the token (HTTP {int(status)}); sign in again")

    def _stop_if_closed_for_good(self, code: int) -> None:
        if code in _STOP or (code == CloseCode.TOKEN_EXPIRED and isinstance(self._token, str)):
            self._end(f"the node closed the connection: {code} {CloseCode(code).name.lower()}")

    def _end(self, why: str) -> None:
        if self._ended is not None:
            return
        self._ended, self._held = ConnectionEnded(why), True
        if self._socket is not None:
            self._socket.close()
        waiting: list[asyncio.Future[Any]] = [f for _, f in self._pending.values()]
        self._pending = {}
        for future in (*waiting, self._ready):
            if not future.done():
                future.set_exception(self._ended)
                future.exception()  # told to whoever waits; nobody has to
        self._arrived.set()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _backoff(failures: int) -> float:
    """Return a random number of seconds to wait, up to twice as long with each failure in a row."""
    longest: float = min(_BACKOFF_S * 2 ** min(failures, 10), _BACKOFF_MAX_S)
    return random.uniform(0, longest)  # noqa: S311  # jitter is no secret


def _refusal(reply: _Reply) -> Refused:
    try:
        code = ErrorCode(reply.code)
    except ValueError:  # newer than this client
        code = ErrorCode.UNAVAILABLE if reply.retryable else ErrorCode.BAD_REQUEST
    return Refused(code, reply.message, reply.retry_after_ms)
