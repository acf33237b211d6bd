"""Records of any topic into a batch, by the rules of their topic; and how the ones that are refused are found."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence

from projector.batch import Batch, Place, add_chat_events, add_reads, add_signals, add_user_events
from projector.dead_letters import Record
from projector.pacing import MORE_TRIES, retry_pause_s
from projector.session import Inapplicable
from roomlog.topics import CHAT_EVENTS, CHAT_READS, USER_EVENTS
from schemas.registry import Codecs

Refused = Mapping[tuple[str, int, int], str]
"""Topic, partition and offset of events that PostgreSQL would not take -> its reason."""
Write = Callable[[Sequence[Record], Refused | None], Awaitable[None]]
"""Writes records in one transaction; raises Inapplicable."""

log = logging.getLogger(__name__)


def add_records(
    batch: Batch,
    codecs: Codecs,
    topic: str,
    records: Sequence[Record],
    now_ms: int,
    refused: Refused | None = None,
) -> None:
    """Add records of one topic; `refused` are those that become dead letters unread."""
    if topic == CHAT_EVENTS:
        add_chat_events(batch, records, codecs.chat_events, now_ms, refused)
    elif topic == USER_EVENTS:
        add_user_events(batch, records, codecs.user_events.decode_fields, now_ms, refused)
    elif topic == CHAT_READS:
        add_reads(batch, records, codecs.chat_reads.decode_fields, now_ms, refused)
    elif bad := add_signals(batch, records, codecs.chat_signals.decode_fields):
        log.warning("skipped %s unreadable signals", bad)


def by_place(records: Sequence[Record]) -> dict[Place, Sequence[Record]]:
    """Return records by the partition that they are from, in their order."""
    found: dict[Place, list[Record]] = {}
    for record in records:
        found.setdefault(Place(record.topic, record.partition), []).append(record)
    return dict(found)


async def write_halves(records: Sequence[Record], write: Write, reason: str) -> None:
    """Write records of which PostgreSQL refuses at least one: those that it takes, and the others as refused.

    Each halving is one try. A record that is refused alone is tried some more times, since the refusal may
    have come from what another session was doing just then; after that it is written as refused.
    """
    if len(records) == 1:
        await _write_alone(records, write, reason)
        return
    middle = len(records) // 2
    for half in (records[:middle], records[middle:]):
        try:
            await write(half, None)
        except Inapplicable as error:
            await write_halves(half, write, str(error))


async def _write_alone(record: Sequence[Record], write: Write, reason: str) -> None:
    for attempt in range(MORE_TRIES):
        await asyncio.sleep(retry_pause_s(attempt))
        try:
            await write(record, None)
        except Inapplicable as error:
            reason = str(error)
        else:
            return
    (only,) = record
    await write(record, {(only.topic, only.partition, only.offset): reason})
