"""The REST API: wires the services and the routes, and serves them with uvicorn."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import uvicorn
from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from uvicorn.config import STARTUP_FAILURE

from api import openapi
from api.guards import Tokens
from api.http import QuietServer, http_behind
from api.problems import Problem
from api.routes import (
    auth,
    bridge,
    files,
    friends,
    hooks,
    invites,
    link_previews,
    mail,
    messages,
    moderation,
    nodes,
    notifications,
    ops,
    pins,
    presence,
    push,
    rooms,
    scheduled,
    schemas,
    search,
    unread,
    users,
    webhooks,
    workspaces,
)
from api.services import Services
from api.strict import BodyLimit
from api.telemetry import V1, Telemetry
from api.web import SecurityHeaders, WebClient
from roomlog import logs, preflight
from roomlog.errors import ErrorCode
from roomlog.proxies import Proxies
from roomlog.settings import Settings, from_environment
from roomlog.tokens import Verifier
from schemas.registry import RegistryError

DEFAULT_PORT = 8080
_GZIP_FROM_BYTES = 1024
_GROUPS = (
    auth,
    users,
    bridge,
    friends,
    workspaces,
    invites,
    rooms,
    messages,
    moderation,
    pins,
    scheduled,
    hooks,
    webhooks,
    files,
    link_previews,
    search,
    unread,
    notifications,
    push,
    mail,
    presence,
    nodes,
    schemas,
)
_CODES = {404: ErrorCode.NOT_FOUND, 413: ErrorCode.TOO_LARGE}
_log = logging.getLogger(__name__)
_KEEP_ALIVE_S = 75
"""How long an idle connection is kept: longer than by load balancers (60 s), or they use one that just closed."""


def bare_app() -> FastAPI:
    """Return the application with its routes and nothing behind them; enough for the OpenAPI document."""
    app = FastAPI(
        title="Roomlog",
        version="1",
        description="Rooms, messages and people of Roomlog. Live events come over WebSockets.",
        openapi_url=openapi.PATH,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    v1 = APIRouter(prefix=V1)
    for group in _GROUPS:
        v1.include_router(group.router)
    app.include_router(v1)
    app.include_router(ops.router)
    openapi.install(app)
    return app


def create_app(settings: Settings) -> FastAPI:
    """Return the application, which connects when it starts; raises ValueError for settings that cannot work."""
    services = Services.from_settings(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await services.start()
        yield
        await services.stop()

    app = bare_app()
    app.router.lifespan_context = lifespan
    app.state.services = services
    app.state.tokens = Tokens(Verifier(settings.jwks))
    if settings.web is not None:
        app.mount("/", GZipMiddleware(WebClient(settings.web), _GZIP_FROM_BYTES))
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(Exception, _on_defect)
    for middleware in (BodyLimit, SecurityHeaders, Telemetry):
        app.add_middleware(middleware)
    return app


def main() -> None:
    """Serve the API until SIGTERM or SIGINT; settings come from the environment."""
    settings = from_environment()
    logs.set_up(settings, "api", {"picows": logging.WARNING})
    preflight.require_now("api", settings)
    try:
        app = create_app(settings)
    except (RegistryError, ValueError) as error:
        raise SystemExit(f"roomlog api: {error}") from error
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port or DEFAULT_PORT,
        loop="uvloop",
        http=http_behind(Proxies(settings.trusted_proxies, settings.proxy_protocol)),
        proxy_headers=False,  # X-Forwarded-For is read by `guards.client_address`, by our own setting
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=5,
        timeout_keep_alive=_KEEP_ALIVE_S,
    )
    server = QuietServer(config)
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        raise SystemExit(STARTUP_FAILURE)  # the port is taken, or the services do not start


async def _on_problem(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)  # noqa: S101  # registered for it
    return problem.response()


async def _on_invalid(request: Request, invalid: Exception) -> Response:
    assert isinstance(invalid, RequestValidationError)  # noqa: S101
    errors = [
        {
            "field": ".".join(str(part) for part in e["loc"][1:]),
            "message": str(e.get("ctx", {}).get("error") or e["msg"]),
        }
        for e in invalid.errors()
    ]
    told = "; ".join(f"{e['field'] or 'body'}: {e['message']}" for e in errors)
    return Problem(ErrorCode.BAD_REQUEST, told[:1000], errors=errors).response()


async def _on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    cause = error.__cause__
    if isinstance(cause, Problem):
        return cause.response()
    code = _CODES.get(error.status_code, ErrorCode.BAD_REQUEST)
    headers = dict(error.headers or {})
    return Problem(code, str(error.detail), status=error.status_code, headers=headers).response()


async def _on_defect(request: Request, defect: Exception) -> Response:
    _log.error("%s %s failed", request.method, request.url.path, exc_info=defect)
    told = "the server made a mistake; it was logged"
    return Problem(ErrorCode.INTERNAL, told).response()


if __name__ == "__main__":
    main()
