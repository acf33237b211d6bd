"""Friends, blocks and moderation in the page."""

import os

from playwright.async_api import expect

from tests.acceptance.browsers import Person


async def in_menu_of(person: Person, other: Person, action: str) -> None:
    """Choose an action from another member's menu."""
    await person.page.get_by_role("button", name="Room options").click()
    await person.page.get_by_role("menuitem", name="Members").click()
    line = person.page.get_by_test_id("members").locator(f'[data-user-id="{other.user_id}"]')
    await line.get_by_role("button", name="Options for").click()
    await person.page.get_by_role("menuitem", name=action).click()


async def close_dialog(person: Person) -> None:
    """Close the dialog; one that has just been answered may still be on its way out behind it."""
    await person.page.get_by_role("dialog").get_by_role("button", name="Close").first.click()
    await expect(person.page.get_by_role("dialog")).to_have_count(0)


async def open_friends(person: Person) -> None:
    await person.page.get_by_role("button", name="Account of").click()
    await person.page.get_by_role("menuitem", name="Friends").click()


async def shoot(person: Person, name: str) -> None:
    """Keep a picture where somebody wants to look at one."""
    if folder := os.environ.get("ROOMLOG_TEST_PICTURES"):
        await person.page.screenshot(path=f"{folder}/{name}.png")


async def test_friends_are_made_and_somebody_is_blocked(two_in_a_room):
    alice, bob, _ = two_in_a_room
    await in_menu_of(alice, bob, "Ask to be friends")
    await close_dialog(alice)
    await expect(bob.toast("Alice asks to be friends")).to_be_visible()
    await bob.page.set_viewport_size({"width": 390, "height": 844})
    await bob.page.get_by_role("button", name="Notifications").click()
    asked = bob.page.locator("[data-notification]").filter(has_text="Alice asks to be friends")
    await expect(asked).to_be_visible()
    await shoot(bob, "request-bell-phone")
    await asked.click()
    await expect(bob.page.get_by_role("dialog", name="Friends")).to_be_visible()
    await shoot(bob, "request-phone")
    await bob.page.get_by_role("button", name="Accept").click()
    await expect(alice.toast("You and Bob are friends")).to_be_visible()
    await close_dialog(bob)
    await open_friends(alice)
    friend = alice.page.get_by_test_id("people").locator(f'[data-user-id="{bob.user_id}"]')
    await expect(friend.get_by_text("online")).to_be_visible()
    await shoot(alice, "friends")
    await close_dialog(alice)

    await bob.say("something rude")
    await alice.reads("something rude")
    await in_menu_of(alice, bob, "Block")
    await shoot(alice, "block")
    await alice.page.get_by_role("button", name="Block", exact=True).click()
    await expect(alice.page.get_by_role("dialog")).to_have_count(1)
    await close_dialog(alice)
    await expect(alice.page.get_by_text("something rude")).to_have_count(0)
    await bob.sees(alice, None)
    await shoot(alice, "folded")
    await alice.page.get_by_role("button", name="Show it").click()
    await alice.reads("something rude")


async def test_a_moderator_is_told_decides_and_everything_is_in_the_audit_log(two_in_a_room):
    alice, bob, _ = two_in_a_room
    await alice.say("welcome")
    await bob.reads("welcome")
    await bob.say("buy my things")
    await alice.reads("buy my things")

    await alice.page.get_by_role("button", name="Room options").click()
    await alice.page.get_by_role("menuitem", name="Name and topic").click()
    await alice.page.get_by_label("Slow mode").select_option("1 minute")
    await alice.page.get_by_role("button", name="Save").click()
    await bob.say("and more of them")
    await expect(bob.page.get_by_test_id("slow-mode")).to_contain_text("you can write again in")
    await expect(bob.page.get_by_role("button", name="Send")).to_be_disabled()
    await shoot(bob, "slow-mode")

    await bob.choose("welcome", "Report")
    dialog = bob.page.get_by_role("dialog")
    await dialog.get_by_label("What is wrong").fill("too friendly")
    await dialog.get_by_role("button", name="Report").click()
    await expect(bob.toast("will see your report")).to_be_visible()

    await in_menu_of(alice, bob, "Mute for a day")
    await close_dialog(alice)
    await expect(bob.page.get_by_text("A moderator muted you in this room until")).to_be_visible()
    await shoot(bob, "muted")

    await alice.page.set_viewport_size({"width": 390, "height": 844})
    await alice.page.get_by_role("button", name="Room options").click()
    await alice.page.get_by_role("menuitem", name="Moderation").click()
    reported = alice.page.get_by_test_id("reports").filter(has_text="too friendly")
    await expect(reported).to_be_visible()
    await shoot(alice, "reports-phone")
    await reported.get_by_role("button", name="Dismiss").click()
    await expect(alice.page.get_by_text("Nothing was reported.")).to_be_visible()
    await alice.page.set_viewport_size({"width": 1280, "height": 720})
    await alice.page.get_by_role("tab", name="Words").click()
    await alice.page.get_by_role("textbox", name="Words").fill("Rude")
    await alice.page.get_by_role("button", name="Add").click()
    await expect(alice.page.get_by_test_id("words").get_by_text("rude")).to_be_visible()
    await shoot(alice, "words")
    await alice.page.get_by_role("tab", name="People").click()
    await alice.page.get_by_test_id("restricted").get_by_role("button", name="Unmute").click()
    await expect(alice.page.get_by_text("Nobody is muted or banned.")).to_be_visible()
    await alice.page.get_by_role("tab", name="Audit log").click()
    audit = alice.page.get_by_test_id("audit")
    for done in ("Alice unmuted Bob", "resolved a report", "Alice muted Bob", "reported a message"):
        await expect(audit.get_by_text(done)).to_be_visible()
    await shoot(alice, "audit")
