"""Valkey: publishing deliveries, the mirror of presence, and whose lease is alive.

Publishing is the hot path: commands are packed here and written to one connection at once. Everything
else goes through the client's usual pipelines.
"""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, cast

import redis.asyncio
from redis.exceptions import RedisError

from roomlog.leases import KNOWN_NODES, lease_key, presence_room_key, presence_user_key
from roomlog.signals import PresenceState
from streams.presence import Effects

TIMEOUT_S = 1.0
FAILURES = (RedisError, OSError, TimeoutError)
"""What any call here may raise while Valkey is away."""

_CHUNK = 500

RoomStates = dict[str, dict[str, PresenceState]]
UserStates = dict[str, PresenceState]


def rooms_index_key(partition: int) -> str:
    """Return the key of the set of rooms of a partition that the mirror holds."""
    return f"roomlog:presence:rooms:{partition}"


def users_index_key(partition: int) -> str:
    """Return the key of the set of users of a partition that the mirror holds."""
    return f"roomlog:presence:users:{partition}"


class Valkey:
    """One worker's access to the server at `url`."""

    def __init__(self, url: str) -> None:
        self._client = redis.asyncio.Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
            retry=None,
        )
        pool: Any = self._client.connection_pool
        self._publishing = pool.make_connection()

    async def publish(self, frames: Iterable[tuple[str, bytes]]) -> int:
        """Publish `(channel, frame)` in order, and return how many reached a listener.

        Raises one of FAILURES; frames may then have been published or not.
        """
        commands = [_publish_command(channel.encode(), frame) for channel, frame in frames]
        connection = self._publishing
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await connection.send_packed_command(b"".join(commands), check_health=False)
                return sum([await connection.read_response() > 0 for _ in commands])
        except BaseException:
            # What was answered is unknown now: a new connection begins from nothing.
            await connection.disconnect(nowait=True)
            raise

    async def leases(self, nodes: Iterable[str]) -> tuple[set[str], int]:
        """Return those of the nodes that have no lease, and how many there are in all, dead ones perhaps included.

        Raises one of FAILURES.
        """
        asked = list(nodes)
        pipe = self._client.pipeline(transaction=False)
        pipe.scard(KNOWN_NODES)
        for node in asked:
            pipe.exists(lease_key(node))
        count, *found = await pipe.execute()
        return {node for node, lives in zip(asked, found, strict=True) if not lives}, count

    async def ping(self) -> None:
        """Raise one of FAILURES where the server does not answer."""
        await cast(Any, self._client.ping())

    async def mirror(self, effects: Effects) -> None:
        """Write changed presence for the API in one round trip; raises one of FAILURES."""
        pipe = self._client.pipeline(transaction=False)
        for (partition, room), change in effects.rooms.items():
            _write_room(pipe, partition, room, change, (partition, room) in effects.empty_rooms)
        for (partition, user), state in effects.users.items():
            _write_user(pipe, partition, user, state)
        await pipe.execute()

    async def recall(self, partition: int) -> tuple[RoomStates, UserStates]:
        """Return what the mirror holds for a partition; raises one of FAILURES."""
        pipe = self._client.pipeline(transaction=False)
        pipe.smembers(rooms_index_key(partition))
        pipe.smembers(users_index_key(partition))
        rooms, users = (sorted(found) for found in await pipe.execute())
        states: RoomStates = {}
        for at in range(0, len(rooms), _CHUNK):
            some = rooms[at : at + _CHUNK]
            for room in some:
                pipe.hgetall(presence_room_key(room))
            states.update(zip(some, await pipe.execute(), strict=True))
        found: list[Any] = []
        for at in range(0, len(users), _CHUNK):
            found += await self._client.mget(
                [presence_user_key(u) for u in users[at : at + _CHUNK]]
            )
        return states, {u: s for u, s in zip(users, found, strict=True) if s}

    async def rewrite(self, partition: int, rooms: RoomStates, users: UserStates) -> None:
        """Make the mirror of a partition exactly this; raises one of FAILURES."""
        old_rooms, old_users = await self.recall(partition)
        pipe = self._client.pipeline(transaction=True)
        for room in old_rooms.keys() | rooms.keys():
            state = rooms.get(room, {})
            gone = dict.fromkeys(old_rooms.get(room, {}).keys() - state.keys())
            _write_room(pipe, partition, room, {**gone, **state}, not state)
            await _run_when_long(pipe)
        for user in old_users.keys() | users.keys():
            _write_user(pipe, partition, user, users.get(user))
            await _run_when_long(pipe)
        await pipe.execute()

    async def close(self) -> None:
        """Close all connections."""
        await self._publishing.disconnect()
        await self._client.aclose()


def _publish_command(channel: bytes, frame: bytes) -> bytes:
    return b"*3\r\n$7\r\nPUBLISH\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n" % (
        len(channel),
        channel,
        len(frame),
        frame,
    )


async def _run_when_long(pipe: Any) -> None:
    if len(pipe) >= _CHUNK:
        await pipe.execute()


def _write_room(
    pipe: Any,
    partition: int,
    room: str,
    change: Mapping[str, PresenceState | None],
    empty: bool,
) -> None:
    key = presence_room_key(room)
    if present := {user: state for user, state in change.items() if state}:
        pipe.hset(key, mapping=present)
    if gone := [user for user, state in change.items() if not state]:
        pipe.hdel(key, *gone)
    index = rooms_index_key(partition)
    (pipe.srem if empty else pipe.sadd)(index, room)


def _write_user(pipe: Any, partition: int, user: str, state: PresenceState | None) -> None:
    if state:
        pipe.set(presence_user_key(user), state)
        pipe.sadd(users_index_key(partition), user)
    else:
        pipe.delete(presence_user_key(user))
        pipe.srem(users_index_key(partition), user)
