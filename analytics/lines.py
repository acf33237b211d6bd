"""An event as a line for people: when, where, who, what. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from analytics.rows import Row

_SHORT = 8


class Narrator:
    """Puts rows into words; learns the names of rooms from the events that give them.

    `users` are names by id; who is not there is called by the beginning of the id.
    """

    def __init__(self, users: Mapping[str, str]) -> None:
        self._users = users
        self._rooms: dict[str, str] = {}

    def line(self, row: Row) -> str:
        """Return `2026-01-02 03:04:05  tea  ada: hello`, without anything that a terminal obeys."""
        body = msgspec.json.decode(row.body)
        if row.type in ("RoomCreated", "RoomRenamed"):
            self._rooms[row.room_id] = body["name"]
        when = datetime.fromtimestamp(row.ts / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S")
        room = self._rooms.get(row.room_id, row.room_id[:_SHORT])
        return printable(f"{when}  {room}  {self._said(row, body)}")

    def _said(self, row: Row, body: dict[str, object]) -> str:
        who = self._name(row.sender_id)
        whom = self._name(str(body.get("user", row.sender_id)))
        match row.type:
            case "MessagePosted":
                text = body["text"] if isinstance(body["text"], str) else "(sealed)"
                if text.startswith("/me "):
                    return f"* {who} {text[4:]}"
                return f"{who}: {text}"
            case "MessageEdited":
                text = body["text"] if isinstance(body["text"], str) else "(sealed)"
                return f"{who} edited {str(body['event'])[:_SHORT]}: {text}"
            case "MemberJoined" | "MemberLeft":
                return f"{whom} {'joined' if row.type == 'MemberJoined' else 'left'}"
            case "RoomCreated":
                return f"{who} created the {body['kind']} room {body['name']}"
        return f"{who} {row.type} {row.body}"

    def _name(self, user: str) -> str:
        return self._users.get(user, user[:_SHORT])


def printable(text: str) -> str:
    """Return a text as one line: what would move the cursor or change colours becomes a middle dot."""
    return "".join(c if c.isprintable() else "·" for c in text)
