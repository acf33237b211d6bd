"""What services share of PostgreSQL: hearing what others say on a channel (LISTEN and NOTIFY)."""

import asyncio
from typing import Any

from psycopg import AsyncConnection


async def heard(connection: AsyncConnection[Any], timeout_s: float | None = None) -> bool:
    """Wait until somebody says something on a channel that the connection listens to; False: `timeout_s` are over.

    It may also return False earlier. psycopg's `notifies`, which looks for what came, wakes ten times a second
    while it waits. The connection is in autocommit mode, and used by nobody else meanwhile. Raises psycopg.Error
    where it is lost.
    """
    if await _came(connection):
        return True
    loop, readable = asyncio.get_running_loop(), asyncio.Event()
    socket = connection.fileno()
    loop.add_reader(socket, readable.set)
    try:
        async with asyncio.timeout(timeout_s):
            await readable.wait()
    except TimeoutError:
        return False
    finally:
        loop.remove_reader(socket)
    return await _came(connection)


async def _came(connection: AsyncConnection[Any]) -> bool:
    return bool([said async for said in connection.notifies(timeout=0)])
