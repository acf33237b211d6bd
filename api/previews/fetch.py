"""Fetching from strangers: the address is looked up once, checked, and connected to as it was checked.

At every hop of a redirect again; within a few seconds in all, and never more than so many bytes.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import NamedTuple

import httpx

from api.previews.addresses import (
    NotFetched,
    Target,
    choose,
    next_target,
    target_of,
)
from roomlog.outbound import Address, Network

TIMEOUT_S = 5.0
MAX_REDIRECTS = 3
PAGE_BYTES = 512 * 1024
IMAGE_BYTES = 1024 * 1024
PAGES = frozenset(("text/html", "application/xhtml+xml"))
IMAGES = frozenset(("image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"))
_AGENT = "Mozilla/5.0 (compatible; Roomlog link preview)"

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Returns the addresses of a name; raises OSError."""


class Fetched(NamedTuple):
    """What an address answered in the end: from where, as what, in which encoding ("": it does not say)."""

    url: str
    media_type: str
    charset: str
    data: bytes


async def resolve(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a name, as the system knows them; raises OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(where[0]) for *_, where in found]


class Fetcher:
    """Fetches pages and images. One connection for each request: nothing is shared between strangers."""

    def __init__(self, exceptions: Sequence[Network], resolve: Resolve = resolve) -> None:
        self._exceptions, self._resolve = exceptions, resolve
        self._tls = httpx.create_ssl_context()

    async def fetch(self, url: str, kinds: Collection[str], most: int) -> Fetched:
        """Return what an address answers, if it is of these media types; raises NotFetched.

        A page longer than `most` bytes is cut off there; an image is not fetched.
        """
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await self._follow(target_of(url), kinds, most)
        except TimeoutError:
            raise NotFetched(f"it took longer than {TIMEOUT_S:.0f} s") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError, ValueError) as error:
            raise NotFetched(f"{type(error).__name__}: {error}") from error

    async def _follow(self, target: Target, kinds: Collection[str], most: int) -> Fetched:
        for _ in range(MAX_REDIRECTS + 1):
            found = await self._one(target, kinds, most)
            if isinstance(found, Fetched):
                return found
            target = found
        raise NotFetched(f"more than {MAX_REDIRECTS} redirects")

    async def _one(self, target: Target, kinds: Collection[str], most: int) -> Fetched | Target:
        found = await self._resolve(target.host, target.port)
        address = choose(target, found, self._exceptions)
        async with (
            httpx.AsyncClient(verify=self._tls, trust_env=False, timeout=TIMEOUT_S) as client,
            client.stream(
                "GET",
                _at(target, address),
                headers={
                    "Host": httpx.URL(target.url).netloc.decode(),
                    "User-Agent": _AGENT,
                    "Accept": ", ".join(sorted(kinds)),
                    "Accept-Encoding": "identity",  # what is packed has no size that one could bound
                },
                extensions={"sni_hostname": target.host},
                follow_redirects=False,
            ) as answer,
        ):
            if answer.has_redirect_location:
                return next_target(target, answer.headers["location"])
            return await _read(target, answer, kinds, most)


def _at(target: Target, address: Address) -> httpx.URL:
    return httpx.URL(target.url).copy_with(host=str(address), port=target.port, fragment=None)


async def _read(
    target: Target, answer: httpx.Response, kinds: Collection[str], most: int
) -> Fetched:
    media_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if answer.status_code != 200 or media_type not in kinds:
        raise NotFetched(f"status {answer.status_code}, {media_type or 'of no type'}")
    if answer.headers.get("content-encoding", "identity").lower() != "identity":
        raise NotFetched("packed, though that was not asked for")
    data = b""
    async for chunk in answer.aiter_raw(16 * 1024):
        data += chunk
        if len(data) >= most:
            if media_type not in PAGES:
                raise NotFetched(f"more than {most} bytes")
            break
    return Fetched(target.url, media_type, answer.charset_encoding or "", data[:most])
