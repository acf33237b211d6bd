"""Notifications over REST: what is there, what is read, on which device, and what a muted room keeps quiet."""

import asyncio
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from analytics.verify import Plan, verify
from roomlog.errors import Refused
from schemas.registry import Registry
from tests.cli import roomlog
from tests.integration.api_people import Person, problem
from tests.integration.conftest import nothing, recounted
from tests.people import Member, create_room
from tests.wire import token_of

pytestmark = pytest.mark.whole_log


class Rest:
    """A member's REST calls."""

    def __init__(self, stack, member):
        token = token_of(stack.data, member.user_id)
        headers = {"Authorization": f"Bearer {token}"}
        self.http = httpx.AsyncClient(base_url=stack.status()["api"], headers=headers, timeout=15)

    async def get(self, path, **params):
        got = await self.http.get(path, params=params)
        assert got.status_code == 200, got.text
        return got.json()

    async def ids(self, **params):
        """Return the events of the list, the newest first."""
        return [item["id"] for item in (await self.get("/notifications", **params))["items"]]

    async def read(self, **body):
        got = await self.http.post("/notifications/read", json=body)
        assert got.status_code == 200, got.text
        return got.json()["read"]

    async def has(self, *events):
        """Wait until the list has these as its newest, and return them."""
        async with asyncio.timeout(10):
            while (found := await self.ids())[: len(events)] != list(events):
                await asyncio.sleep(0.05)
        return found

    async def unread(self, room):
        async with asyncio.timeout(10):
            while True:
                for item in (await self.get("/unread"))["items"]:
                    if item["room"] == room:
                        return item
                await asyncio.sleep(0.05)


@pytest.fixture
async def rest(stack, two_members):
    _, bob, _ = two_members
    found = Rest(stack, bob)
    yield found
    await found.http.aclose()


async def test_the_list_has_each_kind_once_by_page_and_unread_until_read_on_any_way(
    stack, two_members, rest
):
    alice, bob, room = two_members
    async with asyncio.timeout(10):
        while not (listed := await rest.ids()):
            await asyncio.sleep(0.05)
    invited = listed[0]
    first = await alice.post(room, "hey @bob " + "x" * 200, mentions=[bob.user_id])
    await alice.post(room, "nobody in particular")
    await bob.post(room, "me", mentions=[bob.user_id])
    direct = await create_room(alice, bob, kind="direct")
    psst = await alice.post(direct, "psst")
    both = await alice.post(direct, "psst, @bob", mentions=[bob.user_id])
    expected = [both.event, psst.event, first.event]
    found = await rest.has(*expected[:2])
    began = found[2] if found[2] != first.event else found[3]  # of one millisecond, perhaps
    expected = sorted(found[:4], key=found.index)
    page = await rest.get("/notifications", limit=2)
    second = await rest.get("/notifications", limit=100, after=page["next"])
    assert [i["id"] for i in page["items"] + second["items"]] == [*expected, invited]
    assert second["next"] is None
    kinds = {i["id"]: i["kind"] for i in page["items"] + second["items"]}
    assert (kinds[both.event], kinds[psst.event]) == ("mention", "direct")
    assert (kinds[first.event], kinds[invited], kinds[began]) == ("mention", "invite", "invite")
    told = next(i for i in second["items"] if i["id"] == first.event)
    assert (told["text"], told["cursor"], told["room"]) == (
        ("hey @bob " + "x" * 200)[:140],
        first.cursor,
        room,
    )
    assert second["rooms"][room]["kind"] == "private"
    # One by one, by the room's marker, and all up to a place; every device hears of it.
    phone = await bob.elsewhere(stack.data, stack.status()["ingest"][:1])
    assert await rest.read(events=[psst.event]) == 1
    for device in (bob, phone):
        assert (await device.next_notice("notifications_read", None))["events"] == [psst.event]
    await bob.request({"op": "read", "room": room, "cursor": first.cursor})
    assert set(await rest.ids(unread=True)) == {both.event, began}
    place = next(i["place"] for i in page["items"] if i["id"] == both.event)
    assert await rest.read(up_to=place) == 2
    assert await rest.ids(unread=True) == []
    assert await rest.read(up_to=place) == 0
    assert (await rest.get("/notifications"))["unread"] == 0
    assert len(await rest.ids()) == 5
    await phone.client.close()


async def test_deleted_left_and_come_back_to(two_members, rest):
    alice, bob, room = two_members
    gone = await alice.post(room, "x", mentions=[bob.user_id])
    kept = await alice.post(room, "y", mentions=[bob.user_id])
    await rest.has(kept.event, gone.event)
    await alice.request({"op": "edit", "room": room, "key": "e", "event": kept.event, "text": "z"})
    await alice.request({"op": "delete", "room": room, "key": "d", "event": gone.event})
    async with asyncio.timeout(10):
        while gone.event in await rest.ids():
            await asyncio.sleep(0.05)
    assert (await rest.get("/notifications"))["items"][0]["text"] == "z"
    assert await rest.unread(room) | {"unread": 1, "mentions": 1} == await rest.unread(room)
    left = await bob.request({"op": "leave", "room": room, "key": "l"})
    await rest.get("/notifications")
    async with asyncio.timeout(10):
        while await rest.ids():
            await asyncio.sleep(0.05)
    missed = await alice.post(room, "while you were out", mentions=[bob.user_id])
    back = await alice.request({"op": "invite", "room": room, "key": "i", "user": bob.user_id})
    await rest.has(back.event)
    assert left.event
    found = await rest.ids()
    assert missed.event not in found
    assert kept.event in found
    assert await rest.ids(unread=True) == [back.event]
    assert (await rest.unread(room))["mentions"] == 0


async def test_a_muted_room_is_quiet_on_every_device_and_in_the_totals(stack, two_members, rest):
    alice, bob, room = two_members
    other = await create_room(alice, bob)
    phone = await bob.elsewhere(stack.data, stack.status()["ingest"][:1])
    await bob.client.unsubscribe(room)
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    put = await rest.http.put(f"/rooms/{room}/mute", json={"until": until})
    assert put.status_code == 200, put.text
    assert put.json()["mute"]["level"] == "nothing"
    told = await phone.next_notice("mute", room)
    assert (told["level"], told["until"][:19]) == ("nothing", until[:19])
    quiet = await alice.post(room, "1", mentions=[bob.user_id])
    loud = await alice.post(other, "2", mentions=[bob.user_id])
    for device in (bob, phone):
        assert (await device.next_notice("mention", other))["event"] == loud.event
        kinds = [f["d"]["kind"] for f in device.frames if f["op"] == "notify"]
        assert kinds.count("mention") == 1
    await rest.has(loud.event, quiet.event)
    everything = await rest.get("/unread")
    item = next(i for i in everything["items"] if i["room"] == room)
    assert (item["unread"], item["mentions"], item["mute"]["level"]) == (1, 1, "nothing")
    assert everything["total"] == {"unread": 1, "mentions": 1, "capped": False}
    unread = await rest.get("/notifications")
    assert unread["unread"] == len(unread["items"]) - 1
    put = await rest.http.put(f"/rooms/{room}/mute", json={"level": "mentions"})
    assert put.json()["mute"] == {"level": "mentions", "until": None}
    assert (await rest.get("/unread"))["total"]["unread"] == 2
    heard = await alice.post(room, "3", mentions=[bob.user_id])
    assert (await bob.next_notice("mention", room))["event"] == heard.event
    deleted = await rest.http.delete(f"/rooms/{room}/mute")
    assert deleted.json() == {"room": room, "mute": None}
    assert (await rest.unread(room))["mute"] is None
    await phone.client.close()


async def test_a_node_that_was_not_told_of_a_mute_reads_it(stack, two_members, rest):
    alice, bob, _ = two_members
    direct, other = [await create_room(alice, bob, kind=kind) for kind in ("direct", "private")]
    await bob.request({"op": "mute", "room": direct})
    async with asyncio.timeout(10):
        while (await rest.unread(direct))["mute"] is None:
            await asyncio.sleep(0.05)
    phone = await bob.elsewhere(stack.data, stack.status()["ingest"][:1])
    async with asyncio.timeout(20):  # until the streams know where the phone is
        while not any(f["op"] == "notify" and f["d"]["kind"] == "mention" for f in phone.frames):
            await alice.post(direct, "quiet")
            await alice.post(other, "loud", mentions=[bob.user_id])
            with suppress(TimeoutError):
                await phone.next_notice("mention", other, within_s=1)
    kinds = {f["d"]["kind"] for who in (bob, phone) for f in who.frames if f["op"] == "notify"}
    assert "direct" not in kinds
    await phone.client.close()


async def test_nonsense_and_strangers_are_refused(stack, two_members, rest):
    alice, bob, room = two_members
    eve = await Member.sign_in(stack.data, stack.status()["ingest"][:1], "Eve")
    stranger = Rest(stack, eve)
    for answer, status, code in (
        (await rest.http.post("/notifications/read", json={}), 422, "bad_request"),
        (await rest.http.post("/notifications/read", json={"events": ["x"]}), 422, "bad_request"),
        (await rest.http.post("/notifications/read", json={"up_to": "x"}), 422, "bad_request"),
        (await rest.http.get("/notifications", params={"after": "WyIxIl0"}), 422, "bad_request"),
        (await rest.http.get("/notifications", params={"after_cursor": "1:0"}), 422, "bad_request"),
        (await rest.http.put(f"/rooms/{room}/mute", json={"level": "all"}), 422, "bad_request"),
        (
            await rest.http.put(f"/rooms/{room}/mute", json={"until": "2020-01-01T00:00:00Z"}),
            422,
            "bad_request",
        ),
        (await rest.http.put("/rooms/nowhere/mute", json={}), 404, "no_such_room"),
        (await stranger.http.put(f"/rooms/{room}/mute", json={}), 404, "no_such_room"),
    ):
        problem(answer, status, code)
    with pytest.raises(Refused, match="bridge"):
        await eve.request({"op": "mute", "room": room, "as": bob.user_id})
    with pytest.raises(Refused, match="event ids"):
        await eve.request({"op": "read_notifications", "events": ["x"]})
    # What is another's stays unread for them, whoever says it was read.
    said = await alice.post(room, "x", mentions=[bob.user_id])
    assert (await rest.ids(room=room, after_cursor=said.cursor))[0] == said.event
    assert await stranger.read(events=[said.event]) == 1
    assert said.event in await rest.ids(unread=True)
    assert await stranger.ids() == []
    await eve.client.close()
    await stranger.http.aclose()


async def test_an_invite_for_ones_address_is_told_without_its_workspace(stack):
    base = stack.status()["api"]
    ada, grace = [await Person.registered(base, name) for name in ("Ada", "Grace")]
    slug = f"w{ada.id[:8]}"
    made = (await ada.http.post("/workspaces", json={"name": "Acme", "slug": slug})).json()
    email = (await grace.read("/auth/me"))["email"]
    path = f"/workspaces/{made['id']}/invites"
    invited = await ada.http.post(path, json={"email": email})
    assert invited.status_code == 201, invited.text
    async with asyncio.timeout(10):
        while not (found := await grace.read("/notifications", unread=True))["items"]:
            await asyncio.sleep(0.05)
    item = found["items"][0]
    assert (item["kind"], item["sender"], item["room"]) == ("workspace_invite", ada.id, None)
    assert "Acme" not in str(found)
    await grace.http.post("/notifications/read", json={"events": [item["id"]]})
    assert (await grace.read("/notifications"))["items"][0]["read"] is True
    token = invited.json()["token"]
    assert (await grace.http.post(f"/invites/{token}/accept")).is_success
    async with asyncio.timeout(10):
        while (await grace.read("/notifications"))["items"]:
            await asyncio.sleep(0.05)


async def test_counts_recounted_from_the_log_agree_and_are_put_right(stack, two_members, rest, db):
    alice, bob, room = two_members
    said = [await alice.post(room, str(i), mentions=[bob.user_id]) for i in range(4)]
    await bob.post(room, "mine")
    await alice.request({"op": "delete", "room": room, "key": "d", "event": said[1].event})
    await bob.request({"op": "read", "room": room, "cursor": said[0].cursor})
    async with asyncio.timeout(10):
        while (await rest.unread(room))["unread"] != 2:
            await asyncio.sleep(0.05)
    plan = Plan(
        stack.settings.kafka,
        stack.settings.postgres,
        Registry(stack.settings.registry, stack.data).resolve_all(),
    )
    assert (await recounted(plan)).differences.total == 0
    # Everything that a count follows from, made wrong in a different way.
    event = said[3].event
    for statement in (
        f"DELETE FROM messages WHERE event_id = '{event}'",
        f"DELETE FROM notifications WHERE event_id = '{said[2].event}'",
        f"UPDATE messages SET deleted_at = NULL WHERE event_id = '{said[1].event}'",
        f"UPDATE read_markers SET \"offset\" = 0 WHERE room_id = '{room}'",
        f"UPDATE members SET joined_offset = 9999999 WHERE room_id = '{room}' AND user_id = '{bob.user_id}'",
    ):
        assert db.execute(statement).rowcount >= 1
    ended = await asyncio.to_thread(
        lambda: roomlog("repair-unread", "--data", stack.data, "--json", check=False)
    )
    assert ended.returncode == 1, ended.stderr
    wrong = json.loads(ended.stdout)
    assert wrong["differences"]["counts"] == {"unread": {"different": 1}}
    assert wrong["repaired"] == 0
    assert (await recounted(plan, apply=True)).repaired == 5
    assert (await recounted(plan)).differences.total == 0
    assert (await asyncio.to_thread(verify, plan, nothing, nothing)).differences.total == 0
    item = await rest.unread(room)
    assert (item["unread"], item["mentions"], item["first_unread"]) == (2, 2, said[2].cursor)
