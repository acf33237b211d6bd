"""The rooms that a node has taken up: each exactly as the log says, from the position it was loaded at.

A room is taken up when somebody on this node follows it or writes to it, and let go when nobody did for
some minutes. From then on every event of the room reaches the node (see `ingest.feed`).
"""

import asyncio
import itertools
import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from copy import copy
from typing import TYPE_CHECKING

import psycopg
import psycopg_pool

from ingest.followers import Followers
from ingest.kafka import LogReader, LogUnavailable
from ingest.keys import Reservation
from ingest.postgres import RoomTable
from ingest.recent import RecentEvents
from ingest.writes import Write
from roomlog import ids
from roomlog.errors import ErrorCode, Refused
from roomlog.events import (
    Body,
    ChatEvent,
    HookCreated,
    HookRevoked,
    InviteCreated,
    InviteRevoked,
    MemberInvited,
    MemberJoined,
    MemberLeft,
    MemberMuted,
    MemberRemoved,
    MemberRoleChanged,
    MemberUnbanned,
    MemberUnmuted,
    MessageDeleted,
    MessagePinned,
    MessageRestored,
    MessageUnpinned,
    RoomCreated,
    RoomRenamed,
    RoomSettingsChanged,
)
from roomlog.moderation import UNSEEN
from roomlog.partitions import PARTITIONS, partition_of
from roomlog.rooms import Room, apply, fold
from roomlog.signals import PresenceState
from schemas.codec import ChatEventCodec, PoisonRecord

if TYPE_CHECKING:
    from ingest.session import Session

ATTACHED_WITHIN_S = 0.3
IDLE_S = 180.0
_ATTACHED_AGAIN_S = 0.02
"""How long to wait for streams that did not answer the last time."""
_IDLE_NOWHERE_S = 10.0
MAX_ROOMS = 50_000
_LOAD_S = 8.0
_RETRY_MS = 500

MOVES_ROOM: frozenset[type[Body]] = frozenset(
    {
        HookCreated,
        HookRevoked,
        InviteCreated,
        InviteRevoked,
        MemberInvited,
        MemberJoined,
        MemberLeft,
        MemberMuted,
        MemberRemoved,
        MemberRoleChanged,
        MemberUnbanned,
        MemberUnmuted,
        MessageDeleted,
        MessagePinned,
        MessageRestored,
        MessageUnpinned,
        RoomCreated,
        RoomRenamed,
        RoomSettingsChanged,
        *UNSEEN,
    }
)
"""The facts that later commands of the room may be decided by."""
_log = logging.getLogger(__name__)
_numbers = itertools.count()


class Parked:
    """A write that waits: for what became of its own event, or behind one that waits for that."""

    __slots__ = ("held", "lookups", "write")

    def __init__(self, write: Write, held: Reservation | None) -> None:
        self.write = write
        self.held = held
        """Who reserved its event id before; None: nobody."""
        self.lookups = 0
        """What it still waits for itself."""


class Resume:
    """A session's way from its cursor to what is live."""

    __slots__ = ("held", "is_dropped", "is_removed")

    def __init__(self) -> None:
        self.held: list[bytes] = []
        """What came meanwhile."""
        self.is_removed = False
        """Whether its user was removed: it gets what is held and then nothing more."""
        self.is_dropped = False
        """Whether nobody waits for it any more."""

    def hold(self, data: bytes) -> None:
        """Keep frames until what was missed before them is sent."""
        if not self.is_removed:
            self.held.append(data)


class RoomState:
    """One room on this node, from when it is taken up until it is let go: that is its `number`.

    `room` is the room at `room.last_offset`, exactly. `view` is what commands are decided on: the same,
    and on top of it what this node is about to write (`ahead`), which the log will have before anything
    that is decided after it.
    """

    __slots__ = (
        "_settled",
        "ahead",
        "announced",
        "attached",
        "backlog",
        "dependents",
        "frames",
        "joining",
        "live",
        "loading",
        "may_be_new",
        "number",
        "parked",
        "partition",
        "presence",
        "room",
        "scope",
        "sessions",
        "spoken",
        "used_at",
        "users",
        "view",
        "waiting",
        "was_forgotten",
    )

    def __init__(self, room_id: str, now: float) -> None:
        self.partition = partition_of(room_id)
        self.number = next(_numbers)
        self.room = self.view = Room(room_id)
        self.ahead: dict[str, Body] = {}
        self._settled: asyncio.Future[None] | None = None
        self.live = False
        self.may_be_new = False
        """Whether it is kept even if it does not exist, because somebody here is about to make it."""
        self.attached = asyncio.Event()
        """Set while the streams are known to bring the room's events."""
        self.was_forgotten = False
        """Whether the streams forgot it while it was being loaded."""
        self.loading: asyncio.Task[None] | None = None
        self.waiting: list[Write] = []
        """Writes that wait until the room is loaded."""
        self.parked: deque[Parked] | None = None
        """Writes behind one whose outcome is being looked up."""
        self.backlog: list[tuple[int, bytes]] = []
        """Records that came while the room was being loaded."""
        self.sessions = Followers()
        self.joining: dict[Session, Resume] = {}
        """Sessions that are still being sent what they missed."""
        self.frames: list[bytes] = []
        """Rendered in this turn and not yet given to the sessions."""
        self.users: dict[str, int] = {}
        """User -> number of sessions here that follow the room."""
        self.announced: dict[str, PresenceState] | None = None
        """What the streams were told of `users`; None: nothing yet."""
        self.presence: dict[str, PresenceState] = {}
        self.used_at = now
        self.scope: RoomState | None = None
        """Its workspace, once somebody has said something: who is muted there, and which words it takes."""
        self.dependents = 0
        """Rooms here whose scope it is."""
        self.spoken: dict[str, int] = {}
        """In slow mode, when each member said something last that may still be on its way into the log."""

    @property
    def is_moderated(self) -> bool:
        """Whether what members say is decided by more than that they are members."""
        view, scope = self.view, self.scope
        if view.is_watched or view.filters:
            return True
        return scope is not None and bool(scope.view.muted or scope.view.filters)

    def promise(self, event_id: str, body: Body) -> None:
        """Take into account an event that is on its way into the log."""
        self.ahead[event_id] = body
        self._look_ahead()

    def settle(self, event_id: str) -> None:
        """An event that was on its way is in the log now, or never will be."""
        if self.ahead.pop(event_id, None) is not None:
            self._look_ahead()
            self._tell_settled()

    async def wait_until_settled(self) -> None:
        """Wait until one event that was on its way is in the log, or never will be."""
        if self._settled is None:
            self._settled = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._settled)

    def _tell_settled(self) -> None:
        if self._settled is not None:
            self._settled.set_result(None)
            self._settled = None

    def fate_of(self, message: str) -> tuple[str, MessageDeleted | MessageRestored] | None:
        """Return the last deletion or restoration of a message that is on its way into the log, and its id."""
        for event_id, body in reversed(self.ahead.items()):
            if isinstance(body, MessageDeleted | MessageRestored) and body.target_id == message:
                return event_id, body
        return None

    def fold(self, event: ChatEvent, offset: int) -> bool:
        """Move the room along its log by an event that may concern its members; tell if it counts."""
        took_effect = fold(self.room, event, offset)
        was_ahead = self.ahead.pop(event.event_id, None) is not None
        self._look_ahead()
        if was_ahead:
            self._tell_settled()
        return took_effect

    def _look_ahead(self) -> None:
        if not self.ahead:
            self.view = self.room
            return
        self.view = copy(self.room)
        self.view.members = dict(self.room.members)
        self.view.invites = dict(self.room.invites)
        self.view.pins = set(self.room.pins)
        self.view.muted, self.view.banned = dict(self.room.muted), set(self.room.banned)
        self.view.filters = dict(self.room.filters)
        for body in self.ahead.values():
            apply(self.view, body)

    @property
    def is_free(self) -> bool:
        """Whether nothing on this node needs the room right now."""
        busy = self.sessions or self.joining or self.waiting or self.ahead or self.loading
        return not busy and self.parked is None and not self.dependents

    def belong_to(self, scope: "RoomState") -> None:
        """Keep the room's workspace, so that this node hears of what holds there."""
        if self.scope is None:
            self.scope = scope
            scope.dependents += 1


class Rooms:
    """Loads rooms, keeps them, and lets them go.

    `on_attach` and `on_detach` tell the streams; `on_live` is called when a room is loaded, with the
    offset in its partition up to which it is complete.
    """

    def __init__(
        self,
        table: RoomTable,
        log: LogReader,
        codec: ChatEventCodec,
        recent: RecentEvents,
        on_attach: Callable[[RoomState], None],
        on_detach: Callable[[RoomState], None],
        on_live: Callable[[RoomState, int], None],
    ) -> None:
        self._table, self._log, self._codec, self._recent = table, log, codec, recent
        self._on_attach, self._on_detach, self._on_live = on_attach, on_detach, on_live
        self._rooms: dict[str, RoomState] = {}
        self._in_partition: list[dict[str, RoomState]] = [{} for _ in range(PARTITIONS)]
        self.some = asyncio.Event()
        """Set while there is any room here."""
        self._loop = asyncio.get_running_loop()
        self._patience_s = ATTACHED_WITHIN_S

    def __len__(self) -> int:
        return len(self._rooms)

    def __iter__(self) -> Iterator[RoomState]:
        return iter(self._rooms.values())

    def get(self, room_id: str) -> RoomState | None:
        """Return a room that this node has taken up."""
        return self._rooms.get(room_id)

    def of_partitions(self, partitions: Iterable[int]) -> Iterator[RoomState]:
        """Give the rooms of these partitions."""
        for partition in partitions:
            yield from list(self._in_partition[partition].values())

    def partitions(self) -> list[int]:
        """Return the partitions in which this node has rooms."""
        return [p for p, rooms in enumerate(self._in_partition) if rooms]

    def has_any(self, partition: int) -> bool:
        """Whether this node has rooms in the partition."""
        return bool(self._in_partition[partition])

    def open(self, room_id: str, *, may_be_new: bool = False) -> RoomState:
        """Return the room, which is being loaded where it is not live; raises Refused for a bad id.

        Wait for `loading` then, which raises Refused. `may_be_new`: keep it even if it does not exist.
        """
        state = self._rooms.get(room_id)
        if state is None:
            if not ids.is_id(room_id):
                raise no_such_room(room_id)
            state = RoomState(room_id, self._loop.time())
            self._rooms[room_id] = self._in_partition[state.partition][room_id] = state
            self.some.set()
            state.loading = self._loop.create_task(self._load(state))
            state.loading.add_done_callback(_retrieve)
        state.may_be_new |= may_be_new
        return state

    async def _load(self, state: RoomState) -> None:
        try:
            async with asyncio.timeout(_LOAD_S):
                at = await self._look_up(state)
        except (psycopg.Error, psycopg_pool.PoolTimeout, LogUnavailable, OSError) as error:
            _log.warning("room %s cannot be loaded: %r", state.room.room_id, error)
            self._remove(state)
            told = "the room cannot be looked up now; try again"
            raise Refused(ErrorCode.UNAVAILABLE, told, _RETRY_MS) from error
        except BaseException:
            self._remove(state)
            raise
        state.loading, state.live, state.view = None, True, state.room
        self._on_live(state, at)

    async def _look_up(self, state: RoomState) -> int:
        """Bring the room to the head of the log; return the head. Raises Refused for no room."""
        state.room, at = await self._table.load(state.room.room_id)
        if not state.room.exists and not state.may_be_new:
            at = await self._read_on(state, at)
            if not state.room.exists and not state.may_be_new:
                raise no_such_room(state.room.room_id)
        state.was_forgotten = False
        self._on_attach(state)
        await self._wait_until_attached(state)
        if not state.attached.is_set():
            # Known only after the head that is read to: what is in between nobody brings.
            state.was_forgotten = True
        return await self._read_on(state, at)

    async def _wait_until_attached(self, state: RoomState) -> None:
        try:
            async with asyncio.timeout(self._patience_s):
                await state.attached.wait()
        except TimeoutError:  # the streams are away; `ingest.feed` repairs when they are back
            self._patience_s = _ATTACHED_AGAIN_S
        else:
            self._patience_s = ATTACHED_WITHIN_S

    async def _read_on(self, state: RoomState, at: int) -> int:
        """Fold what the log has of the room from `at` to its head; return the head."""
        head = await self._log.head(state.partition)
        key = state.room.room_id.encode()
        async for records in self._log.read(state.partition, at, head):
            for record in records:
                if record.key == key and record.value is not None:
                    self._fold(state.room, record.value, record.offset)
        return max(at, head)

    def _fold(self, room: Room, value: bytes, offset: int) -> None:
        try:
            event = self._codec.decode(value)
            if not self._recent.is_repeat(event.event_id, offset):
                fold(room, event, offset)
        except PoisonRecord as error:
            place = {"room_id": room.room_id, "offset": offset}
            _log.warning("skipped: %s", error, extra=place)

    def _remove(self, state: RoomState) -> None:
        self._rooms.pop(state.room.room_id, None)
        self._in_partition[state.partition].pop(state.room.room_id, None)
        if not self._rooms:
            self.some.clear()
        if state.scope is not None:
            state.scope.dependents -= 1

    def let_go_of_idle(self, now: float) -> None:
        """Forget rooms that nobody here has used for a while."""
        crowded = len(self._rooms) > MAX_ROOMS
        for state in list(self._rooms.values()):
            patience = IDLE_S if state.room.exists and not crowded else _IDLE_NOWHERE_S
            if state.is_free and now - state.used_at > patience:
                self._remove(state)
                self._on_detach(state)


def no_such_room(room_id: str) -> Refused:
    """Return the one answer for a room that is not there and for one that the asker may not know of."""
    return Refused(ErrorCode.NO_SUCH_ROOM, f"no room {room_id}")


def _retrieve(task: "asyncio.Task[None]") -> None:
    if not task.cancelled():
        task.exception()  # told to everybody who waits for it; it may be nobody
