"""Who was away resumes, on any node, and then shows what those show who never left."""

import asyncio
import random
import uuid

import pytest

from roomlog import ids
from roomlog.client import Client
from roomlog.cursors import parse_cursor
from roomlog.errors import Refused
from tests.people import Member, create_room
from tests.wire import Wire, token_of

EVENTS = 5_000
WINDOW = 256


@pytest.fixture
async def bridge(stack):
    """A connection to node 1 that acts for anybody and is not limited."""
    token = token_of(stack.data, str(uuid.uuid4()), scope="bridge")
    client = await Client.connect(stack.status()["ingest"][:1], token)
    yield client
    await client.close()


async def play(bridge, commands):
    """Send commands in their order, some ahead of their answers; return the acks."""
    futures = []
    for number, command in enumerate(commands):
        futures.append(bridge.submit(command))
        if number >= WINDOW:
            await asyncio.wait_for(futures[number - WINDOW], 30)
    return await asyncio.wait_for(asyncio.gather(*futures), 60)


def post(room, user, number, size=1):
    text = f"{number} " * size
    return {"op": "send", "room": room, "key": f"p{number}", "text": text, "as": user}


class Busy:
    """Commands of every kind in one room, each of which leads to an event."""

    def __init__(self, room, owner, members, seed):
        self.room, self.owner, self.members = room, owner, members
        self.random = random.Random(seed)
        self.posted, self.reacted, self.guests = [], [], []

    def commands(self, count):
        kinds = [self.post] * 4 + [self.edit, self.delete, self.react, self.unreact]
        kinds += [self.invite, self.kick, self.rename]
        for number in range(count):
            sender, fields = self.random.choice(kinds)(number) or self.post(number)
            yield {"room": self.room, "key": f"b{number}", "as": sender, **fields}

    def post(self, number):
        sender = self.random.choice(self.members)
        self.posted.append((ids.event_id(sender, self.room, f"b{number}"), sender))
        return sender, {"op": "send", "text": f"post {number}"}

    def edit(self, number):
        if self.posted:
            event, sender = self.random.choice(self.posted)
            return sender, {"op": "edit", "event": event, "text": f"edit {number}"}
        return None

    def delete(self, number):
        if len(self.posted) < 20:
            return None
        event, sender = self.posted.pop(self.random.randrange(len(self.posted)))
        self.reacted = [r for r in self.reacted if r[0] != event]
        return sender, {"op": "delete", "event": event}

    def react(self, number):
        if not self.posted:
            return None
        event, _ = self.random.choice(self.posted)
        sender = self.random.choice(self.members)
        self.reacted.append((event, sender))
        return sender, {"op": "react", "event": event, "emoji": "👍"}

    def unreact(self, number):
        if not self.reacted:
            return None
        event, sender = self.reacted.pop(self.random.randrange(len(self.reacted)))
        return sender, {"op": "unreact", "event": event, "emoji": "👍"}

    def invite(self, number):
        self.guests.append(str(uuid.UUID(int=self.random.getrandbits(128), version=4)))
        return self.owner, {"op": "invite", "user": self.guests[-1]}

    def kick(self, number):
        return (self.owner, {"op": "kick", "user": self.guests.pop()}) if self.guests else None

    def rename(self, number):
        return self.owner, {"op": "rename", "name": f"name {number}"}


async def follow(stack, node, user, room, cursor):
    """Return a socket that reads all it is sent, and the cursor of the ack of its `sub`."""
    wire = await Wire.open(stack.status()["ingest"][node], token_of(stack.data, user))
    await wire.next("hello")
    wire.send({"op": "sub", "id": 1, "room": room, "cursor": cursor})
    return wire, (await wire.next("ack"))["cursor"]


async def frames_until(wire, cursor, within_s=60):
    """Return the event, caught_up and reset frames, up to the event at the cursor."""
    found = []
    async with asyncio.timeout(within_s):
        while not found or found[-1]["cursor"] != cursor or found[-1]["op"] != "event":
            frame = await wire.lines.get()
            if frame["op"] in ("event", "caught_up", "reset"):
                found.append(frame)
    return found


def split(frames):
    """Return the events, and how many of them came before the one caught_up."""
    places = [n for n, frame in enumerate(frames) if frame["op"] != "event"]
    assert [frames[n]["op"] for n in places] == ["caught_up"]
    events = [frame for frame in frames if frame["op"] == "event"]
    assert [f["prev"] for f in events[1:]] == [f["cursor"] for f in events[:-1]]
    return events, places[0]


async def test_whoever_was_away_shows_the_same_as_who_stayed(stack, two_members, bridge):
    alice, bob, room = two_members
    left_at = (await alice.post(room, "last seen")).cursor
    await bob.next_event(room)
    await bob.client.close()
    stayed, _ = await follow(stack, 1, alice.user_id, room, left_at)
    await stayed.next("caught_up")

    busy = Busy(room, alice.user_id, [alice.user_id, bob.user_id], seed=5)
    acks = await play(bridge, busy.commands(EVENTS))
    assert all(ack.event for ack in acks)
    back, head = await follow(stack, 0, bob.user_id, room, left_at)
    assert head == acks[-1].cursor
    live = await alice.post(room, "live")

    events, missed = split(await frames_until(back, live.cursor))
    assert events == await frames_until(stayed, live.cursor)
    assert (missed, events[0]["prev"]) == (EVENTS, left_at)
    for wire in (stayed, back):
        wire.close()


async def test_what_pours_in_meanwhile_comes_once_and_after_what_was_missed(
    stack, two_members, bridge
):
    alice, bob, room = two_members
    start = (await alice.post(room, "start")).cursor
    await play(bridge, (post(room, alice.user_id, n, size=50) for n in range(2_000)))
    pouring = asyncio.create_task(
        play(bridge, (post(room, bob.user_id, n) for n in range(2_000, 4_000)))
    )
    backs = [await follow(stack, node, bob.user_id, room, start) for node in (0, 1, 0, 1)]
    last = (await pouring)[-1].cursor
    for back, _ in backs:
        events, missed = split(await frames_until(back, last))
        assert [f["d"]["text"].split()[0] for f in events] == [str(n) for n in range(4_000)]
        assert (events[0]["prev"], missed >= 2_000) == (start, True)
        back.close()


async def test_a_client_goes_on_elsewhere_when_its_node_dies(stack, two_members):
    alice, bob, room = two_members
    urls = stack.status()["ingest"]
    moving = await alice.elsewhere(stack.data, urls)  # on node 1
    start = (await moving.client.subscribe(room)).cursor
    acks = [await bob.post(room, f"{n}") for n in range(50)]
    pid = await asyncio.to_thread(stack.kill, "ingest-1")
    acks += [await bob.post(room, f"{n}") for n in range(50, 150)]
    events = [await moving.next_event(room) for _ in acks]
    assert [f["cursor"] for f in events] == [a.cursor for a in acks]
    assert [f["prev"] for f in events] == [start, *(a.cursor for a in acks[:-1])]
    await asyncio.to_thread(stack.wait_ready, "ingest-1", pid)
    await moving.client.close()


@pytest.mark.parametrize("cursor", ["7:3", "1:9000000000000000000"])
async def test_a_cursor_of_another_log_begins_anew(two_members, cursor):
    _, bob, room = two_members
    await bob.client.unsubscribe(room)
    await bob.client.subscribe(room, cursor)
    assert (await bob.next_frame("reset", room))["reason"] == "epoch_changed"


async def test_what_is_no_cursor_is_refused(two_members):
    _, bob, room = two_members
    for cursor in ("", "1", "x", "1:x", "1:-2", "1:٣"):
        with pytest.raises(Refused, match="cursor"):
            await bob.client.subscribe(room, cursor)


async def test_too_much_missed_begins_anew(stack, two_members, bridge):
    alice, bob, room = two_members
    start = (await alice.post(room, "start")).cursor
    await play(bridge, (post(room, alice.user_id, n) for n in range(10_001)))
    back, _ = await follow(stack, 1, bob.user_id, room, start)
    assert (await back.next("reset", within_s=30))["reason"] == "gap_too_large"
    back.close()


async def test_who_is_removed_while_resuming_gets_what_was_before_and_nothing_after(
    stack, two_members, bridge
):
    alice, bob, room = two_members
    start = (await alice.post(room, "start")).cursor
    watch, _ = await follow(stack, 1, bob.user_id, room, start)
    await play(bridge, (post(room, alice.user_id, n, size=500) for n in range(3_000)))
    wire, _ = await follow(stack, 1, bob.user_id, room, start)
    transport = wire.transport.underlying_transport
    transport.pause_reading()  # so that the node cannot send all that was missed
    kick = {"op": "kick", "room": room, "key": "kick", "user": bob.user_id}
    removal = (await alice.request(kick)).cursor
    await alice.post(room, "secret")
    await frames_until(watch, removal)  # now the node knows
    transport.resume_reading()
    events = []
    while not events or events[-1]["cursor"] != removal:
        events.append(await wire.next("event", within_s=30))
    assert len(events) == 3_001
    assert [f["prev"] for f in events[1:]] == [f["cursor"] for f in events[:-1]]
    wire.send({"op": "ping", "id": 2})
    while (line := await asyncio.wait_for(wire.lines.get(), 10))["op"] != "pong":
        assert line["op"] != "event"
    wire.close()
    watch.close()


async def test_what_happened_during_an_absence_is_not_resumed(stack, two_members):
    alice, bob, room = two_members
    seen = await alice.post(room, "seen")
    await bob.next_event(room)
    await bob.client.close()

    async def on_bob(op):
        return await alice.request({"op": op, "room": room, "key": op, "user": bob.user_id})

    steps = [await alice.post(room, "missed"), await on_bob("kick")]
    hidden = await alice.post(room, "secret")
    steps += [await on_bob("invite"), await alice.post(room, "welcome back")]
    for url in stack.status()["ingest"]:
        back = await bob.elsewhere(stack.data, [url])
        await back.client.subscribe(room, seen.cursor)
        events = [await back.next_event(room) for _ in steps]
        assert [f["cursor"] for f in events] == [s.cursor for s in steps]
        assert hidden.cursor not in [f["cursor"] for f in events]
        assert parse_cursor(events[2]["prev"]) == parse_cursor(events[1]["cursor"])
        caught_up = await back.next_frame("caught_up", room)
        assert caught_up["cursor"] == steps[-1].cursor
        await back.client.close()


async def test_a_new_member_resumes_from_where_they_joined(stack, two_members):
    alice, _, room = two_members
    eve = await Member.sign_in(stack.data, stack.status()["ingest"])
    await alice.post(room, "before her time")
    invite = {"op": "invite", "room": room, "key": "eve", "user": eve.user_id}
    invited = await alice.request(invite)
    await eve.client.subscribe(room, "1:-1")
    assert (await eve.next_event(room))["cursor"] == invited.cursor
    assert (await eve.next_frame("caught_up", room))["cursor"] == invited.cursor
    await eve.client.close()


async def test_the_creator_resumes_from_the_beginning(stack):
    alice = await Member.sign_in(stack.data, stack.status()["ingest"])
    room = await create_room(alice)
    await alice.client.subscribe(room, "1:-1")
    assert (await alice.next_event(room))["type"] == "RoomCreated"
    await alice.client.close()
