"""Invites into workspaces: links, for whoever has one or for the account with an address."""

import logging
import time
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Response

from api.addresses import require_deliverable
from api.answers import answer, iso
from api.bodies import NewInvite
from api.guards import Who
from api.invites import Link, new_part, read_link, whole
from api.kafka import KafkaAway
from api.models.workspaces import InviteList, InvitePreview, MadeInvite, StoredWorkspace
from api.openapi import errors
from api.problems import Problem
from api.reads import AfterQuery, wait_for, wanted_cursor
from api.routes.workspaces import CHANGE, Named, Own, change, cursor_of, stored
from api.services import Services, Use
from api.sql import accounts as accounts_sql
from api.sql import workspaces as workspaces_sql
from api.strict import StrictRoute
from api.writes import IdempotencyKey, write
from roomlog.errors import ErrorCode
from roomlog.ids import invite_id
from roomlog.signals import UserNotified
from roomlog.tokens import Claims
from roomlog.workspaces import RANK

router = APIRouter(tags=["workspaces"], route_class=StrictRoute)
Token = Annotated[str, Path(description="what the link of an invite ends in", max_length=100)]
_log = logging.getLogger(__name__)


@router.get(
    "/workspaces/{workspace}/invites",
    response_model=InviteList,
    responses=errors(401, 403, 404, 422, 503, 504),
)
async def list_invites(own: Own, use: Use) -> Response:
    """List the open invites of a workspace; its owners, admins and moderators may."""
    if RANK[own["role"]] < RANK["moderator"]:
        raise Problem(ErrorCode.FORBIDDEN, "only owners, admins and moderators see invites")
    rows = await use.postgres.all(workspaces_sql.INVITES, {"workspace_id": own["id"]})
    items = [
        {**row, "created_at": iso(row["created_at"]), "expires_at": iso(row["expires_at"])}
        for row in rows
    ]
    return answer({"items": items}, cursor_of(own, use))


@router.post(
    "/workspaces/{workspace}/invites",
    status_code=201,
    response_model=MadeInvite,
    responses=CHANGE,
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
            workspaces_sql.ADD_ADDRESS, {**kept, "workspace_id": workspace, "invite_id": made}
        )
        # Beside the answer, which takes as long where nobody has the address.
        use.start_task(_tell_invited(use, who.user_id, workspace, body.email, made))
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


async def _tell_invited(
    use: Services, inviter: str, workspace: str, email: str, invite: str
) -> None:
    """Tell the account with an address of an invite; if that fails, its list of notifications still has it."""
    try:
        params = {"email": email, "workspace_id": workspace}
        row = await use.postgres.one(workspaces_sql.INVITED, params)
        if row is not None:
            now = time.time_ns() // 1_000
            told = UserNotified(row["id"], "workspace_invite", "", -1, invite, inviter, now)
            await use.user_events.notify(told)
    except (Problem, KafkaAway) as error:
        _log.warning("nobody was told of invite %s: %s", invite, error)


@router.delete(
    "/workspaces/{workspace}/invites/{invite}", response_model=StoredWorkspace, responses=CHANGE
)
async def revoke_invite(
    workspace: Named, invite: str, who: Who, use: Use, key: IdempotencyKey = None
) -> Response:
    """End an invite."""
    return await change(use, who, key, workspace, {"op": "revoke_invite", "invite": invite})


@router.get(
    "/invites/{token}", response_model=InvitePreview, responses=errors(401, 404, 422, 503, 504)
)
async def get_invite(token: Token, who: Who, use: Use, after_cursor: AfterQuery = None) -> Response:
    """Return where an invite leads, if one may accept it."""
    link, secret = await _secret(use, who, token)
    await wait_for(use, link.workspace, wanted_cursor(after_cursor, use.settings.epoch))
    params = {"workspace_id": link.workspace, "invite_id": invite_id(secret)}
    row = await use.postgres.one(workspaces_sql.INVITE, params)
    if row is None or row["expires_at"] <= datetime.now(UTC):
        raise _no_such_invite()
    told = {k: row[k] for k in ("name", "slug", "role")}
    return answer({**told, "workspace": link.workspace, "expires_at": iso(row["expires_at"])})


@router.post("/invites/{token}/accept", response_model=StoredWorkspace, responses=CHANGE)
async def accept_invite(token: Token, who: Who, use: Use, key: IdempotencyKey = None) -> Response:
    """Come into a workspace. Whoever is in it already stays as they are."""
    link, secret = await _secret(use, who, token)
    try:
        ack = await write(use, who, key, {"op": "join", "room": link.workspace, "invite": secret})
    except Problem as problem:
        raise _no_such_invite() if problem.code is ErrorCode.NO_SUCH_ROOM else problem from None
    return stored(link.workspace, ack)


async def _secret(use: Services, who: Claims, token: str) -> tuple[Link, str]:
    """Return what a link holds, and its secret; raises Problem (404), also to others than the invited."""
    link = read_link(token)
    if link is None:
        raise _no_such_invite()
    address = await use.postgres.one(workspaces_sql.ADDRESS, {"handle": link.handle})
    if address is None:
        return link, link.part
    account = await use.postgres.one(accounts_sql.ACCOUNT_BY_ID, {"id": who.user_id})
    if account is None or account["email"] != address["email"]:
        raise _no_such_invite()
    return link, whole(link.part, address["other_half"])


def _no_such_invite() -> Problem:
    told = "this invite is not good (any more), or is for another address; ask for a new one"
    return Problem(ErrorCode.NOT_FOUND, told)
