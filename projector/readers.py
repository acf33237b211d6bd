"""Channels of PostgreSQL, on which somebody says that they wait: then whoever listens hurries."""

import asyncio
import logging
from collections.abc import Callable

import psycopg
from psycopg import sql

from roomlog.postgres import heard
from roomlog.projection import WANTED_CHANNEL

_RETRY_S = 1.0
_CONNECT_TIMEOUT_S = 2
READERS = "roomlog-projector-readers"

log = logging.getLogger(__name__)


async def listen(
    dsn: str, hurry: Callable[[], None], channel: str = WANTED_CHANNEL, application: str = READERS
) -> None:
    """Call `hurry` whenever somebody says on a channel that they wait, for ever.

    While PostgreSQL is away nobody says anything.
    """
    statement = sql.SQL("LISTEN {}").format(sql.Identifier(channel))
    while True:
        try:
            connection = await psycopg.AsyncConnection.connect(
                dsn,
                autocommit=True,
                connect_timeout=_CONNECT_TIMEOUT_S,
                application_name=application,
            )
            async with connection:
                await connection.execute(statement)
                while True:
                    if await heard(connection):
                        hurry()
        except psycopg.Error as error:
            log.info("cannot listen on %s now: %s", channel, error)
        await asyncio.sleep(_RETRY_S)
