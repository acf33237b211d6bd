"""How far the read models are, and waiting until they are far enough."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import LiteralString, TypeVar

from api.postgres import Postgres
from api.problems import Problem
from api.sql import servers as sql
from roomlog.cursors import Cursor
from roomlog.errors import ErrorCode

WAIT_S = 2.0
_POLL_S, _POLL_MAX_S = 0.005, 0.025
_LOOK_AGAIN_S, _LOOK_AGAIN_MAX_S = 0.015, 0.12
"""When to look again for what may be on its way: a projector that is asked to hurry needs some 20 ms."""
_Found = TypeVar("_Found")


async def ready_to_read(
    postgres: Postgres, partition: int, cursor: Cursor | None, reached: LiteralString
) -> None:
    """Return once the current request may read: from the replica where that has reached a cursor, else the primary.

    Raises Problem (504) after WAIT_S seconds. Rows and offsets come to a replica in one transaction too, so what
    has the offset has the rows.
    """
    if postgres.prefer_replica():
        if cursor is None or await has_reached(postgres, partition, cursor, reached):
            return
        postgres.prefer_primary("behind")
    if cursor is not None:
        await wait_until(postgres, partition, cursor, reached)


async def wait_until(
    postgres: Postgres, partition: int, cursor: Cursor, reached: LiteralString
) -> None:
    """Return once the read model of a partition has reached a cursor; raises Problem (504) after WAIT_S seconds."""
    deadline, pause = time.monotonic() + WAIT_S, _POLL_S
    if await has_reached(postgres, partition, cursor, reached):
        return
    await postgres.run(sql.WANTED)
    while time.monotonic() + pause <= deadline:
        await asyncio.sleep(pause)
        if await has_reached(postgres, partition, cursor, reached):
            return
        pause = min(pause * 1.5, _POLL_MAX_S)
    raise behind()


async def look_again(
    postgres: Postgres,
    look: Callable[[], Awaitable[_Found]],
    is_there: Callable[[_Found], bool],
    within_s: float = 0.25,
) -> _Found:
    """Return what `look` finds; where `is_there` does not want that yet, what it finds within `within_s`.

    For clients that heard of something live, and ask for it without a cursor that names where to wait for it: an
    image of a message in an address, an owner who was made a moment ago. Who asks for what is nowhere waits for
    as long.
    """
    deadline, pause = time.monotonic() + within_s, _LOOK_AGAIN_S
    found = await look()
    if is_there(found):
        return found
    await postgres.run(sql.WANTED)
    while not is_there(found) and (left := deadline - time.monotonic()) > 0:
        await asyncio.sleep(min(pause, left))
        found = await look()
        pause = min(pause * 2, _LOOK_AGAIN_MAX_S)
    return found


async def has_reached(
    postgres: Postgres, partition: int, cursor: Cursor, reached: LiteralString = sql.PROJECTED
) -> bool:
    """Tell whether everything up to a cursor is in the read model of a partition."""
    if cursor.offset < 0:
        return True
    row = await postgres.one(reached, {"partition": partition})
    return row is not None and bool(row["next"] > cursor.offset)


def behind() -> Problem:
    """Return the problem that the read model is not as far as the client wants."""
    return Problem(
        ErrorCode.BEHIND, "this is stored but not readable yet; ask again", retry_after_s=1
    )
