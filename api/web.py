"""The web client's files, and the headers that keep browsers from doing what no page of ours does."""

from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_CSP = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",  # the component library sets styles of elements
        "img-src 'self' data: blob:",
        "connect-src 'self' ws: wss:",  # ingest nodes have addresses of their own
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": _CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
}
_FOREVER = "public, max-age=31536000, immutable"
_NOT_FOUND = 404


class SecurityHeaders:
    """Adds the headers to every answer; what the API answers is not to be kept by anyone."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_api = scope["path"].startswith("/api/")

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                if is_api:
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, with_headers)


class WebClient(StaticFiles):
    """Serves the built web client: hashed assets for ever, its page at every path that is no file."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory=directory, html=True, check_dir=False)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file, or the page."""
        try:
            response = await super().get_response(path, scope)
        except HTTPException as error:
            if error.status_code != _NOT_FOUND or _is_file_or_api(path):
                raise
            path = "index.html"
            response = await super().get_response(path, scope)
        kept = path.startswith("assets/") and response.status_code < 400
        response.headers["Cache-Control"] = _FOREVER if kept else "no-cache"
        return response


def _is_file_or_api(path: str) -> bool:
    return path.startswith(("api/", "assets/")) or "." in path.rpartition("/")[2]
