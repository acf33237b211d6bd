"""Moderation on the real stack: enforced on both nodes, void in the log, and told to moderators alone."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from roomlog.errors import ErrorCode, Refused
from tests.integration.api_people import Person, problem
from tests.people import Member


class Somebody:
    """A person with an account and a socket on one node."""

    def __init__(self, person: Person, member: Member) -> None:
        self.person, self.member, self.id = person, member, person.id

    async def do(self, op: str, room: str, **more):
        return await self.member.request({"op": op, "room": room, "key": str(uuid.uuid4()), **more})

    async def code_of(self, op: str, room: str, **more) -> ErrorCode | None:
        """Try something a moment later; return why it is refused, None if it is done."""
        await asyncio.sleep(0.02)
        try:
            await self.do(op, room, **more)
        except Refused as told:
            return told.code
        return None

    async def refused(self, op: str, room: str, **more) -> Refused:
        with pytest.raises(Refused) as told:
            await self.do(op, room, **more)
        return told.value

    async def send(self, method: str, path: str, **body):
        done = await self.person.http.request(method, path, json=body or None)
        assert done.status_code == 200, done.text
        return done.json()


@pytest.fixture(scope="module")
async def people(stack):
    """Ada, who owns, on one node; Bob and Eve on the other."""
    status, found = stack.status(), []
    for name, node in (("Ada", 0), ("Bob", 1), ("Eve", 1)):
        person = await Person.registered(status["api"], name)
        member = await Member.sign_in(stack.data, [status["ingest"][node]], name, person.id)
        found.append(Somebody(person, member))
    yield found
    for each in found:
        await each.member.client.close()
        await each.person.http.aclose()


@pytest.fixture
async def room(people):
    """A public room of Ada's, with Bob and Eve."""
    ada, bob, eve = people
    room = await ada.person.room("hall")
    for each in (bob, eve):
        cursor = await each.person.join(room)
    await ada.person.read(f"/rooms/{room}", after_cursor=cursor)
    await bob.member.client.subscribe(room)
    return room


async def test_who_is_muted_reads_and_says_nothing_until_then(people, room):
    ada, bob, eve = people
    said = await bob.do("send", room, text="first")
    until = datetime.now(UTC) + timedelta(seconds=2)
    muted = await ada.do(
        "mute_member", room, user=bob.id, until=until.isoformat(), reason="shouting"
    )
    while (event := await bob.member.next_event(room))["type"] != "MemberMuted":
        pass
    assert event["d"]["reason"] == "shouting"
    for op, more in (
        ("send", {"text": "x"}),
        ("edit", {"event": said.event, "text": "x"}),
        ("react", {"event": said.event, "emoji": "!"}),
    ):
        told = await bob.refused(op, room, **more)
        assert told.code is ErrorCode.MUTED
        assert told.until == until.isoformat(timespec="milliseconds")[:23] + "Z"
    over_rest = await bob.person.http.post(f"/rooms/{room}/messages", json={"text": "x"})
    assert problem(over_rest, 403, "muted")["until"] == told.until
    shown = await bob.person.read(f"/rooms/{room}", after_cursor=muted.cursor)
    assert shown["muted_until"] == told.until
    assert (await eve.refused("mute_member", room, user=bob.id)).code is ErrorCode.FORBIDDEN
    assert (await ada.refused("mute_member", room, user=ada.id)).code is ErrorCode.BAD_REQUEST
    await asyncio.sleep(max(0, (until - datetime.now(UTC)).total_seconds()) + 0.05)
    assert (await bob.do("send", room, text="after")).event
    await ada.send("PUT", f"/rooms/{room}/mutes/{bob.id}", reason="again")
    assert (await ada.refused("resolve", room, event="x", action="dismissed")).code == "bad_request"
    while (event := await bob.member.next_event(room))["type"] != "MemberMuted":
        pass
    told = await bob.refused("send", room, text="x")
    assert (told.code, told.until) == (ErrorCode.MUTED, None)
    await ada.send("DELETE", f"/rooms/{room}/mutes/{bob.id}")
    while (await bob.member.next_event(room))["type"] != "MemberUnmuted":
        pass
    assert (await bob.do("send", room, text="free")).event


async def test_who_is_banned_is_gone_and_does_not_come_back(people, room):
    ada, bob, eve = people
    banned = await ada.do("ban", room, user=bob.id, reason="spam")
    gone = await bob.member.next_event(room)
    while gone["type"] != "MemberRemoved":
        gone = await bob.member.next_event(room)
    assert gone["d"] == {"user": bob.id, "banned": True, "reason": "spam"}
    assert (await bob.refused("join", room)).code is ErrorCode.BANNED
    problem(await bob.person.http.post(f"/rooms/{room}/members"), 403, "banned")
    told = await eve.refused("invite", room, user=bob.id)
    assert told.code is ErrorCode.BANNED
    after = {"after_cursor": banned.cursor}
    holds = await ada.person.read(f"/rooms/{room}/moderation", **after)
    assert [(b["user"], b["reason"]) for b in holds["bans"]] == [(bob.id, "spam")]
    problem(await eve.person.http.get(f"/rooms/{room}/moderation"), 403, "forbidden")
    await ada.send("DELETE", f"/rooms/{room}/bans/{bob.id}")
    async with asyncio.timeout(5):
        while (code := await bob.code_of("join", room)) is not None:
            assert code is ErrorCode.BANNED


async def test_slow_mode_holds_over_both_nodes_at_once(people, room, stack):
    ada, bob, _ = people
    status = stack.status()["ingest"]
    elsewhere = Somebody(bob.person, await bob.member.elsewhere(stack.data, status[:1]))
    changed = await ada.send("PATCH", f"/rooms/{room}", slow_mode_s=60)
    while (await bob.member.next_event(room))["type"] != "RoomSettingsChanged":
        pass
    both = (bob.do("send", room, text="one"), elsewhere.do("send", room, text="two"))
    found = await asyncio.gather(*both, return_exceptions=True)
    stored = [each for each in found if not isinstance(each, Refused)]
    refused = [each for each in found if isinstance(each, Refused)]
    assert len(stored) == 1, "one of two messages at the same moment, on different nodes"
    assert refused[0].code in (ErrorCode.SLOW_MODE, ErrorCode.FORBIDDEN)
    told = await bob.refused("send", room, text="three")
    assert told.code is ErrorCode.SLOW_MODE
    assert 50_000 < told.retry_after_ms <= 60_000
    assert told.until
    over_rest = await bob.person.http.post(f"/rooms/{room}/messages", json={"text": "x"})
    problem(over_rest, 429, "slow_mode")
    assert 50 <= int(over_rest.headers["retry-after"]) <= 60
    for text in ("owners", "may go on"):
        last = await ada.do("send", room, text=text)
    page = await ada.person.read(f"/rooms/{room}/messages", after_cursor=last.cursor)
    texts = [m["text"] for m in page["items"]]
    assert len({"one", "two"} & set(texts)) == 1
    assert texts[-2:] == ["owners", "may go on"]
    shown = await bob.person.read(f"/rooms/{room}", after_cursor=changed["cursor"])
    assert shown["slow_mode_s"] == 60
    await elsewhere.member.client.close()


async def test_words_are_refused_masked_and_flagged_and_nobody_is_shown_the_rules(people, room):
    ada, bob, eve = people
    for words, action in (("Rüde", "refuse"), ("very bad", "mask"), ("Flag", "flag")):
        await ada.send("PUT", f"/rooms/{room}/filters", words=words, action=action)
    assert (await bob.refused("filter", room, words="x", action="mask")).code == "forbidden"
    assert (await ada.refused("filter", room, words="(a+)+ b c d e", action="mask")).message
    await refused_soon(bob, room, ErrorCode.WORDS_REFUSED, "how RÜDE")
    await bob.do("send", room, text="a VERY  bád day")
    flagged = await bob.do("send", room, text="raise the flag")
    last = await eve.do("send", room, text="last")
    page = await ada.person.read(f"/rooms/{room}/messages", after_cursor=last.cursor)
    texts = [m["text"] for m in page["items"]]
    assert "a ****  *** day" in texts
    waiting = await ada.person.read("/reports", room=room)
    assert [(r["id"], r["reports"][0]["reason"]) for r in waiting["items"]] == [
        (flagged.event, "flag")
    ]
    assert waiting["items"][0]["reports"][0]["is_flag"]
    seen, prev = [], None
    while True:
        event = await bob.member.next_event(room)
        assert prev is None or event["prev"] == prev
        prev = event["cursor"]
        seen.append(event["type"])
        if event["d"].get("text") == "last":
            break
    assert not {"WordFilterChanged", "MessageFlagged"} & set(seen)
    gone = (await bob.person.read(f"/rooms/{room}"))["last_cursor"]
    assert gone == last.cursor


async def test_reports_wait_for_moderators_and_are_resolved(people, room):
    ada, bob, eve = people
    said = await bob.do("send", room, text="buy now")
    await ada.person.read(f"/rooms/{room}", after_cursor=said.cursor)
    first = await eve.send("POST", f"/messages/{said.event}/report", reason="spam")
    again = await eve.send("POST", f"/messages/{said.event}/report", reason="really")
    assert (first["event"] is not None, again["event"]) == (True, None)
    own = await bob.person.http.post(f"/messages/{said.event}/report", json={"reason": "x"})
    problem(own, 422, "bad_request")
    stranger = await Person.registered(ada.person.base, "Stranger")
    unseen = await stranger.http.post(f"/messages/{said.event}/report", json={"reason": "x"})
    problem(unseen, 404, "not_found")
    await ada.person.read(f"/rooms/{room}", after_cursor=first["cursor"])
    waiting = await ada.person.read("/reports", room=room)
    (item,) = waiting["items"]
    assert (item["id"], item["text"], item["sender"]) == (said.event, "buy now", bob.id)
    assert [(r["user"], r["reason"]) for r in item["reports"]] == [(eve.id, "spam")]
    assert (await eve.person.read("/reports"))["items"] == []
    path = f"/reports/{said.event}/resolve"
    problem(await eve.person.http.post(path, json={"action": "dismissed"}), 404, "not_found")
    done = await ada.send("POST", path, action="banned", note="third time")
    after = {"after_cursor": done["cursor"]}
    log = await ada.person.read(f"/rooms/{room}/audit", **after)
    told = [(e["type"], e["actor"], e["d"].get("user_id")) for e in log["items"][:3]]
    assert told == [
        ("ReportResolved", ada.id, None),
        ("MemberRemoved", ada.id, bob.id),
        ("MessageReported", eve.id, None),
    ]
    assert log["items"][0]["cursor"] == done["cursor"]
    page = await ada.person.read(f"/rooms/{room}/audit", limit=2)
    rest = await ada.person.read(f"/rooms/{room}/audit", before=page["next"])
    assert [*page["items"], *rest["items"]] == log["items"]
    problem(await eve.person.http.get(f"/rooms/{room}/audit"), 403, "forbidden")
    assert (await ada.person.read("/reports", room=room))["items"] == []
    await stranger.http.aclose()


async def test_what_a_workspace_forbids_holds_in_its_rooms(people):
    ada, bob, _ = people
    slug = f"w-{uuid.uuid4().hex[:12]}"
    made = await ada.person.http.post("/workspaces", json={"name": "Acme", "slug": slug})
    workspace = made.json()["id"]
    invite = (await ada.person.http.post(f"/workspaces/{slug}/invites", json={})).json()
    joined = await bob.person.http.post(f"/invites/{invite['token']}/accept")
    await ada.person.read(f"/workspaces/{slug}", after_cursor=joined.json()["cursor"])
    room = await ada.person.room("office", workspace=workspace)
    await bob.do("join", room)
    assert (await bob.do("send", room, text="rude")).event
    await ada.send("PUT", f"/workspaces/{slug}/filters", words="rude", action="refuse")
    await refused_soon(bob, room, ErrorCode.WORDS_REFUSED)
    muted = await ada.send("PUT", f"/workspaces/{slug}/mutes/{bob.id}", reason="x")
    await refused_soon(bob, room, ErrorCode.MUTED)
    after = {"after_cursor": muted["cursor"]}
    log = await ada.person.read(f"/workspaces/{slug}/audit", **after)
    assert log["items"][0]["type"] == "MemberMuted"
    assert {e["type"] for e in log["items"]} >= {"WordFilterChanged", "RoomCreated"}
    banned = await ada.send("PUT", f"/workspaces/{slug}/bans/{bob.id}", reason="x")
    await ada.person.read(f"/workspaces/{slug}", after_cursor=banned["cursor"])
    another = (await ada.person.http.post(f"/workspaces/{slug}/invites", json={})).json()
    back = await bob.person.http.post(f"/invites/{another['token']}/accept")
    problem(back, 403, "banned")


async def refused_soon(somebody: Somebody, room: str, code: ErrorCode, text: str = "rude") -> None:
    """Check that a node hears of what another wrote."""
    async with asyncio.timeout(5):
        while (told := await somebody.code_of("send", room, text=text)) is not code:
            assert told in (None, ErrorCode.WORDS_REFUSED)
