"""A command whose answer was lost comes again, on another node: what it led to there is told here too."""

import asyncio
import uuid

import pytest

from roomlog.errors import Refused
from tests.people import Member


async def test_a_refusal_that_was_lost_is_told_by_the_next_node(stack, two_members):
    _, bob, room = two_members
    urls = stack.status()["ingest"]
    eve = await Member.sign_in(stack.data, urls[:1], "Eve")
    again = await eve.elsewhere(stack.data, urls[1:])
    command = {"op": "send", "room": room, "key": str(uuid.uuid4()), "text": "let me in"}
    for person in (eve, again):
        with pytest.raises(Refused, match="room"):
            await asyncio.wait_for(person.client.request(command), 3)
    await asyncio.wait_for(bob.post(room, "nobody waited"), 3)
    for person in (eve, again):
        await person.client.close()


async def test_an_ack_of_what_changed_nothing_is_given_by_the_next_node(stack, two_members):
    alice, _, room = two_members
    again = await alice.elsewhere(stack.data, stack.status()["ingest"][1:])
    command = {"op": "join", "room": room, "key": str(uuid.uuid4())}
    first = await asyncio.wait_for(alice.client.request(command), 3)
    second = await asyncio.wait_for(again.client.request(command), 3)
    assert (first.event, second.event) == (None, None)
    await again.client.close()
