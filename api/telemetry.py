"""Counts and times every request, by route."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from roomlog.metrics import HTTP_REQUESTS, HTTP_SECONDS

V1 = "/api/v1"


class Telemetry:
    """Measures requests; unknown paths count as one route, so that nobody can make more of them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            route = _route(scope)
            HTTP_REQUESTS.labels(route, str(status)).inc()
            HTTP_SECONDS.labels(route).observe(time.perf_counter() - started)


def _route(scope: Scope) -> str:
    path: str | None = getattr(scope.get("route"), "path", None)
    if path is None:
        return "other"
    # A route knows its path only below the router that all of version 1 is included in.
    is_nested = scope["path"].startswith(V1) and not path.startswith(V1)
    return V1 + path if is_nested else path
