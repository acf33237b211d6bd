"""The indexer: while its partitions are given to others, and when it merges what it took in."""

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
    """Holds one partition, and so many messages in it."""

    def __init__(self, count):
        self.unplaced, self.next, self.generation = set(), {PLACE: 0}, 0
        said = [chat_event(ROOM, ALICE, MessagePosted("a")) for _ in range(count)]
        self.records = [chat_record(event, offset) for offset, event in enumerate(said)]

    async def poll(self, most, wait_s):
        found, self.records = self.records[:most], self.records[most:]
        return {PLACE: found} if found else {}

    def revoke(self):
        self.next, self.generation = {}, self.generation + 1


class Index:
    """Written to by one who asks first how far the read models are."""

    def __init__(self, source, revoked):
        self.source, self.revoked, self.written, self.merges = source, revoked, [], 0

    def reindex_some(self):
        return False

    def are_projected(self, ends):
        if self.revoked:
            self.source.revoke()
        return True

    def write(self, changed, starts):
        self.written.append(starts)
        return len(changed.messages)

    def merge(self):
        self.merges += 1


async def turns(count, messages=1, *, revoked=False):
    source = Source(messages)
    index = Index(source, revoked)
    with ThreadPoolExecutor(1) as thread:
        indexer = Indexer(source, index, CHAT, thread)
        for _ in range(count):
            await indexer._turn()
    return index


async def test_what_was_read_is_written_from_where_the_partition_stands():
    assert (await turns(1)).written == [{PLACE: 0}]


async def test_what_others_own_meanwhile_is_left_to_them():
    assert (await turns(1, revoked=True)).written == []


async def test_what_is_new_is_merged_once_all_is_taken_in_and_not_before():
    assert (await turns(2, 4_100)).merges == 0
    assert (await turns(3, 4_100)).merges == 1
    assert (await turns(4, 4_100)).merges == 1


async def test_a_few_new_messages_are_not_worth_a_merge():
    assert (await turns(2, 900)).merges == 0
