"""Readers who wait: they say so on a channel of PostgreSQL, and the projector hurries."""

import asyncio
import logging
from collections.abc import Callable

import psycopg
from psycopg import sql

from roomlog.projection import WANTED_CHANNEL

_RETRY_S = 1.0
_CONNECT_TIMEOUT_S = 2
_LISTEN = sql.SQL("LISTEN {}").format(sql.Identifier(WANTED_CHANNEL))

log = logging.getLogger(__name__)


async def listen(dsn: str, hurry: Callable[[], None]) -> None:
    """Call `hurry` whenever a reader waits, for ever. While PostgreSQL is away there are no readers."""
    while True:
        try:
            connection = await psycopg.AsyncConnection.connect(
                dsn,
                autocommit=True,
                connect_timeout=_CONNECT_TIMEOUT_S,
                application_name="roomlog-projector-readers",
            )
            async with connection:
                await connection.execute(_LISTEN)
                async for _ in connection.notifies():
                    hurry()
        except psycopg.Error as error:
            log.info("cannot listen to readers now: %s", error)
        await asyncio.sleep(_RETRY_S)
