"""Strict reading of what clients send: JSON bodies, sizes, texts."""

import json
from collections.abc import Callable, Coroutine, Mapping
from typing import Annotated, Any, NoReturn

from fastapi.routing import APIRoute
from pydantic import AfterValidator, StringConstraints
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import Problem
from roomlog.errors import ErrorCode

MAX_BODY_BYTES = 262_144
UPLOADS = "/api/v1/files"
_MAX_INTEGER = 2**53


def read_json(data: bytes) -> Any:
    """Return what a JSON text holds; raises Problem for anything that two readers could read differently."""
    try:
        return json.loads(
            data, object_pairs_hook=_object, parse_int=_integer, parse_constant=_constant
        )
    except RecursionError:
        raise _unreadable("it is nested too deeply") from None
    except ValueError as error:
        raise _unreadable(str(error)) from None


def no_controls(text: str) -> str:
    """Return a one-line text as it is; raises ValueError for control characters and lone surrogates."""
    if not text.isprintable() and any(_is_control(c) for c in text):
        raise ValueError("control characters are not allowed")
    return text


def storable(text: str) -> str:
    """Return a text as it is; raises ValueError for what no database stores: U+0000, lone surrogates."""
    if "\0" in text or any("\ud800" <= c <= "\udfff" for c in text):
        raise ValueError("the character U+0000 and lone surrogates are not allowed")
    return text


Line = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(no_controls)
]
Search = Annotated[str, StringConstraints(max_length=100), AfterValidator(storable)]


class StrictRequest(Request):
    """A request whose JSON is read strictly."""

    async def json(self) -> Any:
        """Return the body; raises Problem (400)."""
        return read_json(await self.body())


class StrictRoute(APIRoute):
    """A route whose JSON body is read strictly."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what serves a request."""
        handle = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            return await handle(StrictRequest(request.scope, request.receive))

        return strictly


class BodyLimit:
    """Refuses bodies over MAX_BODY_BYTES, announced or streamed, before they are in memory.

    Uploads have a limit of their own (`api.files.upload`), and never are in memory.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or is_upload(scope):
            await self._app(scope, receive, send)
            return
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > MAX_BODY_BYTES:
            await _too_large().response()(scope, receive, send)
            return
        await self._app(scope, _limited(receive), send)


def is_upload(scope: Mapping[str, Any]) -> bool:
    """Tell whether a request brings a file."""
    return (scope["method"], scope["path"]) == ("POST", UPLOADS)


def _limited(receive: Receive) -> Receive:
    seen = 0

    async def limited() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > MAX_BODY_BYTES:
            raise _too_large()
        return message

    return limited


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name appears twice in one object")
    return found


def _integer(text: str) -> int:
    if len(text) > 17 or abs(number := int(text)) >= _MAX_INTEGER:
        raise ValueError("a number has more digits than every reader can keep")
    return number


def _constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")


def _is_control(character: str) -> bool:
    return character < " " or "\x7f" <= character < "\xa0" or "\ud800" <= character <= "\udfff"


def _unreadable(why: str) -> Problem:
    return Problem(ErrorCode.BAD_REQUEST, f"the body cannot be read as JSON: {why}", status=400)


def _too_large() -> Problem:
    return Problem(ErrorCode.TOO_LARGE, f"a body has at most {MAX_BODY_BYTES} bytes")
