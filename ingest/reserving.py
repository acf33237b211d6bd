"""Event ids are reserved before anything is decided: for all writes of a turn in one call, and not too often.

Every stage behind, up to the screens, pays for each batch far more than for each event of it. So what comes
soon after a reservation waits for company; whoever comes later, as most do in a quiet system, waits for nobody.
"""

import asyncio
from collections.abc import Callable, Container
from typing import NamedTuple

from ingest.doubt import Doubt
from ingest.keys import ConnectionEnded, Keys, KeysUnavailable, Reservation
from ingest.writes import Write
from roomlog import metrics
from roomlog.partitions import partition_of

ENOUGH = 5
"""So many writes are company enough."""

DOUBTFUL_PACE_S = 0.02
"""The least time while the read models are asked besides: that costs as much for a hundred ids as for one."""


class Pace(NamedTuple):
    """How long after the beginning of one reservation the next one begins, in seconds."""

    shortest_s: float = 0.005
    """Where enough writes wait: what comes meanwhile travels with them."""
    longest_s: float = 0.015
    """Where fewer do."""

    def after(self, waiting: int, is_doubtful: bool) -> float:
        """Return it for so many writes that wait."""
        pace_s = self.shortest_s if waiting >= ENOUGH else self.longest_s
        return max(pace_s, DOUBTFUL_PACE_S) if is_doubtful else pace_s


OnReserved = Callable[[Write, Reservation | None], None]
"""Gets each write, and who had reserved its id before; None: nobody, it is this write's now."""


class Reserving:
    """Collects writes, reserves their ids, and hands them on in their order.

    `heads` has an offset for each partition that its log has reached; `in_flight` the ids of the events
    that this node is about to write.
    """

    def __init__(
        self,
        keys: Keys,
        doubt: Doubt,
        heads: list[int],
        in_flight: Container[str],
        on_reserved: OnReserved,
        pace: Pace,
    ) -> None:
        self._keys, self._doubt = keys, doubt
        self._heads, self._in_flight = heads, in_flight
        self._on_reserved, self._pace = on_reserved, pace
        self._loop = asyncio.get_running_loop()
        self._waiting: list[Write] = []
        self._is_busy = False
        """Whether a reservation is on its way or waits for its time."""
        self._timer: asyncio.TimerHandle | None = None
        """Begins the reservation that waits for its time."""
        self._began_at = float("-inf")
        self._released: list[str] = []
        self._tasks: dict[str, asyncio.Task[None]] = {}

    @property
    def is_idle(self) -> bool:
        """Whether nothing is to be reserved."""
        return not self._is_busy

    def add(self, write: Write) -> None:
        """Reserve the id of a write, with whatever comes until then."""
        self._waiting.append(write)
        if not self._is_busy:
            self._begin_in_time()
        elif self._timer is not None and len(self._waiting) == ENOUGH:
            self._timer.cancel()
            self._begin_in_time()

    def _begin_in_time(self) -> None:
        self._is_busy = True
        at = self._began_at + self._pace.after(len(self._waiting), self._doubt.holds)
        if at > self._loop.time():
            self._timer = self._loop.call_at(at, self._begin)
        else:
            self._begin()

    def _begin(self) -> None:
        self._timer = None
        self._tasks["reserve"] = self._loop.create_task(self._reserve())

    async def _reserve(self) -> None:
        self._began_at = self._loop.time()
        writes, self._waiting = self._waiting, []
        try:
            held = await self._held(writes)
            for place, write in enumerate(writes):
                self._on_reserved(write, held.get(place))
        finally:
            self._is_busy = False
            if self._waiting:
                self._begin_in_time()

    async def _held(self, writes: list[Write]) -> dict[int, Reservation]:
        """Reserve the ids; return who held them before, by their places in the list."""
        for write in writes:
            write.base = self._heads[partition_of(write.room_id)]
        held: dict[int, Reservation] = {}
        try:
            try:
                held = await self._reserved(writes)
            except ConnectionEnded:
                self._doubt.look_again()
                held = await self._reserved(writes)
        except (KeysUnavailable, ConnectionEnded):
            self._doubt.is_away()
        metrics.KEYS_REPEATED.inc(len(held))
        if self._doubt.holds:
            await self._doubt.recall([w for place, w in enumerate(writes) if place not in held])
        return held

    async def _reserved(self, writes: list[Write]) -> dict[int, Reservation]:
        if not self._doubt.is_known:
            await self._keys.ask(self._doubt.look)
        return await self._keys.reserve(writes)

    def release(self, write: Write) -> None:
        """It leads to no event: whoever repeats it, here or elsewhere, has it decided anew."""
        self._released.append(write.event_id)
        if "release" not in self._tasks:
            self._tasks["release"] = self._loop.create_task(self._release_all())

    async def _release_all(self) -> None:
        try:
            while self._released:
                released, self._released = self._released, []
                # Not what was repeated at once and led to an event that time.
                await self._keys.release([i for i in released if i not in self._in_flight])
        finally:
            del self._tasks["release"]
