"""Plays one room's commands through a connection: many at a time, in their order, each until it is done.

The connection sends again by itself what was unanswered when a node died. What a node refuses for now is
sent again here, after everything of the room that is under way has been answered, so that order is kept.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct, field

from roomlog.bridge.actions import Placed
from roomlog.bridge.script import Step
from roomlog.client import Client
from roomlog.cursors import parse_cursor
from roomlog.errors import RETRYABLE, ErrorCode, Refused
from roomlog.protocol.frames import Ack

REFUSALS_KEPT = 20
_RETRY_MS = 1_000


class Tally(Struct):
    """What came of an import so far; all but `refusals` are counts."""

    done: int = 0
    """Actions that are through, whatever came of them."""
    events: int = 0
    """Actions whose event is in the log."""
    new: int = 0
    """Events, those of implied joins among them, that were not in the log before."""
    implied_joins: int = 0
    unchanged: int = 0
    """Actions that changed nothing: a join of a member, a leave of somebody who is none."""
    refused: int = 0
    retried: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    """Why commands were sent again: message -> how often."""
    reordered: int = 0
    """Events that overtook an earlier one of their room which had to be sent again."""
    refusals: list[str] = field(default_factory=list)

    def note_there(self, steps: Sequence[Step]) -> None:
        """Count an action that needs nothing to be sent: it changes nothing, or was imported before."""
        self.done += 1
        self.events += bool(steps)
        self.unchanged += not steps
        self.implied_joins += sum(step.implied for step in steps)


class _Sent(NamedTuple):
    step: Step
    path: Path
    number: int
    answer: "asyncio.Future[Ack]"


class RoomPlayer:
    """Sends the steps of one room; `window` is how many of them may be unanswered.

    `start_offset` is that of the room's last event before the import.
    """

    def __init__(self, client: Client, window: int, tally: Tally, start_offset: int) -> None:
        self._client, self._window, self._tally = client, window, tally
        self._start = start_offset
        self._sent: deque[_Sent] = deque()

    async def play(self, step: Step, placed: Placed) -> None:
        """Send a step as soon as the window has room; raises ConnectionEnded."""
        while len(self._sent) >= self._window:
            await self._settle_first()
        answer = self._client.submit(step.command)
        self._sent.append(_Sent(step, placed.path, placed.number, answer))

    async def finish(self) -> None:
        """Wait until everything is answered; raises ConnectionEnded."""
        while self._sent:
            await self._settle_first()

    async def _settle_first(self) -> None:
        sent = self._sent[0]
        try:
            ack = await sent.answer
        except Refused as refused:
            if refused.code in RETRYABLE:
                await self._send_again(refused)
                return
            self._note_refusal(sent, refused)
        else:
            self._note(sent, ack)
        self._sent.popleft()

    async def _send_again(self, why: Refused) -> None:
        """Wait for all answers, then send again what was refused for now, or because of that."""
        everything, self._sent = self._sent, deque()
        await asyncio.wait([s.answer for s in everything])
        again = []
        for sent in everything:
            error = sent.answer.exception()
            if isinstance(error, Refused) and _is_passing(error):
                again.append(sent)
                why_again = f"{error.code}: {error.message}"
                self._tally.reasons[why_again] = self._tally.reasons.get(why_again, 0) + 1
            elif isinstance(error, Refused):
                self._note_refusal(sent, error)
            elif error is not None:
                raise error
            else:
                self._note(sent, sent.answer.result())
                self._tally.reordered += 1
        await asyncio.sleep((why.retry_after_ms or _RETRY_MS) / 1_000)
        self._tally.retried += len(again)
        self._sent.extend(s._replace(answer=self._client.submit(s.step.command)) for s in again)

    def _note(self, sent: _Sent, ack: Ack) -> None:
        tally = self._tally
        if ack.event is not None and ack.event != sent.step.event_id:
            raise AssertionError(f"the node made another event id than {sent.step.event_id}")
        if ack.event is not None and parse_cursor(ack.cursor or "").offset > self._start:
            tally.new += 1
        if sent.step.implied:
            tally.implied_joins += 1
            return
        tally.done += 1
        if ack.event is None:
            tally.unchanged += 1
        else:
            tally.events += 1

    def _note_refusal(self, sent: _Sent, refused: Refused) -> None:
        tally = self._tally
        tally.refused += 1
        tally.done += not sent.step.implied
        if len(tally.refusals) < REFUSALS_KEPT:
            tally.refusals.append(f"{sent.path}:{sent.number}: {refused.code}: {refused.message}")


def _is_passing(refused: Refused) -> bool:
    """Tell whether to send a command again: for now refused, or before its sender's join was done."""
    return refused.code in RETRYABLE or refused.code is ErrorCode.NOT_A_MEMBER
