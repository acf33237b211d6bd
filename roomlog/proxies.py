"""Whose address a connection really has, where load balancers stand before a service.

Two ways of telling it are understood, each only from the networks that the settings name: the PROXY protocol
(a header before the first byte of a connection, `ROOMLOG_PROXY_PROTOCOL`), and X-Forwarded-For (a header of each
request, `ROOMLOG_TRUSTED_PROXIES`). Whoever else sends X-Forwarded-For is not believed, and whoever else begins
with a PROXY header is no HTTP client and is refused as such. Pure.

The PROXY protocol is specified in https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt.
"""

import ipaddress
import struct
from collections.abc import Sequence
from typing import NamedTuple

from roomlog.outbound import Address, Network, networks

_V1, _V1_BYTES = b"PROXY ", 107
_V2, _V2_HEAD = b"\r\n\r\n\0\r\nQUIT\n", 16
_V2_MOST_BYTES = 1024
"""The largest addresses take 216; the rest is for what clouds add (TLVs), which is skipped."""
_LOCAL, _PROXIED = 0x20, 0x21
_ADDRESS_BYTES = {0x11: 4, 0x21: 16}
"""TCP over IPv4 and over IPv6; what is neither tells nothing that a rate limit could use."""


class BadProxyHeader(ValueError):
    """A connection of a load balancer that does not begin with a PROXY header, or with a broken one."""


class ProxyHeader(NamedTuple):
    """`client` is empty where the load balancer speaks for itself, as in a health check."""

    client: str
    size: int


class Opening:
    """The beginning of a load balancer's connection, until its PROXY header is there."""

    def __init__(self, peer: str) -> None:
        self.client = peer
        """Whom the connection is from: the header's client once that is known."""
        self.is_over = False
        self._data = b""

    def feed(self, data: bytes) -> bytes:
        """Take bytes and return those behind the header; raises BadProxyHeader."""
        self._data += data
        header = read_proxy_header(self._data)
        if header is None:
            return b""
        self.is_over = True
        self.client = header.client or self.client
        return self._data[header.size :]


class Proxies:
    """The load balancers of one service."""

    def __init__(self, trusted: str, proxy_protocol: str) -> None:
        """Take the two settings; raises ValueError for what are no networks."""
        self._trusted = networks(trusted)
        self._proxy_protocol = networks(proxy_protocol)

    def opening(self, peer: str) -> Opening | None:
        """Return what takes the PROXY header off a connection of `peer`; None where none comes first."""
        return Opening(peer) if _is_in(peer, self._proxy_protocol) else None

    def client(self, peer: str, forwarded: Sequence[str]) -> str:
        """Return whom a request is from: `peer`, unless it is a trusted proxy that says for whom it asks.

        `forwarded` are all values of X-Forwarded-For. Each proxy adds at the end whom it heard it from, so
        the list is read from there for as long as trusted ones speak; what stands further left is hearsay.
        """
        if not self._trusted or not forwarded:
            return peer
        hops = [hop.strip() for value in forwarded for hop in value.split(",")]
        while hops and _is_in(peer, self._trusted):
            heard = _parsed(hops.pop())
            if heard is None:
                break
            peer = str(heard)
        return peer


NO_PROXIES = Proxies("", "")


def limited_as(address: str) -> str:
    """Return what a rate limit counts an address as: an IPv6 one as its /64, which one customer has whole."""
    found = _parsed(address)
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found or address)


def read_proxy_header(data: bytes) -> ProxyHeader | None:
    """Return the PROXY header that `data` begins with, None while there has to be more of it.

    Raises BadProxyHeader.
    """
    if data[: len(_V2)] == _V2[: len(data)]:
        return _read_v2(data)
    if data[: len(_V1)] == _V1[: len(data)]:
        return _read_v1(data)
    raise BadProxyHeader("a connection of a load balancer begins with a PROXY header")


def _read_v1(data: bytes) -> ProxyHeader | None:
    line, end, _ = data[:_V1_BYTES].partition(b"\r\n")
    if not end:
        if len(data) >= _V1_BYTES:
            raise BadProxyHeader("the PROXY header does not end")
        return None
    size = len(line) + len(end)
    words = line.decode("ascii", "replace").split(" ")
    if words[1] == "UNKNOWN":
        return ProxyHeader("", size)
    client = _parsed(words[2]) if len(words) == 6 and words[1] in ("TCP4", "TCP6") else None
    if client is None or (client.version == 4) != (words[1] == "TCP4"):
        raise BadProxyHeader("the PROXY header names no address")
    return ProxyHeader(str(client), size)


def _read_v2(data: bytes) -> ProxyHeader | None:
    if len(data) < _V2_HEAD:
        return None
    command, family, length = struct.unpack_from("!BBH", data, len(_V2))
    size = _V2_HEAD + length
    if command not in (_LOCAL, _PROXIED) or size > _V2_MOST_BYTES:
        raise BadProxyHeader("the PROXY header is none of version 2")
    if len(data) < size:
        return None
    width = _ADDRESS_BYTES.get(family, 0)
    if command == _LOCAL or not width:
        return ProxyHeader("", size)
    if length < 2 * width + 4:
        raise BadProxyHeader("the PROXY header is too short for its addresses")
    client = ipaddress.ip_address(data[_V2_HEAD : _V2_HEAD + width])
    return ProxyHeader(str(_plain(client)), size)


def _is_in(address: str, some: tuple[Network, ...]) -> bool:
    found = _parsed(address) if some else None
    return found is not None and any(found in network for network in some)


def _parsed(text: str) -> Address | None:
    """Return an address in its plain form, None for what is none."""
    try:
        return _plain(ipaddress.ip_address(text.strip("[]").partition("%")[0]))
    except ValueError:
        return None


def _plain(address: Address) -> Address:
    """Return an IPv4 address that came in an IPv6 one (of a socket for both) as itself."""
    return getattr(address, "ipv4_mapped", None) or address
