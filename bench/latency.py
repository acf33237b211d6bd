"""How long from send to delivery across two nodes, at a steady rate, and what it costs in CPU by process.

Senders sit on the first node, one subscriber a room on the second; the stack is one that runs already:

    .venv/bin/python bench/latency.py --data .roomlog --rate 1000 --seconds 20
"""

import argparse
import asyncio
import json
import subprocess
import sys
import time
import uuid
from collections import defaultdict
from pathlib import Path
from typing import Any

import psutil
import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from roomlog.tokens import Signer

ROOMS = 20


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


def cpu_seconds(services: list[dict[str, Any]]) -> dict[str, float]:
    """Return user and system time of every service with its children."""
    used: dict[str, float] = defaultdict(float)
    for service in services:
        process = psutil.Process(service["pid"])
        for one in [process, *process.children(recursive=True)]:
            try:
                times = one.cpu_times()
                used[service["name"]] += times.user + times.system
            except psutil.NoSuchProcess:
                continue
    return used


def percentile(values: list[float], share: float) -> float:
    """Return the value below which this share of all lies."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


async def run(status: dict[str, Any], data: Path, rate: int, seconds: int) -> dict[str, Any]:
    """Drive the load and return the figures."""
    signer = Signer(data / "jwt.pem")
    delivered_ms: list[float] = []

    def arrived(frame: dict[str, Any], now: float) -> None:
        text = frame["d"].get("text", "")
        if text.startswith("at "):
            delivered_ms.append((now - float(text[3:])) * 1000)

    pairs = []
    for _ in range(ROOMS):
        people = [str(uuid.uuid4()) for _ in range(2)]
        tokens = [signer.access_token(p, p[:4], str(uuid.uuid4()), time.time()) for p in people]
        sender = await connect(status["ingest"][0], tokens[0])
        receiver = await connect(status["ingest"][-1], tokens[1], arrived)
        made = await sender.ask(
            op="create", key=str(uuid.uuid4()), name="bench", kind="private", members=[people[1]]
        )
        await receiver.ask(op="sub", room=made["room"])
        pairs.append((sender, made["room"]))
    await asyncio.sleep(1)
    for sender, _ in pairs:
        sender.acked_ms.clear()
    before = cpu_seconds(status["services"])
    sent = await send_steadily(pairs, rate, seconds)
    deadline = time.monotonic() + 10
    while len(delivered_ms) < sent and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
    await asyncio.sleep(1)  # the projector's share of the last messages
    after = cpu_seconds(status["services"])
    acked = [ms for sender, _ in pairs for ms in sender.acked_ms]
    return {
        "sent": sent,
        "acked": len(acked),
        "delivered": len(delivered_ms),
        "ack_ms": {"p50": percentile(acked, 0.5), "p99": percentile(acked, 0.99)},
        "delivery_ms": {
            "p50": percentile(delivered_ms, 0.5),
            "p99": percentile(delivered_ms, 0.99),
            "max": max(delivered_ms),
        },
        "cpu_us_per_message": {k: (after[k] - before[k]) / sent * 1e6 for k in before},
    }


async def send_steadily(pairs: list[tuple[Socket, str]], rate: int, seconds: int) -> int:
    """Send `rate` messages a second, one after the other over all rooms; return how many."""
    start = time.perf_counter()
    for number in range(rate * seconds):
        ahead = number / rate - (time.perf_counter() - start)
        if ahead > 0:
            await asyncio.sleep(ahead)
        sender, room = pairs[number % len(pairs)]
        text = f"at {time.perf_counter()}"
        sender.send(op="send", room=room, key=str(uuid.uuid4()), text=text)
    return rate * seconds


def main() -> None:
    """Run it and print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(".roomlog"))
    parser.add_argument("--rate", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=20)
    options = parser.parse_args()
    roomlog = Path(sys.executable).with_name("roomlog")
    answer = subprocess.run(
        [roomlog, "status", "--json", "--data", options.data], capture_output=True, check=True
    )
    status = json.loads(answer.stdout)
    figures = uvloop.run(run(status, options.data, options.rate, options.seconds))
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
