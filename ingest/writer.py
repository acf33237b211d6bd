"""Writes from their command to their ack.

Every write goes the same way, so that those of one room stay in their order: the room is loaded; the
event id is reserved, all writes of a turn in one call; the command is decided on the room as it will be
when everything before it is in the log; the event goes into its partition's lane; and when the log has
it, the ack goes out. A write whose event may be in the log already waits for the answer, and the room's
later writes wait behind it.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial

from ingest.answers import acknowledge, refuse, unavailable
from ingest.deciding import decide
from ingest.doubt import Doubt
from ingest.files import Files
from ingest.keys import Keys, Reservation
from ingest.lanes import Lanes
from ingest.recent import RecentEvents
from ingest.reserving import Pace, Reserving
from ingest.resolver import UNKNOWN, Resolver
from ingest.rooms import MOVES_ROOM, Parked, Rooms, RoomState
from ingest.targets import Targets
from ingest.tracing import TracedWrite
from ingest.workspaces import OnWorkspace
from ingest.writes import Reply, Target, Write
from roomlog import ids, metrics
from roomlog.errors import ErrorCode, Refused
from roomlog.events import Body, ChatEvent, MessageFlagged, MessageRestored
from roomlog.moderation import UNSEEN
from roomlog.notifications import concerned, headers
from roomlog.partitions import partition_of
from roomlog.protocol.commands import CreateRoom, PostMessage, RoomCommand, TargetCommand
from roomlog.protocol.moderation import ReportMessage
from roomlog.relations import Blocks
from roomlog.rooms import Room, room_of, scope_of
from roomlog.times import micros
from roomlog.tracing import Tracing
from roomlog.workspaces import needs_workspace
from schemas.codec import ChatEventCodec

MAX_EVENT_BYTES = 256 * 1024
"""Far below the topic's `max.message.bytes`."""
NOT_THERE = -1
_log = logging.getLogger(__name__)


class Writer:
    """Takes writes and answers each exactly once."""

    def __init__(
        self,
        node: str,
        epoch: int,
        rooms: Rooms,
        keys: Keys,
        doubt: Doubt,
        lanes: Lanes,
        resolver: Resolver,
        targets: Targets,
        files: Files,
        recent: RecentEvents,
        codec: ChatEventCodec,
        find_workspace: Callable[[str, OnWorkspace], None],
        blocks: Blocks,
        pace: Pace = Pace(),  # noqa: B008 - frozen
        tracing: Tracing | None = None,
    ) -> None:
        self._node, self._epoch = node, epoch
        self._rooms, self._lanes = rooms, lanes
        self._resolver, self._targets, self._files = resolver, targets, files
        self._recent, self._codec = recent, codec
        self._find_workspace, self._blocks = find_workspace, blocks
        self._tracing = tracing
        self._loop = asyncio.get_running_loop()
        self._in_flight: dict[str, Write] = {}
        """Event id -> its write, from the reservation to the ack."""
        self._reserving = Reserving(keys, doubt, lanes.heads, self._in_flight, self._take, pace)

    @property
    def is_idle(self) -> bool:
        """Whether every write has been answered."""
        return self._reserving.is_idle and not self._in_flight and self._lanes.is_idle

    def submit(self, command: RoomCommand, reply: Reply, sender: str, via: str | None) -> None:
        """Take a command; its one answer goes to `reply`. Raises Refused."""
        if self._lanes.is_full:
            raise unavailable("too much waits for the log; try again under the same key")
        creates = type(command) is CreateRoom
        room_id = room_of(sender, command) if creates else command.room  # type: ignore[union-attr, arg-type]
        state = self._rooms.get(room_id) or self._rooms.open(room_id, may_be_new=creates)
        state.used_at = now = self._loop.time()
        event_id = ids.event_id(sender, room_id, command.key)
        write = Write(command, reply, room_id, event_id, sender, via, now)
        if self._tracing is not None and self._tracing.chooses(event_id):
            write.trace = TracedWrite(self._tracing, event_id, room_id, command.key)
        if state.loading is None:
            self._reserving.add(write)
            return
        state.may_be_new |= creates
        if not state.waiting:
            state.loading.add_done_callback(lambda task: self._loaded(state, task))
        state.waiting.append(write)

    def _loaded(self, state: RoomState, task: "asyncio.Task[None]") -> None:
        waiting, state.waiting = state.waiting, []
        error = None if task.cancelled() else task.exception()
        for write in waiting:
            if task.cancelled() or error is not None:
                refuse(write, error if isinstance(error, Refused) else unavailable())
            else:
                self._reserving.add(write)

    # Reserved.

    def _take(self, write: Write, held: Reservation | None) -> None:
        """Go on with a write whose id is reserved, or held by an earlier one."""
        state = self._rooms.get(write.room_id)
        if state is None:
            if held is None:
                self._reserving.release(write)
            refuse(write, unavailable())
            return
        item = Parked(write, held)
        if held is not None and held.digest == write.digest and not self._is_known(write):
            item.lookups += 1
            self._resolver.find(write, held, partial(self._resolved, state, item))
        if type(write.command) is not PostMessage:
            self._look_up(state, item)
        else:
            if write.command.attachments:
                item.lookups += 1
                self._files.find(write, partial(self._looked_up, state, item))
            if state.scope is None and state.view.workspace:
                self._look_for_scope(state, item)
        if not item.lookups and state.parked is None:
            self._go_on(state, item)
        elif state.parked is None:
            state.parked = deque([item])
        else:
            state.parked.append(item)

    def _is_known(self, write: Write) -> bool:
        return write.event_id in self._in_flight or self._recent.get(write.event_id) is not None

    def _resolved(self, state: RoomState, item: Parked, offset: int | None) -> None:
        item.write.offset = NOT_THERE if offset is None else offset
        self._looked_up(state, item)

    def _look_up(self, state: RoomState, item: Parked) -> None:
        write = item.write
        if isinstance(write.command, TargetCommand):
            self._look_for_target(state, item, write.command.event)
            if state.scope is None and state.view.workspace:
                self._look_for_scope(state, item)
        if workspace := needs_workspace(write.command, state.view, write.sender):
            item.lookups += 1
            self._find_workspace(workspace, partial(self._found_workspace, state, item))

    def _found_workspace(
        self, state: RoomState, item: Parked, workspace: RoomState | Refused
    ) -> None:
        item.write.workspace = workspace
        self._looked_up(state, item)

    def _look_for_scope(self, state: RoomState, item: Parked) -> None:
        """The first who says something in a room here waits until the node knows what its workspace forbids."""
        item.lookups += 1
        self._find_workspace(state.view.workspace, partial(self._found_scope, state, item))

    def _found_scope(self, state: RoomState, item: Parked, scope: RoomState | Refused) -> None:
        if isinstance(scope, Refused):
            item.write.workspace = scope
        else:
            state.belong_to(scope)
        self._looked_up(state, item)

    def _look_for_target(self, state: RoomState, item: Parked, event_id: str) -> None:
        item.write.target = self._targets.get(state, event_id)
        if item.write.target is None:
            item.lookups += 1
            self._targets.find(state, event_id, partial(self._found, state, item))

    def _found(self, state: RoomState, item: Parked, target: Target | None) -> None:
        item.write.target = target
        self._looked_up(state, item)

    def _looked_up(self, state: RoomState, item: Parked) -> None:
        item.lookups -= 1
        parked = state.parked
        while parked and not parked[0].lookups:
            self._go_on(state, parked.popleft())
        if not parked:
            state.parked = None

    def _go_on(self, state: RoomState, item: Parked) -> None:
        write, held = item.write, item.held
        if held is not None and held.digest != write.digest:
            told = "key: it belongs to a command with another body; choose a new key"
            refuse(write, Refused(ErrorCode.KEY_REUSED, told))
        elif (first := self._in_flight.get(write.event_id)) is not None:
            first.also = [*(first.also or ()), (write.reply, write.command.id)]
        elif (known := self._recent.get(write.event_id)) is not None and held is None:
            # Valkey has lost the key, or is away. The new one is given up: whoever looks for the event from
            # where that begins will not find it.
            self._reserving.release(write)
            self._answer_known(state, write, known)
        elif known is not None:
            self._known(state, write, known)
        elif write.offset >= 0:
            self._known(state, write, write.offset)
        elif write.offset == UNKNOWN:
            refuse(write, unavailable())
        else:
            self._decide(state, write)

    def _known(self, state: RoomState, write: Write, offset: int) -> None:
        """The log has the event that an earlier write reserved."""
        self._in_flight[write.event_id] = write
        self._answer_known(state, write, offset)

    def _answer_known(self, state: RoomState, write: Write, offset: int) -> None:
        """The log has the event; the answer waits only for what is ahead in the lane."""
        write.offset = offset
        if offset > state.room.last_offset and type(write.command) is not PostMessage:
            with suppress(Refused):
                if type(body := self._body(state, write)) not in UNSEEN:
                    self._promise(state, write, body)
        self._lanes.put(state.partition, write)

    # Deciding.

    def _decide(self, state: RoomState, write: Write) -> None:
        try:
            body = self._body(state, write)
            if body is not None:
                write.value = self._encode(state.view, write, body)
                if write.command.at is None:  # what happened long ago is news to nobody
                    write.headers = headers(concerned(state.view, write.sender, body))
                if write.trace is not None:
                    write.headers = write.trace.with_header(write.headers)
                self._promise(state, write, body)
        except Refused as refused:
            self._reserving.release(write)
            refuse(write, refused)
            return
        except (ValueError, OverflowError) as error:
            told = f"it cannot be written: {error}"
            self._reserving.release(write)
            refuse(write, Refused(ErrorCode.BAD_REQUEST, told))
            return
        if body is None:
            self._reserving.release(write)
            write.event_id = ""
            write.offset = NOT_THERE if state.ahead else state.room.last_offset
        else:
            self._in_flight[write.event_id] = write
        self._lanes.put(state.partition, write)
        if write.flagged:
            self._flag(state, write)

    def _flag(self, state: RoomState, about: Write) -> None:
        """Let moderators know of words in what is being written, right behind it."""
        key = ids.derived_id("flag", about.event_id)
        message = about.event_id if type(about.command) is PostMessage else about.command.event  # type: ignore[union-attr]
        words = ", ".join(about.flagged)
        command = ReportMessage(
            id=0, key=key, room=about.room_id, event=message, reason=words, at=about.command.at
        )
        event_id = ids.event_id(about.sender, about.room_id, key)
        write = Write(
            command, None, about.room_id, event_id, about.sender, about.via, about.received_at
        )
        write.value = self._encode(state.view, write, MessageFlagged(message, words))
        self._in_flight[event_id] = write
        self._lanes.put(state.partition, write)

    def _body(self, state: RoomState, write: Write) -> Body | None:
        command, target = write.command, None
        if type(command) is PostMessage:
            at = command.at
            now = 0 if not state.is_moderated else _now() if at is None else micros(at)
            return decide(state, write, target, now, self._blocks)
        if isinstance(command, TargetCommand):
            # Deleted since it was looked up? What passed through this node meanwhile tells.
            target = self._targets.get(state, command.event)
            target = target or self._on_its_way(write.room_id, command.event) or write.target
            target = self._as_it_will_be(state, command.event, target)
        return decide(state, write, target, _now(), self._blocks)

    def _on_its_way(self, room_id: str, event_id: str) -> Target | None:
        """Return a message that this node is about to write."""
        write = self._in_flight.get(event_id)
        if write is None or type(write.command) is not PostMessage or write.room_id != room_id:
            return None
        return Target(write.sender)

    def _as_it_will_be(
        self, state: RoomState, message: str, target: Target | None
    ) -> Target | None:
        """Return a message as it is after what is on its way to it."""
        fate = state.fate_of(message)
        if fate is None or target is None:
            return target
        event_id, body = fate
        if type(body) is MessageRestored:
            return Target(target.author)
        write = self._in_flight.get(event_id)
        return Target(target.author, "" if write is None else write.sender)

    def _promise(self, state: RoomState, write: Write, body: Body | None) -> None:
        if body is not None and type(body) in MOVES_ROOM:
            state.promise(write.event_id, body)

    def _encode(self, room: Room, write: Write, body: Body) -> bytes:
        at = write.command.at
        event = ChatEvent(
            write.event_id,
            write.room_id,
            scope_of(room, body),
            write.sender,
            write.command.key,
            _now() if at is None else micros(at),
            self._node,
            body,
            write.via,
            None if write.trace is None else write.trace.encoding(write.room_id),
        )
        write.event, value = event, self._codec.encode(event)
        if len(value) > MAX_EVENT_BYTES:  # one record that is too large spoils the whole producer
            told = f"the event has {len(value)} bytes; at most {MAX_EVENT_BYTES} are allowed"
            raise Refused(ErrorCode.TOO_LARGE, told)
        return value

    # Answering.

    def stored(self, writes: list[Write]) -> None:
        """The log has these writes, in this order, and this node has everything before them."""
        epoch, in_flight, recent = self._epoch, self._in_flight, self._recent
        for write in writes:
            if write.event_id:
                in_flight.pop(write.event_id, None)
                recent.put(write.event_id, write.offset)
                if self._is_void(write):
                    self._refuse_void(write)
                    continue
            elif write.offset == NOT_THERE:  # it changes nothing because of what was just written
                write.offset = self._lanes.heads[partition_of(write.room_id)] - 1
            acknowledge(write, epoch)
            if write.trace is not None:
                write.trace.answered(partition_of(write.room_id), write.offset)
        if writes:
            metrics.ACK_SECONDS.add(self._loop.time() - writes[0].received_at, len(writes))

    def _is_void(self, write: Write) -> bool:
        state = self._rooms.get(write.room_id)
        return state is not None and write.offset in state.room.void

    def _refuse_void(self, write: Write) -> None:
        """It is in the log after the removal of its sender, which another node wrote meanwhile."""
        state = self._rooms.get(write.room_id)
        if state is not None and state.room.is_watched and write.sender in state.room.members:
            told = "a moderator forbade it before it came into the log; its key is used up"
            refuse(write, Refused(ErrorCode.FORBIDDEN, told))
            return
        told = "you were removed before it came into the log; once a member again, choose a new key"
        refuse(write, Refused(ErrorCode.NOT_A_MEMBER, told))

    def dropped(self, writes: list[Write]) -> None:
        """These writes are not in the log and will not be; whoever waited was told already or is now."""
        for write in writes:
            self._in_flight.pop(write.event_id, None)
            if (state := self._rooms.get(write.room_id)) is not None:
                state.settle(write.event_id)
                state.spoken.pop(write.sender, None)

    def expire(self, now: float, held: Iterable[Write]) -> None:
        """Tell those who wait for too long that the log does not answer; `held` are such that it has."""
        for write in (*self._lanes.expire(now), *held):
            refuse(write, unavailable())


def _now() -> int:
    return time.time_ns() // 1_000
