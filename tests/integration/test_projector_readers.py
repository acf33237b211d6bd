"""Readers who wait for what was just written, and the projector that hears of them."""

import asyncio

import psycopg
from psycopg import sql

from projector.readers import listen
from roomlog.projection import WANTED_CHANNEL
from tests.integration.api_people import Person

_NOTIFY = sql.SQL("NOTIFY {}").format(sql.Identifier(WANTED_CHANNEL))
_END_LISTENERS = """
SELECT count(pg_terminate_backend(pid)) AS ended FROM pg_stat_activity
WHERE application_name = 'roomlog-projector-readers' AND pid <> ALL(%s)
"""
_LISTENERS = "SELECT pid FROM pg_stat_activity WHERE application_name = 'roomlog-projector-readers'"


async def _pids(database):
    return [row[0] for row in await (await database.execute(_LISTENERS)).fetchall()]


async def _told(database, hurried):
    """Notify until it is heard: whoever listens may only be about to."""
    async with asyncio.timeout(20):
        while not hurried.is_set():
            await database.execute(_NOTIFY)
            await asyncio.sleep(0.05)
    hurried.clear()


async def test_the_projector_hears_readers_and_listens_again_after_its_session_was_ended(stack):
    dsn = stack.status()["postgres"]
    hurried = asyncio.Event()
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as database:
        others = await _pids(database)
        listening = asyncio.create_task(listen(dsn, hurried.set))
        try:
            await _told(database, hurried)
            ended = await (await database.execute(_END_LISTENERS, [others])).fetchone()
            assert ended == (1,)
            await _told(database, hurried)
        finally:
            listening.cancel()


async def test_a_read_that_waits_for_a_cursor_says_so(stack):
    status = stack.status()
    ada = await Person.registered(status["api"])
    room = await ada.room("readers")
    async with await psycopg.AsyncConnection.connect(
        status["postgres"], autocommit=True
    ) as database:
        await database.execute(sql.SQL("LISTEN {}").format(sql.Identifier(WANTED_CHANNEL)))
        beyond = {"after_cursor": f"1:{10**12}"}
        answer = await ada.http.get(f"/rooms/{room}", params=beyond)
        assert answer.status_code == 504
        heard = [n.channel async for n in database.notifies(timeout=5, stop_after=1)]
        assert heard == [WANTED_CHANNEL]
