"""Files end to end: who gets them in, who gets them out, and what becomes of them."""

import asyncio
import hashlib
import io
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from api.files import sweep
from api.files.store import content_key, store_of
from api.kafka import UserEvents
from api.postgres import Postgres
from roomlog.ids import derived_id, new_id
from schemas.registry import Registry
from tests.integration.api_people import Person, problem
from tests.integration.conftest import eventually

LIMIT, QUOTA = 3_000_000, 7_000_000
"""As `stack` is told."""


@pytest.fixture
async def people(stack):
    """Ada and Bob, who share a room, Eve, who does not, and that room."""
    base = stack.status()["api"]
    ada, bob, eve = [await Person.registered(base, name) for name in ("Ada", "Bob", "Eve")]
    room = await ada.room("files", "private", members=[bob.id])
    yield ada, bob, eve, room
    for person in (ada, bob, eve):
        await person.http.aclose()


def picture(width: int = 1_600, height: int = 1_200, colour: str = "red") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, "PNG")
    return out.getvalue()


async def send(person: Person, data: Any, name: str = "plan.png", **headers: str) -> httpx.Response:
    return await person.http.post("/files", files={"file": (name, data)}, headers=headers)


async def upload(person: Person, data: bytes, name: str = "plan.png") -> dict[str, Any]:
    answer = await send(person, data, name)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def gone(*people: Person, file: str) -> None:
    for person in people:
        for path in (f"/files/{file}", f"/files/{file}/thumbnail", f"/files/{file}/link"):
            problem(await person.http.get(path), 404, "not_found")


async def test_a_file_of_a_message_is_for_those_who_may_read_the_message(stack, people) -> None:
    ada, bob, eve, room = people
    data = picture()
    file = await upload(ada, data, "../plan \N{SNOWMAN}.png")
    assert (file["name"], file["media_type"], file["size_bytes"]) == (
        "plan \N{SNOWMAN}.png",
        "image/png",
        len(data),
    )
    assert (file["width"], file["height"]) == (1_600, 1_200)
    await gone(bob, eve, file=file["file_id"])  # it is attached to nothing
    path = f"/files/{file['file_id']}"
    assert (await ada.http.get(path)).content == data

    for stranger in (bob, eve):
        answer = await stranger.http.post(
            f"/rooms/{room}/messages", json={"text": "mine", "attachments": [file]}
        )
        assert answer.status_code in (404, 422)
    said = await ada.say(room, "", attachments=[{"file_id": file["file_id"]}])
    shown = await bob.read(f"/messages/{said['id']}", after_cursor=said["cursor"])
    assert shown["attachments"] == [file]

    got = await bob.http.get(path)
    assert got.content == data
    assert got.headers["content-type"] == "image/png"
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert got.headers["content-disposition"].startswith("inline; ")
    part = await bob.http.get(path, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, data[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(data)}"
    assert (await bob.http.get(path, headers={"Range": "bytes=999999999-"})).status_code == 416
    kept = await bob.http.get(path, headers={"If-None-Match": got.headers["etag"]})
    assert (kept.status_code, kept.content) == (304, b"")
    small = await bob.http.get(f"{path}/thumbnail")
    with Image.open(io.BytesIO(small.content)) as image:
        assert (image.format, image.size) == ("WEBP", (720, 540))
    await gone(eve, file=file["file_id"])
    await gone(bob, eve, file=new_id())

    files = await bob.read(f"/rooms/{room}/files")
    assert [(f["file_id"], f["message"]) for f in files["items"]] == [(file["file_id"], said["id"])]
    problem(await eve.http.get(f"/rooms/{room}/files"), 404, "no_such_room")

    link = (await bob.read(f"{path}/link"))["url"]
    root = stack.status()["web"]
    async with httpx.AsyncClient(base_url=root) as nobody:
        assert (await nobody.get(link)).content == data
        problem(await nobody.get(link.replace(file["file_id"], new_id())), 401, "unauthenticated")
        problem(await nobody.get(f"/api/v1{path}"), 401, "unauthenticated")
        problem(
            await nobody.get(f"/api/v1{path}", params={"token": bob.token}), 401, "unauthenticated"
        )
        left = await bob.http.delete(f"/rooms/{room}/members/{bob.id}")
        await ada.read(f"/rooms/{room}", after_cursor=left.json()["cursor"])
        problem(await nobody.get(link), 404, "not_found")
    await gone(bob, file=file["file_id"])

    problem(await ada.http.delete(path), 403, "forbidden")
    deleted = await deletion(stack, ada, room, said["id"])
    await ada.read(f"/rooms/{room}", after_cursor=deleted)
    await gone(ada, bob, eve, file=file["file_id"])


async def test_a_file_may_be_asked_for_as_soon_as_its_message_has_come(people) -> None:
    """Pages show what has come live, and ask for its pictures without knowing how far the read models are."""
    ada, bob, _, room = people
    for colour in ("red", "green", "blue"):
        file = (await upload(ada, picture(colour=colour)))["file_id"]
        await ada.say(room, "", attachments=[{"file_id": file}])
        answer = await bob.http.get(f"/files/{file}/thumbnail")
        assert answer.status_code == 200, answer.text


async def deletion(stack, person: Person, room: str, event: str) -> str:
    from roomlog.client import Client

    client = await Client.connect(stack.status()["ingest"], person.token)
    ack = await client.delete(room, event)
    await client.close()
    assert ack.cursor
    return ack.cursor


async def test_what_could_run_is_only_saved(people) -> None:
    ada, _, _, _ = people
    for name, data in (
        ("page.html", b"<!doctype html><script>alert(1)</script>"),
        ("cat.png", b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'),
    ):
        file = await upload(ada, data, name)
        assert (file["media_type"], file["width"]) == ("text/plain", 0)
        got = await ada.http.get(f"/files/{file['file_id']}")
        assert got.headers["content-type"] == "application/octet-stream"
        assert got.headers["content-disposition"].startswith("attachment; ")
        assert "sandbox" in got.headers["content-security-policy"]
        await gone_thumbnail(ada, file["file_id"])
        assert (await ada.http.delete(f"/files/{file['file_id']}")).status_code == 204


async def gone_thumbnail(person: Person, file: str) -> None:
    problem(await person.http.get(f"/files/{file}/thumbnail"), 404, "not_found")


async def test_what_is_not_taken_is_told(people) -> None:
    ada, _, _, _ = people
    problem(await send(ada, bytes(LIMIT + 1)), 413, "too_large")
    streamed = body_of(LIMIT + 100_000)
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    problem(await ada.http.post("/files", content=streamed, headers=headers), 413, "too_large")
    problem(await send(ada, b"MZ\x90\0" + bytes(100), "cat.png"), 415, "unsupported_type")
    problem(await ada.http.post("/files", content=b"x"), 415, "unsupported_type")
    problem(await ada.http.post("/files", files={"other": b"x"}), 422, "bad_request")
    problem(await send(ada, b""), 422, "bad_request")
    problem(await ada.http.post("/files", content=b"--y", headers=headers), 400, "bad_request")
    async with httpx.AsyncClient(base_url=ada.base) as nobody:
        problem(await nobody.post("/files", files={"file": b"x"}), 401, "unauthenticated")


async def body_of(size: int):
    """A body whose length nobody announced."""
    yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    for _ in range(size // 100_000 + 1):
        yield bytes(100_000)
    yield b"\r\n--x--\r\n"


async def test_nobody_has_more_than_their_quota_and_a_repeat_counts_once(people) -> None:
    ada, _, _, _ = people
    key = new_id()
    one, again = [
        (await send(ada, bytes(LIMIT), "zeros", **{"Idempotency-Key": key})).json()
        for _ in range(2)
    ]
    assert one == again
    other = await send(ada, b"other", "zeros", **{"Idempotency-Key": key})
    problem(other, 409, "key_reused")
    assert one["file_id"] == derived_id("file", ada.id, key)
    answers = await asyncio.gather(*(send(ada, bytes(LIMIT), f"{n}") for n in range(2)))
    assert sorted(a.status_code for a in answers) == [201, 413]
    problem(max(answers, key=lambda a: a.status_code), 413, "quota_exceeded")
    assert (await ada.http.delete(f"/files/{one['file_id']}")).status_code == 204
    async with asyncio.timeout(5):
        while (await send(ada, bytes(LIMIT), "more")).status_code != 201:
            await asyncio.sleep(0.05)


async def test_what_nobody_needs_goes_and_its_bytes_with_it(stack, people, db) -> None:
    ada, bob, _, room = people
    mine, shared = f"only mine {new_id()}".encode(), f"of both {new_id()}".encode()
    unused = await upload(ada, mine)
    twice = [await upload(person, shared, "notes") for person in (ada, bob)]
    said = await ada.say(room, "keep this", attachments=[twice[0]])
    await ada.read(f"/rooms/{room}", after_cursor=said["cursor"])
    store = store_of(stack.settings)
    assert isinstance(store_path(stack, mine), Path)
    postgres = Postgres.from_settings(stack.settings)
    codecs = Registry(stack.settings.registry, stack.settings.data / "cache").codecs()
    events = UserEvents(stack.settings.kafka, codecs.user_events, codecs.chat_signals)
    await postgres.open()
    try:
        own = {file["file_id"] for file in (unused, *twice)}
        assert own.isdisjoint(await sweep.remove_unneeded(postgres, events, timedelta(days=1)))
        removed = own & set(await sweep.remove_unneeded(postgres, events, timedelta(0)))
        assert removed == own - {twice[0]["file_id"]}
        for file in (unused, twice[1]):
            await absent(db, file["file_id"])
        assert await sweep.free_space(store, postgres, time.time() - 3600) == 0
        assert await sweep.free_space(store, postgres, time.time() + 3600) >= 1
        assert not store_path(stack, mine).exists()
        assert store_path(stack, shared).exists()
        assert (await bob.http.get(f"/files/{twice[0]['file_id']}")).content == shared
        # Of an account that is gone nothing stays, in messages or not.
        db.execute("DELETE FROM accounts WHERE id = %s", [ada.id])
        await sweep.remove_unneeded(postgres, events)
        await absent(db, twice[0]["file_id"])
        await gone(bob, file=twice[0]["file_id"])
    finally:
        await events.close()
        await postgres.close()


def store_path(stack, data: bytes) -> Path:
    path: Path = stack.settings.data / "files" / content_key(hashlib.sha256(data).hexdigest())
    return path


async def absent(db, file: str) -> None:
    await eventually(db, "SELECT WHERE NOT EXISTS (SELECT FROM files WHERE id = %s)", file)
