"""Accounts and sessions."""

from fastapi import APIRouter, Depends, Request, Response

from api.answers import answer, iso
from api.bodies import Credentials, Registration
from api.guards import (
    REFRESH_COOKIE,
    Who,
    client_address,
    csrf_checked,
    good_claims,
    unauthenticated,
)
from api.limits import BY_ACCOUNT, BY_ADDRESS
from api.models.accounts import Me, SessionList, SignedInAnswer
from api.openapi import errors
from api.problems import Problem
from api.services import Services, Use
from api.sessions import REFRESH_TTL_S, Account, SignedIn
from api.sql import accounts as sql
from api.strict import StrictRoute
from roomlog.errors import ErrorCode
from roomlog.ids import is_id, new_id
from roomlog.protocol.terms import ACCESS_COOKIE
from roomlog.proxies import limited_as
from roomlog.tokens import ACCESS_TTL_S

REFRESH_PATH = "/api/v1/auth"
router = APIRouter(prefix="/auth", tags=["auth"], route_class=StrictRoute)


@router.post(
    "/register",
    status_code=201,
    response_model=SignedInAnswer,
    responses=errors(409, 422, 429, 503),
)
async def register(request: Request, body: Registration, use: Use) -> Response:
    """Make an account and sign in."""
    address = client_address(request, use.proxies)
    await use.limits.count(BY_ADDRESS, limited_as(address or "unknown"))
    account = Account(new_id(), body.email, body.name)
    row = {**account._asdict(), "password_hash": await use.passwords.hash(body.password)}
    async with use.postgres.transaction() as connection:
        if await (await connection.execute(sql.ADD_ACCOUNT, row)).fetchone() is None:
            raise Problem(ErrorCode.EMAIL_TAKEN, "there is an account with this email; sign in")
        fact = {"event_id": new_id(), "user_id": account.id, "type": "UserRegistered"}
        await connection.execute(sql.ADD_OUTBOX, {**fact, "name": account.name})
        await connection.execute(sql.NOTIFY_OUTBOX)
        signed_in = await use.sessions.open(connection, account, _agent(request), address)
    return _signed_in(use, signed_in, status=201)


@router.post("/login", response_model=SignedInAnswer, responses=errors(401, 422, 429, 503))
async def login(request: Request, body: Credentials, use: Use) -> Response:
    """Sign in."""
    address = client_address(request, use.proxies)
    await use.limits.count(BY_ADDRESS, limited_as(address or "unknown"))
    await use.limits.count(BY_ACCOUNT, body.email)
    row = await use.postgres.one(sql.ACCOUNT_BY_EMAIL, {"email": body.email})
    stored: str | None = row["password_hash"] if row else None
    matched = await use.passwords.matches(stored, body.password)
    if not matched or row is None or stored is None:
        raise Problem(ErrorCode.WRONG_CREDENTIALS, "no account has this email and password")
    await use.limits.uncount(BY_ACCOUNT, body.email)
    account = Account(row["id"], row["email"], row["name"])
    if use.passwords.is_outdated(stored):
        again = await use.passwords.hash(body.password)
        await use.postgres.run(sql.SET_PASSWORD_HASH, {"id": account.id, "password_hash": again})
    async with use.postgres.transaction() as connection:
        signed_in = await use.sessions.open(connection, account, _agent(request), address)
    return _signed_in(use, signed_in)


@router.post(
    "/refresh",
    response_model=SignedInAnswer,
    responses=errors(401, 403, 503),
    dependencies=[Depends(csrf_checked)],
)
async def refresh(request: Request, use: Use) -> Response:
    """Change the refresh cookie for a new pair of cookies. One that was used before ends the session."""
    token = request.cookies.get(REFRESH_COOKIE)
    if not token:
        raise unauthenticated("there is no refresh cookie; sign in")
    return _signed_in(use, await use.sessions.refresh(token))


@router.post(
    "/logout", status_code=204, responses=errors(403, 503), dependencies=[Depends(csrf_checked)]
)
async def logout(request: Request, use: Use) -> Response:
    """End this session: its sockets are closed and its tokens refused."""
    if session := await _session(request, use):
        await use.sessions.end(session)
    return signed_out()


@router.post("/logout-all", status_code=204, responses=errors(401, 403, 503))
async def logout_all(who: Who, use: Use) -> Response:
    """End every session of the account."""
    await use.sessions.end_all(who.user_id)
    return signed_out()


@router.get("/me", response_model=Me, responses=errors(401, 503))
async def me(who: Who, use: Use) -> Response:
    """Return one's own account."""
    row = None
    if is_id(who.user_id):
        row = await use.postgres.one(sql.ACCOUNT_BY_ID, {"id": who.user_id})
    # Tokens for operators and load tests need no account.
    return answer(row or {"id": who.user_id, "email": None, "name": who.name})


@router.get("/sessions", response_model=SessionList, responses=errors(401, 503))
async def list_sessions(who: Who, use: Use) -> Response:
    """List where one is signed in, the last used first."""
    rows = await use.sessions.listed(who.user_id)
    times = ("created_at", "last_used_at")
    items = [
        {**row, **{t: iso(row[t]) for t in times}, "current": row["id"] == who.session_id}
        for row in rows
    ]
    return answer({"items": items})


@router.delete("/sessions/{session_id}", status_code=204, responses=errors(401, 403, 404, 503))
async def end_session(session_id: str, who: Who, use: Use) -> Response:
    """End one of one's sessions."""
    if not is_id(session_id) or not await use.sessions.end_own(who.user_id, session_id):
        raise Problem(ErrorCode.NOT_FOUND, "you have no such session")
    return signed_out() if session_id == who.session_id else Response(status_code=204)


async def _session(request: Request, use: Services) -> str | None:
    token = request.headers.get("authorization", "").partition(" ")[2].strip()
    claims = good_claims(request, use, token or request.cookies.get(ACCESS_COOKIE, ""))
    if claims is not None:
        return claims.session_id
    refresh_token = request.cookies.get(REFRESH_COOKIE)
    return await use.sessions.session_of(refresh_token) if refresh_token else None


def _agent(request: Request) -> str:
    return request.headers.get("user-agent", "").replace("\0", "")


def _signed_in(use: Services, signed_in: SignedIn, status: int = 200) -> Response:
    body = {"access_token": signed_in.access_token, "user": signed_in.account._asdict()}
    response = answer(body, status=status)
    tokens = (
        (ACCESS_COOKIE, signed_in.access_token, ACCESS_TTL_S, "/"),
        (REFRESH_COOKIE, signed_in.refresh_token, REFRESH_TTL_S, REFRESH_PATH),
    )
    for name, token, ttl_s, path in tokens:
        secure = use.settings.secure_cookies
        response.set_cookie(
            name, token, ttl_s, path=path, httponly=True, samesite="lax", secure=secure
        )
    return response


def signed_out() -> Response:
    """Return an empty answer that takes the cookies away."""
    response = Response(status_code=204)
    response.delete_cookie(ACCESS_COOKIE, path="/", httponly=True, samesite="lax")
    response.delete_cookie(REFRESH_COOKIE, path=REFRESH_PATH, httponly=True, samesite="lax")
    return response
