"""Which rooms the users of this node have muted: what they are not to be told of.

Asked of PostgreSQL when somebody is to be told something, and kept for a short while. What one of their
devices changes meanwhile comes as a notification of its own, and counts more than what was read: the read
models may be behind it.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

import psycopg
from psycopg_pool import PoolTimeout

from ingest.postgres import RoomTable
from roomlog.mutes import Mute, is_heard

KEPT_S = 30.0
_K = TypeVar("_K")
_V = TypeVar("_V")
_log = logging.getLogger(__name__)


class _Known:
    """What is known of one user; `asked_at` in seconds of the loop."""

    def __init__(self, asked_at: float, read: "asyncio.Future[Mapping[str, Mute]]") -> None:
        self.asked_at = asked_at
        self.read = read


class Mutes:
    """The mutes of users, each asked for when it is needed."""

    def __init__(self, table: RoomTable) -> None:
        self._table = table
        self._loop = asyncio.get_running_loop()
        self._known: dict[str, _Known] = {}
        self._told: dict[tuple[str, str], tuple[float, Mute | None]] = {}
        """User and room -> since when a mute is known by a notification, and which it is."""

    def change(self, user: str, room: str, mute: Mute | None) -> None:
        """A device of the user muted or unmuted a room."""
        now = self._loop.time()
        self._forget(now)
        self._told.pop((user, room), None)
        self._told[user, room] = now, mute

    def when_heard(self, user: str, room: str, kind: str, then: Callable[[], None]) -> None:
        """Call `then` if the user is to be told of a notification, now or once it is known.

        With PostgreSQL away everybody is told.
        """
        known, now = self._known.get(user), self._loop.time()
        if known is None or now - known.asked_at > KEPT_S:
            self._forget(now)
            self._known.pop(user, None)
            known = self._known[user] = _Known(now, self._loop.create_task(self._read(user)))

        def decide(read: "asyncio.Future[Mapping[str, Mute]]") -> None:
            if read.cancelled():
                return
            mute = read.result().get(room)
            if (told := self._told.get((user, room))) is not None:
                mute = told[1]
            if is_heard(mute, kind, time.time_ns() // 1_000):
                then()

        if known.read.done():
            decide(known.read)
        else:
            known.read.add_done_callback(decide)

    async def _read(self, user: str) -> Mapping[str, Mute]:
        try:
            return await self._table.mutes(user)
        except (psycopg.Error, PoolTimeout, OSError) as error:
            _log.warning("muted rooms are not known, so everybody is told: %r", error)
            return {}

    def _forget(self, now: float) -> None:
        """Forget what is old, which stands first; what a notification told is in the read models by then."""
        _drop_first(self._known, lambda known: now - known.asked_at > KEPT_S)
        _drop_first(self._told, lambda told: now - told[0] > 2 * KEPT_S)


def _drop_first(found: dict[_K, _V], is_old: Callable[[_V], bool]) -> None:
    while found and is_old(found[first := next(iter(found))]):
        del found[first]
