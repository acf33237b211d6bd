"""What the API answers while something that it needs is away, and that it recovers by itself."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from roomlog.ids import new_id
from tests.integration.api_people import PASSWORD, Person, problem
from tests.wire import token_of

CROWD, AWAY_S = 600, 4.0


@pytest.fixture(scope="session")
def base(stack):
    return stack.status()["api"]


@pytest.fixture(scope="session")
async def ada(base):
    return await Person.registered(base, "Ada")


@pytest.fixture(scope="session")
async def room(ada):
    room = await ada.room("faults")
    said = await ada.say(room, "before")
    await ada.read(f"/rooms/{room}", after_cursor=said["cursor"])
    return room


@asynccontextmanager
async def away(stack: Any, *services: str) -> AsyncIterator[None]:
    """Stop services for a while."""
    for service in services:
        await asyncio.to_thread(stack.stop_service, service)
    try:
        yield
    finally:
        for service in services:
            await asyncio.to_thread(stack.start_service, service)


async def ask_at_once(person: Person, path: str, count: int) -> set[int]:
    """Ask so many times at once, each on a connection of its own; return the statuses."""
    headers, unlimited = person.http.headers, httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(
        base_url=person.base, headers=headers, limits=unlimited, timeout=30
    ) as http:
        answers = await asyncio.gather(*(http.get(path) for _ in range(count)))
    return {answer.status_code for answer in answers}


async def until_ok(person: Person, path: str, within_s: float = 10) -> httpx.Response:
    """Ask until the answer is 200; raises TimeoutError."""
    async with asyncio.timeout(within_s):
        while (answer := await person.http.get(path)).status_code != 200:
            assert answer.status_code in (502, 503, 504), answer.text
            await asyncio.sleep(0.1)
    return answer


async def test_without_postgres_it_says_so_and_recovers(stack, ada, room, two_members) -> None:
    """Chat goes on meanwhile (for a minute: `make proofs`), and what was said can be read afterwards.

    More ask than may wait for a connection, and for longer than the pool goes on trying: it still comes back.
    """
    root = stack.status()["web"]
    alice, bob, chat = two_members
    async with away(stack, "postgres"):
        said = await alice.post(chat, "meanwhile")
        assert (await bob.next_event(chat))["id"] == said.event
        began = time.monotonic()
        while time.monotonic() - began < AWAY_S:
            assert await ask_at_once(ada, "/auth/me", CROWD) == {503}
        for path in ("/auth/me", f"/rooms/{room}/messages", "/rooms"):
            answer = await ada.http.get(path)
            assert problem(answer, 503, "unavailable")["retryable"] is True
            assert answer.headers["retry-after"] == "1"
        assert (await ada.http.get(f"{root}/healthz")).status_code == 200
        ready = await ada.http.get(f"{root}/readyz")
        assert ready.status_code == 503
        assert ready.json()["checks"]["postgres"]["ok"] is False
        login = {"email": ada.user["email"], "password": PASSWORD}
        problem(await ada.http.post("/auth/login", json=login), 503, "unavailable")
    await until_ok(ada, f"/rooms/{room}/messages")
    headers = {"Authorization": f"Bearer {token_of(stack.data, bob.user_id)}"}
    asked = {"after_cursor": said.cursor, "limit": 1}
    page = await ada.http.get(f"/rooms/{chat}/messages", params=asked, headers=headers)
    assert [m["id"] for m in page.json()["items"]] == [said.event]
    answers = await asyncio.gather(*(ada.http.get("/auth/me") for _ in range(40)))
    assert {a.status_code for a in answers} == {200}
    await until_ok(ada, f"{root}/readyz")


async def test_without_valkey_only_presence_is_away(stack, ada, room) -> None:
    async with away(stack, "valkey"):
        problem(await ada.http.get(f"/rooms/{room}/presence"), 503, "unavailable")
        problem(await ada.http.get(f"/presence?users={ada.id}"), 503, "unavailable")
        assert (await ada.http.get(f"/rooms/{room}/messages")).status_code == 200
        login = {"email": ada.user["email"], "password": PASSWORD}
        assert (await ada.http.post("/auth/login", json=login)).status_code == 200
        assert (await ada.http.get("/ingest-nodes")).status_code == 200
    await until_ok(ada, f"/rooms/{room}/presence")


async def test_a_restart_of_valkey_is_nobodys_error(stack, ada, room) -> None:
    async def ask_at_once() -> set[int]:
        asked = (ada.http.get(f"/rooms/{room}/presence") for _ in range(5))
        return {answer.status_code for answer in await asyncio.gather(*asked)}

    assert await ask_at_once() == {200}
    stack.wait_ready("valkey", other_than=stack.kill("valkey"))
    assert await ask_at_once() == {200}


async def test_without_nodes_a_write_is_refused_and_takes_effect_once_later(
    stack, ada, room
) -> None:
    nodes = [s["name"] for s in stack.status()["services"] if s["name"].startswith("ingest")]
    key, path = {"Idempotency-Key": new_id()}, f"/rooms/{room}/messages"
    post = {"json": {"text": "later"}, "headers": key}
    async with away(stack, *nodes):
        refused = await ada.http.post(path, **post)
        assert problem(refused, 503, "unavailable")["retryable"] is True
        assert refused.headers["retry-after"] == "1"
        assert (await ada.http.get(path)).status_code == 200
    async with asyncio.timeout(15):
        while (stored := await ada.http.post(path, **post)).status_code == 503:
            await asyncio.sleep(0.1)
    assert stored.status_code == 201, stored.text
    again = await ada.http.post(path, **post)
    assert again.json() == stored.json()
    page = await ada.read(path, after_cursor=stored.json()["cursor"])
    assert [m["text"] for m in page["items"]].count("later") == 1


async def test_an_account_made_while_kafka_is_away_is_published_later(stack, base) -> None:
    name = new_id()
    async with away(stack, "kafka"):
        person = await Person.registered(base, name)
        assert (await person.read("/auth/me"))["name"] == name
    async with asyncio.timeout(40):
        while not (await person.read("/users", q=name))["items"]:
            await asyncio.sleep(0.1)
