"""Clients that do not read, and such that say nothing: they cost themselves, and nobody else."""

import asyncio
import json
import socket
import time
import uuid
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from roomlog.client import Client
from tests.frames import CLOSE, TEXT, Peer
from tests.people import Member
from tests.wire import token_of

TEXT_32K = "\N{GRINNING FACE}" * 7_900
HALF_OPEN = 5_000
"""As many as fit the usual limit of open files, on both sides."""


@pytest.fixture
def url(stack):
    return stack.status()["ingest"][0]


@asynccontextmanager
async def room_of(stack, url, slow_ones):
    """Give a bridge that writes, a member that reads, and peers that have not read since their `sub`."""
    users = [str(uuid.uuid4()) for _ in range(slow_ones + 1)]
    writer = await Client.connect([url], token_of(stack.data, str(uuid.uuid4()), scope="bridge"))
    create = {"op": "create", "key": "c", "name": "r", "kind": "public", "members": users}
    room = (await writer.request(create)).room
    reader = await Member.sign_in(stack.data, [url], user=users[-1])
    await reader.client.subscribe(room)
    peers = [await Peer.open(url, token_of(stack.data, user)) for user in users[:-1]]
    for peer in peers:
        peer.ask(op="sub", id=1, room=room)
        while b'"presence"' not in (await peer.next()).payload:
            pass
    yield writer, reader, peers, room
    for peer in peers:
        peer.close()
    await reader.client.close()
    await writer.close()


def post(room, key, text=TEXT_32K):
    return {"op": "send", "room": room, "key": key, "text": text}


async def lines_of(peer):
    """Yield what comes line by line, up to the close frame."""
    while (frame := await peer.next()).opcode != CLOSE:
        if frame.opcode == TEXT:
            for line in frame.payload.split(b"\n"):
                yield json.loads(line)
    yield {"op": "close", "code": int.from_bytes(frame.payload[:2], "big")}


async def metric(url, name):
    """Return what the node has counted."""
    async with httpx.AsyncClient() as http:
        text = (await http.get(url.replace("ws://", "http://").replace("/ws", "/metrics"))).text
    found = [line for line in text.splitlines() if line.startswith(f"{name} ")]
    return int(float(found[0].split()[1])) if found else 0


async def closed_as_slow(url):
    """Return how many connections the node has closed as too slow."""
    return await metric(url, 'ws_closed_total{code="4008"}')


async def test_whoever_stops_reading_is_closed_within_ten_seconds(stack, url):
    """A megabyte a second is offered; it stops at once, and the others get all of it."""
    async with room_of(stack, url, 1) as (writer, reader, _, room):
        before, began, sent = await closed_as_slow(url), time.monotonic(), 0
        while await closed_as_slow(url) == before:
            assert time.monotonic() - began < 11.5, "and a poll, and the time that 256 KB need"
            for _ in range(16):
                await writer.request(post(room, f"k{sent}"))
                sent += 1
            await asyncio.sleep(max(0, began + sent / 32 - time.monotonic()))
        for _ in range(sent):
            await reader.next_event(room)


async def test_memory_does_not_grow_with_what_is_not_read(stack, url):
    pid = next(s["pid"] for s in stack.status()["services"] if s["name"] == "ingest-1")
    node = psutil.Process(pid)
    async with room_of(stack, url, 4) as (writer, reader, _, room):
        before, most = node.memory_info().rss, 0
        closed = await closed_as_slow(url)
        for start in range(0, 1_200, 40):  # 38 MB for each
            batch = (writer.request(post(room, f"k{n}")) for n in range(start, start + 40))
            await asyncio.gather(*batch)
            for _ in range(40):
                await reader.next_event(room)
            reader.frames.clear()
            most = max(most, node.memory_info().rss)
        async with asyncio.timeout(15):
            while await closed_as_slow(url) < closed + 4:
                await asyncio.sleep(0.2)
    assert most - before < 75_000_000  # four times 8 MB, what is on its way, what malloc keeps


async def test_whoever_is_behind_misses_ephemerals_and_no_event(stack, url):
    async with room_of(stack, url, 1) as (writer, reader, [slow], room):
        await asyncio.gather(*(writer.request(post(room, f"k{n}")) for n in range(160)))
        typist = await Member.sign_in(stack.data, [url])
        await typist.request({"op": "join", "room": room, "key": "j"})
        await typist.client.subscribe(room)
        for _ in range(161):
            await reader.next_event(room)
        await typist.request({"op": "typing", "room": room})
        assert (await reader.next_frame("typing", room))["user"] == typist.user_id
        events = []
        async for line in lines_of(slow):
            if line["op"] == "event":
                events.append(line)
            elif line["op"] == "notify":  # of the invitation: late perhaps, but no ephemeral
                assert line["d"]["room"] == room
            else:  # the reader came before the slow one was behind; the typist came after
                assert line["op"] == "presence"
                assert typist.user_id not in line["diff"]["joined"]
            if len(events) == 161:
                break
        assert [e["prev"] for e in events[1:]] == [e["cursor"] for e in events[:-1]]
        await reader.request({"op": "typing", "room": room})  # it is not behind any more
        async with asyncio.timeout(5):
            async for line in lines_of(slow):
                if line["op"] == "typing":
                    break
        await typist.client.close()


async def test_whoever_says_goodbye_and_does_not_read_is_gone_all_the_same(stack, url):
    async with room_of(stack, url, 1) as (writer, reader, [slow], room):
        await asyncio.gather(*(writer.request(post(room, f"k{n}")) for n in range(160)))
        for _ in range(160):
            await reader.next_event(room)
        before = await metric(url, "ws_connections_active")
        slow.send(CLOSE, b"\x03\xe8")
        async with asyncio.timeout(4):
            while await metric(url, "ws_connections_active") != before - 1:
                await asyncio.sleep(0.1)


async def test_whoever_pings_and_does_not_read_piles_up_no_pongs(stack, url):
    pid = next(s["pid"] for s in stack.status()["services"] if s["name"] == "ingest-1")
    before = psutil.Process(pid).memory_info().rss
    peer = await Peer.open(url, token_of(stack.data, str(uuid.uuid4())))
    ping = bytes((0x89, 0x80 | 125)) + bytes(4) + b"x" * 125
    with suppress(ConnectionError, TimeoutError):
        async with asyncio.timeout(5):
            for _ in range(400):  # 52 MB
                peer.writer.write(ping * 1_000)
                await peer.writer.drain()
    assert psutil.Process(pid).memory_info().rss - before < 20_000_000
    peer.close()


async def test_thousands_of_half_open_handshakes_end_and_others_are_served(stack, url):
    place = urlsplit(url)
    address = (place.hostname, place.port)
    began = time.monotonic()
    waiting = await asyncio.to_thread(half_open, address)
    try:
        for _ in range(3):
            asked = time.monotonic()
            member = await Member.sign_in(stack.data, [url])
            assert time.monotonic() - asked < 3
            await member.client.close()
        assert await asyncio.to_thread(all_ended, waiting, began + 20)
    finally:
        for one in waiting:
            one.close()


def half_open(address):
    """Connect; every second one begins a request and does not go on with it."""
    waiting = []
    for number in range(HALF_OPEN):
        one = socket.create_connection(address, 10)
        if number % 2:
            one.send(b"GET /ws HTTP/1.1\r\n")
        waiting.append(one)
    return waiting


def all_ended(waiting, deadline):
    for one in waiting:
        one.settimeout(max(0.1, deadline - time.monotonic()))
        try:
            if one.recv(1):
                return False
        except ConnectionResetError:
            continue
        except TimeoutError:
            return False
    return True
