"""How large things are: texts, records of the log, frames, reserved keys, rows. Bytes, not speed."""

import asyncio
import itertools
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean

import redis.asyncio
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from bench.projector_drain import made_up_events, real_events
from ingest.keys import Keys
from ingest.writes import Write
from roomlog import ids
from roomlog.cursors import Cursor
from roomlog.events import ChatEvent, MessagePosted
from roomlog.ids import new_id
from roomlog.protocol.commands import PostMessage
from roomlog.protocol.event_frames import event_frame
from schemas import files
from schemas.codec import chat_event_codec

EVERY = 5
MOST = 50_000
KEYS = 100_000
IN_A_BATCH = 100
_PLAIN, _ZSTD = 0, 4
_MOST_BYTES = 1 << 20


def of_events(irc: Path | None) -> dict[str, float]:
    """Return mean bytes of a message's text, its record in the log, and its frame on a socket.

    `*_zstd_bytes` is the record in batches of 100 as Kafka compresses them, `*_deflated_bytes` the frame
    as permessage-deflate sends it. From real chat where there is some, else from made-up events.
    """
    events = real_events(irc) if irc else made_up_events()
    posts = list(itertools.islice(_posts(events), 0, EVERY * MOST, EVERY))
    codec = chat_event_codec(1, {1: files.current(ChatEvent.SUBJECT)})
    records = [(post.room_id.encode(), codec.encode(post)) for post in posts]
    cursors = [str(Cursor(1, n)) for n in range(10**7, 10**7 + len(posts) + 1)]
    frames = [event_frame(p, c, b) for p, b, c in zip(posts, cursors, cursors[1:], strict=False)]
    return {
        "text_bytes": round(fmean(len(p.body.text.encode()) for p in posts), 1),  # type: ignore[union-attr]
        "record_bytes": round(_batched(records, _PLAIN) / len(records), 1),
        "record_zstd_bytes": round(_batched(records, _ZSTD) / len(records), 1),
        "frame_bytes": round(fmean(map(len, frames)), 1),
        "frame_deflated_bytes": round(fmean(map(_deflated, frames)), 1),
    }


def _posts(events: Iterator[ChatEvent]) -> Iterator[ChatEvent]:
    return (event for event in events if isinstance(event.body, MessagePosted))


def _batched(records: Sequence[tuple[bytes, bytes]], compression: int) -> int:
    total = 0
    for first in range(0, len(records), IN_A_BATCH):
        batch = DefaultRecordBatchBuilder(2, compression, 0, 1, 0, 0, _MOST_BYTES)
        for place, (key, value) in enumerate(records[first : first + IN_A_BATCH]):
            batch.append(place, 1_700_000_000_000 + place, key, value, [])
        total += len(batch.build())
    return total


def _deflated(frame: bytes) -> int:
    packer = zlib.compressobj(1, zlib.DEFLATED, -15)
    return min(len(frame), len(packer.compress(frame) + packer.flush(zlib.Z_SYNC_FLUSH)) - 4)


def _write() -> Write:
    command = PostMessage(id=1, key=new_id(), room=new_id(), text="")
    event_id = ids.event_id("", command.room, command.key)
    return Write(command, lambda _: None, command.room, event_id, "", None, 0.0)


async def of_a_key(valkey: str) -> float:
    """Return the bytes of memory that Valkey needs for one reserved idempotency key (`ingest.keys`)."""
    client = redis.asyncio.Redis.from_url(valkey)
    try:
        before = (await client.info("memory"))["used_memory"]
        keys = Keys(client, "n1-0123abcd")
        for _ in range(KEYS // 1_000):
            await keys.reserve([_write() for _ in range(1_000)])
        await keys.close()
        return round(((await client.info("memory"))["used_memory"] - before) / KEYS, 1)
    finally:
        await client.aclose()


def measure(valkey: str, irc: Path | None) -> dict[str, float]:
    """Return all sizes in bytes."""
    return {**of_events(irc), "key_bytes": asyncio.run(of_a_key(valkey))}
