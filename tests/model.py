"""Rooms as plain dictionaries: what the protocol's document says that a command leads to.

Written without a look at the nodes' code, so that both can be compared. Commands and details are in the
form of the wire.
"""

from dataclasses import dataclass, field
from typing import Any

Fact = tuple[str, dict[str, Any]]
"""Type and details of the event that a command leads to."""
MODERATES = ("owner", "moderator")
NOWHERE = "00000000-0000-4000-8000-000000000000"


class Refusal(Exception):
    """The error code that a command is answered with."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class Event:
    """An event of a room's log; `seen_by` are those who were members before or after it."""

    type: str
    d: dict[str, Any]
    id: str
    sender: str
    cursor: str
    seen_by: frozenset[str]


@dataclass
class Room:
    """A room: what is shown of it, and its log."""

    id: str
    kind: str
    name: str
    members: dict[str, str]
    cursor: str
    """Of its last event."""
    topic: str = ""
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    log: list[Event] = field(default_factory=list)

    def answer(self, user: str, command: dict[str, Any]) -> Fact | str | None:
        """Return what a command leads to, None where nothing changes, or the code of its error."""
        try:
            return self._decide(user, command)
        except Refusal as refusal:
            return refusal.code

    def _decide(self, user: str, command: dict[str, Any]) -> Fact | None:
        if self.kind != "public" and user not in self.members:
            raise Refusal("no_such_room")
        op = command["op"]
        if op == "join":
            return None if user in self.members else ("MemberJoined", {"user": user})
        if op == "leave":
            return self._leave(user)
        if user not in self.members:
            raise Refusal("not_a_member")
        rule = getattr(self, f"_{op}")
        fact: Fact | None = rule(user, command)
        return fact

    def _leave(self, user: str) -> Fact | None:
        if user not in self.members:
            return None
        others = self.kind != "direct" and len(self.members) > 1
        if others and self._owners() == [user]:
            raise Refusal("forbidden")
        return "MemberLeft", {"user": user}

    def _owners(self) -> list[str]:
        return [user for user, role in self.members.items() if role == "owner"]

    def _send(self, _user: str, command: dict[str, Any]) -> Fact:
        if not command["text"].strip():
            raise Refusal("bad_request")
        return "MessagePosted", {k: command[k] for k in ("text", "reply_to") if k in command}

    def _target(self, command: dict[str, Any]) -> dict[str, Any]:
        message = self.messages.get(command["event"])
        if message is None or message["deleted"]:
            raise Refusal("bad_request")
        return message

    def _edit(self, user: str, command: dict[str, Any]) -> Fact:
        if self._target(command)["sender"] != user:
            raise Refusal("forbidden")
        if not command["text"].strip():
            raise Refusal("bad_request")
        return "MessageEdited", {"event": command["event"], "text": command["text"]}

    def _delete(self, user: str, command: dict[str, Any]) -> Fact:
        if self._target(command)["sender"] != user and self.members[user] not in MODERATES:
            raise Refusal("forbidden")
        return "MessageDeleted", {"event": command["event"]}

    def _react(self, _user: str, command: dict[str, Any]) -> Fact:
        self._target(command)
        if " " in command["emoji"]:
            raise Refusal("bad_request")
        return "ReactionAdded", {"event": command["event"], "emoji": command["emoji"]}

    def _unreact(self, user: str, command: dict[str, Any]) -> Fact:
        return "ReactionRemoved", self._react(user, command)[1]

    def _invite(self, user: str, command: dict[str, Any]) -> Fact | None:
        self._not_direct()
        if self.kind == "private" and self.members[user] not in MODERATES:
            raise Refusal("forbidden")
        if command["user"] in self.members:
            return None
        return "MemberInvited", {"user": command["user"]}

    def _kick(self, user: str, command: dict[str, Any]) -> Fact | None:
        self._not_direct()
        other = command["user"]
        if self.members[user] not in MODERATES:
            raise Refusal("forbidden")
        if other == user:
            raise Refusal("bad_request")
        if self.members.get(other) == "owner" and self.members[user] != "owner":
            raise Refusal("forbidden")
        return ("MemberRemoved", {"user": other}) if other in self.members else None

    def _role(self, user: str, command: dict[str, Any]) -> Fact | None:
        self._not_direct()
        other, role = command["user"], command["role"]
        if self.members[user] != "owner":
            raise Refusal("forbidden")
        if other not in self.members:
            raise Refusal("bad_request")
        if self.members[other] == role:
            return None
        if self._owners() == [other]:
            raise Refusal("forbidden")
        return "MemberRoleChanged", {"user": other, "role": role}

    def _not_direct(self) -> None:
        if self.kind == "direct":
            raise Refusal("forbidden")

    def _rename(self, user: str, command: dict[str, Any]) -> Fact:
        if self.members[user] not in MODERATES:
            raise Refusal("forbidden")
        if len({"name", "topic", "language"} & command.keys()) != 1:
            raise Refusal("bad_request")
        if "language" in command:
            return "RoomLanguageChanged", {"language": command["language"]}
        if "topic" in command:
            return "RoomTopicChanged", {"topic": command["topic"]}
        return "RoomRenamed", {"name": command["name"]}

    def append(self, fact: Fact, event: str, sender: str, cursor: str) -> None:
        """Take up an event that the log has now."""
        before = set(self.members)
        show(self.__dict__, fact, event, sender)
        seen_by = frozenset(before | set(self.members))
        self.cursor = cursor
        self.log.append(Event(*fact, event, sender, cursor, seen_by))


def show(room: dict[str, Any], fact: Fact, event: str, sender: str) -> None:
    """Change what is shown of a room (`members`, `name`, `topic`, `messages`) by an event."""
    kind, d = fact
    members, messages = room["members"], room["messages"]
    match kind:
        case "MessagePosted":
            plain = {"edited": False, "deleted": False, "reactions": {}}
            messages[event] = {
                "sender": sender,
                "text": d["text"],
                "reply_to": d.get("reply_to"),
                **plain,
            }
        case "MessageEdited":
            messages[d["event"]].update(text=d["text"], edited=True)
        case "MessageDeleted":
            messages[d["event"]].update(text=None, deleted=True, reactions={})
        case "ReactionAdded":
            messages[d["event"]]["reactions"].setdefault(d["emoji"], set()).add(sender)
        case "ReactionRemoved":
            users = messages[d["event"]]["reactions"].get(d["emoji"], set())
            users.discard(sender)
            if not users:
                messages[d["event"]]["reactions"].pop(d["emoji"], None)
        case "MemberJoined" | "MemberInvited":
            members[d["user"]] = "member"
        case "MemberLeft" | "MemberRemoved":
            del members[d["user"]]
        case "MemberRoleChanged":
            members[d["user"]] = d["role"]
        case "RoomRenamed":
            room["name"] = d["name"]
        case "RoomTopicChanged":
            room["topic"] = d["topic"]
        case "RoomLanguageChanged":
            pass  # it shows in what a search finds
        case _:
            raise AssertionError(f"the model does not know {kind}")
