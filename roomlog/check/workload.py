"""Many people in a few rooms, at a steady rate, everything from one seed; the history is recorded."""

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import Any

from roomlog import ids
from roomlog.check.history import Fail, Info, Invoke, Ok, Stalled, Writer, now_ns
from roomlog.check.person import Person, Seat
from roomlog.check.repertoire import HABITS, OPERATIONS, Command
from roomlog.check.waiting import wait_until
from roomlog.client import ConnectionEnded
from roomlog.errors import RETRYABLE, ErrorCode, Refused
from roomlog.protocol.frames import Ack

GIVE_UP_S = 30.0
_TICK_S = 0.005
_STALL_S = 0.05
_MOST_IN_FLIGHT = 20_000
_ROOM_SIZE = 5
_TURN_S = 10.0
"""After so long a `leave` or `join` without a visible effect is thought of no more."""


class Workload:
    """Drives people; `messages` is the number of `send` operations, `rate` operations a second."""

    def __init__(
        self,
        people: Sequence[Person],
        texts: Sequence[str],
        rng: random.Random,
        recorder: Writer,
        on_progress: Callable[[int], None],
    ) -> None:
        self._people, self._texts, self._rng = list(people), texts, rng
        self._by_user = {p.user: p for p in people}
        self._recorder, self._on_progress = recorder, on_progress
        self._loop = asyncio.get_running_loop()
        self._number = 0
        self._open: dict[int, float] = {}
        self._follows: dict[tuple[str, str], asyncio.Task[None]] = {}
        """User and room -> the attempt to follow it that is under way."""
        self._weights = {kind: o.weight for kind, o in OPERATIONS.items()} | {
            kind: weight for kind, (weight, _) in HABITS.items()
        }
        self.rooms: list[str] = []
        self.sent = 0

    # Rooms.

    async def make_rooms(self, count: int) -> None:
        """Create the rooms, each with a few members, and have these follow them."""
        for number in range(count):
            members = self._rng.sample(self._people, min(_ROOM_SIZE, len(self._people)))
            await self._make_room(number, members)

    async def _make_room(self, number: int, members: list[Person]) -> None:
        creator, key = members[0], ids.new_id()
        others = [p.user for p in members[1:]]
        room = ids.room_id(creator.user, key)
        body = {"name": f"check {number}", "kind": "public", "members": others}
        done = asyncio.Event()
        self._issue(creator, {"op": "create", "key": key, **body}, room, lambda _ok: done.set())
        await asyncio.wait_for(done.wait(), 2 * GIVE_UP_S)
        creator.seat(room).owner = True
        self.rooms.append(room)
        await asyncio.gather(*(self._follow(p, room) for p in members))

    async def _follow(self, person: Person, room: str) -> None:
        """Follow a room of which the person should be a member; if not, or at the end of all, they are out."""
        seat = person.seat(room)
        while room not in person.cursors:
            try:
                await person.subscribe(room)
            except Refused as refused:
                if refused.code in RETRYABLE:
                    await asyncio.sleep((refused.retry_after_ms or 500) / 1000)
                    continue
                seat.turn("out", self._loop.time())
                return
            except ConnectionEnded:
                return
        seat.turn("in", self._loop.time())

    def _follow_soon(self, person: Person, room: str) -> None:
        key = (person.user, room)
        if key not in self._follows:
            task = self._loop.create_task(self._follow(person, room))
            self._follows[key] = task
            task.add_done_callback(lambda _: self._follows.pop(key))

    # The stream of operations.

    async def run(self, messages: int, rate: float) -> None:
        """Issue operations until so many messages were sent."""
        began, issued = self._loop.time(), 0
        swept = began
        while self.sent < messages:
            due_at = self._loop.time() + _TICK_S
            await asyncio.sleep(_TICK_S)
            now = self._loop.time()
            if now - due_at > _STALL_S:
                self._recorder.write(Stalled(now_ns(), int((now - due_at) * 1_000)))
            due = min(int((now - began) * rate) - issued, int(rate))
            if len(self._open) > _MOST_IN_FLIGHT:
                due = 0
            for _ in range(max(0, due)):
                if self.sent < messages:
                    self._step()
            issued = int((now - began) * rate)
            if now - swept > 1.0:
                swept = now
                self._sweep(now)
                self._on_progress(self.sent)

    def _step(self) -> None:
        """Let somebody do something; where it is not possible just now, somebody posts instead."""
        kind = self._rng.choices(list(self._weights), list(self._weights.values()))[0]
        for attempt in (kind, "send", "send", "send"):
            person = self._rng.choice(self._people)
            seat = person.seat(
                self._rng.choice(self.rooms if attempt == "join" else self._of(person))
            )
            if attempt in HABITS:
                HABITS[attempt][1](self._rng, person, seat)
                return
            text = f"{self._rng.choice(self._texts)} #{self._number + 1}"
            command = OPERATIONS[attempt].make(self._rng, person, seat, text)
            if command is not None and person.connected:
                self._issue(person, {**command, "key": ids.new_id()}, seat.room)
                return

    def _of(self, person: Person) -> list[str]:
        return list(person.seats) or self.rooms

    def _issue(
        self,
        person: Person,
        command: Command,
        room: str,
        on_done: Callable[[bool | None], None] = lambda _ok: None,
    ) -> None:
        self._number += 1
        number, kind = self._number, command["op"]
        body = {k: v for k, v in command.items() if k not in ("op", "key")}
        self._recorder.write(
            Invoke(now_ns(), person.name, person.user, number, kind, room, command["key"], body)
        )
        sent = command if kind == "create" else {**command, "room": room}
        self.sent += kind == "send"
        self._open[number] = self._loop.time()
        seat = person.seat(room)
        if kind == "join":
            seat.turn("entering", self._loop.time())
        elif kind == "leave":
            seat.turn("leaving", self._loop.time())
        attempt = _Attempt(self, person, sent, number, seat, on_done)
        attempt.send()

    def close(self, number: int, outcome: Ok | Fail | Info) -> bool:
        """Record the outcome of an operation; False where it had one before."""
        if self._open.pop(number, None) is None:
            return False
        self._recorder.write(outcome)
        return True

    def _sweep(self, now: float) -> None:
        """Give up what is not answered, and let go of changes of membership that did not show."""
        for number, since in list(self._open.items()):
            if now - since < GIVE_UP_S:
                break
            self.close(number, Info(now_ns(), number, "timeout"))
        for person in self._people:
            for seat in person.seats.values():
                if seat.membership in ("entering", "leaving") and now - seat.since > _TURN_S:
                    self._follow_soon(person, seat.room)

    # Outcomes.

    def on_ok(self, person: Person, command: dict[str, Any], seat: Seat) -> None:
        """Do what a person does once a command took effect."""
        match command["op"]:
            case "join":
                self._follow_soon(person, seat.room)
            case "invite" if invited := self._by_user.get(command["user"]):
                if invited.seat(seat.room).membership == "out":
                    self._follow_soon(invited, seat.room)

    def on_refused(self, command: dict[str, Any], seat: Seat, refused: Refused) -> None:
        """Do what a person does once a command was refused."""
        if refused.code is ErrorCode.BAD_REQUEST and refused.message.startswith("op:"):
            self._weights.pop(command["op"], None)  # the node does not know it yet
        elif refused.code is ErrorCode.NOT_A_MEMBER and seat.membership == "in":
            seat.turn("leaving", self._loop.time())  # removed; the frame that says so is on its way
        elif command["op"] in ("join", "leave"):
            seat.turn("out" if command["op"] == "join" else "in", self._loop.time())

    async def drain(self) -> None:
        """Wait for the operations that are under way; what is open then has an unknown outcome."""
        await wait_until(lambda: not self._open, GIVE_UP_S)
        for number in list(self._open):
            self.close(number, Info(now_ns(), number, "timeout"))
        if self._follows:
            await asyncio.wait(self._follows.values(), timeout=GIVE_UP_S)


class _Attempt:
    """One operation on its way, tried again under the same key while the node says that this helps."""

    def __init__(
        self,
        workload: Workload,
        person: Person,
        command: dict[str, Any],
        number: int,
        seat: Seat,
        on_done: Callable[[bool | None], None],
    ) -> None:
        self._workload, self._person, self._command = workload, person, command
        self._number, self._seat, self._on_done = number, seat, on_done
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._connects = person.connects
        self._doubtful = False
        """Whether a try before this one may have taken effect."""

    def send(self) -> None:
        """Try."""
        self._person.submit(self._command).add_done_callback(self._on_reply)

    def _on_reply(self, future: "asyncio.Future[Ack]") -> None:
        if future.cancelled():
            self._finish(Info(now_ns(), self._number, "cancelled"), None)
            return
        match future.exception():
            case None:
                ack = future.result()
                self._finish(Ok(now_ns(), self._number, ack.event, ack.cursor), True)
                if ack.event is not None:
                    self._person.keep_said(self._number, self._command)
            case Refused() as refused:
                self._on_refused(refused)
            case ConnectionEnded() as ended:
                self._finish(Info(now_ns(), self._number, str(ended)), None)
            case error:
                raise error

    def _on_refused(self, refused: Refused) -> None:
        self._doubtful |= refused.code is ErrorCode.UNAVAILABLE
        self._doubtful |= self._person.connects != self._connects
        if refused.code in RETRYABLE and self._loop.time() - self._began < GIVE_UP_S:
            self._loop.call_later((refused.retry_after_ms or 200) / 1000, self.send)
            return
        code = refused.code.value
        if self._doubtful:  # a member perhaps, or none any more: what comes of the room tells
            self._finish(Info(now_ns(), self._number, f"{code}, but tried before"), None)
            return
        self._workload.on_refused(self._command, self._seat, refused)
        self._finish(Fail(now_ns(), self._number, code, refused.message), False)

    def _finish(self, outcome: Ok | Fail | Info, done: bool | None) -> None:
        if self._workload.close(self._number, outcome) and done:
            self._workload.on_ok(self._person, self._command, self._seat)
        self._on_done(done)
