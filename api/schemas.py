"""The Avro schemas, as the registry has them; what was fetched once is kept, since an id never changes."""

import time
from typing import Any

import httpx

from api.problems import Problem, unavailable
from roomlog.errors import ErrorCode
from roomlog.registry import client_options

_TIMEOUT_S = 3.0
_LATEST_FOR_S = 30.0
_NOT_FOUND = 404


class SchemaSource:
    """Reads the registry at `url` (Confluent API; see roomlog.registry)."""

    def __init__(self, url: str) -> None:
        self._http = httpx.AsyncClient(**client_options(url), timeout=_TIMEOUT_S)
        self._kept: dict[str, tuple[float, dict[str, Any]]] = {}

    async def latest(self, subject: str) -> dict[str, Any]:
        """Return the newest version of a subject; raises Problem (404, 503)."""
        return await self._get(f"/subjects/{subject}/versions/latest", _LATEST_FOR_S)

    async def by_id(self, schema_id: int) -> dict[str, Any]:
        """Return the schema of an id; raises Problem (404, 503)."""
        return await self._get(f"/schemas/ids/{schema_id}", float("inf"))

    async def close(self) -> None:
        """Disconnect."""
        await self._http.aclose()

    async def _get(self, path: str, good_for_s: float) -> dict[str, Any]:
        kept = self._kept.get(path)
        if kept and time.monotonic() - kept[0] < good_for_s:
            return kept[1]
        try:
            answer = await self._http.get(path)
        except httpx.HTTPError:
            if kept:
                return kept[1]
            raise unavailable("the schema registry") from None
        return self._read(path, answer)

    def _read(self, path: str, answer: httpx.Response) -> dict[str, Any]:
        if answer.status_code == _NOT_FOUND:
            raise Problem(ErrorCode.NOT_FOUND, "the registry has no such schema")
        if answer.is_error:
            raise unavailable("the schema registry")
        found: dict[str, Any] = answer.json()
        self._kept[path] = (time.monotonic(), found)
        return found
