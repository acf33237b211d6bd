"""Two people, a real browser, and small helpers around them."""

import shutil
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Locator, Page, async_playwright, expect

CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.fail("no chromium: install it (Debian: apt-get install chromium)")
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGS)
        yield running
        await running.close()


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


@pytest.fixture
async def two_in_a_room(people: tuple[Person, Person]) -> tuple[Person, Person, str]:
    """Alice and Bob in a public room of Alice's, and its name."""
    alice, bob = people
    name = room_name("tea")
    await alice.create_room(name)
    await bob.join_room(name)
    return alice, bob, name


@pytest.fixture
async def newcomer(stack: Any, browser: Browser) -> AsyncIterator[NewComer]:
    """Signs somebody up: called with a name and the name of a node, returns the Person."""
    contexts: list[BrowserContext] = []

    async def sign_up(name: str, node: str) -> Person:
        contexts.append(await browser.new_context())
        person = Person(name, await contexts[-1].new_page(), stack.status()["web"], node)
        await person.sign_up()
        return person

    yield sign_up
    for context in contexts:
        await context.close()


@pytest.fixture
async def people(newcomer: NewComer) -> tuple[Person, Person]:
    """Alice on node 1 and Bob on node 2, signed up."""
    return await newcomer("Alice", "n1"), await newcomer("Bob", "n2")
