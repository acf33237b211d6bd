"""Several projectors share the partitions: each event counts once, whoever comes, goes or is killed."""

import asyncio
import re

import httpx
import pytest

from tests.integration.test_projector_faults import CAUGHT_UP_S, assert_all_there_once, log  # noqa: F401


@pytest.fixture
def second(stack):
    stack.add_service("projector-2")
    yield "projector-2"
    stack.remove_service("projector-2")


async def metrics(stack, name):
    async with httpx.AsyncClient() as http:
        return (await http.get(f"http://127.0.0.1:{stack.service(name).port}/metrics")).text


def total(text, name):
    (found,) = re.findall(rf"^{name}_total (\S+)", text, re.MULTILINE)
    return float(found)


async def test_one_is_killed_under_load_and_the_other_goes_on(stack, log, second):  # noqa: F811
    dsn = stack.status()["postgres"]
    rooms, done = await log.new_rooms(40), asyncio.Event()
    chatter = asyncio.create_task(log.chatter(rooms, done))
    try:
        await both_work(stack, second)
        stack.kill("projector-1")
        await log.caught_up(dsn)
    finally:
        done.set()
        await chatter
    await log.caught_up(dsn)
    assert_all_there_once(dsn, log)


async def both_work(stack, second):
    """Return once both have projected something since they came."""
    async with asyncio.timeout(CAUGHT_UP_S):
        for name in ("projector-1", second):
            while not total(await metrics(stack, name), "projector_events"):
                await asyncio.sleep(0.1)


async def test_one_comes_and_goes_under_load_and_nobody_is_fenced(stack, log):  # noqa: F811
    dsn = stack.status()["postgres"]
    rooms, done = await log.new_rooms(40), asyncio.Event()
    stack.wait_ready("projector-1")  # others may have killed it just now
    fenced = total(await metrics(stack, "projector-1"), "projector_fenced")
    chatter = asyncio.create_task(log.chatter(rooms, done))
    try:
        await asyncio.to_thread(stack.add_service, "projector-2")
        await both_work(stack, "projector-2")
        assert total(await metrics(stack, "projector-2"), "projector_fenced") == 0
        await asyncio.to_thread(stack.remove_service, "projector-2")
        await log.caught_up(dsn, within_s=5)
    finally:
        done.set()
        await chatter
    await log.caught_up(dsn)
    assert_all_there_once(dsn, log)
    assert total(await metrics(stack, "projector-1"), "projector_fenced") == fenced
