"""Deliveries with gaps, repeats and in any order leave every room as the log has it."""

import asyncio
import itertools
import json

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.fanout import FanOut
from ingest.feed import BEHIND_S, Feed
from ingest.postgres import Projected
from ingest.recent import RecentEvents
from ingest.rooms import Rooms
from ingest.targets import Targets
from ingest.writes import Write
from roomlog import ids
from roomlog.deliveries import Range
from roomlog.events import MemberLeft, MemberRemoved
from roomlog.partitions import PARTITIONS, partition_of
from roomlog.protocol.commands import PostMessage
from roomlog.rooms import Room
from tests.spans import Traced
from tests.unit.ingest.twins import (
    ALICE,
    BOB,
    CODEC,
    ROOM,
    MemoryLog,
    MemorySession,
    created,
    event,
    post,
    share,
    value,
)

PARTITION = partition_of(ROOM)


class Table:
    async def load(self, room_id):
        return Projected(Room(room_id), 0)


class Rig:
    """A node's reading side on a log in memory, with Alice following the room."""

    def __init__(self, *bodies, tracing=None):
        self.log = MemoryLog()
        self.silences, self.gone, self.complete = [], [], []
        for body in (created(ALICE, BOB), *bodies):
            self.append(body)
        self.recent = RecentEvents()
        self.rooms = Rooms(
            Table(),
            self.log,
            CODEC,
            self.recent,
            lambda state: state.attached.set(),
            lambda state: None,
            lambda state, offset: self.feed.room_is_live(state, offset),
        )
        self.targets = Targets(None, None, CODEC)
        self.fanout = fanout = FanOut(
            CODEC, self.recent, self.targets, 1, share, self._on_gone, tracing
        )
        self.feed = Feed(
            self.rooms,
            self.log,
            [0] * PARTITIONS,
            fanout.take,
            fanout.take_own,
            self.complete.extend,
            fanout.end_turn,
            self.silences.append,
        )

    def _on_gone(self, state, session):
        self.gone.append(session.user)
        del state.sessions[session]

    async def follow(self, *users):
        self.state = self.rooms.open(ROOM)
        await self.state.loading
        sessions = [MemorySession(u) for u in users]
        self.state.sessions = dict.fromkeys(sessions)
        return sessions

    def append(self, body):
        number = len(self.log.records.get(PARTITION, []))
        return self.log.append(PARTITION, ROOM, value(body, key=f"k{number}"))

    def own(self, *bodies):
        """Append what this node writes itself, and tell the feed."""
        writes = []
        for body in bodies:
            command = PostMessage(id=1, key="k", room=ROOM, text="x")
            write = Write(command, lambda _: None, ROOM, "own", ALICE, None, 0.0)
            write.offset = self.append(body)
            write.value = self.log.records[PARTITION][write.offset].value
            write.event = CODEC.decode(write.value)
            writes.append(write)
        self.feed.take_own(PARTITION, writes[0].offset, writes)

    def range(self, start, stop, records=None):
        log = self.log.records[PARTITION]
        wanted = range(start, stop) if records is None else records
        return Range(PARTITION, start, stop, [(n, ROOM, log[n].value) for n in wanted])

    async def settle(self):
        place = self.feed._places[PARTITION]
        while place.reading is not None or any(s.attached.is_set() for s in place.unknown):
            await asyncio.sleep(0)


def shown(session):
    frames = [json.loads(line) for line in session.lines]
    assert [f["prev"] for f in frames[1:]] == [f["cursor"] for f in frames[:-1]]
    return [f["d"].get("text") for f in frames]


async def test_deliveries_are_shown_in_their_order_and_once():
    rig = Rig()
    alice, bob = await rig.follow(ALICE, BOB)
    for text in "abc":
        rig.append(post(text))
    rig.feed.deliver([rig.range(1, 3)])
    rig.feed.deliver([rig.range(2, 4)])
    assert shown(alice) == ["a", "b", "c"]
    assert alice.lines == bob.lines
    assert rig.log.reads == [(0, 1)]


async def test_a_gap_is_read_from_the_log_before_what_follows_it():
    rig = Rig()
    (alice,) = await rig.follow(ALICE)
    for text in "abcdef":
        rig.append(post(text))
    rig.feed.deliver([rig.range(1, 2)])
    rig.feed.deliver([rig.range(5, 7)])
    rig.feed.deliver([rig.range(6, 7)])
    await rig.settle()
    assert shown(alice) == list("abcdef")
    assert rig.log.reads[-1] == (2, 5)


async def test_deliveries_pile_up_only_so_far_while_the_log_is_read(monkeypatch):
    monkeypatch.setattr("ingest.feed._MOST_WAITING", 4)
    rig = Rig()
    (alice,) = await rig.follow(ALICE)
    for text in "abcdefghijkl":
        rig.append(post(text))
    gate, read, waiting = asyncio.Event(), rig.log.read, rig.feed._places[PARTITION]

    async def read_late(*stretch):
        await gate.wait()
        async for records in read(*stretch):
            yield records

    monkeypatch.setattr(rig.log, "read", read_late)
    rig.feed.deliver([rig.range(3, 5)])
    for start in (5, 7, 9, 11, 4):  # the last one is late
        rig.feed.deliver([rig.range(start, start + 2)])
        assert sum(len(held.records) for held in waiting.waiting) <= 4
    gate.set()
    await rig.settle()
    assert shown(alice) == list("abcdefghijkl")


async def test_a_repeated_event_id_is_shown_once():
    rig = Rig()
    (alice,) = await rig.follow(ALICE)
    rig.append(post("a"))
    rig.log.append(PARTITION, ROOM, rig.log.records[PARTITION][1].value)
    rig.append(post("b"))
    rig.feed.deliver([rig.range(1, 4)])
    assert shown(alice) == ["a", "b"]


async def test_poison_is_passed_over():
    rig = Rig()
    (alice,) = await rig.follow(ALICE)
    rig.append(post("a"))
    rig.log.append(PARTITION, ROOM, b"\0\0\0\0\x09poison")
    rig.append(post("b"))
    rig.feed.deliver([rig.range(1, 4)])
    assert shown(alice) == ["a", "b"]


async def test_who_left_sees_the_leaving_and_nothing_after_it():
    rig = Rig()
    alice, bob = await rig.follow(ALICE, BOB)
    rig.append(post("a"))
    rig.append(MemberLeft(BOB))
    rig.append(post("b"))
    rig.feed.deliver([rig.range(1, 4)])
    assert shown(bob) == ["a", None]
    assert shown(alice) == ["a", None, "b"]
    assert rig.gone == [BOB]
    assert set(rig.state.room.members) == {ALICE}


async def test_a_room_without_followers_stays_correct():
    rig = Rig()
    await rig.follow()
    rig.append(post("a"))
    rig.append(MemberLeft(BOB))
    rig.feed.deliver([rig.range(1, 3)])
    assert set(rig.state.room.members) == {ALICE}
    assert rig.state.room.last_offset == 2


async def test_what_the_node_wrote_itself_is_shown_at_once_where_nothing_is_missing():
    rig = Rig()
    (alice,) = await rig.follow(ALICE)
    rig.own(post("a"), post("b"))
    rig.append(post("from another node"))
    rig.own(post("c"))
    assert shown(alice) == ["a", "b"]
    rig.feed.deliver([rig.range(1, 5)])
    rig.own(post("d"))
    assert shown(alice) == ["a", "b", "from another node", "c", "d"]
    assert rig.log.reads == [(0, 1)]


async def test_what_the_node_wrote_itself_is_not_read_again(monkeypatch):
    rig = Rig()
    (alice,) = await rig.follow(ALICE)
    monkeypatch.setattr(rig.fanout, "_codec", None)
    rig.own(post("a"))
    assert shown(alice) == ["a"]


async def test_the_nodes_own_tail_reads_what_the_streams_do_not_bring():
    rig = Rig()
    (alice,) = await rig.follow(ALICE)
    rig.feed._compare({PARTITION: 1}, 0.0)
    rig.append(post("a"))
    rig.feed._compare({PARTITION: 2}, 1.0)
    rig.feed._compare({PARTITION: 2}, 1.0 + BEHIND_S / 2)
    assert (rig.silences, shown(alice)) == ([], [])
    rig.feed._compare({PARTITION: 2}, 1.0 + BEHIND_S * 2)
    await rig.settle()
    assert (rig.silences, shown(alice)) == ([PARTITION], ["a"])
    rig.append(post("b"))
    rig.feed._compare({PARTITION: 3}, 2.0)  # still silent: no waiting this time
    await rig.settle()
    assert (rig.silences, shown(alice)) == ([PARTITION], ["a", "b"])


async def test_the_tail_stays_quiet_while_the_streams_keep_up_under_load():
    rig = Rig()
    await rig.follow(ALICE)
    for turn in range(1, 20):
        rig.append(post(str(turn)))
        rig.feed._compare({PARTITION: turn + 1}, turn * 0.25)
        rig.feed.deliver([rig.range(turn, turn + 1)])
    assert rig.silences == []
    assert rig.log.reads == [(0, 1)]


async def test_what_passed_before_a_worker_knew_the_room_is_read_again():
    rig = Rig()
    (alice,) = await rig.follow(ALICE)
    rig.feed.worker_forgot(rig.state)
    rig.append(post("a"))
    rig.feed.deliver([rig.range(1, 2, records=[])])  # examined before the room was attached
    assert shown(alice) == []
    rig.append(post("b"))
    rig.feed.worker_knows(rig.state)
    rig.feed.deliver([rig.range(2, 3)])
    await rig.settle()
    assert shown(alice) == ["a", "b"]


async def test_what_waited_while_a_worker_came_to_know_the_room_is_read_again():
    rig = Rig()
    (alice,) = await rig.follow(ALICE)
    rig.feed.worker_forgot(rig.state)
    rig.append(post("a"))
    rig.feed._read(PARTITION, 2)  # the node's own tail
    rig.append(post("b"))
    rig.feed.deliver([rig.range(2, 3, records=[])])  # examined before the room was attached
    rig.feed.worker_knows(rig.state)
    await rig.settle()
    rig.append(post("c"))
    rig.feed.deliver([rig.range(3, 4)])
    await rig.settle()
    assert shown(alice) == ["a", "b", "c"]


async def test_what_passed_while_a_room_was_loaded_that_no_worker_knew_is_read_again(monkeypatch):
    rig = Rig()
    monkeypatch.setattr(rig.rooms, "_on_attach", lambda state: None)
    monkeypatch.setattr(rig.rooms, "_patience_s", 0)
    rig.feed._places[PARTITION].next = 1  # a neighbour is here
    read, stretches = rig.log.read, []

    async def read_slowly(*stretch):
        stretches.append(stretch)
        async for records in read(*stretch):
            yield records
        if len(stretches) == 1:
            return  # whether there is such a room
        rig.append(post("a"))
        rig.feed.deliver([rig.range(1, 2, records=[])])  # examined before the room was attached
        rig.feed.worker_knows(rig.rooms.get(ROOM))

    monkeypatch.setattr(rig.log, "read", read_slowly)
    state = rig.rooms.open(ROOM)
    alice = MemorySession(ALICE)
    state.sessions = {alice: None}
    await state.loading
    monkeypatch.setattr(rig.log, "read", read)
    rig.append(post("b"))
    rig.feed.deliver([rig.range(2, 3)])
    await rig.settle()
    assert shown(alice) == ["a", "b"]


async def test_what_waited_while_a_forgotten_room_was_loaded_is_read_again():
    rig = Rig()
    (alice,) = await rig.follow(ALICE)
    rig.append(post("a"))
    rig.state.live = False  # as if it were loaded again, up to here
    rig.feed.worker_forgot(rig.state)
    rig.feed._read(PARTITION, 1)
    rig.append(post("b"))
    rig.feed._places[PARTITION].waiting.append(rig.range(1, 3, records=[]))
    rig.feed.worker_knows(rig.state)
    rig.state.live = True
    rig.feed.room_is_live(rig.state, 1)
    await rig.settle()
    rig.append(post("c"))
    rig.feed.deliver([rig.range(3, 4)])
    await rig.settle()
    assert shown(alice) == ["a", "b", "c"]


async def test_a_room_that_no_worker_knows_is_never_skipped_by_its_neighbours_deliveries():
    rig = Rig()
    (alice,) = await rig.follow(ALICE)
    rig.feed.worker_forgot(rig.state)
    rig.append(post("a"))
    rig.feed.deliver([rig.range(1, 2, records=[])])
    rig.append(post("b"))
    rig.feed._read(PARTITION, 3)  # the node's own tail, before the worker knows the room
    await rig.settle()
    rig.feed.worker_knows(rig.state)
    rig.append(post("c"))
    rig.feed.deliver([rig.range(2, 4)])
    await rig.settle()
    assert shown(alice) == ["a", "b", "c"]


async def test_a_delivery_that_was_begun_before_a_worker_knew_the_room_skips_nothing():
    rig = Rig()
    (alice,) = await rig.follow(ALICE)
    rig.feed.worker_forgot(rig.state)
    rig.append(post("a"))
    rig.append(post("b"))
    rig.feed.worker_knows(rig.state)
    rig.feed.deliver([rig.range(1, 3, records=[2])])  # examined: "a" before, "b" after that
    await rig.settle()
    assert shown(alice) == ["a", "b"]


async def test_what_the_node_wrote_is_not_complete_by_a_delivery_begun_before_a_worker_knew_the_room():
    rig = Rig()
    (alice,) = await rig.follow(ALICE)
    rig.feed.worker_forgot(rig.state)
    rig.append(post("another node's"))
    rig.own(post("mine"))
    rig.feed.worker_knows(rig.state)
    rig.feed.deliver([rig.range(1, 3, records=[])])
    assert rig.complete == []
    await rig.settle()
    assert [w.offset for w in rig.complete] == [2]
    assert shown(alice) == ["another node's", "mine"]


async def test_a_room_that_is_forgotten_while_it_is_read_again_stays_unknown(monkeypatch):
    rig = Rig()
    (alice,) = await rig.follow(ALICE)
    rig.feed.worker_forgot(rig.state)
    rig.append(post("a"))
    rig.feed.worker_knows(rig.state)
    head = rig.log.head

    async def forgotten_meanwhile(partition):
        found = await head(partition)
        rig.feed.worker_forgot(rig.state)
        return found

    monkeypatch.setattr(rig.log, "head", forgotten_meanwhile)
    async with asyncio.timeout(2):
        while shown(alice) != ["a"]:
            await asyncio.sleep(0.01)
    await rig.settle()
    rig.append(post("b"))
    rig.feed.deliver([rig.range(2, 3, records=[])])  # by whoever forgot it
    rig.feed._read(PARTITION, 3)  # the node's own tail
    await rig.settle()
    assert shown(alice) == ["a", "b"]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_is_lost_repeated_or_late_every_event_is_shown_once_in_order(data):
    count = data.draw(st.integers(2, 25))
    cuts = sorted(data.draw(st.sets(st.integers(2, count), max_size=8)))
    edges = [1, *cuts, count + 1]
    pieces = list(itertools.pairwise(edges))
    kept = [p for p in pieces if data.draw(st.booleans())]
    repeated = [p for p in kept if data.draw(st.booleans())]

    async def run():
        rig = Rig()
        (alice,) = await rig.follow(ALICE)
        for number in range(count):
            rig.append(post(str(number)))
        for piece in kept:
            rig.feed.deliver([rig.range(*piece)])
            if piece in repeated:
                rig.feed.deliver([rig.range(*piece)])
            if data.draw(st.booleans()):
                await asyncio.sleep(0)
        await rig.settle()
        rig.feed._read(PARTITION, count + 1)
        await rig.settle()
        assert shown(alice) == [str(n) for n in range(count)]

    asyncio.run(run())


async def test_what_is_written_is_complete_once_what_others_wrote_before_it_is_here():
    rig = Rig()
    (alice,) = await rig.follow(ALICE)
    rig.append(post("another node's"))
    rig.own(post("mine"))
    assert rig.complete == []
    rig.feed.deliver([rig.range(1, 3)])
    assert [w.offset for w in rig.complete] == [2]
    assert shown(alice) == ["another node's", "mine"]


async def test_what_the_streams_do_not_bring_before_an_own_write_is_read():
    rig = Rig()
    (alice,) = await rig.follow(ALICE)
    rig.append(post("another node's"))
    rig.own(post("mine"))
    async with asyncio.timeout(2):
        while not rig.complete:
            await asyncio.sleep(0.01)
    assert shown(alice) == ["another node's", "mine"]
    assert rig.log.reads[1:] == [(1, 3)]


async def test_what_the_removed_sent_meanwhile_is_shown_to_nobody():
    rig = Rig()
    (alice,) = await rig.follow(ALICE)
    for number, (sender, body) in enumerate(
        [(ALICE, MemberRemoved(BOB)), (BOB, post("still here")), (ALICE, post("gone"))]
    ):
        rig.log.append(PARTITION, ROOM, value(body, key=f"r{number}", sender=sender))
    rig.feed.deliver([rig.range(1, 4)])
    assert shown(alice) == [None, "gone"]
    assert rig.state.room.void == {2}
    assert rig.state.room.last_offset == 3


async def test_the_same_without_anybody_to_show_it_to():
    rig = Rig()
    await rig.follow()
    for number, body in enumerate((MemberRemoved(BOB), post("still here"))):
        rig.log.append(PARTITION, ROOM, value(body, key=f"r{number}", sender=(ALICE, BOB)[number]))
    rig.feed.deliver([rig.range(1, 3)])
    assert (rig.state.room.void, rig.state.room.last_offset) == ({2}, 1)


async def test_a_message_that_passes_quietly_is_known_to_what_is_done_to_it():
    rig = Rig()
    await rig.follow()
    offset = rig.append(post("hi"))
    rig.feed.deliver([rig.range(1, 2)])
    posted = CODEC.glance(rig.log.records[PARTITION][offset].value)[0]
    assert rig.targets.get(rig.state, posted) == (ALICE, None)


async def test_a_write_that_waits_for_what_cannot_be_read_is_late_until_it_can(monkeypatch):
    monkeypatch.setattr("ingest.feed._RETRY_S", 0.01)
    rig = Rig()
    await rig.follow(ALICE)
    rig.log.is_away = True
    rig.append(post("from another node"))
    rig.own(post("mine"))
    await asyncio.sleep(0.1)  # longer than it takes to read what is missing
    assert rig.complete == []
    assert [w.event_id for w in rig.feed.late(1.0)] == ["own"]
    assert rig.feed.late(0.0) == []
    rig.log.is_away = False
    async with asyncio.timeout(5):
        while not rig.complete:
            await asyncio.sleep(0)
    assert rig.feed.late(1.0) == []


async def test_a_traced_event_that_is_shown_has_a_span_and_one_with_a_strange_context_none():
    traced = Traced()
    rig = Rig(tracing=traced.tracing)
    await rig.follow(ALICE)
    context = traced.tracing.root("receive", "server", ids.derived_id("e")).context
    for trace in (context, "nonsense"):
        told = msgspec.structs.replace(event(post("x"), key=trace), trace=trace)
        rig.log.append(PARTITION, ROOM, CODEC.encode(told))
    rig.feed.deliver([rig.range(0, 3)])
    (span,) = traced.spans()
    assert (span.name, span.attributes["roomlog.offset"]) == ("deliver", 1)
    assert f"{span.context.trace_id:032x}" in context
    assert rig.feed.lag() == {PARTITION: 0}
