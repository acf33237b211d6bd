"""Which addresses a preview may be fetched from: public ones, and nothing inside. Pure."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

MAX_URL_CHARS = 2048
_PORTS = {"http": 80, "https": 443}
_NAT64 = IPv6Network("64:ff9b::/96")


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


def exceptions_of(text: str) -> list[Network]:
    """Return the networks of a setting, comma-separated; raises ValueError."""
    return [ip_network(part.strip()) for part in text.split(",") if part.strip()]


def choose(target: Target, found: Iterable[str], exceptions: Sequence[Network]) -> Address:
    """Return the address to connect to, of those that a name has; raises NotFetched.

    Any port is good only on the exceptions.
    """
    for text in found:
        address = ip_address(text.partition("%")[0])
        if any(address in network for network in exceptions):
            return address
        if target.port in _PORTS.values() and is_public(address):
            return address
    raise NotFetched(f"{target.host}:{target.port} is not public")


def is_public(address: Address) -> bool:
    """Tell whether an address is of the public internet, whatever it is wrapped in."""
    if isinstance(address, IPv6Address):
        inner = _wrapped(address)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_link_local
    )


def _wrapped(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 address leads to."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in _NAT64 or int(address) >> 32 == 0:  # also the old "compatible" ones, ::a.b.c.d
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return None
