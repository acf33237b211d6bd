"""An API in the process of the tests, with settings of its own, and what it counts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from prometheus_client import REGISTRY

from api.app import create_app
from roomlog.settings import Settings
from tests.integration.api_people import Person


class _AsServed(httpx.ASGITransport):
    """Each request in a task of its own, as servers do: what one sets in its context is not the next one's."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await asyncio.create_task(super().handle_async_request(request))


class Api:
    """What it answers to people who are known to the stack."""

    def __init__(self, app: Any) -> None:
        self._transport = _AsServed(app)

    def of(self, person: Person) -> Person:
        """Return somebody who asks this API."""
        own = Person("http://api/api/v1", person.token, person.user)
        own.http = httpx.AsyncClient(
            transport=self._transport, base_url=own.base, headers=person.http.headers, timeout=20
        )
        return own


@asynccontextmanager
async def running_api(settings: Settings, **changed: Any) -> AsyncIterator[Api]:
    """Run an API beside the stack's."""
    app = create_app(settings.model_copy(update=changed))
    async with app.router.lifespan_context(app):
        yield Api(app)


def counted(name: str, **labels: str) -> float:
    """Return what a metric of this process shows now."""
    return REGISTRY.get_sample_value(name, labels) or 0.0
