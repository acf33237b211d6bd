"""Waiting for the projector: how long it excuses, and what cuts it short."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from projector import behind
from projector.batch import Place
from projector.behind import Follower
from projector.session import Unavailable
from roomlog.topics import CHAT_EVENTS

ENDS = {Place(CHAT_EVENTS, 0): 1}


class Source:
    generation = 0

    def __init__(self):
        self.hurried = asyncio.Event()


class Session:
    """Says so often that the projector is not there yet; then PostgreSQL is away."""

    def __init__(self, times):
        self.times = times

    def are_projected(self, _):
        if not self.times:
            raise Unavailable("gone")
        self.times -= 1
        return False


class Waiting(Follower):
    async def _turn(self):
        await self._are_projected(ENDS, 0)


async def test_postgres_that_goes_away_while_it_waits_ends_the_excuse():
    with ThreadPoolExecutor(1) as thread:
        follower = Waiting(Source(), Session(times=3), thread)
        follower.postgres_problem = None
        waiting = asyncio.ensure_future(follower._turn())
        async with asyncio.timeout(10):
            while not follower.is_excused:
                await asyncio.sleep(0)
        with pytest.raises(Unavailable):
            await waiting
        assert not follower.is_excused


async def test_somebody_who_hurries_ends_a_long_pause(monkeypatch):
    monkeypatch.setattr(behind, "_RETRY_S", 3600)
    with ThreadPoolExecutor(1) as thread:
        source, session = Source(), Session(times=3)
        follower = Waiting(source, session, thread)
        waiting = asyncio.ensure_future(follower._turn())
        async with asyncio.timeout(10):
            while session.times != 2:
                await asyncio.sleep(0)
            source.hurried.set()
            with pytest.raises(Unavailable):
                await waiting
        assert not source.hurried.is_set()
