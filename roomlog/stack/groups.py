"""Consumer groups as Kafka sees them: how long the members take to share the partitions anew."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, NamedTuple, Self

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from roomlog.brokers import client_options
from roomlog.stack.errors import StackError
from roomlog.topics import PROJECTOR_GROUP, STREAMS_GROUP

GROUPS = {"streams": STREAMS_GROUP, "projector": PROJECTOR_GROUP}
"""Kind of service -> the group whose members share the partitions."""

_LOOK_S = 0.02
_PATIENCE_S = 60.0


class View(NamedTuple):
    """A group at one moment."""

    is_stable: bool
    members: frozenset[str]


class Rebalances:
    """How long a group was not stable, from views of it. Pure; times in seconds.

    A rebalance begins with the first view that is not stable (or has other members than the one before it)
    and ends with the first that is stable.
    """

    def __init__(self) -> None:
        self.took = 0.0
        self._last: View | None = None
        self._began: float | None = None
        self._seen_at = 0.0

    def see(self, view: View, now: float) -> None:
        """Take a view in."""
        if self._last is not None and self._began is None and view != self._last:
            self._began = self._seen_at
        if self._began is not None and view.is_stable:
            self.took += now - self._began
            self._began = None
        self._last, self._seen_at = view, now


class Watch:
    """Watches a group while it is open; an async context manager."""

    def __init__(self, bootstrap: str, group: str) -> None:
        self._admin = AIOKafkaAdminClient(**client_options(bootstrap), request_timeout_ms=5_000)
        self._group = group
        self._rebalances = Rebalances()
        self._view = View(False, frozenset())
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        try:
            await self._admin.start()
        except KafkaError as error:
            await self._admin.close()
            raise StackError(f"Kafka does not answer: {error!r}") from error
        self._task = asyncio.create_task(self._look())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self._admin.close()

    async def settled(self, members: int) -> float:
        """Wait until so many members share the partitions; return how long they were about it, in seconds.

        Raises StackError where that takes too long.
        """
        deadline = time.monotonic() + _PATIENCE_S
        while not (self._view.is_stable and len(self._view.members) == members):
            if time.monotonic() > deadline:
                raise StackError(
                    f"The group {self._group} has {len(self._view.members)} of {members} members after "
                    f"{_PATIENCE_S:.0f} s; the logs of the services say why (`roomlog logs`)."
                )
            await asyncio.sleep(_LOOK_S)
        return self._rebalances.took

    async def _look(self) -> None:
        while True:
            with suppress(KafkaError, TimeoutError):  # the coordinator may move, or be elected
                (answer,) = await self._admin.describe_consumer_groups([self._group])
                self._view = _view(answer.to_object())
                self._rebalances.see(self._view, time.monotonic())
            await asyncio.sleep(_LOOK_S)


def _view(answer: Mapping[str, Any]) -> View:
    (group,) = answer["groups"]
    return View(group["state"] == "Stable", frozenset(m["member_id"] for m in group["members"]))
