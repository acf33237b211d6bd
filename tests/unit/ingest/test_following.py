"""Who may follow a room, and from when on."""

import asyncio

import pytest
from msgspec import json

from ingest.following import Following
from ingest.recent import RecentEvents
from ingest.rooms import RoomState
from roomlog.events import MemberInvited, MemberJoined, MemberRemoved
from roomlog.protocol.commands import Subscribe
from roomlog.relations import Blocks
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

    def complete_to(self, partition):
        return 100

    async def reach_head(self, partition):
        pass

    def flush(self):
        pass


class NoPresence:
    def shown(self, state):
        return dict.fromkeys(state.users, "online")

    def follow(self, state, user):
        pass

    def unfollow(self, state, user):
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
    return Following(1, OneRoom(state), feed, log or MemoryLog(), *parts, Blocks())


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
    await until(lambda: alice in room.sessions)
    frames = [json.decode(line) for line in alice.lines]
    assert [(f["at"], f["prev"]) for f in frames if "at" in f] == [(2, 1), (4, 2)]


async def answered(session):
    await until(lambda: session.lines)


def in_the_log(room, *bodies):
    """Put facts of Alice's into the room and its log, from offset 1 on (Alice made it before)."""
    log = MemoryLog()
    log.append(room.partition, ROOM, value(created(ALICE), key="c"))
    for number, body in enumerate(bodies, 1):
        fact = event(body, key=f"k{number}")
        room.fold(fact, log.append(room.partition, ROOM, CODEC.encode(fact)))
    return log


def offsets(session):
    return [f["at"] for f in map(json.decode, session.lines) if "at" in f]


async def test_what_happened_between_a_removal_and_the_next_join_is_not_shown(room):
    bob = Session(BOB)
    log = in_the_log(
        room,
        post("before"),
        MemberInvited(BOB),
        post("seen"),
        post("missed"),
        MemberRemoved(BOB),
        post("secret"),
        MemberInvited(BOB),
        post("again"),
    )
    following(room, AtHead(), log).follow(bob, Subscribe(id=1, room=ROOM, cursor="1:3"))
    await until(lambda: bob in room.sessions)
    assert offsets(bob) == [4, 5, 7, 8]


async def test_who_was_removed_before_the_cursor_is_shown_nothing_until_the_next_join(room):
    bob = Session(BOB)
    bodies = (MemberInvited(BOB), MemberRemoved(BOB), post("secret"), MemberInvited(BOB))
    log = in_the_log(room, *bodies)
    following(room, AtHead(), log).follow(bob, Subscribe(id=1, room=ROOM, cursor="1:2"))
    await until(lambda: bob in room.sessions)
    assert offsets(bob) == [4]


async def test_what_took_no_effect_is_not_shown(room):
    alice = Session(ALICE)
    log = in_the_log(room, post("one"))
    stray = event(post("stray"), key="s", sender=BOB)
    assert not room.fold(stray, log.append(room.partition, ROOM, CODEC.encode(stray)))
    three = event(post("three"), key="3")
    assert room.fold(three, log.append(room.partition, ROOM, CODEC.encode(three)))
    following(room, AtHead(), log).follow(alice, Subscribe(id=1, room=ROOM, cursor="1:0"))
    await until(lambda: alice in room.sessions)
    assert offsets(alice) == [1, 3]


class SlowSession(Session):
    """A session whose client reads when it is told to."""

    def __init__(self, user):
        super().__init__(user)
        self.reads = asyncio.Event()

    async def drained(self):
        await self.reads.wait()


async def test_who_is_removed_while_resuming_gets_all_that_was_before_and_nothing_after(room):
    bob = SlowSession(BOB)
    log = in_the_log(room, MemberInvited(BOB), *(post(f"{n}") for n in range(5)))
    follows = following(room, AtHead(), log)
    follows.follow(bob, Subscribe(id=1, room=ROOM, cursor="1:1"))
    await until(lambda: bob.lines)
    resume = room.joining[bob]
    resume.hold(b'{"at":7}')  # the removal
    follows.gone(room, bob)
    resume.hold(b'{"at":8}')
    bob.reads.set()
    await until(lambda: not room.joining)
    assert offsets(bob) == [2, 3, 4, 5, 6, 7]
    assert bob not in room.sessions


async def test_a_cursor_beyond_the_log_begins_anew(room):
    alice = Session(ALICE)
    follows = following(room, AtHead(), in_the_log(room, post("one")))
    follows.follow(alice, Subscribe(id=1, room=ROOM, cursor="1:100"))
    await until(lambda: len(alice.lines) == 2)
    told = json.decode(alice.lines[1])
    assert (told["op"], told["reason"]) == ("reset", "epoch_changed")
    assert not room.joining


async def until(condition):
    async with asyncio.timeout(2):
        while not condition():
            await asyncio.sleep(0)
