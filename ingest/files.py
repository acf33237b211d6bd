"""The files that messages attach: whether they are there, the sender's own, and what they are."""

import asyncio
import logging
from collections.abc import Callable

import psycopg
import psycopg_pool

from ingest.postgres import RoomTable
from ingest.writes import Write
from roomlog import ids
from roomlog.protocol.commands import PostMessage

_log = logging.getLogger(__name__)


class Files:
    """Looks files up in the read models.

    An upload is answered once these have it, so a file that they lack is none that somebody may attach.
    """

    def __init__(self, table: RoomTable) -> None:
        self._table = table
        self._tasks: set[asyncio.Task[None]] = set()

    def find(self, write: Write, on_found: Callable[[], None]) -> None:
        """Give a `send` the files that it attaches, and tell; None where they cannot be looked up."""
        task = asyncio.get_running_loop().create_task(self._find(write, on_found))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _find(self, write: Write, on_found: Callable[[], None]) -> None:
        assert isinstance(write.command, PostMessage)  # noqa: S101  # nothing else attaches files
        wanted = [f.file_id for f in write.command.attachments if ids.is_id(f.file_id)]
        try:
            write.files = await self._table.files(write.sender, wanted)
        except (psycopg.Error, psycopg_pool.PoolTimeout, OSError) as error:
            _log.warning("files cannot be looked up: %r", error)
            write.files = None
        on_found()
