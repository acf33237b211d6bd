"""Valkey: this node's lease, and the channels that it listens to."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import hiredis
from redis.asyncio import Redis
from redis.exceptions import ConnectionError, RedisError, ResponseError

from ingest.patience import Countdown, patience
from roomlog.deliveries import ALL_NODES, REVOKED_SESSIONS, node_channel
from roomlog.leases import (
    KNOWN_NODES,
    LEASE_MS,
    RENEW_EVERY_S,
    Lease,
    encode_lease,
    lease_key,
)
from roomlog.reads import KEPT_S, markers_key

_TIMEOUT_S = 2.0
_BACKOFF_S = 0.2
_CHECK_EVERY_S = 5.0
_log = logging.getLogger(__name__)

OnMessage = Callable[[str, bytes], None]


def connect(url: str) -> Redis:
    """Return a client; it connects when it is first used, and again after failures."""
    return Redis.from_url(
        url, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S, max_connections=16
    )


class _Wire(asyncio.Protocol):
    """A connection that is made: what was asked last, and what comes."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self.transport = transport
        self.is_open = True
        self._reader = hiredis.Reader()
        self._answer: asyncio.Future[Any] | None = None

    def ask(self, packed: bytes) -> "asyncio.Future[Any]":
        """Send a command; what it answers becomes the result, its end or a time limit an exception."""
        self._answer = answer = asyncio.get_running_loop().create_future()
        self.transport.write(packed)
        return answer

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        self._reader.feed(data)
        found = self._reader.gets()
        if found is not False and self._answer is not None and not self._answer.done():
            self._answer.set_result(found)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self.is_open = False
        self.give_up(ConnectionError("the server has ended the connection"))

    def give_up(self, error: Exception) -> None:
        """Tell whoever waits that there will be no answer."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)


class DedicatedConnection:
    """A connection of one caller, who waits for each answer before the next call.

    It does without what a client has for each call: a pool, a task, streams and their buffers, which cost a node
    more than all that it says. It connects when it is first used, and again after a failure.
    """

    def __init__(self, valkey: Redis) -> None:
        self._connection = valkey.connection_pool.make_connection()  # type: ignore[no-untyped-call]
        self._wire: _Wire | None = None

    async def call(self, packed: bytes, seconds: float) -> Any:
        """Send a command as it travels, and return its answer.

        Raises TimeoutError where that takes longer than some seconds, ConnectionError of redis-py where the
        connection has ended, also since the last call, ResponseError where the server refuses, and OSError.
        """
        if self._wire is None:
            async with patience(seconds):
                self._wire = await self._connect()
        wire = self._wire
        try:
            if not wire.is_open:
                raise ConnectionError("the server has ended the connection")
            answer = wire.ask(packed)
            limit = Countdown(seconds, lambda: wire.give_up(TimeoutError()))
            try:
                found = await answer
            finally:
                limit.cancel()
        except BaseException:
            self._abort()  # or the answer would be taken for that of the next call
            raise
        if isinstance(found, hiredis.ReplyError):
            raise ResponseError(str(found))
        return found

    async def _connect(self) -> _Wire:
        """Let redis-py connect, which knows of certificates, passwords and databases; then speak in its place."""
        await self._connection.disconnect(nowait=True)
        await self._connection.connect()
        transport = self._connection._writer.transport
        wire = _Wire(transport)
        transport.set_protocol(wire)
        return wire

    def _abort(self) -> None:
        if self._wire is not None:
            self._wire.transport.abort()
            self._wire = None

    async def close(self) -> None:
        """Disconnect."""
        self._abort()
        with suppress(RedisError, OSError):
            await self._connection.disconnect(nowait=True)


class LeaseKeeper:
    """Keeps the node's lease in Valkey as long as it runs."""

    def __init__(self, valkey: Redis, incarnation: str, lease: Lease) -> None:
        self._valkey, self._incarnation, self.lease = valkey, incarnation, lease

    async def renew_for_ever(self) -> None:
        """Renew the lease each second."""
        while True:
            await self.renew()
            await asyncio.sleep(RENEW_EVERY_S)

    async def renew(self) -> None:
        """Renew the lease once; Valkey being away is no reason to stop."""
        with suppress(RedisError, OSError, TimeoutError):
            async with asyncio.timeout(_TIMEOUT_S):
                async with self._valkey.pipeline(transaction=False) as together:
                    key = lease_key(self._incarnation)
                    together.set(key, encode_lease(self.lease), px=LEASE_MS)
                    together.sadd(KNOWN_NODES, self._incarnation)
                    await together.execute()

    async def give_up(self) -> None:
        """Delete the lease."""
        with suppress(RedisError, OSError, TimeoutError):
            async with asyncio.timeout(_TIMEOUT_S):
                await self._valkey.delete(lease_key(self._incarnation))
                await self._valkey.srem(KNOWN_NODES, self._incarnation)


_ADVANCE = f"""
-- Moves read markers forward. KEYS: each user's hash. ARGV: for each key a room and an offset.
for i = 1, #KEYS do
  local room, offset = ARGV[2 * i - 1], ARGV[2 * i]
  local held = redis.call('HGET', KEYS[i], room)
  if not held or tonumber(held) < tonumber(offset) then
    redis.call('HSET', KEYS[i], room, offset)
    redis.call('EXPIRE', KEYS[i], {KEPT_S})
  end
end
"""

Place = tuple[str, str]
"""A user and a room."""


class Markers:
    """The newest read markers; Valkey being away means that nothing is known of them."""

    def __init__(self, valkey: Redis) -> None:
        self._valkey = valkey
        self._advance = valkey.register_script(_ADVANCE)

    async def newest(self, places: Sequence[Place]) -> dict[Place, int]:
        """Return the offset up to which each has read, where it is known."""
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                async with self._valkey.pipeline(transaction=False) as together:
                    for user, room in places:
                        together.hget(markers_key(user), room)
                    found = await together.execute()
        except (RedisError, OSError, TimeoutError):
            return {}
        return {p: int(at) for p, at in zip(places, found, strict=True) if at is not None}

    async def advance(self, markers: Mapping[Place, int]) -> None:
        """Move markers forward that the log has; none goes back."""
        if not markers:
            return
        arguments = [part for (_, room), at in markers.items() for part in (room, at)]
        with suppress(RedisError, OSError, TimeoutError):
            async with asyncio.timeout(_TIMEOUT_S):
                await self._advance([markers_key(user) for user, _ in markers], arguments)


class Listener:
    """Listens to the node's channels for ever, subscribing again after each loss of the connection.

    `on_message(channel, data)` is called for each message, `on_loss()` when the connection is lost, and `on_return()`
    when it is back: what was published meanwhile is lost.
    """

    def __init__(
        self,
        url: str,
        incarnation: str,
        on_message: OnMessage,
        on_loss: Callable[[], None],
        on_return: Callable[[], None],
    ) -> None:
        self._url, self._on_message = url, on_message
        self._on_loss, self._on_return = on_loss, on_return
        self._channels = (node_channel(incarnation), ALL_NODES, REVOKED_SESSIONS)
        self.connected = asyncio.Event()

    async def run(self) -> None:
        """Listen until cancelled."""
        was_connected = False
        while True:
            client = Redis.from_url(self._url, socket_connect_timeout=_TIMEOUT_S)
            try:
                async with client.pubsub(ignore_subscribe_messages=True) as channels:
                    await channels.subscribe(*self._channels)
                    self.connected.set()
                    if was_connected:
                        self._on_return()
                    was_connected = True
                    await self._listen(channels.get_message, channels.ping)
            except (RedisError, OSError, TimeoutError) as error:
                _log.warning("Valkey is away, deliveries come from the log: %r", error)
            finally:
                if self.connected.is_set():
                    self.connected.clear()
                    self._on_loss()
                with suppress(RedisError, OSError):
                    await client.aclose()
            await asyncio.sleep(_BACKOFF_S)

    async def _listen(
        self, get_message: Callable[..., Awaitable[object]], ping: Callable[[], Awaitable[object]]
    ) -> None:
        while True:
            async with asyncio.timeout(_CHECK_EVERY_S + _TIMEOUT_S):
                message = await get_message(timeout=_CHECK_EVERY_S)
            if message is None:
                await ping()
            elif isinstance(message, dict) and message["type"] == "message":  # or "pong"
                self._on_message(message["channel"].decode(), message["data"])
