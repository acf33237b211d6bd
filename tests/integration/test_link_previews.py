"""Previews of links over the API: fetched once, kept, and never from inside."""

import asyncio
import io

import httpx
import pytest
from PIL import Image

from roomlog.ids import new_id
from tests.integration.api_people import Person, problem
from tests.webserver import Server


@pytest.fixture
async def server():
    running = await Server.running()
    yield running
    running.close()


@pytest.fixture
async def ada(stack):
    person = await Person.registered(stack.status()["api"], "Ada")
    yield person
    await person.http.aclose()


async def preview(person: Person, url: str) -> httpx.Response:
    return await person.http.get("/link-previews", params={"url": url})


async def test_a_page_is_fetched_once_for_everybody_and_its_image_is_served_here(
    stack, ada, server
) -> None:
    image = io.BytesIO()
    Image.new("RGB", (1_440, 720), "green").save(image, "JPEG")
    server.page("/tea.jpg", image.getvalue(), "image/jpeg")
    path = f"/{new_id()}"
    html = b'<title>Tea</title><meta property="og:image" content="/tea.jpg">'
    url, server.pause_s = server.page(path, html), 0.2
    answers = await asyncio.gather(*(preview(ada, url) for _ in range(5)))
    found = answers[0].json()
    for answer in answers:
        assert answer.json() == found, answer.text
    assert server.asked.count(path) == 1
    assert (found["title"], found["site"], found["url"]) == ("Tea", "127.0.0.77", url)
    assert (found["image"]["width"], found["image"]["height"]) == (720, 360)
    async with httpx.AsyncClient(base_url=stack.status()["web"]) as nobody:
        problem(await nobody.get(found["image"]["url"]), 401, "unauthenticated")
        headers = {"Authorization": f"Bearer {ada.token}"}
        got = await nobody.get(found["image"]["url"], headers=headers)
    with Image.open(io.BytesIO(got.content)) as thumbnail:
        assert (thumbnail.format, thumbnail.size) == ("WEBP", (720, 360))
    problem(await ada.http.get("/link-previews/images/" + "0" * 64), 404, "not_found")


async def test_what_cannot_be_shown_is_asked_for_once(ada, server) -> None:
    missing = server.url(f"/{new_id()}")
    for _ in range(2):
        problem(await preview(ada, missing), 404, "not_found")
    assert len(server.asked) == 1


async def test_nothing_inside_is_fetched(stack, ada, server) -> None:
    inside = stack.status()["web"].removeprefix("http://127.0.0.1")
    for url in (
        f"http://127.0.0.1{inside}/",
        f"http://localhost{inside}/",
        f"http://[::ffff:127.0.0.1]{inside}/",
        f"http://2130706433{inside}/",
        "http://169.254.169.254/latest/meta-data",
        "http://0.0.0.0/",
        "http://[::1]/",
        server.redirect("/away", f"http://127.0.0.1{inside}/healthz"),
    ):
        problem(await preview(ada, url), 404, "not_found")
    for url in ("file:///etc/passwd", "javascript:alert(1)", "http://u:p@example.org/", "x"):
        problem(await preview(ada, url), 422, "bad_request")
