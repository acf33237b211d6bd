"""A WebSocket as raw as tests of the protocol need it: any bytes out, frames and the close code in."""

import asyncio
import json
import time
import uuid
from pathlib import Path
from typing import Any

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from roomlog.protocol.terms import SUBPROTOCOL
from roomlog.tokens import Signer


def token_of(data: Path, user: str, **more: Any) -> str:
    """Return an access token signed with the stack's own key."""
    return Signer(data / "jwt.pem").access_token(user, "x", str(uuid.uuid4()), time.time(), **more)


class Wire(WSListener):
    """One connection; `lines` are the JSON objects that came, `closed` resolves to the close code."""

    def __init__(self) -> None:
        self.lines: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.closed: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.transport: WSTransport
        self._code = 1006

    @classmethod
    async def open(cls, url: str, token: str, **headers: str) -> "Wire":
        """Connect with a bearer token (none if it is empty); raises picows.WSHandshakeError."""
        wire = cls()
        sent = {"Sec-WebSocket-Protocol": SUBPROTOCOL, **headers}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        await ws_connect(lambda: wire, url, extra_headers=sent)
        return wire

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.TEXT:
            for line in frame.get_payload_as_bytes().split(b"\n"):
                self.lines.put_nowait(json.loads(line))
        elif frame.msg_type == WSMsgType.CLOSE:
            self._code = int(frame.get_close_code())
            transport.send_close(frame.get_close_code())
            transport.disconnect()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        if not self.closed.done():
            self.closed.set_result(self._code)

    def send(self, *commands: dict[str, Any] | bytes) -> None:
        """Send commands in one text frame, one a line."""
        lines = (c if isinstance(c, bytes) else json.dumps(c).encode() for c in commands)
        self.transport.send(WSMsgType.TEXT, b"\n".join(lines))

    async def next(self, op: str, within_s: float = 10) -> dict[str, Any]:
        """Return the next line of this kind; others are passed over."""
        async with asyncio.timeout(within_s):
            while True:
                line = await self.lines.get()
                if line["op"] == op:
                    return line

    async def code(self, within_s: float = 10) -> int:
        """Wait until the connection is closed and return the code."""
        async with asyncio.timeout(within_s):
            return await asyncio.shield(self.closed)

    def close(self) -> None:
        """Disconnect."""
        self.transport.disconnect()
