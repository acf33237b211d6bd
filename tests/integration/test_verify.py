"""`roomlog verify` on a running stack: what the tables have against what the log says."""

import json
import subprocess
import uuid

import psycopg
import pytest

from roomlog.partitions import partition_of
from roomlog.readmodels.tables import SWAP_LOCK, TABLES
from tests.cli import ROOT, argv, roomlog, roomlog_json
from tests.integration.test_poison import dead_letters, produce

pytestmark = pytest.mark.whole_log


def verify(stack, check=True):
    ended = roomlog("verify", "--data", stack.data, "--json", check=check)
    return json.loads(ended.stdout)


async def test_tables_that_are_right_are_told_to_be(stack, eventful_room, db):
    room, _ = eventful_room
    kafka, partition = stack.settings.kafka, partition_of(room)
    poison = await produce(kafka, room, partition, [b"not avro"])
    await dead_letters(kafka, partition, set(poison))
    before = counts(db)
    found = verify(stack)
    assert found["differences"]["total"] == 0, found["differences"]
    assert found["refused"] >= 1
    after = counts(db)  # files that nobody needs go by themselves
    for table, count in found["rows"].items():
        assert count in range(
            min(before[table], after[table]), max(before[table], after[table]) + 1
        )


def counts(db):
    names = [table.name for table in TABLES]
    return {n: db.execute(f"SELECT count(*) FROM {n}").fetchone()[0] for n in names}


WRONG = {
    "messages: 1 different": "UPDATE messages SET mentions = '{{}}' WHERE event_id = '{message}'",
    "messages: 1 extra": 'INSERT INTO messages (room_id, "offset", event_id, sender_id, sent_at) '
    "VALUES ('{room}', 0, '{new}', '{new}', now())",
    "members: 1 missing": "DELETE FROM members WHERE room_id = '{room}' AND role = 'owner'",
    "rooms: 1 different": "UPDATE rooms SET message_count = 7 WHERE id = '{room}'",
    "rooms: 1 extra": "INSERT INTO rooms SELECT '{new}', workspace_id, kind, name, topic, created_by, "
    "created_at, partition, created_offset, last_offset, last_event_at FROM rooms LIMIT 1",
    "reactions: 1 missing": "DELETE FROM reactions WHERE room_id = '{room}'",
    "read_markers: 1 different": "UPDATE read_markers SET \"offset\" = 0 WHERE room_id = '{room}'",
    "applied_events: 1 extra": "INSERT INTO applied_events VALUES ('{new}')",
    "void_events: 1 extra": "INSERT INTO void_events VALUES ('{room}', 0, '{new}')",
    "message_marks: 1 extra": "INSERT INTO message_marks VALUES ('{room}', 1000, 0)",
    "room_stats: 1 different": "UPDATE room_stats SET messages = 7 WHERE room_id = '{room}'",
    "room_senders: 1 different": "UPDATE room_senders SET last_day = 7 WHERE (room_id, user_id) = "
    "(SELECT room_id, sender_id FROM messages WHERE event_id = '{message}')",
    "message_texts: 1 missing": "DELETE FROM message_texts WHERE room_id = '{room}' AND text = 'first'",
    "deleted_messages: 1 different": "UPDATE deleted_messages SET text = 'x' WHERE room_id = '{room}'",
    "pins: 1 missing": "DELETE FROM pins WHERE room_id = '{room}'",
    "notifications: 1 different": "UPDATE notifications SET kind = 'direct' WHERE event_id = '{message}'",
    "notification_reads: 1 extra": "INSERT INTO notification_reads VALUES ('{new}', '{new}', now())",
    "room_mutes: 1 extra": "INSERT INTO room_mutes VALUES ('{new}', '{room}', 'nothing', NULL, now())",
    "users: 1 extra": "INSERT INTO users VALUES ('{new}', 'nobody', now())",
}


async def test_every_kind_of_mistake_is_found_and_a_rebuild_heals_it(stack, eventful_room, db):
    room, message = eventful_room
    names = {"room": room, "message": message}
    for statement in WRONG.values():
        assert db.execute(statement.format(new=uuid.uuid4(), **names)).rowcount == 1
    ended = roomlog("verify", "--data", stack.data, check=False)
    assert ended.returncode == 1
    lines = [line.strip() for line in ended.stdout.splitlines()]
    for table in {name.partition(":")[0] for name in WRONG}:
        told_of = [name.partition(": ")[2] for name in WRONG if name.startswith(f"{table}:")]
        (line,) = (line for line in lines if line.startswith(f"{table}:"))
        assert all(kind in line for kind in told_of), line
    assert any("message_count should be 4, is 7" in line for line in lines)
    healed = roomlog_json("rebuild", "--data", stack.data, "--accept-differences")
    assert healed["differences"]["total"] == len(WRONG)
    assert verify(stack)["differences"]["total"] == 0


def test_a_swap_waits_until_nobody_reads_everything(stack):
    """A snapshot from before it would see the new tables empty."""
    command = argv("rebuild", "--data", stack.data)
    with (
        psycopg.connect(stack.status()["postgres"]) as reader,
        subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process,
    ):
        try:
            reader.execute("SELECT pg_advisory_lock_shared(%s)", [SWAP_LOCK])
            assert any("waiting for `roomlog verify`" in line for line in process.stderr)
            reader.close()
            assert process.wait(60) == 0
        finally:
            process.kill()
