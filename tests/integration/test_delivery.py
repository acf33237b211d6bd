"""From one node to another: the path that every message takes."""

import asyncio
import time
import uuid

import httpx

from roomlog.cursors import parse_cursor
from roomlog.errors import Refused
from roomlog.tokens import Signer
from tests.people import Member, create_room


async def test_messages_arrive_on_the_other_node_in_the_order_of_the_log(two_members):
    alice, bob, room = two_members
    acks = await asyncio.gather(*(alice.post(room, f"{n}") for n in range(200)))
    frames = [await bob.next_event(room) for _ in acks]

    assert [f["d"]["text"] for f in frames] == [str(n) for n in range(200)]
    assert [f["cursor"] for f in frames] == [a.cursor for a in acks]
    assert [f["id"] for f in frames] == [a.event for a in acks]
    assert [f["prev"] for f in frames[1:]] == [f["cursor"] for f in frames[:-1]]
    assert {f["sender"] for f in frames} == {alice.user_id}


async def test_the_first_frame_follows_the_cursor_of_the_subscription(two_members):
    alice, bob, room = two_members
    await alice.post(room, "earlier")
    await bob.next_event(room)
    await bob.client.unsubscribe(room)
    missed = await alice.post(room, "missed")
    follow = await bob.client.subscribe(room)
    assert follow.cursor == missed.cursor
    await alice.post(room, "live")
    frame = await bob.next_event(room)
    assert (frame["d"]["text"], frame["prev"]) == ("live", follow.cursor)


async def test_a_resumed_room_gets_what_was_missed_then_caught_up_then_live(two_members):
    alice, bob, room = two_members
    seen = await alice.post(room, "seen")
    await bob.next_event(room)
    await bob.client.unsubscribe(room)
    for n in range(20):
        await alice.post(room, f"missed {n}")
    await bob.client.subscribe(room, seen.cursor)
    missed = [await bob.next_event(room) for _ in range(20)]
    assert [f["d"]["text"] for f in missed] == [f"missed {n}" for n in range(20)]
    assert missed[0]["prev"] == seen.cursor
    caught_up = await bob.next_frame("caught_up", room)
    assert caught_up["cursor"] == missed[-1]["cursor"]
    await alice.post(room, "live")
    assert (await bob.next_event(room))["prev"] == caught_up["cursor"]


async def test_the_same_key_has_one_effect_on_whichever_node(stack, two_members):
    alice, bob, room = two_members
    command = {"op": "send", "room": room, "key": str(uuid.uuid4()), "text": "once"}
    first = await alice.request(command)
    elsewhere = await alice.elsewhere(stack.data, stack.status()["ingest"][1:])
    again = await elsewhere.request(command)
    assert (again.event, again.cursor) == (first.event, first.cursor)
    await alice.post(room, "end")
    assert [(await bob.next_event(room))["d"]["text"] for _ in range(2)] == ["once", "end"]
    await elsewhere.client.close()


async def test_presence_and_typing_cross_nodes(stack, two_members):
    alice, bob, room = two_members
    await alice.client.subscribe(room)
    change = await bob.next_frame("presence", room, within_s=2)
    while alice.user_id not in str(change):
        change = await bob.next_frame("presence", room, within_s=2)
    alice.client.typing(room)
    assert (await bob.next_frame("typing", room, within_s=2))["user"] == alice.user_id
    await alice.client.close()
    while alice.user_id not in change.get("diff", {}).get("left", []):
        change = await bob.next_frame("presence", room, within_s=2)


async def test_a_read_after_a_write_sees_it(stack, two_members):
    alice, bob, room = two_members
    token = stack_token(stack, bob)
    async with httpx.AsyncClient(
        base_url=stack.status()["api"], headers={"Authorization": f"Bearer {token}"}
    ) as api:
        for n in range(20):
            ack = await alice.post(room, f"written {n}")
            answer = await api.get(
                f"/rooms/{room}/messages", params={"after_cursor": ack.cursor, "limit": 1}
            )
            assert answer.status_code == 200, answer.text
            assert answer.json()["items"][-1]["text"] == f"written {n}"
            read = parse_cursor(answer.headers["Roomlog-Cursor"])
            assert read.offset >= parse_cursor(ack.cursor).offset


def stack_token(stack, member):
    signer = Signer(stack.data / "jwt.pem")
    return signer.access_token(member.user_id, "Bob", str(uuid.uuid4()), time.time())


async def test_whoever_is_no_member_learns_nothing_of_a_private_room(stack, two_members):
    alice, _, room = two_members
    eve = await Member.sign_in(stack.data, stack.status()["ingest"], "Eve")
    nowhere = str(uuid.uuid4())
    told = []
    for target in (room, nowhere):
        for command in (
            {"op": "sub", "room": target},
            {"op": "sub", "room": target, "cursor": "1:0"},
            {"op": "send", "room": target, "key": "k1", "text": "x"},
            {"op": "join", "room": target, "key": "k2"},
        ):
            told.append(await refusal(eve, command))
    assert {code for code, _ in told} == {"no_such_room"}
    await eve.client.close()
    assert alice.user_id


async def refusal(member, command):
    try:
        await member.request(command)
    except Refused as refused:
        return str(refused.code), refused.message
    raise AssertionError(f"{command} was not refused")


async def test_a_public_room_is_joined_then_followed(stack):
    urls = stack.status()["ingest"]
    owner = await Member.sign_in(stack.data, urls)
    guest = await Member.sign_in(stack.data, urls[1:])
    room = await create_room(owner, kind="public")
    assert await refusal(guest, {"op": "sub", "room": room}) == (
        "not_a_member",
        "join the room first",
    )
    await guest.request({"op": "join", "room": room, "key": "j"})
    await guest.client.subscribe(room)
    await owner.post(room, "welcome")
    assert (await guest.next_event(room))["d"]["text"] == "welcome"
    for member in (owner, guest):
        await member.client.close()
