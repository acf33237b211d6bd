"""The read models and their offsets against the log. Pure."""

from roomlog.check import screen
from roomlog.check.facts import Evidence, MessageRow
from roomlog.check.logs import RoomLog
from roomlog.check.screen import Message, Screen
from roomlog.check.verdict import Verdict


def judge(
    evidence: Evidence, logs: dict[str, RoomLog], acked: dict[str, int], verdict: Verdict
) -> None:
    """Compare every table with what the log folds to."""
    rows = _by_room(evidence, verdict)
    for room, log in logs.items():
        told = screen.fold(log.events[o] for o in log.offsets)
        _judge_messages(log, told, rows.messages.pop(room, {}), acked, verdict)
        _judge_members(room, told, rows.members.pop(room, {}), verdict)
        _judge_reactions(room, told, rows.reactions.pop(room, set()), verdict)
        _judge_pins(room, told, rows.pins.pop(room, {}), verdict)
    for room in (
        rows.messages.keys() | rows.members.keys() | rows.reactions.keys() | rows.pins.keys()
    ):
        verdict.add("phantom", "rows of a room that is not in the log", f"room {room}")
    _judge_rooms(evidence, logs, verdict)
    _judge_places(evidence, verdict)


class _Rows:
    """The rows by room."""

    def __init__(self) -> None:
        self.messages: dict[str, dict[str, MessageRow]] = {}
        self.members: dict[str, dict[str, str]] = {}
        self.reactions: dict[str, set[tuple[str, str, str]]] = {}
        self.pins: dict[str, dict[str, str]] = {}


def _by_room(evidence: Evidence, verdict: Verdict) -> _Rows:
    rows = _Rows()
    for row in evidence.messages:
        if rows.messages.setdefault(row.room, {}).setdefault(row.id, row) is not row:
            where = f"room {row.room}, message {row.id}, offset {row.offset}"
            verdict.add("duplicate", "two rows of one message", where, row)
    for member in evidence.members:
        known = rows.members.setdefault(member.room, {})
        if member.user in known:
            where = f"room {member.room}, user {member.user}"
            verdict.add("duplicate", "two rows of one member", where, member)
        known[member.user] = member.role
    for reaction in evidence.reactions:
        found = rows.reactions.setdefault(reaction.room, set())
        key = (reaction.id, reaction.emoji, reaction.user)
        if key in found:
            verdict.add("duplicate", "two rows of one reaction", f"message {reaction.id}", reaction)
        found.add(key)
    for pin in evidence.pins:
        pinned = rows.pins.setdefault(pin.room, {})
        if pin.id in pinned:
            verdict.add("duplicate", "two rows of one pin", f"message {pin.id}", pin)
        pinned[pin.id] = pin.by
    return rows


def _judge_messages(
    log: RoomLog,
    told: Screen,
    rows: dict[str, MessageRow],
    acked: dict[str, int],
    verdict: Verdict,
) -> None:
    for message in told.messages.values():
        place = log.places[message.id]
        where = f"room {log.room}, offset {place}, message {message.id}"
        row = rows.pop(message.id, None)
        if row is None:
            how = "acked" if message.id in acked else "in the log"
            verdict.add("lost", f"{how}, and no row", where, log.events[place])
        elif difference := _difference(message, place, row):
            verdict.add(
                "disagreement", f"row and log differ in {difference}", where, (row, message)
            )
    for row in rows.values():
        where = f"room {row.room}, offset {row.offset}, message {row.id}"
        verdict.add("phantom", "a row of what is not in the log", where, row)


def _difference(message: Message, place: int, row: MessageRow) -> str:
    # An edit that came before its message's deletion may or may not have left its mark on the row.
    pairs = {
        "offset": (place, row.offset),
        "sender": (message.sender, row.sender),
        "text": (message.text, row.text),
        "reply_to": (message.reply_to, row.reply_to),
        "deleted": (message.deleted, row.deleted),
        "edited": (message.edited or row.deleted, row.edited or row.deleted),
    }
    return ", ".join(name for name, (ours, theirs) in pairs.items() if ours != theirs)


def _judge_members(room: str, told: Screen, rows: dict[str, str], verdict: Verdict) -> None:
    for user in told.members.keys() | rows.keys():
        ours, theirs = told.members.get(user), rows.get(user)
        if ours == theirs:
            continue
        counter = "disagreement" if ours and theirs else "lost" if ours else "phantom"
        told_roles = f"by the log {ours or 'no member'}, by the row {theirs or 'no member'}"
        verdict.add(counter, told_roles, f"room {room}, user {user}")


def _judge_reactions(
    room: str, told: Screen, rows: set[tuple[str, str, str]], verdict: Verdict
) -> None:
    ours = {
        (message.id, emoji, user)
        for message in told.messages.values()
        for emoji, users in (message.reactions or {}).items()
        for user in users
    }
    for message_id, emoji, user in ours - rows:
        where = f"room {room}, message {message_id}, user {user}"
        verdict.add("lost", f"reaction {emoji} has no row", where)
    for message_id, emoji, user in rows - ours:
        where = f"room {room}, message {message_id}, user {user}"
        verdict.add("phantom", f"a row of reaction {emoji} that the log does not have", where)


def _judge_pins(room: str, told: Screen, rows: dict[str, str], verdict: Verdict) -> None:
    for message in told.pins.keys() | rows.keys():
        ours, theirs = told.pins.get(message), rows.get(message)
        if ours == theirs:
            continue
        counter = "disagreement" if ours and theirs else "lost" if ours else "phantom"
        what = f"pinned by {ours or 'nobody'} in the log, by {theirs or 'nobody'} in the row"
        verdict.add(counter, what, f"room {room}, message {message}")


def _judge_rooms(evidence: Evidence, logs: dict[str, RoomLog], verdict: Verdict) -> None:
    rows = {row.room: row for row in evidence.rooms}
    for room, log in logs.items():
        if not log.offsets:
            continue
        row = rows.get(room)
        if row is None:
            verdict.add("lost", "the room has no row", f"room {room}")
            continue
        told = screen.fold(log.events[o] for o in log.offsets)
        pairs = {
            "name": (told.name, row.name),
            "messages": (len(told.messages), row.messages),
            "members": (len(told.members), row.members),
        }
        different = {name: both for name, both in pairs.items() if both[0] != both[1]}
        if not log.offsets[-1] <= row.last_offset <= max(log.events):
            different["last_offset"] = (log.offsets[-1], row.last_offset)
        for name, (ours, theirs) in different.items():
            what = f"{name} is {ours} by the log, {theirs} in the row"
            verdict.add("disagreement", what, f"room {room}", row)


def _judge_places(evidence: Evidence, verdict: Verdict) -> None:
    for place in evidence.places:
        if place.stored != place.end:
            what = f"stored is {place.stored}, last applied + 1 is {place.end}"
            verdict.add("offset", what, f"{place.by}, partition {place.partition}")
