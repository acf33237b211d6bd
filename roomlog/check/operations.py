"""Operations against the log: acked ones are there once and as sent, refused ones are not. Pure."""

from collections import Counter
from sys import intern
from typing import Any

from msgspec import Struct
from msgspec.structs import force_setattr

from roomlog.check.facts import LogEvent
from roomlog.check.history import Fail, Info, Invoke, Ok, offset_of
from roomlog.check.logs import RoomLog
from roomlog.check.verdict import Verdict

_SAME_FIELDS = {
    "send": ("text", "reply_to"),
    "edit": ("event", "text"),
    "delete": ("event",),
    "undelete": ("event",),
    "pin": ("event",),
    "unpin": ("event",),
    "react": ("event", "emoji"),
    "unreact": ("event", "emoji"),
    "kick": ("user",),
    "invite": ("user",),
    "role": ("user", "role"),
    "rename": ("name", "topic", "language"),
    "create": ("name", "kind"),
}
"""Kind of operation -> fields that the event in the log has as the command had them."""


_REPEATED = ("client", "user", "kind", "room")
"""Fields of an invocation that have few values: a million records share them."""


class Operation(Struct, gc=False):
    """An invoked operation and what became of it: `Ok`, `Fail`, or None for unknown."""

    invoke: Invoke
    outcome: Ok | Fail | None = None


class Operations:
    """All operations of a history."""

    def __init__(self) -> None:
        self._by_number: dict[int, Operation] = {}
        self._by_key: dict[tuple[str, str, str], Operation] = {}
        self.acked_at: dict[str, int] = {}
        """Event id -> when it was acked."""
        self._again: list[tuple[Operation, Ok]] = []
        """Acks of commands that had been acked before."""

    def take(self, record: Invoke | Ok | Fail | Info) -> None:
        """Note the next record; an outcome after the first changes nothing, but an ack is kept."""
        if isinstance(record, Invoke):
            for name in _REPEATED:
                force_setattr(record, name, intern(getattr(record, name)))
            operation = Operation(record)
            self._by_number[record.op] = operation
            self._by_key[record.room, record.user, record.key] = operation
            return
        found = self._by_number.get(record.op)
        if found is None or isinstance(record, Info):
            return
        if found.outcome is not None:
            if isinstance(record, Ok) and isinstance(found.outcome, Ok):
                self._again.append((found, record))
            return
        found.outcome = record
        if isinstance(record, Ok) and record.event is not None:
            self.acked_at.setdefault(record.event, record.at)

    def judge(self, logs: dict[str, RoomLog], verdict: Verdict) -> None:
        """Compare all operations with the log."""
        for operation in self._by_number.values():
            if isinstance(operation.outcome, Ok):
                _judge_acked(operation.invoke, operation.outcome, logs, verdict)
        for operation, ok in self._again:
            _judge_again(operation, ok, logs, verdict)
        for log in logs.values():
            self._judge_log(log, verdict)
        self._count(verdict)

    def _judge_log(self, log: RoomLog, verdict: Verdict) -> None:
        by_key: dict[tuple[str, str], str] = {}
        for offset in log.offsets:
            event = log.events[offset]
            if (other := by_key.setdefault((event.sender, event.key), event.id)) != event.id:
                verdict.add("duplicate", f"one key, two events: {other} too", _place(event), event)
            operation = self._by_key.get((log.room, event.sender, event.key))
            if operation is None:
                verdict.add("phantom", "in the log, and never sent", _place(event), event)
            elif isinstance(operation.outcome, Fail):
                what = f"in the log, though op {operation.invoke.op} was refused"
                verdict.add("phantom", what, _place(event), operation.outcome)
            else:
                _judge_content(operation.invoke, event, verdict)

    def _count(self, verdict: Verdict) -> None:
        outcomes: Counter[str] = Counter()
        refusals: Counter[str] = Counter()
        for operation in self._by_number.values():
            is_message = operation.invoke.kind == "send"
            verdict.figures.sent += is_message
            match operation.outcome:
                case Ok(event=event):
                    outcomes["acked"] += 1
                    verdict.figures.messages += is_message and event is not None
                case Fail(code=code):
                    outcomes["refused"] += 1
                    refusals[f"{operation.invoke.kind}: {code}"] += 1
                case None:
                    outcomes["unknown"] += 1
        verdict.figures.operations = dict(outcomes)
        verdict.figures.refusals = dict(refusals)


def _judge_acked(invoke: Invoke, ok: Ok, logs: dict[str, RoomLog], verdict: Verdict) -> None:
    if ok.event is None:
        return
    where = f"room {invoke.room}, op {invoke.op} of {invoke.client}, acked at {ok.cursor}"
    log = logs.get(invoke.room)
    if log is None or ok.event not in log.places:
        verdict.add("lost", f"acked {invoke.kind} is not in the log", where, invoke)
    elif ok.cursor is not None and offset_of(ok.cursor) != log.places[ok.event]:
        there = log.events.get(offset_of(ok.cursor))
        if there is None or there.id != ok.event:
            what = f"the ack names a place where the log holds {there.id if there else 'nothing'}"
            verdict.add("disagreement", what, where, ok)


def _judge_again(operation: Operation, ok: Ok, logs: dict[str, RoomLog], verdict: Verdict) -> None:
    """Compare the ack of a repeated command with the first."""
    invoke, first = operation.invoke, operation.outcome
    if isinstance(first, Ok) and ok.event not in (None, first.event):
        where = f"room {invoke.room}, op {invoke.op} of {invoke.client}"
        verdict.add("duplicate", "said again, it led to another event", where, (first, ok))
    else:
        _judge_acked(invoke, ok, logs, verdict)


def _judge_content(invoke: Invoke, event: LogEvent, verdict: Verdict) -> None:
    for name in _SAME_FIELDS.get(invoke.kind, ()):
        if _value(invoke.body, name) != _value(event.d, name):
            what = f"{name} is not what op {invoke.op} of {invoke.client} sent"
            verdict.add("disagreement", what, _place(event), f"{invoke.body} became {event.d}")


def _value(fields: dict[str, Any], name: str) -> Any:
    return fields.get(name) or None


def _place(event: LogEvent) -> str:
    return f"partition {event.partition}, offset {event.offset}, room {event.room}"
