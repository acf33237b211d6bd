"""Idempotency keys across nodes: the first to reserve an event id in Valkey writes the event.

`rk:{event id}` holds `{digest}{base offset}{incarnation}` for 24 hours: the digest of the command, an offset
that the log had reached before the event could be in it, and the node that writes it. All but the last are
bytes and not digits: a key for every message of a day is what Valkey's memory is full of.
"""

import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from redis.asyncio import Redis
from redis.exceptions import (
    ConnectionError,
    RedisError,
    ResponseError,
)

from ingest.patience import patience
from ingest.valkey import DedicatedConnection
from ingest.writes import DIGEST_BYTES, Write
from roomlog.leases import lease_key

KEPT_S = 86_400
_TIMEOUT_S = 0.5
_REST_S = 0.5
_PREFIX = b"rk:"
_ID_BYTES = 16
_BASE_BYTES = 6
_HEAD_BYTES = DIGEST_BYTES + _BASE_BYTES
_RECORD_BYTES = _ID_BYTES + _HEAD_BYTES

# All or none in one command, at a third of what the script costs: none of them is taken, as a rule.
_SET_ALL = b"*%d\r\n$6\r\nMSETEX\r\n$%d\r\n%b\r\n"
_PAIR = b"$%d\r\n%b%b\r\n$%d\r\n%b%b\r\n"
_UNLESS_TAKEN = b"$2\r\nNX\r\n$2\r\nEX\r\n$%d\r\n%d\r\n" % (len(str(KEPT_S)), KEPT_S)

_RESERVE = f"""
-- Reserves event ids. ARGV: this node's incarnation; records of {_RECORD_BYTES} bytes, each an event id
-- ({_ID_BYTES}) and what its value begins with. Answers the place and the value of each id that was taken.
local taken, owner, records = {{}}, ARGV[1], ARGV[2]
local call, sub = redis.call, string.sub
for place = 0, #records / {_RECORD_BYTES} - 1 do
  local at = place * {_RECORD_BYTES}
  local key = '{_PREFIX.decode()}' .. sub(records, at + 1, at + {_ID_BYTES})
  local value = sub(records, at + {_ID_BYTES + 1}, at + {_RECORD_BYTES}) .. owner
  local held = call('SET', key, value, 'NX', 'GET', 'EX', {KEPT_S})
  if held then
    taken[#taken + 1] = place
    taken[#taken + 1] = held
  end
end
return taken
"""

_TAKE_OVER = f"""
-- Takes a reservation over. KEYS: the key. ARGV: the value it had if its owner is gone (empty: it lives,
-- and must have given it up), the value to give it. Answers 1 if done.
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', {KEPT_S})
return 1
"""

_RELEASE = f"""
-- Gives reservations up. KEYS: the keys. ARGV: this node's incarnation; what others hold stays.
for _, key in ipairs(KEYS) do
  local held = redis.call('GET', key)
  if held and string.sub(held, {_HEAD_BYTES + 1}) == ARGV[1] then redis.call('DEL', key) end
end
"""

_log = logging.getLogger(__name__)


class KeysUnavailable(Exception):
    """Valkey did not answer; whoever reads the log drops repeated events."""


class ConnectionEnded(Exception):
    """The server has ended the connection since the last call; the next one makes another."""


class Reservation(NamedTuple):
    """Who holds an event id: the value of its key in Valkey."""

    digest: bytes
    base: int
    owner: str


class Keys:
    """Reserves event ids for one node, one call of `reserve` at a time."""

    def __init__(self, valkey: Redis, incarnation: str) -> None:
        self._valkey = valkey
        self._connection = DedicatedConnection(valkey)
        self._me = incarnation.encode()
        self._reserve = valkey.register_script(_RESERVE)
        self._take_over = valkey.register_script(_TAKE_OVER)
        self._release = valkey.register_script(_RELEASE)
        self._sets_all = True
        """Whether the server is not known to refuse MSETEX: Valkey has it since 9.1, Redis since 8.4."""
        self._rest_until = 0.0

    async def close(self) -> None:
        """Disconnect."""
        await self._connection.close()

    async def ask(self, about: Callable[[], Awaitable[None]]) -> None:
        """Ask Valkey something else under the same rules; raises KeysUnavailable."""
        with self._resting_after_failures():
            async with patience(_TIMEOUT_S):
                await about()

    async def reserve(self, writes: list[Write]) -> dict[int, Reservation]:
        """Reserve the ids of new writes; return those that were taken, by their place in the list.

        `base` of each write must be set. Raises KeysUnavailable, or ConnectionEnded, when nothing is known.
        """
        with self._resting_after_failures():
            if await self._reserve_all(writes):
                return {}
            records = b"".join([_id_bytes(w.event_id) + _head(w.digest, w.base) for w in writes])
            async with patience(_TIMEOUT_S):
                found = await self._reserve(args=[self._me, records])
        return {found[i]: _parse(found[i + 1]) for i in range(0, len(found), 2)}

    @contextmanager
    def _resting_after_failures(self) -> Iterator[None]:
        """Ask nothing for a moment after Valkey did not answer; raises KeysUnavailable then, and meanwhile."""
        if time.monotonic() < self._rest_until:
            raise KeysUnavailable
        try:
            yield
        except (RedisError, OSError, TimeoutError) as error:
            self._rest_until = time.monotonic() + _REST_S
            _log.warning("idempotency keys go unchecked, Valkey is away: %r", error)
            raise KeysUnavailable from error

    async def _reserve_all(self, writes: list[Write]) -> bool:
        """Reserve all of the ids; False: nothing is done, for some are taken or it cannot be done so.

        Raises ConnectionEnded.
        """
        if not self._sets_all or len({w.event_id for w in writes}) < len(writes):
            return False
        try:
            return bool(await self._connection.call(_set_all(writes, self._me), _TIMEOUT_S))
        except ResponseError as error:
            told = str(error)
            self._sets_all = not ("unknown command" in told or told.startswith("NOPERM"))
            return False
        except ConnectionError as error:
            raise ConnectionEnded from error

    async def take_over(self, write: Write, old: Reservation, *, lives: bool) -> bool:
        """Make this node the writer in place of `old.owner`; False if another was faster.

        While the owner lives, only what it has released is taken. Raises KeysUnavailable.
        """
        head = _head(old.digest, old.base)
        was = b"" if lives else head + old.owner.encode()
        try:
            async with patience(_TIMEOUT_S):
                return bool(
                    await self._take_over(keys=[_key(write.event_id)], args=[was, head + self._me])
                )
        except (RedisError, OSError, TimeoutError) as error:
            raise KeysUnavailable from error

    async def release(self, event_ids: list[str]) -> None:
        """Give up what this node has reserved and will not write; without Valkey it runs out by itself."""
        if not event_ids:
            return
        with suppress(RedisError, OSError, TimeoutError):
            async with patience(_TIMEOUT_S):
                await self._release(keys=[_key(i) for i in event_ids], args=[self._me])

    async def living(self, owners: set[str]) -> set[str]:
        """Return those of the incarnations whose leases are there; all if Valkey is away."""
        names = sorted(owners)
        try:
            async with patience(_TIMEOUT_S):
                leases = await self._valkey.mget([lease_key(n) for n in names])
        except (RedisError, OSError, TimeoutError):
            return owners
        return {name for name, lease in zip(names, leases, strict=True) if lease}


def _id_bytes(event_id: str) -> bytes:
    return bytes.fromhex(event_id.replace("-", ""))


def _key(event_id: str) -> bytes:
    return _PREFIX + _id_bytes(event_id)


def _head(digest: bytes, base: int) -> bytes:
    return digest + base.to_bytes(_BASE_BYTES, "big")


def _set_all(writes: list[Write], owner: bytes) -> bytes:
    """Return the command that reserves all of the ids, as it travels."""
    count = b"%d" % len(writes)
    key_size, value_size = len(_PREFIX) + _ID_BYTES, _HEAD_BYTES + len(owner)
    pairs = [
        _PAIR
        % (key_size, _PREFIX, _id_bytes(w.event_id), value_size, _head(w.digest, w.base), owner)
        for w in writes
    ]
    words = 1 + 1 + 2 * len(writes) + 3
    return b"".join((_SET_ALL % (words, len(count), count), *pairs, _UNLESS_TAKEN))


def _parse(value: bytes) -> Reservation:
    digest, base = value[:DIGEST_BYTES], value[DIGEST_BYTES:_HEAD_BYTES]
    return Reservation(digest, int.from_bytes(base, "big"), value[_HEAD_BYTES:].decode())
