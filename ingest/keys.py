"""Idempotency keys across nodes: the first to reserve an event id in Valkey writes the event.

`roomlog:key:{event id}` holds `digest:base offset:incarnation` for 24 hours: the digest of the command,
an offset that the log had reached before the event could be in it, and the node that writes it.
"""

import asyncio
import logging
import time
from contextlib import suppress
from typing import NamedTuple

from redis.asyncio import Redis
from redis.exceptions import RedisError

from ingest.writes import Write
from roomlog.leases import lease_key

KEPT_S = 86_400
_TIMEOUT_S = 0.5
_REST_S = 0.5
_RECORD = 36 + 16 + 1 + 14 + 1

_RESERVE = f"""
-- Reserves event ids. ARGV: this node's incarnation; records of {_RECORD} bytes, each an event id (36) and
-- `digest:base offset:`. Answers the place and the value of each id that was taken.
local taken, owner, records = {{}}, ARGV[1], ARGV[2]
local call, sub = redis.call, string.sub
for place = 0, #records / {_RECORD} - 1 do
  local at = place * {_RECORD}
  local key = 'roomlog:key:' .. sub(records, at + 1, at + 36)
  local value = sub(records, at + 37, at + {_RECORD}) .. owner
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

_RELEASE = """
-- Gives reservations up. KEYS: the keys. ARGV: this node's incarnation; what others hold stays.
for _, key in ipairs(KEYS) do
  local held = redis.call('GET', key)
  if held and string.sub(held, -#ARGV[1]) == ARGV[1] then redis.call('DEL', key) end
end
"""

_log = logging.getLogger(__name__)


class KeysUnavailable(Exception):
    """Valkey did not answer; whoever reads the log drops repeated events."""


class Reservation(NamedTuple):
    """Who holds an event id: the value of its key in Valkey."""

    digest: bytes
    base: int
    owner: str


class Keys:
    """Reserves event ids for one node; `valkey` is a connection of its own."""

    def __init__(self, valkey: Redis, incarnation: str) -> None:
        self._valkey = valkey
        self._incarnation = incarnation
        self._reserve = valkey.register_script(_RESERVE)
        self._take_over = valkey.register_script(_TAKE_OVER)
        self._release = valkey.register_script(_RELEASE)
        self._rest_until = 0.0

    async def reserve(self, writes: list[Write]) -> dict[int, Reservation]:
        """Reserve the ids of new writes; return those that were taken, by their place in the list.

        `base` of each write must be set. Raises KeysUnavailable.
        """
        records = b"".join(
            [b"%b%b:%014d:" % (w.event_id.encode(), w.digest, w.base) for w in writes]
        )
        if time.monotonic() < self._rest_until:
            raise KeysUnavailable
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                found = await self._reserve(args=[self._incarnation, records])
        except (RedisError, OSError, TimeoutError) as error:
            self._rest_until = time.monotonic() + _REST_S
            _log.warning("idempotency keys go unchecked, Valkey is away: %r", error)
            raise KeysUnavailable from error
        return {found[i]: _parse(found[i + 1]) for i in range(0, len(found), 2)}

    async def take_over(self, write: Write, old: Reservation, *, lives: bool) -> bool:
        """Make this node the writer in place of `old.owner`; False if another was faster.

        While the owner lives, only what it has released is taken. Raises KeysUnavailable.
        """
        was = b"" if lives else b"%b:%014d:%b" % (old.digest, old.base, old.owner.encode())
        now = b"%b:%014d:%b" % (old.digest, old.base, self._incarnation.encode())
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                key = f"roomlog:key:{write.event_id}"
                return bool(await self._take_over(keys=[key], args=[was, now]))
        except (RedisError, OSError, TimeoutError) as error:
            raise KeysUnavailable from error

    async def release(self, event_ids: list[str]) -> None:
        """Give up what this node has reserved and will not write; without Valkey it runs out by itself."""
        if not event_ids:
            return
        keys = [f"roomlog:key:{event_id}" for event_id in event_ids]
        with suppress(RedisError, OSError, TimeoutError):
            async with asyncio.timeout(_TIMEOUT_S):
                await self._release(keys=keys, args=[self._incarnation])

    async def living(self, owners: set[str]) -> set[str]:
        """Return those of the incarnations whose leases are there; all if Valkey is away."""
        names = sorted(owners)
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                leases = await self._valkey.mget([lease_key(n) for n in names])
        except (RedisError, OSError, TimeoutError):
            return owners
        return {name for name, lease in zip(names, leases, strict=True) if lease}


def _parse(value: bytes) -> Reservation:
    digest, base, owner = value.split(b":", 2)
    return Reservation(digest, int(base), owner.decode())
