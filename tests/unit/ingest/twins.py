"""In-memory twins for what a node's parts talk to."""

from ingest.kafka import LogUnavailable, Record
from roomlog import ids
from roomlog.events import ChatEvent, FirstMember, MessagePosted, RoomCreated
from schemas import files
from schemas.codec import chat_event_codec

CODEC = chat_event_codec(1, {1: files.current("chat.events-value")})
ROOM = "6b0f4b3e-0000-4000-8000-000000000001"
ALICE, BOB, EVE = (ids.derived_id("test", n) for n in ("alice", "bob", "eve"))


def event(body, *, room=ROOM, key="k", sender=ALICE):
    return ChatEvent(ids.event_id(sender, room, key), room, "", sender, key, 0, "n", body)


def value(body, **more):
    return CODEC.encode(event(body, **more))


def created(*members, kind="public"):
    return RoomCreated("tea", kind, members=tuple(FirstMember(m, "member") for m in members))


def post(text):
    return MessagePosted(text)


class MemoryLog:
    """A log of one topic that is in memory: `ingest.kafka.LogReader`'s reading side."""

    def __init__(self):
        self.records = {}
        self.reads = []
        self.is_away = False

    def append(self, partition, room, data):
        """Append a record and return its offset."""
        records = self.records.setdefault(partition, [])
        records.append(Record(len(records), room.encode(), data))
        return len(records) - 1

    async def head(self, partition):
        if self.is_away:
            raise LogUnavailable
        return len(self.records.get(partition, []))

    async def heads(self, partitions):
        return {p: len(self.records.get(p, [])) for p in partitions}

    async def read(self, partition, start, stop):
        if self.is_away:
            raise LogUnavailable
        if start < stop:
            self.reads.append((start, stop))
        found = self.records.get(partition, [])[start:stop]
        for at in range(0, len(found), 3):
            yield found[at : at + 3]


class MemorySession:
    """A session that keeps what is written to it."""

    def __init__(self, user):
        self.user = user
        self.lines = []

    def write(self, data):
        self.lines += data.split(b"\n")


def share(sessions, data):
    """Give lines to several sessions: `ingest.session.Outbox.share`."""
    for session in sessions:
        session.write(data)
