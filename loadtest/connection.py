"""A user's connection that outlives its sockets: opened, read, replaced when it is lost, renewed."""

import random
import time
from abc import ABC, abstractmethod

import gevent
from gevent.event import Event

from loadtest.run import Run
from loadtest.websocket import TROUBLE, Socket
from roomlog.client.policy import STOP, backoff_s
from roomlog.errors import CloseCode

CONNECT_S = 10.0
_SILENCE_S = 60.0
"""Nodes ping every 25 s."""
_RENEW_AT = 0.7
_LINES_A_TURN = 200


class ChatError(RuntimeError):
    """The nodes refused something, or did not answer in time."""


class Connection(ABC):
    """Keeps a socket open to one of the nodes; a subclass says what travels on it.

    `receive_bytes` is the size of the kernel's buffer for what comes, 0 the usual one.
    """

    def __init__(self, run: Run, number: int, receive_bytes: int = 0) -> None:
        self.run, self.number = run, number
        self.account = run.place.accounts.sign_in(run.plan.run, number)
        self.reading = Event()
        """Cleared, the user reads nothing more, and the node has to cope."""
        self.reading.set()
        self._receive_bytes = receive_bytes
        self._socket: Socket | None = None
        self._turn = number
        self._closed = False
        self._greenlets: list[gevent.Greenlet] = []

    @abstractmethod
    def _on_line(self, line: bytes, now_us: int) -> None:
        """A line came."""

    @abstractmethod
    def _on_lost(self) -> None:
        """The connection is gone."""

    @abstractmethod
    def _on_back(self) -> None:
        """There is a new one."""

    @abstractmethod
    def _renew_with(self, token: str) -> None:
        """Go on with a newer token on this connection."""

    def connect(self) -> None:
        """Connect for the first time; raises ChatError. It is counted as `connect`."""
        began = time.perf_counter()
        try:
            self._socket = self._open()
        except TROUBLE as error:
            told = ChatError(f"{type(error).__name__}: {error}")
            self.run.fire("WS", "connect", since_ms(began), told)
            raise told from error
        self.run.fire("WS", "connect", since_ms(began))
        self._greenlets += [gevent.spawn(self._read), gevent.spawn(self._renew)]

    def drop(self) -> None:
        """Lose the connection, as a network that fails loses it; it is replaced."""
        if self._socket is not None:
            self._socket.abort()

    def close(self) -> None:
        """End for good."""
        self._closed = True
        if self._socket is not None:
            self._socket.close()
        gevent.killall(self._greenlets, block=False)

    def leave(self, within_ms: int) -> None:
        """Go to another node in time, but not at once as all others do."""
        gevent.sleep(random.uniform(0, within_ms / 2_000))  # noqa: S311  # jitter is no secret
        if self._socket is not None:
            self._socket.close()

    def _send(self, lines: list[bytes]) -> None:
        """Send, unless there is no connection: whatever is not answered is sent on the next one."""
        if self._socket is None or not lines:
            return
        try:
            self._socket.send(lines)
        except TROUBLE:
            self.drop()

    def _open(self) -> Socket:
        """Connect to the next node; the one after it is next then."""
        nodes = self.run.place.nodes
        url = nodes[self._turn % len(nodes)]
        self._turn += 1
        return Socket(url, self.account.token, CONNECT_S, self._receive_bytes)

    def _read(self) -> None:
        while self._socket is not None:
            code = self._read_all(self._socket)
            self._socket = None
            if self._closed:
                return
            self.run.counts[f"closed {code}"] += 1
            self._on_lost()
            if code in STOP:
                self.run.fire("WS", "connect", 0, ChatError(f"closed with {code}"))
                return
            if code in (CloseCode.TOKEN_EXPIRED, CloseCode.SESSION_REVOKED):
                self._sign_in_again()
            self._come_back()

    def _read_all(self, socket: Socket) -> int:
        """Take in what comes until the connection ends; return the close code."""
        in_turn = 0
        try:
            for message in socket.messages(_SILENCE_S):
                now, lines = time.time_ns() // 1_000, message.split(b"\n")
                for line in lines:
                    self._on_line(line, now)
                in_turn += len(lines)
                if in_turn > _LINES_A_TURN:  # gevent lets a reader go on while there is anything
                    in_turn = 0
                    gevent.sleep(0)
                if not self.reading.is_set():
                    self.reading.wait()
        except TROUBLE:
            pass  # lost is lost, in whichever way
        socket.abort()
        return socket.close_code

    def _come_back(self) -> None:
        failures = 0
        while self._socket is None:
            try:
                self._socket = self._open()
            except TROUBLE:
                self.run.counts["connects refused"] += 1
                gevent.sleep(backoff_s(failures))
                failures += 1
        self._on_back()

    def _renew(self) -> None:
        """Have a newer token before the old one ends."""
        while True:
            gevent.sleep(self.account.good_s * _RENEW_AT)
            self._sign_in_again()
            self._renew_with(self.account.token)

    def _sign_in_again(self) -> None:
        self.account = self.run.place.accounts.sign_in(self.run.plan.run, self.number)


def since_ms(began: float) -> float:
    """Return milliseconds since a `perf_counter`."""
    return (time.perf_counter() - began) * 1_000
