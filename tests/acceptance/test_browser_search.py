"""Searching in the page: by keyboard and by finger, and going to what was found, however far up it is."""

import re
import uuid

import pytest
from aiokafka import AIOKafkaProducer
from playwright.async_api import expect
from psycopg import AsyncConnection

from roomlog.events import MessagePosted
from roomlog.partitions import partition_of
from roomlog.topics import CHAT_EVENTS
from schemas.registry import Registry
from tests.acceptance.browsers import room_name
from tests.acceptance.queries import projected
from tests.projector_records import chat_event

OLD = 1_200
"""Far more than a page loads on its own way back to what somebody saw last."""


@pytest.fixture
async def reader(newcomer):
    person = await newcomer("Ada", "n1")
    await person.create_room(room_name("search"))
    return person


def results(person):
    return person.page.get_by_test_id("search-results").get_by_role("option")


async def test_what_was_said_is_found_by_keyboard_and_shown_in_its_room(reader):
    word = f"w{uuid.uuid4().hex[:8]}"
    await reader.say(f"the {word}ing went <b>wrong</b>")
    await reader.say(f"{word} again")
    await reader.reads(f"{word} again")
    await reader.page.keyboard.press("Control+k")
    box = reader.page.get_by_role("combobox", name="Search messages")
    await box.fill(f"{word}* -again")
    await expect(results(reader)).to_have_count(1)
    await expect(results(reader).locator("mark")).to_have_text([f"{word}ing"])
    await expect(results(reader)).to_contain_text("<b>wrong</b>")
    await box.fill(f"{word}*")
    await expect(results(reader)).to_have_count(2)
    await box.press("ArrowDown")
    await expect(results(reader).nth(1)).to_have_attribute("aria-selected", "true")
    await box.press("Enter")
    await expect(box).to_have_count(0)
    await expect(reader.page.get_by_label("Message", exact=True)).to_have_value("")
    row = reader.message("ing went")
    await expect(row).to_have_attribute("data-marked", re.compile("."))
    await expect(row).to_be_in_viewport()
    await reader.page.evaluate("document.activeElement.blur()")
    await reader.page.keyboard.press("/")
    await expect(box).to_have_value(f"{word}*")  # as it was left


async def test_filters_narrow_it_down_and_nothing_found_says_what_to_try(reader):
    word = f"w{uuid.uuid4().hex[:8]}"
    await reader.say(f"{word} https://example.com")
    await reader.say(f"{word} plain")
    await reader.reads(f"{word} plain")
    await reader.page.keyboard.press("Control+k")
    await reader.page.get_by_role("combobox", name="Search messages").fill(word)
    await expect(results(reader)).to_have_count(2)
    filters = reader.page.get_by_role("group", name="Filters")
    await filters.get_by_role("button", name="Has a link").click()
    await expect(results(reader)).to_have_count(1)
    await filters.get_by_role("button", name="Has a link").click()
    await filters.get_by_role("button", name="From…").click()
    await reader.page.get_by_label("Whose messages").fill("nobody at all")
    await expect(reader.page.get_by_text("Nobody is called so.")).to_be_visible()
    await reader.page.keyboard.press("Escape")
    await filters.get_by_role("button", name="Has a file").click()
    await expect(reader.page.get_by_text("Nothing was found")).to_be_visible()
    await reader.page.get_by_role("combobox", name="Search messages").fill(
        "from:nobody-is-called-so"
    )
    await expect(reader.page.get_by_role("alert")).to_contain_text("nobody is called")


async def test_far_up_in_a_long_history_is_shown_and_the_way_back_is_whole(stack, reader):
    word = f"w{uuid.uuid4().hex[:8]}"
    await reader.say(f"{word} at the very beginning")
    await reader.reads(f"{word} at the very beginning")
    await say_much(stack, reader)
    await reader.reads(f"filler {OLD - 1}", 20_000)
    await reader.page.reload()
    await reader.reads(f"filler {OLD - 1}")
    await reader.page.keyboard.press("Control+k")
    await reader.page.get_by_role("combobox", name="Search messages").fill(word)
    await results(reader).click()
    row = reader.message(f"{word} at the very beginning")
    await expect(row).to_be_in_viewport()
    await expect(row).to_have_attribute("data-marked", re.compile("."))
    await expect(reader.page.get_by_role("log")).to_have_attribute(
        "data-count", re.compile("^[1-9]..$")
    )
    await reader.page.get_by_role("button", name="Newest").click()
    await expect(reader.message(f"filler {OLD - 1}")).to_be_in_viewport()
    await reader.say("and on it goes")
    await reader.reads("and on it goes")


async def say_much(stack, person):
    """Write many messages of theirs into the open room, faster than one types; they can be read then."""
    room = person.page.url.rpartition("/")[2]
    told = stack.status()
    codec = Registry(told["registry"]).codecs().chat_events
    async with AIOKafkaProducer(bootstrap_servers=told["kafka"], acks="all") as producer:
        for n in range(OLD):
            event = chat_event(room, person.user_id, MessagePosted(f"filler {n}"))
            value, partition = codec.encode(event), partition_of(room)
            stored = await producer.send(CHAT_EVENTS, value, key=room.encode(), partition=partition)
        await stored
    async with await AsyncConnection.connect(told["postgres"], autocommit=True) as connection:
        await projected(told["kafka"], connection)
