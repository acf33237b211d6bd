"""Workspaces, the people in them, and invites."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from api.answers import answer, iso
from api.bodies import NewRole, NewWorkspace, WorkspaceChange
from api.departures import leave_rooms
from api.guards import Who
from api.members import members_page
from api.messages import Json
from api.models.workspaces import (
    ColleagueList,
    StoredWorkspace,
    Workspace,
    WorkspaceList,
)
from api.openapi import errors
from api.picks import pick_of
from api.postgres import Row
from api.problems import Problem
from api.reads import AfterHeader, AfterQuery, own_cursor, wait_for, wanted_cursor
from api.services import Services, Use
from api.sql import workspaces as sql
from api.strict import StrictRoute
from api.writes import IdempotencyKey, write
from roomlog.cursors import Cursor
from roomlog.errors import ErrorCode
from roomlog.ids import is_id, workspace_id
from roomlog.protocol.frames import Ack
from roomlog.tokens import Claims

router = APIRouter(tags=["workspaces"], route_class=StrictRoute)
CHANGE = errors(401, 403, 404, 409, 422, 429, 503)
Wanted = Annotated[str, Path(description="a workspace's id or slug", max_length=40)]
Token = Annotated[str, Path(description="what the link of an invite ends in", max_length=100)]


def _named(workspace: Wanted) -> str:
    """Return the id of the workspace that an address names; raises Problem (404)."""
    found = pick_of(workspace).workspace
    if found is None:
        raise _no_such_workspace()
    return found


Named = Annotated[str, Depends(_named)]


async def _own(
    use: Use,
    who: Who,
    workspace: Named,
    after_cursor: AfterQuery = None,
    roomlog_after: AfterHeader = None,
) -> Row:
    """Return a workspace that the user is in; raises Problem (404, 422, 503, 504)."""
    epoch = use.settings.epoch
    await wait_for(use, workspace, wanted_cursor(after_cursor or roomlog_after, epoch))
    params = {"workspace_id": workspace, "user_id": who.user_id}
    row = await use.postgres.one(sql.WORKSPACE, params)
    if row is None:
        raise _no_such_workspace()
    return row


Own = Annotated[Row, Depends(_own)]


@router.get("/workspaces", response_model=WorkspaceList, responses=errors(401, 503))
async def list_workspaces(who: Who, use: Use) -> Response:
    """List the workspaces that one is in, besides the one that everybody is in."""
    rows = await use.postgres.all(sql.WORKSPACES, {"user_id": who.user_id})
    return answer({"items": [_workspace(row, use.settings.epoch) for row in rows]})


@router.post(
    "/workspaces",
    status_code=201,
    response_model=StoredWorkspace,
    responses=errors(401, 403, 409, 422, 429, 503),
)
async def create_workspace(
    body: NewWorkspace, who: Who, use: Use, key: IdempotencyKey = None
) -> Response:
    """Make a workspace, which one owns. A slug that is taken is `slug_taken`."""
    command = {"op": "create", "kind": "workspace", "name": body.name, "slug": body.slug}
    ack = await write(use, who, key, command)
    return stored(workspace_id(body.slug), ack, status=201)


@router.get(
    "/workspaces/{workspace}",
    response_model=Workspace,
    responses=errors(401, 404, 422, 503, 504),
)
async def get_workspace(own: Own, use: Use) -> Response:
    """Return a workspace that one is in."""
    return answer(_workspace(own, use.settings.epoch), cursor_of(own, use))


@router.patch("/workspaces/{workspace}", response_model=StoredWorkspace, responses=CHANGE)
async def rename_workspace(
    workspace: Named, body: WorkspaceChange, who: Who, use: Use, key: IdempotencyKey = None
) -> Response:
    """Give a workspace another name; its owners and admins may."""
    return await change(use, who, key, workspace, {"op": "rename", "name": body.name})


@router.get(
    "/workspaces/{workspace}/members",
    response_model=ColleagueList,
    responses=errors(401, 403, 404, 422, 503, 504),
)
async def list_colleagues(
    own: Own,
    use: Use,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    after: Annotated[str | None, Query(max_length=40)] = None,
) -> Response:
    """List the people in a workspace; guests may not."""
    if own["role"] == "guest":
        raise Problem(ErrorCode.FORBIDDEN, "guests see only the people of their rooms")
    return await members_page(use, own["id"], after, limit, cursor_of(own, use))


@router.patch(
    "/workspaces/{workspace}/members/{user_id}", response_model=StoredWorkspace, responses=CHANGE
)
async def change_colleague(
    workspace: Named, user_id: str, body: NewRole, who: Who, use: Use, key: IdempotencyKey = None
) -> Response:
    """Give somebody another role in a workspace."""
    command = {"op": "role", "user": user_id, "role": body.role}
    return await change(use, who, key, workspace, command)


@router.delete(
    "/workspaces/{workspace}/members/{user_id}", response_model=StoredWorkspace, responses=CHANGE
)
async def remove_colleague(
    workspace: Named, user_id: str, who: Who, use: Use, key: IdempotencyKey = None
) -> Response:
    """Take somebody out of a workspace and all its rooms, or leave it: `me`, or one's own id.

    Answers once they are out of its rooms too, or after 2 s; then it goes on by itself.
    """
    is_self = user_id in ("me", who.user_id)
    gone = who.user_id if is_self else user_id
    command = {"op": "leave"} if is_self else {"op": "kick", "user": gone}
    ack = await write(use, who, key, {**command, "room": workspace})
    if ack.cursor is not None and is_id(gone):
        await _leave_rooms(use, workspace, gone, ack.cursor)
    return stored(workspace, ack)


async def _leave_rooms(use: Services, workspace: str, gone: str, cursor: str) -> None:
    try:
        await wait_for(use, workspace, own_cursor(cursor, use.settings.epoch))
        await leave_rooms(use.postgres, use.nodes, workspace, gone)
    except Problem:
        pass  # what has been noted is done in the background


async def change(
    use: Services, who: Claims, key: str | None, workspace: str, command: Json
) -> Response:
    """Carry out a command on a workspace in one's own name; raises Problem."""
    return stored(workspace, await write(use, who, key, {**command, "room": workspace}))


def stored(workspace: str, ack: Ack, status: int = 200) -> Response:
    """Return the answer that a command on a workspace is stored."""
    body = {"id": workspace, "event": ack.event, "cursor": ack.cursor}
    return answer(body, ack.cursor, status=status)


def _workspace(row: Row, epoch: int) -> Json:
    told = {k: row[k] for k in ("id", "name", "slug", "members", "role")}
    last = str(Cursor(epoch, row["last_offset"]))
    return {**told, "created_at": iso(row["created_at"]), "last_cursor": last}


def cursor_of(row: Row, use: Services) -> str:
    """Return the cursor of a workspace's last event."""
    return str(Cursor(use.settings.epoch, row["last_offset"]))


def _no_such_workspace() -> Problem:
    return Problem(ErrorCode.NOT_FOUND, "there is no such workspace")
