"""Workspaces on the real stack: who comes in and goes out, what their roles allow."""

import asyncio
import json

import pytest

from analytics.export import Plan, export, ranges_of
from analytics.selection import select
from roomlog.errors import Refused
from roomlog.ids import direct_room_id, new_id, workspace_id
from schemas.registry import Registry
from tests.integration.api_people import Person, bring, invite, make_workspace, problem
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


@pytest.fixture(scope="module")
async def acme(people):
    workspace, _ = await make_workspace(people["Owner"])
    await bring(people["Owner"], workspace, people["Admin"], "admin")
    await bring(people["Admin"], workspace, people["Mia"])
    await bring(people["Owner"], workspace, people["Guest"], "guest")
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


async def test_leaving_a_public_room_again_changes_nothing(people, acme) -> None:
    owner, mia, eve = people["Owner"], people["Mia"], people["Eve"]
    room = await owner.room("lounge", workspace=acme)
    await mia.join(room)
    first, again = [await mia.http.delete(f"/rooms/{room}/members/me") for _ in range(2)]
    assert (first.status_code, again.status_code) == (200, 200)
    assert (first.json()["event"] is not None, again.json()["event"]) == (True, None)
    for outsider in (eve, people["Guest"]):
        problem(await outsider.http.delete(f"/rooms/{room}/members/me"), 404, "no_such_room")


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


async def test_an_export_of_a_workspace_has_nothing_of_another(
    people, acme, stack, tmp_path
) -> None:
    owner, eve = people["Owner"], await Person.registered(people["Owner"].base, "Exported Eve")
    rival, _ = await make_workspace(eve, "Rival")
    ours, theirs = await owner.room("ours", workspace=acme), await eve.room("x", workspace=rival)
    await owner.say(ours, "plutonium")
    await eve.say(theirs, "uranium")
    kafka, registry = stack.settings.kafka, Registry(stack.settings.registry, stack.data)

    async def exported(workspace: str) -> list[dict]:
        out, selection = tmp_path / workspace, select(workspaces=[workspace])
        ranges = await ranges_of(kafka, selection)
        resolved = registry.resolve("chat.events-value")
        plan = Plan(kafka, resolved, selection, ranges, "jsonl", out)
        await asyncio.to_thread(export, plan, lambda _: None, 1)
        lines = [line for path in out.iterdir() for line in path.read_text().splitlines()]
        return [json.loads(line) for line in lines]

    own, others = await exported(acme), await exported(rival)
    assert {acme, ours} <= {row["room_id"] for row in own}
    assert {row["room_id"] for row in others} == {rival, theirs}
    assert {row["sender_id"] for row in others} == {eve.id}
    assert not {rival, theirs} & {row["room_id"] for row in own}
    assert ("plutonium" in json.dumps(own), "uranium" in json.dumps(own)) == (True, False)
    await eve.http.aclose()
