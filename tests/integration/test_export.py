"""The export against the log that the stack has: every record, in every format, and none twice."""

import json
import uuid

import pyarrow.dataset as ds
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from roomlog.partitions import partition_of
from tests.cli import roomlog, roomlog_json
from tests.integration.test_poison import produce

pytestmark = pytest.mark.whole_log


@pytest.fixture
async def told(two_members):
    """A room in which something was said; the event ids in order."""
    alice, _bob, room = two_members
    acks = []
    for text in ("one", 'two "2"\n', "three"):
        key = str(uuid.uuid4())
        acks.append(await alice.request({"op": "send", "room": room, "key": key, "text": text}))
    return room, [ack.event for ack in acks]


async def ends(kafka):
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka)
    await consumer.start()
    try:
        found = await consumer.end_offsets([TopicPartition("chat.events", p) for p in range(24)])
        return sum(found.values())
    finally:
        await consumer.stop()


async def test_a_whole_export_has_a_row_for_every_record(stack, told, tmp_path):
    before = await ends(stack.settings.kafka)
    made = roomlog_json("export", "--data", stack.data, "--out", tmp_path, "--duplicates")
    after = await ends(stack.settings.kafka)
    table = ds.dataset(tmp_path).to_table()
    assert before <= made["records"] <= after
    assert table.num_rows == made["rows"] == made["records"] - made["poison_skipped"]
    places = set(zip(table["partition"].to_pylist(), table["offset"].to_pylist(), strict=True))
    assert len(places) == table.num_rows
    assert sum(made["types"].values()) == table.num_rows


@pytest.mark.parametrize("format_", ["parquet", "jsonl", "csv", "avro"])
async def test_every_format_has_the_rooms_messages_in_order(stack, told, tmp_path, format_):
    room, events = told
    made = roomlog_json(
        *("export", "--data", stack.data, "--out", tmp_path, "--format", format_),
        *("--room", room, "--type", "MessagePosted"),
    )
    assert made["rows"] == 3
    (path,) = tmp_path.iterdir()
    assert path.name == f"events-{partition_of(room):02d}.{format_}"
    if format_ == "jsonl":
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        assert [r["event_id"] for r in rows] == events
        assert rows[1]["body"] == {"text": 'two "2"\n'}


async def test_ranges_of_offsets_and_times(stack, told, tmp_path):
    room, events = told
    select = ("export", "--data", stack.data, "--out", tmp_path, "--room", room)
    whole = roomlog_json(*select, "--format", "jsonl")
    assert whole["rows"] == whole["records"] or whole["rows"] > 3
    rows = [json.loads(line) for p in tmp_path.iterdir() for line in p.read_text().splitlines()]
    two = next(r for r in rows if r["event_id"] == events[1])
    place = f"{two['partition']}:{two['offset']}"
    after = roomlog_json(*select, "--from", place)
    upto = roomlog_json(*select, "--to", place)
    assert after["rows"] + upto["rows"] == whole["rows"]
    since = roomlog_json(*select, "--since", two["ts"])
    until = roomlog_json(*select, "--until", two["ts"])
    assert since["rows"] + until["rows"] == whole["rows"]
    assert roomlog_json(*select, "--since", "2100-01-01")["rows"] == 0


async def test_a_repeated_record_is_one_row_and_poison_is_told(stack, told, tmp_path):
    room, _events = told
    kafka, partition = stack.settings.kafka, partition_of(room)
    value = await last_value(kafka, partition)
    await produce(kafka, room, partition, [value, b"not avro"])
    select = ("export", "--data", stack.data, "--room", room, "--out", tmp_path)
    made = roomlog_json(*select)
    assert made["repeats_left_out"] == 1
    assert made["poison_skipped"] >= 1
    kept = roomlog_json(*select, "--duplicates")
    assert kept["rows"] == made["rows"] + 1
    said = roomlog(*select)
    assert "left out partition" in said.stderr
    assert "magic byte" in said.stderr


async def last_value(kafka, partition):
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka)
    await consumer.start()
    try:
        place = TopicPartition("chat.events", partition)
        consumer.assign([place])
        consumer.seek(place, (await consumer.end_offsets([place]))[place] - 1)
        return (await consumer.getone()).value
    finally:
        await consumer.stop()


async def test_an_export_takes_the_place_of_an_earlier_one(stack, told, tmp_path):
    room, _ = told
    (tmp_path / "events-77.parquet").write_bytes(b"old")
    (tmp_path / "mine.txt").write_text("kept")
    roomlog_json("export", "--data", stack.data, "--out", tmp_path, "--room", room)
    names = sorted(p.name for p in tmp_path.iterdir())
    assert names == [f"events-{partition_of(room):02d}.parquet", "mine.txt"]


def test_nothing_selected_is_an_empty_file_that_opens(stack, tmp_path):
    made = roomlog_json(
        "export", "--data", stack.data, "--out", tmp_path, "--room", str(uuid.uuid4())
    )
    assert made["rows"] == 0
    assert ds.dataset(tmp_path).to_table().num_rows == 0


def test_mistakes_are_told_in_a_line(stack, tmp_path):
    wrong = ("export", "--data", stack.data, "--out", tmp_path)
    assert "no room id" in roomlog(*wrong, "--room", "tea", check=False).stderr
    assert "MessagePosted" in roomlog(*wrong, "--type", "x", check=False).stderr
    away = roomlog("export", "--data", tmp_path, "--out", tmp_path, check=False)
    assert (away.returncode, "no stack runs" in away.stderr) == (1, True)


async def test_several_processes_write_the_same(stack, told, tmp_path):
    one = roomlog_json("export", "--data", stack.data, "--out", tmp_path / "1", "--workers", 1)
    two = roomlog_json("export", "--data", stack.data, "--out", tmp_path / "2", "--workers", 2)
    assert two["types"].keys() == one["types"].keys()
    assert two["rows"] >= one["rows"]


async def test_replay_prints_the_rooms_history(stack, told):
    room, events = told
    lines = roomlog("replay", "--data", stack.data, "--room", room).stdout.splitlines()
    assert " created the " in lines[0]
    assert lines[-1].endswith(": three")
    rows = roomlog("replay", "--data", stack.data, "--room", room, "--json").stdout.splitlines()
    assert [json.loads(r)["event_id"] for r in rows][-3:] == events


async def test_replay_follows(stack, two_members):
    import asyncio

    from tests.cli import ROOT, argv

    alice, _, room = two_members
    command = argv("replay", "--data", stack.data, "--room", room, "--follow", "--json")
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(60):
            assert json.loads(await process.stdout.readline())["type"] == "RoomCreated"
            key = str(uuid.uuid4())
            ack = await alice.request({"op": "send", "room": room, "key": key, "text": "new"})
            while json.loads(await process.stdout.readline())["event_id"] != ack.event:
                pass
    finally:
        process.kill()
        await process.wait()
