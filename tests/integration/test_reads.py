"""Read markers: forward only, on every device, and what REST says is unread."""

import asyncio

import httpx
import pytest
from redis.asyncio import Redis

from roomlog.errors import Refused
from tests.people import Member
from tests.wire import token_of


async def read(member, room, cursor):
    return (await member.request({"op": "read", "room": room, "cursor": cursor})).cursor


async def unread(stack, member, room):
    headers = {"Authorization": f"Bearer {token_of(stack.data, member.user_id)}"}
    async with httpx.AsyncClient(base_url=stack.status()["api"], timeout=15) as http:
        got = await http.get("/unread", headers=headers)
    assert got.status_code == 200, got.text
    return next((item for item in got.json()["items"] if item["room"] == room), None)


async def eventually(stack, member, room, **wanted):
    """Wait until the projection says so, and return the item."""
    async with asyncio.timeout(10):
        while True:
            item = await unread(stack, member, room)
            if item is not None and wanted.items() <= item.items():
                return item
            await asyncio.sleep(0.05)


async def test_a_marker_goes_forward_only(stack, two_members):
    alice, bob, room = two_members
    said = [await alice.post(room, str(i)) for i in range(3)]
    assert await read(bob, room, said[1].cursor) == said[1].cursor
    assert await read(bob, room, said[0].cursor) == said[1].cursor
    assert await read(bob, room, said[2].cursor) == said[2].cursor


async def test_markers_of_one_turn_are_answered_each_with_the_newest(two_members):
    alice, bob, room = two_members
    said = [await alice.post(room, str(i)) for i in range(3)]
    answers = await asyncio.gather(*(read(bob, room, s.cursor) for s in said))
    assert answers[2] == said[2].cursor


async def test_rest_counts_what_others_said_after_the_marker(stack, two_members):
    alice, bob, room = two_members
    said = [await alice.post(room, str(i)) for i in range(3)]
    named = await alice.post(room, "@bob", mentions=[bob.user_id])
    await bob.post(room, "mine")
    gone = await alice.post(room, "oops")
    await alice.request({"op": "delete", "room": room, "key": "d", "event": gone.event})
    await eventually(stack, bob, room, unread=4, mentions=1, first_unread=said[0].cursor)
    await read(bob, room, said[1].cursor)
    await eventually(stack, bob, room, unread=2, mentions=1, first_unread=said[2].cursor)
    await read(bob, room, named.cursor)
    item = await eventually(stack, bob, room, unread=0, mentions=0, first_unread=None)
    assert item["read_up_to"] == named.cursor
    await eventually(stack, alice, room, unread=1, mentions=0, read_up_to=None)


async def test_the_marker_of_valkey_counts_at_once_and_that_of_the_log_without_valkey(
    stack, two_members
):
    alice, bob, room = two_members
    said = await alice.post(room, "one")
    await eventually(stack, bob, room, unread=1)
    await read(bob, room, said.cursor)
    assert (await unread(stack, bob, room))["unread"] == 0
    valkey = Redis.from_url(stack.status()["valkey"])
    await valkey.delete(f"roomlog:reads:{bob.user_id}")
    await valkey.aclose()
    await eventually(stack, bob, room, unread=0, read_up_to=said.cursor)


async def test_every_device_hears_of_the_marker(stack, two_members):
    alice, bob, room = two_members
    urls = stack.status()["ingest"]
    phone = await bob.elsewhere(stack.data, urls[:1])
    said = await alice.post(room, "one")
    await read(bob, room, said.cursor)
    for device in (bob, phone):
        told = await device.next_notice("read", room)
        assert told == {"kind": "read", "room": room, "cursor": said.cursor}
    await phone.client.close()


@pytest.mark.parametrize(
    ("cursor", "told"), [("x", "cursor"), ("2:0", "epoch"), ("1:99999999", "nothing there yet")]
)
async def test_a_cursor_that_is_none_of_the_room_is_refused(two_members, cursor, told):
    _, bob, room = two_members
    with pytest.raises(Refused, match=told) as caught:
        await read(bob, room, cursor)
    assert caught.value.code == "bad_request"


@pytest.mark.parametrize("cursor", ["1:0", "1:99999999"])
async def test_who_is_no_member_marks_nothing(stack, two_members, cursor):
    _, _, room = two_members
    eve = await Member.sign_in(stack.data, stack.status()["ingest"][:1], "Eve")
    with pytest.raises(Refused) as caught:
        await read(eve, room, cursor)
    assert caught.value.code == "no_such_room"
    await eve.client.close()


async def test_a_marker_survives_valkey_and_the_node(stack, two_members):
    alice, bob, room = two_members
    said = [await alice.post(room, str(i)) for i in range(2)]
    stack.wait_ready("valkey", other_than=stack.kill("valkey"))
    await read(bob, room, said[0].cursor)
    stack.wait_ready("ingest-2", other_than=stack.kill("ingest-2"))
    await eventually(stack, bob, room, unread=1, read_up_to=said[0].cursor)
