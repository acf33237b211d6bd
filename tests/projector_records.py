"""Records as the projector's consumer hands them out, made without a broker."""

from dataclasses import dataclass

from projector.batch import Batch, Place, add_chat_events, add_reads, add_user_events
from roomlog import ids
from roomlog.accounts import UserEvent
from roomlog.events import Body, ChatEvent
from roomlog.partitions import partition_of
from roomlog.reads import ReadEvent
from roomlog.topics import CHAT_EVENTS, CHAT_READS, USER_EVENTS
from schemas import files
from schemas.codec import (
    chat_event_codec,
    chat_signal_codec,
    read_event_codec,
    user_event_codec,
)

SCHEMA_ID = 7
CHAT = chat_event_codec(SCHEMA_ID, {SCHEMA_ID: files.current("chat.events-value")})
USERS = user_event_codec(SCHEMA_ID, {SCHEMA_ID: files.current("user.events-value")})
READS = read_event_codec(SCHEMA_ID, {SCHEMA_ID: files.current("chat.reads-value")})
SIGNALS = chat_signal_codec(SCHEMA_ID, {SCHEMA_ID: files.current("chat.signals-value")})
START = 1_700_000_000_000_000


@dataclass(frozen=True)
class Record:
    topic: str
    partition: int
    offset: int
    value: bytes | None
    timestamp: int = START // 1000
    key: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


def chat_event(
    room: str, sender: str, body: Body, at: int = START, event_id: str = ""
) -> ChatEvent:
    key = ids.new_id()
    return ChatEvent(
        event_id or ids.event_id(sender, room, key), room, "", sender, key, at, "n1", body
    )


def chat_record(event: ChatEvent, offset: int) -> Record:
    return Record(CHAT_EVENTS, partition_of(event.room_id), offset, CHAT.encode(event))


def user_record(event: UserEvent, offset: int, partition: int = 0) -> Record:
    return Record(USER_EVENTS, partition, offset, USERS.encode(event))


def read_record(event: ReadEvent | None, offset: int) -> Record:
    return Record(CHAT_READS, 0, offset, None if event is None else READS.encode(event))


def batch_of(*records: Record, refused=None) -> Batch:
    batch = Batch()
    for record in records:
        if record.topic == CHAT_EVENTS:
            add_chat_events(batch, [record], CHAT, 0, refused)
        elif record.topic == CHAT_READS:
            add_reads(batch, [record], READS.decode_fields, 0, refused)
        else:
            add_user_events(batch, [record], USERS.decode_fields, 0, refused)
        batch.ends[Place(record.topic, record.partition)] = record.offset + 1
    return batch
