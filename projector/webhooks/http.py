"""One attempt to deliver: a POST to an address that was looked at, redirects included."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import httpx

from roomlog.outbound import Forbidden, Network, Pinned, Unresolved, parse, resolve
from roomlog.webhooks import ATTEMPT_S

MAX_REDIRECTS = 3
READ_BYTES = 16_384
"""What is read of an answer; nothing depends on the rest."""
_SHOWN = 200
_GONE = 410
_KEEP_METHOD = (307, 308)


class Outcome(NamedTuple):
    """What became of an attempt; `error` is "" where it was taken."""

    status: int | None
    error: str
    retry_after_s: float = 0.0

    @property
    def is_taken(self) -> bool:
        """Whether the receiver has it."""
        return not self.error

    @property
    def is_gone(self) -> bool:
        """Whether the receiver says that it wants no more."""
        return self.status == _GONE


class Sender:
    """Sends over connections that are used once: one that is kept would be of an address looked at before.

    No proxy, no cookies, and no authentication from the environment or a netrc file.
    """

    def __init__(
        self, allow_http: bool, allowed: Sequence[Network], attempt_s: float = ATTEMPT_S
    ) -> None:
        self._allow_http, self._allowed, self._attempt_s = allow_http, allowed, attempt_s
        self._client = httpx.AsyncClient(
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(attempt_s),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
        )

    async def close(self) -> None:
        """End what is being sent."""
        await self._client.aclose()

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Outcome:
        """Try once; anything but an answer of 2xx within `attempt_s` seconds is an error, never raised."""
        try:
            async with asyncio.timeout(self._attempt_s):
                return await self._follow(url, body, headers)
        except Forbidden as error:
            return Outcome(None, str(error))
        except (TimeoutError, httpx.TimeoutException):
            return Outcome(None, f"no answer within {self._attempt_s:g} s")
        except (Unresolved, httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            told = str(error) or type(error).__name__
            return Outcome(None, " ".join(told.split())[:_SHOWN])

    async def _follow(self, url: str, body: bytes, headers: Mapping[str, str]) -> Outcome:
        for _ in range(MAX_REDIRECTS + 1):
            named = parse(url, allow_http=self._allow_http)
            outcome, onward = await self._once(await resolve(named, self._allowed), body, headers)
            if onward is None:
                return outcome
            url = str(httpx.URL(url).join(onward))
        return Outcome(outcome.status, f"more than {MAX_REDIRECTS} redirects")

    async def _once(
        self, pinned: Pinned, body: bytes, headers: Mapping[str, str]
    ) -> tuple[Outcome, str | None]:
        request = self._client.build_request(
            "POST",
            pinned.url,
            content=body,
            headers={**headers, "Host": pinned.host_header, "Accept-Encoding": "identity"},
            extensions={"sni_hostname": pinned.named.host},
        )
        answer = await self._client.send(request, stream=True)
        try:
            beginning = await _beginning(answer)
        finally:
            await answer.aclose()
        status = answer.status_code
        location = answer.headers.get("location")
        if status in _KEEP_METHOD and location:
            return Outcome(status, ""), location
        if answer.is_success:
            return Outcome(status, ""), None
        told = f"answered {status} {beginning}".strip()
        return Outcome(status, told, _retry_after(answer.headers.get("retry-after", ""))), None


async def _beginning(answer: httpx.Response) -> str:
    """Return the beginning of an answer as one line; a body without an end costs no more than that."""
    read = b""
    async for chunk in answer.aiter_raw():
        read += chunk
        if len(read) >= READ_BYTES:
            break
    text = read[:_SHOWN].decode("utf-8", "replace").replace("\0", " ")
    return "".join(c if c.isprintable() else " " for c in text).strip()


def _retry_after(text: str) -> float:
    return float(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0.0
