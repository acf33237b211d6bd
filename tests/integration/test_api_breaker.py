"""The API while PostgreSQL is frozen, dead or busy: an answer at once, and back by itself.

It is a server of its own, so that the rest of the stack goes on: a copy of the stack's that was promoted.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

import httpx
import psycopg
import pytest

from api import departures, erasure, postgres, schedules, sessions
from api.pool import Impatience, Server, Target
from tests.integration.api_people import Person, problem
from tests.integration.api_process import counted, running_api
from tests.standby import standby

AT_ONCE_S = 0.1
_OWN_LOOKS = (
    (departures, "_POLL_S"),
    (erasure, "_POLL_S"),
    (schedules, "_POLL_S"),
    (sessions, "_REVOKED_EVERY_S"),
)
"""How long the API's own loops pause."""


@pytest.fixture(scope="module")
async def ada(stack):
    return await Person.registered(stack.status()["api"], "Ada")


@pytest.fixture(scope="module")
async def room(ada):
    return await ada.room("of another server")


@pytest.fixture(scope="module")
async def server(stack, room, tmp_path_factory):
    async with standby(stack.settings.postgres, tmp_path_factory.mktemp("promoted")) as running:
        await running.promote()
        yield running


@pytest.fixture
async def asker(stack, server, ada, monkeypatch):
    """Somebody who asks an API with three connections, for which two more may wait."""
    monkeypatch.setattr(postgres, "_PRIMARY", Impatience(every_s=0.25, probe_s=0.3, failures=2))
    for module, name in _OWN_LOOKS:  # or they would be among those who wait
        monkeypatch.setattr(module, name, 3600.0)
    more = {"postgres": server.dsn, "database_pool": 3, "database_waiting": 2}
    async with running_api(stack.settings, **more) as api:
        asker = api.of(ada)
        await until_ok(lambda: asker.http.get("/auth/me"))
        await until_its_first_looks_are_over()
        yield asker


async def until_its_first_looks_are_over() -> None:
    """Wait until the API's own loops ask for nothing any more: they find what other tests have left."""
    before = -1.0
    async with asyncio.timeout(10):
        while (asked := counted("database_reads_total", server="primary")) != before:
            before = asked
            await asyncio.sleep(0.5)


async def until_ok(ask: Callable[[], Awaitable[httpx.Response]], within_s: float = 10) -> None:
    """Ask until the answer is 200, and take nothing else for one but a 503."""
    async with asyncio.timeout(within_s):
        while (answer := await ask()).status_code != 200:
            problem(answer, 503, "unavailable")
            await asyncio.sleep(0.02)


async def refused_at_once(asker, path: str) -> None:
    """See that one after the other gets 503, most of them in no time, whatever else the machine does."""
    took = []
    for _ in range(5):
        started = time.monotonic()
        answer = await asker.http.get(path)
        took.append(time.monotonic() - started)
        assert problem(answer, 503, "unavailable")["retryable"] is True
        assert int(answer.headers["retry-after"]) >= 1
    assert sorted(took)[2] < AT_ONCE_S


async def at_once(asker, paths: list[str]) -> list[httpx.Response]:
    return await asyncio.gather(*(asker.http.get(path) for path in paths))


def used_or_free() -> float:
    return sum(
        counted("database_connections", server="primary", state=state) for state in ("used", "free")
    )


async def until_open() -> None:
    async with asyncio.timeout(5):
        while counted("database_breaker_state", server="primary") != 2:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("how", ["frozen", "killed"])
async def test_a_server_that_is_away_is_refused_at_once_until_it_is_back(
    asker, room, server, how
) -> None:
    paths = ["/auth/me", f"/rooms/{room}/messages", f"/rooms/{room}"]
    refused = counted("database_refused_total", server="primary", reason="away")
    if how == "frozen":
        server.freeze()
    else:
        await server.kill()
    try:
        # Those that find out wait no longer than it takes to be sure.
        started = time.monotonic()
        first = await at_once(asker, paths)
        assert {answer.status_code for answer in first} == {503}
        assert time.monotonic() - started < 4
        await until_open()
        for path in paths:
            await refused_at_once(asker, path)
        assert counted("database_refused_total", server="primary", reason="away") > refused
    finally:
        if how == "frozen":
            server.thaw()
        else:
            await server.start()
    for path in paths:
        await until_ok(lambda path=path: asker.http.get(path))
    assert counted("database_breaker_state", server="primary") == 0
    # Some of several at once are refused until the pool has grown again.
    async with asyncio.timeout(10):
        while {answer.status_code for answer in await at_once(asker, paths)} != {200}:
            await asyncio.sleep(0.02)


async def test_more_than_may_wait_are_refused_at_once(asker, room, server) -> None:
    async with asyncio.timeout(10):  # the pool grows one by one
        while used_or_free() < 3:
            await asyncio.gather(*(asker.http.get("/auth/me") for _ in range(3)))
            await asyncio.sleep(0.05)
    with psycopg.connect(server.dsn) as blocker:
        blocker.execute("LOCK TABLE accounts IN ACCESS EXCLUSIVE MODE")
        asked = [asyncio.create_task(asker.http.get("/auth/me")) for _ in range(12)]
        started = time.monotonic()
        done, waiting = await asyncio.wait(asked, timeout=1)
        assert time.monotonic() - started >= 1  # some wait still
        for refused in done:
            assert (
                "too many requests wait" in problem(refused.result(), 503, "unavailable")["detail"]
            )
            assert refused.result().headers["retry-after"] == "1"
        assert len(waiting) == 5
    assert {answer.status_code for answer in await asyncio.gather(*waiting)} == {200}
    assert counted("database_breaker_state", server="primary") == 0
    assert counted("database_refused_total", server="primary", reason="busy") >= 7


async def test_who_is_cancelled_just_when_a_connection_comes_ends(server) -> None:
    """Or what the API does in the background would go on when it stops, and it would not stop."""
    target = Target("one", server.dsn, size=1, waiting=1, is_pooled=False)
    one = Server(target, Impatience(0.25, 0.3, 2), lambda _: None)
    await one.open()
    for turns in range(12):
        lent, back = asyncio.Event(), asyncio.Event()

        async def borrow(lent=lent, back=back) -> None:
            async with one.transaction():
                lent.set()
                await back.wait()

        borrower = asyncio.create_task(borrow())
        await lent.wait()
        asked = asyncio.create_task(one.fetch("SELECT 1 AS one", None))
        while one._pool.get_stats().get("requests_waiting") != 1:
            await asyncio.sleep(0)
        back.set()
        await borrower
        for _ in range(turns):
            await asyncio.sleep(0)
        if asked.cancel():
            with pytest.raises(asyncio.CancelledError):
                await asked
    await one.close()


async def test_a_read_that_gave_way_to_a_swap_of_tables_is_carried_out_again(
    asker, room, server
) -> None:
    waiting = "SELECT count(*) FROM pg_locks WHERE relation = 'members'::regclass AND NOT granted"
    with psycopg.connect(server.dsn) as swap, psycopg.connect(server.dsn, autocommit=True) as other:
        # So that it is the reader that finds out.
        swap.execute("SET LOCAL deadlock_timeout = '10s'")
        swap.execute("LOCK TABLE members IN ACCESS EXCLUSIVE MODE")
        asked = asyncio.create_task(asker.http.get(f"/rooms/{room}"))
        async with asyncio.timeout(5):
            while other.execute(waiting).fetchone() == (0,):
                await asyncio.sleep(0.02)
        started = time.monotonic()
        await asyncio.to_thread(swap.execute, "LOCK TABLE rooms IN ACCESS EXCLUSIVE MODE")
        assert time.monotonic() - started < 5  # the reader gave way
        swap.commit()
    assert (await asked).status_code == 200
    assert counted("database_breaker_state", server="primary") == 0
