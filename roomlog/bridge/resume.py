"""Where an import goes on: what an earlier run brought in is not sent again, however long ago that was.

Nodes know repeated commands for a day; the read models know for ever. A room's record arrives in its order,
so what is there is its beginning: some look-ups find the end of it.
"""

from typing import NamedTuple, Protocol

from roomlog.bridge.actions import Placed
from roomlog.bridge.script import Step

BLOCK = 500
"""Actions that are looked up together."""


class History(Protocol):
    """The room in the read models."""

    async def find(self, event: str) -> str | None:
        """Return the cursor of a message, None where it is not there."""

    async def before(self, cursor: str, limit: int) -> set[str]:
        """Return the event ids of so many messages before a place."""


class Part(NamedTuple):
    """An action and its steps."""

    placed: Placed
    steps: list[Step]

    @property
    def message(self) -> str | None:
        """The event id of the action's message, None for other actions."""
        last = self.steps[-1] if self.steps else None
        return last.event_id if last and last.command["op"] == "send" else None


class Sorted(NamedTuple):
    """Parts in their order: those that are there, then those to be played."""

    there: list[Part]
    missing: list[Part]


class Resume:
    """Sorts the parts of one room, some at a time.

    A run that was killed may have left gaps in the last `window` actions that it sent: unless all of the
    messages among those are there, they are played again.
    """

    def __init__(self, history: History, window: int) -> None:
        self._history, self._window = history, window
        self._held: list[Part] = []
        self._begun = self._over = False

    async def take(self, part: Part) -> Sorted:
        """Take the next part; return what can be told so far."""
        if not self._begun and (first := part.message) is not None:
            self._begun, self._over = True, await self._history.find(first) is None
        self._held.append(part)
        if self._over:
            self._held, played = [], self._held
            return Sorted([], played)
        if len(self._held) < BLOCK + self._window:
            return Sorted([], [])
        return await self._sort(final=False)

    async def finish(self) -> Sorted:
        """Return the rest; to be called after the last part."""
        return await self._sort(final=True)

    async def _sort(self, *, final: bool) -> Sorted:
        places = [i for i, part in enumerate(self._held) if part.message is not None]
        known = await self._count([self._held[i] for i in places])
        end = places[known - 1] + 1 if known else 0
        sure = max(0, end - self._window)
        there, unsure, rest = self._held[:sure], self._held[sure:end], self._held[end:]
        if known == len(places) and not final:
            self._held = unsure + rest
            return Sorted(there, [])
        self._over, self._held = True, []
        if await self._are_there([p.message for p in unsure if p.message]):
            return Sorted(there + unsure, rest)
        return Sorted(there, unsure + rest)

    async def _are_there(self, messages: list[str]) -> bool:
        if not messages or (last := await self._history.find(messages[-1])) is None:
            return not messages
        return set(messages[:-1]) <= await self._history.before(last, len(messages) - 1)

    async def _count(self, parts: list[Part]) -> int:
        """Return how many messages, from the first on, are there."""
        if not parts or await self._has(parts[-1]):
            return len(parts)
        low, high = 0, len(parts) - 1
        while low < high:
            middle = (low + high) // 2
            if await self._has(parts[middle]):
                low = middle + 1
            else:
                high = middle
        return low

    async def _has(self, part: Part) -> bool:
        return part.message is not None and await self._history.find(part.message) is not None
