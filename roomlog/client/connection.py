"""One signed-in connection that outlives its sockets: finding a node, coming back, moving, ending."""

import asyncio
import itertools
import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from typing import Any

from roomlog.client.policy import STOP, backoff_s
from roomlog.client.replies import Frame
from roomlog.errors import CloseCode
from roomlog.tasks import end
from roomlog.websocket import Socket

Token = str | Callable[[], Awaitable[str]]
Addresses = Sequence[str] | Callable[[], Awaitable[Sequence[str]]]

_log = logging.getLogger("roomlog.client")
_SHORT_LIFE_S = 1.0


class ConnectionEnded(ConnectionError):
    """The nodes do not want this client (token, protocol), or it was closed; nothing is tried again."""


class Connection(ABC):
    """Keeps a socket open to one of the addresses; a subclass says what travels on it."""

    def __init__(self, addresses: Addresses, token: Token) -> None:
        self.hello: Frame = {}
        """The last `hello`: node, user, session and limits."""
        self._addresses, self._token = addresses, token
        self._attempts = itertools.count()
        self._loop = asyncio.get_running_loop()
        self._socket: Socket | None = None
        self._lost: asyncio.Future[int] = self._loop.create_future()
        self._held = True
        """Whether lines have to wait for another connection."""
        self._ready: asyncio.Future[None] = self._loop.create_future()
        self._ended: ConnectionEnded | None = None
        self._closed_here = False
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def connected(self) -> bool:
        """Whether a node is reached right now."""
        return self._socket is not None

    @property
    def ended(self) -> bool:
        """Whether the nodes refused this client, or it was closed; it does not come back."""
        return self._ended is not None

    @abstractmethod
    def _on_connected(self, hello: Frame) -> None:
        """A node was reached."""

    @abstractmethod
    def _on_disconnected(self) -> None:
        """The socket is gone; another follows unless this has ended."""

    @abstractmethod
    def _on_end(self, why: ConnectionEnded) -> None:
        """Nothing will come any more."""

    @abstractmethod
    def _on_line(self, line: bytes) -> None:
        """A line came."""

    @abstractmethod
    def _flush(self) -> None:
        """Send what waits for the end of this turn."""

    @abstractmethod
    def _unanswered(self) -> Iterable[asyncio.Future[Any]]:
        """Return what a node that goes away should still answer."""

    async def close(self) -> None:
        """Disconnect; what is not answered yet raises ConnectionEnded."""
        if self._ended is None:
            self._closed_here = True
            self._end("closed by this client")
        await end(self._tasks)

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
                await asyncio.sleep(backoff_s(failures))

    async def _live(self) -> int:
        """Connect, stay connected, and return the code that the last connection was closed with."""
        self._lost = self._loop.create_future()
        try:
            self._take_over(await self._open())
            return await self._lost
        finally:
            self._socket, self._held = None, True
            self._on_disconnected()

    async def _open(self) -> Socket:
        token = await self._token() if callable(self._token) else self._token
        urls = await self._addresses() if callable(self._addresses) else self._addresses
        if not urls:
            raise ConnectionError("no ingest node is known")
        return await Socket.open(urls[next(self._attempts) % len(urls)], token, self._on_line)

    def _take_over(self, socket: Socket) -> None:
        """Go on with a new connection."""
        socket.closed.add_done_callback(lambda _: self._on_closed(socket))
        self._socket = socket
        if socket.is_closed:
            return
        self._held, self.hello = False, socket.hello
        self._on_connected(socket.hello)
        if not self._ready.done():
            self._ready.set_result(None)

    def _on_closed(self, socket: Socket) -> None:
        if self._socket is socket and not self._lost.done():
            self._lost.set_result(socket.closed.result())

    async def _replace(self, within_s: float) -> None:
        """Open a connection elsewhere while the draining node answers what it was asked, then leave it.

        What is new waits for the replacement, so that it does not overtake what is on its way.
        """
        draining = self._socket
        if draining is None or self._held:
            return
        self._flush()
        self._held = True
        opening = self._loop.create_task(self._open())
        try:
            await asyncio.wait([opening, *self._unanswered()], timeout=within_s / 2)
        finally:
            replacement = _result_of(opening)
            opening.cancel()
            if replacement is not None and self._socket is draining and self._ended is None:
                self._take_over(replacement)
            elif replacement is not None:
                replacement.close()
            draining.close()  # without a replacement, the next connect finds one

    def _stop_if_refused(self, error: Exception) -> None:
        status = getattr(getattr(error, "response", None), "status", None)
        if isinstance(error, ConnectionEnded):
            self._end(str(error))
        elif status == 403 or (status == 401 and isinstance(self._token, str)):
            self._end(f"the node refused the token (HTTP {int(status)}); sign in again")

    def _stop_if_closed_for_good(self, code: int) -> None:
        if code in STOP or (code == CloseCode.TOKEN_EXPIRED and isinstance(self._token, str)):
            self._end(f"the node closed the connection: {code} {CloseCode(code).name.lower()}")

    def _end(self, why: str) -> None:
        if self._ended is not None:
            return
        self._ended, self._held = ConnectionEnded(why), True
        if self._socket is not None:
            self._socket.close()
        if not self._ready.done():
            self._ready.set_exception(self._ended)
            self._ready.exception()  # told to whoever waits; nobody has to
        self._on_end(self._ended)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _result_of(opening: asyncio.Task[Socket]) -> Socket | None:
    """Return the connection that was opened, if it was."""
    if not opening.done() or opening.cancelled() or opening.exception() is not None:
        return None
    return opening.result()
