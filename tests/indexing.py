"""Waiting for the search index."""

import asyncio

import psycopg

_BEHIND = """
SELECT count(*) FROM projection_offsets p LEFT JOIN search_offsets s USING (topic, partition)
WHERE topic = 'chat.events' AND coalesce(s.next, 0) < p.next"""


async def indexed(stack, within_s=180.0):
    """Return once the index has what is projected by now."""
    async with asyncio.timeout(within_s):
        while True:
            async with await psycopg.AsyncConnection.connect(
                stack.status()["postgres"]
            ) as database:
                if await (await database.execute(_BEHIND)).fetchone() == (0,):
                    return
            await asyncio.sleep(0.05)
