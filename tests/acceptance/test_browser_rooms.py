"""Who is in a room, and as what: invited, made a moderator, removed, all in the page."""

import uuid

from playwright.async_api import expect

from tests.acceptance.browsers import room_name


async def test_an_invited_person_sees_the_room_at_once(newcomer):
    alice = await newcomer("Alice", "n1")
    bob = await newcomer(f"Bob-{uuid.uuid4().hex[:8]}", "n2")
    name = room_name("secret")
    await alice.create_room(name, "Private")
    await choose_for_room(alice, "Invite people")
    dialog = alice.page.get_by_role("dialog")
    await dialog.get_by_label("Search people").fill(bob.name)
    await dialog.get_by_role("button", name=f"Invite {bob.name}").click()
    await expect(dialog.get_by_text("Invited", exact=True)).to_be_visible()
    await alice.page.keyboard.press("Escape")

    await expect(bob.room(name)).to_be_visible()
    await bob.toast(f"Alice brought you into {name}").click()
    await bob.say("thank you")
    await alice.reads("thank you")
    # Members of a private room neither invite nor rename: that is not offered.
    await bob.page.get_by_role("button", name="Room options").click()
    await expect(bob.page.get_by_role("menuitem", name="Leave this room")).to_be_visible()
    for action in ("Invite people", "Name and topic"):
        await expect(bob.page.get_by_role("menuitem", name=action)).to_have_count(0)


async def test_a_removed_person_is_told_and_the_room_leaves_their_list(two_in_a_room):
    alice, bob, name = two_in_a_room
    await bob.say("still here")
    await alice.reads("still here")
    await choose_for_member(alice, bob, "Remove from the room")
    await alice.page.get_by_role("dialog").get_by_role("button", name="Remove", exact=True).click()

    await expect(bob.toast(f"You are no longer in {name}")).to_be_visible()
    await expect(bob.toast("Alice removed you.")).to_be_visible()
    await expect(bob.room(name)).to_have_count(0)
    await expect(bob.page.get_by_role("button", name="Join", exact=True)).to_be_visible()
    await expect(alice.page.locator('[data-notice="MemberRemoved"]')).to_be_attached()


async def test_a_moderator_names_the_room_anew(two_in_a_room):
    alice, bob, name = two_in_a_room
    await choose_for_member(alice, bob, "Make moderator")
    line = alice.page.get_by_test_id("members").locator(f'[data-user-id="{bob.user_id}"]')
    await expect(line).to_have_attribute("data-role", "moderator")

    await choose_for_room(bob, "Name and topic")
    dialog = bob.page.get_by_role("dialog")
    await dialog.get_by_label("Room name").fill(f"green {name}")
    await dialog.get_by_label("Topic").fill("leaves, not bags")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog).to_have_count(0)
    await expect(alice.room(f"green {name}")).to_be_visible()
    await expect(alice.page.get_by_text("leaves, not bags").first).to_be_visible()


async def choose_for_room(person, action):
    await person.page.get_by_role("button", name="Room options").click()
    await person.page.get_by_role("menuitem", name=action).click()


async def choose_for_member(person, other, action):
    await choose_for_room(person, "Members")
    line = person.page.get_by_test_id("members").locator(f'[data-user-id="{other.user_id}"]')
    await line.get_by_role("button", name="Options for").click()
    await person.page.get_by_role("menuitem", name=action).click()
