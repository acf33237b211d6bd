"""The Faust app: what it consumes, how it is set, and how a worker hears of partitions and records."""

from collections.abc import Awaitable, Mapping
from typing import Any, NamedTuple

import faust
from faust.auth import Credentials, SASLCredentials, SSLCredentials
from faust.tables.manager import TableManager
from faust.types import TP

from roomlog import brokers
from roomlog.brokers import Brokers
from roomlog.connections import mend
from roomlog.settings import Settings
from roomlog.topics import CHAT_EVENTS, CHAT_SIGNALS, STREAMS_GROUP
from streams.coalesce import CoalescingConsumer, CoalescingScheduler, install
from streams.notices import Send
from streams.worker import Worker

SESSION_TIMEOUT_S = 6.0
"""The least that brokers allow: partitions of a worker that was killed wait this long."""


class App(faust.App):
    """Faust without anything on disk: no table, no changelog, no leader topic."""

    worker: Worker
    began_at: Mapping[TP, int] = {}
    """Offsets from which the assigned partitions were read."""

    def _create_directories(self) -> None:
        pass


class NoTables(TableManager):
    """Faust waits a second at its start for tables to be declared; there are none."""

    async def on_start(self) -> None:
        """Start recovery, which also resumes the streams after each assignment."""
        await self._update_channels()
        await self.recovery.start()


class Consumer(CoalescingConsumer):
    """Reads chat.events from what was committed, and chat.signals from where the tables are."""

    app: App

    def starts_at(self, committed: Mapping[TP, int | None]) -> dict[TP, int | None]:
        """Return where to read chat.signals."""
        starts = self.app.worker.signals_from(_signals(committed))
        return {TP(CHAT_SIGNALS, number): offset for number, offset in starts.items()}

    async def positioned(self, positions: Mapping[TP, int]) -> None:
        """Ask the nodes for the tables of new partitions: from here on no answer can be missed."""
        self.app.began_at = positions
        await self.app.worker.start_fresh(_signals(positions))

    def hurried(self) -> bool:
        """Tell whether there is a node that waits for what another one writes."""
        return self.app.worker.hurried


def build(settings: Settings, worker: Worker) -> App:
    """Return the app, ready to be started, that feeds the worker."""
    install(Consumer)
    mend()
    where = brokers.parse(settings.kafka)
    app = App(
        STREAMS_GROUP,
        broker=[f"kafka://{server}" for server in where.servers],
        broker_credentials=_credentials(where),
        ConsumerScheduler=CoalescingScheduler,
        TableManager=NoTables,
        autodiscover=False,
        broker_commit_interval=2.0,
        broker_heartbeat_interval=1.0,
        broker_max_poll_records=2_000,
        broker_rebalance_timeout=10.0,
        broker_request_timeout=20.0,
        broker_session_timeout=SESSION_TIMEOUT_S,
        consumer_auto_offset_reset="earliest",
        store="memory://",
        stream_buffer_maxsize=8,
        stream_recovery_delay=0.0,
        # What was begun when a rebalance starts is finished and passed over when it is read again.
        stream_wait_empty=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
    )
    app.worker = worker
    _connect(app, worker)
    return app


def _credentials(where: Brokers) -> Credentials | None:
    context = where.ssl_context
    if where.user:
        return SASLCredentials(
            username=where.user,
            password=where.password,
            mechanism=where.mechanism,
            ssl_context=context,
        )
    return None if context is None else SSLCredentials(context)


def _connect(app: App, worker: Worker) -> None:
    events = app.topic(CHAT_EVENTS, key_serializer="raw", value_serializer="raw")
    signals = app.topic(CHAT_SIGNALS, key_serializer="raw", value_serializer="raw")

    @app.agent(events, name="events", concurrency=1)
    async def examine(stream: Any) -> None:
        async for event in stream.noack().events():
            await worker.on_events(event.value, event.ack)

    @app.agent(signals, name="signals", concurrency=1)
    async def listen(stream: Any) -> None:
        async for event in stream.noack().events():
            await worker.on_signals(event.value, event.ack)

    @app.on_partitions_assigned.connect
    async def assigned(_app: Any, /, *arguments: Any, **_named: Any) -> None:
        partitions: set[TP] = arguments[0]
        worker.assign({tp.partition for tp in partitions if tp.topic == CHAT_EVENTS})


def sender(app: App) -> Send:
    """Return how to store a signal."""
    signals = app.topic(CHAT_SIGNALS, key_serializer="raw", value_serializer="raw")

    async def send(key: bytes, value: bytes) -> Awaitable[Any]:
        stored: Awaitable[Any] = await signals.send(key=key, value=value)
        return stored

    return send


class Position(NamedTuple):
    """Where a worker is in a partition: the offset that it takes in next, and how many records wait."""

    next: int
    lag: int


async def positions(app: App) -> dict[TP, Position]:
    """Return where the worker is in each of its partitions; raises what the client raises."""
    ends = await app.consumer.highwaters(*app.consumer.assignment())
    found = {TP(*tp): (_next_offset(app, TP(*tp)), end) for tp, end in ends.items()}
    return {tp: Position(at, max(0, end - at)) for tp, (at, end) in found.items()}


def _next_offset(app: App, tp: TP) -> int:
    partition = app.worker.partitions.get(tp.partition)
    if partition is None:
        return 0
    taken_in = partition.examined if tp.topic == CHAT_EVENTS else partition.signals_next
    return app.began_at.get(tp, 0) if taken_in is None else taken_in


def _signals(offsets: Mapping[TP, Any]) -> dict[int, Any]:
    return {tp.partition: at for tp, at in offsets.items() if tp.topic == CHAT_SIGNALS}
