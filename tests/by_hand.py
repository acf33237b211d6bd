"""Writing into the log past the nodes, which would refuse it."""

import time
import uuid

from ingest.kafka import EVENTS_TOPIC, start_producer
from roomlog import ids
from roomlog.events import ChatEvent
from roomlog.partitions import partition_of
from schemas.registry import Registry


async def append(stack, room, sender, *bodies):
    """Put events into the log by hand."""
    status = stack.status()
    codec = Registry(status["registry"], stack.data).codecs().chat_events
    producer = await start_producer(status["kafka"], "all")
    for body in bodies:
        key = str(uuid.uuid4())
        at = time.time_ns() // 1_000
        event = ChatEvent(
            ids.event_id(sender, room, key), room, "", sender, key, at, "by hand", body
        )
        await producer.send_and_wait(
            EVENTS_TOPIC,
            codec.encode(event),
            key=room.encode(),
            partition=partition_of(room),
        )
    await producer.stop()
