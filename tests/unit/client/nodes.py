"""Small in-process nodes: they speak the protocol from memory, over real sockets."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from picows import (
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
    ws_create_server,
)

Answer = Callable[[dict[str, Any]], list[dict[str, Any]] | None]
decode, encode = msgspec.json.decode, msgspec.json.encode


class Node:
    """Answers each command with what `answer` returns; None: not at all."""

    def __init__(self, name: str, answer: Answer, status: int = 101) -> None:
        self.name, self.answer, self.status = name, answer, status
        self.commands: list[dict[str, Any]] = []
        self.frames = 0
        self.transports: list[WSTransport] = []
        self.url = ""

    def listen(self, request: WSUpgradeRequest) -> WSListener | WSUpgradeResponseWithListener:
        if self.status != 101:
            refusal = WSUpgradeResponse.create_error_response(self.status)
            return WSUpgradeResponseWithListener(refusal, None)
        return _Listener(self)

    def say(self, *frames: dict[str, Any]) -> None:
        """Send frames to everybody."""
        for transport in self.transports:
            transport.send(WSMsgType.TEXT, b"\n".join(encode(f) for f in frames))

    def close(self, code: int | None = None) -> None:
        for transport in self.transports:
            if code is not None:
                transport.send_close(code)  # type: ignore[arg-type]
            transport.disconnect()
        self.transports.clear()


class _Listener(WSListener):  # type: ignore[misc]
    def __init__(self, node: Node) -> None:
        self.node = node

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.node.transports.append(transport)
        transport.send(WSMsgType.TEXT, encode({"op": "hello", "node": self.node.name}))

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is not WSMsgType.TEXT:
            return
        self.node.frames += 1
        for line in frame.get_payload_as_bytes().split(b"\n"):
            command = decode(line)
            self.node.commands.append(command)
            if answers := self.node.answer(command):
                transport.send(WSMsgType.TEXT, b"\n".join(encode(a) for a in answers))


@asynccontextmanager
async def running(*nodes: Node) -> AsyncIterator[list[str]]:
    servers = []
    for node in nodes:
        server = await ws_create_server(node.listen, "127.0.0.1", 0)
        node.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/ws"
        servers.append(server)
    try:
        yield [node.url for node in nodes]
    finally:
        for node, server in zip(nodes, servers, strict=True):
            node.close()
            server.close()


def acks(command: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"op": "ack", "id": command["id"], "event": command.get("key"), "cursor": "1:5"}]


def silent(command: dict[str, Any]) -> None:
    return None


def send(key: str) -> dict[str, Any]:
    return {"op": "send", "room": "r", "key": key, "text": "hello"}


def event(number: int, prev: int | None = None, room: str = "r", **more: Any) -> dict[str, Any]:
    """An event at an offset, named after it."""
    before = number - 1 if prev is None else prev
    cursors = {"cursor": f"1:{number}", "prev": f"1:{before}"}
    return {
        "op": "event",
        "room": room,
        **cursors,
        "id": f"e{number}",
        "type": "T",
        "d": {},
        **more,
    }
