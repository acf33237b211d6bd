"""The whole pipeline for minutes: sent, acked, delivered to two, in PostgreSQL, readable."""

import asyncio
import threading
import time

import psycopg

from bench.cost import Services, resident_bytes
from bench.derived import second_half
from bench.generator import Load
from bench.harness import TEXT_BYTES, Bench, Figures, Progress, calm, latency, shared
from bench.reads import Api
from roomlog.stack import Stack

_ROOMS, _MEMBERS = 100, 2
OURS = ("ingest", "streams", "projector", "indexer", "webhooks", "notifier", "api")


class Watch(threading.Thread):
    """Looks at a stack once a second until it is told to stop: lag of the projection, and memory."""

    def __init__(self, stack: Stack, services: Services) -> None:
        super().__init__(daemon=True)
        self._stack, self._services = stack, services
        self._stop_asked = threading.Event()
        self._failed: BaseException | None = None
        self.lags: list[int] = []
        self.bytes: list[dict[str, int]] = []

    def run(self) -> None:
        try:
            asyncio.run(self._watch())
        except BaseException as error:
            self._failed = error

    async def _watch(self) -> None:
        async with Progress(self._stack) as progress:
            while not self._stop_asked.is_set():
                self.lags.append(await progress.lag())
                self.bytes.append(resident_bytes(self._services))
                await asyncio.sleep(1)

    def end(self) -> None:
        """Stop looking; raises what kept it from looking, if anything did."""
        self._stop_asked.set()
        self.join()
        if self._failed is not None:
            raise self._failed

    def grown_mb(self) -> dict[str, float]:
        """Return by how many megabytes each kind of service grew over the second half."""
        kinds = self.bytes[0] if self.bytes else {}
        return {k: round(second_half([b[k] for b in self.bytes]) / 1e6, 1) for k in kinds}


def sustained(bench: Bench) -> Figures:
    """A steady rate over rooms of two, for as long as was asked for."""
    with bench.stack() as stack:
        plan = bench.plan(stack, _ROOMS, _MEMBERS)
        bench.load(stack, plan, "rate", bench.rate / 4, 2, TEXT_BYTES)  # warm
        before = _stored(stack)
        load = Load(bench.generator, plan, "rate", bench.rate, bench.sustained_s, TEXT_BYTES)
        services = stack.status()["services"]
        calm(services)
        watch = Watch(stack, services)
        watch.start()
        began = time.monotonic()
        found, cpu = bench.sent(stack, load)
        took = time.monotonic() - began
        watch.end()
        if (stored := _stored(stack) - before) != found["acked"]:
            raise SystemExit(f"{found['acked']} messages were acked, {stored} can be read")
        _require_readable(stack)
    grown = watch.grown_mb()
    return {
        "per_s": round(found["acked"] / took),
        "messages": found["acked"],
        "seconds": round(took, 1),
        **shared(cpu, found["acked"]),
        **latency(found),
        "ack_p99_ms": found["ack_ms"]["p99"],
        "most_lag": max(watch.lags),
        "grown_mb": round(sum(grown[k] for k in OURS), 1),
        "grown_by_service": grown,
    }


def _stored(stack: Stack) -> int:
    with psycopg.connect(stack.status()["postgres"]) as database:
        row = database.execute("SELECT count(*) FROM messages").fetchone()
        return int(row[0]) if row else 0


def _require_readable(stack: Stack) -> None:
    """Read the newest message of a room over the API, as a member of it."""
    query = 'SELECT room_id::text, event_id::text, "offset" FROM messages ORDER BY "offset" DESC LIMIT 1'
    with psycopg.connect(stack.status()["postgres"]) as database:
        room, event, offset = database.execute(query).fetchone() or ("", "", 0)
        asked = database.execute("SELECT user_id::text FROM members WHERE room_id = %s", [room])
        (member,) = asked.fetchone() or ("",)
    api = Api(stack, member)
    shown = api.page(room, offset + 1)["items"]
    api.close()
    if not shown or shown[-1]["id"] != event:
        raise SystemExit(f"the newest message of room {room} cannot be read")
