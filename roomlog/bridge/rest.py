"""The importer's requests to the API: accounts for the people, and where the ingest nodes are."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import httpx
import tenacity

from roomlog.bridge.script import Bridge

_BATCH_NAMES = 500
_PAGE = 200
_TIMEOUT_S = 15.0
_PATIENCE_S = 60.0
_AT_ONCE = 8


class ApiError(RuntimeError):
    """The API refused or did not answer; the message says which address and what it said."""


class Api:
    """Speaks to the API at `root` (for example `http://127.0.0.1:8080`) with a token for each request."""

    def __init__(self, root: str, token: Callable[[], str]) -> None:
        self._root, self._token = f"{root}/api/v1", token
        self._http = httpx.AsyncClient(timeout=_TIMEOUT_S)
        # Many more at once only wait for each other, in the client's pool as in the API's.
        self._gate = asyncio.Semaphore(_AT_ONCE)

    async def close(self) -> None:
        """Disconnect."""
        await self._http.aclose()

    async def register(
        self, bridge: Bridge, names: Iterable[str], on_done: Callable[[int], None]
    ) -> None:
        """Make an account for the bridge and for each name; repeating it changes nothing. Raises ApiError."""
        await self.call("PUT", "/bridge/users", bridge.registration)
        done = 0
        for batch in _batches(list(names)):
            await self.call("PUT", "/bridge/users", {"bridge": bridge.name, "names": batch})
            on_done(done := done + len(batch))

    async def nodes(self) -> list[str]:
        """Return the WebSocket addresses of the ingest nodes; raises ApiError."""
        found = await self.call("GET", "/ingest-nodes")
        return [str(n["url"] if isinstance(n, dict) else n) for n in found["nodes"]]

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """Make a request until it is not refused for now, and return what it answers; raises ApiError."""
        try:
            return await _patience()(self._once, method, path, body)
        except httpx.HTTPError as error:
            told = f"{method} {self._root}{path}: {error or type(error).__name__}"
            if isinstance(error, httpx.HTTPStatusError):
                told = f"{told}: {error.response.text[:300]}"
            raise ApiError(told) from error

    async def _once(self, method: str, path: str, body: Any) -> Any:
        headers = {"Authorization": f"Bearer {self._token()}"}
        async with self._gate:
            answer = await self._http.request(method, self._root + path, json=body, headers=headers)
        answer.raise_for_status()
        return answer.json()


class RoomHistory:
    """One room in the read models; raises ApiError."""

    def __init__(self, api: Api, room: str) -> None:
        self._api, self._room = api, room

    async def find(self, event: str) -> str | None:
        """Return the cursor of a message, None where it is not there."""
        try:
            return str((await self._api.call("GET", f"/messages/{event}"))["cursor"])
        except ApiError as error:
            cause = error.__cause__
            if isinstance(cause, httpx.HTTPStatusError) and cause.response.status_code == 404:
                return None
            raise

    async def before(self, cursor: str, limit: int) -> set[str]:
        """Return the event ids of so many messages (a page at most) before a place."""
        if not limit:
            return set()
        path = f"/rooms/{self._room}/messages?before={cursor}&limit={min(limit, _PAGE)}"
        return {str(m["id"]) for m in (await self._api.call("GET", path))["items"]}


def _patience() -> tenacity.AsyncRetrying:
    return tenacity.AsyncRetrying(
        stop=tenacity.stop_after_delay(_PATIENCE_S),
        wait=tenacity.wait_random_exponential(multiplier=0.2, max=3),
        retry=tenacity.retry_if_exception(_is_passing),
        reraise=True,
    )


def _is_passing(error: BaseException) -> bool:
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code in (429, 502, 503, 504)
    return isinstance(error, httpx.TransportError)


def _batches(names: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(names), _BATCH_NAMES):
        yield names[start : start + _BATCH_NAMES]
