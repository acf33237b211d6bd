"""The indexer while its partitions are given to others."""

from concurrent.futures import ThreadPoolExecutor

from projector.batch import Place
from projector.indexer import Indexer
from roomlog import ids
from roomlog.events import MessagePosted
from roomlog.partitions import partition_of
from roomlog.topics import CHAT_EVENTS
from tests.projector_records import CHAT, chat_event, chat_record

ROOM, ALICE = (ids.derived_id(name) for name in ("room", "alice"))
PLACE = Place(CHAT_EVENTS, partition_of(ROOM))


class Source:
    """Holds one partition, and one record of it."""

    def __init__(self, record):
        self.unplaced, self.next, self.generation = set(), {PLACE: 0}, 0
        self.record = record

    async def poll(self, most, wait_s):
        return {PLACE: [self.record]}

    def revoke(self):
        self.next, self.generation = {}, self.generation + 1


class Index:
    """Written to by one who asks first how far the read models are."""

    def __init__(self, source, revoked):
        self.source, self.revoked, self.written = source, revoked, []

    def reindex_some(self):
        return False

    def are_projected(self, ends):
        if self.revoked:
            self.source.revoke()
        return True

    def write(self, changed, starts):
        self.written.append(starts)
        return 0


async def turn(revoked):
    record = chat_record(chat_event(ROOM, ALICE, MessagePosted("a")), 0)
    source = Source(record)
    index = Index(source, revoked)
    with ThreadPoolExecutor(1) as thread:
        await Indexer(source, index, CHAT, thread)._turn()
    return index.written


async def test_what_was_read_is_written_from_where_the_partition_stands():
    assert await turn(revoked=False) == [{PLACE: 0}]


async def test_what_others_own_meanwhile_is_left_to_them():
    assert await turn(revoked=True) == []
