"""The row on what leaves the platform: webhooks and web pushes, to a receiver that answers at once."""

import asyncio
import base64
import json
import os
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bench.cost import cpu_seconds, used
from bench.generator import Plan
from bench.harness import TEXT_BYTES, Bench, Figures
from roomlog.client import Client
from roomlog.stack import Stack

_ROOMS = 20
_MESSAGES_PER_S = 100
_AWAY, _WRITTEN_TO_EACH = 30, 20
_WITHIN_S = 120.0
_SETTINGS = {
    "ROOMLOG_OUTBOUND_HTTP": "on",
    "ROOMLOG_OUTBOUND_NETWORKS": "127.0.0.1/32",
    "ROOMLOG_PUSH_HOSTS": "http://127.0.0.1",
}


class _Receiver(ThreadingHTTPServer):
    """Answers 201 to everything, and counts it by path."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.counting = threading.Lock()
        self.got: dict[str, int] = {}

    def url(self, path: str) -> str:
        """Return an address here."""
        return f"http://127.0.0.1:{self.server_address[1]}{path}"

    def require(self, start: str, count: int) -> None:
        """Wait until so many came to paths that start so; raises SystemExit."""
        deadline = time.monotonic() + _WITHIN_S
        while (got := sum(n for path, n in self.got.items() if path.startswith(start))) < count:
            if time.monotonic() > deadline:
                raise SystemExit(f"{got} of {count} arrived at {start}")
            time.sleep(0.05)


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Receiver

    def do_POST(self) -> None:
        """Take a body."""
        self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.counting:
            self.server.got[self.path] = self.server.got.get(self.path, 0) + 1
        self.send_response(201)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def told(bench: Bench) -> Figures:
    """A webhook for each message, then a push for each."""
    with bench.stack(env=_SETTINGS) as stack, _receiver() as receiver:
        plan = Plan(Path(stack.data), stack.status()["ingest"])
        people = [[str(uuid.uuid4()) for _ in range(2)] for _ in range(_ROOMS)]
        rooms = asyncio.run(plan.rooms(people))
        for room, some in zip(rooms, people, strict=True):
            connection = plan.connect(some[0])
            plan.follow(connection, room)
            plan.post(connection, room)
        written = bench.write(plan)
        without, _ = _loaded(bench, stack, written, None)
        owners = {room: some[0] for room, some in zip(rooms, people, strict=True)}
        asyncio.run(_hooks(stack, plan, owners, receiver))
        hooked, seconds = _loaded(bench, stack, written, receiver)
        pushed = _pushed(stack, plan, receiver)
    postgres = max(hooked["postgres"] - without["postgres"], 0.0)
    return {
        "webhook_us": round(hooked["webhooks"], 1),
        "webhook_postgres_us": round(postgres, 1),
        "webhooks_per_s": round(bench.seconds * _MESSAGES_PER_S / seconds),
        "push_us": round(pushed["notifier"], 1),
        "push_postgres_us": round(pushed["postgres"], 1),
    }


@contextmanager
def _receiver() -> Iterator[_Receiver]:
    with _Receiver() as receiver:
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        yield receiver
        receiver.shutdown()


def _loaded(
    bench: Bench, stack: Stack, plan: Path, receiver: _Receiver | None
) -> tuple[Figures, float]:
    """Send messages, each of which a receiver is told of; return CPU of each by service, and seconds."""
    services = stack.status()["services"]
    before, began = cpu_seconds(services), time.monotonic()
    found, _ = bench.load(stack, plan, "rate", _MESSAGES_PER_S, bench.seconds, TEXT_BYTES)
    if receiver is not None:
        receiver.require("/hook/", found["acked"])
    took = time.monotonic() - began
    return _each(before, cpu_seconds(services), found["acked"]), took


def _each(before: Figures, after: Figures, count: int) -> Figures:
    return {kind: seconds / count * 1e6 for kind, seconds in used(before, after).items()}


async def _hooks(stack: Stack, plan: Plan, owners: dict[str, str], receiver: _Receiver) -> None:
    async with httpx.AsyncClient(base_url=stack.status()["api"]) as http:
        for room, owner in owners.items():
            await _post(
                http,
                plan.token(owner),
                "/webhooks",
                {"room": room, "url": receiver.url(f"/hook/{room}"), "types": ["MessagePosted"]},
            )


async def _post(http: httpx.AsyncClient, token: str, path: str, body: Any) -> None:
    answer = await http.post(path, json=body, headers={"Authorization": f"Bearer {token}"})
    if answer.status_code != httpx.codes.CREATED:
        raise SystemExit(f"POST {path}: {answer.status_code} {answer.text[:300]}")


def _pushed(stack: Stack, plan: Plan, receiver: _Receiver) -> Figures:
    """Write to people who are away; return CPU of each push by service."""
    away = [str(uuid.uuid4()) for _ in range(_AWAY)]
    asyncio.run(_subscribe(stack, plan, away, receiver))
    sender = str(uuid.uuid4())
    rooms = asyncio.run(_direct_rooms(stack, plan, sender, away))
    receiver.require("/push/", _AWAY)  # of the rooms that they are in now
    earlier = sum(n for path, n in receiver.got.items() if path.startswith("/push/"))
    services = stack.status()["services"]
    before = cpu_seconds(services)
    count = asyncio.run(_write(stack, plan, sender, rooms))
    receiver.require("/push/", earlier + count)
    return _each(before, cpu_seconds(services), count)


async def _subscribe(stack: Stack, plan: Plan, away: list[str], receiver: _Receiver) -> None:
    async with httpx.AsyncClient(base_url=stack.status()["api"]) as http:
        for person in away:
            key = ec.generate_private_key(ec.SECP256R1()).public_key()
            point = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
            keys = {"p256dh": _b64(point), "auth": _b64(os.urandom(16))}
            body = {"endpoint": receiver.url(f"/push/{person}"), "keys": keys}
            await _post(http, plan.token(person), "/push/subscriptions", body)


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


async def _direct_rooms(stack: Stack, plan: Plan, sender: str, others: list[str]) -> list[str]:
    async with await Client.connect(stack.status()["ingest"], plan.token(sender)) as client:
        create = {"op": "create", "name": "direct", "kind": "direct"}
        acks = [
            await client.request({**create, "key": str(uuid.uuid4()), "members": [other]})
            for other in others
        ]
    return [str(ack.room) for ack in acks]


async def _write(stack: Stack, plan: Plan, sender: str, rooms: list[str]) -> int:
    async with await Client.connect(stack.status()["ingest"], plan.token(sender)) as client:
        posts = [
            client.request(
                {"op": "send", "room": room, "key": str(uuid.uuid4()), "text": json.dumps(n)}
            )
            for n in range(_WRITTEN_TO_EACH)
            for room in rooms
        ]
        return len(await asyncio.gather(*posts))
