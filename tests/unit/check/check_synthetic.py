"""A small run that went well, made up: three people, two rooms, every kind of event, one resume."""

from dataclasses import dataclass, field
from typing import Any

from roomlog.check import screen
from roomlog.check.facts import (
    Evidence,
    LogEvent,
    MemberRow,
    MessageRow,
    PinRow,
    Place,
    ReactionRow,
    RoomRow,
)
from roomlog.check.history import (
    CaughtUp,
    Connected,
    Disconnected,
    Fail,
    Fault,
    Frame,
    Healed,
    Info,
    Invoke,
    Ok,
    Received,
    Record,
    Settling,
    Shown,
    Subscribed,
)
from roomlog.check.logs import by_room
from roomlog.check.shown import lines_of

TYPES = {
    "create": "RoomCreated",
    "send": "MessagePosted",
    "edit": "MessageEdited",
    "delete": "MessageDeleted",
    "undelete": "MessageRestored",
    "pin": "MessagePinned",
    "unpin": "MessageUnpinned",
    "react": "ReactionAdded",
    "unreact": "ReactionRemoved",
    "join": "MemberJoined",
    "leave": "MemberLeft",
    "kick": "MemberRemoved",
    "rename": "RoomRenamed",
}
MS = 1_000_000


@dataclass
class Run:
    """What is being recorded; `step` is the number of the last operation."""

    records: list[Record] = field(default_factory=list)
    evidence: Evidence = field(default_factory=Evidence)
    step: int = 0
    now: int = 1_000 * MS
    next: dict[str, int] = field(default_factory=dict)
    last: dict[str, int] = field(default_factory=dict)
    listeners: dict[str, list[str]] = field(default_factory=dict)
    got: dict[tuple[str, str], list[Frame]] = field(default_factory=dict)

    def tick(self, ms: int = 1) -> int:
        self.now += ms * MS
        return self.now

    def invoke(self, user: str, kind: str, room: str, body: dict[str, Any]) -> Invoke:
        self.step += 1
        key = f"k{self.step}"
        record = Invoke(self.tick(), f"c-{user}", user, self.step, kind, room, key, body)
        self.records.append(record)
        return record

    def do(self, user: str, kind: str, room: str, /, ack: bool = True, **body: Any) -> LogEvent:
        """Carry out an operation: into the log, acked, to every listener."""
        invoke = self.invoke(user, kind, room, body)
        event = self.store(invoke)
        outcome: Record = (
            Ok(self.tick(), invoke.op, event.id, f"1:{event.offset}")
            if ack
            else Info(self.tick(), invoke.op, "timeout")
        )
        self.records.append(outcome)
        for listener in self.listeners.get(room, []):
            self.deliver(listener, event)
        return event

    def store(self, invoke: Invoke) -> LogEvent:
        d = dict(invoke.body)
        if invoke.kind in ("join", "leave"):
            d = {"user": invoke.user}
        partition = int(invoke.room[1:])
        offset = self.next.get(invoke.room, 0)
        self.next[invoke.room] = offset + 2  # other rooms of the partition lie in between
        event = LogEvent(
            partition, offset, invoke.room, TYPES[invoke.kind], f"e{self.step}", invoke.user,
            "2026-01-02T03:04:05.678Z", invoke.key, d,
        )  # fmt: skip
        self.evidence.log.append(event)
        return event

    def deliver(self, user: str, event: LogEvent) -> None:
        room = event.room
        before = max(
            (e.offset for e in self.evidence.log if e.room == room and e.offset < event.offset),
            default=-1,
        )
        frame = Frame(
            room, f"1:{event.offset}", f"1:{before}", event.type, event.id, event.sender,
            event.ts, event.key, event.d,
        )  # fmt: skip
        self.got.setdefault((user, room), []).append(frame)
        self.records.append(Received(self.tick(), f"c-{user}", frame))

    def connect(self, user: str, node: str) -> None:
        self.records.append(Connected(self.tick(), f"c-{user}", user, node))

    def subscribe(self, user: str, room: str) -> None:
        start = f"1:{self.next[room] - 2}"
        self.records.append(Subscribed(self.tick(), f"c-{user}", room, None, start))
        self.listeners.setdefault(room, []).append(user)
        self.got[user, room] = []

    def resume(self, user: str, room: str) -> None:
        frames = self.got[user, room]
        cursor = frames[-1].cursor
        self.records.append(Subscribed(self.tick(), f"c-{user}", room, cursor, cursor))
        self.listeners[room].append(user)
        for event in self.evidence.log:
            if (
                event.room == room
                and f"1:{event.offset}" > cursor
                and event.offset > int(cursor[2:])
            ):
                self.deliver(user, event)
        self.records.append(CaughtUp(self.tick(), f"c-{user}", room, frames[-1].cursor))


def good_run() -> Run:
    """Return a run in which everything is right, with its rows and screens."""
    run = Run()
    for user, node in (("ann", "n1"), ("bob", "n2"), ("eve", "n1")):
        run.connect(user, node)
    members = [{"user_id": u, "role": "owner" if u == "ann" else "member"} for u in ("ann", "bob")]
    for room in ("r1", "r2"):
        run.do("ann", "create", room, name=room, kind="public", members=members)
        run.subscribe("ann", room)
        run.subscribe("bob", room)
    first = run.do("ann", "send", "r1", text="first #1")
    second = run.do("bob", "send", "r1", text="second #2", reply_to=first.id)
    run.do("eve", "join", "r1")
    run.subscribe("eve", "r1")
    third = run.do("eve", "send", "r1", text="third #3")
    run.do("ann", "send", "r2", text="elsewhere #4")
    run.do("ann", "edit", "r1", event=first.id, text="first, edited #5")
    run.do("bob", "react", "r1", event=third.id, emoji="+1")
    run.do("ann", "react", "r1", event=third.id, emoji="+1")
    run.do("ann", "unreact", "r1", event=third.id, emoji="+1")
    run.do("ann", "pin", "r1", event=first.id)
    run.do("bob", "pin", "r1", event=third.id)
    run.do("ann", "unpin", "r1", event=third.id)
    run.do("ann", "pin", "r1", event=second.id)
    run.do("bob", "delete", "r1", event=second.id)
    run.do("bob", "undelete", "r1", event=second.id)
    fourth = run.do("ann", "send", "r1", ack=False, text="unknown outcome #6")
    never = run.invoke("bob", "send", "r1", {"text": "timed out and never stored #7"})
    run.records.append(Info(run.tick(), never.op, "timeout"))
    refused = run.invoke("ann", "send", "r2", {"text": "refused #8"})
    run.records.append(Fail(run.tick(), refused.op, "rate_limited"))
    run.records.append(Fault(run.tick(), "kill-ingest", ["ingest-2"]))
    for room in ("r1", "r2"):
        run.listeners[room].remove("bob")
    run.do("ann", "delete", "r1", event=fourth.id)
    run.do("ann", "send", "r1", text="while bob was away #9")
    run.records.append(Disconnected(run.tick(), "c-bob", "1006"))
    run.connect("bob", "n1")
    run.resume("bob", "r1")
    run.resume("bob", "r2")
    run.records.append(Healed(run.tick()))
    run.do("ann", "kick", "r1", user="eve")
    run.listeners["r1"].remove("eve")
    run.do("bob", "rename", "r1", name="r1 renamed")
    run.do("ann", "send", "r1", text="last #10")
    run.records.append(Settling(run.tick()))
    rest(run)
    return run


def rest(run: Run) -> None:
    """Fill in rows, offsets and screens as they are when everything worked."""
    for (user, room), frames in run.got.items():
        shown = screen.fold(frames)
        lines, members = lines_of(shown), sorted(shown.members)
        pins = sorted(shown.pins)
        run.records.append(Shown(run.tick(), f"c-{user}", room, lines, members, pins))
    for room, log in by_room(run.evidence.log).items():
        told = screen.fold(log.events[o] for o in log.offsets)
        for m in told.messages.values():
            run.evidence.messages.append(
                MessageRow(
                    room, log.places[m.id], m.id, m.sender, m.text, m.reply_to, m.edited, m.deleted
                )
            )
            for emoji, users in (m.reactions or {}).items():
                run.evidence.reactions += [ReactionRow(room, m.id, emoji, u) for u in users]
        run.evidence.pins += [PinRow(room, message, by) for message, by in told.pins.items()]
        run.evidence.members += [MemberRow(room, u, role) for u, role in told.members.items()]
        counts = len(told.members), len(told.messages)
        run.evidence.rooms.append(RoomRow(room, told.name, log.offsets[-1], *counts))
        end = log.offsets[-1] + 1
        run.evidence.places.append(Place(int(room[1:]), end, end))
