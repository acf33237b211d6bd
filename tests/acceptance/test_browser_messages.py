"""What a person does to messages in the page, and what the other one sees of it."""

from playwright.async_api import expect


async def test_an_edit_is_seen_by_the_other(two_in_a_room):
    alice, bob, _ = two_in_a_room
    await alice.say("tea at fuor")
    await bob.reads("tea at fuor")

    await alice.page.get_by_label("Message", exact=True).press("ArrowUp")
    box = alice.page.get_by_label("Edit the message")
    await expect(box).to_be_focused()
    await box.fill("nonsense")
    await box.press("Escape")
    await expect(alice.message("tea at fuor")).to_be_visible()

    await alice.choose("tea at fuor", "Edit")
    await box.fill("tea at four")
    await box.press("Enter")
    await expect(alice.message("tea at four (edited)")).to_be_visible()
    await expect(bob.message("tea at four (edited)")).to_be_visible()
    await expect(bob.message("tea at fuor")).to_have_count(0)


async def test_a_deleted_message_leaves_a_tombstone(two_in_a_room):
    alice, bob, _ = two_in_a_room
    await alice.say("nobody should read this")
    await bob.reads("nobody should read this")
    await alice.choose("nobody should read this", "Delete")
    await alice.page.get_by_role("dialog").get_by_role("button", name="Delete").click()

    for person in (alice, bob):
        await expect(person.message("This was deleted.")).to_be_visible()
        await expect(person.message("nobody should read this")).to_have_count(0)


async def test_others_messages_are_not_theirs_to_edit_or_delete(two_in_a_room):
    alice, bob, _ = two_in_a_room
    await alice.say("mine")
    await bob.message("mine").hover()
    await bob.message("mine").get_by_role("button", name="More for the message").click()
    await expect(bob.page.get_by_role("menuitem", name="Copy link")).to_be_visible()
    for action in ("Edit", "Delete"):
        await expect(bob.page.get_by_role("menuitem", name=action)).to_have_count(0)


async def test_reactions_are_counted_and_taken_back(two_in_a_room):
    alice, bob, _ = two_in_a_room
    await alice.say("cake?")
    await bob.message("cake?").hover()
    await bob.message("cake?").get_by_role("button", name="React to Alice").click()
    await bob.page.get_by_label("Any other emoji").fill("🦊")
    await bob.page.get_by_label("Any other emoji").press("Enter")

    fox = alice.message("cake?").locator('[data-emoji="🦊"]')
    await expect(fox).to_have_attribute("aria-pressed", "false")
    await fox.click()
    theirs = bob.message("cake?").locator('[data-emoji="🦊"]')
    await expect(theirs).to_have_text("🦊 2")
    await theirs.click()
    await expect(fox).to_have_text("🦊 1")
    await fox.click()
    await expect(theirs).to_have_count(0)


async def test_an_edit_that_is_refused_is_taken_back(two_in_a_room):
    alice, bob, _ = two_in_a_room
    await bob.say("before")
    await alice.reads("before")
    held = await hold_frames(bob)
    await bob.page.reload()
    await bob.is_online()
    await bob.choose("before", "Edit")
    held.on = True
    await alice.choose("before", "Delete")
    await alice.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(alice.message("This was deleted.")).to_be_visible()

    await bob.page.get_by_label("Edit the message").fill("after")
    await bob.page.get_by_label("Edit the message").press("Enter")
    await expect(bob.message("after (edited)")).to_be_visible()
    held.release()
    await expect(bob.toast("Your change was not saved")).to_be_visible()
    await expect(bob.message("This was deleted.")).to_be_visible()
    await expect(bob.message("after")).to_have_count(0)


class HeldFrames:
    """What a node sends to a page, kept back while `on`."""

    def __init__(self):
        self.on, self.route, self.frames = False, None, []

    def receive(self, frame):
        if self.on:
            self.frames.append(frame)
        else:
            self.route.send(frame)

    def release(self):
        self.on = False
        for frame in self.frames:
            self.route.send(frame)


async def hold_frames(person):
    """Put ourselves between a page and its node, from its next connection on."""
    held = HeldFrames()

    def connect(route):
        held.route = route
        server = route.connect_to_server()
        server.on_message(held.receive)

    await person.page.route_web_socket("**/ws", connect)
    return held
