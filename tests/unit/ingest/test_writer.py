"""From the command to the ack, on a log, keys and lanes in memory."""

import asyncio
import json

import pytest

from ingest.files import Files
from ingest.keys import KeysUnavailable, Reservation
from ingest.postgres import Projected
from ingest.recent import RecentEvents
from ingest.reserving import ENOUGH, Pace
from ingest.resolver import Resolver
from ingest.rooms import Rooms
from ingest.targets import Targets
from ingest.writer import Writer
from ingest.writes import digest_of
from roomlog import ids
from roomlog.errors import ErrorCode, Refused
from roomlog.events import Attachment, FirstMember, MessageDeleted, MessageRestored, RoomCreated
from roomlog.partitions import PARTITIONS, partition_of
from roomlog.protocol.commands import (
    ChangeRole,
    CreateRoom,
    DeleteMessage,
    EditMessage,
    FileReference,
    InviteMember,
    JoinRoom,
    LeaveRoom,
    PinMessage,
    PostMessage,
    RemoveMember,
    RenameRoom,
    RevokeInvite,
    UndeleteMessage,
    UnpinMessage,
)
from roomlog.relations import Blocks
from roomlog.rooms import Room
from roomlog.tracing import traceparent
from tests.spans import Traced
from tests.unit.ingest.twins import (
    ALICE,
    BOB,
    CODEC,
    EVE,
    ROOM,
    MemoryLog,
    created,
    event,
    value,
)

ME, OTHER = "n1-0000", "n2-0000"


OWN_FILE = Attachment(ids.derived_id("file"), "plan.png", "image/png", 7, 4, 3)


class Table:
    is_away = False

    async def files(self, owner, wanted):
        if self.is_away:
            raise OSError
        return {OWN_FILE.file_id: OWN_FILE} if owner == ALICE else {}

    async def load(self, room_id):
        return Projected(Room(room_id), 0)

    async def messages(self, partition, pairs):
        return {}, 0


class MemoryKeys:
    """Reservations in memory; shared between nodes like Valkey."""

    def __init__(self, owner):
        self.me = self.owner = owner
        self.held, self.alive = {}, set()
        self.batches = []
        self.away = False

    async def reserve(self, writes):
        self.batches.append(len(writes))
        await asyncio.sleep(0)
        if self.away:
            raise KeysUnavailable
        taken = {}
        for place, write in enumerate(writes):
            mine = Reservation(write.digest, write.base, self.owner)
            if self.held.setdefault(write.event_id, mine) is not mine:
                taken[place] = self.held[write.event_id]
        return taken

    async def take_over(self, write, old, *, lives):
        if lives and write.event_id in self.held:
            return False
        self.held[write.event_id] = old._replace(owner=self.owner)
        return True

    async def release(self, event_ids):
        for event_id in event_ids:
            if event_id in self.held and self.held[event_id].owner == self.owner:
                del self.held[event_id]

    async def living(self, owners):
        return owners & self.alive


class MemoryDoubt:
    """Doubt that `holds` or not; `known` are the offsets of events that the read models have."""

    def __init__(self, recent):
        self.recent, self.known = recent, {}
        self.holds, self.away, self.is_known = False, 0, True

    def is_away(self):
        self.away += 1

    async def recall(self, writes):
        for write in writes:
            if (offset := self.known.get(write.event_id)) is not None:
                self.recent.put(write.event_id, offset)


class MemoryLanes:
    """Lanes that store in the log when told to."""

    def __init__(self, log):
        self.log, self.heads, self.queue = log, [0] * PARTITIONS, []
        self.is_full = False
        self.is_idle = True

    def put(self, partition, write):
        self.queue.append((partition, write))

    def store(self):
        done, self.queue = self.queue, []
        for partition, write in done:
            if write.value is not None:
                write.offset = self.log.append(partition, write.room_id, write.value)
                self.heads[partition] = write.offset + 1
        return [w for _, w in done]


AT_ONCE = Pace(0.0, 0.0)


class Rig:
    def __init__(self, pace=AT_ONCE, tracing=None):
        self.log = MemoryLog()
        self.log.append(partition_of(ROOM), ROOM, value(created(ALICE, BOB), key="created"))
        self.replies = []
        self.keys, self.lanes, self.recent = MemoryKeys(ME), MemoryLanes(self.log), RecentEvents()
        self.doubt = MemoryDoubt(self.recent)
        self.lanes.heads[partition_of(ROOM)] = 1
        self.rooms = Rooms(
            Table(),
            self.log,
            CODEC,
            self.recent,
            lambda s: s.attached.set(),
            lambda s: None,
            lambda s, o: None,
        )
        self.table = Table()
        self.targets = Targets(Table(), self.log, CODEC)
        resolver = Resolver(self.log, CODEC, self.keys, self.recent, ME)
        self.writer = Writer(
            "n1",
            1,
            self.rooms,
            self.keys,
            self.doubt,
            self.lanes,
            resolver,
            self.targets,
            Files(self.table),
            self.recent,
            CODEC,
            self.find_workspace,
            Blocks(),
            pace,
            tracing,
        )
        self.workspace_lookups = []

    def find_workspace(self, workspace, on_found):
        """Answer later, as the node does."""
        self.workspace_lookups.append(workspace)
        asyncio.get_running_loop().call_soon(on_found, self.rooms.open(workspace))

    def submit(self, command, sender=ALICE):
        self.writer.submit(
            command, lambda line: self.replies.append(json.loads(line)), sender, None
        )

    async def reach_the_lane(self, seconds=0.0):
        for _ in range(50):
            await asyncio.sleep(seconds / 50)

    async def settle(self, seconds=0.0):
        await self.reach_the_lane(seconds)
        self.writer.stored(self.lanes.store())

    def answers(self):
        return [(r["id"], r.get("code", "ack")) for r in self.replies]


def post(number, key=None, text="hi"):
    return PostMessage(id=number, key=key or f"k{number}", room=ROOM, text=text)


@pytest.fixture
async def rig():
    return Rig()


async def test_acks_come_in_order_with_the_cursor_of_the_log(rig):
    for number in range(3):
        rig.submit(post(number))
    await rig.settle()
    assert rig.answers() == [(0, "ack"), (1, "ack"), (2, "ack")]
    assert [r["cursor"] for r in rig.replies] == ["1:1", "1:2", "1:3"]
    assert rig.replies[0]["event"] == ids.event_id(ALICE, ROOM, "k0")
    assert rig.writer.is_idle


async def test_nothing_is_acked_before_the_log_has_it(rig):
    rig.submit(post(1))
    for _ in range(50):
        await asyncio.sleep(0)
    assert rig.replies == []
    assert len(rig.lanes.queue) == 1


async def test_what_comes_soon_after_a_reservation_waits_for_company():
    rig = Rig(Pace(0.05, 0.05))
    rig.submit(post(0))
    await rig.settle()
    assert rig.keys.batches == [1]
    for number in range(1, 4):
        rig.submit(post(number))
        await rig.settle()
    assert rig.keys.batches == [1]
    assert not rig.writer.is_idle
    await rig.settle(0.1)
    assert rig.keys.batches == [1, 3]
    assert rig.answers() == [(0, "ack"), (1, "ack"), (2, "ack"), (3, "ack")]
    await asyncio.sleep(0.06)
    rig.submit(post(4))
    await rig.settle()
    assert rig.keys.batches == [1, 3, 1], "whoever comes later waits for nobody"


async def test_enough_company_need_not_wait_for_more():
    rig = Rig(Pace(0.0, 1e9))
    rig.submit(post(0))
    await rig.settle()
    for number in range(1, ENOUGH):
        rig.submit(post(number))
        await rig.settle()
    assert rig.keys.batches == [1]
    rig.submit(post(ENOUGH))
    await rig.settle()
    assert rig.keys.batches == [1, ENOUGH]
    assert len(rig.answers()) == 1 + ENOUGH


async def test_what_a_node_has_seen_is_not_written_again_when_valkey_has_lost_its_keys(rig):
    rig.submit(post(1, key="k"))
    await rig.settle()
    rig.keys.held.clear()
    rig.submit(post(2, key="k"))
    await rig.settle()
    assert [(r["id"], r["cursor"]) for r in rig.replies] == [(1, "1:1"), (2, "1:1")]
    assert len(rig.log.records[partition_of(ROOM)]) == 2
    # The new reservation does not lead to the event: whoever repeats it elsewhere must not look from there.
    assert rig.keys.held == {}
    assert rig.writer.is_idle


@pytest.mark.parametrize("away", [False, True])
async def test_what_the_read_models_have_is_not_written_again_when_its_key_is_lost(rig, away):
    rig.submit(post(1, key="k"))
    await rig.settle()
    fresh = Rig()
    fresh.log.records, fresh.keys.away = rig.log.records, away
    fresh.doubt.holds, fresh.doubt.known = True, {ids.event_id(ALICE, ROOM, "k"): 1}
    fresh.submit(post(7, key="k"))
    fresh.submit(post(8))
    await fresh.settle()
    assert [(r["id"], r["cursor"]) for r in fresh.replies] == [(7, "1:1"), (8, "1:2")]
    assert ids.event_id(ALICE, ROOM, "k") not in fresh.keys.held
    assert fresh.doubt.away == away


async def test_without_keys_what_is_on_its_way_is_written_once(rig):
    rig.keys.away = True
    rig.submit(post(1, key="k"))
    await rig.reach_the_lane()
    rig.submit(post(2, key="k"))
    await rig.settle()
    assert [(r["id"], r["cursor"]) for r in rig.replies] == [(1, "1:1"), (2, "1:1")]
    assert len(rig.log.records[partition_of(ROOM)]) == 2


async def test_a_repeated_command_is_answered_and_written_once(rig):
    rig.submit(post(1, key="k"))
    rig.submit(post(2, key="k"))
    await rig.settle()
    rig.submit(post(3, key="k"))
    await rig.settle()
    assert rig.answers() == [(1, "ack"), (2, "ack"), (3, "ack")]
    assert {r["cursor"] for r in rig.replies} == {"1:1"}
    assert len(rig.log.records[partition_of(ROOM)]) == 2


async def test_a_key_with_another_body_is_refused(rig):
    rig.submit(post(1, key="k"))
    rig.submit(post(2, key="k", text="ho"))
    await rig.settle()
    assert sorted(rig.answers()) == [(1, "ack"), (2, "key_reused")]


async def test_what_another_node_has_stored_is_found_in_the_log(rig):
    rig.submit(post(1, key="k"))
    await rig.settle()
    fresh = Rig()
    fresh.log.records, fresh.keys.held = rig.log.records, rig.keys.held
    fresh.keys.alive = {ME}
    fresh.submit(post(7, key="k"))
    fresh.submit(post(8))
    await fresh.settle()
    assert [(r["id"], r["cursor"]) for r in fresh.replies] == [(7, "1:1"), (8, "1:2")]


async def test_what_a_dead_node_has_not_stored_is_written_here_before_what_follows(rig):
    reserved = Reservation(b"", 1, OTHER)
    commands = [post(n) for n in range(3)]
    for command in commands[:2]:
        event_id = ids.event_id(ALICE, ROOM, command.key)
        rig.keys.held[event_id] = reserved._replace(digest=digest_of(command))
    for command in commands:
        rig.submit(command)
    await rig.settle()
    assert [(r["id"], r["cursor"]) for r in rig.replies] == [(0, "1:1"), (1, "1:2"), (2, "1:3")]
    assert {h.owner for h in rig.keys.held.values()} == {ME}


async def test_what_a_living_node_may_still_store_is_waited_for(rig):
    command = post(1)
    other = Rig()
    other.submit(command)
    for _ in range(50):
        await asyncio.sleep(0)
    held = next(iter(other.keys.held.values()))
    event_id = ids.event_id(ALICE, ROOM, command.key)
    rig.keys.held[event_id], rig.keys.alive = held._replace(owner=OTHER), {OTHER}
    rig.submit(command)
    await rig.settle(0.1)
    assert rig.replies == []
    partition, write = other.lanes.queue[0]
    rig.log.append(partition, ROOM, write.value)
    await rig.settle(0.2)
    assert rig.answers() == [(1, "ack")]
    assert len(rig.log.records[partition]) == 2


@pytest.mark.parametrize(
    ("command", "sender", "answer"),
    [
        (post(1), EVE, "not_a_member"),
        (JoinRoom(id=1, key="j", room=ROOM), ALICE, "ack"),
    ],
    ids=["refused", "changes nothing"],
)
async def test_what_a_living_node_will_not_store_is_decided_again_here(
    rig, command, sender, answer
):
    other = Rig()
    other.keys.owner = OTHER
    other.submit(command, sender)
    for _ in range(50):
        await asyncio.sleep(0)
    rig.keys.held, rig.keys.alive = other.keys.held, {OTHER}
    rig.submit(command, sender)
    rig.submit(post(2))
    await rig.settle(0.5)
    assert rig.answers() == [(1, answer), (2, "ack")]


async def test_what_its_owner_gives_back_late_is_decided_here(rig):
    command = post(1)
    event_id = ids.event_id(ALICE, ROOM, command.key)
    rig.keys.held[event_id] = Reservation(digest_of(command), 1, OTHER)
    rig.keys.alive = {OTHER}
    rig.submit(command)
    await rig.settle(0.1)
    assert rig.replies == []
    del rig.keys.held[event_id]
    await rig.settle(0.5)
    assert rig.answers() == [(1, "ack")]
    assert rig.keys.held[event_id].owner == ME


async def test_without_valkey_the_chat_goes_on(rig):
    rig.keys.away = True
    rig.submit(post(1))
    await rig.settle()
    assert rig.answers() == [(1, "ack")]


async def test_a_join_counts_for_what_is_sent_right_behind_it(rig):
    rig.submit(JoinRoom(id=1, key="j", room=ROOM), EVE)
    rig.submit(post(2), EVE)
    rig.submit(JoinRoom(id=3, key="again", room=ROOM), EVE)
    rig.submit(LeaveRoom(id=4, key="l", room=ROOM), EVE)
    rig.submit(post(5), EVE)
    await rig.settle()
    assert sorted(rig.answers()) == [
        (1, "ack"),
        (2, "ack"),
        (3, "ack"),
        (4, "ack"),
        (5, "not_a_member"),
    ]
    nothing = next(r for r in rig.replies if r["id"] == 3)
    assert "event" not in nothing


async def test_a_room_is_made_once_and_used_at_once(rig):
    create = CreateRoom(id=1, key="c", name="tea", kind="private", members=(BOB,))
    room = ids.room_id(ALICE, "c")
    rig.submit(create)
    rig.submit(PostMessage(id=2, key="p", room=room, text="hi"), BOB)
    rig.submit(PostMessage(id=3, key="p", room=room, text="hi"), EVE)
    await rig.settle()
    assert rig.replies[-2]["room"] == room
    assert sorted(rig.answers()) == [(1, "ack"), (2, "ack"), (3, "no_such_room")]
    rig.submit(CreateRoom(id=4, key="c", name="tea", kind="private", members=(BOB,)))
    await rig.settle()
    assert (rig.replies[-1]["id"], rig.replies[-1]["room"]) == (4, room)
    assert len(rig.log.records[partition_of(room)]) == 2 + (
        partition_of(room) == partition_of(ROOM)
    )


async def test_a_dropped_join_counts_no_more(rig):
    rig.submit(JoinRoom(id=1, key="j", room=ROOM), EVE)
    for _ in range(50):
        await asyncio.sleep(0)
    rig.writer.dropped([w for _, w in rig.lanes.queue])
    rig.lanes.queue.clear()
    rig.submit(post(2), EVE)
    await rig.settle()
    assert rig.answers() == [(2, "not_a_member")]


async def test_a_full_node_refuses(rig):
    rig.lanes.is_full = True
    with pytest.raises(Refused) as caught:
        rig.submit(post(1))
    assert caught.value.code is ErrorCode.UNAVAILABLE
    assert caught.value.retry_after_ms


def edit(number, event, text="better"):
    return EditMessage(id=number, key=f"e{number}", room=ROOM, event=event, text=text)


def delete(number, event):
    return DeleteMessage(id=number, key=f"d{number}", room=ROOM, event=event)


def undelete(number, event):
    return UndeleteMessage(id=number, key=f"u{number}", room=ROOM, event=event)


def pin(number, event):
    return PinMessage(id=number, key=f"p{number}", room=ROOM, event=event)


def unpin(number, event):
    return UnpinMessage(id=number, key=f"q{number}", room=ROOM, event=event)


async def test_a_message_that_the_node_has_not_seen_is_looked_up_in_order(rig):
    rig.submit(post(1))
    await rig.settle()
    said = rig.replies[0]["event"]
    rig.submit(edit(2, said))
    rig.submit(post(3))
    rig.submit(edit(4, said), BOB)
    await rig.settle()
    assert rig.answers() == [(1, "ack"), (4, "forbidden"), (2, "ack"), (3, "ack")]
    assert [r["cursor"] for r in rig.replies if "cursor" in r] == ["1:1", "1:2", "1:3"]


async def test_a_message_that_is_not_there_is_refused(rig):
    for number, other in enumerate(("x", ids.new_id(), ids.event_id(ALICE, ROOM, "never"))):
        rig.submit(edit(number, other))
    await rig.settle()
    assert {code for _, code in rig.answers()} == {"bad_request"}
    assert all(r["message"].startswith("event:") for r in rig.replies)


async def test_what_is_being_deleted_is_not_edited_any_more(rig):
    rig.submit(post(1))
    await rig.settle()
    said = rig.replies[0]["event"]
    rig.submit(delete(2, said))
    rig.submit(edit(3, said))
    await rig.settle()
    assert sorted(rig.answers()) == [(1, "ack"), (2, "ack"), (3, "bad_request")]
    rig.submit(edit(4, said))
    await rig.settle()
    assert rig.answers()[-1] == (4, "bad_request")


async def test_what_is_being_deleted_is_restored_by_whoever_deletes_it(rig):
    rig.submit(post(1))
    await rig.settle()
    said = rig.replies[0]["event"]
    for command in (delete(2, said), undelete(3, said), edit(4, said), undelete(5, said)):
        rig.submit(command)
    await rig.settle()
    assert sorted(rig.answers())[1:] == [(2, "ack"), (3, "ack"), (4, "ack"), (5, "bad_request")]
    rig.submit(delete(6, said))
    rig.submit(undelete(7, said), sender=BOB)
    await rig.settle()
    assert rig.answers()[-2:] == [(7, "forbidden"), (6, "ack")]


async def test_a_room_counts_the_pins_that_are_on_their_way(rig, monkeypatch):
    monkeypatch.setattr("roomlog.messages.MAX_PINS", 1)
    rig.submit(post(1))
    rig.submit(post(2, "k2"))
    await rig.settle()
    first, second = (reply["event"] for reply in rig.replies[:2])
    for command in (pin(3, first), pin(4, second), unpin(5, first), pin(6, second), pin(7, second)):
        rig.submit(command)
    await rig.settle()
    assert dict(rig.answers()[2:]) == {3: "ack", 4: "forbidden", 5: "ack", 6: "ack", 7: "ack"}
    assert rig.rooms.get(ROOM).view.pins == {second}
    rig.submit(delete(8, second))
    rig.submit(pin(9, first))
    await rig.settle()
    assert rig.answers()[-2:] == [(8, "ack"), (9, "ack")]


async def test_a_known_message_is_not_looked_up(rig):
    rig.submit(post(1))
    await rig.settle()
    said, state = rig.replies[0]["event"], rig.rooms.get(ROOM)
    rig.targets.note(state, said, ALICE)
    rig.log.reads.clear()
    rig.submit(edit(2, said))
    await rig.settle()
    rig.targets.note_change(state, event(MessageDeleted(said)))
    rig.submit(edit(3, said))
    await rig.settle()
    rig.targets.note_change(state, event(MessageRestored(said)))
    rig.submit(edit(4, said))
    await rig.settle()
    assert rig.answers()[1:] == [(2, "ack"), (3, "bad_request"), (4, "ack")]
    assert rig.log.reads == []


async def test_while_messages_cannot_be_looked_up_one_is_told_to_come_again(rig):
    rig.submit(post(1))
    await rig.settle()
    rig.log.is_away = True
    rig.submit(edit(2, rig.replies[0]["event"]))
    await rig.settle()
    assert rig.answers()[-1] == (2, "unavailable")


async def test_a_removal_counts_for_what_is_sent_right_behind_it(rig):
    create = CreateRoom(id=1, key="c", name="tea", kind="private", members=(BOB,))
    room = ids.room_id(ALICE, "c")
    rig.submit(create)
    rig.submit(RemoveMember(id=2, key="r", room=room, user=BOB))
    rig.submit(PostMessage(id=3, key="p", room=room, text="hi"), BOB)
    rig.submit(InviteMember(id=4, key="i", room=room, user=BOB))
    rig.submit(RenameRoom(id=5, key="n", room=room, name="coffee"), BOB)
    rig.submit(ChangeRole(id=6, key="o", room=room, user=BOB, role="moderator"))
    rig.submit(RenameRoom(id=7, key="n2", room=room, name="coffee"), BOB)
    await rig.settle()
    codes = dict(rig.answers())
    assert codes[3] == "no_such_room"
    assert codes[5] == "forbidden"
    assert [codes[n] for n in (1, 2, 4, 6, 7)] == ["ack"] * 5


async def test_what_came_into_the_log_after_the_removal_of_its_sender_is_refused_for_good(rig):
    rig.submit(post(1, key="k"), BOB)
    for _ in range(50):
        await asyncio.sleep(0)
    writes = rig.lanes.store()
    rig.rooms.get(ROOM).room.void.add(writes[0].offset)
    rig.writer.stored(writes)
    rig.submit(post(2, key="k"), BOB)
    await rig.settle()
    assert rig.answers() == [(1, "not_a_member"), (2, "not_a_member")]
    assert rig.writer.is_idle


async def test_what_led_to_nothing_is_decided_anew_when_it_is_repeated_on_another_node(rig):
    rig.submit(JoinRoom(id=1, key="j", room=ROOM), BOB)
    rig.submit(post(2, key="p", text=" "), BOB)
    await rig.settle()
    assert sorted(rig.answers()) == [(1, "ack"), (2, "bad_request")]
    assert rig.keys.held == {}


async def test_what_another_node_gives_up_is_decided_here(rig):
    rig.keys.alive.add(OTHER)
    event_id = ids.event_id(ALICE, ROOM, "k9")
    rig.keys.held[event_id] = Reservation(digest_of(post(1, key="k9")), 0, OTHER)
    rig.submit(post(1, key="k9"))
    await rig.settle(0.1)
    assert rig.replies == []
    del rig.keys.held[event_id]
    await rig.settle(0.2)
    assert rig.answers() == [(1, "ack")]


async def test_a_message_that_is_on_its_way_is_edited_behind_it(rig):
    rig.submit(post(1))
    rig.submit(edit(2, ids.event_id(ALICE, ROOM, "k1")))
    await rig.settle()
    assert rig.answers() == [(1, "ack"), (2, "ack")]


async def test_what_is_wrong_with_a_direct_room_is_told_even_where_the_room_exists(rig):
    def create(number, *members):
        command = {"id": number, "key": f"d{number}", "name": "x", "kind": "direct"}
        return CreateRoom(**command, members=members)

    rig.submit(create(1, BOB))
    await rig.settle()
    rig.rooms.get(ids.direct_room_id(ALICE, BOB)).room.exists = True
    rig.submit(create(2, BOB, EVE))
    await rig.settle()
    assert rig.answers() == [(1, "ack"), (2, "bad_request")]


WORKSPACE = ids.workspace_id("acme")
HALL = ids.derived_id("test", "hall")


@pytest.fixture
async def company():
    """A public room of Bob's in a workspace of Alice and Bob."""
    rig = Rig()
    acme = RoomCreated(
        "Acme", "workspace", members=tuple(FirstMember(u, "owner") for u in (ALICE, BOB))
    )
    hall = RoomCreated("hall", "public", members=(FirstMember(BOB, "owner"),), workspace=WORKSPACE)
    for room, body in ((WORKSPACE, acme), (HALL, hall)):
        rig.log.append(partition_of(room), room, value(body, room=room, key="created"))
        rig.lanes.heads[partition_of(room)] = 1
    await rig.rooms.open(WORKSPACE).loading
    return rig


async def test_what_a_member_says_in_a_room_of_a_workspace_is_decided_by_the_room(company):
    company.submit(PostMessage(id=1, key="k", room=HALL, text="x"), BOB)
    await company.settle()
    company.submit(PostMessage(id=2, key="l", room=HALL, text="x"), BOB)
    await company.settle()
    assert company.answers() == [(1, "ack"), (2, "ack")]
    assert company.workspace_lookups == [WORKSPACE]  # once, for what it forbids
    written = CODEC.decode(company.log.records[partition_of(HALL)][-1].value)
    assert written.workspace_id == WORKSPACE


async def test_who_joins_a_room_of_a_workspace_is_looked_up_in_it(company):
    company.submit(JoinRoom(id=1, key="a", room=HALL), ALICE)
    company.submit(PostMessage(id=2, key="b", room=HALL, text="right behind"), ALICE)
    company.submit(JoinRoom(id=3, key="c", room=HALL), EVE)
    await company.settle()
    assert sorted(company.answers()) == [(1, "ack"), (2, "ack"), (3, "no_such_room")]
    assert company.workspace_lookups == [WORKSPACE] * 3  # once for what it forbids


async def test_a_room_is_made_in_a_workspace_by_those_in_it(company):
    def new(number):
        return CreateRoom(id=number, key="n", name="x", kind="public", workspace=WORKSPACE)

    company.submit(new(1), ALICE)
    company.submit(new(2), EVE)
    await company.settle()
    assert sorted(company.answers()) == [(1, "ack"), (2, "no_such_room")]


async def test_invites_are_for_workspaces_and_messages_for_rooms(company):
    revoke = RevokeInvite(id=1, key="a", room=HALL, invite=ids.new_id())
    company.submit(revoke, BOB)
    company.submit(PostMessage(id=2, key="b", room=WORKSPACE, text="x"), BOB)
    company.submit(PostMessage(id=3, key="c", room=WORKSPACE, text="x"), EVE)
    await company.settle()
    assert sorted(company.answers()) == [
        (1, "bad_request"),
        (2, "bad_request"),
        (3, "no_such_room"),
    ]


def with_file(number, *files):
    references = tuple(FileReference(file) for file in files)
    return PostMessage(id=number, key=f"k{number}", room=ROOM, text="", attachments=references)


async def test_a_message_has_the_files_that_it_names_as_they_were_stored(rig):
    rig.submit(with_file(0, OWN_FILE.file_id, OWN_FILE.file_id))
    rig.submit(post(1))
    await rig.settle()
    assert rig.answers() == [(0, "ack"), (1, "ack")]
    first = rig.log.records[partition_of(ROOM)][1]
    assert CODEC.decode(first.value).body.attachments == (OWN_FILE,)


@pytest.mark.parametrize("files", [(ids.new_id(),), (OWN_FILE.file_id, "../x")])
async def test_a_file_that_is_not_there_is_not_attached(rig, files):
    rig.submit(with_file(0, *files))
    await rig.settle()
    assert rig.answers() == [(0, "bad_request")]


async def test_nobody_attaches_a_strangers_file(rig):
    rig.submit(with_file(0, OWN_FILE.file_id), sender=BOB)
    await rig.settle()
    assert rig.answers() == [(0, "bad_request")]


async def test_files_that_cannot_be_looked_up_may_be_attached_later_under_the_same_key(rig):
    rig.table.is_away = True
    rig.submit(with_file(0, OWN_FILE.file_id))
    await rig.settle()
    rig.table.is_away = False
    rig.submit(with_file(0, OWN_FILE.file_id))
    await rig.settle()
    assert rig.answers() == [(0, "unavailable"), (0, "ack")]


async def test_a_traced_write_carries_its_context_into_the_record():
    traced = Traced()
    rig = Rig(tracing=traced.tracing)
    rig.submit(post(1))
    await rig.reach_the_lane()
    ((_, write),) = rig.lanes.queue
    await rig.settle()
    context = CODEC.decode(write.value).trace
    assert context == traceparent(write.headers)
    send, receive = traced.spans()
    assert (send.name, receive.name) == ("send", "receive")
    assert f"{send.context.trace_id:032x}-{send.context.span_id:016x}" in context
    assert receive.attributes["roomlog.key"] == "k1"
    assert receive.attributes["roomlog.offset"] == 1
    assert receive.attributes["roomlog.event_id"] == rig.replies[0]["event"]


async def test_a_traced_write_that_is_refused_or_a_repeat_ends_its_span_once():
    traced = Traced()
    rig = Rig(tracing=traced.tracing)
    rig.submit(post(1), sender=EVE)
    rig.submit(post(2, key="k"))
    await rig.settle()
    rig.submit(post(3, key="k"))
    await rig.settle()
    rig.submit(post(4, key="k", text="another"))
    await rig.settle()
    ended = [(span.name, span.status.description) for span in traced.spans()]
    assert ended == [
        ("receive", "not_a_member"),
        ("send", None),
        ("receive", None),
        ("receive", None),
        ("receive", "key_reused"),
    ]


async def test_where_nothing_is_traced_the_record_has_no_context(rig):
    rig.submit(post(1))
    await rig.reach_the_lane()
    ((_, write),) = rig.lanes.queue
    assert (CODEC.decode(write.value).trace, list(write.headers)) == (None, [])
