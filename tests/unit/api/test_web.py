"""The web client's files: the page at every path of its own, hashed assets for ever."""

from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from api.web import SecurityHeaders, WebClient


@pytest.fixture
def http(tmp_path: Path) -> httpx.AsyncClient:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<title>Roomlog</title>")
    (tmp_path / "assets" / "app-3f2a.js").write_text("1")
    (tmp_path.parent / "secret").write_text("x")
    app = Starlette()
    app.mount("/", WebClient(tmp_path))
    transport = httpx.ASGITransport(SecurityHeaders(app))
    return httpx.AsyncClient(transport=transport, base_url="http://chat.test")


@pytest.mark.parametrize("path", ["/", "/rooms/7c0c", "/signin"])
async def test_every_page_is_the_client(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(path)
    assert answer.text == "<title>Roomlog</title>"
    assert answer.headers["cache-control"] == "no-cache"


async def test_hashed_assets_are_kept_for_ever(http: httpx.AsyncClient) -> None:
    answer = await http.get("/assets/app-3f2a.js")
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    ["/assets/gone.js", "/api/v1/nothing", "/favicon.ico", "/%2e%2e/secret", "/..%2fsecret.txt"],
)
async def test_what_is_missing_is_not_the_page(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(path)
    assert answer.status_code == 404 or answer.text == "<title>Roomlog</title>"
    assert answer.text != "x"
