"""What works in turns on one session with PostgreSQL, through everything that goes away and comes back."""

import asyncio
import logging
from abc import ABC, abstractmethod
from concurrent.futures import Executor
from contextlib import suppress

from projector.notifier.smtp import MailAway
from projector.notifier.valkey import PresenceUnknown
from projector.session import Session, Unavailable
from projector.threads import OnThread
from roomlog.metrics import DEPENDENCY_UP

_AWAY_S = 2.0
_LAST_WORDS_S = 3.0

log = logging.getLogger(__name__)


class Turns(OnThread, ABC):
    """Works again and again; `session` is used on `thread` alone, one call at a time."""

    def __init__(self, session: Session, thread: Executor, pause_s: float) -> None:
        super().__init__(thread)
        self._connected, self._pause_s = session, pause_s
        self._is_connected = False
        self._hurried = asyncio.Event()
        self._problem: str | None = "not connected yet"

    async def check(self) -> str | None:
        """Return why it does not work right now, for /readyz."""
        return self._problem

    def hurry(self) -> None:
        """Pause no longer: there is something to do."""
        self._hurried.set()

    async def run(self) -> None:
        """Work until cancelled; what was begun then is finished first. Raises WrongSchema."""
        while True:
            self._hurried.clear()
            turn = asyncio.ensure_future(self._whole_turn())
            try:
                done = await asyncio.shield(turn)
                self._problem = None
                DEPENDENCY_UP.labels("postgres").set(1)
                pause_s = 0.0 if done else self._pause_s
            except asyncio.CancelledError:
                await asyncio.wait([turn], timeout=_LAST_WORDS_S)
                turn.cancel()
                raise
            except (Unavailable, PresenceUnknown, MailAway) as error:
                log.warning("%s waits: %s: %s", type(self).__name__, type(error).__name__, error)
                self._is_connected &= not isinstance(error, Unavailable)
                self._problem = str(error) if isinstance(error, Unavailable) else None
                DEPENDENCY_UP.labels("postgres").set(self._problem is None)
                await asyncio.sleep(_AWAY_S)
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._hurried.wait()

    async def _whole_turn(self) -> int:
        if not self._is_connected:
            await self._call(self._connected.connect)
            self._is_connected = True
        return await self._turn()

    @abstractmethod
    async def _turn(self) -> int:
        """Deal with some that are due; return how many. Raises Unavailable, PresenceUnknown or MailAway."""
