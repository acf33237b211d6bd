"""A proxy between a client and a real node, for faults that no node makes on demand.

It takes WebSocket messages apart into lines: those of the node go through `on_line`, which returns what the
client gets instead; those of the client are counted. Compression is not offered to the node.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

_TEXT = 1
_EXTENSIONS = re.compile(rb"\r\nSec-WebSocket-Extensions:[^\r]*", re.IGNORECASE)


class Proxy:
    """Listens at `url`; `frames` holds the text frames that clients sent, each a list of lines."""

    def __init__(self, target: str) -> None:
        self._host, self._port = urlsplit(target).hostname, urlsplit(target).port
        self.url = ""
        self.frames: list[list[bytes]] = []
        self.on_line: Callable[[bytes], list[bytes]] = lambda line: [line]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_node, to_node = await asyncio.open_connection(self._host, self._port)
        try:
            await asyncio.gather(
                self._from_client(reader, to_node), self._from_node(from_node, writer)
            )
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # one side is gone; so is the other
        finally:
            writer.close()
            to_node.close()

    async def _from_client(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        writer.write(_EXTENSIONS.sub(b"", request))
        while True:
            raw, opcode, payload = await _read_frame(reader)
            if opcode == _TEXT:
                self.frames.append(payload.split(b"\n"))
            writer.write(raw)

    async def _from_node(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readuntil(b"\r\n\r\n"))
        while True:
            raw, opcode, payload = await _read_frame(reader)
            if opcode == _TEXT:
                lines = [new for line in payload.split(b"\n") for new in self.on_line(line)]
                raw = _frame(b"\n".join(lines)) if lines else b""
            writer.write(raw)
            await writer.drain()


async def _read_frame(reader: asyncio.StreamReader) -> tuple[bytes, int, bytes]:
    """Return a frame as it came, its opcode, and its payload in the clear (RFC 6455, 5.2)."""
    head = await reader.readexactly(2)
    size = head[1] & 0x7F
    if size >= 126:
        extended = await reader.readexactly(2 if size == 126 else 8)
        head, size = head + extended, int.from_bytes(extended, "big")
    mask = await reader.readexactly(4) if head[1] & 0x80 else b""
    payload = await reader.readexactly(size)
    return head + mask + payload, head[0] & 0x0F, bytes(_unmasked(payload, mask))


def _unmasked(payload: bytes, mask: bytes) -> Iterator[int]:
    return (byte ^ mask[n % 4] for n, byte in enumerate(payload)) if mask else iter(payload)


def _frame(payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 65_536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload


@asynccontextmanager
async def between(target: str) -> AsyncIterator[Proxy]:
    """Run a proxy in front of a node."""
    proxy = Proxy(target)
    server = await asyncio.start_server(proxy._serve, "127.0.0.1", 0, limit=2**24)
    port = server.sockets[0].getsockname()[1]
    proxy.url = f"ws://127.0.0.1:{port}/ws"
    try:
        yield proxy
    finally:
        server.close()
