"""Pages of a room's messages, read from PostgreSQL."""

from datetime import datetime
from typing import Any, LiteralString

from api.answers import iso
from api.messages import Json, message, numbered_page, people, user, written
from api.postgres import Row
from api.problems import Problem
from api.reads import RoomView
from api.services import Services
from api.sql import messages as messages_sql
from api.sql import people as people_sql
from api.sql import rooms as rooms_sql
from roomlog.cursors import Cursor
from roomlog.errors import ErrorCode
from roomlog.ids import is_id

_END = 2**63 - 1
MOST_PARTICIPANTS = 100


class History:
    """The messages of one room that a user may read."""

    def __init__(self, use: Services, view: RoomView) -> None:
        self._use, self._view = use, view

    async def before(self, offset: int | None, limit: int) -> Json:
        """Return the last messages before an offset (None: of the room); `has_more`: older ones."""
        rows = await self._rows(
            messages_sql.MESSAGES_BEFORE, limit + 1, offset=_END if offset is None else offset
        )
        return await self._page(rows[-limit:], len(rows) > limit)

    async def after(self, offset: int, limit: int) -> Json:
        """Return the first messages after an offset; `has_more`: newer ones."""
        rows = await self._rows(messages_sql.MESSAGES_AFTER, limit + 1, offset=offset)
        return await self._page(rows[:limit], len(rows) > limit)

    async def around(self, offset: int, limit: int) -> Json:
        """Return messages on both sides of an offset; `has_more`: older ones."""
        half = limit // 2
        older = await self._rows(messages_sql.MESSAGES_BEFORE, half + 1, offset=offset)
        newer = await self._rows(messages_sql.MESSAGES_AFTER, limit - half, offset=offset - 1)
        kept = older[-half:] if half else []
        return await self._page([*kept, *newer], len(older) > half)

    async def at(self, time: datetime, limit: int) -> Json:
        """Return the first messages sent at a time or later; `has_more`: newer ones."""
        params = {"room_id": self._view.id, "since": self._view.since, "at": time}
        found = await self._use.postgres.one(messages_sql.OFFSET_AT, params)
        return await self.after(_END if found is None else found["offset"] - 1, limit)

    async def numbered(self, page: int, limit: int) -> Json:
        """Return a page by its number, from 1 for the oldest messages."""
        before = 0
        if self._view.since >= 0:
            found = await self._use.postgres.one(rooms_sql.UNREADABLE, {"room_id": self._view.id})
            before = (found and found["count"]) or 0
        total: int = self._view.row["message_count"] - before
        wanted = numbered_page(page, limit, total, before)
        place = {"mark": wanted.mark, "skip": wanted.skip, "last": self._view.row["last_offset"]}
        rows = await self._rows(messages_sql.MESSAGES_NUMBERED, wanted.size, **place)
        pages = -(-total // limit)
        items = await self._page(rows, page < pages)
        return {
            **items,
            "total": total,
            "page": page,
            "limit": limit,
            "totalPages": pages,
            "hasMore": page < pages,
        }

    async def thread(self, event: str, offset: int, limit: int) -> Json:
        """Return the thread that a message belongs to: its first message, and the answers after an offset."""
        room = {"room_id": self._view.id}
        found = await self._use.postgres.one(
            messages_sql.ROOT_OF_MESSAGE, {**room, "event_id": event}
        )
        root = found["event_id"] if found else event
        first = await self._rows(messages_sql.ONE_MESSAGE, 1, event_id=root)
        if not first:
            raise no_such_message()
        rows = await self._rows(messages_sql.THREAD, limit + 1, root=root, offset=offset)
        (all_,) = await self._rows(
            messages_sql.THREAD_SUMMARY, 1, root=root, most=MOST_PARTICIPANTS
        )
        page = await self._page([*first, *rows[:limit]], len(rows) > limit)
        others = set(all_["participants"]) - page["users"].keys()
        last = all_["last"]
        return {
            **page,
            "users": page["users"] | await names(self._use, others),
            "root": page["items"][0],
            "items": page["items"][1:],
            "count": all_["count"],
            "last": None if last is None else str(Cursor(self._use.settings.epoch, last)),
            "participants": all_["participants"],
        }

    async def one(self, event: str) -> Json:
        """Return one message with every text that it had, and the names it shows."""
        rows = await self._rows(messages_sql.ONE_MESSAGE, 1, event_id=event)
        if not rows:
            raise no_such_message()
        page = await self._page(rows, False)
        texts = (
            await self._rows(messages_sql.TEXTS, 1, event_id=event) if rows[0]["edited_at"] else []
        )
        history = [written(row, self._use.settings.epoch) for row in texts]
        return {**page["items"][0], "users": page["users"], "history": history}

    async def pins(self) -> Json:
        """Return the messages that the room keeps in view, the newest pin first."""
        pins = await self._rows(messages_sql.PINS, 1)
        events = [pin["event_id"] for pin in pins]
        rows = await self._rows(messages_sql.PINNED_MESSAGES, len(events), events=events)
        page = await self._page(rows, False)
        messages = {item["id"]: item for item in page["items"]}
        items = [
            {"message": messages[p["event_id"]], "by": p["pinned_by"], "ts": iso(p["pinned_at"])}
            for p in pins
            if p["event_id"] in messages
        ]
        others = {item["by"] for item in items} - page["users"].keys()
        users = page["users"] | await names(self._use, others)
        return {"items": items, "users": users, "cursor": self._view.cursor}

    async def _rows(self, query: LiteralString, limit: int, **params: Any) -> list[Row]:
        params |= {"room_id": self._view.id, "since": self._view.since, "limit": limit}
        return await self._use.postgres.all(query, params)

    async def _page(self, rows: list[Row], has_more: bool) -> Json:
        items = [message(row, self._use.settings.epoch) for row in rows]
        users = senders(rows)
        others = people(items) - users.keys()
        users |= await names(self._use, others) if others else {}
        return {"items": items, "users": users, "cursor": self._view.cursor, "has_more": has_more}


def no_such_message() -> Problem:
    """Return the one answer for messages that are not there and messages that one may not read."""
    return Problem(ErrorCode.NOT_FOUND, "there is no such message")


def senders(rows: list[Row]) -> dict[str, Json]:
    """Return `id -> user` of who sent the messages of these rows."""
    return {
        row["sender_id"]: user(row["sender_id"], row["sender_name"], row["sender_is_bot"])
        for row in rows
    }


async def names(use: Services, ids: set[str]) -> dict[str, Json]:
    """Return `id -> user` for ids of people; unknown ones have their id for a name."""
    known = await use.postgres.all(people_sql.NAMES, {"ids": [i for i in ids if is_id(i)]})
    found = {row["id"]: user(row["id"], row["name"], row["is_bot"]) for row in known}
    return {each: found.get(each) or user(each, None) for each in ids}
