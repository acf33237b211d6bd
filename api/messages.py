"""Messages as clients see them, and which rows a page takes. Pure."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from api.answers import iso
from api.postgres import Row
from roomlog.cursors import Cursor
from roomlog.readmodels.tables import MARK_EVERY

Json = dict[str, Any]


def message(row: Row, epoch: int) -> Json:
    """Return the one shape that a message has everywhere in the API."""
    deleted = row["deleted_at"] is not None
    return {
        "id": row["event_id"],
        "room": row["room_id"],
        "cursor": str(Cursor(epoch, row["offset"])),
        "sender": row["sender_id"],
        "ts": iso(row["sent_at"]),
        "text": None if deleted else _text(row),
        "reply_to": row["reply_to"],
        "thread": _thread(row, epoch),
        "edited_at": row["edited_at"] and iso(row["edited_at"]),
        "deleted_at": row["deleted_at"] and iso(row["deleted_at"]),
        "reactions": [] if deleted else reactions(row["reactions"] or ()),
        "mentions": row["mentions"],
        "attachments": [] if deleted else row["attachments"],
    }


def reactions(pairs: Sequence[tuple[str, str]]) -> list[Json]:
    """Group (emoji, user) pairs by emoji, in the order in which each was first used."""
    users: dict[str, list[str]] = {}
    for emoji, user in pairs:
        users.setdefault(emoji, []).append(user)
    return [{"emoji": e, "users": found, "count": len(found)} for e, found in users.items()]


def people(items: Sequence[Json]) -> set[str]:
    """Return the ids of everybody whom messages show, besides their senders."""
    shown: set[str] = set()
    for item in items:
        shown.update(item["mentions"])
        for reaction in item["reactions"]:
            shown.update(reaction["users"])
    return shown


def user(user_id: str, name: str | None, is_bot: bool | None = False) -> Json:
    """Return a user as lists show one; an account that is not known has its id for a name."""
    found: Json = {"id": user_id, "name": name or user_id}
    return {**found, "bot": True} if is_bot else found


class Numbered(NamedTuple):
    """Which rows a page takes: `size` after skipping `skip` readable ones behind the room's message `mark`."""

    mark: int
    skip: int
    size: int


def numbered_page(page: int, limit: int, total: int, before: int) -> Numbered:
    """Return how to reach a page: page 1 holds the oldest of `total` messages, `before` which the room has more.

    Every MARK_EVERY-th message of a room is marked, so that few rows are skipped however deep the page is.
    """
    start = min((page - 1) * limit, total)
    mark = (before + start) // MARK_EVERY * MARK_EVERY
    return Numbered(mark, before + start - max(mark, before), min(limit, total - start))


def written(row: Row, epoch: int) -> Json:
    """Return a text that a message had or has, who wrote it, when, and by which event."""
    return {
        "text": _text(row),
        "sender": row["sender_id"],
        "ts": iso(row["written_at"]),
        "cursor": str(Cursor(epoch, row["offset"])),
    }


def _text(row: Row) -> str | Json | None:
    text: str | None = row["text"]
    return {"sealed": row["sealed"]} if row["sealed"] is not None else text


def _thread(row: Row, epoch: int) -> Json:
    last = row["last_answer"]
    return {
        "root": row["root"],
        "count": row["answers"],
        "last": None if last is None else str(Cursor(epoch, last)),
    }
