"""Workspaces from outside: whatever a member of another one tries, with every id guessed right, finds nothing.

What they get is what an id gets that is nobody's, and the other workspace is afterwards as it was before.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from typing import Any, get_args

import httpx
import msgspec
import psycopg
import pytest

from api.app import bare_app
from api.openapi import document
from roomlog.errors import ErrorCode, Refused
from roomlog.ids import new_id
from roomlog.protocol.commands import AnyCommand
from roomlog.protocol.terms import Acting, CursorText, Id
from tests.integration.api_people import Person, bring, make_workspace, problem
from tests.integration.isolation_cases import (
    ASKED,
    BODIES,
    ELSEWHERE,
    OPS,
    PATHS,
    SAME_FOR_ALL,
    SOON,
)
from tests.people import Member

NOWHERE = "00000000-0000-4000-8000-000000000000"
DOCUMENT = document(bare_app())
HOW_FAR = re.compile(r'"behind":\d+,?')
"""How many messages the index of all the server does not have yet: it changes from one answer to the next."""
PARAMETER = re.compile(r"\{(\w+)\}")
Ids = dict[str, str]
ACTING = {kind.__struct_config__.tag for kind in get_args(AnyCommand) if issubclass(kind, Acting)}


@pytest.fixture(scope="module")
def base(stack):
    return stack.status()["api"]


@pytest.fixture(scope="module")
async def people(base):
    """The owner and two members of a workspace, one of whom is in its rooms, and the owner of another one."""
    names = ("Owner", "Mia", "Max", "Eve")
    return dict(
        zip(names, await asyncio.gather(*(Person.registered(base, n) for n in names)), strict=True)
    )


@pytest.fixture(scope="module")
async def acme(people):
    workspace, _ = await make_workspace(people["Owner"])
    for name in ("Mia", "Max"):
        await bring(people["Owner"], workspace, people[name])
    return workspace


@pytest.fixture(scope="module")
async def mine(people) -> Ids:
    """Eve's own: a workspace, a room in it, and a message there."""
    eve = people["Eve"]
    workspace, _ = await make_workspace(eve, "Rival")
    room = await eve.room("of Eve", "private", workspace=workspace)
    said = await eve.say(room, "mine")
    return {"my_workspace": workspace, "my_room": room, "my_event": said["id"]}


@pytest.fixture(scope="module")
async def secrets(people, acme) -> list[Ids]:
    """What there is to be found in a public and in a private room of acme."""
    made = [await furnished(people, acme, kind) for kind in ("public", "private")]
    for ids in made:
        at = {"room": ids["room"], "after_cursor": ids["cursor"]}
        hits = await people["Owner"].read("/search", q="plutonium", **at)
        assert [hit["id"] for hit in hits["items"]] == [ids["event"]]
    return made


async def furnished(people: Mapping[str, Person], acme: str, kind: str) -> Ids:
    """Make a room with one of everything that has an id."""
    owner, mia = people["Owner"], people["Mia"]

    async def made(who: Person, method: str, path: str, body: Any = None, **sent: Any) -> Any:
        answer = await who.http.request(method, path, json=body, **sent)
        assert answer.is_success, f"{path}: {answer.text}"
        return answer.json()

    room = await owner.room(f"secret {kind}", kind, workspace=acme, members=[mia.id])
    upload = {"files": {"file": ("plan.txt", f"plan of {room}".encode())}}
    file = (await made(owner, "POST", "/files", **upload))["file_id"]
    said = await owner.say(room, "plutonium", attachments=[{"file_id": file}])
    await owner.read(f"/rooms/{room}", after_cursor=said["cursor"])
    later = {"text": "later", "send_at": SOON}
    hooked = {"room": room, "url": "http://127.0.0.1:9/", "types": ["MemberLeft"]}
    ids = {
        "workspace": acme,
        "user": owner.id,
        "room": room,
        "event": said["id"],
        "cursor": said["cursor"],
        "file": file,
        "invite": (await made(owner, "POST", f"/workspaces/{acme}/invites", {}))["id"],
        "hook": (await made(owner, "POST", f"/rooms/{room}/hooks", {"name": "CI"}))["id"],
        "schedule": (await made(owner, "POST", f"/rooms/{room}/messages", later))["id"],
        "webhook": (await made(owner, "POST", "/webhooks", hooked))["id"],
    }
    await made(owner, "PUT", f"/rooms/{room}/pins/{said['id']}")
    reported = await made(mia, "POST", f"/messages/{said['id']}/report", {"reason": "hot"})
    await owner.read(f"/rooms/{room}", after_cursor=reported["cursor"])
    return ids


SHOWN = [
    "/rooms/{room}",
    "/rooms/{room}/messages",
    "/rooms/{room}/members",
    "/rooms/{room}/pins",
    "/rooms/{room}/files",
    "/rooms/{room}/hooks",
    "/rooms/{room}/moderation",
    "/rooms/{room}/audit",
    "/messages/{event}",
    "/messages/{event}/thread",
    "/webhooks?room={room}",
    "/webhooks/{webhook}",
    "/workspaces/{workspace}",
    "/workspaces/{workspace}/members",
    "/workspaces/{workspace}/invites",
    "/workspaces/{workspace}/moderation",
    "/workspaces/{workspace}/audit",
    "/scheduled",
    "/reports",
    "/notifications",
    "/unread",
    "/rooms?mine=true",
]


@pytest.fixture
async def wrote(people, secrets, mine) -> AsyncIterator[dict[str, str]]:
    """Where somebody of another workspace wrote, with the last cursor of each place.

    Acme is afterwards as it was before.
    """
    owner, eve = people["Owner"], people["Eve"]

    async def shown() -> dict[str, Any]:
        paths = {path.format(**ids) for ids in secrets for path in SHOWN}
        answers = {path: await owner.http.get(path) for path in sorted(paths)}
        assert {a.status_code for a in answers.values()} == {200}, answers
        return {path: answer.json() for path, answer in answers.items()}

    before, places = await shown(), dict[str, str]()
    yield places
    for place, cursor in places.items():
        kind = "workspaces" if place == mine["my_workspace"] else "rooms"
        await eve.read(f"/{kind}/{place}", after_cursor=cursor)
    assert await shown() == before


def filled(value: Any, ids: Ids) -> Any:
    """Return a path, a body or a command with ids in it."""
    if isinstance(value, Mapping):
        return {key: filled(each, ids) for key, each in value.items()}
    if isinstance(value, list):
        return [filled(each, ids) for each in value]
    return value.format(**ids) if isinstance(value, str) else value


def nowhere(mine: Ids, there: Ids, cursor: str) -> Ids:
    """Return ids of nothing; the cursor is one that is not waited for."""
    return dict.fromkeys(there, NOWHERE) | {"cursor": cursor} | mine


def without_ids(text: str, ids: Ids) -> str:
    for name, each in ids.items():
        if each and not name.startswith("my_"):
            text = text.replace(each, "ID")
    return text


# REST.


async def test_no_request_finds_anything(people, secrets, mine, wrote) -> None:
    """Every documented path that names something of a workspace, and every other place for an id."""
    eve, wrong = people["Eve"], []
    for there in secrets:
        for method, path, body in routes():
            answers = await both(eve, method, path, body, {}, there, mine)
            status = SAME_FOR_ALL.get((method, path), 404)
            if answers[0] != answers[1] or answers[0][0] != status:
                wrong.append(f"{method} {path}: {answers}")
        for asked in ASKED:
            method, path, body, refused, headers = asked
            answers = await both(eve, method, path, body, headers, there, mine)
            code = json.loads(answers[0][1])["code"] if answers[0][0] >= 400 else ""
            if answers[0] != answers[1] or (refused and code != refused):
                wrong.append(f"{method} {path} {body}: {answers}")
    assert not wrong, "\n".join(wrong)
    await end(eve, mine, wrote)


async def end(eve: Person, mine: Ids, wrote: dict[str, str]) -> None:
    """Write something last into each of one's own places."""
    room, workspace = mine["my_room"], mine["my_workspace"]
    wrote[room] = (await eve.say(room, "the end"))["cursor"]
    ended = await eve.http.patch(f"/workspaces/{workspace}", json={"name": new_id()})
    wrote[workspace] = ended.json()["cursor"]


def routes() -> list[tuple[str, str, Any]]:
    """Return every route with its body: at the other's place, and at one's own with ids of the other."""
    found = []
    for path, operations in DOCUMENT["paths"].items():
        plain = path.removeprefix("/api/v1")
        names = PARAMETER.findall(plain)
        if not names or any(plain.startswith(prefix) for prefix in ELSEWHERE):
            continue
        for method, operation in operations.items():
            body = BODIES[method.upper(), plain] if "requestBody" in operation else None
            found.append((method.upper(), PARAMETER.sub(_theirs, plain), body))
    return found


def _theirs(parameter: re.Match[str]) -> str:
    return "{" + PATHS[parameter[1]] + "}"


async def both(
    eve: Person,
    method: str,
    path: str,
    body: Any,
    headers: Mapping[str, str],
    there: Ids,
    mine: Ids,
) -> list[tuple[int, str]]:
    """Return what the ids of the other get, and what those of nothing get, alike but for the ids."""
    answers = []
    for ids in (there | mine, nowhere(mine, there, "")):
        sent = {"json": filled(body, ids), "headers": filled(headers, ids)}
        while (got := await eve.http.request(method, filled(path, ids), **sent)).status_code == 429:
            await asyncio.sleep(float(got.headers["retry-after"]))
        answers.append((got.status_code, told(got, ids)))
    return answers


def told(got: httpx.Response, ids: Ids) -> str:
    """Return an answer without ids and without how far the server is; of something new of one's own only its fields."""
    if got.is_success and got.request.method != "GET":
        return ", ".join(got.json()) if got.content else ""
    return without_ids(HOW_FAR.sub("", got.text), ids)


async def test_no_request_takes_what_is_anothers_into_ones_own_place(
    people, secrets, mine, wrote
) -> None:
    """Paths with two ids: one's own room or workspace, and in it what is the other's."""
    eve, wrong = people["Eve"], []
    pairs = [(m, p, b) for m, p, b in routes() if p.startswith(("/rooms/", "/workspaces/"))]
    for there in secrets:
        for method, path, body in pairs:
            place, *others = PARAMETER.findall(path)
            if not others:
                continue
            own = path.replace("{" + place + "}", "{my_" + place + "}", 1)
            answers = await both(eve, method, own, body, {}, there, mine)
            if answers[0] != answers[1]:
                wrong.append(f"{method} {own}: {answers}")
    assert not wrong, "\n".join(wrong)
    await end(eve, mine, wrote)


async def test_lists_and_searches_show_nothing(people, acme, secrets) -> None:
    eve, owner = people["Eve"], people["Owner"]
    assert (await eve.read("/search", q="plutonium"))["items"] == []
    picked = {"Roomlog-Workspace": "default"}
    other = await owner.http.get("/search", params={"q": "plutonium"}, headers=picked)
    assert other.json()["items"] == []
    assert (await eve.read("/rooms", q="secret", limit=200))["items"] == []
    rooms = {ids["room"] for ids in secrets}
    assert rooms.isdisjoint({r["room"] for r in (await eve.read("/unread"))["items"]})
    assert acme not in {w["id"] for w in (await eve.read("/workspaces"))["items"]}
    for ids in secrets:
        problem(await eve.http.get(f"/files/{ids['file']}"), 404, "not_found")


# WebSocket.


async def test_no_command_finds_anything(people, secrets, mine, wrote, stack) -> None:
    """Every command with every id that it takes, on both nodes."""
    urls, wrong = stack.status()["ingest"], []
    sockets = [await Member.sign_in(stack.data, [url], user=people["Eve"].id) for url in urls]
    for there in secrets:
        for number, (command, expected) in enumerate(OPS):
            socket = sockets[number % len(sockets)]
            answers = []
            for ids in (there | mine, nowhere(mine, there, "1:0")):
                sent = filled(command, ids)
                code, words, cursor = await answered(socket, sent)
                answers.append((code, without_ids(words, ids)))
                if cursor is not None and sent.get("room") in mine.values():
                    wrote[sent["room"]] = cursor
            if answers[0] != answers[1] or (expected and answers[0][0] != expected):
                wrong.append(f"{command}: {answers}")
    for socket in sockets:
        await socket.client.close()
    assert not wrong, "\n".join(wrong)


async def answered(socket: Member, command: dict[str, Any]) -> tuple[str, str, str | None]:
    """Send a command; return the code of its refusal or `ack`, what that says, and the cursor."""
    key = {"key": new_id()} if command["op"] in ACTING else {}
    while True:
        try:
            ack = await socket.request({**command, **key})
        except Refused as refused:
            if refused.code is ErrorCode.RATE_LIMITED:
                await asyncio.sleep((refused.retry_after_ms or 100) / 1_000)
                continue
            return refused.code.value, str(refused), None
        return "ack", "with an event" if ack.event else "without one", ack.cursor


def test_no_id_of_a_command_is_left_out() -> None:
    """A new command, or a new field for an id, has to be tried as well."""
    tried = {
        (said.command["op"], name)
        for said in OPS
        for name, value in said.command.items()
        if re.search(r"\{(?!my_)\w+\}", json.dumps(value))
    }
    every = {
        (kind.__struct_config__.tag, field.encode_name)
        for kind in get_args(AnyCommand)
        for field in msgspec.structs.fields(kind)
        if names_something(field.type)
    }
    assert len(every) > 50
    acting_as = {(op, name) for op, name in every if name == "as"}  # one rule for all of them
    assert every - acting_as - tried == set()
    assert acting_as & tried


def names_something(annotation: Any) -> bool:
    """Tell whether a field holds an id or a cursor, or several, or something that has one."""
    if annotation in (Id, CursorText):
        return True
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return any(names_something(field.type) for field in msgspec.structs.fields(annotation))
    return any(names_something(part) for part in get_args(annotation))


# PostgreSQL.


def test_postgresql_itself_shows_nobody_more_than_they_may_see(
    people, acme, secrets, stack
) -> None:
    """Queries without any condition, as the API's role and in the name of each."""
    rooms, events = {s["room"] for s in secrets}, {s["event"] for s in secrets}
    with psycopg.connect(stack.status()["postgres"], autocommit=True) as connection:
        connection.execute("SET ROLE roomlog_api")

        def seen(user: str) -> dict[str, set[str]]:
            connection.execute("SELECT set_config('roomlog.user_id', %s, false)", [user])
            return {
                table: {
                    row[0]
                    for row in connection.execute(f"SELECT DISTINCT {column}::text FROM {table}")
                }
                for table, column in (
                    ("rooms", "id"),
                    ("members", "room_id"),
                    ("messages", "event_id"),
                    ("reactions", "room_id"),
                    ("read_markers", "user_id"),
                    ("workspace_invites", "workspace_id"),
                )
            }

        nobody, eve = seen(""), seen(people["Eve"].id)
        owner, mia, max_ = (seen(people[name].id) for name in ("Owner", "Mia", "Max"))
        for found in (nobody, eve):
            assert not found["rooms"] & {*rooms, acme}
            assert not found["members"] & {*rooms, acme}
            assert not found["messages"] & events
            assert acme not in found["workspace_invites"]
        assert nobody["messages"] == nobody["members"] == set()
        assert owner["messages"] >= events
        assert owner["rooms"] >= {*rooms, acme}
        assert mia["rooms"] >= rooms
        assert mia["messages"] >= events
        assert max_["rooms"] & rooms == {secrets[0]["room"]}, "the public one"
        assert not max_["messages"] & events
        for statement in (
            "DELETE FROM messages",
            "UPDATE rooms SET kind = 'public'",
            "INSERT INTO members SELECT * FROM members",
            "SELECT * FROM applied_events",
            "ALTER TABLE rooms DISABLE ROW LEVEL SECURITY",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
