"""Workspaces, the people in them, and invites."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from api import sql
from api.addresses import require_deliverable
from api.answers import answer, iso
from api.bodies import NewInvite, NewRole, NewWorkspace, WorkspaceChange
from api.departures import leave_rooms
from api.guards import Who
from api.invites import Link, new_part, read_link, whole
from api.members import members_page
from api.messages import Json
from api.models.workspaces import (
    ColleagueList,
    InviteList,
    InvitePreview,
    MadeInvite,
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
from api.strict import StrictRoute
from api.writes import IdempotencyKey, write
from roomlog.cursors import Cursor
from roomlog.errors import ErrorCode
from roomlog.ids import invite_id, is_id, workspace_id
from roomlog.protocol.frames import Ack
from roomlog.tokens import Claims
from roomlog.workspaces import RANK

router = APIRouter(tags=["workspaces"], route_class=StrictRoute)
_CHANGE = errors(401, 403, 404, 409, 422, 429, 503)
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
    return _stored(workspace_id(body.slug), ack, status=201)


@router.get(
    "/workspaces/{workspace}",
    response_model=Workspace,
    responses=errors(401, 404, 422, 503, 504),
)
async def get_workspace(own: Own, use: Use) -> Response:
    """Return a workspace that one is in."""
    return answer(_workspace(own, use.settings.epoch), _cursor(own, use))


@router.patch("/workspaces/{workspace}", response_model=StoredWorkspace, responses=_CHANGE)
async def rename_workspace(
    workspace: Named, body: WorkspaceChange, who: Who, use: Use, key: IdempotencyKey = None
) -> Response:
    """Give a workspace another name; its owners and admins may."""
    return await _change(use, who, key, workspace, {"op": "rename", "name": body.name})


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
    return await members_page(use, own["id"], after, limit, _cursor(own, use))


@router.patch(
    "/workspaces/{workspace}/members/{user_id}", response_model=StoredWorkspace, responses=_CHANGE
)
async def change_colleague(
    workspace: Named, user_id: str, body: NewRole, who: Who, use: Use, key: IdempotencyKey = None
) -> Response:
    """Give somebody another role in a workspace."""
    command = {"op": "role", "user": user_id, "role": body.role}
    return await _change(use, who, key, workspace, command)


@router.delete(
    "/workspaces/{workspace}/members/{user_id}", response_model=StoredWorkspace, responses=_CHANGE
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
    return _stored(workspace, ack)


async def _leave_rooms(use: Services, workspace: str, gone: str, cursor: str) -> None:
    try:
        await wait_for(use, workspace, own_cursor(cursor, use.settings.epoch))
        await leave_rooms(use.postgres, use.nodes, workspace, gone)
    except Problem:
        pass  # what has been noted is done in the background


# Invites.


@router.get(
    "/workspaces/{workspace}/invites",
    response_model=InviteList,
    responses=errors(401, 403, 404, 422, 503, 504),
)
async def list_invites(own: Own, use: Use) -> Response:
    """List the open invites of a workspace; its owners, admins and moderators may."""
    if RANK[own["role"]] < RANK["moderator"]:
        raise Problem(ErrorCode.FORBIDDEN, "only owners, admins and moderators see invites")
    rows = await use.postgres.all(sql.INVITES, {"workspace_id": own["id"]})
    items = [
        {**row, "created_at": iso(row["created_at"]), "expires_at": iso(row["expires_at"])}
        for row in rows
    ]
    return answer({"items": items}, _cursor(own, use))


@router.post(
    "/workspaces/{workspace}/invites",
    status_code=201,
    response_model=MadeInvite,
    responses=_CHANGE,
)
async def create_invite(
    workspace: Named, body: NewInvite, who: Who, use: Use, key: IdempotencyKey = None
) -> Response:
    """Make an invite: a link for whoever has it, or for the account with one email address."""
    if body.email is not None and use.settings.email_deliverability == "on":
        await require_deliverable(body.email)
    link, expires_at = Link(workspace, new_part()), datetime.now(UTC) + timedelta(days=body.days)
    secret, other_half = link.part, new_part()
    if body.email is not None:
        secret = whole(link.part, other_half)
    made = invite_id(secret)
    command = {
        "op": "create_invite",
        "room": workspace,
        "invite": made,
        "role": body.role,
        "expires_at": expires_at.isoformat(),
    }
    ack = await write(use, who, key, command)
    if body.email is not None:
        kept = {"handle": link.handle, "email": body.email, "other_half": other_half}
        await use.postgres.run(
            sql.ADD_ADDRESS, {**kept, "workspace_id": workspace, "invite_id": made}
        )
    told = {
        "id": made,
        "token": link.token,
        "path": f"/#/invite/{link.token}",
        "role": body.role,
        "email": body.email,
        "expires_at": iso(expires_at),
        "cursor": ack.cursor,
    }
    return answer(told, ack.cursor, status=201)


@router.delete(
    "/workspaces/{workspace}/invites/{invite}", response_model=StoredWorkspace, responses=_CHANGE
)
async def revoke_invite(
    workspace: Named, invite: str, who: Who, use: Use, key: IdempotencyKey = None
) -> Response:
    """End an invite."""
    return await _change(use, who, key, workspace, {"op": "revoke_invite", "invite": invite})


@router.get(
    "/invites/{token}", response_model=InvitePreview, responses=errors(401, 404, 422, 503, 504)
)
async def get_invite(token: Token, who: Who, use: Use, after_cursor: AfterQuery = None) -> Response:
    """Return where an invite leads, if one may accept it."""
    link, secret = await _secret(use, who, token)
    await wait_for(use, link.workspace, wanted_cursor(after_cursor, use.settings.epoch))
    params = {"workspace_id": link.workspace, "invite_id": invite_id(secret)}
    row = await use.postgres.one(sql.INVITE, params)
    if row is None or row["expires_at"] <= datetime.now(UTC):
        raise _no_such_invite()
    told = {k: row[k] for k in ("name", "slug", "role")}
    return answer({**told, "workspace": link.workspace, "expires_at": iso(row["expires_at"])})


@router.post("/invites/{token}/accept", response_model=StoredWorkspace, responses=_CHANGE)
async def accept_invite(token: Token, who: Who, use: Use, key: IdempotencyKey = None) -> Response:
    """Come into a workspace. Whoever is in it already stays as they are."""
    link, secret = await _secret(use, who, token)
    try:
        ack = await write(use, who, key, {"op": "join", "room": link.workspace, "invite": secret})
    except Problem as problem:
        raise _no_such_invite() if problem.code is ErrorCode.NO_SUCH_ROOM else problem from None
    return _stored(link.workspace, ack)


async def _secret(use: Services, who: Claims, token: str) -> tuple[Link, str]:
    """Return what a link holds, and its secret; raises Problem (404), also to others than the invited."""
    link = read_link(token)
    if link is None:
        raise _no_such_invite()
    address = await use.postgres.one(sql.ADDRESS, {"handle": link.handle})
    if address is None:
        return link, link.part
    account = await use.postgres.one(sql.ACCOUNT_BY_ID, {"id": who.user_id})
    if account is None or account["email"] != address["email"]:
        raise _no_such_invite()
    return link, whole(link.part, address["other_half"])


async def _change(
    use: Services, who: Claims, key: str | None, workspace: str, command: Json
) -> Response:
    return _stored(workspace, await write(use, who, key, {**command, "room": workspace}))


def _stored(workspace: str, ack: Ack, status: int = 200) -> Response:
    body = {"id": workspace, "event": ack.event, "cursor": ack.cursor}
    return answer(body, ack.cursor, status=status)


def _workspace(row: Row, epoch: int) -> Json:
    told = {k: row[k] for k in ("id", "name", "slug", "members", "role")}
    last = str(Cursor(epoch, row["last_offset"]))
    return {**told, "created_at": iso(row["created_at"]), "last_cursor": last}


def _cursor(row: Row, use: Services) -> str:
    return str(Cursor(use.settings.epoch, row["last_offset"]))


def _no_such_workspace() -> Problem:
    return Problem(ErrorCode.NOT_FOUND, "there is no such workspace")


def _no_such_invite() -> Problem:
    told = "this invite is not good (any more), or is for another address; ask for a new one"
    return Problem(ErrorCode.NOT_FOUND, told)
