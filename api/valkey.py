"""What the API keeps and finds in Valkey: attempts, presence, node leases, revoked sessions."""

import logging
from collections.abc import Sequence
from contextlib import suppress

from msgspec import DecodeError
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError, RedisError

from api.problems import unavailable
from roomlog.deliveries import ALL_NODES, REVOKED_SESSIONS, PeopleChanged, encode_delivery
from roomlog.leases import (
    KNOWN_NODES,
    Lease,
    decode_lease,
    lease_key,
    presence_room_key,
    presence_user_key,
)
from roomlog.reads import markers_key

_TIMEOUT_S = 1.0
_AWAY = (RedisError, OSError, TimeoutError)
_log = logging.getLogger(__name__)


class Valkey:
    """Where a caller can go on without Valkey, it gets None; else Problem (503)."""

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=_TIMEOUT_S,
            socket_connect_timeout=_TIMEOUT_S,
            max_connections=64,
            # Connections that a restart of Valkey has ended are found out only when they are used.
            retry=Retry(NoBackoff(), 1),
            retry_on_error=[ConnectionError],
        )
        self._nodes: list[Lease] = []

    async def ping(self) -> None:
        """Raise if it does not answer."""
        await self._redis.ping()

    async def count(self, key: str, ttl_s: int, by: int = 1) -> int | None:
        """Add to a counter that is forgotten `ttl_s` after its start; return it, None when away."""
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.incrby(key, by)
                pipe.expire(key, ttl_s, nx=True)
                return int((await pipe.execute())[0])
        except _AWAY:
            return None

    async def room_presence(self, room: str) -> dict[str, str]:
        """Return `user -> state` of who is in a room; raises Problem (503)."""
        try:
            found = await self._redis.hgetall(presence_room_key(room))
        except _AWAY:
            raise unavailable("presence") from None
        return {str(user): str(state) for user, state in found.items()}

    async def user_presence(self, users: Sequence[str]) -> list[str | None]:
        """Return the state of each user over all nodes, None for offline; raises Problem (503)."""
        if not users:
            return []
        try:
            found = await self._redis.mget([presence_user_key(u) for u in users])
        except _AWAY:
            raise unavailable("presence") from None
        return [None if state is None else str(state) for state in found]

    async def read_markers(self, user: str) -> dict[str, int]:
        """Return how far a user has read, by room, where that is newer than 30 days; {} when away."""
        try:
            found = await self._redis.hgetall(markers_key(user))
        except _AWAY:
            return {}
        return {str(room): int(offset) for room, offset in found.items()}

    async def kept(self, key: str) -> str | None:
        """Return what was kept under a key; raises Problem (503)."""
        try:
            found = await self._redis.get(key)
        except _AWAY:
            raise unavailable("the cache") from None
        return None if found is None else str(found)

    async def keep(self, key: str, value: str, ttl_s: int) -> None:
        """Keep something for a while; best effort."""
        with suppress(*_AWAY):
            await self._redis.set(key, value, ex=ttl_s)

    async def claim(self, key: str, ttl_s: int) -> bool:
        """Tell whether this caller is the first one, until it gives the key up; raises Problem (503)."""
        try:
            return bool(await self._redis.set(key, "1", ex=ttl_s, nx=True))
        except _AWAY:
            raise unavailable("the cache") from None

    async def give_up(self, key: str) -> None:
        """Let others claim the key; best effort, it ends by itself."""
        with suppress(*_AWAY):
            await self._redis.delete(key)

    async def nodes(self) -> list[Lease]:
        """Return the living nodes that take new connections; the last ones known when Valkey is away."""
        try:
            known = sorted(str(node) for node in await self._redis.smembers(KNOWN_NODES))
            values = await self._redis.mget([lease_key(node) for node in known]) if known else []
            if gone := [node for node, value in zip(known, values, strict=True) if value is None]:
                await self._redis.srem(KNOWN_NODES, *gone)
        except _AWAY:
            return self._nodes
        self._nodes = sorted(_living(values), key=lambda lease: lease.name)
        return self._nodes

    async def announce_revoked(self, sessions: Sequence[str]) -> None:
        """Tell the nodes to close the sockets of these sessions; best effort, tokens end soon anyway."""
        try:
            for session in sessions:
                await self._redis.publish(REVOKED_SESSIONS, session)
        except _AWAY as error:
            _log.warning("cannot announce revoked sessions: %s", error)

    async def announce_people(self) -> None:
        """Tell the nodes to look at user.events now; best effort, they look each second anyway."""
        with suppress(*_AWAY):
            await self._redis.publish(ALL_NODES, encode_delivery(PeopleChanged()))

    async def forget(self, user: str) -> None:
        """Forget how far somebody has read; best effort, it ends by itself."""
        with suppress(*_AWAY):
            await self._redis.delete(markers_key(user))

    async def close(self) -> None:
        """Disconnect."""
        await self._redis.aclose()


def _living(values: Sequence[str | bytes | None]) -> list[Lease]:
    leases = []
    for value in values:
        with suppress(DecodeError):
            if value is not None and not (lease := decode_lease(value)).draining:
                leases.append(lease)
    return leases
