"""What clients say they display in the end, against the log. Pure."""

from itertools import pairwise

from roomlog.check import screen
from roomlog.check.history import Shown
from roomlog.check.screen import Message
from roomlog.check.tracks import Track
from roomlog.check.verdict import Verdict

Line = tuple[str, str | None, dict[str, list[str]]]


def lines_of(shown: screen.Screen) -> list[Line]:
    """Return the messages of a screen in the form of `Shown`."""
    return [_line(message) for message in shown.messages.values()]


def judge(shown: Shown, track: Track, verdict: Verdict) -> None:
    """Compare one display with the fold of what the log holds for this client since its last start."""
    segment, log = track.segment, track.log
    due = set(log.must_see(track.user, segment.start, segment.end))
    due -= {o for o in due for low, high in segment.excused if low < o <= high}
    told = screen.fold(log.events[o] for o in sorted(due | _came(track)))
    where = f"{shown.client} (user {track.user}), room {shown.room}"
    _judge_messages(shown, told, where, verdict)
    if others := (told.members.keys() ^ set(shown.members)) - {track.user}:
        what = f"shows other members than the log has: {sorted(others)}"
        verdict.add("disagreement", what, where)
    if others := told.pins.keys() ^ set(shown.pins):
        what = f"shows other pinned messages than the log has: {sorted(others)}"
        verdict.add("disagreement", what, where)


def _came(track: Track) -> set[int]:
    """Return what came and was allowed to: the client's own entering and leaving may or may not."""
    return {o for o in track.segment.received if track.log.may_see(track.user, o)}


def _judge_messages(shown: Shown, told: screen.Screen, where: str, verdict: Verdict) -> None:
    seen: set[str] = set()
    for line in shown.messages:
        if line[0] in seen:
            verdict.add("duplicate", "shown twice", f"{where}, message {line[0]}", line)
        seen.add(line[0])
        message = told.messages.get(line[0])
        if message is None:
            verdict.add("phantom", "shown, and not in the log", f"{where}, message {line[0]}", line)
        elif _sorted(_line(message)) != _sorted(line):
            what = "shown otherwise than the log has it"
            verdict.add("disagreement", what, f"{where}, message {line[0]}", (line, message))
    for missing in told.messages.keys() - seen:
        what = "not shown in the end"
        verdict.add("lost", what, f"{where}, message {missing}", told.messages[missing])
    _judge_order([line[0] for line in shown.messages], list(told.messages), where, verdict)


def _judge_order(shown: list[str], told: list[str], where: str, verdict: Verdict) -> None:
    position = {message: n for n, message in enumerate(told)}
    known = [m for m in dict.fromkeys(shown) if m in position]
    for one, other in pairwise(known):
        if position[one] > position[other]:
            verdict.add("order", f"shown above {other}", f"{where}, message {one}")


def _line(message: Message) -> Line:
    return message.id, message.text, message.reactions or {}


def _sorted(line: Line) -> tuple[str, str | None, dict[str, list[str]]]:
    return line[0], line[1], {emoji: sorted(users) for emoji, users in line[2].items()}
