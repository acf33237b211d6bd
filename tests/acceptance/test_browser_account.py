"""An account from the page to its end."""

from playwright.async_api import expect

from tests.acceptance.test_browser_people import close_dialog, in_menu_of, shoot

PASSWORD = "correct horse battery staple"


async def test_an_account_is_deleted_once_somebody_else_owns_its_rooms(two_in_a_room):
    alice, bob, name = two_in_a_room
    await alice.say("I was here")
    await bob.reads("I was here")
    await alice.page.set_viewport_size({"width": 390, "height": 844})
    await alice.page.get_by_role("button", name="Account of").click()
    await shoot(alice, "account-menu-phone")
    await alice.page.get_by_role("menuitem", name="Delete account").click()
    dialog = alice.page.get_by_role("dialog")
    await dialog.get_by_label("Your password").fill("not hers")
    await dialog.get_by_role("button", name="Delete my account").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("not that of this account")
    await dialog.get_by_label("Your password").fill(PASSWORD)
    await dialog.get_by_role("button", name="Delete my account").click()
    await expect(dialog.get_by_role("alert")).to_contain_text(f"others are in '{name}'")
    await shoot(alice, "account-refused-phone")
    await dialog.get_by_role("button", name="Cancel").click()
    await alice.page.set_viewport_size({"width": 1280, "height": 800})
    await in_menu_of(alice, bob, "Make owner")
    members = alice.page.get_by_test_id("members").locator(f'[data-user-id="{bob.user_id}"]')
    await expect(members).to_have_attribute("data-role", "owner")
    await close_dialog(alice)
    await alice.page.get_by_role("button", name="Account of").click()
    await alice.page.get_by_role("menuitem", name="Delete account").click()
    await dialog.get_by_label("Your password").fill(PASSWORD)
    await shoot(alice, "account-delete")
    await dialog.get_by_role("button", name="Delete my account").click()
    await expect(alice.page.get_by_role("button", name="Sign in")).to_be_visible()
    await bob.sees(alice, None, within_ms=10_000)
    await expect(bob.page.locator("[data-notice]").filter(has_text="left")).to_be_visible()
    await bob.page.reload()
    await bob.is_online()
    await bob.reads("I was here")
    await expect(bob.message("I was here").get_by_text("Deleted user")).to_be_visible()
    await shoot(bob, "account-gone")
