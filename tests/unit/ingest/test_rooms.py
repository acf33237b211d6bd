import asyncio

import pytest

from ingest.postgres import Projected
from ingest.recent import RecentEvents
from ingest.rooms import Rooms, RoomState
from roomlog.errors import ErrorCode, Refused
from roomlog.events import MemberJoined, MemberLeft
from roomlog.partitions import partition_of
from roomlog.rooms import Room
from tests.unit.ingest.twins import (
    ALICE,
    BOB,
    CODEC,
    EVE,
    ROOM,
    MemoryLog,
    created,
    event,
    post,
    value,
)

PARTITION = partition_of(ROOM)


class Table:
    def __init__(self, projected):
        self.projected = projected

    async def load(self, room_id):
        return self.projected


class Rig:
    def __init__(self, projected, log):
        self.attached, self.detached, self.live = [], [], []
        self.rooms = Rooms(
            Table(projected),
            log,
            CODEC,
            RecentEvents(),
            self._attach,
            self.detached.append,
            self._live,
        )

    def _attach(self, state):
        self.attached.append(state.room.room_id)
        state.attached.set()

    def _live(self, state, offset):
        self.live.append((state.room.room_id, offset))


def state_after(*bodies):
    state = RoomState(ROOM, 0.0)
    for offset, body in enumerate(bodies):
        state.fold(event(body, key=str(offset)), offset)
    return state


def test_what_is_promised_counts_at_once_and_what_is_settled_no_more():
    state = state_after(created(ALICE))
    state.promise("e1", MemberJoined(BOB))
    assert BOB in state.view.members
    assert BOB not in state.room.members
    state.settle("e1")
    assert BOB not in state.view.members
    assert state.view is state.room


def test_a_promise_ends_when_its_event_arrives():
    state = state_after(created(ALICE))
    joined = event(MemberJoined(BOB), key="j")
    state.promise(joined.event_id, joined.body)
    state.fold(event(MemberJoined(EVE), key="other"), 1)
    assert set(state.view.members) == {ALICE, BOB, EVE}
    state.fold(joined, 2)
    assert state.ahead == {}
    state.fold(event(MemberLeft(BOB), key="l"), 3)
    assert set(state.view.members) == {ALICE, EVE}


async def test_a_room_is_what_is_projected_and_what_the_log_has_since():
    log = MemoryLog()
    for number, body in enumerate((created(ALICE), MemberJoined(BOB), MemberLeft(ALICE))):
        log.append(PARTITION, ROOM, value(body, key=str(number)))
    log.append(PARTITION, "another", value(MemberJoined(EVE), room="another"))
    projected = Room(ROOM, members={ALICE: "owner"}, exists=True, last_offset=0)
    rig = Rig(Projected(projected, 1), log)
    one, same = rig.rooms.open(ROOM), rig.rooms.open(ROOM)
    assert one is same
    await one.loading
    assert set(one.room.members) == {BOB}
    assert one.room.last_offset == 2
    assert (rig.attached, rig.live) == ([ROOM], [(ROOM, 4)])


async def test_what_the_log_holds_twice_does_not_move_a_room_that_is_loaded():
    log = MemoryLog()
    for key, body in (("c", created(ALICE)), ("a", post("a")), ("b", post("b")), ("a", post("a"))):
        log.append(partition_of(ROOM), ROOM, value(body, key=key))
    rig = Rig(Projected(Room(ROOM), 0), log)
    state = rig.rooms.open(ROOM)
    await state.loading
    assert state.room.last_offset == 2
    assert rig.live == [(ROOM, 4)]


async def test_a_room_that_is_nowhere_is_neither_kept_nor_attached():
    rig = Rig(Projected(Room(ROOM), 0), MemoryLog())
    with pytest.raises(Refused) as caught:
        await rig.rooms.open(ROOM).loading
    assert caught.value.code is ErrorCode.NO_SUCH_ROOM
    assert rig.rooms.get(ROOM) is None
    assert rig.attached == []
    with pytest.raises(Refused):
        rig.rooms.open("../../etc")


async def test_a_room_that_is_about_to_be_made_is_kept():
    rig = Rig(Projected(Room(ROOM), 0), MemoryLog())
    await rig.rooms.open(ROOM, may_be_new=True).loading
    assert rig.rooms.get(ROOM) is not None


async def test_poison_in_the_log_does_not_stop_a_room():
    log = MemoryLog()
    log.append(PARTITION, ROOM, value(created(ALICE)))
    log.append(PARTITION, ROOM, b"\0\0\0\0\x09poison")
    log.append(PARTITION, ROOM, value(MemberJoined(BOB), key="j"))
    rig = Rig(Projected(Room(ROOM), 0), log)
    state = rig.rooms.open(ROOM)
    await state.loading
    assert set(state.room.members) == {ALICE, BOB}


async def test_idle_rooms_are_let_go_and_used_ones_are_not():
    rig = Rig(Projected(Room(ROOM, exists=True), 0), MemoryLog())
    state = rig.rooms.open(ROOM)
    await state.loading
    now = asyncio.get_running_loop().time()
    rig.rooms.let_go_of_idle(now + 100)
    state.sessions.add(session := object())
    rig.rooms.let_go_of_idle(now + 1_000)
    assert rig.detached == []
    state.sessions.discard(session)
    rig.rooms.let_go_of_idle(now + 1_000)
    assert rig.detached == [state]
    assert not rig.rooms.has_any(PARTITION)
