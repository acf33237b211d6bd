"""Operations on messages and rooms, on two nodes: everybody sees them, REST shows what they led to."""

import asyncio
import signal
import uuid

import httpx
import pytest

from roomlog.errors import Refused
from roomlog.events import MessagePosted, RoomRenamed
from tests.by_hand import append
from tests.people import Member
from tests.wire import token_of


def command(op, room, **fields):
    return {"op": op, "room": room, "key": str(uuid.uuid4()), **fields}


async def refused(member, wanted):
    with pytest.raises(Refused) as caught:
        await member.request(wanted)
    return caught.value.code


async def rest(stack, member, path, ack, **params):
    headers = {"Authorization": f"Bearer {token_of(stack.data, member.user_id)}"}
    async with httpx.AsyncClient(base_url=stack.status()["api"], timeout=15) as http:
        got = await http.get(path, params={"after_cursor": ack.cursor, **params}, headers=headers)
    assert got.status_code == 200, got.text
    return got.json()


async def test_an_edit_reaches_the_other_node_and_the_history(stack, two_members):
    alice, bob, room = two_members
    said = await alice.post(room, "helo")
    edit = command("edit", room, event=said.event, text="hello")
    ack = await alice.request(edit)
    assert (await alice.request(edit)).cursor == ack.cursor
    await bob.next_event(room)
    seen = await bob.next_event(room)
    assert (seen["type"], seen["d"]) == ("MessageEdited", {"event": said.event, "text": "hello"})
    assert await refused(bob, command("edit", room, event=said.event, text="x")) == "forbidden"
    page = await rest(stack, bob, f"/rooms/{room}/messages", ack)
    shown = next(m for m in page["items"] if m["id"] == said.event)
    assert shown["text"] == "hello"
    assert shown["edited_at"]


async def test_reactions_come_and_go_and_a_deletion_ends_all(stack, two_members):
    alice, bob, room = two_members
    said = await alice.post(room, "tea?")
    await bob.next_event(room)
    ack = await bob.request(command("react", room, event=said.event, emoji="👍"))
    assert (await bob.next_event(room))["d"] == {"event": said.event, "emoji": "👍"}
    page = await rest(stack, alice, f"/rooms/{room}/messages", ack)
    assert page["items"][-1]["reactions"][0]["emoji"] == "👍"
    ack = await bob.request(command("unreact", room, event=said.event, emoji="👍"))
    page = await rest(stack, alice, f"/rooms/{room}/messages", ack)
    assert page["items"][-1]["reactions"] == []
    assert await refused(bob, command("delete", room, event=said.event)) == "forbidden"
    ack = await alice.request(command("delete", room, event=said.event))
    page = await rest(stack, bob, f"/rooms/{room}/messages", ack)
    assert page["items"][-1]["text"] is None
    assert page["items"][-1]["deleted_at"]
    for _ in range(2):
        seen = await bob.next_event(room)
    assert seen["type"] == "MessageDeleted"
    for late in ({"op": "react", "emoji": "x"}, {"op": "edit", "text": "x"}):
        member = alice if late["op"] == "edit" else bob
        wanted = {**command("", room, event=said.event), **late}
        assert await refused(member, wanted) == "bad_request"


async def test_an_owner_deletes_what_another_said(stack, two_members):
    alice, bob, room = two_members
    said = await bob.post(room, "rude")
    ack = await alice.request(command("delete", room, event=said.event))
    page = await rest(stack, bob, f"/rooms/{room}/messages", ack)
    assert page["items"][-1]["deleted_at"]


async def test_a_message_of_another_room_or_of_none_is_refused(two_members):
    alice, _, room = two_members
    made = await alice.request(
        {"op": "create", "key": str(uuid.uuid4()), "name": "other", "kind": "private"}
    )
    elsewhere = await alice.post(made.room, "there")
    for event in (elsewhere.event, str(uuid.uuid4()), "x"):
        assert await refused(alice, command("delete", room, event=event)) == "bad_request"


async def test_a_stranger_learns_nothing_of_a_message(stack, two_members):
    alice, _, room = two_members
    said = await alice.post(room, "secret")
    eve = await Member.sign_in(stack.data, stack.status()["ingest"][1:], "Eve")
    wanted = command("react", room, event=said.event, emoji="x")
    assert await refused(eve, wanted) == "no_such_room"
    await eve.client.close()


async def test_a_removed_member_gets_nothing_after_the_removal(stack, two_members):
    alice, bob, room = two_members
    removed = await alice.request(command("kick", room, user=bob.user_id))
    seen = await bob.next_event(room)
    assert (seen["type"], seen["d"]) == ("MemberRemoved", {"user": bob.user_id})
    await alice.post(room, "now that he is gone")
    with pytest.raises(TimeoutError):
        await bob.next_frame("event", room, within_s=1)
    assert await refused(bob, command("send", room, text="let me in")) == "no_such_room"
    listed = await rest(stack, alice, f"/rooms/{room}/members", removed)
    assert bob.user_id not in str(listed)
    invited = await alice.request(command("invite", room, user=bob.user_id))
    assert (await alice.request(command("invite", room, user=bob.user_id))).event is None
    listed = await rest(stack, bob, f"/rooms/{room}/members", invited)
    assert bob.user_id in str(listed)
    await bob.client.subscribe(room)
    await alice.post(room, "welcome back")
    assert (await bob.next_event(room))["d"]["text"] == "welcome back"


async def test_what_the_removed_send_before_their_node_knows_is_refused(stack, two_members):
    alice, bob, room = two_members
    told = await alice.post(room, "all here")
    assert (await bob.next_event(room))["cursor"] == told.cursor
    await asyncio.to_thread(stack.kill, "streams-1", signal.SIGSTOP)  # node 2 hears of nothing
    try:
        removed = await alice.request(command("kick", room, user=bob.user_id))
        sent = command("send", room, text="am I still here?")
        assert await refused(bob, sent) in ("not_a_member", "no_such_room")
        assert await refused(bob, sent) in ("not_a_member", "no_such_room")  # and it stays so
    finally:
        await asyncio.to_thread(stack.kill, "streams-1", signal.SIGCONT)
    assert (await bob.next_event(room))["cursor"] == removed.cursor
    last = await alice.post(room, "who was that?")
    page = await rest(stack, alice, f"/rooms/{room}/messages", last)
    assert [m["text"] for m in page["items"]] == ["all here", "who was that?"]


async def test_what_stands_in_the_log_after_its_senders_removal_has_no_effect(stack, two_members):
    alice, bob, room = two_members
    start = (await alice.post(room, "all here")).cursor
    here = await alice.elsewhere(stack.data, stack.status()["ingest"][:1])
    await here.client.subscribe(room, start)
    removed = await alice.request(command("kick", room, user=bob.user_id))
    await append(stack, room, bob.user_id, MessagePosted("I was never gone"), RoomRenamed("mine"))
    last = await alice.post(room, "who was that?")
    there = await alice.elsewhere(stack.data, stack.status()["ingest"][1:])
    await there.client.subscribe(room, start)
    for reader in (here, there):  # live, and resumed on the other node
        events = [await reader.next_event(room) for _ in range(2)]
        assert [f["cursor"] for f in events] == [removed.cursor, last.cursor]
        assert events[1]["prev"] == removed.cursor
        await reader.client.close()
    page = await rest(stack, alice, f"/rooms/{room}/messages", last)
    assert [m["text"] for m in page["items"]] == ["all here", "who was that?"]
    shown = await rest(stack, alice, f"/rooms/{room}", last)
    assert (shown["last_cursor"], shown["name"] != "mine") == (last.cursor, True)


async def test_the_last_owner_leaves_only_an_empty_room(stack, two_members):
    alice, bob, room = two_members
    await alice.client.subscribe(room)
    assert await refused(alice, command("leave", room)) == "forbidden"
    await bob.request(command("leave", room))
    await alice.next_event(room)
    assert (await alice.request(command("leave", room))).event


async def test_roles_decide_who_renames(stack, two_members):
    alice, bob, room = two_members
    rename = {"op": "rename", "room": room, "name": "coffee"}
    assert await refused(bob, {**rename, "key": "a"}) == "forbidden"
    promotion = command("role", room, user=bob.user_id, role="moderator")
    assert await refused(bob, promotion) == "forbidden"
    await alice.request(promotion)
    assert (await bob.next_event(room))["d"] == {"user": bob.user_id, "role": "moderator"}
    await bob.request({**rename, "key": "b"})
    ack = await bob.request(command("rename", room, topic="beans"))
    shown = await rest(stack, alice, f"/rooms/{room}", ack)
    assert (shown["name"], shown["topic"]) == ("coffee", "beans")
    assert [(await bob.next_event(room))["type"] for _ in range(2)] == [
        "RoomRenamed",
        "RoomTopicChanged",
    ]
    assert await refused(bob, command("kick", room, user=alice.user_id)) == "forbidden"
    demotion = command("role", room, user=alice.user_id, role="member")
    assert await refused(alice, demotion) == "forbidden"


async def test_who_is_away_is_shown_on_the_other_node(two_members):
    alice, bob, room = two_members
    await alice.client.subscribe(room)
    await _shown(bob, room, "joined", alice)
    await alice.request({"op": "presence", "state": "away"})
    await _shown(bob, room, "away", alice)
    await alice.request({"op": "presence", "state": "online"})
    await _shown(bob, room, "joined", alice)
    assert await refused(alice, {"op": "presence", "state": "asleep"}) == "bad_request"


async def _shown(member, room, change, other):
    while other.user_id not in (await member.next_frame("presence", room)).get("diff", {}).get(
        change, []
    ):
        pass
