"""Webhooks on the real stack, against a receiver on this machine."""

import asyncio
import base64
import hashlib
import hmac

import pytest

from projector.commands import hooks
from roomlog.cursors import parse_cursor
from roomlog.events import MessagePosted
from roomlog.ids import new_id
from roomlog.sealing import Sealing
from roomlog.webhooks import RETRIES
from tests.by_hand import append
from tests.cli import roomlog, roomlog_json
from tests.integration.api_people import Person, problem
from tests.people import Member
from tests.receiver import Receiver, hang, status


@pytest.fixture(scope="module")
def base(stack):
    return stack.status()["api"]


@pytest.fixture(scope="module")
async def ada(base):
    return await Person.registered(base, "Ada")


@pytest.fixture
async def receiver():
    async with Receiver() as running:
        yield running


async def made(person, room, url, **more):
    """Make a webhook; return its id and its secret."""
    answer = await person.http.post("/webhooks", json={"room": room, "url": url, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"], answer.json()["secret"]


async def until(look, condition, within_s=20):
    """Ask again and again until the answer fits, and return it."""
    async with asyncio.timeout(within_s):
        while not condition(found := await look()):
            await asyncio.sleep(0.05)
    return found


def texts(requests):
    return [r.event["d"]["text"] for r in requests if r.event["type"] == "MessagePosted"]


def signature(secret, request):
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode()
    digest = hmac.new(key, signed + request.body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


async def test_what_happens_is_sent_signed_and_in_order(ada, receiver, stack, db) -> None:
    room = await ada.room(kind="private")
    await ada.say(room, "before")
    hook = (await ada.http.post(f"/rooms/{room}/hooks", json={"name": "CI"})).json()
    webhook, secret = await made(ada, room, receiver.url("/all"))
    await made(ada, room, receiver.url("/few"), types=["RoomRenamed"])
    said = [await ada.say(room, f"{n}") for n in range(30)]
    # What a bot says is not sent back to where it may have come from.
    await ada.http.post(hook["path"].removeprefix("/api/v1"), json={"text": "by a bot"})
    await ada.http.patch(f"/rooms/{room}", json={"name": "renamed"})
    await receiver.until(lambda: len(receiver.at("/all")) == 31 and receiver.at("/few"))
    came = receiver.at("/all")
    assert texts(came) == [str(n) for n in range(30)]
    assert came[0].event == {
        "type": "MessagePosted",
        "event": said[0]["id"],
        "room": room,
        "workspace": None,
        "cursor": said[0]["cursor"],
        "sender": ada.id,
        "ts": came[0].event["ts"],
        "d": {"text": "0"},
    }
    assert all(r.headers["webhook-signature"] == signature(secret, r) for r in came)
    assert len({r.headers["webhook-id"] for r in came}) == 31
    assert [r.event["type"] for r in receiver.at("/few")] == ["RoomRenamed"]

    rotated = (await ada.http.post(f"/webhooks/{webhook}/rotate")).json()
    await ada.say(room, "signed twice")
    await receiver.until(lambda: len(receiver.at("/all")) == 32)
    last = receiver.at("/all")[-1]
    both = [signature(rotated["secret"], last), signature(secret, last)]
    assert last.headers["webhook-signature"].split(" ") == both
    listed = await until(
        lambda: ada.read(f"/webhooks/{webhook}"), lambda found: found["waiting"] == 0
    )
    assert (listed["state"], listed["dead"], listed["last_status"]) == ("active", 0, 204)
    assert secret not in str(listed)

    kept = "SELECT secret, old_secret FROM webhooks WHERE id = %s"
    before = db.execute(kept, [webhook]).fetchone()
    assert not {secret, rotated["secret"]} & set(before)
    sealing = Sealing(stack.data / "secret.keys")
    assert [sealing.unseal(one) for one in before] == [rotated["secret"], secret]
    await asyncio.to_thread(hooks.reseal, stack.data)
    after = db.execute(kept, [webhook]).fetchone()
    assert not set(before) & set(after)
    assert [sealing.unseal(one) for one in after] == [rotated["secret"], secret]
    await ada.say(room, "signed by what was sealed anew")
    await receiver.until(lambda: len(receiver.at("/all")) == 33)
    last = receiver.at("/all")[-1]
    assert signature(rotated["secret"], last) in last.headers["webhook-signature"]


async def test_retries_then_dead_then_paused_and_told_then_on_without_a_gap(
    stack, ada, receiver
) -> None:
    me = await Member.sign_in(stack.data, stack.status()["ingest"], user=ada.id)
    room, other = await ada.room(kind="private"), await ada.room(kind="private")
    receiver.answers["/bad"] = status(500, body=b"out of order")
    webhook, _ = await made(ada, room, receiver.url("/bad"))
    await made(ada, other, receiver.url("/good"))
    first = await ada.say(room, "0")
    for number in range(1, 6):
        await ada.say(room, f"{number}")
    await ada.say(other, "goes on meanwhile")
    await receiver.until(lambda: receiver.at("/good"))

    paused = await until(
        lambda: ada.read(f"/webhooks/{webhook}"), lambda found: found["state"] == "paused"
    )
    assert paused["reason"] == "answered 500 out of order"
    told = await me.next_notice("webhook_paused", room)
    assert told["text"].endswith("is paused: answered 500 out of order")
    await me.client.close()
    tries = receiver.at("/bad")
    assert texts(tries) == [str(n) for n in range(3) for _ in range(RETRIES + 1)]
    assert len({r.headers["webhook-id"] for r in tries}) == 3
    dead = await ada.read(f"/webhooks/{webhook}/deliveries", state="dead")
    assert [d["attempts"] for d in dead["items"]] == [RETRIES + 1] * 3

    for number in range(6, 10):  # nothing of this is lost, nor a row yet
        await ada.say(room, f"{number}")
    receiver.answers.clear()
    receiver.requests.clear()
    resumed = await ada.http.patch(f"/webhooks/{webhook}", json={"paused": False})
    assert resumed.json()["state"] == "active"
    await receiver.until(lambda: len(receiver.at("/bad")) == 7)
    assert texts(receiver.at("/bad")) == [str(n) for n in range(3, 10)]

    again = next(d for d in dead["items"] if d["event"] == first["id"])
    replayed = {"delivery": again["id"]}
    answer = await ada.http.post(f"/webhooks/{webhook}/replay", json=replayed)
    assert answer.status_code == 202, answer.text
    await receiver.until(lambda: len(receiver.at("/bad")) == 8)
    assert receiver.at("/bad")[-1].headers["webhook-id"] == again["id"]
    twice = await until(
        lambda: ada.http.post(f"/webhooks/{webhook}/replay", json=replayed),
        lambda found: found.status_code != 202,
    )
    problem(twice, 404, "not_found")

    receiver.requests.clear()
    await ada.http.post(f"/webhooks/{webhook}/replay", json={"cursor": first["cursor"]})
    await ada.say(room, "10")
    await receiver.until(lambda: "10" in texts(receiver.at("/bad")))
    assert texts(receiver.at("/bad")) == [str(n) for n in range(11)]
    assert receiver.at("/bad")[0].headers["webhook-id"] == again["id"]
    page = await ada.read(f"/webhooks/{webhook}/deliveries", limit=5)
    rest = await ada.read(f"/webhooks/{webhook}/deliveries", limit=200, before=page["next"])
    assert len({d["id"] for d in [*page["items"], *rest["items"]]}) == 11


async def test_a_receiver_that_hangs_holds_up_nobody_and_a_killed_sender_goes_on(
    stack, ada, db, receiver
) -> None:
    rooms = [await ada.room(kind="private") for _ in range(3)]
    receiver.answers["/hangs"] = hang
    stuck, _ = await made(ada, rooms[0], receiver.url("/hangs"))
    fine, _ = await made(ada, rooms[1], receiver.url("/fine"))
    await ada.say(rooms[0], "stuck")
    await receiver.until(lambda: receiver.at("/hangs"))
    await ada.say(rooms[1], "0")
    await receiver.until(lambda: receiver.at("/fine"), within_s=5)
    for number in range(1, 20):
        await ada.say(rooms[1], f"{number}")
    stack.kill("webhooks-1")
    for number in range(20, 30):
        await ada.say(rooms[1], f"{number}")
    # As if the claims of the killed one had ended.
    db.execute("UPDATE webhook_lanes SET claimed_until = '-infinity'")
    await receiver.until(lambda: "29" in texts(receiver.at("/fine")), within_s=30)
    once = list({r.headers["webhook-id"]: r for r in receiver.at("/fine")}.values())
    assert texts(once) == [str(n) for n in range(30)]
    assert texts(receiver.at("/fine")) == sorted(texts(receiver.at("/fine")), key=int)
    assert (await ada.http.delete(f"/webhooks/{stuck}")).status_code == 204
    problem(await ada.http.get(f"/webhooks/{stuck}"), 404, "not_found")
    assert (await ada.read("/webhooks", room=rooms[0]))["items"] == []
    listed = roomlog_json("hooks", "list", "--data", stack.data)
    assert [one["waiting"] for one in listed if one["id"] == fine] == [0]
    assert stuck not in {one["id"] for one in listed}


async def test_what_has_no_effect_is_not_sent_nor_what_a_workspace_hides(
    stack, base, ada, receiver
) -> None:
    bob = await Person.registered(base, "Bob")
    slug = f"w{new_id()[:8]}"
    workspace = (await ada.http.post("/workspaces", json={"name": "W", "slug": slug})).json()
    await ada.read(f"/workspaces/{slug}", after_cursor=workspace["cursor"])
    place = {"workspace": workspace["id"]}
    public, private = await ada.room("p", **place), await ada.room("q", "private", **place)
    await made(ada, workspace["id"], receiver.url("/w"))
    hidden = await bob.http.get("/webhooks", params={"room": workspace["id"]})
    problem(hidden, 404, "no_such_room")
    await append(stack, public, bob.id, MessagePosted("void"))
    await ada.say(private, "private")
    await ada.say(public, "seen")
    await ada.http.patch(f"/workspaces/{slug}", json={"name": "W2"})
    await receiver.until(lambda: len(receiver.at("/w")) >= 2)
    came = {(r.event["room"], r.event["type"]) for r in receiver.at("/w")}
    assert came == {(public, "MessagePosted"), (workspace["id"], "RoomRenamed")}
    assert texts(receiver.at("/w")) == ["seen"]
    assert all(r.event["workspace"] == workspace["id"] for r in receiver.at("/w"))


async def test_only_who_manages_a_room_sends_it_and_only_to_the_public(
    stack, base, ada, db, receiver
) -> None:
    bob = await Person.registered(base, "Bob")
    room = await ada.room()
    webhook, _ = await made(ada, room, receiver.url("/x"))
    await bob.read(f"/rooms/{room}", after_cursor=await bob.join(room))
    for answer in (
        await bob.http.get("/webhooks", params={"room": room}),
        await bob.http.post("/webhooks", json={"room": room, "url": receiver.url("/y")}),
        await bob.http.get(f"/webhooks/{webhook}"),
        await bob.http.patch(f"/webhooks/{webhook}", json={"url": receiver.url("/y")}),
        await bob.http.delete(f"/webhooks/{webhook}"),
        await bob.http.post(f"/webhooks/{webhook}/rotate"),
        await bob.http.get(f"/webhooks/{webhook}/deliveries"),
        await bob.http.post(f"/webhooks/{webhook}/replay", json={"delivery": new_id()}),
    ):
        problem(answer, 403, "forbidden")
    stranger = await Person.registered(base, "Eve")
    problem(await stranger.http.get(f"/webhooks/{webhook}"), 404, "not_found")
    problem(
        await stranger.http.post("/webhooks", json={"room": new_id(), "url": "x"}),
        404,
        "no_such_room",
    )

    bad = [
        *("x", "ftp://a.example", "http://127.0.0.2/", "http://169.254.169.254/latest/meta-data"),
        *("http://[::1]/", "http://[::ffff:10.0.0.1]/", "http://2130706434/", "http://0.0.0.0/"),
        *("http://user:pass@127.0.0.1/", "http://nobody.invalid/", "file:///etc/passwd"),
    ]
    for url in bad:
        refused = await ada.http.post("/webhooks", json={"room": room, "url": url})
        assert problem(refused, 422, "bad_request")["detail"].startswith("url: "), url
    unknown = {"room": room, "url": receiver.url("/y"), "types": ["Nonsense"]}
    problem(await ada.http.post("/webhooks", json=unknown), 422, "bad_request")
    for replay in ({}, {"delivery": new_id(), "cursor": "1:0"}, {"cursor": "1:999999999"}):
        answer = await ada.http.post(f"/webhooks/{webhook}/replay", json=replay)
        problem(answer, 422, "bad_request")

    none = await ada.http.post(f"/webhooks/{webhook}/replay", json={"delivery": "0" * 36})
    problem(none, 404, "not_found")

    await receiver.until(lambda: "MemberJoined" in {r.event["type"] for r in receiver.at("/x")})

    # A name that leads somewhere else by now: looked at again when it is sent.
    async with Receiver("127.0.0.2") as private:
        db.execute("UPDATE webhooks SET url = %s WHERE id = %s", [private.url("/"), webhook])
        said = await ada.say(room, "x")
        found = await until(
            lambda: ada.read(f"/webhooks/{webhook}/deliveries", state="dead"),
            lambda found: found["items"],
        )
        assert found["items"][0]["error"] == "url: 127.0.0.2 is not a public address"
        assert found["items"][0]["cursor"] == said["cursor"]
        assert not private.requests

    # Operators send again without the API.
    db.execute("UPDATE webhooks SET url = %s WHERE id = %s", [receiver.url("/now"), webhook])
    (dead,) = roomlog_json("hooks", "dead", webhook, "--data", stack.data)
    roomlog("hooks", "replay", webhook, "--delivery", dead["id"], "--data", stack.data)
    await receiver.until(lambda: texts(receiver.at("/now")) == ["x"])
    cursor = str(parse_cursor(said["cursor"]))
    roomlog("hooks", "replay", webhook, "--room", room, "--from", cursor, "--data", stack.data)
    await receiver.until(lambda: texts(receiver.at("/now")) == ["x", "x"])
    wrong = roomlog(
        *("hooks", "replay", webhook, "--room", new_id(), "--from", cursor, "--data", stack.data),
        check=False,
    )
    assert wrong.returncode != 0
    assert "sends nothing of room" in wrong.stderr
