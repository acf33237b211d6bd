"""One node: its parts, what they tell each other, and its beginning and end."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any

from ingest.commands import Commands
from ingest.deflate import Deflater
from ingest.doubt import Doubt
from ingest.fanout import FanOut
from ingest.feed import Feed
from ingest.files import Files
from ingest.following import Following
from ingest.hearing import Hearing
from ingest.http import Readiness
from ingest.kafka import EVENTS_TOPIC, READS_TOPIC, USERS_TOPIC, Appender, LogReader
from ingest.keys import Keys
from ingest.lanes import ANSWER_WITHIN_S, Lanes
from ingest.limits import RateLimits
from ingest.marks import ReadMarks
from ingest.mutes import Mutes
from ingest.outbox import Outbox
from ingest.own import OwnFacts
from ingest.people import ACCOUNT_GONE, People
from ingest.postgres import RoomTable
from ingest.presence import Presence
from ingest.recent import RecentEvents
from ingest.resolver import Resolver
from ingest.rooms import Rooms, RoomState
from ingest.session import Session
from ingest.sessions import Sessions
from ingest.signals import Signals
from ingest.targets import Targets
from ingest.uring import open_ring
from ingest.valkey import LeaseKeeper, Listener, Markers, connect
from ingest.workspaces import Workspaces
from ingest.writer import Writer
from roomlog import metrics, tasks, tracing
from roomlog.errors import CloseCode, ErrorCode
from roomlog.health import Probe
from roomlog.leases import Lease, new_incarnation
from roomlog.partitions import PARTITIONS
from roomlog.protocol.frames import Hello, Reconnect, encode_frame
from roomlog.settings import Settings
from roomlog.tokens import Verifier
from schemas.registry import Registry

DRAIN_S = 5.0
_TICK_S = 1.0
_TIDY_S = 10.0
_LAST_WORDS_S = 1.2
_log = logging.getLogger(__name__)


class Node:
    """Everything of one ingest node except its port."""

    def __init__(self, settings: Settings, verifier: Verifier, port: int) -> None:
        self.incarnation = new_incarnation(settings.node)
        metrics.begin_at_zero(metrics.WS_ERRORS, ErrorCode)
        metrics.begin_at_zero(metrics.WS_CLOSED, (str(int(code)) for code in CloseCode))
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._sessions = Sessions()
        self._tasks: list[asyncio.Task[None]] = []
        self.told_to_stop = asyncio.Event()
        self.died = False
        """Whether it stops because it cannot go on."""
        codecs = Registry(settings.registry, settings.data).codecs()
        codec = codecs.chat_events
        traced = tracing.start(settings, "ingest")
        url = settings.public_url or f"ws://{settings.host}:{port}/ws"

        self.outbox = Outbox(Deflater(settings.compression_bytes), open_ring())
        self._valkey = connect(settings.valkey)
        self._lease = LeaseKeeper(self._valkey, self.incarnation, Lease(settings.node, url))
        self._listener = Listener(
            settings.valkey,
            self.incarnation,
            lambda channel, data: self._hearing.on_message(channel, data),
            lambda: self._people.hurry(),
            lambda: self._hearing.on_return(),
        )
        self._table = RoomTable(settings.postgres, settings.database_pool)
        self._people = People(
            self._table,
            LogReader(settings.kafka, USERS_TOPIC),
            codecs.user_events,
            self._sessions,
            lambda session: self._following.show_presence_again(session),
            self._listener.connected.is_set,
        )
        blocks = self._people.blocks
        self._log_reader = LogReader(settings.kafka, EVENTS_TOPIC)
        self._signals = Signals(settings.kafka, codecs.chat_signals, self.incarnation)
        self._presence = Presence(self._signals)
        recent = RecentEvents()
        self._rooms = Rooms(
            self._table,
            self._log_reader,
            codec,
            recent,
            self._presence.attach,
            self._on_detach,
            lambda state, offset: self._feed.room_is_live(state, offset),
        )
        targets = Targets(self._table, self._log_reader, codec)
        self._keys = keys = Keys(self._valkey, self.incarnation)
        heads = [0] * PARTITIONS
        self._lanes = Lanes(
            settings.kafka,
            self._log_reader,
            codec,
            heads,
            lambda partition, base, writes: self._feed.take_own(partition, base, writes),
            lambda writes: self._writer.dropped(writes),
        )
        resolver = Resolver(self._log_reader, codec, keys, recent, self.incarnation)
        self._writer = Writer(
            settings.node,
            settings.epoch,
            self._rooms,
            keys,
            Doubt(self._valkey, self._table, recent, heads),
            self._lanes,
            resolver,
            targets,
            Files(self._table),
            recent,
            codec,
            lambda workspace, then: self._workspaces.find(workspace, then),
            blocks,
            tracing=traced,
        )
        fanout = FanOut(
            codec,
            recent,
            targets,
            settings.epoch,
            self.outbox.share_all,
            lambda *gone: self._following.gone(*gone),
            traced,
        )
        self._feed = Feed(
            self._rooms,
            self._log_reader,
            heads,
            fanout.take,
            fanout.take_own,
            self._writer.stored,
            fanout.end_turn,
            lambda partition: self._hearing.on_silence(partition),
        )
        self._hearing = Hearing(
            settings.epoch,
            self._rooms,
            self._feed,
            self._sessions,
            self._presence,
            self.outbox,
            Mutes(self._table),
            self._people,
        )
        self._workspaces = Workspaces(self._rooms, self._feed)
        self._following = Following(
            settings.epoch,
            self._rooms,
            self._feed,
            self._log_reader,
            codec,
            self._presence,
            recent,
            fanout.render,
            blocks,
        )
        self._reads = Appender(settings.kafka, READS_TOPIC)
        marks = ReadMarks(
            settings.node,
            settings.epoch,
            self._rooms,
            self._log_reader,
            heads,
            self._reads,
            codecs.chat_reads,
            Markers(self._valkey),
            self._signals,
        )
        own = OwnFacts(settings.node, self._rooms, self._reads, codecs.chat_reads, self._signals)
        self._limits = RateLimits() if settings.rate_limits == "on" else None
        self.commands = Commands(
            self._writer,
            self._following,
            self._rooms,
            self._signals,
            self._presence,
            marks,
            own,
            verifier,
            self._limits,
            blocks,
        )
        probes: dict[str, Probe] = {
            "kafka": lambda: self._log_reader.heads([0]),
            "valkey": self._valkey.ping,
            "postgres": self._table.ping,
        }
        self.readiness = Readiness(probes, required=frozenset({"kafka"}))

    # Beginning and end.

    async def start(self) -> None:
        """Connect to everything; raises KafkaError, OSError or TimeoutError while Kafka is away."""
        await self._log_reader.start()
        heads = await self._log_reader.heads(range(PARTITIONS))
        self._lanes.heads[:] = [heads[p] for p in range(PARTITIONS)]
        await self._lanes.start()
        await self._signals.start()
        await self._table.start()
        await self._people.start()
        for work in (
            self._listener.run(),
            self._lease.renew_for_ever(),
            self._feed.watch(),
            self._people.watch(),
            self._tick_for_ever(),
            self.readiness.watch(),
        ):
            self._spawn(work)
        await self.readiness.look()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        task.add_done_callback(self._on_end_of_task)
        self._tasks.append(task)

    def _on_end_of_task(self, task: asyncio.Task[None]) -> None:
        """These tasks go on for ever; a node in which one has died is better started anew."""
        if not task.cancelled():
            _log.critical("a task of the node died", exc_info=task.exception())
            self.died = True
            self.told_to_stop.set()

    async def drain(self) -> None:
        """Send the clients elsewhere, finish what was begun, and end."""
        self.readiness.draining = True
        self._lease.lease = Lease(self._lease.lease.name, self._lease.lease.url, draining=True)
        await self._lease.renew()
        goodbye = encode_frame(Reconnect(int(DRAIN_S * 1_000)))
        for session in self._sessions:
            session.write(goodbye)
        await self._until(lambda: not self._sessions, DRAIN_S)
        await self._until(lambda: self._writer.is_idle, 1.0)
        for session in self._sessions:
            session.close(CloseCode.DRAINING, "this node drains; reconnect and resume")
        await self._until(lambda: not self._sessions, _LAST_WORDS_S)
        await self.stop()

    async def _until(self, done: Callable[[], bool], timeout_s: float) -> None:
        deadline = self._loop.time() + timeout_s
        while not done() and self._loop.time() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.02)

    async def stop(self) -> None:
        """Disconnect from everything."""
        await tasks.end(self._tasks)
        await self._signals.stop()
        await self._lanes.stop()
        await self._reads.stop()
        await self._lease.give_up()
        await self._log_reader.stop()
        await self._people.stop()
        await self._table.stop()
        await self._keys.close()
        await self._valkey.aclose()

    # Sessions.

    def opened(self, session: Session) -> None:
        """A client has connected."""
        self._sessions.add(session)
        metrics.WS_CONNECTIONS_ACTIVE.inc()
        hello = Hello(self._settings.node, session.user, session.session_id)
        session.write(encode_frame(hello))
        if not session.token.is_bridge:
            self._presence.open_session(session.user)
        if session.user in self._people.blocks.erased:  # a token may outlive its account
            session.close(CloseCode.SESSION_REVOKED, ACCOUNT_GONE)

    def ended(self, session: Session) -> None:
        """A client has gone."""
        self._sessions.discard(session)
        metrics.WS_CONNECTIONS_ACTIVE.dec()
        self._following.end(session)
        if not session.token.is_bridge:
            self._presence.close_session(session.user, session.presence)

    async def _tick_for_ever(self) -> None:
        tidied_at = self._loop.time()
        while True:
            await asyncio.sleep(_TICK_S)
            now, wall = self._loop.time(), time.time()
            try:
                for session in self._sessions:
                    session.tick(now, wall)
                self._writer.expire(now, self._feed.late(now - ANSWER_WITHIN_S))
                self.commands.count()
                self._count()
                if now - tidied_at > _TIDY_S:
                    tidied_at = now
                    self._rooms.let_go_of_idle(now)
                    if self._limits is not None:
                        self._limits.forget_full(now)
            except Exception:
                _log.exception("housekeeping failed and goes on")

    def _count(self) -> None:
        """Bring the gauges up to date that nothing on a message's way sets."""
        metrics.PRODUCE_PENDING_BYTES.set(self._lanes.pending_bytes)
        metrics.ROOMS_LOADED.set(len(self._rooms))
        metrics.DELIVERY_LAG.clear()
        for partition, events in self._feed.lag().items():
            metrics.DELIVERY_LAG.labels(str(partition)).set(events)

    def _on_detach(self, state: RoomState) -> None:
        self._presence.detach(state)
        self._feed.let_go(state)
