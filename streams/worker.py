"""One worker: records in, deliveries and the mirror of presence out; the tables belong to it alone.

Everything runs on one event loop. Batches change the tables at once; what follows from them is collected
and published by one loop, so that whatever arrives during a publish goes out with the next one.
"""

import asyncio
import contextlib
import logging
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from roomlog import metrics
from roomlog.deliveries import (
    ALL_NODES,
    Events,
    Notify,
    Range,
    Resync,
    encode_delivery,
    node_channel,
)
from roomlog.signals import ChatSignal
from roomlog.topics import CHAT_EVENTS, CHAT_SIGNALS
from roomlog.tracing import Span, Tracing, begun
from schemas.codec import Codec, PoisonRecord
from streams import fanout, presence
from streams.mirror import Mirror
from streams.notices import Ack, Notice, after_both
from streams.presence import EVERY_NODE, Effects, TypingLimit
from streams.sweep import Sweep
from streams.tables import MIRROR, Partition
from streams.valkey import FAILURES, Valkey

log = logging.getLogger(__name__)

PROGRESS_EVERY_S = 0.1
SWEEP_EVERY_S = 1.0
ANSWERS_WITHIN_S = 5.0
"""How long after a Resync the mirror's claims stand for nodes that have not answered."""
RECONNECTED_WITHIN_S = 1.5
"""After an outage of Valkey nodes are asked again only when they can be expected to listen again."""

_MOST_UNPUBLISHED = 8
"""Fetches whose deliveries may wait to be published: beyond that many, Valkey is slower than the log."""

_MOST_DUE = 100_000

Run = tuple[int, Sequence[Any]]
"""A partition's number and records of it, as `streams.coalesce` hands them out."""


class Worker:
    """The tables of the assigned partitions, and the loops that publish what follows from records.

    `clock` gives seconds that never go back.
    """

    def __init__(
        self,
        valkey: Valkey,
        codec: Codec[ChatSignal],
        clock: Callable[[], float],
        tracing: Tracing | None = None,
    ) -> None:
        self.partitions: dict[int, Partition] = {}
        self.examined = 0
        """Records of both topics taken in; moves whenever there is progress."""
        self.assigned = False
        """Whether the group has given out partitions yet."""
        self.hurried = True
        """Whether a node may wait for what another one writes: a single one shows its clients that by itself."""
        self._valkey = valkey
        self._codec = codec
        self._clock = clock
        self._limit = TypingLimit()
        self._sweep = Sweep()
        self._tracing = tracing
        self._spans: list[Span] = []
        """Of traced events that go out with the next publish."""
        self._frames: list[tuple[str, bytes]] = []
        self._due: list[tuple[str, bytes]] = []
        """Notifications, which nothing repairs: they wait until nodes listen."""
        self._touched: set[int] = set()
        self._acks: list[Ack] = []
        self._wake = asyncio.Event()
        self._moved = asyncio.Event()
        """Whether records of chat.events came since nodes were told how far the worker is."""
        self._room_to_publish = asyncio.Event()
        self._room_to_publish.set()
        self.mirror = Mirror(valkey, self._unreachable)
        self._settling: dict[int, float] = {}
        self._assigned_at: dict[int, float] = {}
        """When partitions came whose tables have not begun yet."""
        self._was_away = False
        self._resync_at = math.inf
        self.notices: asyncio.Queue[Notice] = asyncio.Queue()
        """Records that name users who are still to be told."""

    # --- partitions -------------------------------------------------------------------------------

    def assign(self, numbers: set[int]) -> None:
        """Own these partitions from now on; tables of others are dropped, new ones are empty."""
        self.assigned = True
        log.info("%d partitions: %s", len(numbers), sorted(numbers))
        for lost in self.partitions.keys() - numbers:
            del self.partitions[lost]
            self._settling.pop(lost, None)
        for number in numbers - self.partitions.keys():
            self.partitions[number] = Partition(number)
            self._assigned_at[number] = self._clock()
            metrics.STREAMS_ASSIGNMENTS.inc()
        metrics.CONSUMER_REBALANCES.inc()
        metrics.CONSUMER_PARTITIONS.set(len(numbers))
        metrics.STREAMS_UNSETTLED.set(len(self._settling))

    def signals_from(self, committed: Mapping[int, int | None]) -> dict[int, int | None]:
        """Return for each partition from which offset to read chat.signals; None: from the log's end.

        A table that is empty needs no history, since nodes are asked for all of it; one that is kept
        goes on where it stopped. A commit ahead of it means that another worker had the partition
        meanwhile: the table missed signals and begins anew.
        """
        for number, partition in self.partitions.items():
            mine, theirs = partition.signals_next, committed.get(number)
            if mine is not None and theirs is not None and theirs > mine:
                self.partitions[number] = Partition(number)
        return {n: p.signals_next for n, p in self.partitions.items()}

    async def start_fresh(self, positions: Mapping[int, int]) -> None:
        """Begin the partitions with empty tables, whose signals are read from the given offsets.

        The mirror is taken over first, so that presence does not flicker until nodes have answered.
        """
        fresh = [p for n in positions if (p := self.partitions.get(n)) and p.signals_next is None]
        for partition in fresh:
            partition.signals_next = positions[partition.number]
        with contextlib.suppress(*FAILURES):
            async with asyncio.timeout(2):
                for partition in fresh:
                    presence.recall(partition, *await self._valkey.recall(partition.number))
        self._resync([p.number for p in fresh])
        now = self._clock()
        for partition in fresh:
            metrics.STREAMS_RECOVERY_SECONDS.add(now - self._assigned_at.pop(partition.number, now))

    def _resync(self, numbers: Sequence[int]) -> None:
        if not numbers:
            return
        self._settling |= dict.fromkeys(numbers, self._clock() + ANSWERS_WITHIN_S)
        metrics.STREAMS_UNSETTLED.set(len(self._settling))
        self._publish(ALL_NODES, encode_delivery(Resync(sorted(numbers))))

    def waits_for(self) -> str | None:
        """Return what this worker still waits for before it works, None where it works."""
        if not self.assigned:
            return "waits for its partitions"
        if any(p.signals_next is None for p in self.partitions.values()):
            return "waits for the positions of its partitions"
        return None

    # --- records ----------------------------------------------------------------------------------

    async def on_events(self, runs: Sequence[Run], ack: Ack) -> None:
        """Take in records of chat.events; `ack` is called once what follows is published."""
        await self._room_to_publish.wait()
        for number, records in runs:
            if partition := self.partitions.get(number):
                self._examine(partition, records)
                self._touched.add(number)
                ack = self._tell(partition, ack)
        self._moved.set()
        self._taken_in(runs, ack)

    async def on_signals(self, runs: Sequence[Run], ack: Ack) -> None:
        """Take in records of chat.signals; `ack` is called once what follows is published."""
        await self._room_to_publish.wait()
        effects = Effects()
        for number, records in runs:
            if partition := self.partitions.get(number):
                for record in records:
                    self._apply(partition, record, effects)
                metrics.STREAMS_SIGNALS.total += len(records)
                partition.signals_next = records[-1].offset + 1
        self._follow(effects)
        self._taken_in(runs, ack)

    def _tell(self, partition: Partition, ack: Ack) -> Ack:
        """Have those told whom records name; the ack that comes back is for the deliveries alone."""
        if not partition.naming:
            return ack
        naming, partition.naming = partition.naming, []
        if self._tracing is not None:
            self._spans += begun(self._tracing, "fan out", naming)
        half = after_both(ack)
        self.notices.put_nowait(Notice(naming, half))
        return half

    def _examine(self, partition: Partition, records: Sequence[Any]) -> None:
        try:
            count = fanout.examine(partition, records)
        except Exception:
            # Nodes see from the ranges that this was not examined, and read it themselves.
            first = {"topic": CHAT_EVENTS, "offset": records[0].offset}
            log.exception(
                "%d records could not be examined",
                len(records),
                extra={"partition": partition.number, **first},
            )
            partition.restart_at(records[-1].offset + 1)
            return
        metrics.STREAMS_DELIVERIES.total += count
        metrics.STREAMS_EVENTS.total += len(records)
        metrics.STREAMS_BATCH_EVENTS.add(len(records))

    def _apply(self, partition: Partition, record: Any, effects: Effects) -> None:
        try:
            signal = self._codec.decode(record.value or b"")
            presence.apply(partition, signal, self._limit, self._clock(), effects)
        except PoisonRecord as error:
            self._skip(partition, record, error)
        except Exception as error:
            log.exception("a signal could not be applied")
            self._skip(partition, record, error)

    def _skip(self, partition: Partition, record: Any, error: Exception) -> None:
        metrics.STREAMS_SIGNALS_SKIPPED.inc()
        place = {"topic": CHAT_SIGNALS, "partition": partition.number}
        offset = getattr(record, "offset", None)
        log.warning("skipped a signal: %s", error, extra={**place, "offset": offset})

    def _taken_in(self, runs: Sequence[Run], ack: Ack) -> None:
        self.examined += sum(len(records) for _, records in runs)
        self._acks.append(ack)
        if len(self._acks) >= _MOST_UNPUBLISHED:
            self._room_to_publish.clear()
        self._wake.set()

    def _follow(self, effects: Effects) -> None:
        for node, delivery in effects.deliveries:
            channel = ALL_NODES if node == EVERY_NODE else node_channel(node)
            frames = self._due if isinstance(delivery, Notify) else self._frames
            frames.append((channel, encode_delivery(delivery)))
        self.mirror.note(effects)

    def _publish(self, channel: str, frame: bytes) -> None:
        self._frames.append((channel, frame))
        self._wake.set()

    # --- loops ------------------------------------------------------------------------------------

    async def publish_loop(self) -> None:
        """Publish whatever is collected, then ack the records behind it; for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            acks, self._acks = self._acks, []
            self._room_to_publish.set()
            frames, self._frames = self._frames, []
            frames += self._ranges(fanout.take, self._touched)
            self._touched.clear()
            spans, self._spans = self._spans, []
            is_sent = await self._send(frames)
            for span in spans:
                span.end(None if is_sent else "Valkey did not take it")
            await self._send_due()
            for ack in acks:
                ack()

    async def _send(self, frames: list[tuple[str, bytes]]) -> bool:
        """Publish frames. What Valkey does not take is given up: the ranges let nodes see it."""
        if not frames:
            return True
        begun = self._clock()
        try:
            await self._valkey.publish(frames)
        except FAILURES as error:
            metrics.STREAMS_UNPUBLISHED.inc(len(frames))
            self._unreachable(error)
            return False
        metrics.STREAMS_PUBLISH_SECONDS.add(self._clock() - begun)
        return True

    async def _send_due(self) -> None:
        """Publish what is due, unless nodes cannot be expected to listen yet."""
        if self._was_away or self._resync_at < math.inf:
            return
        due, self._due = self._due, []
        if not await self._send(due):
            self._due = [*due, *self._due][-_MOST_DUE:]

    async def progress_loop(self) -> None:
        """Tell nodes every PROGRESS_EVERY_S how far the worker is where nothing concerned them."""
        told: dict[int, int | None] = {}
        while True:
            await self._moved.wait()
            await asyncio.sleep(PROGRESS_EVERY_S)
            self._moved.clear()
            moved = {n for n, p in self.partitions.items() if told.get(n) != p.examined}
            if moved:
                told |= {n: self.partitions[n].examined for n in moved}
                self._frames += self._ranges(fanout.take, moved)
                self._frames += self._ranges(fanout.progress, moved)
                self._wake.set()

    def _ranges(
        self, rule: Callable[[Partition], Iterable[tuple[str, Range]]], numbers: Iterable[int]
    ) -> list[tuple[str, bytes]]:
        """Return one frame for each node, with what `rule` gives for these partitions."""
        by_node: defaultdict[str, list[Range]] = defaultdict(list)
        for number in numbers:
            if partition := self.partitions.get(number):
                for node, part in rule(partition):
                    by_node[node].append(part)
        return [(node_channel(n), encode_delivery(Events(r))) for n, r in by_node.items()]

    async def sweep_loop(self) -> None:
        """Each second: remove dead nodes, end the mirror's claims, repair after an outage of Valkey."""
        while True:
            await asyncio.sleep(SWEEP_EVERY_S)
            try:
                await self._sweep_once()
            except FAILURES as error:
                self._unreachable(error)

    async def _sweep_once(self) -> None:
        nodes = {node for p in self.partitions.values() for node in p.nodes()}
        missing, count = await self._valkey.leases(nodes)
        self.hurried = count > 1
        metrics.DEPENDENCY_UP.labels("valkey").set(1)
        now = self._clock()
        self._limit.forget_before(now)
        if self._was_away:
            log.info("Valkey answers again")
            self._was_away, self._resync_at = False, now + RECONNECTED_WITHIN_S
        if now >= self._resync_at:
            self._resync_at = math.inf
            self._resync(list(self.partitions))
            self._wake.set()  # for what is due
        for node in self._sweep.dead(missing, now):
            self._remove(node)
        for number in [n for n, until in self._settling.items() if now >= until]:
            await self._settle(number)

    def _remove(self, node: str) -> None:
        log.warning("node %s is gone: its lease has run out", node)
        metrics.STREAMS_NODES_SWEPT.inc()
        effects = Effects()
        for partition in self.partitions.values():
            presence.remove_node(partition, node, effects)
        self._follow(effects)
        # Should it only have been stopped for a while, this makes it come back whole.
        self._publish(node_channel(node), encode_delivery(Resync(sorted(self.partitions))))

    async def _settle(self, number: int) -> None:
        """Nodes had time to answer: what only the mirror still claims is gone."""
        partition = self.partitions[number]
        partition.settled = True
        effects = Effects()
        presence.remove_node(partition, MIRROR, effects)
        self._follow(effects)
        await self.mirror.rewrite(partition)
        self._settling.pop(number, None)
        metrics.STREAMS_UNSETTLED.set(len(self._settling))

    def _unreachable(self, error: BaseException) -> None:
        if not self._was_away:
            log.warning("Valkey does not answer: %s: %s", type(error).__name__, error)
        self._was_away = self.hurried = True
        metrics.DEPENDENCY_UP.labels("valkey").set(0)
        self._sweep.unreachable(self._clock())
