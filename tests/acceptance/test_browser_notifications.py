"""The bell, its list, and a room that is kept quiet."""

import os
import re
import signal

from playwright.async_api import expect

from tests.acceptance.browsers import Person, room_name


async def mention(who: Person, whom: Person, text: str) -> None:
    box = who.page.get_by_label("Message", exact=True)
    await box.press_sequentially(f"{text} @{whom.name[:3]}")
    await who.page.get_by_role("option", name=whom.name).first.click()
    await who.page.get_by_role("button", name="Send").click()


async def choose(person: Person, action: str) -> None:
    await person.page.get_by_role("button", name="Room options").click()
    await person.page.get_by_role("menuitem", name=action).click()


async def test_the_bell_counts_what_came_before_the_read_models_had_it(people, stack):
    alice, bob = people
    name = room_name("early")
    await alice.create_room(name)
    await bob.join_room(name)
    await bob.create_room(room_name("elsewhere"))
    frozen = stack.kill("projector-1", signal.SIGSTOP)
    try:
        async with bob.page.expect_request(re.compile(r"/notifications\?")):
            await mention(alice, bob, "early")
    finally:
        os.kill(frozen, signal.SIGCONT)
    bell = bob.page.get_by_role("button", name=re.compile("^Notifications"))
    await expect(bell).to_have_attribute("data-unread", "1")


async def test_the_bell_counts_what_is_unread_and_a_muted_room_is_quiet(people):
    alice, bob = people
    name, other = room_name("bell"), room_name("elsewhere")
    await alice.create_room(name)
    await bob.join_room(name)
    await bob.create_room(other)
    bell = bob.page.get_by_role("button", name=re.compile("^Notifications"))
    await mention(alice, bob, "one")
    await mention(alice, bob, "two")
    await expect(bell).to_have_attribute("data-unread", "2")
    await bell.click()
    rows = bob.page.locator("[data-notification]")
    await expect(rows.first).to_contain_text("two")
    await expect(rows.first).to_contain_text(f"mentioned you in {name}")
    await bob.page.get_by_role("button", name="Mark all as read").click()
    await expect(bell).to_have_attribute("data-unread", "0")
    await expect(bob.page.locator("[data-notification][data-unread]")).to_have_count(0)
    await rows.nth(1).click()
    await bob.is_in(name)
    await bob.reads(f"one @{bob.name}")

    await choose(bob, "Mute")
    await bob.page.get_by_role("button", name="Mute", exact=True).click()
    await expect(bob.room(name)).to_have_attribute("data-muted", "true")
    await bob.open_room(other)
    await mention(alice, bob, "three")
    await expect(bob.room(name)).to_have_attribute("data-mentions", "1")
    await expect(bell).to_have_attribute("data-unread", "0")
    await bob.open_room(name)
    await choose(bob, "Unmute")
    await expect(bob.room(name)).not_to_have_attribute("data-muted", "true")
