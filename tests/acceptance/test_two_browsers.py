"""Two people in two browsers on two nodes."""

import uuid

from playwright.async_api import expect


async def test_two_people_chat_across_two_nodes(people):
    alice, bob = people
    assert (await alice.node(), await bob.node()) == ("n1", "n2")
    room = f"tea {uuid.uuid4().hex[:8]}"
    await alice.create_room(room)
    await bob.join_room(room)

    await alice.sees(bob, "online")
    await bob.sees(alice, "online")
    await alice.say("Is anybody there?")
    await bob.reads("Is anybody there?")
    await bob.say("Only <b>me</b> & the kettle")
    await alice.reads("Only <b>me</b> & the kettle")

    await bob.page.get_by_label("Message", exact=True).press_sequentially("I am typ")
    await expect(alice.page.get_by_test_id("typing")).to_contain_text("Bob", timeout=2_000)

    await alice.page.reload()
    await alice.is_online()
    await alice.reads("Is anybody there?")
    await alice.reads("Only <b>me</b> & the kettle")

    await bob.page.close()
    await alice.sees(bob, None)


async def test_a_dead_node_is_replaced_and_nothing_is_missed(stack, people):
    alice, bob = people
    room = f"storm {uuid.uuid4().hex[:8]}"
    await alice.create_room(room)
    await bob.join_room(room)
    await alice.say("before")
    await bob.reads("before")

    pid = stack.kill("ingest-2")
    await alice.say("during")
    await bob.reads("during", within_ms=10_000)
    await bob.say("after")
    await alice.reads("after", within_ms=10_000)
    stack.wait_ready("ingest-2", other_than=pid)
