"""Which addresses a preview may be fetched from: public ones, and nothing inside. Pure."""

from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from roomlog.outbound import Address, Network, is_public

MAX_URL_CHARS = 2048
_PORTS = {"http": 80, "https": 443}


class NotFetched(Exception):
    """What is not fetched, or cannot be; the message says why, for the log."""


class Target(NamedTuple):
    """A place to fetch from; `port` is the one of the scheme where the address names none."""

    url: str
    scheme: str
    host: str
    port: int


def target_of(url: str) -> Target:
    """Return what an address names; raises NotFetched for anything but a page of the web."""
    if len(url) > MAX_URL_CHARS or any(c <= " " or c == "\x7f" for c in url):
        raise NotFetched("too long, or with spaces")
    try:
        parts = urlsplit(url)
        port = parts.port
        host = (parts.hostname or "").encode("idna").decode()
    except (ValueError, UnicodeError) as error:
        raise NotFetched(f"not an address: {error}") from None
    if parts.scheme not in _PORTS or not host:
        raise NotFetched("neither http nor https")
    if parts.username is not None or parts.password is not None:
        raise NotFetched("with a user name")
    return Target(url, parts.scheme, host, port or _PORTS[parts.scheme])


def next_target(target: Target, location: str) -> Target:
    """Return where a redirect leads; raises NotFetched."""
    return target_of(urljoin(target.url, location))


def choose(target: Target, found: Iterable[str], exceptions: Sequence[Network]) -> Address:
    """Return the address to connect to, of those that a name has; raises NotFetched.

    Any port is good only on the exceptions.
    """
    for text in found:
        address = ip_address(text.partition("%")[0])
        if any(address in network for network in exceptions):
            return address
        if target.port in _PORTS.values() and is_public(text):
            return address
    raise NotFetched(f"{target.host}:{target.port} is not public")
