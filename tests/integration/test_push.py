"""Web push to a real endpoint that decrypts: to those who are away, once, and not of what was read."""

import asyncio

import pytest

from tests.integration.api_people import Person, problem
from tests.people import Member
from tests.push_service import PushService

OPEN = """
SELECT WHERE NOT EXISTS (SELECT FROM notifications WHERE event_id = %(event)s)
    OR EXISTS (SELECT FROM push_outbox WHERE event_id = %(event)s)"""
"""Finds something until a push was queued and dealt with."""


@pytest.fixture
async def service():
    async with PushService() as found:
        yield found


@pytest.fixture
async def pair(stack):
    """Ada and Grace in one room; neither has a page open."""
    base = stack.status()["api"]
    ada, grace = [await Person.registered(base, name) for name in ("Ada", "Grace")]
    room = await ada.room("push")
    await grace.join(room)
    yield ada, grace, room
    for person in (ada, grace):
        await person.http.aclose()


async def subscribe(person, browser):
    made = await person.http.post("/push/subscriptions", json=browser.subscription)
    assert made.status_code == 201, made.text
    return made.json()["id"]


async def test_who_is_away_is_told_once_on_each_browser_and_not_of_what_they_read(
    stack, service, pair, db
):
    ada, grace, room = pair
    laptop, phone = service.browser("laptop"), service.browser("phone")
    key = (await grace.read("/push"))["key"]
    ids = [await subscribe(grace, browser) for browser in (laptop, phone)]
    assert await subscribe(grace, phone) == ids[1]  # again changes nothing
    phone.answers = [503, 429]
    said = await ada.say(room, "look @grace", mentions=[grace.id])
    for browser in (laptop, phone):
        told = await browser.next()
        assert told | {"kind": "mention", "room": room, "event": said["id"]} == told
        assert (told["title"], told["text"]) == ("Ada mentioned you in push", "look @grace")
        assert browser.headers[0]["topic"] == said["id"].replace("-", "")
        assert browser.headers[0]["key"] == key
    assert phone.tries == 3
    # A muted room is quiet; what nobody was named in, too. The sign at the end has come past them.
    await grace.http.put(f"/rooms/{room}/mute", json={})
    quiet = await ada.say(room, "quiet @grace", mentions=[grace.id])
    async with asyncio.timeout(15):
        while db.execute(OPEN, {"event": quiet["id"]}).rowcount:
            await asyncio.sleep(0.05)
    await grace.http.delete(f"/rooms/{room}/mute")
    await ada.say(room, "nobody")
    # Read on another device before the service takes it: not sent again.
    laptop.answers, phone.answers = [503] * 3, [410]
    read = await ada.say(room, "read meanwhile @grace", mentions=[grace.id])
    async with asyncio.timeout(15):
        while laptop.answers or phone.answers:
            await asyncio.sleep(0.05)
    await grace.http.post("/notifications/read", json={"events": [read["id"]]})
    last = await ada.say(room, "last @grace", mentions=[grace.id])
    assert (await laptop.next(2))["event"] == last["id"]
    # 410: the browser is forgotten.
    async with asyncio.timeout(10):
        while len(left := (await grace.read("/push"))["subscriptions"]) > 1:
            await asyncio.sleep(0.05)
    assert [s["id"] for s in left] == [ids[0]]
    assert len(phone.got) == 1
    assert (await grace.http.delete(f"/push/subscriptions/{ids[0]}")).status_code == 204
    problem(await grace.http.delete(f"/push/subscriptions/{ids[0]}"), 404, "not_found")


async def test_who_is_there_is_not_told_and_who_signs_out_is_forgotten(stack, service, pair, db):
    ada, grace, room = pair
    here, away = service.browser("here"), service.browser("away")
    await subscribe(grace, here)
    page = await Member.sign_in(stack.data, stack.status()["ingest"][:1], user=grace.id)
    async with asyncio.timeout(10):
        while (await ada.read("/presence", users=grace.id))["items"][0]["state"] != "online":
            await asyncio.sleep(0.05)
    said = await ada.say(room, "@grace", mentions=[grace.id])
    assert (await page.next_notice("mention", room))["event"] == said["id"]
    async with asyncio.timeout(10):
        while not db.execute(
            "SELECT FROM push_outbox WHERE user_id = %s AND due_at > now()", [grace.id]
        ).rowcount:
            await asyncio.sleep(0.05)
    assert here.tries == 0
    await page.client.close()
    # The browser is whose sign-in subscribed it last, and ends with that.
    await subscribe(ada, here)
    assert (await grace.read("/push"))["subscriptions"] == []
    await subscribe(grace, away)
    assert (await grace.http.post("/auth/logout-all")).is_success
    await ada.say(room, "@grace again", mentions=[grace.id])
    bob = await Person.registered(ada.base, "Bob")
    await bob.join(room)
    await bob.say(room, "@ada", mentions=[ada.id])
    assert (await here.next())["title"] == "Bob mentioned you in push"
    # Whoever asks to be friends is told of; whom one has blocked is not.
    assert (await bob.http.post(f"/friends/{ada.id}")).is_success
    asked = await here.next(2)
    assert (asked["title"], asked["room"]) == ("Bob asks to be friends", "")
    assert (await ada.http.post(f"/blocks/{bob.id}")).is_success
    unheard = await bob.say(room, "@ada unheard", mentions=[ada.id])
    async with asyncio.timeout(15):
        while db.execute(OPEN, {"event": unheard["id"]}).rowcount:
            await asyncio.sleep(0.05)
    assert here.tries == 2
    assert away.tries == 0


async def test_addresses_that_are_no_push_services_are_refused(stack, service, pair):
    ada, _, _ = pair
    good = service.browser("x").subscription
    for endpoint in (
        "https://127.0.0.1/x",
        "http://localhost/x",
        "http://127.0.0.1@evil.example/x",
        "http://127.0.0.1.evil.example/x",
        "file:///etc/passwd",
        "http://[::1",
    ):
        body = {**good, "endpoint": endpoint}
        problem(await ada.http.post("/push/subscriptions", json=body), 422, "bad_request")
    for keys in ({"p256dh": "x", "auth": "y"}, {**good["keys"], "auth": "AAAA"}):
        body = {**good, "keys": keys}
        problem(await ada.http.post("/push/subscriptions", json=body), 422, "bad_request")
    assert (await ada.read("/push"))["subscriptions"] == []
