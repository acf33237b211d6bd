"""Fetching from strangers: the address is looked up once, checked, and connected to as it was checked.

At every hop of a redirect again; within a few seconds in all, and never more than so many bytes.
"""

import asyncio
from collections.abc import Collection, Sequence
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import urljoin

import httpx

from roomlog import outbound
from roomlog.outbound import Forbidden, Named, Network, Pinned

TIMEOUT_S = 5.0
MAX_REDIRECTS = 3
PAGE_BYTES = 512 * 1024
IMAGE_BYTES = 1024 * 1024
PAGES = frozenset(("text/html", "application/xhtml+xml"))
IMAGES = frozenset(("image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"))
_PORTS = (80, 443)
_AGENT = "Mozilla/5.0 (compatible; Roomlog link preview)"


class NotFetched(Exception):
    """It cannot be fetched, or must not be; the message says why, for the log."""


class Fetched(NamedTuple):
    """What an address answered in the end: from where, as what, in which encoding ("": it does not say)."""

    url: str
    media_type: str
    charset: str
    data: bytes


def named(url: str) -> Named:
    """Return what an address names; raises Forbidden for anything but a page of the web."""
    return outbound.parse(url, allow_http=True)


class Fetcher:
    """Fetches pages and images. One connection for each request: nothing is shared between strangers.

    `exceptions` are networks that may be fetched from though they are not public, on any port.
    """

    def __init__(self, exceptions: Sequence[Network]) -> None:
        self._exceptions = exceptions
        self._tls = httpx.create_ssl_context()

    async def fetch(self, url: str, kinds: Collection[str], most: int) -> Fetched:
        """Return what an address answers, if it is of these media types; raises NotFetched.

        A page longer than `most` bytes is cut off there; an image is not fetched.
        """
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await self._follow(named(url), kinds, most)
        except TimeoutError:
            raise NotFetched(f"it took longer than {TIMEOUT_S} s") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            raise NotFetched(f"{type(error).__name__}: {error}") from error

    async def _follow(self, target: Named, kinds: Collection[str], most: int) -> Fetched:
        for _ in range(MAX_REDIRECTS + 1):
            found = await self._one(target, kinds, most)
            if isinstance(found, Fetched):
                return found
            target = found
        raise NotFetched(f"more than {MAX_REDIRECTS} redirects")

    async def _one(self, target: Named, kinds: Collection[str], most: int) -> Fetched | Named:
        pinned = await outbound.resolve(target, self._exceptions)
        self._require_port(pinned)
        headers = {
            "Host": pinned.host_header,
            "User-Agent": _AGENT,
            "Accept": ", ".join(sorted(kinds)),
            "Accept-Encoding": "identity",  # what is packed has no size that one could bound
        }
        async with (
            httpx.AsyncClient(verify=self._tls, trust_env=False, timeout=TIMEOUT_S) as client,
            client.stream(
                "GET", pinned.url, headers=headers, extensions={"sni_hostname": target.host}
            ) as answer,
        ):
            if answer.has_redirect_location:
                return named(urljoin(target.url, answer.headers["location"]))
            return await _read(target, answer, kinds, most)

    def _require_port(self, pinned: Pinned) -> None:
        if pinned.named.port in _PORTS:
            return
        address = ip_address(pinned.address.partition("%")[0])
        if not any(address in network for network in self._exceptions):
            raise Forbidden(f"url: port {pinned.named.port} is none of the web")


async def _read(
    target: Named, answer: httpx.Response, kinds: Collection[str], most: int
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
