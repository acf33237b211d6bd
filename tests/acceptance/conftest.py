"""Two people, a real browser, and small helpers around them."""

import shutil
import uuid
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

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


@pytest.fixture
async def people(stack, browser) -> AsyncIterator[tuple[Person, Person]]:
    """Alice on node 1 and Bob on node 2, signed up."""
    web = stack.status()["web"]
    contexts = [await browser.new_context() for _ in range(2)]
    pages = [await context.new_page() for context in contexts]
    both = Person("Alice", pages[0], web, "n1"), Person("Bob", pages[1], web, "n2")
    for person in both:
        await person.sign_up()
    yield both
    for context in contexts:
        await context.close()
