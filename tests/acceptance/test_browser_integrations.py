"""The Integrations dialog: another system posts as a bot, and is told; what failed is sent again."""

import os
from pathlib import Path

import httpx
from playwright.async_api import expect

from tests.acceptance.browsers import room_name
from tests.receiver import Receiver, status

SHOTS = os.environ.get("ROOMLOG_TEST_SHOTS", "")


async def shot(page, name):
    """Keep a picture for whoever asked for pictures."""
    if SHOTS:
        await page.screenshot(path=Path(SHOTS) / f"{name}.png")


async def choose(page):
    await page.get_by_role("button", name="Room options").click()
    await page.get_by_role("menuitem", name="Integrations").click()
    return page.get_by_role("dialog")


async def test_hooks_and_webhooks_are_made_and_watched(newcomer, stack):
    alice = await newcomer("Alice", "n1")
    name = room_name("builds")
    await alice.create_room(name, "Private")
    dialog = await choose(alice.page)
    await dialog.get_by_label("Name of the new hook").fill("CI")
    await dialog.get_by_role("button", name="Create hook").click()
    address = await dialog.get_by_label("Address that posts here").input_value()
    await expect(dialog.locator("[data-hook-id]")).to_have_count(1)
    await shot(alice.page, "incoming")
    await alice.page.set_viewport_size({"width": 390, "height": 844})
    await shot(alice.page, "incoming-phone")
    async with Receiver() as receiver, httpx.AsyncClient() as http:
        receiver.answers["/ci"] = status(410, body=b"no more")
        await dialog.get_by_role("tab", name="They are told").click()
        await dialog.get_by_label("Send to this address").fill("http://10.0.0.1/")
        await dialog.get_by_role("button", name="Create webhook").click()
        await expect(dialog.get_by_role("alert")).to_have_text(
            "url: 10.0.0.1 is not a public address"
        )
        await dialog.get_by_label("Send to this address").fill(receiver.url("/ci"))
        await dialog.get_by_role("button", name="Create webhook").click()
        await expect(dialog.locator("[data-webhook-id]")).to_have_count(1)
        secret = await dialog.get_by_label("Secret that signs").input_value()
        assert secret.startswith("whsec_")
        await alice.page.keyboard.press("Escape")

        assert (await http.post(address, json={"text": "Build 7 passed"})).status_code == 201
        await alice.reads("Build 7 passed")
        row = alice.message("Build 7 passed")
        await expect(row.locator("bdi").get_by_text("CI", exact=True)).to_be_visible()
        await expect(row.get_by_text("bot", exact=True)).to_be_visible()
        await shot(alice.page, "bot-phone")

        await alice.say("is it green?")
        await alice.toast("is paused: answered 410 no more").wait_for()
        receiver.answers.clear()
        dialog = await choose(alice.page)
        await dialog.get_by_role("tab", name="They are told").click()
        await expect(dialog.get_by_text("paused", exact=True)).to_be_visible()
        await dialog.get_by_role("button", name="Deliveries").click()
        await shot(alice.page, "outgoing-phone")
        await alice.page.set_viewport_size({"width": 1280, "height": 800})
        await shot(alice.page, "outgoing")
        await dialog.get_by_role("button", name="Send again").click()
        await dialog.get_by_role("button", name="Resume").click()
        await expect(dialog.locator('[data-delivery-state="delivered"]')).to_have_count(1)
        await expect(dialog.get_by_text("active", exact=True)).to_be_visible()
        assert receiver.at("/ci")[-1].event["d"] == {"text": "is it green?"}
