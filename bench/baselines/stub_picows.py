"""The floor of the socket: picows, a room in memory, and nothing else.

python -m bench.baselines.stub_picows PORT
"""

import asyncio
import sys
from typing import Any

import uvloop
from picows import (
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
    ws_create_server,
)

from bench.baselines.stub import HELLO, SUBPROTOCOL, Rooms


class Socket(WSListener):
    """One client."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._send = transport.send
        transport.send(WSMsgType.TEXT, HELLO)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type != WSMsgType.TEXT:
            return
        answer, said = self._rooms.take(self, frame.get_payload_as_bytes())
        transport.send(WSMsgType.TEXT, answer)
        for room, lines in said.items():
            for follower in self._rooms.followers[room]:
                follower._send(WSMsgType.TEXT, lines)


async def _serve(port: int) -> None:
    rooms = Rooms()

    def accept(_request: Any) -> WSUpgradeResponseWithListener:
        headers = {"Sec-WebSocket-Protocol": SUBPROTOCOL}
        accepted = WSUpgradeResponse.create_101_response(headers)
        return WSUpgradeResponseWithListener(accepted, Socket(rooms))

    server = await ws_create_server(accept, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    asyncio.run(_serve(int(sys.argv[1])))
