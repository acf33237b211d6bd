"""Incoming hooks on the real stack."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from roomlog.hooks import token_hash
from roomlog.ids import new_id
from tests.cli import roomlog_json
from tests.integration.api_people import Person, problem


@pytest.fixture(scope="module")
def base(stack):
    return stack.status()["api"]


@pytest.fixture(scope="module")
async def ada(base):
    return await Person.registered(base, "Ada")


@pytest.fixture(scope="module")
async def bob(base):
    return await Person.registered(base, "Bob")


async def made(person, room, name="CI"):
    """Make a hook; return it, and the path that posts."""
    answer = await person.http.post(f"/rooms/{room}/hooks", json={"name": name})
    assert answer.status_code == 201, answer.text
    hook = answer.json()
    return hook, hook["path"].removeprefix("/api/v1")


async def posted(base, path, status=201, **body):
    async with httpx.AsyncClient(base_url=base, timeout=10) as http:
        answer = await http.post(path, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_another_system_posts_as_a_bot(base, ada, bob) -> None:
    room = await ada.room(kind="private")
    hook, path = await made(ada, room)
    stored = await posted(base, path, text="Build 7 passed")
    named = await posted(base, path, text="deployed", name="main")
    page = await ada.read(f"/rooms/{room}/messages", after_cursor=named["cursor"])
    assert [m["text"] for m in page["items"]] == ["Build 7 passed", "main: deployed"]
    assert {m["sender"] for m in page["items"]} == {hook["id"]}
    assert page["items"][0]["id"] == stored["id"]
    bot = {"id": hook["id"], "name": "CI", "bot": True}
    assert page["users"] == {hook["id"]: bot}
    assert await ada.read(f"/users/{hook['id']}") == bot
    members = await ada.read(f"/rooms/{room}/members")
    assert {m["user"]: m["role"] for m in members["items"]} == {ada.id: "owner", hook["id"]: "bot"}
    assert members["users"][hook["id"]] == bot
    # Nobody finds it among people.
    assert hook["id"] not in {u["id"] for u in (await ada.read("/users", q="CI"))["items"]}


async def test_the_same_event_counts_once_whoever_takes_it(base, ada) -> None:
    room = await ada.room()
    _, path = await made(ada, room)
    event = {"text": "Build 8 passed", "externalEventId": "build-8 ✓"}
    answers = await asyncio.gather(*(posted(base, path, **event) for _ in range(8)))
    assert all(answer == answers[0] for answer in answers)
    page = await ada.read(f"/rooms/{room}/messages", after_cursor=answers[0]["cursor"])
    assert [m["text"] for m in page["items"]] == ["Build 8 passed"]
    other = await posted(base, path, 409, text="failed", externalEventId="build-8 ✓")
    assert other["code"] == "key_reused"
    # The same id of another hook is another event.
    _, second = await made(ada, room, "CI 2")
    assert (await posted(base, second, **event))["id"] != answers[0]["id"]


async def test_only_who_manages_the_room_manages_its_hooks(base, ada, bob) -> None:
    room = await ada.room(kind="public")
    hook, path = await made(ada, room)
    stranger = f"/rooms/{new_id()}/hooks"
    problem(await ada.http.get(stranger), 404, "no_such_room")
    problem(await ada.http.post(stranger, json={"name": "x"}), 404, "no_such_room")
    problem(await bob.http.get(f"/rooms/{room}/hooks"), 403, "not_a_member")
    joined = await bob.join(room)
    listed = await bob.http.get(f"/rooms/{room}/hooks", params={"after_cursor": joined})
    problem(listed, 403, "forbidden")
    problem(await bob.http.post(f"/rooms/{room}/hooks", json={"name": "x"}), 403, "forbidden")
    problem(await bob.http.post(f"/rooms/{room}/hooks/{hook['id']}/rotate"), 403, "forbidden")
    problem(await bob.http.delete(f"/rooms/{room}/hooks/{hook['id']}"), 403, "forbidden")
    problem(await ada.http.delete(f"/rooms/{room}/members/{hook['id']}"), 403, "forbidden")
    (found,) = (await ada.read(f"/rooms/{room}/hooks"))["items"]
    assert (found["id"], found["name"], found["created_by"]) == (hook["id"], "CI", ada.id)
    assert "token" not in found
    assert "token_hash" not in found
    await posted(base, path, text="still good")


async def test_a_rotated_and_a_revoked_token_are_like_one_that_never_was(base, ada, db) -> None:
    room = await ada.room()
    hook, first = await made(ada, room)
    rotated = (await ada.http.post(f"/rooms/{room}/hooks/{hook['id']}/rotate")).json()
    second = rotated["path"].removeprefix("/api/v1")
    await posted(base, second, text="by the new one")
    never = await posted(base, f"/hooks/{new_id()}", 404, text="x")
    assert await posted(base, first, 404, text="x") == never
    (kept,) = db.execute("SELECT token_hash FROM room_hooks WHERE id = %s", [hook["id"]]).fetchone()
    assert kept == token_hash(rotated["token"])
    gone = await ada.http.delete(f"/rooms/{room}/hooks/{hook['id']}")
    assert gone.status_code == 200
    assert await posted(base, second, 404, text="x") == never
    again = await ada.http.delete(f"/rooms/{room}/hooks/{hook['id']}")
    assert (again.status_code, again.json()["event"]) == (200, None)
    missing = await ada.http.post(f"/rooms/{room}/hooks/{hook['id']}/rotate")
    problem(missing, 422, "bad_request")
    # What it said stays, as a bot's.
    page = await ada.read(f"/rooms/{room}/messages")
    assert page["users"][hook["id"]]["bot"] is True


async def test_bad_and_too_much_input_is_refused_and_costs_only_its_hook(base, ada) -> None:
    room = await ada.room()
    _, path = await made(ada, room)
    for body in (
        *({}, {"text": ""}, {"text": 7}, {"text": "x", "unknown": 1}, {"text": "a\0b"}),
        *({"text": "x", "externalEventId": ""}, {"text": "x", "externalEventId": "x" * 201}),
        *({"text": "x", "name": "a\nb"}, {"text": "x", "name": " "}, {"text": "  "}),
    ):
        assert (await posted(base, path, 422, **body))["code"] == "bad_request"
    assert (await posted(base, path, 413, text="x" * 8_001))["code"] == "too_large"
    assert (await posted(base, path, 413, text="x" * 300_000))["code"] == "too_large"
    async with httpx.AsyncClient(base_url=base, timeout=10) as http:
        for _ in range(260):  # a minute may begin between two of them
            answer = await http.post(path, json={"text": "x", "externalEventId": "same"})
            if answer.status_code == 429:
                break
        assert problem(answer, 429, "rate_limited")["retryable"]
        assert 1 <= int(answer.headers["retry-after"]) <= 60
    _, other = await made(ada, room, "other")
    await posted(base, other, text="others go on")


async def test_an_archived_room_takes_nothing_and_a_read_only_one_does(base, ada) -> None:
    room = await ada.room()
    _, path = await made(ada, room)
    await ada.http.patch(f"/rooms/{room}", json={"read_only": True})
    await posted(base, path, text="news")
    await ada.http.patch(f"/rooms/{room}", json={"archived": True})
    assert (await posted(base, path, 409, text="x"))["code"] == "archived"


async def test_the_log_restores_hooks(base, stack, ada) -> None:
    room = await ada.room()
    hook, _ = await made(ada, room)
    rotated = (await ada.http.post(f"/rooms/{room}/hooks/{hook['id']}/rotate")).json()
    with ThreadPoolExecutor(1) as thread:
        loop = asyncio.get_running_loop()
        args = ("verify", "--data", stack.data)
        report = await loop.run_in_executor(thread, roomlog_json, *args)
    assert "room_hooks" not in str(report.get("differences", report))
    await posted(base, rotated["path"].removeprefix("/api/v1"), text="here")
