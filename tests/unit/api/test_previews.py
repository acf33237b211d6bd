"""What a preview may be fetched from, and what a page says of itself: on a web server that means no good."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from api.previews.fetch import PAGE_BYTES, PAGES, Fetched, Fetcher, NotFetched
from api.previews.page import page_of
from roomlog.outbound import networks
from tests.receiver import raw
from tests.webserver import HERE, Server


async def test_only_the_ports_of_the_web_are_taken() -> None:
    for port in (22, 6379, 8080):
        with pytest.raises(NotFetched, match="port"):
            await fetch(f"http://93.184.215.14:{port}/")


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    running = await Server.running()
    yield running
    running.close()


@pytest.fixture(autouse=True)
async def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What names lead to, one look-up after the other; the last one stays."""
    found = {"good.test": [HERE], "bad.test": ["10.0.0.1"], "rebinds.test": [HERE, "127.0.0.1"]}
    loop = asyncio.get_running_loop()
    ask = loop.getaddrinfo

    async def getaddrinfo(host: str, port: int, **more: Any) -> Any:
        known = found.get(host, [host])
        return await ask(known.pop(0) if len(known) > 1 else known[0], port, **more)

    monkeypatch.setattr(loop, "getaddrinfo", getaddrinfo)
    return found


async def fetch(url: str) -> Fetched:
    return await Fetcher(networks(f"{HERE}/32")).fetch(url, PAGES, PAGE_BYTES)


async def test_a_page_is_fetched_through_redirects_under_its_own_name(server: Server) -> None:
    server.page("/b", b"<title>here</title>", "text/html; charset=utf-8")
    server.redirect("/a", "/b")
    got = await fetch(server.url("/a", "good.test"))
    assert (got.data, got.charset) == (b"<title>here</title>", "utf-8")
    assert got.url == server.url("/b", "good.test")
    assert {r.headers["host"] for r in server.requests} == {f"good.test:{server.port}"}


@pytest.mark.parametrize(
    "location",
    [
        *(
            "http://127.0.0.1:{port}/",
            "http://[::ffff:127.0.0.1]/",
            "http://bad.test/",
            "http://[::1]/",
        ),
        *("http://169.254.169.254/latest/meta-data", "file:///etc/passwd", "http://0.0.0.0/"),
    ],
)
async def test_no_redirect_leads_inside(server: Server, location: str) -> None:
    url = server.redirect("/a", location.format(port=server.port))
    with pytest.raises(NotFetched):
        await fetch(url)
    assert server.asked == ["/a"]


async def test_redirects_end(server: Server) -> None:
    for n in range(5):
        server.redirect(f"/{n}", f"/{n + 1}")
    with pytest.raises(NotFetched, match="more than 3"):
        await fetch(server.url("/0"))
    assert len(server.asked) == 4


async def test_a_name_that_changes_its_address_is_asked_once(
    server: Server, names: dict[str, list[str]]
) -> None:
    url = server.page("/", b"<title>x</title>").replace(HERE, "rebinds.test")
    assert (await fetch(url)).data
    assert names["rebinds.test"] == ["127.0.0.1"]
    with pytest.raises(NotFetched, match="not a public"):
        await fetch(url)


async def test_no_more_is_read_than_is_wanted(server: Server) -> None:
    got = await fetch(server.url("/endless"))
    assert len(got.data) == PAGE_BYTES
    assert page_of(got) is not None


async def test_nobody_is_waited_for_for_long(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.previews.fetch.TIMEOUT_S", 0.2)
    began = time.monotonic()
    with pytest.raises(NotFetched, match="longer"):
        await fetch(server.url("/silent"))
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("kind", ["application/pdf", "image/svg+xml", ""])
async def test_only_pages_are_read(server: Server, kind: str) -> None:
    with pytest.raises(NotFetched):
        await fetch(server.page("/", b"x", kind))


async def test_what_is_packed_is_not_unpacked(server: Server) -> None:
    server.answers["/"] = raw(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\n\r\nx"
    )
    with pytest.raises(NotFetched, match="packed"):
        await fetch(server.url("/"))


def said(html: str | bytes, charset: str = "") -> tuple[str, ...] | None:
    data = html if isinstance(html, bytes) else html.encode()
    page = page_of(Fetched("https://example.org/a/b", "text/html", charset, data))
    return page and tuple(page)


def test_what_a_page_says_of_itself() -> None:
    assert said(
        """<html><head><title>plain</title><meta property="og:title" content="The  menu &amp; more">
        <meta name="description" content="second"><meta property="og:description" content="first">
        <meta property="og:site_name" content="Tea"><meta property="og:image" content="../x.png">"""
    ) == ("The menu & more", "first", "Tea", "https://example.org/x.png")
    assert said("<title>only\n this</title>") == ("only this", "", "example.org", "")
    for nothing in ("", "<title> </title>", "<p>text", "\0"):
        assert said(nothing) is None


def test_what_a_page_says_is_text_and_short() -> None:
    evil = "<title>&lt;script&gt;alert(1)&lt;/script&gt;\u202etxt" + "x" * 5_000 + "</title>"
    found = said(evil)
    assert found is not None
    assert found[0].startswith("<script>alert(1)</script>txt")
    assert len(found[0]) == 200


def test_a_page_is_read_in_its_encoding() -> None:
    assert (said("<title>Grüße</title>".encode("latin-1"), "iso-8859-1") or "")[0] == "Grüße"
    meta = '<meta charset="windows-1251"><title>чай</title>'.encode("windows-1251")
    assert (said(meta) or "")[0] == "чай"
    assert (said("<title>茶</title>", "no-such") or "")[0] == "茶"
    assert (said("<title>x</title>", "base64") or "")[0] == "x"
