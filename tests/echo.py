"""A server that echoes, made of the node's own sockets: for test suites that need one.

Handshake, frames, compression, closing and writing are the node's code; only what becomes of a message is not.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from ingest.deflate import Deflater, agree
from ingest.frames import BINARY, framed
from ingest.outbox import Outbox
from ingest.session import Session
from ingest.upgrade import Accepted, Request, serve
from roomlog.tokens import Claims

MESSAGE_BYTES = 32 * 1024 * 1024


class Echo(Session):
    """Sends back what comes; long and binary messages too, which a node refuses."""

    message_bytes = MESSAGE_BYTES
    flooded_bytes = 2 * MESSAGE_BYTES
    takes_binary = True

    def send_back(self, message: bytes) -> None:
        if self.binary:
            payload, deflated = message, False
            if self.window_bits:
                payload, deflated = self._outbox.deflater.message([message], self.window_bits)
            self.send_frame(framed(payload, BINARY, deflated))
            return
        try:
            message.decode()
        except UnicodeDecodeError:
            self.refuse_text()
        else:
            self.write(message)
            self._outbox.flush()  # a message each: the node would put those of one turn together


@asynccontextmanager
async def echo_server(least_bytes: int = 0) -> AsyncIterator[str]:
    """Serve on a free port; gives the address. Messages of fewer bytes go back uncompressed."""
    outbox = Outbox(Deflater(least_bytes))
    claims = Claims("anybody", "", "", "", 0)

    def welcome(request: Request) -> Accepted:
        headers, window_bits = {}, 0
        if agreed := agree(request.headers.getall("Sec-WebSocket-Extensions", [])):
            headers["Sec-WebSocket-Extensions"], window_bits = agreed
        session = Echo(claims, outbox, _nothing, Echo.send_back, _nothing, window_bits)
        return Accepted(session, headers)

    server = await serve(welcome, "127.0.0.1", 0)
    yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    await asyncio.sleep(0)


def _nothing(session: Any) -> None:
    pass
