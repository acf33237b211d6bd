"""Which addresses may be asked for."""

import pytest

from roomlog.outbound import Forbidden, Pinned, is_public, networks, parse, resolve

PUBLIC = [
    "1.1.1.1",
    "93.184.216.34",
    "2606:4700:4700::1111",
    "64:ff9b::0101:0101",
    "2002:101:101::",
]
NOT_PUBLIC = [
    *("127.0.0.1", "127.1.2.3", "0.0.0.0", "10.0.0.1", "172.16.5.4", "192.168.1.1", "100.64.0.1"),
    *("169.254.169.254", "169.254.0.1", "192.0.0.192", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
    *("192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9"),
    *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1"),
    *("64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001:0:1::1", "fec0::1", "3fff::1"),
    *("localhost", "", "1.1.1", "2130706433"),
]


@pytest.mark.parametrize("address", PUBLIC)
def test_what_anybody_can_reach_is_public(address):
    assert is_public(address)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_what_only_some_can_reach_is_not_public(address):
    assert not is_public(address)


def test_networks_can_be_allowed():
    allowed = networks("127.0.0.1/32, fd00::/8")
    assert is_public("127.0.0.1", allowed)
    assert is_public("::ffff:127.0.0.1", allowed)
    assert is_public("fd00::5", allowed)
    assert not is_public("127.0.0.2", allowed)
    with pytest.raises(ValueError, match="not appear"):
        networks("everything")


def test_a_url_names_a_host():
    named = parse("https://hooks.example.org:8443/a/b?c=d#e")
    assert named[2:] == ("hooks.example.org", 8443, "/a/b?c=d")
    assert parse("https://bücher.example").host == "xn--bcher-kva.example"
    assert parse("http://a.example", allow_http=True)[3:] == (80, "/")
    pinned = Pinned(named, "2606:4700::1")
    assert pinned.url == "https://[2606:4700::1]:8443/a/b?c=d"
    assert pinned.host_header == "hooks.example.org:8443"
    assert Pinned(parse("https://a.example/x"), "1.1.1.1").host_header == "a.example"


@pytest.mark.parametrize(
    "url",
    [
        *("", "x", "http://a.example", "ftp://a.example", "file:///etc/passwd", "https://", "//a"),
        *(
            "https:///path",
            "https://user@a.example",
            "https://u:p@a.example",
            "https://a.example:0",
        ),
        *("https://a.example:99999", "https://a.example/ä", "https://a .example", "https://[::1"),
        *("https://a.example\\@b.example", "https://a.example/\r\nX: y", "javascript:alert(1)"),
        "https://a.example/" + "x" * 2_000,
    ],
)
def test_what_is_not_asked_for(url):
    with pytest.raises(Forbidden, match="url: "):
        parse(url)


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "[::1]", "2130706433", "0x7f.1", "0177.0.0.1", "0", "127.1"]
)
async def test_names_of_this_machine_are_not_asked_for(host):
    with pytest.raises((Forbidden, OSError)):
        await resolve(parse(f"https://{host}/"))


async def test_a_name_is_pinned_to_its_address():
    pinned = await resolve(parse("https://127.0.0.1/x"), networks("127.0.0.1"))
    assert pinned.address == "127.0.0.1"
