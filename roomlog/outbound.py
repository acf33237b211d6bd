"""Addresses that this installation itself asks for, because somebody named them: webhooks, link previews.

Whoever names an address must not reach through us what only we can reach (server-side request forgery). So an
address is looked up first, every address that it leads to has to be public, and the request then goes to the
one that was looked at: a second look-up could answer something else (DNS rebinding). Both users of this, the
sender of webhooks and the maker of link previews, do so for each attempt and for each redirect: `parse` what
was named, `resolve` it, connect to `Pinned.address` with `Pinned.host` as the Host header and as the name that
the certificate is for.

`parse`, `is_public` and `networks` are pure. Nothing here sends anything.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
MAX_URL_CHARS = 2_000
_PORTS = {"https": 443, "http": 80}
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_V4_COMPATIBLE = ipaddress.ip_network("::/96")
# Reserved for the network itself since RFC 6890 and later, and not all known to every version of `ipaddress`.
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(text)
    for text in (
        "192.0.0.0/24",
        "64:ff9b:1::/48",
        "100:0:0:1::/64",
        "2001::/23",
        "3fff::/20",
        "5f00::/16",
        "fec0::/10",
    )
)
_LOOK_UP_S = 5.0


class Forbidden(ValueError):
    """This address is not asked for; the message says why, and names what was named."""


class Unresolved(OSError):
    """The name cannot be looked up now."""


class Named(NamedTuple):
    """What an address names: `host` as it goes into the Host header and the certificate's check."""

    url: str
    scheme: str
    host: str
    port: int
    target: str
    """Path and query."""


class Pinned(NamedTuple):
    """A named address, and the one IP address to connect to for it."""

    named: Named
    address: str

    @property
    def url(self) -> str:
        """The same URL with the IP address in place of the name."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{self.named.scheme}://{host}:{self.named.port}{self.named.target}"

    @property
    def host_header(self) -> str:
        """The Host header: with the port where it is not the scheme's own."""
        host = f"[{self.named.host}]" if ":" in self.named.host else self.named.host
        is_usual = self.named.port == _PORTS[self.named.scheme]
        return host if is_usual else f"{host}:{self.named.port}"


def networks(text: str) -> tuple[Network, ...]:
    """Read a comma-separated list of networks (`10.1.0.0/16, ::1`); raises ValueError."""
    return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())


def is_public(address: str, allowed: Iterable[Network] = ()) -> bool:
    """Tell whether anybody on the internet could reach an IP address: not private, loopback, link-local
    (where clouds keep their metadata), multicast, reserved or an IPv6 form of one of those.

    `allowed` are networks that count as public all the same. What is no address is not public.
    """
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if any(found in network for network in allowed):
        return True
    inner = _embedded(found)
    if inner is not None:
        return is_public(str(inner), allowed)
    is_own = any(found in network for network in _NOT_PUBLIC)
    return found.is_global and not (found.is_multicast or found.is_reserved or is_own)


def _embedded(address: Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address that an IPv6 one stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in _NAT64 or (address in _V4_COMPATIBLE and int(address) > 1):
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return None


def parse(url: str, *, allow_http: bool = False) -> Named:
    """Return what a URL names; raises Forbidden for anything but https (or http where that is allowed)."""
    if len(url) > MAX_URL_CHARS:
        raise Forbidden(f"url: over {MAX_URL_CHARS} characters")
    if any(c <= " " or c in "\\\x7f" for c in url):
        raise Forbidden("url: contains white space, a control character or a backslash")
    try:
        parts = urlsplit(url)
        port, name = parts.port, parts.hostname or ""
        host = name.encode("idna").decode("ascii") if not name.isascii() else name
    except ValueError:
        raise Forbidden("url: not a URL") from None
    if parts.scheme != "https" and not (allow_http and parts.scheme == "http"):
        wanted = "http:// or https://" if allow_http else "https://"
        raise Forbidden(f"url: must begin with {wanted}")
    if not host or port == 0:
        raise Forbidden("url: names no host")
    if parts.username is not None or parts.password is not None:
        raise Forbidden("url: must not have a user name or a password in it")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not target.isascii():
        raise Forbidden("url: path and query must be percent-encoded")
    return Named(url, parts.scheme, host, port or _PORTS[parts.scheme], target)


async def resolve(named: Named, allowed: Sequence[Network] = ()) -> Pinned:
    """Look a name up, and return where to connect; raises Forbidden or Unresolved.

    Every address that the name has must be public: who owns one name may not choose by chance.
    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(_LOOK_UP_S):
            found = await loop.getaddrinfo(named.host, named.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError) as error:
        raise Unresolved(f"{named.host} cannot be looked up") from error
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses:
        raise Unresolved(f"{named.host} has no address")
    if not all(is_public(address, allowed) for address in addresses):
        raise Forbidden(f"url: {named.host} is not a public address")
    return Pinned(named, addresses[0])
