"""Moderation, read from PostgreSQL, whose row-level security shows moderators theirs and nobody else anything."""

from datetime import UTC, datetime
from typing import Any

from api.answers import iso
from api.history import names
from api.messages import Json
from api.paging import read_place, write_place
from api.picks import Pick
from api.postgres import Row
from api.problems import Problem
from api.services import Services
from api.sql import moderation as sql
from roomlog.cursors import Cursor
from roomlog.errors import ErrorCode
from roomlog.times import micros, time_of

_LAST_YEAR = 9999


async def require_moderator(use: Services, room: str) -> None:
    """Raise Problem (403) unless the user moderates a room or workspace."""
    if await use.postgres.one(sql.MODERATES, {"room_id": room}) is None:
        raise Problem(ErrorCode.FORBIDDEN, "only those who moderate it see this")


async def moderation_of(use: Services, room: str) -> Json:
    """Return what holds in a room or workspace: mutes, bans and filters."""
    params = {"room_id": room}
    mutes = await use.postgres.all(sql.MEMBER_MUTES, params)
    bans = await use.postgres.all(sql.BANS, params)
    filters = await use.postgres.all(sql.FILTERS, params)
    people = {row["user_id"] for row in (*mutes, *bans)} | {
        row["by"] for row in (*mutes, *bans, *filters)
    }
    return {
        "mutes": [{**_about(row), "until": _end(row["until_at"])} for row in mutes],
        "bans": [_about(row) for row in bans],
        "filters": [{**row, "since": iso(row["since"])} for row in filters],
        "users": await names(use, people),
    }


def _about(row: Row) -> Json:
    told = {"user": row["user_id"], "by": row["by"], "reason": row["reason"]}
    return {**told, "since": iso(row["since"])}


def _end(until: datetime) -> str | None:
    return None if until.year == _LAST_YEAR else iso(until)


async def audit_page(use: Services, room: str, before: str | None, limit: int) -> Json:
    """Return what was done in a room, or in a workspace and its rooms, before a place; raises Problem (422)."""
    params: dict[str, Any] = {"room_id": room, "limit": limit + 1}
    time, offset, where = _place(before)
    params |= {"before": time, "before_offset": offset, "before_room": where}
    rows = await use.postgres.planned(sql.AUDIT, params)
    items = [_entry(row, use.settings.epoch) for row in rows[:limit]]
    return {
        "items": items,
        "users": await names(use, _people(items)),
        "next": _next(rows[limit - 1]) if len(rows) > limit else None,
    }


def _entry(row: Row, epoch: int) -> Json:
    return {
        "room": row["room_id"],
        "cursor": str(Cursor(epoch, row["offset"])),
        "event": row["event_id"],
        "actor": row["actor_id"],
        "type": row["type"],
        "d": row["details"],
        "ts": iso(row["happened_at"]),
    }


def _people(items: list[Json]) -> set[str]:
    found = {item["actor"] for item in items}
    return found | {item["d"]["user_id"] for item in items if "user_id" in item["d"]}


def _next(row: Row) -> str:
    return write_place(f"{micros(row['happened_at'])}:{row['offset']}", row["room_id"])


def _place(before: str | None) -> tuple[datetime | None, int, str | None]:
    if before is None:
        return None, 0, None
    name, room = read_place(before)
    try:
        at, offset = map(int, name.split(":"))
        return time_of(at), offset, room
    except (ValueError, OverflowError):
        raise Problem(ErrorCode.BAD_REQUEST, "before: not the `next` of a page") from None


async def queue(use: Services, room: str | None, pick: Pick, limit: int) -> Json:
    """Return the messages that wait for the user, of one room or all that they moderate within what is picked."""
    place = {"room_id": room, "picked": pick.is_made, "workspace_id": pick.workspace}
    rows = await use.postgres.all(sql.REPORTS, {**place, "limit": limit + 1})
    items = [_reported(row, use.settings.epoch) for row in rows[:limit]]
    people = {item["sender"] for item in items}
    people |= {report["user"] for item in items for report in item["reports"]}
    return {"items": items, "users": await names(use, people), "has_more": len(rows) > limit}


def _reported(row: Row, epoch: int) -> Json:
    reports = [
        {
            "user": user,
            "is_flag": is_flag,
            "reason": reason,
            "ts": iso(datetime.fromtimestamp(ms / 1_000, UTC)),
        }
        for user, is_flag, reason, ms in row["reports"]
    ]
    return {
        "id": row["event_id"],
        "room": row["room_id"],
        "cursor": str(Cursor(epoch, row["offset"])),
        "sender": row["sender_id"],
        "ts": iso(row["sent_at"]),
        "text": row["text"],
        "deleted_at": row["deleted_at"] and iso(row["deleted_at"]),
        "since": iso(row["since"]),
        "reports": reports,
    }
