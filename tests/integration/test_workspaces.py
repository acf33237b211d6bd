"""Workspaces on the real stack: who comes in and goes out, what their roles allow, and what nobody else sees."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta

import httpx
import psycopg
import pytest

from roomlog.errors import Refused
from roomlog.ids import direct_room_id, new_id, workspace_id
from tests.integration.api_people import Person, problem
from tests.people import Member


@pytest.fixture(scope="module")
def base(stack):
    return stack.status()["api"]


@pytest.fixture(scope="module")
async def people(base):
    """Owner, admin, member and guest of one workspace, and somebody of another one."""
    names = ("Owner", "Admin", "Mia", "Guest", "Eve")
    return dict(
        zip(names, await asyncio.gather(*(Person.registered(base, n) for n in names)), strict=True)
    )


async def make_workspace(owner: Person, name: str = "Acme") -> tuple[str, str]:
    """Make a workspace that can be read; return its id and slug."""
    slug = f"w-{uuid.uuid4().hex[:12]}"
    made = await owner.http.post("/workspaces", json={"name": name, "slug": slug})
    assert made.status_code == 201, made.text
    await owner.read(f"/workspaces/{slug}", after_cursor=made.json()["cursor"])
    return made.json()["id"], slug


async def invite(inviter: Person, workspace: str, role: str = "member", **more) -> str:
    made = await inviter.http.post(f"/workspaces/{workspace}/invites", json={"role": role, **more})
    assert made.status_code == 201, made.text
    return made.json()["token"]


async def bring(inviter: Person, workspace: str, person: Person, role: str = "member") -> str:
    """Invite somebody, let them accept, and return the cursor of that."""
    token = await invite(inviter, workspace, role)
    accepted = await person.http.post(f"/invites/{token}/accept")
    assert accepted.status_code == 200, accepted.text
    cursor = accepted.json()["cursor"]
    await person.read(f"/workspaces/{workspace}", after_cursor=cursor)
    return cursor


@pytest.fixture(scope="module")
async def acme(people):
    workspace, _ = await make_workspace(people["Owner"])
    await bring(people["Owner"], workspace, people["Admin"], "admin")
    await bring(people["Admin"], workspace, people["Mia"])
    await bring(people["Owner"], workspace, people["Guest"], "guest")
    return workspace


@pytest.fixture(scope="module")
async def rival(people):
    workspace, _ = await make_workspace(people["Eve"], "Rival")
    return workspace


async def test_a_workspace_is_made_named_and_shown_to_those_in_it(people) -> None:
    owner = people["Owner"]
    workspace, slug = await make_workspace(owner, "First")
    assert workspace == workspace_id(slug)
    shown = await owner.read(f"/workspaces/{slug}")
    assert (shown["name"], shown["role"], shown["members"]) == ("First", "owner", 1)
    again = await people["Eve"].http.post("/workspaces", json={"name": "x", "slug": slug})
    problem(again, 409, "slug_taken")
    named = await owner.http.patch(f"/workspaces/{slug}", json={"name": "Second"})
    after = {"after_cursor": named.json()["cursor"]}
    assert (await owner.read(f"/workspaces/{slug}", **after))["name"] == "Second"
    assert slug in {w["slug"] for w in (await owner.read("/workspaces"))["items"]}
    assert slug not in {w["slug"] for w in (await people["Eve"].read("/workspaces"))["items"]}
    for bad in ("A", "-a", "a_b", "x" * 41):
        refused = await owner.http.post("/workspaces", json={"name": "x", "slug": bad})
        problem(refused, 422, "bad_request")
    reserved = await owner.http.post("/workspaces", json={"name": "x", "slug": "default"})
    problem(reserved, 409, "slug_taken")


async def test_a_link_brings_in_whoever_has_it_until_it_is_revoked(people, acme) -> None:
    owner, late = people["Owner"], await Person.registered(people["Eve"].base, "Late")
    made = (await owner.http.post(f"/workspaces/{acme}/invites", json={})).json()
    after = {"after_cursor": made["cursor"]}
    shown = await late.read(f"/invites/{made['token']}", **after)
    assert (shown["workspace"], shown["role"]) == (acme, "member")
    listed = await owner.read(f"/workspaces/{acme}/invites", **after)
    assert made["id"] in {i["id"] for i in listed["items"]}
    first = await late.http.post(f"/invites/{made['token']}/accept")
    assert first.json()["event"]
    again = await late.http.post(f"/invites/{made['token']}/accept")
    assert again.json()["event"] is None
    assert (await owner.http.delete(f"/workspaces/{acme}/invites/{made['id']}")).status_code == 200
    other = await Person.registered(people["Eve"].base, "Later")
    problem(await other.http.post(f"/invites/{made['token']}/accept"), 404, "not_found")
    for nonsense in ("x", "a.b", made["token"] + "x", made["token"][:-1]):
        problem(await other.http.post(f"/invites/{nonsense}/accept"), 404, "not_found")
    await other.http.aclose()
    await late.http.aclose()


async def test_an_invite_for_an_address_is_for_that_account_alone(people, acme, stack) -> None:
    owner, eve = people["Owner"], people["Eve"]
    friend = await Person.registered(eve.base, "Friend")
    token = await invite(owner, acme, "guest", email=friend.user["email"].upper())
    problem(await eve.http.get(f"/invites/{token}"), 404, "not_found")
    problem(await eve.http.post(f"/invites/{token}/accept"), 404, "not_found")
    urls = stack.status()["ingest"]
    around = await Member.sign_in(stack.data, urls, user=eve.id)
    with pytest.raises(Refused, match="no room"):
        await around.client.request(
            {"op": "join", "room": acme, "key": "k", "invite": token.partition(".")[2]}
        )
    await around.client.close()
    accepted = await friend.http.post(f"/invites/{token}/accept")
    assert accepted.status_code == 200
    after = {"after_cursor": accepted.json()["cursor"]}
    assert (await friend.read(f"/workspaces/{acme}", **after))["role"] == "guest"
    bad = await owner.http.post(f"/workspaces/{acme}/invites", json={"email": "not an address"})
    problem(bad, 422, "bad_request")
    await friend.http.aclose()


async def test_roles(people, acme) -> None:
    owner, admin, mia, guest = (people[n] for n in ("Owner", "Admin", "Mia", "Guest"))
    members = f"/workspaces/{acme}/members"
    for who, what in (
        (mia, {"role": "guest"}),
        (guest, {"role": "member"}),
    ):
        problem(await who.http.patch(f"{members}/{guest.id}", json=what), 403, "forbidden")
    problem(
        await admin.http.patch(f"{members}/{owner.id}", json={"role": "guest"}), 403, "forbidden"
    )
    problem(await admin.http.patch(f"{members}/{mia.id}", json={"role": "owner"}), 403, "forbidden")
    problem(await admin.http.delete(f"{members}/{owner.id}"), 403, "forbidden")
    problem(await mia.http.patch(f"/workspaces/{acme}", json={"name": "Mine"}), 403, "forbidden")
    problem(await mia.http.post(f"/workspaces/{acme}/invites", json={}), 403, "forbidden")
    problem(await mia.http.get(f"/workspaces/{acme}/invites"), 403, "forbidden")
    problem(await guest.http.get(members), 403, "forbidden")
    problem(await owner.http.delete(f"{members}/me"), 403, "forbidden")
    changed = await admin.http.patch(f"{members}/{mia.id}", json={"role": "moderator"})
    listed = await mia.read(members, after_cursor=changed.json()["cursor"])
    roles = {m["user"]: m["role"] for m in listed["items"]}
    assert (roles[owner.id], roles[mia.id], roles[guest.id]) == ("owner", "moderator", "guest")
    back = await admin.http.patch(f"{members}/{mia.id}", json={"role": "member"})
    assert back.status_code == 200


async def test_public_rooms_are_for_the_members_and_guests_see_what_they_were_invited_to(
    people, acme
) -> None:
    owner, mia, guest, eve = (people[n] for n in ("Owner", "Mia", "Guest", "Eve"))
    name = f"hall {new_id()[:8]}"
    hall = await owner.room(name, workspace=acme)
    for who, sees in ((mia, True), (guest, False), (eve, False)):
        listed = (await who.read("/rooms", q=name))["items"]
        assert [r["id"] for r in listed] == ([hall] if sees else [])
        assert (await who.http.get(f"/rooms/{hall}")).status_code == (200 if sees else 404)
    for who in (guest, eve):
        problem(await who.http.post(f"/rooms/{hall}/members"), 404, "no_such_room")
    await mia.join(hall)
    asked = await mia.http.post(
        "/rooms", json={"name": "x", "members": [eve.id], "workspace": acme}
    )
    problem(asked, 422, "bad_request")
    problem(
        await guest.http.post("/rooms", json={"name": "x", "workspace": acme}), 403, "forbidden"
    )
    problem(
        await eve.http.post("/rooms", json={"name": "x", "workspace": acme}), 404, "no_such_room"
    )


async def test_guests_are_invited_and_others_are_not(people, acme, stack) -> None:
    owner, guest, eve = (people[n] for n in ("Owner", "Guest", "Eve"))
    room = await owner.room("with a guest", workspace=acme)
    member = await Member.sign_in(stack.data, stack.status()["ingest"], user=owner.id)
    with pytest.raises(Refused, match="nobody of this workspace"):
        await member.client.request({"op": "invite", "room": room, "key": "e", "user": eve.id})
    ack = await member.request({"op": "invite", "room": room, "key": "g", "user": guest.id})
    await member.client.close()
    shown = await guest.read(f"/rooms/{room}", after_cursor=ack.cursor)
    assert (shown["is_member"], shown["workspace"]) == (True, acme)
    assert room in {r["id"] for r in (await guest.read("/rooms", mine=True))["items"]}


async def test_a_header_picks_the_workspace(people, acme) -> None:
    owner = people["Owner"]
    inside, outside = await owner.room("inside", workspace=acme), await owner.room("outside")
    picked = {"Roomlog-Workspace": acme}
    mine = await owner.http.get("/rooms", params={"mine": True, "limit": 200}, headers=picked)
    ids = {r["id"] for r in mine.json()["items"]}
    assert inside in ids
    assert outside not in ids
    plain = {"Roomlog-Workspace": "default"}
    mine = await owner.http.get("/rooms", params={"mine": True, "limit": 200}, headers=plain)
    assert outside in {r["id"] for r in mine.json()["items"]}
    assert inside not in {r["id"] for r in mine.json()["items"]}
    for room, header, status in (
        (inside, picked, 200),
        (outside, picked, 404),
        (inside, plain, 404),
        (inside, {"Roomlog-Workspace": "nowhere"}, 404),
    ):
        assert (await owner.http.get(f"/rooms/{room}", headers=header)).status_code == status
    made = await owner.http.post("/rooms", json={"name": "picked"}, headers=picked)
    assert made.json()["workspace"] == acme
    people_there = (await owner.http.get("/users", headers=picked)).json()["items"]
    assert people["Eve"].id not in {u["id"] for u in people_there}
    assert owner.id in {u["id"] for u in people_there}


async def test_two_people_have_a_direct_room_in_each_workspace(people, acme) -> None:
    owner, mia = people["Owner"], people["Mia"]
    body = {"name": "us", "kind": "direct", "members": [mia.id]}
    inside = await owner.http.post("/rooms", json={**body, "workspace": acme})
    assert inside.json()["id"] == direct_room_id(owner.id, mia.id, acme)
    outside = await owner.http.post("/rooms", json=body)
    assert outside.json()["id"] == direct_room_id(mia.id, owner.id)


async def test_admins_have_a_say_in_the_rooms_that_they_are_in(people, acme) -> None:
    admin, mia, owner = people["Admin"], people["Mia"], people["Owner"]
    room = await mia.room("mine", workspace=acme)
    problem(await admin.http.patch(f"/rooms/{room}", json={"topic": "x"}), 404, "no_such_room")
    await admin.join(room)
    changed = await admin.http.patch(f"/rooms/{room}", json={"topic": "ours"})
    shown = await owner.read(f"/rooms/{room}", after_cursor=changed.json()["cursor"])
    assert shown["topic"] == "ours"


async def test_whoever_is_removed_leaves_the_rooms_at_once(people, acme, stack) -> None:
    owner, gone = people["Owner"], await Person.registered(people["Owner"].base, "Gone")
    await bring(owner, acme, gone)
    token = await invite(owner, acme)
    rooms = [
        await gone.room(f"of gone {i}", kind, workspace=acme)
        for i, kind in enumerate(("public", "private"))
    ]
    outside = await gone.room("elsewhere")
    said = await gone.say(rooms[0], "secret")
    live = await Member.sign_in(stack.data, stack.status()["ingest"][1:], user=gone.id)
    await live.client.subscribe(rooms[0])
    removed = await owner.http.delete(f"/workspaces/{acme}/members/{gone.id}")
    assert removed.json()["event"]
    told = await live.next_event(rooms[0])
    assert (told["type"], told["d"]) == ("MemberLeft", {"user": gone.id})
    for room in rooms:
        problem(await gone.http.get(f"/rooms/{room}"), 404, "no_such_room")
        posted = await gone.http.post(f"/rooms/{room}/messages", json={"text": "still here"})
        problem(posted, 404, "no_such_room")
        problem(await gone.http.post(f"/rooms/{room}/members"), 404, "no_such_room")
        with pytest.raises(Refused, match="no room"):
            await live.client.request({"op": "sub", "room": room})
    problem(await gone.http.get(f"/messages/{said['id']}"), 404, "not_found")
    assert (await gone.read(f"/rooms/{outside}"))["role"] == "owner"
    await live.client.close()
    # With an invite one may come again; the rooms do not come back by themselves.
    back = await gone.http.post(f"/invites/{token}/accept")
    after = {"after_cursor": back.json()["cursor"]}
    await gone.read(f"/workspaces/{acme}", **after)
    assert (await gone.read(f"/rooms/{rooms[0]}"))["is_member"] is False
    problem(await gone.http.get(f"/rooms/{rooms[1]}"), 404, "no_such_room")
    await gone.http.aclose()


# Isolation: whatever somebody of another workspace tries, with every id guessed right.


@pytest.fixture(scope="module")
async def secrets(people, acme):
    """A public and a private room of acme with a message each: room, event, cursor."""
    owner = people["Owner"]
    found = []
    for kind in ("public", "private"):
        room = await owner.room(f"secret {kind}", kind, workspace=acme)
        said = await owner.say(room, "plutonium")
        await owner.read(f"/rooms/{room}", after_cursor=said["cursor"])
        found.append((room, said["id"], said["cursor"]))
    return found


NOWHERE = "00000000-0000-4000-8000-000000000000"
SOON = (datetime.now(UTC) + timedelta(days=1)).isoformat()
ROUTES = [
    ("PUT", "/rooms/{room}/mute", {}),
    ("DELETE", "/rooms/{room}/mute", None),
    ("GET", "/rooms/{room}", None),
    ("PATCH", "/rooms/{room}", {"topic": "x"}),
    ("GET", "/rooms/{room}/members", None),
    ("POST", "/rooms/{room}/members", None),
    ("DELETE", "/rooms/{room}/members/me", None),
    ("GET", "/rooms/{room}/stats", None),
    ("GET", "/rooms/{room}/messages", None),
    ("GET", "/rooms/{room}/messages?page=1", None),
    ("GET", "/rooms/{room}/messages?after_cursor={cursor}", None),
    ("POST", "/rooms/{room}/messages", {"text": "x"}),
    ("POST", "/rooms/{room}/messages", {"text": "x", "send_at": SOON}),
    ("GET", "/rooms/{room}/pins", None),
    ("PUT", "/rooms/{room}/pins/{event}", None),
    ("DELETE", "/rooms/{room}/pins/{event}", None),
    ("GET", "/rooms/{room}/presence", None),
    ("GET", "/messages/{event}", None),
    ("GET", "/messages/{event}/thread", None),
    ("GET", "/workspaces/{workspace}", None),
    ("PATCH", "/workspaces/{workspace}", {"name": "x"}),
    ("GET", "/workspaces/{workspace}/members", None),
    ("PATCH", "/workspaces/{workspace}/members/{owner}", {"role": "guest"}),
    ("DELETE", "/workspaces/{workspace}/members/{owner}", None),
    ("DELETE", "/workspaces/{workspace}/members/me", None),
    ("GET", "/workspaces/{workspace}/invites", None),
    ("POST", "/workspaces/{workspace}/invites", {}),
    ("DELETE", "/workspaces/{workspace}/invites/{event}", None),
    ("GET", "/workspaces/{workspace}/moderation", None),
    ("GET", "/workspaces/{workspace}/audit", None),
    ("PUT", "/workspaces/{workspace}/mutes/{owner}", {}),
    ("DELETE", "/workspaces/{workspace}/mutes/{owner}", None),
    ("PUT", "/workspaces/{workspace}/bans/{owner}", {}),
    ("DELETE", "/workspaces/{workspace}/bans/{owner}", None),
    ("PUT", "/workspaces/{workspace}/filters", {"words": "x", "action": "mask"}),
    ("GET", "/rooms/{room}/moderation", None),
    ("GET", "/rooms/{room}/audit", None),
    ("PUT", "/rooms/{room}/mutes/{owner}", {}),
    ("DELETE", "/rooms/{room}/mutes/{owner}", None),
    ("PUT", "/rooms/{room}/bans/{owner}", {}),
    ("DELETE", "/rooms/{room}/bans/{owner}", None),
    ("PUT", "/rooms/{room}/filters", {"words": "x", "action": "mask"}),
    ("POST", "/messages/{event}/report", {"reason": "x"}),
    ("POST", "/reports/{event}/resolve", {"action": "dismissed"}),
    ("GET", "/rooms/{workspace}", None),
    ("GET", "/rooms/{workspace}/messages", None),
    ("GET", "/rooms/{workspace}/members", None),
]
OPEN = {
    "/auth",
    "/users",
    "/bridge",
    "/ingest-nodes",
    "/schemas",
    "/presence",
    "/unread",
    "/push",
    "/friends",
    "/blocks",
    "/invites",
    "/scheduled",
    "/hooks",
    "/webhooks",
    "/files",
    "/link-previews",
}
"""Routes that name nothing of a workspace in their path, or whose own tests try strangers (webhooks, files)."""


async def test_strangers_get_the_same_404_everywhere(people, acme, rival, secrets) -> None:
    eve, owner = people["Eve"], people["Owner"]
    for room, event, cursor in secrets:
        there = {"room": room, "event": event, "cursor": cursor, "workspace": acme}
        nowhere = dict.fromkeys(there, NOWHERE) | {"cursor": ""}  # of another partition
        for method, path, body in ROUTES:
            answers = []
            for ids in (there, nowhere):
                url = path.format(owner=owner.id, **ids)
                got = await eve.http.request(method, url, json=body)
                answers.append((got.status_code, _without(got, ids.values())))
            assert answers[0] == answers[1], (method, path)
            assert answers[0][0] == 404, (method, path, answers)
        for query in ({"q": "plutonium", "room": room}, {"q": f"plutonium in:{room}"}):
            found = [
                await eve.http.get(
                    "/search", params={k: v.replace(room, i) for k, v in query.items()}
                )
                for i in (room, NOWHERE)
            ]
            assert found[0].status_code == found[1].status_code >= 400
            assert _without(found[0], [room]) == _without(found[1], [NOWHERE])
        at = {"room": room, "after_cursor": cursor}
        hits = (await owner.read("/search", q="plutonium", **at))["items"]
        assert [hit["id"] for hit in hits] == [event]
    assert (await eve.read("/search", q="plutonium"))["items"] == []
    other = await owner.http.get(
        "/search", params={"q": "plutonium"}, headers={"Roomlog-Workspace": "default"}
    )
    assert other.json()["items"] == []
    assert (await eve.read("/rooms", q="secret", limit=200))["items"] == []
    assert {r["room"] for r in (await eve.read("/unread"))["items"]}.isdisjoint(
        {s[0] for s in secrets}
    )


def _without(got: httpx.Response, ids) -> str:
    text = got.text
    for each in filter(None, ids):
        text = text.replace(each, "ID")
    return text


def test_no_route_is_left_out() -> None:
    from api.app import bare_app

    tried = {(m, p.partition("?")[0].split("/")[1]) for m, p, _ in ROUTES}
    for path, operations in bare_app().openapi()["paths"].items():
        route = path.removeprefix("/api/v1")
        if "{" not in route or any(route.startswith(o) for o in OPEN):
            continue
        for method in operations:
            assert (method.upper(), route.split("/")[1]) in tried, (method, route)


OPS = [
    {"op": "sub"},
    {"op": "send", "text": "x"},
    {"op": "edit", "text": "x", "event": "EVENT"},
    {"op": "delete", "event": "EVENT"},
    {"op": "undelete", "event": "EVENT"},
    {"op": "pin", "event": "EVENT"},
    {"op": "unpin", "event": "EVENT"},
    {"op": "react", "event": "EVENT", "emoji": "+1"},
    {"op": "unreact", "event": "EVENT", "emoji": "+1"},
    {"op": "join"},
    {"op": "mute"},
    {"op": "unmute"},
    {"op": "leave"},
    {"op": "invite", "user": "EVE"},
    {"op": "kick", "user": "OWNER"},
    {"op": "role", "user": "EVE", "role": "owner"},
    {"op": "rename", "name": "x"},
    {"op": "settings", "archived": True},
    {"op": "read", "cursor": "CURSOR"},
    {
        "op": "create_invite",
        "invite": NOWHERE,
        "role": "member",
        "expires_at": "2100-01-01T00:00:00Z",
    },
    {"op": "revoke_invite", "invite": NOWHERE},
    {"op": "mute_member", "user": "OWNER"},
    {"op": "unmute_member", "user": "OWNER"},
    {"op": "ban", "user": "OWNER"},
    {"op": "unban", "user": "OWNER"},
    {"op": "filter", "words": "x", "action": "mask"},
    {"op": "report", "event": "EVENT", "reason": "x"},
    {"op": "resolve", "event": "EVENT", "action": "dismissed"},
    {"op": "create", "name": "x", "kind": "public", "workspace": "WORKSPACE"},
]


async def test_no_command_of_a_stranger_finds_anything(people, acme, secrets, stack) -> None:
    eve, owner = people["Eve"], people["Owner"]
    sockets = [
        await Member.sign_in(stack.data, [url], user=eve.id) for url in stack.status()["ingest"]
    ]
    for room, event, cursor in [*secrets, (acme, secrets[0][1], secrets[0][2])]:
        for number, op in enumerate(OPS):
            words = {"EVENT": event, "EVE": eve.id, "OWNER": owner.id, "CURSOR": cursor}
            command = {k: words.get(v, v) for k, v in op.items()}
            if op["op"] not in ("sub", "read", "mute", "unmute"):
                command["key"] = new_id()
            told = []
            for target in (room, NOWHERE):
                if op["op"] == "create":
                    sent = {**command, "workspace": acme if target == room else NOWHERE}
                else:
                    sent = {**command, "room": target}
                with pytest.raises(Refused) as refused:
                    await sockets[number % 2].client.request(sent)
                told.append(
                    (
                        refused.value.code,
                        str(refused.value).replace(target, "ID").replace(acme, "ID"),
                    )
                )
            assert told[0][0] == told[1][0] == "no_such_room", (op, told)
    for socket in sockets:
        await socket.client.close()


def test_postgresql_itself_shows_nobody_more_than_they_may_see(
    people, acme, secrets, stack
) -> None:
    """Queries without any condition, as the API's role and in the name of each."""
    rooms, events = {s[0] for s in secrets}, {s[1] for s in secrets}
    (public, private) = (secrets[0][0], secrets[1][0])
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

        nobody, eve, owner, mia = (
            seen(u) for u in ("", people["Eve"].id, people["Owner"].id, people["Mia"].id)
        )
        for found in (nobody, eve):
            assert not found["rooms"] & {*rooms, acme}
            assert not found["members"] & {*rooms, acme}
            assert not found["messages"] & events
            assert acme not in found["workspace_invites"]
        assert nobody["messages"] == nobody["members"] == set()
        assert owner["messages"] >= events
        assert owner["rooms"] >= {*rooms, acme}
        assert public in mia["rooms"]
        assert private not in mia["rooms"]
        assert not mia["messages"] & events
        for statement in (
            "DELETE FROM messages",
            "UPDATE rooms SET kind = 'public'",
            "INSERT INTO members SELECT * FROM members",
            "SELECT * FROM applied_events",
            "ALTER TABLE rooms DISABLE ROW LEVEL SECURITY",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
