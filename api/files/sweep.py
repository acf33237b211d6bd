"""Files that nobody needs any more go: from the read models by an event each, then their bytes.

Whoever dies when, a file is looked at again; an event that comes twice changes nothing.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from datetime import timedelta

import psycopg

from api.files.store import Kept, Store, StoreAway, content_of
from api.files.upload import publish_removal
from api.kafka import UserEvents
from api.postgres import Postgres
from api.problems import Problem
from api.sql import files as sql

UNUSED = timedelta(days=1)
"""A file that no message has may wait so long for one."""
DELETED = timedelta(days=30)
"""A file stays so long after the last message that had it was deleted."""
_EVERY_S = 600.0
_WALK_EVERY_S = 6 * 3600.0
_FIRST = "00000000-0000-0000-0000-000000000000"
_SLICE = 20_000
_MOST = 500
"""Files of one slice that go at a time; the others go the next time."""
_BATCH = 500
_log = logging.getLogger(__name__)


async def run(store: Store, postgres: Postgres, events: UserEvents) -> None:
    """Tidy up for ever: files every ten minutes, the whole store every six hours."""
    walk_at = time.monotonic() + _EVERY_S
    while True:
        await asyncio.sleep(_EVERY_S)
        try:
            await remove_unneeded(postgres, events)
            if time.monotonic() >= walk_at:
                walk_at = time.monotonic() + _WALK_EVERY_S
                await free_space(store, postgres, time.time() - UNUSED.total_seconds())
        except (Problem, StoreAway, psycopg.Error) as error:
            _log.warning("tidying up files waits: %s: %s", type(error).__name__, error)


async def remove_unneeded(
    postgres: Postgres,
    events: UserEvents,
    unused: timedelta = UNUSED,
    deleted: timedelta = DELETED,
) -> list[str]:
    """Remove files without a message and those of accounts that are gone; return their ids.

    Raises Problem or psycopg.Error.
    """
    removed: list[str] = []
    after: str | None = _FIRST
    while after is not None:
        gone, after = await _remove_slice(postgres, events, after, unused, deleted)
        removed += gone
    return removed


async def _remove_slice(
    postgres: Postgres, events: UserEvents, after: str, unused: timedelta, deleted: timedelta
) -> tuple[list[str], str | None]:
    """Look at some files after one; return which were removed, and the last one (None: there was none)."""
    params = {"after": after, "slice": _SLICE, "unused": unused, "deleted": deleted}
    async with postgres.transaction() as connection:
        locked = await (await connection.execute(sql.LOCK_SWEEP)).fetchone()
        if not locked or not locked["pg_try_advisory_xact_lock"]:
            return [], None
        rows = await (await connection.execute(sql.FILES_TO_REMOVE, params)).fetchall()
        gone = [row for row in rows if row["owner_id"] is not None][:_MOST]
        for row in gone:
            await publish_removal(events, row["owner_id"], row["id"])
    last = next((row["id"] for row in rows if row["owner_id"] is None), None)
    return [row["id"] for row in gone], last


async def free_space(store: Store, postgres: Postgres, put_before: float) -> int:
    """Remove the bytes that no file has and that were put there before (seconds since 1970); return how many blobs.

    Raises Problem or StoreAway.
    """
    kept = await asyncio.to_thread(lambda: [k for k in store.list() if k.at < put_before])
    removed = 0
    for start in range(0, len(kept), _BATCH):
        removed += await _free(store, postgres, kept[start : start + _BATCH], put_before)
    return removed


async def _free(store: Store, postgres: Postgres, batch: Sequence[Kept], put_before: float) -> int:
    contents = list({content_of(blob.key) for blob in batch})
    rows = await postgres.all(sql.UNUSED_CONTENTS, {"contents": contents})
    unused = {row["sha256"] for row in rows}
    gone = [blob.key for blob in batch if content_of(blob.key) in unused]
    for key in gone:
        await asyncio.to_thread(store.remove, key, put_before)
    return len(gone)
