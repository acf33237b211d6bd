"""Messages that are to be sent later: kept by the log, sent once, by whichever worker is alive."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest

from api.postgres import reader
from api.services import Services
from roomlog.accounts import UserEvent
from roomlog.ids import new_id
from roomlog.schedules import MessageScheduled, SendingStarted, message_id, send_key
from tests.integration.api_people import Person, problem


@pytest.fixture
async def ada(stack):
    person = await Person.registered(stack.status()["api"])
    yield person
    await person.http.aclose()


@pytest.fixture
async def bob(stack):
    person = await Person.registered(stack.status()["api"], "Bob")
    yield person
    await person.http.aclose()


def in_s(seconds):
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


async def bring_forward(person, planned):
    """Let a message's time come in a moment."""
    path, change = f"/scheduled/{planned['id']}", {"send_at": in_s(0.3)}
    changed = await person.http.patch(path, json=change)
    assert changed.status_code == 200, changed.text
    return changed.json()["send_at"]


async def schedule(person, room, text, send_at, key=None, after="", **more):
    headers = {"Idempotency-Key": key or new_id(), "Roomlog-After": after}
    body = {"text": text, "send_at": send_at, **more}
    answer = await person.http.post(f"/rooms/{room}/messages", json=body, headers=headers)
    assert answer.status_code == 202, answer.text
    return answer.json()


async def ends(person, ids, within_s=15):
    """Return what became of one's scheduled messages, once they do not wait any more."""
    async with asyncio.timeout(within_s):
        while True:
            items = (await person.read("/scheduled"))["items"]
            mine = {i["id"]: i for i in items if i["id"] in ids}
            if all(i["state"] == "refused" for i in mine.values()):
                return mine
            await asyncio.sleep(0.1)


async def uploaded(person, name="plan.txt"):
    stored = await person.http.post("/files", files={"file": (name, new_id().encode())})
    assert stored.status_code == 201, stored.text
    return stored.json()


async def test_files_wait_with_their_message_and_are_sent_with_it(ada, bob, db):
    room = await ada.room("tea")
    plan, other = await uploaded(ada), await uploaded(ada, "other.txt")
    files = [{"file_id": plan["file_id"]}, {"file_id": other["file_id"]}]
    first = await schedule(ada, room, "", in_s(3600), attachments=[*files, files[0]])
    assert first["attachments"] == [plan, other]
    lost = await schedule(ada, room, "lost", in_s(3600), attachments=[files[0]])
    stranger = {"text": "", "send_at": in_s(60), "attachments": files}
    theirs = await bob.http.post(f"/rooms/{await bob.room('b')}/messages", json=stranger)
    assert "not all of them" in problem(theirs, 422, "bad_request")["detail"]
    nothing = {"text": " ", "send_at": in_s(60)}
    problem(await ada.http.post(f"/rooms/{room}/messages", json=nothing), 422, "bad_request")
    removed = await ada.http.delete(f"/files/{other['file_id']}")
    assert "scheduled" in problem(removed, 403, "forbidden")["detail"]
    swept = "SELECT id::text FROM files_to_remove(%s, 20000, now() + '1 day', now()) WHERE owner_id = %s"
    nobody = "00000000-0000-0000-0000-000000000000"
    assert db.execute(swept, [nobody, ada.id]).fetchall() == []
    await bring_forward(ada, first)
    await ends(ada, {first["id"]})
    (sent,) = (await ada.read(f"/rooms/{room}/messages"))["items"]
    assert (sent["id"], sent["text"], sent["attachments"]) == (first["message"], "", [plan, other])
    # One whose file is gone all the same says so to its author, and nobody else is told of it.
    gone = "DELETE FROM files WHERE id = %s RETURNING *"
    row = db.execute(gone, [plan["file_id"]]).fetchone()
    await bring_forward(ada, lost)
    assert "not all of them" in (await ends(ada, {lost["id"]}))[lost["id"]]["reason"]
    await ada.http.delete(f"/scheduled/{lost['id']}")
    db.execute(f"INSERT INTO files VALUES ({', '.join(['%s'] * len(row))})", row)


async def texts(person, room):
    return [i["text"] for i in (await person.read(f"/rooms/{room}/messages"))["items"]]


async def test_a_message_is_sent_at_its_time_as_it_was_last(ada, bob):
    room = await ada.room("tea")
    await bob.join(room)
    key, at = new_id(), in_s(3600)
    first = await schedule(ada, room, "helo", at, key, mentions=[bob.id])
    assert await schedule(ada, room, "helo", at, key, mentions=[bob.id]) == first
    refused = await ada.http.post(
        f"/rooms/{room}/messages",
        json={"text": "other", "send_at": at},
        headers={"Idempotency-Key": key},
    )
    problem(refused, 409, "key_reused")
    gone = await schedule(ada, room, "never", in_s(3600))
    far = await schedule(ada, room, "far", in_s(7200))
    changed = await ada.http.patch(f"/scheduled/{first['id']}", json={"text": "hello"})
    assert (changed.json()["text"], changed.json()["state"]) == ("hello", "waiting")
    cancelled = await ada.http.delete(f"/scheduled/{gone['id']}")
    assert cancelled.json()["state"] == "cancelled"
    again = await ada.http.delete(f"/scheduled/{gone['id']}")
    assert (again.status_code, again.json()["state"]) == (200, "cancelled")
    assert [i["id"] for i in (await ada.read("/scheduled", room=room))["items"]] == [
        first["id"],
        far["id"],
    ]
    assert (await bob.read("/scheduled"))["items"] == []
    problem(await bob.http.get("/scheduled", params={"room": "-" * 36}), 404, "no_such_room")
    for method, path in (("patch", first["id"]), ("delete", first["id"])):
        more = {"json": {"text": "mine"}} if method == "patch" else {}
        problem(await getattr(bob.http, method)(f"/scheduled/{path}", **more), 404, "not_found")

    due = await bring_forward(ada, first)
    assert await ends(ada, {first["id"]}) == {}
    sent = await ada.read(f"/messages/{first['message']}")
    assert (sent["text"], sent["sender"], sent["mentions"]) == ("hello", ada.id, [bob.id])
    assert sent["ts"] >= due
    assert await texts(bob, room) == ["hello"]
    assert (await schedule(ada, room, "helo", at, key))["state"] == "sent"
    late = await ada.http.patch(f"/scheduled/{first['id']}", json={"text": "too late"})
    assert "posted already" in problem(late, 409, "too_late")["detail"]
    problem(await ada.http.delete(f"/scheduled/{first['id']}"), 409, "too_late")
    problem(await ada.http.patch(f"/scheduled/{gone['id']}", json={}), 409, "too_late")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"text": "x", "send_at": "2020-01-01T00:00:00Z"}, 422, "bad_request"),
        ({"text": "x", "send_at": "2099-01-01T00:00:00Z"}, 422, "bad_request"),
        ({"text": "x", "send_at": "2026-12-01T00:00:00"}, 422, "bad_request"),
        ({"text": "x", "send_at": "tomorrow"}, 422, "bad_request"),
        ({"text": " ", "send_at": None}, 422, "bad_request"),
        ({"text": "x\0", "send_at": None}, 422, "bad_request"),
        ({"text": "x" * 8001, "send_at": None}, 413, "too_large"),
        ({"text": "x", "send_at": None, "mentions": ["x"]}, 422, "bad_request"),
        ({"text": "x", "send_at": None, "mentions": ["-" * 36]}, 422, "bad_request"),
        ({"text": "x", "send_at": None, "reply_to": "-" * 36}, 422, "bad_request"),
    ],
)
async def test_what_cannot_be_scheduled_is_refused_at_once(ada, body, status, code):
    room = await ada.room("tea")
    body = {**body, "send_at": body["send_at"] or in_s(60)}
    problem(await ada.http.post(f"/rooms/{room}/messages", json=body), status, code)
    assert (await ada.read("/scheduled"))["items"] == []


async def test_who_was_removed_meanwhile_is_told_and_nothing_is_sent(ada, bob):
    room = await ada.room("tea")
    problem(
        await bob.http.post(f"/rooms/{room}/messages", json={"text": "x", "send_at": in_s(60)}),
        403,
        "not_a_member",
    )
    joined = await bob.join(room)
    planned = await schedule(bob, room, "hello", in_s(3600), after=joined)
    left = await bob.http.delete(f"/rooms/{room}/members/me")
    await ada.read(f"/rooms/{room}", after_cursor=left.json()["cursor"])
    await bring_forward(bob, planned)
    found = (await ends(bob, {planned["id"]}))[planned["id"]]
    assert (found["state"], found["reason"]) == ("refused", "join the room first")
    assert await texts(ada, room) == []
    dismissed = await bob.http.delete(f"/scheduled/{planned['id']}")
    assert dismissed.json()["state"] == "cancelled"
    assert (await bob.read("/scheduled"))["items"] == []


async def test_two_workers_and_what_dead_ones_left_send_each_message_once(stack, ada, db):
    room = await ada.room("tea")
    other = Services.from_settings(stack.settings)
    await other.start()  # with a worker of its own, beside the stack's
    planned = [await schedule(ada, room, str(n), in_s(3600)) for n in range(6)]
    rows = [
        {**one, "user_id": ada.id, "room_id": room, "is_sent": False} for one in planned
    ]  # as two workers took them at once
    await asyncio.gather(*(other.schedules.send(other.nodes, [{**r} for r in rows]) for _ in "ab"))

    # Workers that died: one before it sent, one right after that.
    left = [new_id(), new_id()]
    at = round((time.time() + 0.5) * 1e6)
    facts = [
        fact
        for n, one in enumerate(left, 6)
        for fact in (MessageScheduled(one, room, str(n), at), SendingStarted(one))
    ]
    await other.user_events.publish([UserEvent(new_id(), ada.id, at, fact) for fact in facts])
    command = {"op": "send", "room": room, "key": send_key(left[1]), "text": "7", "mentions": []}
    sent = await other.nodes.command(ada.id, command)
    assert sent.event == message_id(ada.id, room, left[1])
    reader.set(ada.id)
    async with asyncio.timeout(15):
        while not all(row["state"] == "sent" for row in [await one(other, ada, i) for i in left]):
            await asyncio.sleep(0.1)
    problem(await ada.http.delete(f"/scheduled/{left[0]}"), 409, "too_late")
    await other.stop()

    assert await ends(ada, {one["id"] for one in planned}) == {}
    assert sorted(await texts(ada, room)) == [str(n) for n in range(8)]
    states = db.execute("SELECT state FROM scheduled_messages WHERE room_id = %s", [room])
    assert states.fetchall() == [("sent",)] * 8


async def one(services, person, schedule):
    return await services.schedules.one(person.id, schedule) or {"state": "not there yet"}
