"""Pushes that are due: decided by how things are at that moment, and sent."""

import asyncio
import logging
import time
from concurrent.futures import Executor
from datetime import UTC, datetime, timedelta

from projector.notifier.postgres import Outbox
from projector.notifier.push import Pusher, Sent
from projector.notifier.rules import LOOK_AGAIN, Due, decide
from projector.notifier.turns import Turns
from projector.notifier.valkey import People, PresenceUnknown
from roomlog import metrics

_AT_ONCE = 32
_IDLE_S = 1.0
"""How often to look for what waited for its time; of what is new the projector tells."""
_AGAIN = timedelta(seconds=2)
_CLEAN_EVERY_S = 3600.0

log = logging.getLogger(__name__)


class Delivery(Turns):
    """Sends pushes."""

    def __init__(self, outbox: Outbox, people: People, pusher: Pusher, thread: Executor) -> None:
        super().__init__(outbox, thread, _IDLE_S)
        self._outbox, self._people, self._pusher = outbox, people, pusher
        self._cleaned_at = float("-inf")

    async def _turn(self) -> int:
        if time.monotonic() - self._cleaned_at > _CLEAN_EVERY_S:
            self._cleaned_at = time.monotonic()
            await self._call(self._outbox.drop_stale)
        claimed = await self._call(self._outbox.claim, _AT_ONCE)
        if claimed:
            await self._deal_with(claimed)
        return len(claimed)

    async def _deal_with(self, claimed: list[Due]) -> None:
        try:
            found = await self._people.look([(due.user, due.room or "") for due in claimed])
        except PresenceUnknown:
            for due in claimed:
                await self._call(self._outbox.later, due, _AGAIN)
            raise
        now = time.time_ns() // 1_000
        together = (self._one(d, *at, now) for d, at in zip(claimed, found, strict=True))
        await asyncio.gather(*together)

    async def _one(self, due: Due, is_there: bool, marker: int | None, now: int) -> None:
        match decide(due, is_there, marker, now):
            case "drop":
                metrics.NOTIFIER_PUSHES.labels("dropped").inc()
                await self._call(self._outbox.done, due)
            case "wait":
                await self._call(self._outbox.later, due, LOOK_AGAIN)
            case "send":
                await self._sent(due, await self._pusher.send(due))

    async def _sent(self, due: Due, sent: Sent) -> None:
        metrics.NOTIFIER_PUSHES.labels(sent.outcome).inc()
        match sent.outcome:
            case "gone":
                log.info("a browser is forgotten: %s", sent.told)
                await self._call(self._outbox.unsubscribe, due)
            case "later":
                log.warning("a push waits for %s: %s", sent.after, sent.told)
                await self._call(self._outbox.later, due, sent.after)
                return
            case "refused":
                log.error("a push service refuses for good: %s", sent.told)
            case _:
                delay = datetime.now(UTC) - due.occurred_at
                metrics.NOTIFIER_SECONDS.observe(max(0.0, delay.total_seconds()))
        await self._call(self._outbox.done, due)
