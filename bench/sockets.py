"""Clients for measurements that need few of them; the compiled generator is for many."""

import asyncio
import json
import time
from typing import Any

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect


class Socket(WSListener):
    """One client: answers by id, events by the time of their arrival."""

    def __init__(self, on_event: Any = None) -> None:
        self.waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.on_event = on_event
        self.next_id = 0
        self.acked_ms: list[float] = []
        self.sent_at: dict[int, float] = {}

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.PING:
            transport.send_pong(frame.get_payload_as_bytes())
            return
        if frame.msg_type != WSMsgType.TEXT:
            return
        now = time.perf_counter()
        for line in frame.get_payload_as_bytes().split(b"\n"):
            self.receive(json.loads(line), now)

    def receive(self, frame: dict[str, Any], now: float) -> None:
        match frame["op"]:
            case "event" if self.on_event:
                self.on_event(frame, now)
            case "ack" | "error":
                if sent := self.sent_at.pop(frame["id"], None):
                    self.acked_ms.append((now - sent) * 1000)
                if waiting := self.waiting.pop(frame["id"], None):
                    waiting.set_result(frame)

    def send(self, **command: Any) -> int:
        self.next_id += 1
        self.sent_at[self.next_id] = time.perf_counter()
        self.transport.send(WSMsgType.TEXT, json.dumps({"id": self.next_id, **command}).encode())
        return self.next_id

    async def ask(self, **command: Any) -> dict[str, Any]:
        waiting = asyncio.get_running_loop().create_future()
        self.waiting[self.send(**command)] = waiting
        answer: dict[str, Any] = await asyncio.wait_for(waiting, 30)
        if answer["op"] == "error":
            raise SystemExit(f"{command['op']} was refused: {answer['message']}")
        return answer


async def connect(url: str, token: str, on_event: Any = None) -> Socket:
    """Open one client's socket."""
    _, listener = await ws_connect(
        lambda: Socket(on_event),
        url,
        extra_headers={
            "Authorization": f"Bearer {token}",
            "Sec-WebSocket-Protocol": "roomlog.v1.json",
        },
    )
    assert isinstance(listener, Socket)
    return listener


def percentile(values: list[float], share: float) -> float:
    """Return the value below which this share of all lies."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]
