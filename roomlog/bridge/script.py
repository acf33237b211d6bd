"""From recorded actions to the commands that replay them. Pure.

Every id follows from the bridge, the room, the line and the sender, so the same import gives the same events
however often it runs, and a reply knows its parent's event id before that was sent.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b
from types import MappingProxyType
from typing import Any, NamedTuple

from roomlog import ids
from roomlog.bridge.actions import Action

BLANK = "\u200b"
"""Posted after a text of only blanks: nodes refuse empty messages, and readers see an empty one."""
_OWN = "roomlog"
_PLAIN = re.compile(r"[A-Za-z0-9_.-]{1,40}")


class Step(NamedTuple):
    """A command (without its number), the event it leads to, and whether the record only implies it."""

    command: dict[str, Any]
    event_id: str
    implied: bool = False


class Bridge(NamedTuple):
    """Who plays an import: `name` tells apart people of the same name from different systems.

    `people` are those who have accounts of their own: user ids by name.
    """

    name: str
    people: Mapping[str, str] = MappingProxyType({})

    @property
    def account(self) -> str:
        """The account that creates the rooms and signs the token."""
        return ids.bridge_user_id(_OWN, self.name)

    @property
    def registration(self) -> dict[str, Any]:
        """The request to `PUT /bridge/users` that makes that account."""
        return {"bridge": _OWN, "names": [self.name]}

    def person(self, sender: str) -> str:
        """Return the account of somebody who appears in the record."""
        name = sender.strip()
        return self.people.get(name) or ids.bridge_user_id(self.name, name)


class RoomScript:
    """One room on its way through its record: who is in it, and which events later ones point at.

    `start` is the time of its first action, `parents` are the lines that are answered somewhere.
    """

    def __init__(self, bridge: Bridge, room: str, start: datetime, parents: set[int]) -> None:
        self._bridge, self._parents = bridge, parents
        self._prefix = f"import:{_token(room)}"
        self.room_id = ids.room_id(bridge.account, self._prefix)
        self.create = {
            "op": "create",
            "key": self._prefix,
            "name": room,
            "kind": "public",
            "at": start,
        }
        self._members: set[str] = set()
        self._events: dict[int, str] = {}
        self.parents_missing = self.replies = self.blanks = self.no_ops = 0

    def steps(self, action: Action) -> list[Step]:
        """Return the commands of the room's next action.

        None for a join of a member and a leave of somebody who is none; before the first word of one who
        never joined, a join that the record implies.
        """
        sender = self._bridge.person(action.sender)
        key = f"{self._prefix}:{action.line}"
        inside = sender in self._members
        if action.kind in ("join", "leave"):
            if inside is (action.kind == "join"):
                self.no_ops += 1
                return []
            return [self._step(action, {"op": action.kind}, sender, key)]
        say = self._step(action, {"op": "send", **self._said(action)}, sender, key)
        if inside:
            return [say]
        return [self._step(action, {"op": "join"}, sender, f"{key}:join", implied=True), say]

    def _step(
        self, action: Action, fields: dict[str, Any], sender: str, key: str, implied: bool = False
    ) -> Step:
        if fields["op"] == "join":
            self._members.add(sender)
        elif fields["op"] == "leave":
            self._members.discard(sender)
        event = ids.event_id(sender, self.room_id, key)
        if not implied and action.line in self._parents:
            self._events[action.line] = event
        command = {**fields, "room": self.room_id, "key": key, "as": sender, "at": action.at}
        return Step(command, event, implied)

    def _said(self, action: Action) -> dict[str, Any]:
        text = action.text or ""
        if action.kind == "action":
            text = f"/me {text}"
        elif action.kind == "rename":
            text = f"/me is now known as {text}"
        elif not text.strip():
            self.blanks += 1
            text += BLANK
        return {"text": text, **self._reply(action.reply_to)}

    def _reply(self, line: int | None) -> dict[str, str]:
        if line is None:
            return {}
        if (parent := self._events.get(line)) is None:
            self.parents_missing += 1
            return {}
        self.replies += 1
        return {"reply_to": parent}


def _token(room: str) -> str:
    """Return a room's name as a part of idempotency keys; the colon keeps digests apart from names."""
    if _PLAIN.fullmatch(room):
        return room
    return f"x:{blake2b(room.encode(), digest_size=12).hexdigest()}"
