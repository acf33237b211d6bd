"""Whether every idempotency key that was given is in Valkey; where that is in doubt, the read models are asked.

Valkey may be away, so that events are written whose ids nobody could reserve; it may be killed and come back
without its latest keys; and another server may take its place, with what it had been told until then. So its
key `roomlog:keys` holds which run of the server knows all keys, and until when they are in doubt:
`{run id} {until}`, in milliseconds. A node compares it each second, and whenever its connection had ended.

An event of a room that is here is among the recent events, or was in the read models when the room was loaded:
so both together know every event, whatever became of its key.
"""

import logging
import time
from typing import NamedTuple

import psycopg
import psycopg_pool
from redis.asyncio import Redis

from ingest.patience import patience
from ingest.postgres import RoomTable
from ingest.recent import RecentEvents
from ingest.writes import Write
from roomlog import metrics
from roomlog.partitions import partition_of

DOUBT_S = 600.0
"""How long after the loss commands may repeat those whose keys are lost."""
KEY = "roomlog:keys"
_LOOK_EVERY_S = 1.0
_RECALL_S = 0.5
_REST_S = 1.0
_NEVER = float("-inf")
_log = logging.getLogger(__name__)


class Mark(NamedTuple):
    """What Valkey says about its keys: the run of the server that has all, but for those in doubt until a time."""

    run_id: str
    until_ms: int

    @classmethod
    def parse(cls, text: bytes | None) -> "Mark":
        """Return a mark; one that is not there or not understood is of no server."""
        try:
            run_id, until = (text or b"").decode().split(" ")
            return cls(run_id, int(until))
        except ValueError:
            return cls("", 0)

    def __str__(self) -> str:
        return f"{self.run_id} {self.until_ms}"

    def renewed(self, run_id: str, wrote_without: bool, now_ms: int) -> "Mark":
        """Return the mark as it is to be now; the same where the keys are all there.

        `run_id` is of the server that answers; `wrote_without`: this node has written events without keys.
        """
        if self.run_id == run_id and not wrote_without:
            return self
        return Mark(run_id, now_ms + int(DOUBT_S * 1_000))


class Doubt:
    """Knows whether keys may be missing, and finds events whose keys do; `heads` are those of `Lanes`."""

    def __init__(
        self,
        valkey: Redis,
        table: RoomTable,
        recent: RecentEvents,
        heads: list[int],
    ) -> None:
        self._valkey, self._table = valkey, table
        self._recent, self._heads = recent, heads
        self._looked_at = _NEVER
        self._is_away = False
        self._until_ms = 0
        self._rest_until = _NEVER

    @property
    def is_known(self) -> bool:
        """Whether Valkey was asked just now."""
        return time.monotonic() - self._looked_at < _LOOK_EVERY_S

    @property
    def holds(self) -> bool:
        """Whether an id that nobody had reserved may be of an event in the log."""
        return self._is_away or _now_ms() < self._until_ms

    def look_again(self) -> None:
        """A connection had ended: maybe this is another server, or another run of it."""
        self._looked_at = _NEVER

    def is_away(self) -> None:
        """Valkey did not answer: what is written from now on, until it does, has no key."""
        self._looked_at, self._is_away = _NEVER, True

    async def look(self) -> None:
        """Ask Valkey whether it has all keys; raises RedisError or OSError."""
        async with self._valkey.pipeline(transaction=False) as together:
            together.info("server")
            together.get(KEY)
            info, found = await together.execute()
        mark, run_id = Mark.parse(found), str(info["run_id"])
        if not mark.run_id and not any(self._heads):
            wanted = Mark(run_id, 0)  # the log is empty, so nothing can be repeated
        else:
            wanted = mark.renewed(run_id, self._is_away, _now_ms())
        if wanted != mark:
            await self._valkey.set(KEY, str(wanted))
        self._until_ms, self._is_away = wanted.until_ms, False
        self._looked_at = time.monotonic()

    async def recall(self, writes: list[Write]) -> None:
        """Note those of the events among the recent ones that the read models have."""
        wanted = {w.event_id: w for w in writes if self._recent.get(w.event_id) is None}
        if not wanted:
            return
        try:
            if time.monotonic() < self._rest_until:
                raise TimeoutError
            async with patience(_RECALL_S):
                found = await self._table.events(list(wanted))
        except (psycopg.Error, psycopg_pool.PoolTimeout, OSError, TimeoutError) as error:
            if time.monotonic() >= self._rest_until:
                self._rest_until = time.monotonic() + _REST_S
                _log.warning("repeated commands are not told from new ones now: %r", error)
            metrics.KEYS_UNCHECKED.inc(len(wanted))
            return
        for event_id, offset in found.items():
            if offset is None:
                # Written before offsets were noted: its ack names the last event instead.
                offset = self._heads[partition_of(wanted[event_id].room_id)] - 1
            self._recent.put(event_id, offset)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
