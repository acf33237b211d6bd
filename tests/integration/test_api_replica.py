"""The API reads from a real replica, and nobody can tell but from the counters: reads follow writes all the same."""

import asyncio
import time

import httpx
import pytest

from tests.integration.api_people import Person, problem
from tests.integration.api_process import Api, counted, running_api
from tests.standby import standby

LAG_S = 0.6


@pytest.fixture(scope="module")
async def replica(stack, tmp_path_factory):
    async with standby(stack.settings.postgres, tmp_path_factory.mktemp("standby")) as running:
        yield running


@pytest.fixture(scope="module")
async def api(stack, replica):
    more = {"postgres_replica": replica.dsn, "replica_lag_s": LAG_S}
    async with running_api(stack.settings, **more) as running:
        yield running


@pytest.fixture(scope="module")
async def ada(stack, api: Api):
    return api.of(await Person.registered(stack.status()["api"], "Ada"))


@pytest.fixture(scope="module")
async def room(ada):
    return await ada.room("replicated", "private")


def from_replica() -> float:
    return counted("database_reads_total", server="replica")


def from_primary() -> float:
    return counted("database_reads_total", server="primary")


async def until_read_from(ada, path: str, **params: str) -> httpx.Response:
    """Ask until the replica answers; raises TimeoutError. What it does not have yet is 404."""
    async with asyncio.timeout(10):
        while True:
            before = from_replica()
            answer = await ada.http.get(path, params=params)
            assert answer.status_code in (200, 404), answer.text
            if answer.status_code == 200 and from_replica() > before:
                return answer
            await asyncio.sleep(0.05)


def texts(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [message["text"] for message in answer.json()["items"]]


async def test_rooms_are_read_from_it_once_it_has_what_was_written(ada, room, stack, api) -> None:
    path = f"/rooms/{room}/messages"
    said = await ada.say(room, "first")
    assert texts(await ada.http.get(path, params={"after_cursor": said["cursor"]})) == ["first"]
    assert texts(await until_read_from(ada, path, after_cursor=said["cursor"])) == ["first"]
    for each in ("/rooms", f"/rooms/{room}", f"/rooms/{room}/members", f"/messages/{said['id']}"):
        await until_read_from(ada, each)
    async with asyncio.timeout(10):  # one that lags for a moment is left out
        before = -1.0
        while from_primary() != before:
            before = from_primary()
            await ada.read(f"/rooms/{room}/stats")
            await ada.read(f"/messages/{said['id']}/thread")
    eve = api.of(await Person.registered(stack.status()["api"], "Eve"))
    problem(await eve.http.get(path), 404, "no_such_room")


async def test_sessions_writes_and_what_is_one_s_own_are_asked_of_the_primary(ada, room) -> None:
    before = from_replica()
    for path in ("/auth/me", "/auth/sessions", "/notifications", "/friends", "/unread"):
        await ada.read(path)
    await ada.say(room, "written")
    assert from_replica() == before


async def test_every_read_follows_its_write_while_everybody_writes(ada, room) -> None:
    path = f"/rooms/{room}/messages"

    async def write_and_read(number: int) -> None:
        said = await ada.say(room, f"mine {number}")
        page = await ada.http.get(path, params={"after_cursor": said["cursor"], "limit": 200})
        assert f"mine {number}" in texts(page)

    for first in range(0, 60, 12):
        await asyncio.gather(*(write_and_read(n) for n in range(first, first + 12)))


async def test_what_it_has_not_replayed_is_read_from_the_primary(ada, room, replica) -> None:
    path = f"/rooms/{room}/messages"
    await until_read_from(ada, path)
    replica.ask("SELECT pg_wal_replay_pause()")
    try:
        said = await ada.say(room, "while paused")
        page = await ada.http.get(path, params={"after_cursor": said["cursor"]})
        assert texts(page)[-1] == "while paused"
        assert (await ada.http.get(f"/messages/{said['id']}")).status_code == 200
        new = await ada.room("made while paused", "private")
        assert (await ada.http.get(f"/rooms/{new}")).status_code == 200
        # Whoever names no cursor sees something older, but not for longer than the limit.
        started = time.monotonic()
        while texts(await ada.http.get(path))[-1] != "while paused":
            assert time.monotonic() - started < LAG_S + 5, "the lag was not noticed"
            await asyncio.sleep(0.02)
        assert counted("replica_lag_seconds") > 0
        ready = await ada.http.get("http://api/readyz")
        assert ready.status_code == 200
        assert ready.json()["checks"]["replica"]["reason"].endswith("not read from: lagging")
    finally:
        replica.ask("SELECT pg_wal_replay_resume()")
    assert texts(await until_read_from(ada, path))[-1] == "while paused"


async def test_nobody_notices_when_it_freezes_or_dies_or_comes_back(ada, room, replica) -> None:
    path = f"/rooms/{room}/messages"

    async def all_are_answered(within_s: float) -> None:
        started = time.monotonic()
        answers = await asyncio.gather(*(ada.http.get(path) for _ in range(20)))
        assert {answer.status_code for answer in answers} == {200}
        assert time.monotonic() - started < within_s

    await until_read_from(ada, path)
    replica.freeze()
    await all_are_answered(within_s=4)  # who asks it already waits for what tells that it is frozen
    await all_are_answered(within_s=3)
    replica.thaw()
    await until_read_from(ada, path)
    await replica.kill()
    await all_are_answered(within_s=3)
    await replica.start()
    await until_read_from(ada, path)
