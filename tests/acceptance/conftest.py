"""A real browser, and people in front of it."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, async_playwright

from tests.acceptance.browsers import NewComer, Person, room_name

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
        context = await browser.new_context()
        contexts.append(context)
        person = Person(name, await context.new_page(), stack.status()["web"], node)
        await person.sign_up()
        return person

    yield sign_up
    for context in contexts:
        await context.close()


@pytest.fixture
async def people(newcomer: NewComer) -> tuple[Person, Person]:
    """Alice on node 1 and Bob on node 2, signed up."""
    return await asyncio.gather(newcomer("Alice", "n1"), newcomer("Bob", "n2"))
