"""Rooms, members and messages over REST, on the real stack."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from roomlog.ids import event_id, new_id
from tests.integration.api_people import Person, bridge_token, problem


@pytest.fixture(scope="session")
def base(stack):
    return stack.status()["api"]


@pytest.fixture(scope="session")
async def ada(base):
    return await Person.registered(base, "Ada")


@pytest.fixture(scope="session")
async def bob(base):
    return await Person.registered(base, "Bob")


@pytest.fixture(scope="session")
async def talk(ada, bob):
    """A room in which Ada said 0 to 24; returns the room and what was stored."""
    room = await ada.room("talk")
    said = [await ada.say(room, str(i)) for i in range(25)]
    await ada.read(f"/rooms/{room}", after_cursor=said[-1]["cursor"])
    return room, said


def texts(page) -> list[str]:
    return [item["text"] for item in page["items"]]


async def test_a_room_can_be_read_after_its_cursor(ada) -> None:
    made = await ada.http.post("/rooms", json={"name": "Lounge", "kind": "private"})
    assert made.status_code == 201
    body = made.json()
    assert made.headers["roomlog-cursor"] == body["cursor"]
    got = await ada.http.get(f"/rooms/{body['id']}", headers={"Roomlog-After": body["cursor"]})
    assert got.json() == {
        "id": body["id"],
        "name": "Lounge",
        "kind": "private",
        "workspace": None,
        "topic": "",
        "language": "simple",
        "archived": False,
        "read_only": False,
        "history": "all",
        "link_previews": True,
        "slow_mode_s": 0,
        "muted_until": None,
        "members": 1,
        "is_member": True,
        "role": "owner",
        "last_cursor": body["cursor"],
        "created_at": got.json()["created_at"],
    }
    assert got.headers["roomlog-cursor"] == body["cursor"]


async def test_one_key_makes_one_room(ada) -> None:
    key = {"Idempotency-Key": new_id()}
    made = [await ada.http.post("/rooms", json={"name": "once"}, headers=key) for _ in range(2)]
    assert made[0].json() == made[1].json()
    other = await ada.http.post("/rooms", json={"name": "twice"}, headers=key)
    problem(other, 409, "key_reused")


async def test_rooms_are_listed_by_name_page_by_page(ada, bob) -> None:
    tag = new_id()[:13]
    public = [await ada.room(f"{tag} {i}") for i in range(5)]
    private = await ada.room(f"{tag} 5", "private")
    seen, after = [], None
    while True:
        page = await ada.read(
            "/rooms", q=tag.upper(), limit=2, **({"after": after} if after else {})
        )
        seen += [room["id"] for room in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert seen == [*public, private]
    of_bob = await bob.read("/rooms", q=tag)
    assert [r["id"] for r in of_bob["items"]] == public
    assert [r["is_member"] for r in of_bob["items"]] == [False] * 5
    assert (await bob.read("/rooms", q=tag, mine=True))["items"] == []
    assert len((await ada.read("/rooms", q=tag, mine=True))["items"]) == 6
    assert (await ada.read("/rooms", q=f"{tag}%"))["items"] == []


async def test_joining_and_leaving(ada, bob) -> None:
    room = await ada.room("door")
    cursor = await bob.join(room)
    members = await ada.read(f"/rooms/{room}/members", after_cursor=cursor)
    assert {(m["user"], m["role"]) for m in members["items"]} == {
        (ada.id, "owner"),
        (bob.id, "member"),
    }
    assert members["users"][bob.id] == {"id": bob.id, "name": "Bob"}
    again = await bob.http.post(f"/rooms/{room}/members", json={"user": bob.id})
    assert again.json()["event"] is None
    left = await bob.http.delete(f"/rooms/{room}/members/me")
    after = {"after_cursor": left.json()["cursor"]}
    assert (await ada.read(f"/rooms/{room}", **after))["members"] == 1
    problem(await bob.http.get(f"/rooms/{room}/messages", params=after), 403, "not_a_member")
    problem(await bob.http.post(f"/rooms/{room}/messages", json={"text": "x"}), 403, "not_a_member")


async def test_members_are_listed_page_by_page(ada, bob) -> None:
    room = await ada.room("pages")
    cursor = await bob.join(room)
    first = await ada.read(f"/rooms/{room}/members", limit=1, after_cursor=cursor)
    second = await ada.read(f"/rooms/{room}/members", limit=1, after=first["next"])
    assert {first["items"][0]["user"], second["items"][0]["user"]} == {ada.id, bob.id}
    assert second["next"] is None
    problem(await ada.http.get(f"/rooms/{room}/members?after=x"), 422, "bad_request")


async def test_nobody_joins_or_leaves_for_another(ada, bob) -> None:
    room = await ada.room("self")
    problem(await ada.http.post(f"/rooms/{room}/members", json={"user": bob.id}), 403, "forbidden")
    problem(await bob.http.delete(f"/rooms/{room}/members/{ada.id}"), 403, "forbidden")


READS = ("", "/messages", "/members", "/presence", "/stats")


@pytest.mark.parametrize("path", READS)
async def test_a_foreign_private_room_is_as_if_it_were_not(ada, bob, path) -> None:
    room = await ada.room("secret", "private")
    nowhere = new_id()
    answers = [
        await bob.http.get(f"/rooms/{r}{path}")
        for r in (room, nowhere, "nonsense", nowhere.upper())
    ]
    assert len({a.text for a in answers}) == 1
    problem(answers[0], 404, "no_such_room")


async def test_writing_to_a_foreign_private_room_is_as_if_it_were_not(ada, bob) -> None:
    room = await ada.room("secret", "private")
    for r in (room, new_id(), "nonsense"):
        problem(
            await bob.http.post(f"/rooms/{r}/messages", json={"text": "x"}), 404, "no_such_room"
        )
        problem(await bob.http.post(f"/rooms/{r}/members"), 404, "no_such_room")


async def test_messages_of_a_foreign_private_room_are_as_if_they_were_not(ada, bob) -> None:
    room = await ada.room("secret", "private")
    said = await ada.say(room, "psst")
    await ada.read(f"/messages/{said['id']}", after_cursor=said["cursor"])
    for path in ("", "/thread"):
        answers = [await bob.http.get(f"/messages/{e}{path}") for e in (said["id"], new_id(), "x")]
        assert len({a.text for a in answers}) == 1
        problem(answers[0], 404, "not_found")


@pytest.mark.parametrize(
    ("path", "status"),
    [("", 200), ("/stats", 200), ("/messages", 403), ("/members", 403), ("/presence", 403)],
)
async def test_of_a_public_room_others_see_what_it_is_but_not_what_is_said(
    talk, bob, path, status
) -> None:
    answer = await bob.http.get(f"/rooms/{talk[0]}{path}")
    assert answer.status_code == status
    if status == 403:
        problem(answer, 403, "not_a_member")


async def test_a_message_has_one_shape_everywhere(ada) -> None:
    room = await ada.room("shape")
    said = await ada.say(room, "hello", mentions=[ada.id])
    one = await ada.read(f"/messages/{said['id']}", after_cursor=said["cursor"])
    users = one.pop("users")
    assert one.pop("history") == []
    page = await ada.read(f"/rooms/{room}/messages")
    assert page["items"] == [one]
    assert users == page["users"] == {ada.id: {"id": ada.id, "name": "Ada"}}
    assert one == {
        "id": said["id"],
        "room": room,
        "cursor": said["cursor"],
        "sender": ada.id,
        "ts": one["ts"],
        "text": "hello",
        "reply_to": None,
        "thread": {"root": said["id"], "count": 0, "last": None},
        "edited_at": None,
        "deleted_at": None,
        "reactions": [],
        "mentions": [ada.id],
        "attachments": [],
    }
    sent = datetime.fromisoformat(one["ts"])
    assert abs(datetime.now(UTC) - sent) < timedelta(minutes=1)
    assert said["id"] == event_id(ada.id, room, said["key"])


async def test_history_by_cursor_is_complete_in_both_directions(talk, ada) -> None:
    room, said = talk
    path = f"/rooms/{room}/messages"
    newest = await ada.read(path, limit=10)
    assert texts(newest) == [str(i) for i in range(15, 25)]
    assert newest["has_more"]
    seen, before = texts(newest), newest["items"][0]["cursor"]
    while True:
        page = await ada.read(path, limit=10, before=before)
        seen = texts(page) + seen
        if not page["has_more"]:
            break
        before = page["items"][0]["cursor"]
    assert seen == [str(i) for i in range(25)]
    first = await ada.read(path, after="1:-1", limit=10)
    assert texts(first) == [str(i) for i in range(10)]
    rest = await ada.read(path, after=first["items"][-1]["cursor"], limit=200)
    assert texts(rest) == [str(i) for i in range(10, 25)]
    assert not rest["has_more"]
    assert (await ada.read(path, after=said[-1]["cursor"]))["items"] == []


async def test_history_around_a_cursor_and_from_a_time(talk, ada) -> None:
    room, said = talk
    path = f"/rooms/{room}/messages"
    around = await ada.read(path, around=said[12]["cursor"], limit=5)
    assert texts(around) == ["10", "11", "12", "13", "14"]
    assert around["has_more"]
    sent = (await ada.read(f"/messages/{said[7]['id']}"))["ts"]
    at = await ada.read(path, at=sent, limit=3)
    assert texts(at)[0] in {"5", "6", "7"}
    assert (await ada.read(path, at="2999-01-01T00:00:00Z"))["items"] == []
    assert texts(await ada.read(path, at="1999-01-01", limit=1)) == ["0"]


async def test_numbered_pages_put_together_are_the_log(talk, ada) -> None:
    room, _ = talk
    seen = []
    for number in (1, 2, 3, 4):
        page = await ada.read(f"/rooms/{room}/messages", page=number, limit=7)
        seen += texts(page)
        assert {k: page[k] for k in ("total", "page", "limit", "totalPages", "hasMore")} == {
            "total": 25,
            "page": number,
            "limit": 7,
            "totalPages": 4,
            "hasMore": number < 4,
        }
    assert seen == [str(i) for i in range(25)]
    assert (await ada.read(f"/rooms/{room}/messages", page=10**9, limit=7))["items"] == []


async def test_threads(ada) -> None:
    room = await ada.room("threads")
    root = await ada.say(room, "root")
    await ada.say(room, "aside")
    one = await ada.say(room, "one", reply_to=root["id"])
    two = await ada.say(room, "two", reply_to=one["id"])
    three = await ada.say(room, "three", reply_to=root["id"])
    lost = await ada.say(room, "lost", reply_to=new_id())
    page = await ada.read(f"/rooms/{room}/messages", after_cursor=lost["cursor"])
    threads = {m["text"]: m["thread"] for m in page["items"]}
    assert threads["root"] == {"root": root["id"], "count": 2, "last": three["cursor"]}
    assert threads["one"] == {"root": root["id"], "count": 1, "last": two["cursor"]}
    assert threads["two"] == {"root": root["id"], "count": 0, "last": None}
    assert threads["lost"]["root"] == lost["id"]
    for member in (root, two):
        thread = await ada.read(f"/messages/{member['id']}/thread")
        assert thread["root"]["text"] == "root"
        assert texts(thread) == ["one", "two", "three"]
    page = await ada.read(f"/messages/{root['id']}/thread", limit=2)
    assert (texts(page), page["has_more"]) == (["one", "two"], True)
    rest = await ada.read(f"/messages/{root['id']}/thread", after=page["items"][-1]["cursor"])
    assert (texts(rest), rest["has_more"]) == (["three"], False)


async def test_one_key_posts_one_message(ada) -> None:
    room = await ada.room("keys")
    key = {"Idempotency-Key": "import:room:7"}
    path = f"/rooms/{room}/messages"
    answers = await asyncio.gather(
        *(ada.http.post(path, json={"text": "once"}, headers=key) for _ in range(5))
    )
    assert [a.status_code for a in answers] == [201] * 5
    assert len({a.text for a in answers}) == 1
    cursor = answers[0].json()["cursor"]
    assert (await ada.read(path, after_cursor=cursor, page=1))["total"] == 1
    problem(await ada.http.post(path, json={"text": "other"}, headers=key), 409, "key_reused")


async def test_reading_ones_writes_for_a_while(ada) -> None:
    room = await ada.room("fresh")
    for i in range(20):
        said = await ada.say(room, str(i))
        page = await ada.read(f"/rooms/{room}/messages", after_cursor=said["cursor"], limit=1)
        assert texts(page) == [str(i)]
        assert int(page["cursor"].split(":")[1]) >= int(said["cursor"].split(":")[1])


async def test_a_cursor_that_does_not_come_is_a_timeout(ada) -> None:
    room = await ada.room("late")
    for path in (f"/rooms/{room}", f"/messages/{new_id()}"):
        late = await ada.http.get(path, params={"after_cursor": "1:99999999999"})
        assert problem(late, 504, "behind")["retryable"] is True
        assert late.headers["retry-after"] == "1"


@pytest.mark.parametrize(
    "query",
    [
        {"before": "x"},
        {"before": "1:9223372036854775808"},
        {"before": "2:5"},
        {"after_cursor": "nonsense"},
        {"after_cursor": "7:1"},
        {"around": "1:2:3"},
        {"limit": "0"},
        {"limit": "201"},
        {"limit": "NaN"},
        {"page": "0"},
        {"page": "99999999999999999999"},
        {"before": "1:5", "after": "1:2"},
        {"at": "yesterday"},
        {"at": "inf"},
    ],
)
async def test_bad_places_are_refused(talk, ada, query) -> None:
    problem(await ada.http.get(f"/rooms/{talk[0]}/messages", params=query), 422, "bad_request")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"{", 400),
        (b'{"text": "a", "text": "b"}', 400),
        (b'{"text": NaN}', 400),
        (b'{"text": 9007199254740992}', 400),
        (b"[" * 10_000, 400),
        (b'{"text": "\xff"}', 400),
        (b'{"text": "a\\u0000b"}', 422),
        (b'{"text": "\\ud800"}', 422),
        (b'{"text": ""}', 422),
        (b'{"text": "   "}', 422),
        (b'{"text": ["a"]}', 422),
        (b"[]", 422),
        (b"null", 422),
        (b'{"text": "a", "sender": "0b1f6f5e-3c1f-4f0e-9f43-0c1d5e8b7a11"}', 422),
        (b'{"text": "a", "offset": 1}', 422),
        (b'{"text": "a", "role": "owner"}', 422),
        (b'{"text": "a", "as": "0b1f6f5e-3c1f-4f0e-9f43-0c1d5e8b7a11"}', 422),
        (b'{"text": "a", "reply_to": "x"}', 422),
        (b'{"text": "' + b"a" * 8001 + b'"}', 413),
        (b'{"text": "' + b"a" * 300_000 + b'"}', 413),
    ],
)
async def test_bad_messages_are_refused(talk, ada, body, status) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await ada.http.post(f"/rooms/{talk[0]}/messages", content=body, headers=headers)
    problem(answer, status, "too_large" if status == 413 else "bad_request")


async def test_an_endless_body_is_refused(talk, ada) -> None:
    async def endless():
        for _ in range(1000):
            yield b" " * 65_536

    try:
        answer = await ada.http.post(
            f"/rooms/{talk[0]}/messages",
            content=endless(),
            headers={"Content-Type": "application/json"},
        )
    except (httpx.WriteError, httpx.RemoteProtocolError):
        return  # the server hung up, which is as good
    problem(answer, 413, "too_large")


@pytest.mark.parametrize("key", ["", "x" * 65, "a b", "a/b"])
async def test_bad_idempotency_keys_are_refused(talk, ada, key) -> None:
    headers = {"Idempotency-Key": key}
    answer = await ada.http.post(f"/rooms/{talk[0]}/messages", json={"text": "x"}, headers=headers)
    problem(answer, 422, "bad_request")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "a\0"},
        {"name": "x" * 101},
        {"name": "x", "kind": "secret"},
        {"name": "x", "members": ["me"]},
        {"name": "x", "kind": "direct"},
        {"name": "x", "id": "7c0c2b34-8a0e-8d5f-a0b2-3f6f0f4f6a22"},
        {"name": "x", "members": [new_id() for _ in range(501)]},
    ],
)
async def test_bad_rooms_are_refused(ada, body) -> None:
    problem(await ada.http.post("/rooms", json=body), 422, "bad_request")


@pytest.mark.parametrize(
    "path", ["/rooms?q=%00", "/users?q=%00", "/rooms?after=%00", "/rooms?limit=-1", "/presence"]
)
async def test_bad_searches_are_refused(ada, path) -> None:
    problem(await ada.http.get(path), 422, "bad_request")


async def test_markup_is_kept_as_text(ada) -> None:
    room = await ada.room("<script>alert(1)</script>")
    evil = "<img src=x onerror=alert(1)> javascript:alert(1) \u202eevil"
    said = await ada.say(room, evil)
    got = await ada.http.get(f"/rooms/{room}/messages", params={"after_cursor": said["cursor"]})
    assert got.json()["items"][0]["text"] == evil
    assert got.headers["content-type"] == "application/json"
    assert got.headers["x-content-type-options"] == "nosniff"


async def test_presence_of_people_who_are_not_here(ada, talk) -> None:
    here = await ada.read(f"/rooms/{talk[0]}/presence")
    assert here == {"room": talk[0], "state": {}, "users": {}}
    nobody = new_id()
    states = await ada.read("/presence", users=f"{nobody},junk")
    assert states["items"] == [{"user": nobody, "state": "offline", "last_seen": None}]


async def test_presence_shows_who_follows_a_room(ada, stack) -> None:
    from roomlog.client import Client

    room = await ada.room("here")
    client = await Client.connect(stack.status()["ingest"], ada.token)
    try:
        await client.subscribe(room)
        async with asyncio.timeout(5):
            while not (here := await ada.read(f"/rooms/{room}/presence"))["state"]:
                await asyncio.sleep(0.05)
        assert here["state"] == {ada.id: "online"}
        assert here["users"] == {ada.id: {"id": ada.id, "name": "Ada"}}
        [state] = (await ada.read("/presence", users=ada.id))["items"]
        assert state["state"] == "online"
    finally:
        await client.close()


async def test_writes_over_rest_reach_sockets(ada, bob, stack) -> None:
    from roomlog.client import Client

    room = await ada.room("both ways")
    await bob.join(room)
    client = await Client.connect(stack.status()["ingest"], bob.token)
    try:
        await client.subscribe(room)
        said = await ada.say(room, "over REST")
        async with asyncio.timeout(5):
            async for frame in client:
                if frame["op"] == "event" and frame["id"] == said["id"]:
                    break
        assert (frame["sender"], frame["d"]) == (ada.id, {"text": "over REST"})
        assert frame["cursor"] == said["cursor"]
    finally:
        await client.close()


async def test_direct_rooms_are_found_again(ada, bob) -> None:
    rooms = [
        (
            await who.http.post(
                "/rooms", json={"name": "dm", "kind": "direct", "members": [other.id]}
            )
        )
        for who, other in ((ada, bob), (bob, ada))
    ]
    assert {r.status_code for r in rooms} == {201}
    assert rooms[0].json()["id"] == rooms[1].json()["id"]


async def test_bridges_are_not_members_by_being_bridges(talk, base, stack) -> None:
    headers = {"Authorization": f"Bearer {bridge_token(stack.settings)}"}
    async with httpx.AsyncClient(base_url=base, headers=headers) as http:
        problem(await http.get(f"/rooms/{talk[0]}/messages"), 403, "not_a_member")


async def change(person, room, **what) -> str:
    """Change a room and return the cursor of that."""
    changed = await person.http.patch(f"/rooms/{room}", json=what)
    assert changed.status_code == 200, changed.text
    return changed.json()["cursor"]


async def test_a_room_is_named_and_described_by_those_who_moderate(ada, bob) -> None:
    room = await ada.room("old name")
    cursor = await bob.join(room)
    problem(await bob.http.patch(f"/rooms/{room}", json={"name": "mine"}), 403, "forbidden")
    problem(await bob.http.patch(f"/rooms/{room}", json={}), 422, "bad_request")
    problem(await bob.http.patch(f"/rooms/{new_id()}", json={"name": "x"}), 404, "no_such_room")
    key = {"Idempotency-Key": new_id()}
    body = {"name": "new name", "topic": "tea", "read_only": True}
    done = [await ada.http.patch(f"/rooms/{room}", json=body, headers=key) for _ in range(2)]
    assert done[0].json() == done[1].json()
    shown = await bob.read(f"/rooms/{room}", after_cursor=done[0].json()["cursor"])
    assert {**shown, **body} == shown
    problem(await bob.http.post(f"/rooms/{room}/messages", json={"text": "x"}), 403, "forbidden")
    assert cursor


async def test_an_archived_room_leaves_the_lists_and_takes_nothing(ada, bob) -> None:
    name = f"attic {new_id()[:8]}"
    room = await ada.room(name)
    said = await ada.say(room, "before")
    await ada.read(f"/rooms/{room}", after_cursor=await change(ada, room, archived=True))
    for mine in (True, False):
        assert (await ada.read("/rooms", q=name, mine=mine))["items"] == []
        old = await ada.read("/rooms", q=name, mine=mine, archived=True)
        assert [r["id"] for r in old["items"]] == [room]
    problem(await ada.http.post(f"/rooms/{room}/messages", json={"text": "x"}), 409, "archived")
    problem(await bob.http.post(f"/rooms/{room}/members"), 409, "archived")
    assert (await ada.read(f"/messages/{said['id']}"))["text"] == "before"
    cursor = await change(ada, room, archived=False, name=f"{name} again")
    assert (await ada.read("/rooms", q=name))["items"] or cursor
    await ada.say(room, "after")


async def test_members_may_read_what_came_since_they_joined(ada, bob) -> None:
    room = await ada.room("fresh")
    await change(ada, room, history="joined")
    before = await ada.say(room, "before")
    await bob.join(room)
    answer = await ada.say(room, "after", reply_to=before["id"])
    at = {"after_cursor": answer["cursor"]}
    assert texts(await bob.read(f"/rooms/{room}/messages", **at)) == ["after"]
    assert texts(await ada.read(f"/rooms/{room}/messages", **at)) == ["before", "after"]
    page = await bob.read(f"/rooms/{room}/messages", page=1)
    assert (texts(page), page["total"]) == (["after"], 1)
    problem(await bob.http.get(f"/messages/{before['id']}"), 404, "not_found")
    thread = await bob.read(f"/messages/{answer['id']}/thread")
    assert thread["root"]["id"] == answer["id"]
    assert await bob.read(f"/rooms/{room}/messages", around=before["cursor"])
    cursor = await change(ada, room, history="all")
    page = await bob.read(f"/rooms/{room}/messages", after_cursor=cursor)
    assert texts(page) == ["before", "after"]


async def test_a_group_is_of_three(ada, bob, base) -> None:
    carol = await Person.registered(base, "Carol")
    alone = await ada.http.post("/rooms", json={"name": "x", "kind": "group", "members": [bob.id]})
    problem(alone, 422, "bad_request")
    group = await ada.room("we", "group", members=[bob.id, carol.id])
    named = await bob.http.patch(f"/rooms/{group}", json={"name": "us"})
    shown = await carol.read(f"/rooms/{group}", after_cursor=named.json()["cursor"])
    assert (shown["name"], shown["kind"], shown["members"]) == ("us", "group", 3)
    await carol.http.aclose()


async def test_stats_of_a_public_room_are_for_those_who_could_join_it(ada, bob) -> None:
    room = await ada.room("lively")
    said = await ada.say(room, "one")
    told = await bob.read(f"/rooms/{room}/stats", after_cursor=said["cursor"])
    assert (told["messages"], told["messages_last_week"], told["senders_last_week"]) == (1, 1, 1)
