"""Load on ingest nodes: sockets that post with a window of unanswered commands, and what it costs.

    python bench/ingest_load.py --data .roomlog --sockets 100 --window 32 --seconds 10

Prints acked messages a second, ack latency, and CPU per message of each service of the stack
(user + system time of the process, from /proc). Rate limits must be off (ROOMLOG_RATE_LIMITS=off).
"""

import argparse
import asyncio
import json
import os
import time
import uuid
from pathlib import Path
from typing import Any

import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from roomlog.client import Client
from roomlog.protocol import SUBPROTOCOL
from roomlog.tokens import Signer

TEXT = "The quick brown fox jumps over the lazy dog, and the dog does not mind at all."
_ACK = b'{"op":"ack","id":'
_TICK = os.sysconf("SC_CLK_TCK")


class Publisher(WSListener):
    """One socket that keeps `window` commands unanswered in one room."""

    def __init__(self, room: str, window: int, tally: "Tally") -> None:
        self._room, self._window, self._tally = room.encode(), window, tally
        self._next = 0
        self._sent_at: dict[int, float] = {}
        self._transport: WSTransport | None = None
        self._prefix = uuid.uuid4().hex[:12].encode()

    def on_ws_connected(self, transport: WSTransport) -> None:
        """The socket is open."""
        self._transport = transport

    def begin(self) -> None:
        """Send the first window."""
        self._send(self._window)

    def _send(self, count: int) -> None:
        if self._transport is None or self._tally.over:
            return
        lines, now = [], time.perf_counter()
        for number in range(self._next, self._next + count):
            self._sent_at[number] = now
            lines.append(
                b'{"op":"send","id":%d,"room":"%b","key":"%b-%d","text":"%b"}'
                % (number, self._room, self._prefix, number, TEXT.encode())
            )
        self._next += count
        self._transport.send(WSMsgType.TEXT, b"\n".join(lines))

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Count acks and send as many again."""
        if frame.msg_type != WSMsgType.TEXT:
            transport.disconnect()
            return
        acked, now = 0, time.perf_counter()
        for line in frame.get_payload_as_bytes().split(b"\n"):
            if line.startswith(_ACK):
                number = int(line[len(_ACK) : line.index(b",", len(_ACK))])
                self._tally.latencies.append(now - self._sent_at.pop(number))
                acked += 1
            elif b'"op":"error"' in line:
                self._tally.errors.append(line)
        self._tally.acked += acked
        if acked:
            self._send(acked)


class Tally:
    """What happened."""

    def __init__(self) -> None:
        self.acked = 0
        self.latencies: list[float] = []
        self.errors: list[bytes] = []
        self.over = False


def cpu_seconds(pid: int) -> float:
    """Return the user and system time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


async def prepare(options: argparse.Namespace) -> list[tuple[str, str, str]]:
    """Make the users and rooms; return `(address, token, room)` for each socket."""
    signer = Signer(options.data / "jwt.pem")
    people = [str(uuid.uuid4()) for _ in range(options.sockets)]
    tokens = [signer.access_token(p, "load", str(uuid.uuid4()), time.time()) for p in people]
    client = await Client.connect(options.urls, tokens[0])
    create = {"op": "create", "name": "load", "kind": "public"}
    acks = [
        client.request(
            {**create, "key": str(uuid.uuid4()), "members": people[at :: options.rooms][:500]}
        )
        for at in range(options.rooms)
    ]
    rooms = [str(ack.room) for ack in await asyncio.gather(*acks)]
    await client.close()
    await asyncio.sleep(1.0)
    return [
        (options.urls[n % len(options.urls)], tokens[n], rooms[n % options.rooms])
        for n in range(options.sockets)
    ]


async def open_socket(url: str, token: str, room: str, window: int, tally: Tally) -> Publisher:
    """Connect one publisher."""
    publisher = Publisher(room, window, tally)
    headers = {"Authorization": f"Bearer {token}", "Sec-WebSocket-Protocol": SUBPROTOCOL}
    await ws_connect(lambda: publisher, url, extra_headers=headers)
    return publisher


async def run(options: argparse.Namespace) -> dict[str, Any]:
    """Run the load and return the figures."""
    tally = Tally()
    sockets = await prepare(options)
    publishers = [await open_socket(*s, options.window, tally) for s in sockets]
    for publisher in publishers:
        publisher.begin()
    await asyncio.sleep(options.warm_up)
    tally.acked, tally.latencies = 0, []
    before, start = {n: cpu_seconds(p) for n, p in options.pids.items()}, time.perf_counter()
    own = time.process_time()
    await asyncio.sleep(options.seconds)
    elapsed = time.perf_counter() - start
    acked, own = tally.acked, time.process_time() - own
    used = {n: cpu_seconds(p) - before[n] for n, p in options.pids.items()}
    tally.over = True
    await asyncio.sleep(0.5)
    latencies = sorted(tally.latencies)
    each = {n: round(seconds / max(acked, 1) * 1e6, 1) for n, seconds in used.items()}
    return {
        "acked_per_s": round(acked / elapsed),
        "p50_ms": round(latencies[len(latencies) // 2] * 1e3, 1),
        "p99_ms": round(latencies[len(latencies) * 99 // 100] * 1e3, 1),
        "cpu_us_per_message": each,
        "cpu_us_per_message_all": round(sum(each.values()), 1),
        "load_generator_us": round(own / max(acked, 1) * 1e6, 1),
        "errors": len(tally.errors),
        "first_error": tally.errors[0].decode() if tally.errors else None,
    }


def main() -> None:
    """Parse the options, run, print JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path(".roomlog"))
    parser.add_argument("--sockets", type=int, default=100)
    parser.add_argument("--rooms", type=int, default=50)
    parser.add_argument("--window", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--warm-up", type=float, default=2.0)
    parser.add_argument(
        "--status", type=Path, required=True, help="file with `roomlog status --json`"
    )
    options = parser.parse_args()
    status = json.loads(options.status.read_text())
    options.urls = status["ingest"]
    options.pids = {s["name"]: s["pid"] for s in status["services"]}
    print(json.dumps(uvloop.run(run(options)), indent=1))


if __name__ == "__main__":
    main()
