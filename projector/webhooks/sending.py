"""Sends what waits, in its order in each room, and notes what became of it.

The state is in PostgreSQL alone, so a restart goes on where it was. A lane (one room of one webhook) belongs to
one process at a time, by a claim that ends by itself; a webhook has a few lanes in work at once, so that a
receiver that hangs holds up nothing but itself.
"""

import asyncio
import logging
import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
import psycopg_pool

from projector.webhooks import sql
from projector.webhooks.http import Outcome, Sender
from roomlog import metrics, pools
from roomlog.ids import new_id
from roomlog.sealing import Sealing
from roomlog.tasks import end
from roomlog.webhooks import (
    KEPT,
    LEASE_S,
    PAUSE_AFTER,
    headers,
    retry_after_s,
    signing,
)

LANES_EACH = 4
"""Lanes of one webhook in work at once."""
LANES_AT_ONCE = 200
"""Lanes in work at once, of all."""
_IN_A_ROW = 50
_POLL_S, _IDLE_S = 1.0, 60.0
_AWAY_S = 1.0
_STOP_S = 3.0
_PRUNE_S = 600.0

log = logging.getLogger(__name__)


class _Waiting(NamedTuple):
    """The delivery that is next in a lane, and how it is sent."""

    id: str
    offset: int
    event_id: str
    type: str
    body: str
    failed: int
    url: str
    secret: str
    old_secret: str | None
    old_until: datetime | None
    now: datetime


class Sending:
    """Sends for ever; `wake` tells that there may be something to do, `on_pause` that a webhook was paused.

    `needed` as for `projector.webhooks.feed.Feed`.
    """

    def __init__(
        self,
        dsn: str,
        sender: Sender,
        sealing: Sealing,
        first_retry_s: float,
        on_pause: Callable[[], None],
        needed: asyncio.Event,
    ) -> None:
        self._needed = needed
        self._pool = psycopg_pool.AsyncConnectionPool(
            dsn,
            min_size=1,
            max_size=4,
            open=False,
            kwargs={"autocommit": True, "application_name": "roomlog-webhooks-sending"},
            check=psycopg_pool.AsyncConnectionPool.check_connection,
        )
        pools.watch("primary", self._pool)
        metrics.begin_at_zero(metrics.WEBHOOK_ATTEMPTS, ("delivered", "waiting", "dead"))
        self._sender, self._sealing = sender, sealing
        self._first_retry_s, self._on_pause = first_retry_s, on_pause
        self._claim = new_id()
        self._awake = asyncio.Event()
        self._lanes: dict[asyncio.Task[None], str] = {}
        self._pruned_at = float("-inf")

    def wake(self) -> None:
        """Look at once whether something waits."""
        self._awake.set()

    async def run(self) -> None:
        """Send until cancelled; while PostgreSQL is away nothing is sent."""
        await self._pool.open(wait=False)
        try:
            while True:
                try:
                    claimed = await self._claim_some()
                    await self._prune()
                except (psycopg.Error, psycopg_pool.PoolTimeout) as error:
                    log.warning("what waits cannot be looked up now: %s", error)
                    await asyncio.sleep(_AWAY_S)
                    continue
                if not claimed:
                    await self._rest()
        finally:
            await self._stop()

    async def _rest(self) -> None:
        with suppress(TimeoutError):
            if self._needed.is_set():
                async with asyncio.timeout(_POLL_S):
                    await self._awake.wait()
            else:  # from time to time for what is left of those that are gone
                async with asyncio.timeout(_IDLE_S):
                    await self._needed.wait()
        self._awake.clear()

    async def _stop(self) -> None:
        """Let what is being sent end, and give up what has not begun."""
        if self._lanes:
            await asyncio.wait(self._lanes, timeout=_STOP_S)
        await end(self._lanes)
        try:
            await self._execute(sql.GIVE_UP_CLAIMS, [self._claim])
        except (psycopg.Error, psycopg_pool.PoolTimeout) as error:
            log.warning("lanes stay claimed for %s s: %s", LEASE_S, error)
        await self._pool.close(timeout=1)

    async def _claim_some(self) -> bool:
        in_work = Counter(self._lanes.values())
        free = LANES_AT_ONCE - len(self._lanes)
        if free <= 0:
            return False
        wanted = {
            "each": LANES_EACH,
            "busy": [w for w, lanes in in_work.items() if lanes >= LANES_EACH],
            "limit": free,
            "claim": self._claim,
            "lease": LEASE_S,
        }
        found = await self._execute(sql.CLAIM, wanted)
        for webhook, room in found:
            task = asyncio.create_task(self._work(webhook, room))
            self._lanes[task] = webhook
            task.add_done_callback(self._done)
        return bool(found)

    def _done(self, task: "asyncio.Task[None]") -> None:
        del self._lanes[task]
        self.wake()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("a lane waits until its claim ends: %r", error)

    async def _work(self, webhook: str, room: str) -> None:
        """Send what waits in a lane, one after the other, until one fails or it is others' turn."""
        lane: dict[str, Any] = {"webhook": webhook, "room": room, "claim": self._claim}
        wait_s = 0.0
        for _ in range(_IN_A_ROW):
            found = await self._execute(sql.NEXT, {**lane, "lease": LEASE_S})
            if not found:
                break
            waiting = _Waiting(*found[0])
            started = time.monotonic()
            outcome = await self._attempt(waiting)
            metrics.WEBHOOK_SECONDS.observe(time.monotonic() - started)
            wait_s = await self._note(lane, waiting, outcome)
            if not outcome.is_taken:
                break
        async with self._pool.connection() as connection, connection.transaction():
            # Locked first: what is due meanwhile is seen by the next statement, or comes after it.
            await connection.execute(sql.LOCK_LANE, lane)
            await connection.execute(sql.RELEASE, {**lane, "wait": wait_s})

    async def _attempt(self, waiting: _Waiting) -> Outcome:
        body = waiting.body.encode()
        kept = signing(waiting.secret, waiting.old_secret, waiting.old_until, waiting.now)
        keys = [self._sealing.unseal(secret) for secret in kept]
        sent = headers(waiting.id, waiting.type, int(waiting.now.timestamp()), body, keys)
        return await self._sender.post(waiting.url, body, sent)

    async def _note(self, lane: dict[str, Any], waiting: _Waiting, outcome: Outcome) -> float:
        """Note what became of an attempt, in one transaction; return how long the lane waits now."""
        failed = waiting.failed + 1
        wait_s: float | None = 0.0
        if not outcome.is_taken:
            jitter = random.random()  # noqa: S311  # nobody has to guess it
            wait_s = retry_after_s(failed, self._first_retry_s, jitter, outcome.retry_after_s)
        is_dead = wait_s is None or outcome.is_gone
        state = "delivered" if outcome.is_taken else "dead" if is_dead else "waiting"
        note = {
            **lane,
            "offset": waiting.offset,
            "state": state,
            "status": outcome.status,
            "error": outcome.error or None,
            "attempts": failed if state == "waiting" else 0,
            "most": PAUSE_AFTER,
            "gone": outcome.is_gone,
        }
        metrics.WEBHOOK_ATTEMPTS.labels(state).inc()
        is_paused = False
        async with self._pool.connection() as connection, connection.transaction():
            held = await connection.execute(sql.LOCK_LANE, lane)
            if not held.rowcount:
                return 0.0  # the claim ended, or it is to be sent from an earlier event on
            await connection.execute(sql.NOTE_ATTEMPT, note)
            await connection.execute(sql.SET_ATTEMPTS, note)
            if state == "delivered":
                await connection.execute(sql.NOTE_TAKEN, note)
            elif state == "dead":
                cursor = await connection.execute(sql.NOTE_DEAD, note)
                is_paused = (await cursor.fetchone() or (False,))[0]
                log.warning(
                    "webhook %s: %s is given up: %s", lane["webhook"], waiting.id, note["error"]
                )
        if is_paused:
            self._on_pause()
        return 0.0 if is_dead or wait_s is None else wait_s

    async def _prune(self) -> None:
        if time.monotonic() - self._pruned_at > _PRUNE_S:
            self._pruned_at = time.monotonic()
            await self._execute(sql.PRUNE, [KEPT])
            await self._execute(sql.PRUNE_LANES, [])

    async def _execute(self, statement: str, parameters: Any) -> list[tuple[Any, ...]]:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(statement.encode(), parameters)
            return await cursor.fetchall() if cursor.description else []
