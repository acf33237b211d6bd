"""`roomlog rebuild` on a stack that goes on: nobody notices, nothing is lost, and what differs is told."""

import asyncio
import itertools
import json
import signal
import uuid
from contextlib import suppress

import httpx
import psycopg
import pytest

from ingest.postgres import RoomTable
from projector.rebuild import sql
from projector.rebuild.shadow import NAMES, Shadow
from roomlog.cursors import parse_cursor
from roomlog.readmodels.tables import BEHIND, HINTS, QUEUES, SOURCES, TABLES, TO_DO
from tests.cli import ROOT, argv, roomlog, roomlog_json
from tests.indexing import indexed
from tests.people import create_room
from tests.wire import token_of

pytestmark = pytest.mark.whole_log

DEFINITIONS = """
SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL
SELECT 'constraint', conname, conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace
UNION ALL
SELECT 'table', relname, reloptions::text FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
UNION ALL
SELECT 'column', table_name || '.' || column_name,
       concat_ws(' ', ordinal_position, data_type, column_default, is_nullable, collation_name)
FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL
SELECT 'policy', tablename || '.' || policyname, concat_ws(' ', permissive, roles::text, cmd, qual, with_check)
FROM pg_policies WHERE schemaname = 'public'
UNION ALL
SELECT 'guarded', relname, relrowsecurity::text FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
ORDER BY 1, 2, 3"""
RIGHTS = """
SELECT table_name, privilege_type FROM information_schema.role_table_grants
WHERE grantee = 'PUBLIC' AND table_name = 'members'"""


def rebuild(stack, *options):
    return roomlog_json("rebuild", "--data", stack.data, *options)


def schemas(db):
    query = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'roomlog_%'"
    return {name for (name,) in db.execute(query)}


def test_every_table_and_column_is_known_for_what_it_is(db):
    """A migration that adds one has to say where its rows come from."""
    query = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
    found = {}
    for table, column in db.execute(query):
        found.setdefault(table, set()).add(column)
    assert found.keys() == {*SOURCES, *HINTS, *BEHIND, *QUEUES, *TO_DO, *NAMES}
    for table in TABLES:
        assert found[table.name] == {*table.key, *table.columns}, table.name


async def test_while_everything_goes_on_nobody_notices(stack, two_members, eventful_room, db):
    alice, bob, room = two_members
    db.execute("GRANT SELECT ON members TO PUBLIC")
    before, rights = db.execute(DEFINITIONS).fetchall(), db.execute(RIGHTS).fetchall()
    done, posted = asyncio.Event(), []
    going_on = asyncio.gather(
        chatter(alice, room, done, posted),
        chatter(bob, room, done, posted),
        reads(stack, alice, room, posted, done),
        loads(stack, room, done),
        new_rooms(alice, done),
    )
    found = await asyncio.to_thread(rebuild, stack)
    assert (found["swapped"], found["differences"]["total"]) == (True, 0)
    assert found["blocked_s"] < 2
    done.set()
    answered, loaded = (await going_on)[2:4]
    assert min(answered, loaded) > 10
    assert db.execute(DEFINITIONS).fetchall() == before
    assert db.execute(RIGHTS).fetchall() == rights
    assert not schemas(db)
    await last_is_readable(stack, alice, room, posted[-1])
    query = "SELECT text FROM messages WHERE room_id = %s AND text LIKE 'chatter %%'"
    assert {text for (text,) in db.execute(query, [room])} == {p.text for p in posted}
    db.execute("REVOKE SELECT ON members FROM PUBLIC")


class Posted:
    def __init__(self, text, cursor):
        self.text, self.cursor = text, cursor


async def chatter(member, room, done, posted):
    while not done.is_set():
        text = f"chatter {uuid.uuid4()}"
        posted.append(Posted(text, (await member.post(room, text)).cursor))
        await asyncio.sleep(0.005)


async def reads(stack, member, room, posted, done):
    """Read the room again and again; every answer is there, and none is older than one before."""
    headers = {"Authorization": f"Bearer {token_of(stack.data, member.user_id)}"}
    last = count = 0
    async with httpx.AsyncClient(base_url=stack.status()["api"], headers=headers) as http:
        for count in itertools.count():
            if done.is_set():
                return count
            after = {"after_cursor": posted[-1].cursor} if posted else {}
            got = await http.get(f"/rooms/{room}", params=after)
            assert got.status_code == 200, got.text
            at = parse_cursor(got.json()["last_cursor"]).offset
            assert at >= last, "read models went back in time"
            last = at
            page = await http.get(f"/rooms/{room}/messages", params={"limit": 20})
            assert (page.status_code, len(page.json()["items"])) == (200, 20) or count < 10
    return count


async def loads(stack, room, done):
    """Load the room as a node does that takes it up."""
    table, last, count = RoomTable(stack.status()["postgres"], 1), 0, 0
    await table.start()
    try:
        while not done.is_set():
            found = await table.load(room)
            assert found.room.exists
            assert len(found.room.members) == 3
            assert found.next >= last, "read models went back in time"
            last, count = found.next, count + 1
            await asyncio.sleep(0.002)
    finally:
        await table.stop()
    return count


async def new_rooms(member, done):
    while not done.is_set():
        room = await create_room(member)
        await member.client.subscribe(room)
        await member.post(room, "in a room that the node has just loaded")
        await asyncio.sleep(0.3)  # more often would be beyond the rate limit


async def last_is_readable(stack, member, room, posted):
    headers = {"Authorization": f"Bearer {token_of(stack.data, member.user_id)}"}
    async with httpx.AsyncClient(base_url=stack.status()["api"], headers=headers) as http:
        got = await http.get(f"/rooms/{room}", params={"after_cursor": posted.cursor})
    assert got.status_code == 200


async def test_killed_at_any_moment_the_next_run_ends_it(stack, eventful_room, db):
    for after_s in (0.8, 1.1, 1.4):
        process = await asyncio.create_subprocess_exec(
            *argv("rebuild", "--data", stack.data), cwd=ROOT, stderr=asyncio.subprocess.DEVNULL
        )
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), after_s)
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        await process.wait()
    found = await asyncio.to_thread(rebuild, stack)
    assert (found["swapped"], found["differences"]["total"]) == (True, 0)
    assert not schemas(db)


def test_one_at_a_time(stack, db):
    db.execute(sql.LOCK)
    ended = roomlog("rebuild", "--data", stack.data, check=False)
    assert ended.returncode == 1
    assert "another rebuild is running (PostgreSQL session" in ended.stderr
    assert "Traceback" not in ended.stderr


async def test_what_differs_is_told_and_stops_the_swap_until_it_is_accepted(
    stack, eventful_room, db
):
    room, message = eventful_room
    await indexed(stack)  # else it could take in what is forged, and a rebuild does not mend that
    db.execute("UPDATE messages SET text = 'forged' WHERE event_id = %s", [message])
    (user,) = db.execute(
        "DELETE FROM members WHERE room_id = %s AND role = 'owner' RETURNING user_id", [room]
    ).fetchone()
    db.execute("INSERT INTO reactions VALUES (%s, %s, '!', %s, now())", [room, message, user])
    ended = await asyncio.to_thread(roomlog, "rebuild", "--data", stack.data, "--json", check=False)
    found = json.loads(ended.stdout)
    assert (ended.returncode, found["swapped"]) == (1, False)
    assert found["differences"]["counts"] == {
        "members": {"missing": 1},
        "messages": {"different": 1},
        "reactions": {"extra": 1},
    }
    shown = {one["table"]: one for one in found["differences"]["witnesses"]}
    assert shown["messages"]["key"] == {"room_id": room, "event_id": message}
    assert shown["messages"]["columns"] == {"text": ["first of all", "forged"]}
    assert schemas(db) == {"roomlog_new"}
    assert db.execute("SELECT text FROM messages WHERE event_id = %s", [message]).fetchone() == (
        "forged",
    )

    ended = await asyncio.to_thread(
        roomlog, "rebuild", "--data", stack.data, "--accept-differences", "--keep-old"
    )
    assert "text should be 'first of all', is 'forged'" in ended.stdout
    assert "earlier run" in ended.stderr
    assert schemas(db) == {"roomlog_old"}
    query = "SELECT text FROM {}.messages WHERE event_id = %s"
    texts = [db.execute(query.format(s), [message]).fetchone() for s in ("public", "roomlog_old")]
    assert texts == [("first of all",), ("forged",)]
    query = "SELECT role FROM members WHERE room_id = %s AND user_id = %s"
    assert db.execute(query, [room, user]).fetchone() == ("owner",)
    db.execute("DROP SCHEMA roomlog_old CASCADE")


async def test_who_still_uses_a_table_that_was_replaced_is_waited_for(stack, db):
    db.execute("CREATE SCHEMA roomlog_old")
    db.execute("CREATE TABLE roomlog_old.messages ()")
    dsn, told = stack.status()["postgres"], []
    with psycopg.connect(dsn) as reader, Shadow(dsn) as shadow:
        reader.execute("SELECT FROM roomlog_old.messages")

        def tell(text):
            told.append(text)
            reader.rollback()

        await shadow.drop_old(tell)
    assert [text.split(" are")[0].strip() for text in told] == ["the tables that were replaced"]
    assert not schemas(db)


async def test_a_read_marker_that_compaction_took_from_the_log_is_kept(stack, eventful_room, db):
    room, _ = eventful_room
    query = 'UPDATE read_markers SET "offset" = "offset" + 1 WHERE room_id = %s RETURNING "offset"'
    kept = db.execute(query, [room]).fetchone()
    found = await asyncio.to_thread(rebuild, stack)
    assert (found["swapped"], found["differences"]["total"]) == (True, 0)
    query = 'SELECT "offset" FROM read_markers WHERE room_id = %s'
    assert db.execute(query, [room]).fetchone() == kept


def test_what_would_stay_with_the_old_tables_is_refused(stack, db):
    db.execute("CREATE VIEW loud AS SELECT upper(text) FROM messages")
    try:
        ended = roomlog("rebuild", "--data", stack.data, check=False)
        assert ended.returncode == 1
        assert "view loud" in ended.stderr
    finally:
        db.execute("DROP VIEW loud")
