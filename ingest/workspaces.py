"""The workspaces that commands are decided by: taken up like any room, and brought to the head of the log first.

So a node that has heard nothing yet of an invite, or of somebody's removal, decides by it all the same; and
PostgreSQL, however far behind, is only where a workspace begins to be read from.
"""

import asyncio
import logging
from collections.abc import Callable

from ingest.answers import unavailable
from ingest.feed import Feed
from ingest.kafka import LogUnavailable
from ingest.rooms import Rooms, RoomState
from roomlog.errors import Refused

_FIND_S = 5.0
_log = logging.getLogger(__name__)

OnWorkspace = Callable[[RoomState | Refused], None]
"""Gets the workspace, or what to answer where it cannot be looked up or is none."""


class Workspaces:
    """Finds workspaces as they are now. Only commands that their rooms do not decide alone come here."""

    def __init__(self, rooms: Rooms, feed: Feed) -> None:
        self._rooms, self._feed = rooms, feed
        self._tasks: set[asyncio.Task[None]] = set()

    def find(self, workspace: str, on_found: OnWorkspace) -> None:
        """Find a workspace as of this moment or a later one."""
        task = asyncio.get_running_loop().create_task(self._find(workspace, on_found))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _find(self, workspace: str, on_found: OnWorkspace) -> None:
        try:
            state = self._rooms.open(workspace)
            state.used_at = asyncio.get_running_loop().time()
            if state.loading is not None:
                await asyncio.shield(state.loading)
            else:
                async with asyncio.timeout(_FIND_S):
                    await self._feed.reach_head(state.partition)
        except Refused as refused:
            on_found(refused)
        except (LogUnavailable, TimeoutError) as error:
            _log.warning("workspace %s cannot be brought up to date: %r", workspace, error)
            on_found(unavailable("the workspace cannot be looked up now; try again"))
        else:
            on_found(state)
