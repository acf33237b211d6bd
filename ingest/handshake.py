"""Who may connect: the token, where it comes from, and which subprotocol. Pure: headers in, verdict out."""

from http import HTTPStatus
from typing import NamedTuple

from multidict import CIMultiDict

from roomlog.protocol.terms import ACCESS_COOKIE, BEARER_PREFIX, SUBPROTOCOL
from roomlog.tokens import BadToken, Claims, Verifier

_BEARER = "bearer "


class HandshakeRefused(Exception):
    """The connection is not upgraded; the answer is an HTTP error."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Admitted(NamedTuple):
    """Whose connection it is, and whether it offers the subprotocol."""

    claims: Claims
    speaks: bool


def admit(headers: CIMultiDict[str], verifier: Verifier, origins: frozenset[str]) -> Admitted:
    """Check a handshake; raises HandshakeRefused.

    A cookie counts only together with an allowed Origin, because browsers send it on behalf of any page.
    """
    offered = _listed(headers.getall("Sec-WebSocket-Protocol", []))
    try:
        claims = verifier.verify(_token(headers, offered, origins))
    except BadToken as error:
        raise HandshakeRefused(HTTPStatus.UNAUTHORIZED, f"{error}; sign in again") from error
    return Admitted(claims, SUBPROTOCOL in offered)


def _token(headers: CIMultiDict[str], offered: list[str], origins: frozenset[str]) -> str:
    authorization = headers.get("Authorization", "")
    if authorization[: len(_BEARER)].lower() == _BEARER:
        return authorization[len(_BEARER) :].strip()
    if bearer := next((p for p in offered if p.startswith(BEARER_PREFIX)), None):
        return bearer.removeprefix(BEARER_PREFIX)
    if (cookie := _cookie(headers.getall("Cookie", []), ACCESS_COOKIE)) is None:
        told = "no token: send the cookie, Authorization: Bearer, or the subprotocol bearer.TOKEN"
        raise HandshakeRefused(HTTPStatus.UNAUTHORIZED, told)
    if headers.getall("Origin", []) not in [[origin] for origin in origins]:
        told = "this Origin may not use the cookie; ROOMLOG_ORIGINS lists those that may"
        raise HandshakeRefused(HTTPStatus.FORBIDDEN, told)
    return cookie


def _listed(values: list[str]) -> list[str]:
    return [item.strip() for value in values for item in value.split(",")]


def _cookie(values: list[str], name: str) -> str | None:
    pairs = (pair.strip().partition("=") for value in values for pair in value.split(";"))
    return next((value for found, _, value in pairs if found == name), None)


def path_of(target: bytes) -> str:
    """Return the path of a request's target, without what follows `?`."""
    return target.partition(b"?")[0].decode("ascii", "replace")
