"""Replays: events one by one, in the order of their times as far as the order of each partition allows.

Within a partition the log's order holds; between partitions an event waits for all that are older.
"""

import asyncio
import heapq
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing

from analytics.batches import Extractor
from analytics.rows import Row, rows_of
from analytics.selection import Selection
from roomlog.accounts import (
    ERASED_NAME,
    UserDeleted,
    UserEvent,
    UserRegistered,
    UserRenamed,
)
from roomlog.kafka import Log, Range
from roomlog.topics import CHAT_EVENTS, USER_EVENTS
from schemas.codec import Codec, PoisonRecord

FETCH_BYTES = 512 * 1024
_FOLLOW_EVERY_S = 0.25
_USER_PARTITIONS = 6
_BACK_US = 3_600 * 1_000_000


async def replay(
    brokers: str, extractor: Callable[[], Extractor], ranges: Sequence[Range]
) -> AsyncIterator[Row]:
    """Yield the rows of several ranges, merged by time; each range gets an extractor of its own.

    Raises LogUnavailable.
    """
    async with Log(brokers, CHAT_EVENTS, FETCH_BYTES) as log:
        async for row in _merged([_rows(log, extractor(), r) for r in ranges if r.size]):
            yield row


async def follow(
    brokers: str, extractor: Extractor, selection: Selection, starts: dict[int, int]
) -> AsyncIterator[Row]:
    """Yield rows from some offsets on, as they are appended, for ever; raises LogUnavailable."""
    at = dict(starts)
    async with Log(brokers, CHAT_EVENTS, FETCH_BYTES) as log:
        while True:
            bounds = await log.bounds(at)
            for partition, (_, end) in bounds.items():
                end = min(end, selection.stops.get(partition, end))
                async for row in _rows(log, extractor, Range(partition, at[partition], end)):
                    yield row
                at[partition] = max(end, at[partition])
            await asyncio.sleep(_FOLLOW_EVERY_S)


async def paced(
    rows: AsyncIterator[Row],
    speed: float,
    clock: Callable[[], float],
    sleep: Callable[[float], Awaitable[None]],
) -> AsyncIterator[Row]:
    """Yield rows at a multiple of the speed at which they happened.

    Times that go back a little cost no wait; where they go back far, another story begins.
    """
    due, reached = clock(), None
    async for row in rows:
        if reached is None or row.ts < reached - _BACK_US:
            reached = row.ts
        elif row.ts > reached:
            due += (row.ts - reached) / 1_000_000 / speed
            reached = row.ts
        if (wait := due - clock()) > 0:
            await sleep(wait)
        yield row


async def names_of_users(brokers: str, codec: Codec[UserEvent]) -> dict[str, str]:
    """Return the newest name of every user, as topic user.events has them; raises LogUnavailable."""
    names: dict[str, str] = {}
    async with Log(brokers, USER_EVENTS) as log:
        bounds = await log.bounds(range(_USER_PARTITIONS))
        for partition, (start, end) in bounds.items():
            async for chunk in log.read(Range(partition, start, end)):
                names.update(_names(codec, chunk.values))
    return names


def _names(codec: Codec[UserEvent], values: list[bytes]) -> Iterator[tuple[str, str]]:
    for value in values:
        try:
            event = codec.decode(value)
        except PoisonRecord:
            continue  # whoever projects them tells
        if isinstance(event.body, UserRegistered | UserRenamed):
            yield event.user_id, event.body.name
        elif isinstance(event.body, UserDeleted):
            yield event.user_id, ERASED_NAME


async def _rows(log: Log, extractor: Extractor, range_: Range) -> AsyncIterator[Row]:
    async with aclosing(log.read(range_)) as chunks:
        async for chunk in chunks:
            for row in rows_of(extractor.rows(chunk)):
                yield row


async def _merged(sources: list[AsyncIterator[Row]]) -> AsyncIterator[Row]:
    heads: list[tuple[int, int, Row]] = []
    for number, source in enumerate(sources):
        if (row := await anext(source, None)) is not None:
            heads.append((row.ts, number, row))
    heapq.heapify(heads)
    while heads:
        _, number, row = heads[0]
        yield row
        following = await anext(sources[number], None)
        if following is None:
            heapq.heappop(heads)
        else:
            heapq.heapreplace(heads, (following.ts, number, following))
