"""Whose address counts behind load balancers, and what strangers can make of it."""

import ipaddress
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomlog.proxies import (
    BadProxyHeader,
    Opening,
    Proxies,
    ProxyHeader,
    limited_as,
    read_proxy_header,
)

V2 = b"\r\n\r\n\0\r\nQUIT\n"
BEHIND = Proxies("10.0.0.0/24, fd00::/64", "10.0.0.0/24")


def v2(client, command=0x21, more=b""):
    found = ipaddress.ip_address(client)
    family = 0x11 if found.version == 4 else 0x21
    body = found.packed * 2 + struct.pack("!HH", 40_000, 443) + more
    return V2 + struct.pack("!BBH", command, family, len(body)) + body


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("10.0.0.5", [], "10.0.0.5"),
        ("10.0.0.5", ["198.51.100.7"], "198.51.100.7"),
        ("198.51.100.7", ["203.0.113.9"], "198.51.100.7"),  # a stranger's header
        (
            "10.0.0.5",
            ["203.0.113.9, 198.51.100.7"],
            "198.51.100.7",
        ),  # the first is the client's own
        ("10.0.0.5", ["203.0.113.9", "198.51.100.7"], "198.51.100.7"),  # in two headers
        ("10.0.0.5", ["198.51.100.7, 10.0.0.9"], "198.51.100.7"),  # two of ours
        ("10.0.0.5", ["10.0.0.8, 10.0.0.9"], "10.0.0.8"),
        ("10.0.0.5", ["198.51.100.7, nonsense"], "10.0.0.5"),
        ("10.0.0.5", ["", " , "], "10.0.0.5"),
        ("::ffff:10.0.0.5", ["198.51.100.7"], "198.51.100.7"),
        ("fd00::1", ["[2001:db8::1]"], "2001:db8::1"),
        ("", ["198.51.100.7"], ""),
    ],
)
def test_a_header_counts_as_far_as_trusted_proxies_vouch_for_it(peer, forwarded, client):
    assert BEHIND.client(peer, forwarded) == client


def test_without_the_setting_nobody_is_believed():
    nobody = Proxies("", "")
    assert nobody.client("127.0.0.1", ["198.51.100.7"]) == "127.0.0.1"
    assert nobody.opening("127.0.0.1") is None


def test_proxy_headers_come_from_their_networks_alone():
    assert BEHIND.opening("10.0.0.5") is not None
    assert BEHIND.opening("10.0.1.5") is None
    assert BEHIND.opening("fd00::1") is None


@pytest.mark.parametrize(
    ("data", "client"),
    [
        (b"PROXY TCP4 198.51.100.7 10.0.0.1 40000 80\r\n", "198.51.100.7"),
        (b"PROXY TCP6 2001:db8::1 ::1 40000 80\r\n", "2001:db8::1"),
        (b"PROXY UNKNOWN\r\n", ""),
        (b"PROXY UNKNOWN ffff::1 ::1 1 2\r\n", ""),
        (v2("198.51.100.7"), "198.51.100.7"),
        (v2("2001:db8::1", more=b"\x04\0\x01x"), "2001:db8::1"),
        (v2("::ffff:198.51.100.7"), "198.51.100.7"),
        (v2("198.51.100.7", command=0x20), ""),  # a health check
        (V2 + b"\x21\x31\0\0", ""),  # a Unix socket
    ],
)
def test_headers_of_both_versions(data, client):
    assert read_proxy_header(data + b"GET / HTTP/1.1") == ProxyHeader(client, len(data))
    assert all(read_proxy_header(data[:n]) is None for n in range(1, len(data)))


@pytest.mark.parametrize(
    "data",
    [
        b"GET /ws HTTP/1.1\r\n",
        b"PROXY TCP4 nobody 10.0.0.1 40000 80\r\n",
        b"PROXY TCP4 2001:db8::1 ::1 40000 80\r\n",
        b"PROXY TCP4 198.51.100.7\r\n",
        b"PROXY \r\n",
        b"PROXY TCP4 " + b"1" * 200,
        V2 + b"\x11\x11\0\x0c" + bytes(12),  # version 1 in the form of 2
        V2 + b"\x21\x11\0\x04" + bytes(4),
        V2 + b"\x21\x11\xff\xff",
    ],
)
def test_broken_headers_are_refused(data):
    with pytest.raises(BadProxyHeader):
        read_proxy_header(data)


@given(
    st.one_of(st.binary(), st.binary().map(lambda b: V2 + b), st.binary().map(b"PROXY ".__add__))
)
def test_whatever_comes_is_read_or_refused(data):
    try:
        header = read_proxy_header(data)
    except BadProxyHeader:
        return
    assert header is None or header.size <= len(data)


def test_an_opening_keeps_what_is_behind_the_header():
    opening = Opening("10.0.0.5")
    header = v2("198.51.100.7")
    assert opening.feed(header[:10]) == b""
    assert (opening.is_over, opening.client) == (False, "10.0.0.5")
    assert opening.feed(header[10:] + b"GET") == b"GET"
    assert (opening.is_over, opening.client) == (True, "198.51.100.7")


def test_an_ipv6_customer_is_one_to_the_limits():
    assert (
        limited_as("2001:db8:1:2:3:4:5:6") == limited_as("2001:db8:1:2::9") == "2001:db8:1:2::/64"
    )
    assert limited_as("2001:db8:1:3::9") != limited_as("2001:db8:1:2::9")
    assert limited_as("::ffff:198.51.100.7") == limited_as("198.51.100.7") == "198.51.100.7"
    assert limited_as("unknown") == "unknown"
