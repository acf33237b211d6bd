"""Rows about reading what was said: history and search over the API, and the log itself."""

import asyncio
import http.client
import random
import subprocess
import sys
import time
import uuid
from collections import defaultdict
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec
import psycopg

from analytics import export
from analytics.selection import Selection
from bench.cost import cpu_seconds, used
from bench.fill import Writer, chat, fill, fill_room
from bench.generator import Plan
from bench.harness import SERVERS, Bench, Figures, indexed, shared
from bench.queries import Queries
from bench.sockets import percentile
from roomlog.events import ChatEvent
from roomlog.stack import Stack
from schemas.registry import Registry

LONG_ROOM = 1_000_000
PAGE = 50
_PAGES = 2_000
_SEARCHES = 1_300


class Api:
    """One keep-alive connection to a stack's API, as one user."""

    def __init__(self, stack: Stack, user: str) -> None:
        address = urlsplit(stack.status()["api"])
        self._path = address.path
        self._http = http.client.HTTPConnection(address.hostname or "", address.port)
        token = Plan(Path(stack.data), []).token(user)
        self._headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str) -> Any:
        """Return what a path answers; raises SystemExit where that is an error."""
        self._http.request("GET", self._path + path, headers=self._headers)
        answer = self._http.getresponse()
        body = answer.read()
        if answer.status != http.client.OK:
            raise SystemExit(f"GET {path}: {answer.status} {body.decode()[:300]}")
        return msgspec.json.decode(body)

    def page(self, room: str, before: int) -> Any:
        """Return the page of messages before an offset."""
        return self.get(f"/rooms/{room}/messages?before=1:{before}&limit={PAGE}")

    def close(self) -> None:
        """Disconnect."""
        self._http.close()


def history(bench: Bench) -> Figures:
    """Pages anywhere in a room of a million messages, one after the other."""
    only = [*SERVERS, "projector-1", "api"]
    with bench.stack(only=only) as stack:
        filled = fill_room(stack, LONG_ROOM)
        api, chance = Api(stack, filled.owner), random.Random(1)
        places = [chance.randrange(PAGE * 2, filled.messages) for _ in range(_PAGES)]
        for place in places[:100]:  # warm
            api.page(filled.room, place)
        took, before = [], cpu_seconds(stack.status()["services"])
        for place in places:
            began = time.perf_counter()
            found = api.page(filled.room, place)
            took.append((time.perf_counter() - began) * 1000)
            if len(found["items"]) != PAGE:
                raise SystemExit(f"a page of {len(found['items'])} before {place}")
        cpu = used(before, cpu_seconds(stack.status()["services"]))
        api.close()
    return {
        **shared(cpu, len(places)),
        "p50_ms": round(percentile(took, 0.5), 2),
        "p99_ms": round(percentile(took, 0.99), 2),
    }


def search(bench: Bench) -> Figures:
    """Searches of a million messages in many rooms, by a member of all; before that, what indexing them costs."""
    with bench.stack(only=[*SERVERS, "projector-1", "api"]) as stack:
        reader = str(uuid.uuid4())
        writer = Writer(reader=reader)
        fill(stack, writer, LONG_ROOM)
        cost = _index(stack)
        asked = Queries(chat(), list(writer.owners)).some(_SEARCHES)
        api, took = Api(stack, reader), defaultdict[str, list[float]](list)
        for each in asked[:100]:  # warm
            api.get(f"/search?{urlencode(each.params)}")
        before = cpu_seconds(stack.status()["services"])
        for each in asked[100:]:
            began = time.perf_counter()
            api.get(f"/search?{urlencode(each.params)}")
            took[each.kind].append((time.perf_counter() - began) * 1000)
        cpu = used(before, cpu_seconds(stack.status()["services"]))
        api.close()
    every = [ms for some in took.values() for ms in some]
    by_kind = {kind: round(percentile(some, 0.99), 2) for kind, some in took.items()}
    worst = {"p50_ms": percentile(every, 0.5), "p99_ms": percentile(every, 0.99)}
    rounded = {k: round(v, 2) for k, v in worst.items()}
    return {**rounded, "p99_by_kind_ms": by_kind, **shared(cpu, len(every)), **cost}


def _index(stack: Stack) -> Figures:
    """Let an indexer take in what is there; return what that costs, PostgreSQL's part included."""
    before, began = cpu_seconds(stack.status()["services"]), time.monotonic()
    stack.add_service("indexer-1")
    indexed(stack)
    took = time.monotonic() - began
    with psycopg.connect(stack.status()["postgres"]) as database:
        size = "SELECT count(*), pg_total_relation_size('message_search') FROM message_search"
        count, stored = database.execute(size).fetchone() or (0, 0)
    seconds = used(before, cpu_seconds(stack.status()["services"]))
    indexer, postgres = (seconds[kind] / count * 1e6 for kind in ("indexer", "postgres"))
    return {
        "index_us": round(indexer + postgres, 1),
        "indexer_us": round(indexer, 1),
        "index_postgres_us": round(postgres, 1),
        "index_bytes": round(stored / count, 1),
        "index_per_s": round(count / took),
    }


def replay(bench: Bench) -> Figures:
    """A log of a million messages to Parquet, by one process."""
    with bench.stack(only=SERVERS) as stack:
        count = fill(stack, Writer(), LONG_ROOM)
        cpu, took = export_cost(stack, bench.scratch / "export")
    return {"per_core_s": round(count / cpu), "per_s": round(count / took)}


def rebuild(bench: Bench) -> Figures:
    """All read models again from a log of a million events, beside the live ones."""
    with bench.stack(only=[*SERVERS, "projector-1"]) as stack:
        count = fill(stack, Writer(), LONG_ROOM)
        argv = [sys.executable, "-m", "roomlog.cli", "rebuild", "--data", stack.data, "--json"]
        began = time.perf_counter()
        ended = subprocess.run(argv, stdout=subprocess.PIPE, check=True)
        took = time.perf_counter() - began
    told = msgspec.json.decode(ended.stdout)
    if told["records"] < count or not told["swapped"]:
        raise SystemExit(f"not everything was rebuilt: {told}")
    return {
        "seconds": round(took / told["records"] * LONG_ROOM, 1),
        "blocked_ms": round(told["blocked_s"] * 1000),
    }


def export_cost(stack: Stack, out: Path) -> tuple[float, float]:
    """Export the whole log; return this process's seconds of processor time, and of time."""
    status = stack.status()
    plan = export.Plan(
        status["kafka"],
        Registry(status["registry"]).resolve(ChatEvent.SUBJECT),
        Selection(),
        asyncio.run(export.ranges_of(status["kafka"], Selection())),
        "parquet",
        out,
    )
    began, cpu = time.perf_counter(), time.process_time()
    totals = export.export(plan, lambda _: None, workers=1)
    cpu, took = time.process_time() - cpu, time.perf_counter() - began
    if totals.rows != plan.records:
        raise SystemExit(f"{totals.rows} of {plan.records} events were exported")
    return cpu, took
