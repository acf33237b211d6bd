"""A WebSocket client that may do everything wrong: frames as bytes, out and in."""

import asyncio
import json
import os
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from roomlog.protocol.terms import SUBPROTOCOL

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
FIN, RSV1, RSV2, RSV3 = 0x80, 0x40, 0x20, 0x10
OFFER = "permessage-deflate; client_max_window_bits"


class Frame(NamedTuple):
    """A frame that came: the bits FIN and RSV1 to RSV3, its opcode, its payload."""

    bits: int
    opcode: int
    payload: bytes


def frame(opcode: int, payload: bytes = b"", bits: int = FIN, *, masked: bool = True) -> bytes:
    """Return a frame as a client sends it."""
    size, mask = len(payload), os.urandom(4)
    flag = 0x80 if masked else 0
    if size < 126:
        header = bytes((bits | opcode, flag | size))
    elif size < 65_536:
        header = bytes((bits | opcode, flag | 126)) + size.to_bytes(2, "big")
    else:
        header = bytes((bits | opcode, flag | 127)) + size.to_bytes(8, "big")
    if not masked:
        return header + payload
    repeated = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
    veiled = (int.from_bytes(payload, "big") ^ repeated).to_bytes(size, "big")
    return header + mask + veiled


class Peer:
    """One connection; `answer` is the header of the node's handshake."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.answer = ""

    @classmethod
    async def open(cls, url: str, token: str, *offers: str) -> "Peer":
        """Connect, each offer of an extension in a header of its own, and pass over `hello`."""
        place = urlsplit(url)
        peer = cls(*await asyncio.open_connection(place.hostname, place.port))
        request = [
            f"GET {place.path} HTTP/1.1",
            f"Host: {place.netloc}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            f"Sec-WebSocket-Protocol: {SUBPROTOCOL}",
            f"Authorization: Bearer {token}",
            *(f"Sec-WebSocket-Extensions: {offer}" for offer in offers),
        ]
        peer.writer.write("\r\n".join([*request, "", ""]).encode())
        peer.answer = (await peer.reader.readuntil(b"\r\n\r\n")).decode()
        await peer.next()
        return peer

    def send(self, opcode: int, payload: bytes = b"", bits: int = FIN) -> None:
        """Send one frame."""
        self.writer.write(frame(opcode, payload, bits))

    def ask(self, **command: Any) -> None:
        """Send a command."""
        self.send(TEXT, json.dumps(command).encode())

    async def next(self, within_s: float = 10) -> Frame:
        """Return the next frame; raises asyncio.IncompleteReadError at the end."""
        async with asyncio.timeout(within_s):
            first, size = await self.reader.readexactly(2)
            assert not size & 0x80, "a node masks nothing"
            if size >= 126:
                more = await self.reader.readexactly(2 if size == 126 else 8)
                size = int.from_bytes(more, "big")
            return Frame(first & 0xF0, first & 0x0F, await self.reader.readexactly(size))

    async def expect(self, opcode: int) -> bytes:
        """Return the payload of the next frame, which is of this kind."""
        came = await self.next()
        assert came.opcode == opcode, came
        return came.payload

    async def code(self) -> int:
        """Return the code with which the node closes, and answer it; what came before is passed over."""
        while (came := await self.next()).opcode != CLOSE:
            pass
        came.payload[2:].decode()
        self.send(CLOSE, came.payload[:2])
        async with asyncio.timeout(5):
            with suppress(ConnectionResetError):  # it had disconnected when our answer came
                rest = await self.reader.read()
                assert rest == b"", "a node says nothing after its close frame"
        return int.from_bytes(came.payload[:2], "big")

    def close(self) -> None:
        """Disconnect without a word."""
        self.writer.close()
