"""Files in the page: picked, pasted, sent, seen by the other, found again."""

import asyncio
import io
import uuid

from PIL import Image
from playwright.async_api import expect

from tests.webserver import Server


def picture() -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").resize((1_200, 800)).convert("RGB").save(out, "JPEG")
    return out.getvalue()


PLAN = {"name": "plan.jpg", "mimeType": "image/jpeg", "buffer": picture()}
NOTES = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"tea at four"}
TOO_LARGE = {"name": "film.bin", "mimeType": "video/mp4", "buffer": bytes(3_100_000)}


async def test_files_are_sent_seen_and_found_again(two_in_a_room):
    alice, bob, _ = two_in_a_room
    await alice.page.locator('input[type="file"]').set_input_files([PLAN, NOTES, TOO_LARGE])
    uploads = alice.page.get_by_test_id("uploads").get_by_role("listitem")
    await expect(uploads.filter(has_text="plan.jpg")).to_have_attribute("data-state", "stored")
    large = uploads.filter(has_text="film.bin")
    await expect(large.get_by_role("alert")).to_contain_text("at most 3.0 MB")
    await expect(alice.page.get_by_role("button", name="Send")).to_be_disabled()
    await large.get_by_role("button", name="Leave out film.bin").click()
    await alice.say("the plan")
    await expect(uploads).to_have_count(0)

    row = bob.message("the plan")
    shown = row.locator("a[data-file-id] img")
    await expect(shown).to_have_js_property("naturalWidth", 720)
    box = await shown.bounding_box()
    assert box is not None
    assert (round(box["width"]), round(box["height"])) == (360, 240)
    async with bob.page.expect_download() as saved:
        await row.get_by_role("link", name="notes.txt").click()
    path = await (await saved.value).path()
    assert await asyncio.to_thread(path.read_bytes) == NOTES["buffer"]

    await bob.page.get_by_role("button", name="Room options").click()
    await bob.page.get_by_role("menuitem", name="Files").click()
    await expect(
        bob.page.get_by_test_id("files").get_by_role("link", name="plan.jpg")
    ).to_be_visible()
    await bob.page.keyboard.press("Escape")

    await alice.choose("the plan", "Delete")
    await alice.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(bob.message("This was deleted.")).to_be_visible()
    await expect(bob.page.locator("a[data-file-id]")).to_have_count(0)


async def test_a_pasted_picture_is_attached_and_can_be_sent_alone(two_in_a_room):
    alice, bob, _ = two_in_a_room
    await alice.page.get_by_label("Message", exact=True).evaluate(
        """(box, bytes) => {
            const clipboardData = new DataTransfer();
            clipboardData.items.add(new File([new Uint8Array(bytes)], "pasted.jpg", {type: "image/jpeg"}));
            box.dispatchEvent(new ClipboardEvent("paste", {clipboardData, bubbles: true, cancelable: true}));
        }""",
        list(picture()),
    )
    line = alice.page.get_by_test_id("uploads").get_by_text("pasted.jpg")
    await expect(line).to_be_visible()
    await alice.page.get_by_role("button", name="Send").click()
    await expect(bob.page.get_by_role("img", name="pasted.jpg")).to_be_visible()


async def test_what_a_link_leads_to_is_shown_unless_somebody_does_not_want_it(two_in_a_room):
    alice, bob, _ = two_in_a_room
    server = await Server.running()
    server.page("/tea.jpg", picture(), "image/jpeg")
    html = b'<title>All about <b>tea</b></title><meta property="og:image" content="/tea.jpg">'
    url = server.page(f"/{uuid.uuid4()}", html)
    await alice.say(f"look: {url}")
    cards = [person.page.get_by_test_id("link-preview") for person in (alice, bob)]
    for card in cards:
        await expect(card).to_contain_text("All about <b>tea</b>")
        await expect(card.locator("img")).to_have_js_property("naturalWidth", 720)
    server.close()

    await bob.page.get_by_role("button", name="Account of").click()
    switch = bob.page.get_by_role("menuitem", name="Link previews")
    await switch.click()
    await expect(cards[1]).to_have_count(0)
    await switch.click()
    await expect(cards[1]).to_be_visible()

    await alice.page.get_by_role("button", name="Room options").click()
    await alice.page.get_by_role("menuitem", name="Name and topic").click()
    await alice.page.get_by_role("switch", name="Link previews").click(force=True)
    await alice.page.get_by_role("button", name="Save").click()
    for card in cards:
        await expect(card).to_have_count(0)
