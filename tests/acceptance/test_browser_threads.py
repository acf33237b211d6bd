"""Undoing a deletion, former texts, threads, pins and statistics in the page, and what the other one sees of it."""

import os

from playwright.async_api import expect


async def test_what_belongs_to_messages_is_there_on_both_sides(two_in_a_room):
    alice, bob, _ = two_in_a_room
    await alice.say("tea at fuor")
    await alice.choose("tea at fuor", "Edit")
    await alice.page.get_by_label("Edit the message").fill("tea at four")
    await alice.page.get_by_label("Edit the message").press("Enter")
    await bob.message("tea at four").get_by_text("(edited)").click()
    dialog = bob.page.get_by_role("dialog")
    await expect(dialog.get_by_text("tea at fuor")).to_be_visible()
    await picture(bob, "history")
    await bob.page.keyboard.press("Escape")

    await alice.choose("tea at four", "Delete")
    await alice.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(bob.message("This was deleted.")).to_be_visible()
    await expect(bob.page.get_by_role("button", name="Undo")).to_have_count(0)
    # Bob comes in anew: his page never had the text, so it fetches it once the message is restored.
    await bob.page.reload()
    await expect(bob.message("This was deleted.")).to_be_visible()
    await bob.is_online()
    await picture(alice, "undo")
    await alice.page.get_by_role("button", name="Undo").click()
    for person in (alice, bob):
        await expect(person.message("tea at four (edited)")).to_be_visible()

    await alice.choose("tea at four", "Pin")
    await bob.page.get_by_role("button", name="1 pinned message").click()
    dialog = bob.page.get_by_role("dialog")
    await expect(dialog.get_by_text("tea at four")).to_be_visible()
    await picture(bob, "pins")
    await dialog.get_by_role("button", name="Unpin").click()
    await expect(dialog.get_by_text("Nothing is pinned.")).to_be_visible()
    await expect(alice.page.get_by_role("button", name="1 pinned message")).to_have_count(0)
    await bob.page.keyboard.press("Escape")

    await bob.choose("tea at four", "Open the thread")
    await bob.page.get_by_label("Reply in the thread").fill("with milk")
    await bob.page.get_by_label("Reply in the thread").press("Enter")
    thread = bob.page.get_by_role("log", name="Thread")
    await expect(thread.get_by_text("with milk")).to_be_visible()
    await expect(thread.get_by_text("1 reply")).to_be_visible()
    await picture(bob, "thread")
    await bob.page.keyboard.press("Escape")
    await alice.message("tea at four").get_by_role("button", name="1 reply").click()
    await expect(
        alice.page.get_by_role("log", name="Thread").get_by_text("with milk")
    ).to_be_visible()
    await alice.page.keyboard.press("Escape")

    await bob.page.get_by_role("button", name="Room options").click()
    await bob.page.get_by_role("menuitem", name="Statistics").click()
    await expect(bob.page.get_by_role("row", name="Messages").first).to_contain_text("2")
    await picture(bob, "stats")


async def picture(person, name):
    """Take a picture at both widths, where one wants to look at them."""
    if (folder := os.environ.get("ROOMLOG_TEST_PICTURES")) is None:
        return
    before = person.page.viewport_size
    for width, height in ((1280, 800), (390, 780)):
        await person.page.set_viewport_size({"width": width, "height": height})
        await person.page.screenshot(path=f"{folder}/{name}-{width}.png")
    await person.page.set_viewport_size(before)
