"""The protocol as a client meets it: handshakes, frames, errors, close codes."""

import asyncio
import socket
import uuid

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from picows import WSHandshakeError, WSMsgType

from roomlog.client import Client
from roomlog.protocol.terms import SUBPROTOCOL
from tests.people import Member, create_room
from tests.wire import Wire, token_of


@pytest.fixture
def url(stack):
    return stack.status()["ingest"][0]


@pytest.fixture
def token(stack):
    return token_of(stack.data, str(uuid.uuid4()))


@pytest.fixture
async def wire(url, token):
    wire = await Wire.open(url, token)
    yield wire
    wire.close()


async def status_of(url, token="", **headers):
    try:
        wire = await Wire.open(url, token, **headers)
    except WSHandshakeError as refused:
        return int(refused.response.status)
    wire.close()
    return 101


# Handshakes.


async def test_hello_comes_first(wire):
    hello = await wire.lines.get()
    assert hello["op"] == "hello"
    assert hello["limits"] == {"frame_bytes": 65536, "text_chars": 8000, "rooms_per_socket": 500}


async def test_no_token_and_bad_tokens_are_unauthorized(stack, url, token):
    foreign = jwt.encode({"sub": "x"}, Ed25519PrivateKey.generate(), "EdDSA", {"kid": "x"})
    late = token_of(stack.data, str(uuid.uuid4()), ttl_s=-10)
    for bad in ("", "x", token[:-3], foreign, late):
        assert await status_of(url, bad) == 401


async def test_a_token_may_come_as_a_subprotocol(url, token):
    offered = f"{SUBPROTOCOL}, bearer.{token}"
    assert await status_of(url, **{"Sec-WebSocket-Protocol": offered}) == 101


async def test_a_cookie_needs_an_allowed_origin(stack, url, token):
    cookie = {"Cookie": f"theme=dark; roomlog_access={token}"}
    assert await status_of(url, **cookie) == 403
    for origin in ("null", "https://evil.test", "http://localhost:8080.evil.test"):
        assert await status_of(url, **cookie, Origin=origin) == 403


async def test_another_subprotocol_is_closed(url, token):
    wire = await Wire.open(url, token, **{"Sec-WebSocket-Protocol": "mqtt"})
    assert await wire.code() == 4406


async def test_the_token_does_not_belong_in_the_address(url, token):
    assert await status_of(f"{url}?token={token}") == 401


# Frames.


async def test_several_commands_travel_in_one_frame(wire):
    wire.send({"op": "ping", "id": 1}, {"op": "ping"}, {"op": "ping", "id": 2})
    assert [(await wire.next("pong")).get("id") for _ in range(3)] == [1, None, 2]


@pytest.mark.parametrize(
    "line",
    [
        b"hello",
        b"",
        b"null",
        b"[" * 30_000,
        b'{"op":"ping","id":NaN}',
        b'{"op":"ping","id":9007199254740992}',
        b'{"op":"ping","id":1,"id":1}',
        b'{"op":"ping","id":1,"x":0}',
        b'{"op":"launch","id":1}',
        b'{"op":"send","id":1,"room":"r","key":"k","text":"a\\u0000b"}',
        b'{"op":"send","id":1,"room":"r","key":"k","text":5}',
    ],
)
async def test_a_bad_command_is_an_error_and_the_connection_goes_on(wire, line):
    wire.send(line)
    assert (await wire.next("error"))["code"] == "bad_request"
    wire.send({"op": "ping"})
    await wire.next("pong")


async def test_a_binary_frame_is_closed(wire):
    wire.transport.send(WSMsgType.BINARY, b"x")
    assert await wire.code() == 4400


async def test_a_frame_that_is_too_large_is_closed(wire):
    wire.send(b"x" * 65_537)
    assert await wire.code() == 1009


async def test_a_message_in_parts_is_put_together_up_to_the_limit(wire):
    wire.transport.send(WSMsgType.TEXT, b'{"op":', fin=False)
    wire.transport.send(WSMsgType.CONTINUATION, b'"ping"}')
    await wire.next("pong")
    wire.transport.send(WSMsgType.TEXT, b"x" * 60_000, fin=False)
    wire.transport.send(WSMsgType.CONTINUATION, b"x" * 60_000, fin=False)
    assert await wire.code() == 1009


async def test_what_is_not_utf8_is_closed(wire):
    wire.send(b'{"op":"send","id":1,"room":"r","key":"k","text":"\xff"}')
    assert await wire.code() == 1007


async def test_half_open_handshakes_end(url):
    host, port = httpx.URL(url).host, httpx.URL(url).port
    waiting = [socket.create_connection((host, port)) for _ in range(50)]
    reader, writer = await asyncio.open_connection(sock=waiting[0])
    writer.write(b"GET /ws HTTP/1.1\r\n")
    async with asyncio.timeout(8):
        assert await reader.read() == b""
    writer.close()
    for one in waiting[1:]:
        one.close()


# Sessions.


async def test_an_expired_token_closes_the_socket(stack, url):
    wire = await Wire.open(url, token_of(stack.data, str(uuid.uuid4()), ttl_s=3))
    await wire.next("hello")
    assert await wire.code(9) == 4101


async def test_a_token_is_renewed_in_place(stack, url):
    user = str(uuid.uuid4())
    wire = await Wire.open(url, token_of(stack.data, user, ttl_s=3))
    wire.send({"op": "auth", "id": 1, "token": token_of(stack.data, str(uuid.uuid4()))})
    assert (await wire.next("error"))["code"] == "forbidden"
    wire.send({"op": "auth", "id": 2, "token": token_of(stack.data, user)})
    assert (await wire.next("ack"))["id"] == 2
    await asyncio.sleep(4.5)
    wire.send({"op": "ping"})
    await wire.next("pong")
    wire.close()


async def test_only_bridges_write_as_others(stack, url):
    owner = await Member.sign_in(stack.data, [url])
    room = await create_room(owner, kind="public")
    wire = await Wire.open(url, token_of(stack.data, owner.user_id))
    send = {"op": "send", "room": room, "key": "k", "text": "x"}
    wire.send(
        {**send, "id": 1, "as": owner.user_id}, {**send, "id": 2, "at": "2005-06-27T12:00:00Z"}
    )
    for number, field in ((1, "as"), (2, "at")):
        error = await wire.next("error")
        assert (error["id"], error["code"]) == (number, "forbidden")
        assert field in error["message"]
    wire.close()

    bridge_user = str(uuid.uuid4())
    bridge = await Wire.open(url, token_of(stack.data, bridge_user, scope="bridge"))
    await owner.client.subscribe(room)
    bridge.send({**send, "id": 3, "as": owner.user_id, "at": "2005-06-27T12:00:00.5Z"})
    ack = await bridge.next("ack")
    event = await owner.next_event(room)
    assert (event["id"], event["sender"], event["ts"]) == (
        ack["event"],
        owner.user_id,
        "2005-06-27T12:00:00.500Z",
    )
    bridge.close()
    await owner.client.close()


async def test_acks_of_a_room_come_in_the_order_of_its_commands(stack, url):
    owner = await Member.sign_in(stack.data, [url])
    room = await create_room(owner, kind="public")
    wire = await Wire.open(url, token_of(stack.data, owner.user_id, scope="bridge"))
    send = {"op": "send", "room": room, "text": "x"}
    # Every third repeats the key of the one before it; every fifth changes nothing.
    commands = []
    for number in range(300):
        key = f"k{number - 1 if number % 3 == 2 else number}"
        command = {"op": "join", "room": room} if number % 5 == 4 else send
        commands.append({**command, "id": number, "key": key})
    keys = {}
    for command in commands:
        keys.setdefault(command["key"], set()).add(command["op"])
    wire.send(*(c for c in commands if len(keys[c["key"]]) == 1))
    wanted = [c["id"] for c in commands if len(keys[c["key"]]) == 1]
    acks = [await wire.next("ack") for _ in wanted]
    assert [a["id"] for a in acks] == wanted
    offsets = [int(a["cursor"].split(":")[1]) for a in acks if "event" in a]
    assert offsets == sorted(offsets)
    wire.close()
    await owner.client.close()


async def test_a_removed_member_sees_the_removal_and_nothing_after_it(stack, url):
    owner, leaver = [await Member.sign_in(stack.data, [url]) for _ in range(2)]
    room = await create_room(owner, leaver)
    await leaver.client.subscribe(room)
    await leaver.request({"op": "leave", "room": room, "key": "bye"})
    assert (await leaver.next_event(room))["type"] == "MemberLeft"
    await owner.post(room, "are they gone?")
    with pytest.raises(TimeoutError):
        await leaver.next_frame("event", room, within_s=0.7)
    for member in (owner, leaver):
        await member.client.close()


async def test_a_client_that_does_not_read_is_closed_and_others_go_on(stack, url):
    slow_user, other = str(uuid.uuid4()), str(uuid.uuid4())
    writer = await Client.connect([url], token_of(stack.data, str(uuid.uuid4()), scope="bridge"))
    create = {"op": "create", "key": "c", "name": "r", "kind": "public"}
    room = (await writer.request({**create, "members": [slow_user, other]})).room
    slow = await Wire.open(url, token_of(stack.data, slow_user))
    slow.send({"op": "sub", "id": 1, "room": room})
    await slow.next("ack")
    reader = await Member.sign_in(stack.data, [url], user=other)
    await reader.client.subscribe(room)
    slow.transport.underlying_transport.pause_reading()
    posts = [
        {"op": "send", "room": room, "key": f"k{n}", "text": "\N{GRINNING FACE}" * 7_900}
        for n in range(900)
    ]
    await asyncio.gather(*map(writer.request, posts))
    for _ in posts:
        await reader.next_event(room)
    async with asyncio.timeout(15), httpx.AsyncClient() as http:
        while 'ws_closed_total{code="4008"}' not in (await http.get(metrics_of(url))).text:
            await asyncio.sleep(0.5)
    await writer.request({**posts[0], "key": "last", "text": "still here"})
    assert (await reader.next_event(room))["d"]["text"] == "still here"
    slow.close()
    await reader.client.close()
    await writer.close()


def metrics_of(url):
    return url.replace("ws://", "http://").replace("/ws", "/metrics")


async def test_health_and_metrics_answer_on_the_same_port(url):
    base = url.replace("ws://", "http://").replace("/ws", "")
    async with httpx.AsyncClient(base_url=base) as http:
        assert (await http.get("/healthz")).json() == {"status": "alive"}
        ready = (await http.get("/readyz")).json()
        assert ready["status"] == "ready"
        assert set(ready["dependencies"]) == {"kafka", "valkey", "postgres"}
        assert "ws_connections_active" in (await http.get("/metrics")).text
        assert (await http.get("/nowhere")).status_code == 404
