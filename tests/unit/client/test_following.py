"""Rooms that are followed: gaps, resets, refusals, a program that does not take what comes."""

import asyncio
from typing import Any

import pytest

from roomlog.client import Client, ConnectionEnded, RoomReset
from roomlog.client.mailbox import MOST_OF_A_ROOM
from roomlog.errors import ErrorCode, Refused
from tests.unit.client.nodes import Node, acks, event, running, send

Command = dict[str, Any]


def ack(command: Command, cursor: str = "1:5") -> dict[str, Any]:
    return {"op": "ack", "id": command["id"], "cursor": cursor}


async def next_event(client: Client) -> dict[str, Any]:
    async with asyncio.timeout(5):
        async for frame in client:
            if frame["op"] == "event":
                return frame
    raise AssertionError("the client ended")


async def test_a_gap_is_replayed_before_anything_later_is_handed_on() -> None:
    def answer(command: Command) -> list[Command]:
        if command.get("cursor") == "1:6":
            caught_up = {"op": "caught_up", "room": "r", "cursor": "1:9"}
            return [ack(command), event(7), event(8), event(9), caught_up, event(10)]
        return [ack(command), event(6), event(9), event(6)]

    async with running(node := Node("n1", answer)) as urls, await Client.connect(urls, "t") as c:
        await c.subscribe("r")
        assert [(await next_event(c))["id"] for _ in range(5)] == ["e6", "e7", "e8", "e9", "e10"]
        assert [k.get("cursor") for k in node.commands] == [None, "1:6"]


async def test_a_room_is_iterated_by_itself() -> None:
    def answer(command: Command) -> list[Command]:
        room = command["room"]
        return [ack(command), event(6, room=room), event(7, room=room)]

    async with running(node := Node("n1", answer)) as urls, await Client.connect(urls, "t") as c:
        await c.subscribe("s")
        async with c.room("r", "1:5") as events:
            got = [await anext(events), await anext(events)]
        assert [(e["room"], e["id"]) for e in got] == [("r", "e6"), ("r", "e7")]
        assert (await next_event(c))["room"] == "s"
        while len(node.commands) < 3:
            await asyncio.sleep(0.001)
        assert [k["op"] for k in node.commands] == ["sub", "sub", "unsub"]
        assert list(c.cursors) == ["s"]


async def test_a_reset_cannot_be_overlooked() -> None:
    def answer(command: Command) -> list[Command]:
        return [ack(command), {"op": "reset", "room": "r", "reason": "epoch_changed"}]

    async with running(Node("n1", answer)) as urls, await Client.connect(urls, "t") as c:
        async with c.room("r", "1:5") as events:
            with pytest.raises(RoomReset, match="snapshot") as reset:
                await anext(events)
        assert (reset.value.room, reset.value.reason) == ("r", "epoch_changed")
        assert dict(c.cursors) == {}


async def test_iterating_a_room_stops_with_the_client_and_raises_what_the_node_says() -> None:
    async with running(node := Node("n1", acks)) as urls:
        client = await Client.connect(urls, "t")
        async with client.room("r") as events:
            await client.close()
            assert [e async for e in events] == []
        client = await Client.connect(urls, "t")
        async with client.room("r") as events:
            node.close(4403)
            with pytest.raises(ConnectionEnded, match="4403"):
                await anext(events)


async def test_a_room_that_is_refused_after_a_reconnect_is_told() -> None:
    def refuses(command: Command) -> list[Command]:
        told = {"code": "forbidden", "message": "no"}
        return [{"op": "error", "id": command["id"], **told}]

    first, second = Node("n1", acks), Node("n2", refuses)
    async with running(first, second) as urls, await Client.connect(urls, "t") as c:
        async with c.room("r") as events:
            first.close()
            with pytest.raises(Refused) as refused:
                await anext(events)
        assert refused.value.code is ErrorCode.FORBIDDEN


async def test_a_room_of_which_nobody_takes_the_events_is_put_aside_and_resumed() -> None:
    last = 2 * MOST_OF_A_ROOM + 6

    def answer(command: Command) -> list[Command]:
        if command["op"] != "sub":
            return [ack(command)]
        first = int(command.get("cursor", "1:5").split(":")[1]) + 1
        caught_up = {"op": "caught_up", "room": "r", "cursor": f"1:{last}"}
        return [ack(command), *(event(n) for n in range(first, last + 1)), caught_up]

    async with running(node := Node("n1", answer)) as urls, await Client.connect(urls, "t") as c:
        await c.subscribe("r", "1:5")
        async with asyncio.timeout(5):
            while [k["op"] for k in node.commands] != ["sub", "unsub"]:
                await asyncio.sleep(0.001)
        await c.request(send("commands go on"))
        assert c._load.all <= MOST_OF_A_ROOM + 1
        got = [(await next_event(c))["id"] for _ in range(6, last + 1)]
        assert got == [f"e{n}" for n in range(6, last + 1)]


async def test_retryable_refusals_are_tried_again_under_the_same_key() -> None:
    codes = ["rate_limited", "unavailable"]

    def answer(command: Command) -> list[Command]:
        if codes:
            told = {"code": codes.pop(0), "retryable": True, "retry_after_ms": 20}
            return [{"op": "error", "id": command["id"], "message": "wait", **told}]
        return acks(command)

    async with running(node := Node("n1", answer)) as urls, await Client.connect(urls, "t") as c:
        done = await asyncio.wait_for(c.send("r", "hello"), 5)
        assert len({k["key"] for k in node.commands}) == 1
        assert [k["text"] for k in node.commands] == ["hello"] * 3
        assert done.event == node.commands[0]["key"]


async def test_away_is_said_again_on_a_new_connection() -> None:
    first, second = Node("n1", acks), Node("n2", acks)
    async with running(first, second) as urls, await Client.connect(urls, "t") as c:
        await c.set_presence("away")
        first.close()
        async with asyncio.timeout(5):
            while not second.commands:
                await asyncio.sleep(0.001)
        assert (second.commands[0]["op"], second.commands[0]["state"]) == ("presence", "away")


async def test_a_replacement_is_open_before_a_draining_node_is_left() -> None:
    order = []

    class Watched(Node):
        def listen(self, request: Any) -> Any:
            order.append(("opened", self.name, bool(first.transports)))
            return super().listen(request)

    first, second = Node("n1", acks), Watched("n2", acks)
    async with running(first, second) as urls, await Client.connect(urls, "t") as c:
        await c.subscribe("r")
        first.say({"op": "reconnect", "within_ms": 5000})
        async with asyncio.timeout(5):
            while not second.commands:
                await asyncio.sleep(0.001)
        assert order == [("opened", "n2", True)]
        assert c.hello["node"] == "n2"
        assert second.commands[0]["op"] == "sub"


async def test_notices_come_once() -> None:
    async with running(node := Node("n1", acks)) as urls, await Client.connect(urls, "t") as c:
        mention = {"op": "notify", "d": {"kind": "mention", "room": "r", "event": "e"}}
        read = {"op": "notify", "d": {"kind": "read", "room": "r", "cursor": "1:5"}}
        node.say(mention, mention, read, read)
        frames = aiter(c)
        got = [await asyncio.wait_for(anext(frames), 5) for _ in range(4)]
        assert got[1:] == [mention, read, read]
