"""Friends and blocks on the real stack: one order for both sides, and nothing of a blocker for the blocked."""

import asyncio
import uuid

import httpx
import pytest

from analytics.verify import Plan, verify
from ingest.people import LOOK_EVERY_S
from roomlog.errors import ErrorCode, Refused
from roomlog.ids import direct_room_id, new_id
from schemas.registry import Registry
from tests.integration.api_people import Person, problem
from tests.integration.conftest import eventually, nothing, recounted
from tests.people import Member, create_room

KNOWN_WITHIN_S = 2 * LOOK_EVERY_S
"""A node knows of a block so long after the answer at the latest, even if it was not told over Valkey."""


class Somebody:
    """A person with an account and a socket on one node."""

    def __init__(self, person: Person, member: Member) -> None:
        self.person, self.member, self.id = person, member, person.id

    async def post(self, path: str) -> dict:
        done = await self.person.http.post(path)
        assert done.status_code == 200, done.text
        return done.json()

    async def direct(self, other: "Somebody"):
        command = {"op": "create", "name": "two", "kind": "direct", "members": [other.id]}
        return await self.member.request({**command, "key": str(uuid.uuid4())})

    async def notifications(self) -> set[tuple[str, str, bool]]:
        """Return kind and sender of what the list has, and whether it is read; the count has to agree."""
        listed = await self.person.read("/notifications", limit=100)
        unread = await self.person.read("/notifications", limit=100, unread=True)
        waiting = [item for item in listed["items"] if not item["read"]]
        assert unread["items"] == waiting
        assert listed["unread"] == len(waiting)
        return {(item["kind"], item["sender"], item["read"]) for item in listed["items"]}

    async def unread(self) -> tuple[int, int]:
        """Return how many messages and mentions are unread in all."""
        total = (await self.person.read("/unread"))["total"]
        return total["unread"], total["mentions"]

    async def friend_notice(self, within_s: float = 5) -> tuple[str, str]:
        """Return kind and sender of the next notification about two people."""
        async with asyncio.timeout(within_s):
            async for frame in self.member.client:
                self.member.frames.append(frame)
                if frame["op"] == "notify" and frame["d"]["kind"].startswith("friend_"):
                    assert frame["d"].keys() == {"kind", "event", "sender", "ts"}
                    return frame["d"]["kind"], frame["d"]["sender"]
        raise AssertionError("the connection ended")


@pytest.fixture
async def people(stack):
    """Ada on one node, Bob on the other, and Eve."""
    status = stack.status()
    found = []
    for name, url in zip(
        ("Ada", "Bob", "Eve"), [*status["ingest"], status["ingest"][0]], strict=True
    ):
        person = await Person.registered(status["api"], name)
        member = await Member.sign_in(stack.data, [url], name, person.id)
        found.append(Somebody(person, member))
    yield found
    for each in found:
        await each.member.client.close()
        await each.person.http.aclose()


async def test_a_request_is_told_accepted_and_ended(people):
    ada, bob, eve = people
    assert (await ada.post(f"/friends/{bob.id}"))["state"] == "requested"
    assert await bob.friend_notice() == ("friend_request", ada.id)
    assert [f["user"] for f in (await bob.person.read("/friends"))["asked"]] == [ada.id]
    assert await bob.notifications() == {("friend_request", ada.id, False)}
    assert (await ada.post(f"/friends/{bob.id}"))["state"] == "requested"  # again: nothing new
    assert (await bob.post(f"/friends/{ada.id}"))["state"] == "friends"
    assert await ada.friend_notice() == ("friend_accepted", bob.id)
    # It was answered, so nobody has to read that it was asked.
    assert await bob.notifications() == {("friend_request", ada.id, True)}
    assert await ada.notifications() == {("friend_accepted", bob.id, False)}
    for one, other in ((ada, bob), (bob, ada)):
        listed = await one.person.read("/friends")
        assert [f["user"] for f in listed["friends"]] == [other.id]
        assert listed["users"][other.id]["name"]
        assert (listed["asked"], listed["requested"]) == ([], [])
    ended = await bob.person.http.delete(f"/friends/{ada.id}")
    assert ended.json()["state"] == "none"
    await eve.post(f"/friends/{ada.id}")
    turned_down = await ada.person.http.delete(f"/friends/{eve.id}")
    assert turned_down.json()["state"] == "none"
    assert (await ada.person.read("/friends"))["friends"] == []
    for nobody in (new_id(), "nonsense", "%00"):
        problem(await ada.person.http.post(f"/friends/{nobody}"), 404, "not_found")
    problem(await ada.person.http.post(f"/friends/{ada.id}"), 422, "bad_request")
    async with httpx.AsyncClient() as stranger:
        refused = await stranger.post(f"{ada.person.base}/friends/{bob.id}")
    problem(refused, 401, "unauthenticated")


async def test_two_who_ask_each_other_at_once_are_friends_once(people, db):
    ada, bob, _ = people
    both = (ada.post(f"/friends/{bob.id}"), bob.post(f"/friends/{ada.id}"))
    states = {done["state"] for done in await asyncio.gather(*both)}
    assert "friends" in states
    assert states <= {"friends", "requested"}
    rows = db.execute(
        "SELECT accepted_at IS NOT NULL FROM friendships WHERE %s IN (one_id, other_id)", [ada.id]
    ).fetchall()
    assert rows == [(True,)]
    told = {await ada.friend_notice(), await bob.friend_notice()}
    assert {kind for kind, _ in told} <= {"friend_request", "friend_accepted"}


async def test_who_is_blocked_has_no_way_to_the_other(people):
    ada, bob, eve = people
    room = (await bob.direct(ada)).room
    said = await bob.member.post(room, "before")
    await ada.post(f"/friends/{bob.id}")
    await bob.post(f"/friends/{ada.id}")
    assert (await ada.post(f"/blocks/{bob.id}")) == {
        "user": bob.id,
        "state": "none",
        "blocked": True,
    }
    await known(bob, room, blocked=True)
    for command in (
        {"op": "send", "room": room, "text": "hear me"},
        {"op": "edit", "room": room, "event": said.event, "text": "hear me"},
        {"op": "react", "room": room, "event": said.event, "emoji": "!"},
        {"op": "create", "name": "two", "kind": "direct", "members": [ada.id]},
    ):
        with pytest.raises(Refused, match=f"no room {room}") as told:
            await bob.member.request({**command, "key": str(uuid.uuid4())})
        assert told.value.code == "no_such_room"
    with pytest.raises(Refused, match="unblock"):
        await ada.member.post(room, "you are silent")
    over_rest = await bob.person.http.post(f"/rooms/{room}/messages", json={"text": "hear me"})
    problem(over_rest, 404, "no_such_room")
    opened = {"name": "two", "kind": "direct", "members": [ada.id]}
    problem(await bob.person.http.post("/rooms", json=opened), 404, "no_such_room")
    stranger = await eve.person.http.post(f"/rooms/{room}/messages", json={"text": "hear me"})
    assert stranger.json() == over_rest.json()
    unknown = await bob.person.http.post(f"/friends/{new_id()}")
    assert (await bob.person.http.post(f"/friends/{ada.id}")).json() == unknown.json()
    problem(await ada.person.http.post(f"/friends/{bob.id}"), 403, "forbidden")
    assert [b["user"] for b in (await ada.person.read("/blocks"))["items"]] == [bob.id]
    assert (await bob.person.read("/blocks"))["items"] == []
    withdrawn = {"op": "delete", "room": room, "event": said.event, "key": str(uuid.uuid4())}
    assert (await bob.member.request(withdrawn)).event
    assert (await ada.person.http.delete(f"/blocks/{bob.id}")).json()["blocked"] is False
    await known(bob, room, blocked=False)
    assert (await bob.member.post(room, "again")).event
    assert direct_room_id(ada.id, bob.id) == room


async def known(somebody: Somebody, room: str, *, blocked: bool) -> None:
    """Return once the node of somebody's socket knows whether the other one of a direct room has blocked them."""
    async with asyncio.timeout(KNOWN_WITHIN_S):
        while await is_refused(somebody, room) != blocked:
            await asyncio.sleep(0.02)


async def is_refused(somebody: Somebody, room: str) -> bool:
    try:
        await somebody.member.post(room, "hear me?")
    except Refused as refused:
        return refused.code == ErrorCode.NO_SUCH_ROOM
    return False


async def test_what_the_blocked_do_is_in_no_list_and_no_count_until_they_are_not_blocked(
    people, stack, db
):
    ada, bob, eve = people
    room = await create_room(bob.member, ada.member)
    psst = await bob.member.post((await bob.direct(ada)).room, "psst")
    said = await bob.member.post(room, "@ada", mentions=[ada.id])
    await bob.post(f"/friends/{ada.id}")
    await eve.post(f"/friends/{ada.id}")
    for event in (psst.event, said.event):
        await eventually(db, "SELECT FROM notifications WHERE event_id = %s", event)
    of_bob = {(kind, bob.id, False) for kind in ("invite", "direct", "mention", "friend_request")}
    of_eve = {("friend_request", eve.id, False)}
    assert (await ada.notifications(), await ada.unread()) == (of_bob | of_eve, (2, 1))
    await ada.post(f"/blocks/{bob.id}")
    assert (await ada.notifications(), await ada.unread()) == (of_eve, (0, 0))
    later = await bob.member.post(room, "@ada again", mentions=[ada.id])
    await eventually(db, "SELECT FROM notifications WHERE event_id = %s", later.event)
    assert (await ada.notifications(), await ada.unread()) == (of_eve, (0, 0))

    registry = Registry(stack.settings.registry, stack.data)
    plan = Plan(stack.settings.kafka, stack.settings.postgres, registry.resolve_all())
    assert (await recounted(plan)).differences.total == 0
    db.execute("DELETE FROM blocks WHERE user_id = %s", [ada.id])
    assert await ada.unread() == (3, 2)
    outcome = await recounted(plan, apply=True)
    assert (outcome.differences.total, outcome.repaired) == (2, 1)
    assert await ada.unread() == (0, 0)
    assert (await asyncio.to_thread(verify, plan, nothing, nothing)).differences.total == 0

    await ada.person.http.delete(f"/blocks/{bob.id}")
    # The request ended with the block: it is there, and nothing that waits.
    answered = of_bob - {("friend_request", bob.id, False)} | {("friend_request", bob.id, True)}
    assert (await ada.notifications(), await ada.unread()) == (answered | of_eve, (3, 2))


async def snapshot(somebody: Somebody, room: str) -> dict[str, str]:
    """Return who is in the room, as the next snapshot says."""
    while "state" not in (frame := await somebody.member.next_frame("presence", room)):
        pass
    return frame["state"]


async def test_presence_is_for_those_who_share_a_room_or_are_friends(people, db):
    ada, bob, eve = people
    for each in people:
        await eventually(db, "SELECT FROM presence WHERE user_id = %s", each.id)

    async def seen(who: Somebody, whom: Somebody) -> str:
        found = await who.person.read("/presence", users=whom.id)
        (item,) = found["items"]
        assert (item["last_seen"] is None) == (item["state"] == "offline")
        return item["state"]

    assert await seen(ada, bob) == "offline"
    assert await seen(ada, ada) == "online"
    await ada.post(f"/friends/{eve.id}")
    assert await seen(ada, eve) == "offline"  # a request is not enough
    await eve.post(f"/friends/{ada.id}")
    assert await seen(ada, eve) == "online"

    room = await create_room(ada.member, bob.member)
    await ada.member.client.subscribe(room)
    await ada.member.next_frame("presence", room)
    await eventually(db, "SELECT FROM members WHERE room_id = %s AND user_id = %s", room, bob.id)
    assert await seen(bob, ada) == "online"
    await bob.member.client.subscribe(room)
    assert ada.id in await snapshot(bob, room)

    await ada.post(f"/blocks/{bob.id}")
    assert ada.id not in await snapshot(bob, room)
    assert await seen(bob, ada) == "offline"
    assert await seen(ada, bob) == "online"
    assert ada.id not in (await bob.person.read(f"/rooms/{room}/presence"))["state"]
    await ada.member.request({"op": "presence", "state": "away"})
    async with asyncio.timeout(5):
        while (await ada.person.read(f"/rooms/{room}/presence"))["state"].get(ada.id) != "away":
            await asyncio.sleep(0.02)
    await ada.member.post(room, "what was to be seen of the change before this is there")
    await bob.member.next_event(room)
    await bob.member.post(room, "@ada", mentions=[ada.id])
    await eve.member.post((await eve.direct(ada)).room, "a sign that everything before has come")
    told = await ada.member.next_notice("direct", direct_room_id(ada.id, eve.id))
    assert told["sender"] == eve.id
    heard = [f["d"] for f in ada.member.frames if f["op"] == "notify"]
    assert not [d for d in heard if d.get("sender") == bob.id and d["kind"] == "mention"]
    shown = [f["diff"] for f in bob.member.frames if f["op"] == "presence" and "diff" in f]
    assert not [d for d in shown if ada.id in d["away"]]
