"""Whether every idempotency key that was given is in Valkey; where that is in doubt, the log is asked as well.

Valkey may be away, so that events are written whose ids nobody could reserve; it may be killed and come back
without its latest keys; and another server may take its place, with what it had been told until then. So its
key `roomlog:keys` holds which life of the server knows all keys, and a time in the log from which they are in
doubt until some time later: `{run id} {from} {until}`, in milliseconds. A node compares it each second, and
whenever its connection had ended.
"""

import time
from typing import NamedTuple, Protocol

from redis.asyncio import Redis

REACH_S = 120.0
"""How far before the loss, and how long after it, a command may repeat one whose key is lost."""
KEY = "roomlog:keys"
_LOOK_EVERY_S = 1.0
_NEVER = float("-inf")


class Log(Protocol):
    """What is asked of the log."""

    async def offsets_at(self, time_ms: int) -> list[int]:
        """Return each partition's first offset at or after a time; raises LogUnavailable."""


class Span(NamedTuple):
    """Events written since `start_ms` may have no key; what comes until `end_ms` may repeat them."""

    start_ms: int
    end_ms: int


NO_DOUBT = Span(0, 0)


class Mark(NamedTuple):
    """What Valkey says about its keys."""

    run_id: str
    span: Span

    @classmethod
    def parse(cls, text: bytes | None) -> "Mark":
        """Return a mark; one that is not there or not understood is of no server."""
        try:
            run_id, start, end = (text or b"").decode().split(" ")
            return cls(run_id, Span(int(start), int(end)))
        except ValueError:
            return cls("", NO_DOUBT)

    def __str__(self) -> str:
        return f"{self.run_id} {self.span.start_ms} {self.span.end_ms}"


def renewed(mark: Mark, run_id: str, away_since_ms: int | None, now_ms: int) -> Mark:
    """Return the mark as it is to be now; the same where the keys are all there.

    `run_id` is of the server that answers; `away_since_ms` tells since when this node wrote events without keys.
    """
    if mark.run_id == run_id and away_since_ms is None:
        return mark
    reach = int(REACH_S * 1_000)
    start = (now_ms if away_since_ms is None else away_since_ms) - reach
    if mark.span.end_ms > now_ms:
        start = min(start, mark.span.start_ms)
    return Mark(run_id, Span(start, now_ms + reach))


class Doubt:
    """Tells where the log has to be read from before an event is written whose id nobody had reserved."""

    def __init__(self, valkey: Redis, log: Log, heads: list[int]) -> None:
        self._valkey, self._log, self._heads = valkey, log, heads
        self._looked_at = _NEVER
        self._away_since_ms: int | None = None
        self._span = NO_DOUBT
        self._bases: list[int] = []
        self._bases_of: int | None = None

    @property
    def is_known(self) -> bool:
        """Whether it was asked just now."""
        return time.monotonic() - self._looked_at < _LOOK_EVERY_S

    def look_again(self) -> None:
        """A connection had ended: maybe this is another server, or another life of it."""
        self._looked_at = _NEVER

    def is_away(self) -> None:
        """Valkey did not answer: what is written from now on, until it does, has no key."""
        self._looked_at = _NEVER
        if self._away_since_ms is None:
            self._away_since_ms = _now_ms()

    async def look(self) -> None:
        """Ask Valkey whether it has all keys; raises RedisError or OSError."""
        async with self._valkey.pipeline(transaction=False) as together:
            together.info("server")
            together.get(KEY)
            info, found = await together.execute()
        mark, run_id = Mark.parse(found), str(info["run_id"])
        if not mark.run_id and not any(self._heads):
            wanted = Mark(run_id, NO_DOUBT)  # the log is empty, so nothing can be repeated
        else:
            wanted = renewed(mark, run_id, self._away_since_ms, _now_ms())
        if wanted != mark:
            await self._valkey.set(KEY, str(wanted))
        self._span, self._away_since_ms = wanted.span, None
        self._looked_at = time.monotonic()

    async def bases(self) -> list[int] | None:
        """Return each partition's offset from which events may be without keys; None: all have theirs.

        Raises LogUnavailable.
        """
        if self._away_since_ms is not None:
            start = self._away_since_ms - int(REACH_S * 1_000)
        elif _now_ms() < self._span.end_ms:
            start = self._span.start_ms
        else:
            return None
        if self._bases_of != start:
            self._bases = await self._log.offsets_at(start)
            self._bases_of = start
        return self._bases


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
