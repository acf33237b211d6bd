"""The client against small in-process nodes: they speak the protocol from memory, over real sockets."""

import asyncio
from itertools import count
from typing import Any

import pytest

from roomlog.client import Client, ConnectionEnded
from roomlog.errors import ErrorCode, Refused
from roomlog.websocket import frames_of
from tests.unit.client.nodes import Node, acks, running, send, silent


async def test_commands_of_one_turn_travel_in_one_frame() -> None:
    async with running(node := Node("n1", acks)) as urls:
        client = await Client.connect(urls, "token")
        got = await asyncio.gather(*(client.request(send(str(i))) for i in range(100)))
        assert [ack.event for ack in got] == [str(i) for i in range(100)]
        assert node.frames == 1
        await client.close()


async def test_refusals_carry_the_nodes_code() -> None:
    def refuses(command: dict[str, Any]) -> list[dict[str, Any]]:
        return [
            {
                "op": "error",
                "id": command["id"],
                "code": "rate_limited",
                "retryable": True,
                "retry_after_ms": 400,
                "message": "slow down",
            }
        ]

    async with running(Node("n1", refuses)) as urls:
        client = await Client.connect(urls, "token")
        with pytest.raises(Refused) as refused:
            await client.request(send("a"))
        assert refused.value.code is ErrorCode.RATE_LIMITED
        assert refused.value.retry_after_ms == 400
        await client.close()


async def test_unanswered_commands_go_to_the_next_node_in_their_order() -> None:
    first, second = Node("n1", silent), Node("n2", acks)
    async with running(first, second) as urls:
        client = await Client.connect(urls, "token")
        waiting = [client.submit(send(str(i))) for i in range(20)]
        while len(first.commands) < 20:
            await asyncio.sleep(0)
        waiting[3].cancel()
        first.close()
        await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 5)
        assert [c["key"] for c in second.commands] == [str(i) for i in range(20) if i != 3]
        assert client.hello["node"] == "n2"
        await client.close()


async def test_rooms_are_followed_again_from_the_last_event() -> None:
    numbers = count(6)

    def follows(command: dict[str, Any]) -> list[dict[str, Any]]:
        n = next(numbers)
        event = {
            "op": "event",
            "room": "r",
            "cursor": f"1:{n}",
            "prev": f"1:{n - 1}",
            "id": f"e{n}",
        }
        return [{"op": "ack", "id": command["id"], "cursor": f"1:{n - 1}"}, event]

    first, second = Node("n1", follows), Node("n2", follows)
    async with running(first, second) as urls:
        client = await Client.connect(urls, "token")
        frames = aiter(client)
        await client.subscribe("r")
        got = [await anext(frames), await anext(frames)]
        first.close()
        got += [await anext(frames), await anext(frames)]
        assert [f["op"] for f in got] == ["hello", "event", "hello", "event"]
        assert [f["cursor"] for f in got if f["op"] == "event"] == ["1:6", "1:7"]
        assert second.commands[0] == {"op": "sub", "room": "r", "cursor": "1:6", "id": 2}
        await client.close()


async def test_resuming_goes_on_from_the_given_cursor_until_events_came() -> None:
    first, second = Node("n1", acks), Node("n2", acks)
    async with running(first, second) as urls:
        client = await Client.connect(urls, "token")
        await client.subscribe("r", "1:2")
        first.close()
        while not second.commands:
            await asyncio.sleep(0.001)
        assert second.commands[0]["cursor"] == "1:2"
        await client.close()


async def test_a_draining_node_gets_no_new_commands_and_answers_the_old() -> None:
    def drains(command: dict[str, Any]) -> list[dict[str, Any]]:
        return [{"op": "reconnect", "within_ms": 5000}, *acks(command)]

    first, second = Node("n1", drains), Node("n2", acks)
    async with running(first, second) as urls:
        client = await Client.connect(urls, "token")
        await client.request(send("a"))
        await client.request(send("b"))
        assert [c["key"] for c in first.commands] == ["a"]
        assert [c["key"] for c in second.commands] == ["b"]
        await client.close()


@pytest.mark.parametrize("code", [4101, 4102, 4400, 4403, 4406, 1009])
async def test_some_close_codes_end_it(code: int) -> None:
    async with running(node := Node("n1", silent)) as urls:
        client = await Client.connect(urls, "token")
        waiting = client.submit(send("a"))
        node.close(code)
        with pytest.raises(ConnectionEnded, match=str(code)):
            await asyncio.wait_for(waiting, 5)
        with pytest.raises(ConnectionEnded):
            await client.request(send("b"))
        await client.close()


async def test_a_refused_token_ends_it() -> None:
    async with running(Node("n1", acks, status=401)) as urls:
        with pytest.raises(ConnectionEnded, match="401"):
            await Client.connect(urls, "token")


async def test_a_new_token_is_asked_for_when_one_expired() -> None:
    given = []

    async def token() -> str:
        given.append("t")
        return "token"

    async with running(node := Node("n1", acks)) as urls:
        client = await Client.connect(urls, token)
        node.close(4101)
        await asyncio.wait_for(client.request(send("a")), 5)
        assert len(given) >= 2
        await client.close()


async def test_no_node_at_all_is_a_timeout() -> None:
    with pytest.raises(TimeoutError):
        await Client.connect(["ws://127.0.0.1:9/ws"], "token", timeout_s=0.2)


async def test_too_large_commands_are_refused_here() -> None:
    async with running(Node("n1", acks)) as urls:
        client = await Client.connect(urls, "token")
        with pytest.raises(Refused) as refused:
            await client.request({**send("a"), "text": "x" * 70_000})
        assert refused.value.code is ErrorCode.TOO_LARGE
        await client.close()


def test_frames_stay_under_the_limit() -> None:
    lines = [b"x" * 20_000] * 7 + [b"y" * 65_536]
    frames = frames_of(lines)
    assert [len(f) <= 65_536 for f in frames] == [True] * 4
    assert b"\n".join(frames).split(b"\n") == lines
    assert frames_of([]) == []
