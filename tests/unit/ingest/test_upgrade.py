"""Requests as browsers, proxies, probes and strangers send them."""

import asyncio
from http import HTTPStatus

import pytest

from ingest.connection import Connection
from ingest.frames import framed
from ingest.http import Answer
from ingest.upgrade import Accepted, serve
from roomlog.proxies import NO_PROXIES, Proxies
from tests.frames import TEXT, Peer, frame

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
"""The example of RFC 6455, 1.3."""
ASKED = {
    "Host": "chat.example.com",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": KEY,
}


def request(path="/ws", start="GET {} HTTP/1.1", **headers):
    lines = [f"{name}: {value}" for name, value in headers.items() if value is not None]
    return "\r\n".join([start.format(path), *lines, "", ""]).encode()


def welcome(asked):
    """Take over what asks for /ws; others are told what they asked for."""
    if asked.target == b"/ws":
        return Accepted(Connection(answer, 0), {"Sec-WebSocket-Protocol": "mine"})
    if asked.target == b"/broken":
        raise LookupError
    if asked.target == b"/peer":
        return Answer(HTTPStatus.OK, asked.peer.encode())
    return Answer(HTTPStatus.OK, b"|".join([asked.target, *map(str.encode, asked.headers)]))


def answer(connection, message):
    connection.send_frame(framed(b"got " + message))


@pytest.fixture
def proxies():
    return NO_PROXIES


@pytest.fixture
async def connect(proxies):
    server = await serve(welcome, "127.0.0.1", 0, proxies)
    writers = []

    async def connected():
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writers.append(writer)
        return reader, writer

    yield connected
    for writer in writers:
        writer.close()
    server.close()


async def head_of(reader):
    lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    return int(lines[0].split()[1]), dict(line.split(": ", 1) for line in lines[1:] if line)


async def asked(connect, data):
    """Send bytes; return the status, headers and body of the answer, after which nothing may come."""
    reader, writer = await connect()
    writer.write(data)
    status, headers = await head_of(reader)
    body = await reader.readexactly(int(headers["Content-Length"]))
    assert headers["Connection"] == "close"
    assert await reader.read() == b""
    return status, headers, body


async def test_a_websocket_begins_as_the_rfc_has_it(connect):
    reader, writer = await connect()
    writer.write(request(**ASKED))
    assert await head_of(reader) == (
        101,
        {
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Accept": ACCEPT,
            "Sec-WebSocket-Protocol": "mine",
        },
    )
    writer.write(frame(TEXT, b"hello"))
    assert await Peer(reader, writer).expect(TEXT) == b"got hello"


@pytest.mark.parametrize("connection", ["keep-alive, Upgrade", "upgrade", "Keep-Alive,UPGRADE"])
async def test_what_firefox_and_proxies_write_is_understood(connect, connection):
    reader, writer = await connect()
    writer.write(request(**{**ASKED, "Connection": connection, "Upgrade": "WebSocket"}))
    assert (await head_of(reader))[0] == 101


async def test_a_request_may_come_in_pieces_with_a_frame_right_behind(connect):
    reader, writer = await connect()
    data = request(**ASKED) + frame(TEXT, b"one")
    for at in range(0, len(data), 7):
        writer.write(data[at : at + 7])
        await asyncio.sleep(0)
    assert (await head_of(reader))[0] == 101
    assert await Peer(reader, writer).expect(TEXT) == b"got one"


async def test_frames_in_the_packet_of_the_request_are_taken(connect):
    reader, writer = await connect()
    writer.write(request(**ASKED) + frame(TEXT, b"one") + frame(TEXT, b"two")[:5])
    assert (await head_of(reader))[0] == 101
    assert await Peer(reader, writer).expect(TEXT) == b"got one"


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"Upgrade": None}, 400),
        ({"Upgrade": "h2c"}, 400),
        ({"Connection": None}, 400),
        ({"Connection": "keep-alive"}, 400),
        ({"Sec-WebSocket-Version": "8"}, 426),
        ({"Sec-WebSocket-Version": None}, 426),
        ({"Sec-WebSocket-Key": None}, 400),
        ({"Sec-WebSocket-Key": "dG9vIHNob3J0"}, 400),
        ({"Sec-WebSocket-Key": "\N{GRINNING FACE}"}, 400),
    ],
)
async def test_whoever_does_not_ask_for_a_websocket_gets_none(connect, wrong, status):
    got, headers, body = await asked(connect, request(**{**ASKED, **wrong}))
    assert got == status
    assert body
    if status == 426:
        assert headers["Sec-WebSocket-Version"] == "13"


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (request(start="POST {} HTTP/1.1", **ASKED), 405),
        (request("/x", "POST {} HTTP/1.1", **{"Content-Length": "5"}) + b"hello", 405),
        (request(start="CONNECT {} HTTP/1.1", Host="x"), 405),
        (request(start="GET {} HTTP/1.0", **ASKED), 400),
        (request("/broken"), 500),
        (b"hello\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (b"GET /ws HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"GET /ws HTTP/1.1\r\nA: b\0c\r\n\r\n", 400),
        (request(**ASKED, Cookie="x" * 20_000), 431),
        (b"GET /" + b"x" * 20_000, 431),
    ],
)
async def test_what_is_no_request_of_ours_is_told_so(connect, data, status):
    got, _, body = await asked(connect, data)
    assert got == status
    assert body.endswith(b"\n")


@pytest.mark.parametrize("start", ["GET {} HTTP/1.1", "GET {} HTTP/1.0"])
async def test_a_plain_request_is_answered_once_whatever_follows_it(connect, start):
    plain = request("/readyz?verbose", start, Host="x", Accept="*/*")
    got, _, body = await asked(connect, plain + request(**ASKED))
    assert (got, body) == (200, b"/readyz?verbose|Host|Accept")


HEADER = b"PROXY TCP4 198.51.100.7 10.0.0.1 40000 80\r\n"


@pytest.mark.parametrize("proxies", [Proxies("", "127.0.0.0/8")])
async def test_a_balancers_connection_begins_with_whom_it_is_from(connect):
    status, _, body = await asked(connect, HEADER + request("/peer"))
    assert (status, body) == (200, b"198.51.100.7")
    reader, writer = await connect()
    for byte in HEADER + request(**ASKED):
        writer.write(bytes([byte]))
        await writer.drain()
    assert (await head_of(reader))[0] == 101
    status, _, body = await asked(connect, request("/peer"))
    assert (status, b"PROXY header" in body) == (400, True)


async def test_a_strangers_proxy_header_is_no_request(connect):
    status, _, body = await asked(connect, HEADER + request("/peer"))
    assert (status, body[:13]) == (400, b"not a request")
    assert (await asked(connect, request("/peer")))[2] == b"127.0.0.1"
