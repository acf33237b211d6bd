"""Notifications: on every device of whom they concern, wherever they are, and whoever dies on the way."""

import asyncio
import uuid

from tests.people import Member, create_room


async def test_a_mention_reaches_every_device_whether_it_follows_the_room_or_not(
    stack, two_members
):
    alice, bob, room = two_members
    urls = stack.status()["ingest"]
    phone = await bob.elsewhere(stack.data, urls[:1])
    said = await alice.post(room, "look, @bob " + "x" * 200, mentions=[bob.user_id])
    for device in (bob, phone):
        told = await device.next_notice("mention", room)
        assert told.pop("ts").endswith("Z")
        assert told == {
            "kind": "mention",
            "room": room,
            "cursor": said.cursor,
            "event": said.event,
            "sender": alice.user_id,
            "text": ("look, @bob " + "x" * 200)[:140],
        }
    await phone.client.close()


async def test_an_invitation_and_a_new_room_are_told_to_whom_they_bring_in(stack, two_members):
    alice, bob, _ = two_members
    cleo = await Member.sign_in(stack.data, stack.status()["ingest"][1:], "Cleo")
    room = await create_room(alice, bob)
    assert (await bob.next_notice("invite", room))["sender"] == alice.user_id
    invite = {"op": "invite", "room": room, "key": "i", "user": cleo.user_id}
    event = (await alice.request(invite)).event
    assert (await cleo.next_notice("invite", room))["event"] == event
    await cleo.client.close()


async def test_a_direct_message_is_told_to_the_other_alone(stack, two_members):
    alice, bob, _ = two_members
    room = await create_room(alice, bob, kind="direct")
    said = await alice.post(room, "psst")
    told = await bob.next_notice("direct", room)
    assert (told["event"], told["text"]) == (said.event, "psst")
    assert not [f for f in alice.frames if f["op"] == "notify" and f["d"]["kind"] == "direct"]


async def test_strangers_are_not_told_of_a_mention(stack, two_members):
    alice, bob, room = two_members
    eve = await Member.sign_in(stack.data, stack.status()["ingest"][:1], "Eve")
    await alice.post(room, "eve?", mentions=[eve.user_id, bob.user_id])
    await bob.next_notice("mention", room)
    mine = await create_room(eve)
    await eve.client.subscribe(mine)
    await eve.post(mine, "a sign that everything before it has come")
    await eve.next_event(mine)
    assert not [f for f in eve.frames if f["op"] == "notify"]
    await eve.client.close()


async def test_no_death_loses_a_notification(stack, two_members):
    alice, bob, room = two_members
    dead = stack.kill("streams-1")
    said = await alice.post(room, "while nobody delivers", mentions=[bob.user_id])
    told = await bob.next_notice("mention", room, within_s=30)
    assert told["event"] == said.event
    stack.wait_ready("streams-1", other_than=dead)


async def test_a_notification_waits_for_valkey(stack, two_members):
    alice, bob, room = two_members
    dead = await asyncio.to_thread(stack.kill, "valkey")
    said = await alice.post(room, "while nothing can be published", mentions=[bob.user_id])
    told = await bob.next_notice("mention", room, within_s=30)
    assert told["event"] == said.event
    await asyncio.to_thread(stack.wait_ready, "valkey", dead)


async def test_a_repeated_command_is_told_once(stack, two_members):
    alice, bob, room = two_members
    key = str(uuid.uuid4())
    for _ in range(3):
        said = await alice.request(
            {"op": "send", "room": room, "key": key, "text": "x", "mentions": [bob.user_id]}
        )
    last = await alice.post(room, "y", mentions=[bob.user_id])
    while (await bob.next_notice("mention", room))["event"] != last.event:
        pass
    notices = [f["d"]["event"] for f in bob.frames if f["op"] == "notify"]
    assert notices.count(said.event) == 1
