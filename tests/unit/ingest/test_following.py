"""Who may follow a room, and from when on."""

import asyncio

import pytest
from msgspec import json

from ingest.following import Following
from ingest.recent import RecentEvents
from ingest.rooms import RoomState
from roomlog.events import MemberJoined
from roomlog.protocol import Subscribe
from tests.unit.ingest.twins import (
    ALICE,
    BOB,
    CODEC,
    EVE,
    ROOM,
    MemoryLog,
    MemorySession,
    created,
    event,
    post,
    value,
)


class Session(MemorySession):
    is_open = True

    def __init__(self, user):
        super().__init__(user)
        self.rooms = {}

    write_ephemeral = MemorySession.write

    async def drained(self):
        pass


class OneRoom:
    def __init__(self, state):
        self.state = state

    def open(self, room_id):
        return self.state

    def get(self, room_id):
        return self.state


class AtHead:
    """A feed that has always all there is."""

    async def reach_head(self, partition):
        pass

    def flush(self):
        pass


class NoPresence:
    def of_room(self, state):
        return dict.fromkeys(state.users, "online")

    def follow(self, state, user):
        pass


@pytest.fixture
async def room():
    state = RoomState(ROOM, 0.0)
    state.fold(event(created(ALICE), key="c"), 0)
    state.live = True
    return state


def following(state, feed, log=None, recent=None):
    def render(event, offset, before):
        return json.encode({"id": event.event_id, "at": offset, "prev": before})

    parts = (CODEC, NoPresence(), recent or RecentEvents(), render)
    return Following(1, OneRoom(state), feed, log or MemoryLog(), *parts)


async def test_a_join_on_its_way_admits_only_when_the_log_has_it(room):
    feed, bob, join = AtHead(), Session(BOB), event(MemberJoined(BOB), key="j", sender=BOB)
    room.promise(join.event_id, join.body)
    following(room, feed).follow(bob, Subscribe(id=1, room=ROOM))
    room.fold(event(MemberJoined(EVE), key="other", sender=EVE), 6)
    for _ in range(10):
        await asyncio.sleep(0)
    assert bob.lines == []

    room.fold(join, 7)
    await answered(bob)
    assert json.decode(bob.lines[0]) == {"op": "ack", "id": 1, "cursor": "1:7"}
    assert bob in room.sessions


async def test_a_join_that_never_came_admits_nobody(room):
    feed, bob, join = AtHead(), Session(BOB), event(MemberJoined(BOB), key="j", sender=BOB)
    room.promise(join.event_id, join.body)
    following(room, feed).follow(bob, Subscribe(id=1, room=ROOM))
    for _ in range(10):
        await asyncio.sleep(0)
    assert bob.lines == []

    room.settle(join.event_id)
    await answered(bob)
    assert json.decode(bob.lines[0])["code"] == "not_a_member"
    assert not room.sessions
    assert not bob.rooms


async def test_what_was_missed_leaves_out_what_stands_earlier_in_the_log(room):
    log, recent, alice = MemoryLog(), RecentEvents(), Session(ALICE)
    facts = [
        value(created(ALICE), key="c"),
        value(post("one"), key="1"),
        value(post("two"), key="2"),
    ]
    for fact in [*facts, facts[1], value(post("three"), key="3")]:
        log.append(room.partition, ROOM, fact)
    recent.put(event(post("one"), key="1").event_id, 1)
    room.room.last_offset = 4
    following(room, AtHead(), log, recent).follow(alice, Subscribe(id=1, room=ROOM, cursor="1:1"))
    async with asyncio.timeout(2):
        while alice not in room.sessions:
            await asyncio.sleep(0)
    frames = [json.decode(line) for line in alice.lines]
    assert [(f["at"], f["prev"]) for f in frames if "at" in f] == [(2, 1), (4, 2)]


async def answered(session):
    async with asyncio.timeout(2):
        while not session.lines:
            await asyncio.sleep(0)
