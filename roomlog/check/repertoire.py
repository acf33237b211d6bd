"""What simulated people do, as data: kind of operation -> how often, and how the command is made.

A maker gets the random numbers, the person, their seat in a room and a text that is unique in the run; it
returns the command, or None where there is nothing of that kind to do just now. Operations that a node does
not know yet are dropped from a run when it says so.
"""

import random
from collections.abc import Callable
from typing import Any, NamedTuple

from roomlog.check.person import Person, Seat

EMOJIS = ("👍", "❤️", "😂", "🎉", "👀", "+1")
Command = dict[str, Any]
Maker = Callable[[random.Random, Person, Seat, str], Command | None]


class Operation(NamedTuple):
    """How often in relation to the others, and how it is made."""

    weight: float
    make: Maker


def _send(rng: random.Random, _person: Person, seat: Seat, text: str) -> Command | None:
    if seat.membership != "in":
        return None
    answered = rng.choice(seat.recent)[0] if seat.recent and rng.random() < 0.2 else None
    return {"op": "send", "text": text, **({"reply_to": answered} if answered else {})}


def _trespass(_rng: random.Random, _person: Person, seat: Seat, text: str) -> Command | None:
    return {"op": "send", "text": text} if seat.membership == "out" else None


def _own(rng: random.Random, person: Person, seat: Seat) -> str | None:
    own = [event for event, sender in seat.recent if sender == person.user]
    return rng.choice(own) if own and seat.membership == "in" else None


def _edit(rng: random.Random, person: Person, seat: Seat, text: str) -> Command | None:
    target = _own(rng, person, seat)
    return {"op": "edit", "event": target, "text": text} if target else None


def _delete(rng: random.Random, person: Person, seat: Seat, _text: str) -> Command | None:
    target = _own(rng, person, seat)
    if target is None:
        return None
    seat.deleted.append(target)
    return {"op": "delete", "event": target}


def _undelete(rng: random.Random, _person: Person, seat: Seat, _text: str) -> Command | None:
    if seat.membership != "in" or not seat.deleted:
        return None
    return {"op": "undelete", "event": rng.choice(seat.deleted)}


def _pin(rng: random.Random, _person: Person, seat: Seat, _text: str) -> Command | None:
    if seat.membership != "in" or not seat.recent:
        return None
    target = rng.choice(seat.recent)[0]
    seat.pinned.append(target)
    return {"op": "pin", "event": target}


def _unpin(rng: random.Random, _person: Person, seat: Seat, _text: str) -> Command | None:
    if seat.membership != "in" or not seat.pinned:
        return None
    return {"op": "unpin", "event": rng.choice(seat.pinned)}


def _react(rng: random.Random, _person: Person, seat: Seat, _text: str) -> Command | None:
    if seat.membership != "in" or not seat.recent:
        return None
    target, emoji = rng.choice(seat.recent)[0], rng.choice(EMOJIS)
    seat.reacted.append((target, emoji))
    return {"op": "react", "event": target, "emoji": emoji}


def _unreact(rng: random.Random, _person: Person, seat: Seat, _text: str) -> Command | None:
    if seat.membership != "in" or not seat.reacted:
        return None
    target, emoji = rng.choice(seat.reacted)
    return {"op": "unreact", "event": target, "emoji": emoji}


def _join(_rng: random.Random, _person: Person, seat: Seat, _text: str) -> Command | None:
    return {"op": "join"} if seat.membership == "out" else None


def _leave(_rng: random.Random, _person: Person, seat: Seat, _text: str) -> Command | None:
    return {"op": "leave"} if seat.membership == "in" and not seat.owner else None


def _other(rng: random.Random, person: Person, seat: Seat) -> str | None:
    others = sorted({sender for _, sender in seat.recent} - {person.user})
    return rng.choice(others) if others and seat.owner and seat.membership == "in" else None


def _kick(rng: random.Random, person: Person, seat: Seat, _text: str) -> Command | None:
    user = _other(rng, person, seat)
    return {"op": "kick", "user": user} if user else None


def _invite(rng: random.Random, person: Person, seat: Seat, _text: str) -> Command | None:
    user = _other(rng, person, seat)
    return {"op": "invite", "user": user} if user else None


def _role(rng: random.Random, person: Person, seat: Seat, _text: str) -> Command | None:
    user = _other(rng, person, seat)
    return (
        {"op": "role", "user": user, "role": rng.choice(("member", "moderator"))} if user else None
    )


def _rename(_rng: random.Random, _person: Person, seat: Seat, text: str) -> Command | None:
    if not seat.owner or seat.membership != "in":
        return None
    return {"op": "rename", "name": text[-60:]}


OPERATIONS: dict[str, Operation] = {
    "send": Operation(100, _send),
    "trespass": Operation(1, _trespass),
    "edit": Operation(6, _edit),
    "delete": Operation(2, _delete),
    "undelete": Operation(1, _undelete),
    "pin": Operation(0.6, _pin),
    "unpin": Operation(0.5, _unpin),
    "react": Operation(8, _react),
    "unreact": Operation(2, _unreact),
    "join": Operation(2, _join),
    "leave": Operation(1, _leave),
    "kick": Operation(0.3, _kick),
    "invite": Operation(0.3, _invite),
    "role": Operation(0.2, _role),
    "rename": Operation(0.2, _rename),
}


def _typing(_rng: random.Random, person: Person, seat: Seat) -> None:
    if seat.membership == "in":
        person.typing(seat.room)


def _again(rng: random.Random, person: Person, _seat: Seat) -> None:
    person.say_again(rng)


def _move(_rng: random.Random, person: Person, _seat: Seat) -> None:
    person.move()


def _offline(rng: random.Random, person: Person, _seat: Seat) -> None:
    person.go_offline(rng.uniform(1, 6))


def _pause(rng: random.Random, person: Person, _seat: Seat) -> None:
    person.pause(rng.uniform(1, 5))


HABITS: dict[str, tuple[float, Callable[[random.Random, Person, Seat], None]]] = {
    "typing": (2, _typing),
    "again": (3, _again),
    "move": (0.15, _move),
    "offline": (0.05, _offline),
    "pause": (0.05, _pause),
}
"""What writes nothing (new) to the log: kind -> how often (as in OPERATIONS), and the deed."""
