"""Who sends a request, and whether the web client really sent it."""

import ipaddress
import time
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Query, Request

from api.postgres import reader
from api.problems import Problem
from api.services import Services, Use
from roomlog.errors import ErrorCode
from roomlog.protocol.terms import ACCESS_COOKIE
from roomlog.proxies import Proxies
from roomlog.tokens import BadToken, Claims, Verifier

REFRESH_COOKIE = "roomlog_refresh"
CSRF_HEADER = "Roomlog-CSRF"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_KEPT_TOKENS = 10_000


class Tokens:
    """Checks access tokens; one that was good stays good until it expires, so its signature is checked once."""

    def __init__(self, verifier: Verifier) -> None:
        self.verifier = verifier
        self._kept: dict[str, Claims] = {}

    def claims(self, token: str, now: float) -> Claims:
        """Return what a token says; raises BadToken."""
        claims = self._kept.get(token)
        if claims is None:
            claims = self.verifier.verify(token)
            if len(self._kept) >= _KEPT_TOKENS:
                self._kept.pop(next(iter(self._kept)))
            self._kept[token] = claims
        if claims.expires_at <= now:
            raise BadToken("the access token expired")
        return claims


async def signed_in(request: Request, use: Use) -> Claims:
    """Return who sends a request (bearer token, or cookie with CSRF proof); raises Problem (401, 403)."""
    token = bearer_token(request)
    if token is None:
        token = request.cookies.get(ACCESS_COOKIE)
        if token is None:
            raise unauthenticated("sign in first")
        require_csrf_proof(request, use.settings.allowed_origins)
    claims = good_claims(request, use, token)
    if claims is None:
        raise unauthenticated("the access token is not good (any more); refresh it or sign in")
    reader.set(claims.user_id)
    return claims


async def bridge(claims: "Who") -> Claims:
    """Return who sends a request, if it is a bridge; raises Problem (403)."""
    if not claims.is_bridge:
        raise Problem(ErrorCode.FORBIDDEN, "this needs a token with the scope bridge")
    return claims


async def csrf_checked(request: Request, use: Use) -> None:
    """Let pass what the web client sent, and what comes without cookies; raises Problem (403)."""
    cookies = request.cookies
    if bearer_token(request) is None and (ACCESS_COOKIE in cookies or REFRESH_COOKIE in cookies):
        require_csrf_proof(request, use.settings.allowed_origins)


async def file_reader(
    file_id: str,
    request: Request,
    use: Use,
    token: Annotated[
        str | None,
        Query(max_length=2000, description="of `GET /files/{file_id}/link`, in place of a sign-in"),
    ] = None,
) -> Claims:
    """Return who wants a file, by a signed link or like any request; raises Problem (401, 403)."""
    if token is None:
        return await signed_in(request, use)
    tokens: Tokens = request.app.state.tokens
    try:
        claims = tokens.verifier.verify_file(token, file_id)
    except BadToken:
        raise unauthenticated("the link is not good (any more); get another one") from None
    if use.sessions.is_revoked(claims.session_id):
        raise unauthenticated("the link's session has ended; sign in")
    reader.set(claims.user_id)
    return claims


FileReader = Annotated[Claims, Depends(file_reader)]
"""Who wants a file, as a parameter of a route."""
Who = Annotated[Claims, Depends(signed_in)]
"""Who is signed in, as a parameter of a route."""
Bridge = Annotated[Claims, Depends(bridge)]


def good_claims(request: Request, use: Services, token: str) -> Claims | None:
    """Return the claims of a good access token of a session that was not ended, else None."""
    tokens: Tokens = request.app.state.tokens
    try:
        claims = tokens.claims(token, time.time())
    except BadToken:
        return None
    return None if use.sessions.is_revoked(claims.session_id) else claims


def unauthenticated(detail: str) -> Problem:
    """Return the problem that nobody is signed in."""
    return Problem(ErrorCode.UNAUTHENTICATED, detail)


def bearer_token(request: Request) -> str | None:
    """Return the token of the Authorization header; "" for a header that holds none."""
    header = request.headers.get("authorization")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def require_csrf_proof(request: Request, allowed: frozenset[str]) -> None:
    """Raise Problem (403) for a change that a foreign page could have made the browser send."""
    if request.method in _SAFE_METHODS:
        return
    if request.headers.get(CSRF_HEADER) != "1":
        raise Problem(ErrorCode.CSRF, f"a change with cookies needs the header {CSRF_HEADER}: 1")
    origin = request.headers.get("origin")
    if origin is not None and not is_own_origin(origin, request.headers.get("host", ""), allowed):
        raise Problem(ErrorCode.CSRF, "changes with cookies are not taken from this origin")


def is_own_origin(origin: str, host: str, allowed: frozenset[str]) -> bool:
    """Tell whether an Origin header names an allowed origin, or the host that the request went to."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    same = parts.scheme in ("http", "https") and parts.netloc != "" and parts.netloc == host
    return same or origin in allowed


def client_address(request: Request, proxies: Proxies) -> str | None:
    """Return the address that a request came from, if it is known: of the client, not of a trusted proxy."""
    peer = request.client.host if request.client else ""
    host = proxies.client(peer, request.headers.getlist("X-Forwarded-For"))
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return None
