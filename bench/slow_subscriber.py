"""What a subscriber that stops reading costs the others, its node, and how soon it is gone.

One room on the first node: a sender, `--readers` subscribers that read, and in the second half one that
does not. The stack is one that runs already, without rate limits (ROOMLOG_RATE_LIMITS=off):

    .venv/bin/python -m bench.slow_subscriber --data .roomlog --rate 100 --seconds 20
"""

import argparse
import asyncio
import json
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import psutil
import uvloop

from bench.sockets import Socket, connect, percentile
from roomlog.tokens import Signer

PADDING = " and so on" * 700
"""Messages of 7 kB: the kernel's buffers are full within a second or two."""
_CLOSED = 'ws_closed_total{code="4008"}'


def closed_as_slow(url: str) -> int:
    """Return how many sockets the node has closed with 4008."""
    with urlopen(f"http://{urlsplit(url).netloc}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    return sum(int(float(line.split()[1])) for line in lines if line.startswith(_CLOSED))


class Half:
    """One half of the run: what the readers saw, and what became of the one that does not read."""

    def __init__(self, url: str, node: psutil.Process) -> None:
        self._url, self._node = url, node
        self.delivered_ms: list[float] = []
        self.closed_after_s: float | None = None
        self.most_bytes = 0

    def arrived(self, frame: dict[str, Any], now: float) -> None:
        """Note when a delivery came (called by a socket)."""
        text = frame["d"].get("text", "")
        if text.startswith("at "):
            self.delivered_ms.append((now - float(text[3:].split()[0])) * 1000)

    async def watch(self, before: int) -> None:
        """Look at the node ten times a second."""
        began = time.monotonic()
        while True:
            self.most_bytes = max(self.most_bytes, self._node.memory_info().rss)
            if self.closed_after_s is None:
                closed = await asyncio.to_thread(closed_as_slow, self._url)
                if closed > before:
                    self.closed_after_s = time.monotonic() - began
            await asyncio.sleep(0.1)

    def figures(self) -> dict[str, Any]:
        """Return what was measured."""
        return {
            "delivered": len(self.delivered_ms),
            "delivery_ms": {
                "p50": percentile(self.delivered_ms, 0.5),
                "p99": percentile(self.delivered_ms, 0.99),
            },
            "rss_mb": self.most_bytes / 1e6,
        }


async def run(
    status: dict[str, Any], data: Path, rate: int = 100, seconds: int = 20, readers_count: int = 20
) -> dict[str, Any]:
    """Drive both halves and return the figures."""
    url = status["ingest"][0]
    pid = next(s["pid"] for s in status["services"] if s["name"] == "ingest-1")
    node, signer = psutil.Process(pid), Signer(data / "jwt.pem")
    people = [str(uuid.uuid4()) for _ in range(readers_count + 2)]
    tokens = [signer.access_token(p, p[:4], str(uuid.uuid4()), time.time()) for p in people]
    sender = await connect(url, tokens[0])
    made = await sender.ask(
        op="create", key=str(uuid.uuid4()), name="bench", kind="private", members=people[1:]
    )
    room, halves = made["room"], [Half(url, node), Half(url, node)]
    readers = [await connect(url, token) for token in tokens[2:]]
    for reader in readers:
        await reader.ask(op="sub", room=room)
    started_bytes = node.memory_info().rss
    for half, has_slow_one in zip(halves, (False, True), strict=True):
        if has_slow_one:
            slow = await connect(url, tokens[1])
            await slow.ask(op="sub", room=room)
            slow.transport.underlying_transport.pause_reading()
        for reader in readers:
            reader.on_event = half.arrived
        watcher = asyncio.create_task(half.watch(closed_as_slow(url)))
        await send(sender, room, rate, seconds)
        watcher.cancel()
    without, with_it = (half.figures() for half in halves)
    return {
        "rss_mb_before": started_bytes / 1e6,
        "without": without,
        "with_the_slow_one": with_it,
        "seconds_to_4008": halves[1].closed_after_s,
        "p99_ratio": with_it["delivery_ms"]["p99"] / without["delivery_ms"]["p99"],
    }


async def send(sender: Socket, room: str, rate: int, seconds: int) -> None:
    """Post `rate` messages a second, then wait for the last deliveries."""
    start = time.perf_counter()
    for number in range(rate * seconds):
        ahead = number / rate - (time.perf_counter() - start)
        if ahead > 0:
            await asyncio.sleep(ahead)
        text = f"at {time.perf_counter()}{PADDING}"
        sender.send(op="send", room=room, key=str(uuid.uuid4()), text=text)
    await asyncio.sleep(1)


def main() -> None:
    """Run it and print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(".roomlog"))
    parser.add_argument("--rate", type=int, default=100)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--readers", type=int, default=20)
    options = parser.parse_args()
    roomlog = Path(sys.executable).with_name("roomlog")
    answer = subprocess.run(
        [roomlog, "status", "--json", "--data", options.data], capture_output=True, check=True
    )
    status = json.loads(answer.stdout)
    figures = uvloop.run(run(status, options.data, options.rate, options.seconds, options.readers))
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
