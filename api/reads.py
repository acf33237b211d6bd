"""Reads of rooms: who may, and not before the read model has reached the wanted cursor."""

from typing import Annotated, LiteralString, NamedTuple

from fastapi import Depends, Header, Path, Query

from api.guards import Who
from api.picks import EVERYWHERE, Pick, Picked
from api.postgres import Row
from api.problems import Problem
from api.projected import ready_to_read, wait_until
from api.services import Use
from api.sql import rooms as rooms_sql
from api.sql import servers as servers_sql
from roomlog.cursors import BadCursor, Cursor, parse_cursor
from roomlog.errors import ErrorCode
from roomlog.ids import is_id
from roomlog.partitions import partition_of
from roomlog.workspaces import RANK

AfterQuery = Annotated[
    str | None,
    Query(
        alias="after_cursor",
        max_length=40,
        description="answer once the read model has reached this cursor (or 504 after 2 s)",
        examples=["1:48213"],
    ),
]
AfterHeader = Annotated[
    str | None, Header(alias="Roomlog-After", max_length=40, description="the same as a header")
]
RoomId = Annotated[str, Path(description="a room's id", max_length=64)]


class RoomView(NamedTuple):
    """A room as one user may see it; `cursor` was read before anything else of the room."""

    row: Row
    user_id: str
    cursor: str

    @property
    def id(self) -> str:
        """The room's id."""
        room: str = self.row["id"]
        return room

    @property
    def since(self) -> int:
        """The offset from which on the user may read its messages, -1 for all of them."""
        is_scoped = self.row["history"] == "joined" and self.is_member
        return int(self.row["joined_offset"]) if is_scoped else -1

    @property
    def is_member(self) -> bool:
        """Whether the user is a member."""
        return self.row["role"] is not None


async def visible_room(
    use: Use,
    who: Who,
    room_id: RoomId,
    pick: Picked,
    after_cursor: AfterQuery = None,
    roomlog_after: AfterHeader = None,
) -> RoomView:
    """Return a room that the user may know of; raises Problem (404, 422, 503, 504)."""
    if not is_id(room_id):
        raise no_such_room()
    wanted = wanted_cursor(after_cursor or roomlog_after, use.settings.epoch)
    await read_after(use, room_id, wanted)
    return await view_room(use, room_id, who.user_id, pick)


async def view_room(use: Use, room_id: str, user_id: str, pick: Pick = EVERYWHERE) -> RoomView:
    """Return a room that the user may know of; raises Problem (404, 503)."""
    wanted = {"room_id": room_id, "user_id": user_id}
    row = await use.postgres.one(rooms_sql.ROOM, wanted)
    if (row is None or not is_visible(row)) and use.postgres.prefer_primary("not there"):
        row = await use.postgres.one(rooms_sql.ROOM, wanted)
    if row is None or not is_visible(row) or not pick.has(row["workspace_id"]):
        raise no_such_room()
    return RoomView(row, user_id, str(Cursor(use.settings.epoch, row["last_offset"])))


def is_visible(row: Row) -> bool:
    """Tell whether somebody may know of a room, by its kind and their roles in it and in its workspace."""
    is_member = row["role"] is not None
    if row["workspace_id"] is None:
        return is_member or row["kind"] == "public"
    if row["standing"] is None:
        return False
    return is_member or (row["kind"] == "public" and row["standing"] != "guest")


async def own_room(view: Annotated[RoomView, Depends(visible_room)]) -> RoomView:
    """Return a room that the user is a member of; raises Problem (403, 404)."""
    require_member(view)
    return view


VisibleRoom = Annotated[RoomView, Depends(visible_room)]
OwnRoom = Annotated[RoomView, Depends(own_room)]


def require_member(view: RoomView) -> None:
    """Raise Problem (403) unless the user is a member."""
    if not view.is_member:
        raise Problem(ErrorCode.NOT_A_MEMBER, "only members read this; join the room first")


def require_manages(row: Row) -> None:
    """Raise Problem (403) unless the user has an owner's or a moderator's say in a room or workspace.

    `row` has its kind, and their roles in it and in its workspace.
    """
    role, standing = row["role"], row["standing"]
    if row["kind"] == "workspace":
        may = role in ("owner", "admin")
    else:
        has_say = standing is not None and row["kind"] not in ("direct", "group")
        may_by_standing = has_say and role is not None and RANK[standing] >= RANK["moderator"]
        may = role in ("owner", "moderator") or may_by_standing
    if not may:
        told = (
            "only owners and moderators of the room (of a workspace: owners and admins) may do this"
        )
        raise Problem(ErrorCode.FORBIDDEN, told)


def no_such_room() -> Problem:
    """Return the one answer for rooms that are not there and rooms that one may not know of."""
    return Problem(ErrorCode.NO_SUCH_ROOM, "there is no such room")


def wanted_cursor(text: str | None, epoch: int) -> Cursor | None:
    """Return the cursor that a read shall wait for; raises Problem (422)."""
    return None if not text else own_cursor(text, epoch)


def wanted_in(room: str | None, text: str | None, epoch: int) -> tuple[str, Cursor] | None:
    """Return the room and its cursor that a read of many rooms shall wait for; raises Problem (422)."""
    cursor = wanted_cursor(text, epoch)
    if cursor is None:
        return None
    if room is None or not is_id(room):
        raise Problem(ErrorCode.BAD_REQUEST, "after_cursor: name the cursor's room in room=ID")
    return room, cursor


def own_cursor(text: str, epoch: int) -> Cursor:
    """Return a cursor of the running epoch; raises Problem (422)."""
    try:
        cursor = parse_cursor(text)
    except BadCursor:
        raise Problem(ErrorCode.BAD_REQUEST, "not a cursor that this server gave out") from None
    if cursor.epoch != epoch:
        raise Problem(
            ErrorCode.BAD_REQUEST, "the cursor is of another epoch of the log; read without it"
        )
    return cursor


async def read_after(
    use: Use, room_id: str, cursor: Cursor | None, reached: LiteralString = servers_sql.PROJECTED
) -> None:
    """Return once a request that only reads may read a room; raises Problem (504) after WAIT_S seconds.

    As `wait_for`, and from then on it may read from the replica.
    """
    await ready_to_read(use.postgres, partition_of(room_id), cursor, reached)


async def wait_for(
    use: Use, room_id: str, cursor: Cursor | None, reached: LiteralString = servers_sql.PROJECTED
) -> None:
    """Return once a room's read model has reached a cursor; raises Problem (504) after WAIT_S seconds.

    `reached` says how far it is.
    """
    if cursor is None:
        return
    await wait_until(use.postgres, partition_of(room_id), cursor, reached)
