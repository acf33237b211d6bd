"""`roomlog dlq`: what cannot be applied is listed, shown, retried exactly once, or dropped with a trace."""

import asyncio
import json
import time
import uuid

import psycopg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from typer.testing import CliRunner

from projector.commands.dlq import app
from roomlog import letters
from roomlog.events import MessagePosted, RoomRenamed
from roomlog.letters import Decision, encode
from roomlog.partitions import partition_of
from schemas.registry import Registry
from tests.cli import roomlog_json
from tests.integration.conftest import eventually
from tests.integration.test_poison import dead_letters, produce
from tests.projector_records import chat_event


class Broken:
    """Records of one room that became dead letters."""

    def __init__(self, stack, room, sender):
        self.kafka, self.room, self.sender = stack.settings.kafka, room, sender
        self.partition = partition_of(room)
        self._codec = Registry(stack.settings.registry).codecs().chat_events

    def event(self, body, sender=""):
        return self._codec.encode(chat_event(self.room, sender or self.sender, body))

    async def put(self, *values, partition=None):
        """Write records into the log and return their places once they have their letters."""
        at = self.partition if partition is None else partition
        offsets = await produce(self.kafka, self.room, at, values)
        await dead_letters(self.kafka, at, set(offsets))
        return [f"chat.events:{at}:{offset}" for offset in offsets]

    async def end(self):
        async with AIOKafkaConsumer(bootstrap_servers=self.kafka) as consumer:
            place = TopicPartition("chat.events", self.partition)
            return (await consumer.end_offsets([place]))[place]


@pytest.fixture
async def broken(stack, two_members):
    alice, _bob, room = two_members
    await alice.post(room, "before")
    return Broken(stack, room, alice.user_id)


async def run(stack, *args):
    """Run `roomlog dlq ARGS` in this process, which is quicker than one of its own."""
    argv = [*map(str, args), "--data", str(stack.data)]
    return await asyncio.to_thread(CliRunner().invoke, app, argv)


async def dlq(stack, *args):
    ended = await run(stack, *args, "--json")
    assert ended.exit_code == 0, ended.stderr
    return json.loads(ended.stdout)


async def refused(stack, *args):
    """Run a command that has to refuse something; return what it says of each letter."""
    ended = await run(stack, *args, "--json")
    assert ended.exit_code == 1, ended.stderr
    return {one["place"]: one["error"] for one in json.loads(ended.stdout)}


async def test_letters_are_listed_by_what_one_looks_for_and_shown(stack, broken):
    began = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    garbage, misplaced = b"\x00\x01garbage\xff", broken.event(MessagePosted("elsewhere"))
    other = (broken.partition + 1) % 24
    (bad,) = await broken.put(garbage)
    (wrong,) = await broken.put(misplaced, partition=other)
    here = ("--since", began, "--topic", "chat.events")
    assert {bad, wrong} <= {one["place"] for one in await dlq(stack, "list", *here)}
    listed = await dlq(stack, "list", *here, "--partition", other, "--reason", "misplaced")
    assert wrong in {one["place"] for one in listed}
    assert bad not in {one["place"] for one in listed}
    assert "There are no such" in (await run(stack, "list", "--reason", "xyz")).stdout
    assert bad in (await run(stack, "list")).stdout

    shown = (await run(stack, "show", bad)).stdout
    assert "undecodable, open" in shown
    assert "00 01 67 61 72 62 61 67 65 ff" in shown
    assert ".garbage." in shown
    shown = (await run(stack, "show", wrong)).stdout
    assert '"text": "elsewhere"' in shown
    assert f"key       {broken.room}" in shown
    found = await dlq(stack, "show", wrong)
    assert (found["record"]["type"], found["kind"]) == ("MessagePosted", "misplaced")


async def test_a_retry_takes_effect_once_and_is_not_repeated(stack, broken, two_members, db):
    _alice, bob, _ = two_members
    other = (broken.partition + 1) % 24
    (place,) = await broken.put(broken.event(MessagePosted("found its way")), partition=other)
    (done,) = await dlq(stack, "retry", place)
    assert done["outcome"].startswith(f"retried: it is at partition {broken.partition}, offset ")
    while (await bob.next_event(broken.room))["d"].get("text") != "found its way":
        pass  # it reaches those who follow, too
    query = "SELECT FROM messages WHERE room_id = %s AND text = 'found its way'"
    await eventually(db, query, broken.room)
    end = await broken.end()
    assert "was retried already" in (await refused(stack, "retry", place))[place]
    assert "was retried already" in (await refused(stack, "drop", place))[place]
    assert await broken.end() == end
    assert place not in {one["place"] for one in await dlq(stack, "list")}
    (kept,) = (one for one in await dlq(stack, "list", "--all") if one["place"] == place)
    assert [d["action"] for d in kept["decisions"]] == ["retrying", "retried"]


async def test_one_who_was_killed_while_retrying_left_nothing_to_repeat(stack, broken):
    value, other = broken.event(MessagePosted("once")), (broken.partition + 1) % 24
    (place,) = await broken.put(value, partition=other)
    topic, partition, offset = place.split(":")
    base = await broken.end()
    begun = Decision(
        topic, int(partition), int(offset), "retrying", 0, "x", "", broken.partition, base
    )
    key = letters.key_of((topic, int(partition), int(offset)))
    async with AIOKafkaProducer(bootstrap_servers=broken.kafka, acks="all") as producer:
        await producer.send_and_wait("chat.dlq", encode(begun), key=key)
    (written,) = await produce(broken.kafka, broken.room, broken.partition, [value])
    (done,) = await dlq(stack, "retry", place)
    assert done["outcome"] == f"retried: it is at partition {broken.partition}, offset {written}"
    assert await broken.end() == written + 1


async def test_what_cannot_succeed_is_refused_with_the_reason(stack, broken, two_members):
    stranger = str(uuid.uuid4())
    garbage, nul = await broken.put(b"garbage", broken.event(MessagePosted("a\0b")))
    long = "".join(uuid.uuid4().hex for _ in range(2000))
    (too_long,) = await broken.put(broken.event(RoomRenamed(long)))
    other = (broken.partition + 1) % 24
    (void,) = await broken.put(broken.event(MessagePosted("hi"), stranger), partition=other)
    known = broken.event(MessagePosted("said"))
    await produce(broken.kafka, broken.room, broken.partition, [known])
    (repeat,) = await broken.put(known, partition=other)
    end = await broken.end()
    said = await refused(stack, "retry", garbage, nul, too_long, void, repeat)
    assert "still cannot be decoded: magic byte" in said[garbage]
    assert "U+0000" in said[nul]
    assert "index row" in said[too_long]
    assert "no member of the room" in said[void]
    assert "took effect already" in said[repeat]
    assert await broken.end() == end
    nowhere = await run(stack, "retry", "chat.events:0:999999")
    assert (nowhere.exit_code, "no dead letter about" in nowhere.stderr) == (2, True)
    nothing = await run(stack, "retry")
    assert nothing.exit_code == 2


async def test_what_postgres_refused_once_it_may_take_later(stack, broken, db):
    name = f"forbidden {uuid.uuid4()}"
    db.execute(f"ALTER TABLE rooms ADD CONSTRAINT tmp CHECK (name <> '{name}')")
    try:
        (place,) = await broken.put(broken.event(RoomRenamed(name)))
        assert "still refuse" in (await refused(stack, "retry", place))[place]
    finally:
        db.execute("ALTER TABLE rooms DROP CONSTRAINT tmp")
    await dlq(stack, "retry", "--all", "--reason", "violates check constraint")
    await eventually(db, "SELECT FROM rooms WHERE id = %s AND name = %s", broken.room, name)
    found = await asyncio.to_thread(roomlog_json, "verify", "--data", stack.data)
    assert found["differences"]["total"] == 0, "what was retried or dropped counts in the log"


async def test_a_dropped_letter_leaves_who_and_why(stack, broken):
    places = await broken.put(b"one", b"two")
    done = await dlq(stack, "drop", *places, "--note", "sent by a broken script")
    assert [one["outcome"] for one in done] == ["dropped", "dropped"]
    shown = (await run(stack, "show", places[0])).stdout
    assert "undecodable, dropped" in shown
    assert "sent by a broken script" in shown
    assert "was dropped by" in (await refused(stack, "retry", places[0]))[places[0]]


async def test_one_at_a_time(stack, db):
    with psycopg.connect(stack.settings.postgres) as other:
        other.execute("SELECT pg_advisory_lock(7201127)")
        ended = await run(stack, "drop", "--all", "--reason", "xyz")
    assert (ended.exit_code, "somebody else" in ended.stderr) == (1, True)
