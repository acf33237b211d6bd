"""A person in front of a browser, and the small things they do there."""

import uuid
from collections.abc import Awaitable, Callable

from playwright.async_api import Locator, Page, expect


class Person:
    """Somebody with a browser window of their own, on a node of their choice."""

    def __init__(self, name: str, page: Page, web: str, node: str) -> None:
        self.name = name
        self.page = page
        self.address = f"{web}/?node={node}"
        self.user_id = ""

    async def sign_up(self) -> None:
        await self.page.goto(f"{self.address}#/sign-up")
        await self.page.get_by_label("Name", exact=True).fill(self.name)
        await self.page.get_by_label("Email").fill(f"{self.name}-{uuid.uuid4()}@example.com")
        await self.page.get_by_label("Password", exact=True).fill("correct horse battery staple")
        async with self.page.expect_response("**/auth/register") as answer:
            await self.page.get_by_role("button", name="Sign up").click()
        self.user_id = (await (await answer.value).json())["user"]["id"]
        await self.is_online()

    async def is_online(self) -> None:
        await expect(self.page.get_by_test_id("connection")).to_have_attribute(
            "data-state", "online", timeout=10_000
        )

    async def node(self) -> str | None:
        return await self.page.get_by_test_id("connection").get_attribute("data-node")

    async def create_room(self, name: str, kind: str = "Public") -> None:
        await self.page.get_by_role("button", name="New room").click()
        dialog = self.page.get_by_role("dialog")
        await dialog.get_by_label("Room name").fill(name)
        await dialog.get_by_text(kind, exact=True).click()
        await dialog.get_by_role("button", name="Create room").click()
        await self.is_in(name)

    async def join_room(self, name: str) -> None:
        await self.page.get_by_label("Search rooms").fill(name)
        await self.page.get_by_role("link", name=name).click()
        await self.page.get_by_role("button", name="Join", exact=True).click()
        await self.is_in(name)

    async def open_room(self, name: str) -> None:
        await self.room(name).click()
        await self.is_in(name)

    async def is_in(self, name: str) -> None:
        await expect(self.page.get_by_role("heading", name=name, level=1)).to_be_visible()
        await expect(self.page.get_by_label("Message", exact=True)).to_be_visible()

    def room(self, name: str) -> Locator:
        """The room in the person's list."""
        return self.page.get_by_role("navigation", name="Your rooms").get_by_role("link", name=name)

    def message(self, text: str) -> Locator:
        """The row of a message that is in the log."""
        return self.page.get_by_role("log").locator("[data-event-id]").filter(has_text=text)

    async def choose(self, message: str, action: str) -> None:
        """Choose an action from a message's menu."""
        row = self.message(message)
        await row.hover()
        await row.get_by_role("button", name="More for the message").click()
        await self.page.get_by_role("menuitem", name=action).click()

    def toast(self, text: str) -> Locator:
        return self.page.get_by_test_id("toasts").get_by_text(text)

    async def say(self, text: str) -> None:
        await self.page.get_by_label("Message", exact=True).fill(text)
        await self.page.get_by_role("button", name="Send").click()

    async def reads(self, text: str, within_ms: float = 5_000) -> None:
        shown = self.page.get_by_role("log").get_by_text(text, exact=True)
        await expect(shown).to_have_count(1, timeout=within_ms)

    async def sees(self, other: "Person", state: str | None, within_ms: float = 2_000) -> None:
        item = self.page.get_by_test_id("presence").locator(f'[data-user-id="{other.user_id}"]')
        if state is None:
            await expect(item).to_have_count(0, timeout=within_ms)
        else:
            await expect(item).to_have_attribute("data-state", state, timeout=within_ms)


NewComer = Callable[[str, str], Awaitable[Person]]


def room_name(word: str) -> str:
    """Return a name that no other test's room has."""
    return f"{word} {uuid.uuid4().hex[:8]}"
