"""Members of a room on the session's stack, and its database."""

import asyncio
import uuid

import httpx
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from analytics.unread import repair_unread
from projector.migrate import migrate
from tests.people import Member, create_room
from tests.wire import token_of


@pytest.fixture
async def two_members(stack):
    """Alice on node 1 and Bob on node 2, both in one room; Bob follows it."""
    urls = stack.status()["ingest"]
    alice = await Member.sign_in(stack.data, urls[:1], "Alice")
    bob = await Member.sign_in(stack.data, urls[1:], "Bob")
    room = await create_room(alice, bob)
    await bob.client.subscribe(room)
    yield alice, bob, room
    await alice.client.close()
    await bob.client.close()


@pytest.fixture
def db(stack):
    with psycopg.connect(stack.status()["postgres"], autocommit=True) as connection:
        yield connection


@pytest.fixture
async def eventful_room(stack, two_members, db):
    """A room in which everything happened that a read model knows of; the id of one of its messages."""
    alice, bob, room = two_members
    first = await alice.post(room, "first", mentions=[bob.user_id])
    answer = await bob.post(room, "answer", reply_to=first.event)
    files = [{"file_id": await stored_file(stack, alice)}]
    await alice.post(room, "with a file", attachments=files)
    gone = await alice.post(room, "gone", attachments=files)
    for command in (
        {"op": "edit", "event": first.event, "text": "first of all"},
        {"op": "delete", "event": gone.event},
        {"op": "delete", "event": answer.event},
        {"op": "undelete", "event": answer.event},
        {"op": "pin", "event": first.event},
        {"op": "react", "event": answer.event, "emoji": "+"},
        {"op": "react", "event": first.event, "emoji": "-"},
        {"op": "unreact", "event": first.event, "emoji": "-"},
        {"op": "rename", "name": "renamed"},
        {"op": "invite", "user": str(uuid.uuid4())},
        {"op": "role", "user": bob.user_id, "role": "moderator"},
    ):
        await alice.request({"room": room, "key": str(uuid.uuid4()), **command})
    await bob.request({"op": "read", "room": room, "cursor": answer.cursor})
    await eventually(db, "SELECT FROM read_markers WHERE room_id = %s", room)
    await eventually(db, "SELECT FROM members WHERE room_id = %s AND role = 'moderator'", room)
    return room, first.event


@pytest.fixture(scope="module")
def database(stack):
    """A migrated database of a module's own."""
    dsn, name = stack.status()["postgres"], f"test_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        own = make_conninfo(dsn, dbname=name)
        migrate(own)
        yield own
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


async def stored_file(stack, member):
    """Upload a small file and return its id."""
    headers = {"Authorization": f"Bearer {token_of(stack.data, member.user_id)}"}
    async with httpx.AsyncClient(base_url=stack.status()["api"], headers=headers) as http:
        answer = await http.post("/files", files={"file": ("note.txt", uuid.uuid4().bytes)})
    assert answer.status_code == 201, answer.text
    return answer.json()["file_id"]


async def recounted(plan, apply=False):
    """Recount what is unread from the log, and perhaps put it right."""
    return await asyncio.to_thread(repair_unread, plan, apply, nothing, nothing)


def nothing(_):
    """Take what is told of progress."""


async def eventually(db, query, *parameters):
    """Return once a query finds something."""
    async with asyncio.timeout(10):
        while not db.execute(query, parameters).rowcount:
            await asyncio.sleep(0.02)
