"""Accounts that end by their person's own act: nobody gets in again, nothing only theirs is left, what they said is."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from api.sql import accounts as api_sql
from ingest.kafka import LogReader
from roomlog.accounts import ERASED_NAME, UserDeleted
from roomlog.errors import Refused
from roomlog.ids import direct_room_id, new_id
from roomlog.topics import CHAT_READS, USER_EVENTS
from schemas.registry import Registry
from tests.integration.api_people import PASSWORD, Person, problem
from tests.integration.conftest import eventually
from tests.people import Member
from tests.wire import Wire, token_of


@pytest.fixture
async def three(stack):
    """Ada, Bob and Eve, with accounts."""
    base = stack.status()["api"]
    people = [await Person.registered(base, name) for name in ("Ada of Erasure", "Bob", "Eve")]
    yield people
    for person in people:
        await person.http.aclose()


async def erase(person, password=PASSWORD):
    return await person.http.request("DELETE", "/users/me", json={"password": password})


async def done(answer, *statuses):
    answered = await answer
    assert answered.status_code in (statuses or (200, 201, 202, 204)), answered.text
    return answered


PERSONAL = {
    "users": "id",
    "members": "user_id",
    "read_markers": "user_id",
    "notification_reads": "user_id",
    "room_mutes": "user_id",
    "notifications": "user_id",
    "scheduled_messages": "user_id",
    "files": "owner_id",
    "push_subscriptions": "user_id",
    "push_outbox": "user_id",
    "mail_digests": "user_id",
    "blocks": "user_id",
}
"""Table with rows that are one person's -> the column that says whose."""


async def a_life(ada, bob, eve):
    """Let Ada do everything of which something is only hers; return a room of hers and the direct one with Bob."""
    room = await ada.room("tea", members=[bob.id])
    said = await ada.say(room, "the kettle is on", mentions=[bob.id])
    mentioned = await bob.say(room, "thank you @ada", mentions=[ada.id])
    direct = await done(
        bob.http.post("/rooms", json={"name": "two", "kind": "direct", "members": [ada.id]})
    )
    await bob.say(direct.json()["id"], "psst")
    await done(ada.http.post(f"/friends/{bob.id}"))
    await done(bob.http.post(f"/friends/{ada.id}"))
    await done(ada.http.post(f"/friends/{eve.id}"))
    await done(ada.http.post(f"/blocks/{eve.id}"))
    await done(bob.http.post(f"/blocks/{eve.id}"))
    await done(ada.http.put("/mail", json={"digest": True}))
    await done(ada.http.post("/notifications/read", json={"events": [mentioned["id"]]}))
    await done(ada.http.put(f"/rooms/{room}/mute", json={"level": "mentions"}))
    await done(ada.http.post("/files", files={"file": ("mine.txt", uuid.uuid4().bytes)}))
    next_week = (datetime.now(UTC) + timedelta(days=7)).isoformat()
    later = {"text": "later", "send_at": next_week}
    await done(ada.http.post(f"/rooms/{room}/messages", json=later))
    return room, direct.json()["id"], said


async def test_nothing_of_a_person_is_left_but_what_they_said(stack, three, db):
    ada, bob, eve = three
    room, direct, said = await a_life(ada, bob, eve)
    urls = stack.status()["ingest"]
    own = [await Wire.open(url, ada.token) for url in urls]
    for wire in own:
        await wire.next("hello")
    own[0].send({"op": "read", "id": 1, "room": room, "cursor": said["cursor"]})
    await own[0].next("ack")
    await eventually(db, "SELECT FROM read_markers WHERE user_id = %s", ada.id)
    for table, column in PERSONAL.items():
        if not table.startswith("push"):
            await eventually(db, f"SELECT FROM {table} WHERE {column} = %s", ada.id)
    watching = await Member.sign_in(stack.data, urls[1:], "Bob", bob.id)
    for each in (room, direct):
        await watching.client.subscribe(each)

    problem(await erase(ada, "not hers"), 403, "wrong_password")
    problem(await ada.http.request("DELETE", "/users/me", json={}), 422, "bad_request")
    assert "'tea'" in problem(await erase(ada), 409, "still_owner")["detail"]
    owner = {"op": "role", "room": room, "user": bob.id, "role": "owner", "key": new_id()}
    await bob.say(room, "I shall look after it")
    own[1].send({"id": 2, **owner})
    await own[1].next("ack")
    assert (await erase(ada)).status_code == 204  # at once, whatever the read models know of yet

    assert [await wire.code() for wire in own] == [4102, 4102]
    left = {}
    async with asyncio.timeout(10):
        async for frame in watching.client:
            if frame.get("type") == "MemberLeft":
                left[frame["room"]] = frame["d"]
            if left.keys() == {room, direct}:
                break
    assert left == {each: {"user": ada.id} for each in (room, direct)}
    problem(await erase(ada), 401, "unauthenticated")
    async with httpx.AsyncClient(base_url=ada.base) as http:
        signing_in = {"email": ada.user["email"], "password": PASSWORD}
        problem(await http.post("/auth/login", json=signing_in), 401, "wrong_credentials")
        again = {**signing_in, "name": "Ada again"}
        new = (await done(http.post("/auth/register", json=again), 201)).json()["user"]
    assert new["id"] != ada.id

    assert (await bob.read(f"/users/{ada.id}"))["name"] == ERASED_NAME
    page = await bob.read(f"/rooms/{room}/messages")
    assert page["items"][0]["text"] == "the kettle is on"
    assert page["users"][ada.id]["name"] == ERASED_NAME
    for table, column in PERSONAL.items():
        query = f"SELECT WHERE NOT EXISTS (SELECT FROM {table} WHERE {column} = %s)"
        await eventually(db, query, ada.id)
    assert (await bob.read("/users", q="Ada of Erasure"))["items"] == []
    assert (await bob.read("/friends"))["friends"] == []
    assert (await eve.read("/friends"))["asked"] == []
    assert [b["user"] for b in (await bob.read("/blocks"))["items"]] == [eve.id]
    problem(await bob.http.post(f"/friends/{ada.id}"), 404, "not_found")
    row = "SELECT email, password_hash, deleted_at IS NOT NULL FROM accounts WHERE id = %s"
    assert db.execute(row, [ada.id]).fetchone() == (None, None, True)
    devices = "SELECT DISTINCT user_agent, address FROM auth_sessions WHERE user_id = %s"
    assert db.execute(devices, [ada.id]).fetchall() == [("", None)]

    # Tokens that outlive the account: by this every node has heard of its end.
    for url in urls:
        late = await Wire.open(url, token_of(stack.data, ada.id))
        assert await late.code() == 4102
    invite = {"op": "invite", "room": room, "user": ada.id, "key": new_id()}
    with pytest.raises(Refused, match="deleted"):
        await watching.request(invite)
    assert direct == direct_room_id(ada.id, bob.id)
    await watching.client.close()
    await the_log_agrees(stack, ada.id)


async def the_log_agrees(stack, erased):
    """Check that the log says so, and that what compaction keeps is replaced by nothing.

    That it folds to the tables and a rebuild makes the same, `test_rebuild` and `test_verify` show on the same stack.
    """
    codecs = Registry(stack.settings.registry, stack.data).codecs()
    events = [codecs.user_events.decode(value) async for _, value in all_of(stack, USER_EVENTS)]
    assert [type(e.body) for e in events if e.key == erased][-1:] == [UserDeleted]
    async with asyncio.timeout(10):
        while await kept_reads(stack, erased):
            await asyncio.sleep(0.1)


async def kept_reads(stack, user):
    """Return the keys of chat.reads under which compaction would keep something of a person."""
    newest = {}
    async for key, value in all_of(stack, CHAT_READS):
        if key.startswith(user):
            newest[key] = value
    assert newest
    return {key for key, value in newest.items() if value}


async def all_of(stack, topic):
    """Yield key and value of every record of a topic, each partition in its order."""
    log = LogReader(stack.settings.kafka, topic)
    await log.start()
    for partition, head in (await log.heads(log.partitions())).items():
        async for records in log.read(partition, 0, head):
            for record in records:
                yield record.key.decode(), record.value
    await log.stop()


async def test_an_api_that_died_in_between_is_made_up_for(stack, three, db):
    """All that the first transaction leaves behind is done by whichever process comes next."""
    ada, bob, _ = three
    room = await bob.room("garden", members=[ada.id])
    with db.transaction():
        db.execute(api_sql.CLOSE_ACCOUNT, {"user_id": ada.id})
        db.execute(api_sql.ADD_ERASURE, {"user_id": ada.id})
        fact = {"event_id": new_id(), "user_id": ada.id, "type": "UserDeleted", "name": ""}
        db.execute(api_sql.ADD_OUTBOX, fact)
    gone = "SELECT WHERE NOT EXISTS (SELECT FROM members WHERE room_id = %s AND user_id = %s)"
    await eventually(db, gone, room, ada.id)
    await eventually(db, "SELECT FROM erased_users WHERE id = %s", ada.id)
    members = await bob.read(f"/rooms/{room}/members")
    assert [m["user"] for m in members["items"]] == [bob.id]
