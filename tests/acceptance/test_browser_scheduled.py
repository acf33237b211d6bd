"""Sending later from the page: scheduled, changed, cancelled, sent."""

from playwright.async_api import expect

from tests.acceptance.test_browser_threads import picture


async def test_a_message_is_scheduled_changed_cancelled_and_sent(two_in_a_room):
    alice, bob, _ = two_in_a_room
    page = alice.page
    note = {"name": "plan.txt", "mimeType": "text/plain", "buffer": b"first, tea"}
    await page.locator("input[type=file]").set_input_files([note])
    await expect(page.get_by_test_id("uploads").locator('[data-state="stored"]')).to_be_visible()
    await page.get_by_label("Message", exact=True).fill("good morning")
    await page.get_by_role("button", name="Schedule the message").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Tomorrow morning").click()
    await picture(alice, "schedule")
    await dialog.get_by_role("button", name="Schedule").click()
    await expect(page.get_by_label("Message", exact=True)).to_have_value("")
    await page.get_by_role("button", name="1 scheduled message").click()
    await expect(dialog.get_by_text("good morning")).to_be_visible()
    await picture(alice, "scheduled")
    await dialog.get_by_role("button", name="Change").click()
    await dialog.get_by_label("Text").fill("good evening")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog.get_by_text("good evening")).to_be_visible()
    await expect(dialog.get_by_text("plan.txt")).to_be_visible()
    await dialog.get_by_role("button", name="Cancel it").click()
    await expect(dialog.get_by_text("Nothing is scheduled here.")).to_be_visible()
    await page.keyboard.press("Escape")

    # The field has minutes; what the page asks for is brought forward, so that the test need not wait for one.
    async def hurry(route):
        sent = route.request.post_data_json
        if "send_at" in sent:
            sent["send_at"] = await page.evaluate("new Date(Date.now() + 1500).toISOString()")
        await route.continue_(post_data=sent)

    await page.route(
        "**/rooms/*/messages",
        lambda route: hurry(route) if route.request.method == "POST" else route.continue_(),
    )
    await page.locator("input[type=file]").set_input_files([note])
    await expect(page.get_by_test_id("uploads").locator('[data-state="stored"]')).to_be_visible()
    await page.get_by_label("Message", exact=True).fill("right on time")
    await page.get_by_role("button", name="Schedule the message").click()
    await dialog.get_by_role("button", name="In an hour").click()
    await dialog.get_by_role("button", name="Schedule").click()
    await expect(page.get_by_role("button", name="1 scheduled message")).to_be_visible()
    await bob.reads("right on time", within_ms=15_000)
    await expect(bob.message("right on time").get_by_text("plan.txt")).to_be_visible()
    await expect(page.get_by_role("button", name="1 scheduled message")).to_have_count(
        0, timeout=10_000
    )
