"""What every client library does, against real nodes: the same scenarios for each."""

import asyncio
import itertools
import json
import os
import random
import re
import signal
import uuid

import httpx
import pytest

from tests.conformance.driver import Failed
from tests.conformance.proxy import between

MESSAGES = 300


def new_key():
    return str(uuid.uuid4())


def cursors(events):
    return [int(event["cursor"].split(":")[1]) for event in events]


@pytest.fixture
async def joined(stack, driver, table):
    """The driver is online and follows the table's room."""
    await driver.connect(stack.status()["ingest"], table.token())
    await driver.frame("online")
    await driver.do("follow", room=table.room)
    await driver.frame("presence", room=table.room)
    return driver


async def all_texts(driver, room, texts, within_s=40):
    """Wait for the last text, then check that all came once and in order."""
    await driver.until(lambda _: texts[-1] in driver.texts(room), within_s)
    assert driver.texts(room) == texts
    places = cursors(driver.events(room))
    assert places == sorted(set(places))


# Commands.


async def test_a_message_is_acked_and_seen(joined, table):
    ack = await joined.command("send", room=table.room, text="hello")
    seen = await joined.frame("event", id=ack["event"])
    assert (seen["cursor"], seen["d"], seen["sender"]) == (
        ack["cursor"],
        {"text": "hello"},
        table.user,
    )
    assert (await table.bob.next_event(table.room))["id"] == ack["event"]


async def test_the_same_key_takes_effect_once(joined, table):
    send = {"room": table.room, "key": new_key(), "text": "once"}
    acks = [await joined.command("send", **send) for _ in range(2)]
    assert acks[0]["event"] == acks[1]["event"]
    await table.say("after")
    await all_texts(joined, table.room, ["once", "after"])
    with pytest.raises(Failed, match="key_reused"):
        await joined.command("send", **send | {"text": "twice"})


async def test_what_is_done_to_a_message_is_seen(joined, table):
    room = table.room
    event = (await joined.command("send", room=room, text="first"))["event"]
    await joined.command("edit", room=room, event=event, text="second")
    await joined.command("react", room=room, event=event, emoji="👍")
    await joined.command("unreact", room=room, event=event, emoji="👍")
    await joined.command("delete", room=room, event=event)
    await joined.frame("event", type="MessageDeleted")
    assert [e["type"] for e in joined.events(room)] == [
        "MessagePosted",
        "MessageEdited",
        "ReactionAdded",
        "ReactionRemoved",
        "MessageDeleted",
    ]


async def test_what_is_done_to_a_room_is_seen(joined, table):
    room, guest = table.room, str(uuid.uuid4())
    await joined.command("invite", room=room, user=guest)
    await joined.command("role", room=room, user=guest, role="moderator")
    await joined.command("kick", room=room, user=guest)
    await joined.command("rename", room=room, name="another name")
    await joined.command("rename", room=room, topic="a topic")
    await joined.frame("event", type="RoomTopicChanged")
    seen = [(e["type"], e["d"].get("user")) for e in joined.events(room)]
    assert seen == [
        ("MemberInvited", guest),
        ("MemberRoleChanged", guest),
        ("MemberRemoved", guest),
        ("RoomRenamed", None),
        ("RoomTopicChanged", None),
    ]


async def test_presence_and_typing_are_seen(stack, joined, table):
    ann = await table.bob.sign_in(stack.data, stack.status()["ingest"][1:])
    await joined.command("invite", room=table.room, user=ann.user_id)
    await ann.client.subscribe(table.room)
    await joined.until(
        lambda frames: any(ann.user_id in f.get("diff", {}).get("joined", ()) for f in frames)
    )
    await ann.client.set_presence("away")
    await joined.until(
        lambda frames: any(ann.user_id in f.get("diff", {}).get("away", ()) for f in frames)
    )
    ann.client.typing(table.room)
    await joined.frame("typing", room=table.room, user=ann.user_id)
    await joined.do("typing", room=table.room)
    assert (await ann.next_frame("typing", table.room))["user"] == table.user
    await joined.do("presence", state="away")
    async with asyncio.timeout(10):
        while table.user not in (await ann.next_frame("presence", table.room)).get("diff", {}).get(
            "away", ()
        ):
            pass
    await ann.client.close()


async def test_read_markers_and_mentions_are_seen(joined, table):
    ack = await table.bob.post(table.room, "look", mentions=[table.user])

    def notices(kind):
        return [f["d"] for f in joined.frames if f["op"] == "notify" and f["d"]["kind"] == kind]

    await joined.until(lambda _: notices("mention"))
    assert notices("mention")[0]["event"] == ack.event
    done = await joined.command("read", room=table.room, cursor=ack.cursor)
    assert done["cursor"] == ack.cursor
    await joined.until(lambda _: notices("read"))
    assert notices("read")[0] == {"kind": "read", "room": table.room, "cursor": ack.cursor}


async def test_commands_of_one_turn_travel_in_few_frames(stack, driver, table):
    async with between(stack.status()["ingest"][0]) as proxy:
        await driver.connect([proxy.url], table.token())
        await driver.frame("online")
        create = {"op": "create", "name": "one of many", "kind": "public"}
        answers = driver.begin(
            *({"do": "command", "command": {**create, "key": new_key()}} for _ in range(50))
        )
        rooms = {done["room"] for done in await asyncio.gather(*answers)}
        assert len(rooms) == 50
        creating = [frame for frame in proxy.frames if any(b'"create"' in x for x in frame)]
        assert len(creating) <= 3


async def test_a_rate_limit_is_waited_for(stack, driver, table):
    limited = set()

    def count(line):
        if b'"rate_limited"' in line:
            limited.add(line)
        return [line]

    async with between(stack.status()["ingest"][0]) as proxy:
        proxy.on_line = count
        await driver.connect([proxy.url], table.token())
        await driver.frame("online")
        create = {"op": "create", "name": "one of many", "kind": "public"}
        answers = driver.begin(
            *({"do": "command", "command": {**create, "key": new_key()}} for _ in range(260))
        )
        rooms = {done["room"] for done in await asyncio.gather(*answers)}
    assert len(rooms) == 260
    assert limited


async def test_what_was_stored_but_called_unavailable_takes_effect_once(stack, driver, table):
    refused = []

    def refuse_first_ack(line):
        told = json.loads(line)
        if told["op"] != "ack" or "event" not in told or refused:
            return [line]
        refused.append(told)
        error = {"op": "error", "id": told["id"], "code": "unavailable", "retryable": True}
        return [json.dumps({**error, "retry_after_ms": 50, "message": "wait"}).encode()]

    async with between(stack.status()["ingest"][0]) as proxy:
        await driver.connect([proxy.url], table.token())
        await driver.frame("online")
        await driver.do("follow", room=table.room)
        await driver.frame("presence", room=table.room)
        proxy.on_line = refuse_first_ack
        ack = await driver.command("send", room=table.room, text="once")
        assert refused[0]["event"] == ack["event"]
        await table.say("after")
        await all_texts(driver, table.room, ["once", "after"])


# Order, gaps, resuming.


async def test_events_come_in_the_order_of_the_log(joined, table):
    texts = [f"{n}" for n in range(MESSAGES)]
    mine = asyncio.gather(
        *(joined.command("react", room=table.room, event=e, emoji="👍") for e in await two(table))
    )
    await asyncio.gather(*(table.bob.client.send(table.room, text) for text in texts))
    await mine
    await joined.until(lambda _: len(joined.texts(table.room)) == MESSAGES + 2)
    places = cursors(joined.events(table.room))
    assert places == sorted(set(places))


async def two(table):
    return [ack.event for ack in await table.say("a", "b")]


async def test_a_lost_delivery_is_repaired_before_anything_later(stack, driver, table):
    lost = []

    def lose_some(line):
        if b'"lose me"' in line and len(lost) < 2:
            lost.append(line)
            return []
        return [line]

    async with between(stack.status()["ingest"][0]) as proxy:
        proxy.on_line = lose_some
        await driver.connect([proxy.url], table.token())
        await driver.frame("online")
        await driver.do("follow", room=table.room)
        await driver.frame("presence", room=table.room)
        texts = ["one", "lose me", "lose me", "two", "three"]
        await table.say(*texts)
        await all_texts(driver, table.room, texts)
    assert len(lost) == 2


async def test_repeated_deliveries_are_handed_on_once(stack, driver, table):
    async with between(stack.status()["ingest"][0]) as proxy:
        proxy.on_line = lambda line: [line] * (2 if b'"op":"event"' in line else 1)
        await driver.connect([proxy.url], table.token())
        await driver.frame("online")
        await driver.do("follow", room=table.room)
        await driver.frame("presence", room=table.room)
        texts = [f"{n}" for n in range(20)]
        await table.say(*texts)
        await all_texts(driver, table.room, texts)


async def test_an_old_cursor_brings_everything_after_it(stack, driver, table):
    texts = [f"{n}" for n in range(20)]
    acks = await table.say(*texts)
    await driver.connect(stack.status()["ingest"], table.token())
    await driver.do("follow", room=table.room, cursor=acks[4].cursor)
    await driver.frame("caught_up", room=table.room)
    await table.say("live")
    await all_texts(driver, table.room, [*texts[5:], "live"])


async def test_a_cursor_of_another_log_is_reset(stack, driver, table):
    await driver.connect(stack.status()["ingest"], table.token())
    await driver.do("follow", room=table.room, cursor="999:5")
    reset = await driver.frame("reset", room=table.room)
    assert reset["reason"] == "epoch_changed"
    assert driver.events(table.room) == []
    await driver.do("follow", room=table.room)
    await driver.frame("presence", room=table.room)
    await table.say("after a snapshot")
    await all_texts(driver, table.room, ["after a snapshot"])


async def test_a_room_that_cannot_be_followed_is_refused(stack, driver, table):
    await driver.connect(stack.status()["ingest"], table.token())
    room = str(uuid.uuid4())
    await driver.do("follow", room=room)
    refused = await driver.frame("refused", room=room, within_s=40)
    assert refused["code"] == "no_such_room"


async def test_nothing_comes_of_a_room_that_was_left_off(joined, table):
    await table.say("followed")
    await joined.until(lambda _: joined.texts(table.room))
    await joined.do("unfollow", room=table.room)
    await joined.command("send", room=table.room, text="not followed")
    await joined.do("follow", room=table.room)
    # Each following begins with all who are there.
    await joined.until(lambda frames: sum("state" in f for f in frames) >= 2)
    await table.say("followed again")
    await joined.until(lambda _: "followed again" in joined.texts(table.room))
    assert joined.texts(table.room) == ["followed", "followed again"]


# Connections end.


def node_of(stack, driver):
    """Which service the driver is connected to: n1 is ingest-1."""
    online = [f["node"] for f in driver.frames if f["op"] == "online"]
    return f"ingest-{re.sub('[^0-9]', '', online[-1])}"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_a_node_that_goes_away_costs_nothing(stack, joined, table, number):
    texts = [f"{n}" for n in range(MESSAGES)]
    service = node_of(stack, joined)
    pid = stack.service(service).pid

    async def write():
        for text in texts:
            if text == texts[MESSAGES // 3]:
                os.kill(pid, number)
            # One after the other, and none of them may fail.
            await joined.command("send", room=table.room, text=text)

    await asyncio.wait_for(write(), 90)
    await all_texts(joined, table.room, texts)
    assert joined.connects() >= 2
    assert node_of(stack, joined) != service
    assert not [f for f in joined.frames if f["op"] in ("ended", "refused")]
    await asyncio.to_thread(stack.wait_ready, service, pid)


async def test_a_slow_consumer_is_closed_and_resumes(stack, joined, table):
    letters = random.Random(
        1
    )  # sockets are compressed where the client can, so not one letter again and again
    some = [chr(letters.randrange(0x4E00, 0x9FFF)) for _ in range(7_900)]
    texts = [f"{n} {''.join(letters.sample(some, len(some)))}" for n in range(900)]
    before = await closed_as_slow(stack)
    joined.signal(signal.SIGSTOP)
    try:
        await asyncio.gather(*(table.bob.client.send(table.room, text) for text in texts))
        async with asyncio.timeout(30):
            while await closed_as_slow(stack) == before:
                await asyncio.sleep(0.3)
    finally:
        joined.signal(signal.SIGCONT)
    await joined.until(lambda _: len(joined.texts(table.room)) >= len(texts), 60)
    assert sorted(joined.texts(table.room)) == sorted(texts)
    places = cursors(joined.events(table.room))
    assert places == sorted(set(places))
    await joined.until(lambda _: joined.connects() == 2)


async def closed_as_slow(stack):
    total = 0.0
    async with httpx.AsyncClient() as http:
        for url in stack.status()["ingest"]:
            metrics = url.replace("ws://", "http://").removesuffix("/ws") + "/metrics"
            text = (await http.get(metrics)).text
            found = re.search(r'ws_closed_total\{code="4008"\} ([0-9.]+)', text)
            total += float(found[1]) if found else 0.0
    return total


async def test_a_wrong_token_ends_the_client(stack, driver):
    await driver.connect(stack.status()["ingest"], "not.a.token")
    await driver.frame("ended")
    assert driver.connects() == 0


async def test_an_expired_token_without_another_ends_the_client(stack, driver, table):
    await driver.connect(stack.status()["ingest"], table.token(ttl_s=3))
    await driver.frame("online")
    await driver.frame("ended", within_s=20)


async def test_an_expired_token_is_replaced_and_nothing_missed(stack, driver, table):
    later = table.token()
    await driver.connect(stack.status()["ingest"], table.token(ttl_s=3), later=later)
    await driver.frame("online")
    await driver.do("follow", room=table.room)
    await driver.frame("presence", room=table.room)
    said = []
    async with asyncio.timeout(30):
        for number in itertools.count():
            said.append(f"{number}")
            await table.say(said[-1])
            if driver.connects() > 1:
                break
            await asyncio.sleep(0.05)
    await table.say("last")
    await all_texts(driver, table.room, [*said, "last"])


async def test_a_token_is_renewed_in_place(stack, driver, table):
    await driver.connect(stack.status()["ingest"], table.token(ttl_s=4))
    await driver.frame("online")
    await driver.do("renew", token=table.token())
    await driver.do("follow", room=table.room)
    await driver.frame("presence", room=table.room)
    await asyncio.sleep(5.5)  # past the first token's end
    await table.say("still there")
    await all_texts(driver, table.room, ["still there"])
    assert driver.connects() == 1


async def test_away_is_said_again_after_a_reconnect(stack, joined, table):
    ann = await table.bob.sign_in(stack.data, stack.status()["ingest"])
    await joined.command("invite", room=table.room, user=ann.user_id)
    await joined.do("presence", state="away")
    service = node_of(stack, joined)
    pid = await asyncio.to_thread(stack.kill, service)
    await joined.until(lambda _: joined.connects() >= 2)
    await asyncio.to_thread(stack.wait_ready, service, pid)
    async with asyncio.timeout(20):
        while True:
            await ann.client.subscribe(table.room)
            state = (await ann.next_frame("presence", table.room)).get("state", {})
            if state.get(table.user) == "away":
                break
            await asyncio.sleep(0.2)
    await ann.client.close()
