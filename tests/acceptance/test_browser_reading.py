"""Mentions, unread counts and read markers, as two people see them."""

import asyncio
import re

from playwright.async_api import Route, expect

from tests.acceptance.browsers import room_name
from tests.people import Member

MORE_THAN_A_PAGE = 60
POST_MANY = """async ([room, count]) => {
    const headers = {"Content-Type": "application/json", "Roomlog-CSRF": "1"};
    for (let number = 0; number < count; number += 1) {
        const body = JSON.stringify({text: `and ${number}`});
        await fetch(`/api/v1/rooms/${room}/messages`, {method: "POST", headers, body});
    }
}"""


async def test_a_mention_reaches_who_is_elsewhere(two_in_a_room):
    alice, bob, name = two_in_a_room
    elsewhere = room_name("elsewhere")
    await alice.create_room(elsewhere)

    box = bob.page.get_by_label("Message", exact=True)
    await box.press_sequentially("hello @al")
    await expect(bob.page.get_by_role("option", name="Alice")).to_be_visible()
    await box.press("Enter")
    await expect(box).to_have_value("hello @Alice ")
    await box.press_sequentially("are you there?")
    await box.press("Enter")

    await expect(alice.room(name)).to_have_attribute("data-mentions", "1")
    await alice.toast(f"Bob mentioned you in {name}").click()
    row = alice.message("are you there?")
    await expect(row).to_have_attribute("data-mentions-me", "true")
    await expect(row.locator("[data-mention][data-me]")).to_have_text("@Alice")
    await expect(bob.message("are you there?").locator("[data-mention]")).to_have_text("@Alice")
    await expect(alice.room(name)).to_have_attribute("data-mentions", "0")


async def test_what_is_unread_survives_a_reload_and_reading_it_does_too(two_in_a_room):
    alice, bob, name = two_in_a_room
    await bob.say("read")
    await alice.reads("read")
    elsewhere = room_name("elsewhere")
    await alice.create_room(elsewhere)
    for text in ("one", "two", "three"):
        await bob.say(text)
    await expect(alice.room(name)).to_have_attribute("data-unread", "3")
    await expect(alice.page).to_have_title(re.compile(r"^\(3\) .*Roomlog$"))

    await alice.page.reload()
    await alice.is_online()
    await expect(alice.room(name)).to_have_attribute("data-unread", "3")
    await alice.open_room(name)
    line = alice.page.get_by_role("separator", name="New since you last looked")
    await expect(line).to_be_visible()
    first = line.locator("xpath=following-sibling::*[1]")
    await expect(first).to_contain_text("one")
    await expect(alice.page).to_have_title(re.compile(rf"^{name} "))

    second = await alice.page.context.new_page()
    await second.goto(f"{alice.address}#/")
    other_room = second.get_by_role("navigation").get_by_role("link", name=name)
    await expect(other_room).to_have_attribute("data-unread", "0")


async def test_what_comes_before_an_older_count_is_answered_is_unread_too(two_in_a_room):
    alice, bob, name = two_in_a_room
    await bob.say("read")
    await alice.reads("read")
    await alice.create_room(room_name("elsewhere"))
    await bob.say("counted")
    await expect(alice.room(name)).to_have_attribute("data-unread", "1")
    is_counted, is_there = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        answer = await route.fetch()
        is_counted.set()
        await is_there.wait()
        await route.fulfill(response=answer)

    await alice.page.route("**/api/v1/unread", hold, times=1)
    await alice.page.reload()
    await alice.is_online()
    await is_counted.wait()
    await bob.say("not counted")
    await expect(alice.room(name)).to_have_attribute("data-unread", "1")
    is_there.set()
    await expect(alice.room(name)).to_have_attribute("data-unread", "2")


async def test_reading_in_one_window_clears_the_other(two_in_a_room):
    alice, bob, name = two_in_a_room
    second = await alice.page.context.new_page()
    await second.goto(f"{alice.address}#/")
    in_second = second.get_by_role("navigation").get_by_role("link", name=name)
    await expect(in_second).to_be_visible()
    elsewhere = room_name("elsewhere")
    await alice.create_room(elsewhere)
    await bob.say("for both windows")
    await expect(in_second).to_have_attribute("data-unread", "1")
    await alice.open_room(name)
    await expect(in_second).to_have_attribute("data-unread", "0")


async def test_who_does_nothing_for_ten_minutes_is_away_until_they_move(two_in_a_room):
    alice, bob, name = two_in_a_room
    await bob.page.clock.install()
    await bob.page.reload()
    await bob.is_in(name)
    await alice.sees(bob, "online")
    await bob.page.clock.fast_forward(601_000)
    await alice.sees(bob, "away", within_ms=5_000)
    await bob.page.mouse.move(200, 200)
    await alice.sees(bob, "online", within_ms=5_000)


async def test_a_link_to_a_message_leads_to_it(two_in_a_room):
    alice, bob, name = two_in_a_room
    await alice.say("look here")
    await bob.reads("look here")
    event = await alice.message("look here").get_attribute("data-event-id")
    room = await alice.room(name).get_attribute("data-room-id")
    await alice.page.evaluate(POST_MANY, [room, MORE_THAN_A_PAGE])
    await expect(bob.page.get_by_role("log")).to_have_attribute(
        "data-count", re.compile(f"^{MORE_THAN_A_PAGE + 1}|{MORE_THAN_A_PAGE + 2}$")
    )
    await bob.page.goto(f"{bob.address}#/rooms/{room}/{event}")
    await bob.page.reload()
    await expect(bob.message("look here")).to_be_in_viewport()
    await expect(bob.message("look here")).to_have_attribute("data-marked", "true")


async def test_jump_to_a_day(stack, two_in_a_room):
    alice, bob, name = two_in_a_room
    room = await alice.room(name).get_attribute("data-room-id")
    bridge = await Member.sign_in(stack.data, stack.status()["ingest"], scope="bridge")
    for day, text in (("2024-02-28", "the day before"), ("2024-02-29", "a day of its own")):
        said = {"as": bob.user_id, "at": f"{day}T12:00:00Z", "text": text}
        await bridge.request({"op": "send", "room": room, "key": text.replace(" ", "-"), **said})
    await bridge.client.close()
    await bob.page.evaluate(POST_MANY, [room, MORE_THAN_A_PAGE])
    await alice.page.reload()
    await alice.is_online()
    await alice.reads(f"and {MORE_THAN_A_PAGE - 1}")
    await expect(alice.message("a day of its own")).to_have_count(0)

    async def jump(day):
        await alice.page.get_by_role("button", name="Room options").click()
        await alice.page.get_by_role("menuitem", name="Jump to a day").click()
        await alice.page.get_by_label("Day", exact=True).fill(day)
        await alice.page.get_by_role("button", name="Jump", exact=True).click()

    await jump("2024-02-29")
    await expect(alice.message("a day of its own")).to_be_in_viewport()
    await expect(alice.message("a day of its own")).to_have_attribute("data-marked", "true")
    await jump("2999-01-01")
    await expect(alice.page.get_by_role("alert")).to_have_text(
        "Nothing was said on that day or later."
    )
