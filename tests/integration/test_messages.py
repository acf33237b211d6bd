"""Counters, edit history, restored messages, threads and pins, end to end on real servers."""

import asyncio
import uuid

import psycopg
import pytest

from roomlog.client import Client
from roomlog.errors import Refused
from tests.integration.api_people import Person, problem
from tests.people import Member


@pytest.fixture
async def people(stack):
    """Ada on node 1 and Bob on node 2, each with a socket."""
    status, found = stack.status(), []
    for name, url in zip(("Ada", "Bob"), status["ingest"], strict=False):
        person = await Person.registered(status["api"], name)
        found.append((person, Member(person.id, await Client.connect([url], person.token))))
    yield found
    for person, member in found:
        await person.http.aclose()
        await member.client.close()


async def do(member, room, op, **fields):
    return await member.request({"op": op, "room": room, "key": str(uuid.uuid4()), **fields})


async def stats(person, room, cursor):
    return await person.read(f"/rooms/{room}/stats", after_cursor=cursor)


async def unread(person, room):
    items = (await person.read("/unread"))["items"]
    return next((u["unread"], u["mentions"]) for u in items if u["room"] == room)


async def found(person, room, cursor):
    page = await person.read("/search", q="zebra", room=room, after_cursor=cursor)
    return [item["id"] for item in page["items"]]


def shown_by_postgres(db, user, room):
    """Return how many former texts PostgreSQL itself shows the API in a user's name."""
    with db.transaction(force_rollback=True):
        db.execute("SET LOCAL ROLE roomlog_api")
        db.execute("SELECT set_config('roomlog.user_id', %s, true)", [user])
        with pytest.raises(psycopg.errors.InsufficientPrivilege), db.transaction():
            db.execute("SELECT FROM deleted_messages")
        query = "SELECT count(*) FROM message_texts WHERE room_id = %s"
        return db.execute(query, [room]).fetchone()[0]


async def test_a_restored_message_comes_back_everywhere(people, db):
    (ada, a), (bob, b) = people
    room = await ada.room("tea")
    await bob.join(room)
    said = await ada.say(room, "first", mentions=[bob.id])
    message = said["id"]
    await b.client.subscribe(room)
    await do(a, room, "edit", event=message, text="second")
    await do(a, room, "edit", event=message, text="third zebra")
    gone = await do(a, room, "delete", event=message)
    read = await bob.read(f"/messages/{message}", after_cursor=gone.cursor)
    assert (read["text"], read["history"], read["mentions"]) == (None, [], [])
    assert shown_by_postgres(db, bob.id, room) == 0
    assert (await stats(bob, room, gone.cursor))["deleted"] == 1
    assert await unread(bob, room) == (0, 0)
    assert await found(bob, room, gone.cursor) == []

    with pytest.raises(Refused, match="only who deleted it"):
        await do(b, room, "undelete", event=message)
    key = str(uuid.uuid4())
    back = await do(a, room, "undelete", event=message, key=key)
    again = await do(a, room, "undelete", event=message, key=key)
    assert again.event == back.event
    while (frame := await b.next_event(room))["type"] != "MessageRestored":
        continue
    assert (frame["id"], frame["d"]) == (back.event, {"event": message})
    read = await bob.read(f"/messages/{message}", after_cursor=back.cursor)
    assert (read["text"], read["deleted_at"], read["mentions"]) == ("third zebra", None, [bob.id])
    texts = [(h["text"], h["sender"]) for h in read["history"]]
    assert texts == [("first", ada.id), ("second", ada.id), ("third zebra", ada.id)]
    assert read["history"][0]["cursor"] == said["cursor"]
    assert [shown_by_postgres(db, who, room) for who in (bob.id, str(uuid.uuid4()))] == [3, 0]
    assert (await stats(bob, room, back.cursor))["deleted"] == 0
    assert await unread(bob, room) == (1, 1)
    assert await found(bob, room, back.cursor) == [message]


async def test_what_a_moderator_deletes_only_moderators_restore(people, stack):
    (ada, a), (bob, b) = people
    room = await ada.room("tea")
    await bob.join(room)
    await b.client.subscribe(room)
    said = await bob.say(room, "no")
    await do(a, room, "delete", event=said["id"])
    while (await b.next_event(room))["type"] != "MessageDeleted":
        pass  # his own node has to have heard of it
    with pytest.raises(Refused, match="only who deleted it"):
        await do(b, room, "undelete", event=said["id"])
    # Once more from a node that has not seen any of it: it asks PostgreSQL and the log.
    later = await a.elsewhere(stack.data, stack.status()["ingest"][1:2])
    back = await do(later, room, "undelete", event=said["id"])
    assert (await bob.read(f"/messages/{said['id']}", after_cursor=back.cursor))["text"] == "no"
    await later.client.close()


async def test_totals_are_counted_when_messages_are_posted(people, stack, db):
    """Also for who reads only what came since they joined; a thousand messages are marked meanwhile."""
    (ada, a), (bob, _) = people
    room = await ada.room("tea", kind="public")
    bridge = await Member.sign_in(stack.data, stack.status()["ingest"], scope="bridge")
    said = [bridge.post(room, str(n), **{"as": ada.id}) for n in range(1_005)]
    posted = await asyncio.gather(*said)
    await bridge.client.close()
    await ada.http.patch(f"/rooms/{room}", json={"history": "joined"})
    joined = await bob.join(room)
    mine = [await ada.say(room, f"later {n}") for n in range(3)]
    gone = await do(a, room, "delete", event=mine[1]["id"])
    pages = {"limit": 2, "after_cursor": gone.cursor}
    path = f"/rooms/{room}/messages"
    page = await bob.read(path, page=2, **pages)
    assert {k: page[k] for k in ("total", "page", "limit", "totalPages", "hasMore")} == {
        "total": 3,
        "page": 2,
        "limit": 2,
        "totalPages": 2,
        "hasMore": False,
    }
    assert [item["text"] for item in page["items"]] == ["later 2"]
    everything = await ada.read(path, page=503, **pages)
    assert (everything["total"], everything["totalPages"]) == (1_008, 504)
    assert [i["cursor"] for i in everything["items"]] == [posted[1_004].cursor, mine[0]["cursor"]]
    told = await stats(bob, room, gone.cursor)
    counted = {k: told[k] for k in told if k.startswith(("mess", "del", "senders", "members"))}
    assert counted == {
        "members": 2,
        "messages": 1_008,
        "deleted": 1,
        "messages_last_day": 1_008,
        "messages_last_week": 1_008,
        "senders_last_week": 1,
    }
    marks = db.execute("SELECT number FROM message_marks WHERE room_id = %s", [room]).fetchall()
    assert marks == [(1_000,)]
    assert joined


async def test_a_thread_is_told_as_a_whole(people):
    (ada, _), (bob, _) = people
    room = await ada.room("tea")
    await bob.join(room)
    root = await ada.say(room, "root")
    first = await bob.say(room, "one", reply_to=root["id"])
    await ada.say(room, "of something else")
    second = await ada.say(room, "two", reply_to=first["id"])
    path, after = f"/messages/{second['id']}/thread", {"after_cursor": second["cursor"]}
    page = await ada.read(path, limit=1, **after)
    assert (page["root"]["id"], page["count"], page["last"]) == (root["id"], 2, second["cursor"])
    assert page["participants"] == [bob.id, ada.id]
    assert set(page["users"]) == {ada.id, bob.id}
    assert ([i["text"] for i in page["items"]], page["has_more"]) == (["one"], True)
    page = await ada.read(path, after=page["items"][-1]["cursor"], **after)
    assert ([i["text"] for i in page["items"]], page["has_more"]) == (["two"], False)
    page = await ada.read(f"/messages/{root['id']}/thread")
    assert page["count"] == 2


async def test_pins_are_bounded_and_end_with_their_message(people):
    (ada, a), (bob, b) = people
    room = await ada.room("tea")
    posts = await asyncio.gather(*(a.post(room, str(n)) for n in range(51)))
    pins = f"/rooms/{room}/pins"
    problem(await bob.http.get(pins), 403, "not_a_member")
    problem(await bob.http.put(f"{pins}/{posts[0].event}"), 403, "not_a_member")
    await bob.join(room)
    for post in posts[:49]:
        await do(b, room, "pin", event=post.event)
    put = await ada.http.put(f"{pins}/{posts[49].event}")
    assert put.status_code == 200
    problem(await ada.http.put(f"{pins}/{posts[50].event}"), 403, "forbidden")
    listed = await bob.read(pins, after_cursor=put.json()["cursor"])
    assert [i["message"]["text"] for i in listed["items"]] == [str(n) for n in range(49, -1, -1)]
    assert (listed["items"][0]["by"], listed["items"][1]["by"]) == (ada.id, bob.id)
    gone = await do(a, room, "delete", event=posts[49].event)
    taken = await ada.http.delete(f"{pins}/{posts[0].event}")
    listed = await bob.read(pins, after_cursor=taken.json()["cursor"])
    assert len(listed["items"]) == 48
    back = await do(a, room, "undelete", event=posts[49].event)
    listed = await bob.read(pins, after_cursor=back.cursor)
    assert len(listed["items"]) == 48
    assert gone.event != back.event
    problem(await ada.http.put(f"{pins}/{uuid.uuid4()}"), 422, "bad_request")
