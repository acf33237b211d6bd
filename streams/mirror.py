"""The mirror of presence in Valkey, which the API reads: written behind what nodes are told."""

import asyncio
from collections.abc import Callable

from streams.presence import Effects, best
from streams.tables import Partition
from streams.valkey import FAILURES, RoomStates, UserStates, Valkey


class Mirror:
    """Writes changes together; `on_failure(error)` is told where Valkey does not take them.

    What is lost then is made good by `rewrite`.
    """

    def __init__(self, valkey: Valkey, on_failure: Callable[[BaseException], None]) -> None:
        self._valkey, self._on_failure = valkey, on_failure
        self._changed = Effects()
        self._wake = asyncio.Event()
        self._lock = asyncio.Lock()

    def note(self, effects: Effects) -> None:
        """Write these changes soon."""
        if effects.rooms or effects.users:
            self._changed.add(effects)
            self._wake.set()

    async def write_for_ever(self) -> None:
        """Write whatever changed, again and again."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                async with self._lock:
                    changed, self._changed = self._changed, Effects()
                    await self._valkey.mirror(changed)
            except FAILURES as error:
                self._on_failure(error)

    async def rewrite(self, partition: Partition) -> None:
        """Make the mirror of a partition exactly what its tables say; raises one of FAILURES."""
        async with self._lock:
            await self._valkey.rewrite(partition.number, *_states(partition))


def _states(partition: Partition) -> tuple[RoomStates, UserStates]:
    rooms = {room.id: dict(room.state) for room in partition.rooms.values() if room.state}
    users = {user: best(states.values()) for user, states in partition.users.items()}
    return rooms, {user: state for user, state in users.items() if state}
