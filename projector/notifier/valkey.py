"""Valkey: who is there, and how far they have read by their newest markers."""

from collections.abc import Sequence

from redis.asyncio import Redis
from redis.exceptions import RedisError

from roomlog.leases import presence_user_key
from roomlog.reads import markers_key

_TIMEOUT_S = 2.0


class PresenceUnknown(Exception):
    """Valkey is away."""


class People:
    """Asks for some at once; raises PresenceUnknown."""

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(
            url, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S, decode_responses=True
        )

    async def look(self, places: Sequence[tuple[str, str]]) -> list[tuple[bool, int | None]]:
        """Return for each user and room whether the user is there, and their newest marker if it is known."""
        try:
            async with self._redis.pipeline(transaction=False) as together:
                for user, room in places:
                    together.get(presence_user_key(user))
                    together.hget(markers_key(user), room)
                found = await together.execute()
        except (RedisError, OSError, TimeoutError) as error:
            raise PresenceUnknown(repr(error)) from error
        return [
            (state is not None, None if marker is None else int(marker))
            for state, marker in zip(found[::2], found[1::2], strict=True)
        ]

    async def markers(self, user: str) -> dict[str, int]:
        """Return a user's newest markers, by room."""
        try:
            found = await self._redis.hgetall(markers_key(user))
        except (RedisError, OSError, TimeoutError) as error:
            raise PresenceUnknown(repr(error)) from error
        return {str(room): int(offset) for room, offset in found.items()}

    async def close(self) -> None:
        """Disconnect."""
        await self._redis.aclose()
