"""A workspace from its making to the door: made, invited into by a link, written in, left."""

import uuid

from playwright.async_api import expect

from tests.acceptance.browsers import Person, room_name
from tests.acceptance.test_browser_people import close_dialog, shoot


async def switch(person: Person, name: str) -> None:
    """Show another workspace."""
    await person.page.get_by_role("button", name="Workspace:").click()
    await person.page.get_by_role("menuitemradio", name=name).click()
    await is_at(person, name)


async def is_at(person: Person, name: str) -> None:
    await expect(person.page.get_by_role("button", name=f"Workspace: {name}")).to_be_visible()


async def choose(person: Person, action: str) -> None:
    await person.page.get_by_role("button", name="Workspace:").click()
    await person.page.get_by_role("menuitem", name=action).click()


async def make_workspace(person: Person) -> str:
    """Make a workspace and return its name."""
    name = f"Acme {uuid.uuid4().hex[:6]}"
    await choose(person, "New workspace")
    await person.page.get_by_role("dialog").get_by_label("Name", exact=True).fill(name)
    await person.page.get_by_role("button", name="Create workspace").click()
    await is_at(person, name)
    return name


async def invite_by_link(person: Person, email: str = "") -> str:
    """Make an invite, for an address if one is given, and return its link; the dialog stays open."""
    await choose(person, "People and invites")
    await person.page.get_by_role("tab", name="Invites").click()
    await person.page.get_by_label("Only for this address").fill(email)
    await person.page.get_by_role("button", name="Create link").click()
    return await person.page.get_by_label("Pass this link on").input_value()


async def test_what_happens_in_a_workspace_is_seen_at_once_and_it_is_moderated(people):
    alice, bob = people
    acme, office = await make_workspace(alice), room_name("office")
    await alice.create_room(office)
    email = await bob.page.evaluate(
        "fetch('/api/v1/auth/me').then((a) => a.json()).then((me) => me.email)"
    )
    link = await invite_by_link(alice, email)
    await expect(bob.toast("Alice invited you to a workspace")).to_be_visible()
    await shoot(bob, "workspace-invited")
    await alice.page.get_by_role("tab", name="People").click()
    line = alice.page.get_by_test_id("colleagues").locator(f'[data-user-id="{bob.user_id}"]')
    await expect(line).to_have_count(0)
    await bob.page.goto(link)
    await bob.page.get_by_role("button", name="Join the workspace").click()
    await is_at(bob, acme)
    await expect(line).to_be_visible()  # without opening the dialog again
    await bob.join_room(office)
    await bob.say("buy my things")

    await line.get_by_role("button", name="Options for").click()
    await shoot(alice, "colleague-menu")
    await alice.page.get_by_role("menuitem", name="Make moderator").click()
    await expect(line.get_by_text("moderator", exact=True)).to_be_visible()
    await close_dialog(alice)
    await bob.page.get_by_role("button", name="Workspace:").click()
    await expect(bob.page.get_by_role("menuitem", name="Moderation")).to_be_visible()
    await bob.page.keyboard.press("Escape")

    await alice.open_room(office)
    await alice.choose("buy my things", "Report")
    await alice.page.get_by_label("What is wrong").fill("spam")
    await alice.page.get_by_role("button", name="Report").click()
    await expect(alice.toast("will see your report")).to_be_visible()
    await alice.page.set_viewport_size({"width": 390, "height": 844})
    await alice.page.get_by_label("Show rooms").click()
    await choose(alice, "Moderation")
    reported = alice.page.get_by_test_id("reports").filter(has_text="spam")
    await expect(reported.get_by_text(office)).to_be_visible()
    await shoot(alice, "workspace-reports-phone")
    await reported.get_by_role("button", name="Delete").click()
    await expect(alice.page.get_by_text("Nothing was reported.")).to_be_visible()
    await alice.page.get_by_role("tab", name="Words").click()
    await alice.page.get_by_role("textbox", name="Words").fill("Rude")
    await alice.page.get_by_role("button", name="Add").click()
    await expect(alice.page.get_by_test_id("words").get_by_text("rude")).to_be_visible()
    await alice.page.set_viewport_size({"width": 1280, "height": 800})
    await alice.page.get_by_role("tab", name="Audit log").click()
    audit = alice.page.get_by_test_id("audit")
    for done in ("made an invite", f"deleted a message in {office}", "changed the role of Bob"):
        await expect(audit.get_by_text(done)).to_be_visible()
    await shoot(alice, "workspace-audit")
    await alice.page.keyboard.press("Escape")

    await choose(alice, "Integrations")
    dialog = alice.page.get_by_role("dialog")
    await dialog.get_by_label("Send to this address").fill("http://127.0.0.1:9/")
    await dialog.get_by_role("button", name="Create webhook").click()
    await expect(dialog.locator("[data-webhook-id]")).to_have_count(1)
    await shoot(alice, "workspace-integrations")
    await dialog.get_by_role("button", name="Delete").click()
    await alice.page.keyboard.press("Escape")

    await choose(alice, "People and invites")
    await line.get_by_role("button", name="Options for").click()
    await alice.page.get_by_role("menuitem", name="Ban from").click()
    await alice.page.get_by_role("button", name="Ban", exact=True).click()
    await expect(bob.toast(f"You are no longer in {acme}")).to_be_visible()
    await is_at(bob, "Everybody")
    await expect(line).to_have_count(0)


async def test_a_workspace_is_made_and_a_link_brings_somebody_in(people):
    alice, bob = people
    acme, outside, inside = f"Acme {uuid.uuid4().hex[:6]}", room_name("park"), room_name("office")
    await alice.create_room(outside)
    await choose(alice, "New workspace")
    dialog = alice.page.get_by_role("dialog")
    await dialog.get_by_label("Name", exact=True).fill(acme)
    slug = acme.lower().replace(" ", "-")
    await expect(dialog.get_by_label("Short name")).to_have_value(slug)
    await dialog.get_by_role("button", name="Create workspace").click()
    await is_at(alice, acme)
    await expect(alice.room(outside)).to_have_count(0)
    await alice.create_room(inside)

    await bob.page.get_by_label("Search rooms").fill(inside)
    await expect(bob.page.get_by_text("No room has such a name.")).to_be_visible()
    await bob.page.get_by_label("Search rooms").fill("")

    await choose(alice, "People and invites")
    await alice.page.get_by_role("tab", name="Invites").click()
    await alice.page.get_by_role("button", name="Create link").click()
    link = await alice.page.get_by_label("Pass this link on").input_value()
    await alice.page.keyboard.press("Escape")

    await bob.page.goto(link)
    await expect(bob.page.get_by_role("heading", name=f"Join {acme}")).to_be_visible()
    await bob.page.get_by_role("button", name="Join the workspace").click()
    await is_at(bob, acme)
    await bob.join_room(inside)
    await bob.say("here I am")
    await alice.reads("here I am")

    await switch(alice, "Everybody")
    await expect(alice.room(outside)).to_be_visible()
    await expect(alice.room(inside)).to_have_count(0)
    await switch(alice, acme)
    await alice.open_room(inside)

    await choose(alice, "People and invites")
    line = alice.page.get_by_test_id("colleagues").locator(f'[data-user-id="{bob.user_id}"]')
    await line.get_by_role("button", name="Options for").click()
    await alice.page.get_by_role("menuitem", name="Make guest").click()
    await expect(line.get_by_text("guest", exact=True)).to_be_visible()
    await close_dialog(alice)

    await choose(bob, "Leave this workspace")
    await bob.page.get_by_role("dialog").get_by_role("button", name="Leave", exact=True).click()
    await is_at(bob, "Everybody")
    await expect(alice.page.locator('[data-notice="MemberLeft"]')).to_be_attached()


async def test_an_invite_waits_until_one_has_signed_up(newcomer, stack, browser):
    alice = await newcomer("Alice", "n1")
    acme = f"Beta {uuid.uuid4().hex[:6]}"
    await choose(alice, "New workspace")
    dialog = alice.page.get_by_role("dialog")
    await dialog.get_by_label("Name", exact=True).fill(acme)
    await dialog.get_by_role("button", name="Create workspace").click()
    await is_at(alice, acme)
    await choose(alice, "People and invites")
    await alice.page.get_by_role("tab", name="Invites").click()
    await alice.page.get_by_role("button", name="Create link").click()
    link = await alice.page.get_by_label("Pass this link on").input_value()

    context = await browser.new_context(viewport={"width": 390, "height": 844})
    page = await context.new_page()
    await page.goto(link)
    await page.get_by_role("link", name="Sign up").click()
    await page.get_by_label("Name", exact=True).fill("Carol")
    await page.get_by_label("Email").fill(f"carol-{uuid.uuid4()}@example.com")
    await page.get_by_label("Password", exact=True).fill("correct horse battery staple")
    await page.get_by_role("button", name="Sign up").click()
    await expect(page.get_by_role("heading", name=f"Join {acme}")).to_be_visible()
    await page.get_by_role("button", name="Join the workspace").click()
    await page.get_by_label("Show rooms").click()
    await expect(page.get_by_role("button", name=f"Workspace: {acme}")).to_be_visible()
    await context.close()
