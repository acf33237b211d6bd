"""Members of a room on the session's stack."""

import pytest

from tests.people import Member, create_room


@pytest.fixture
async def two_members(stack):
    """Alice on node 1 and Bob on node 2, both in one room; Bob follows it."""
    urls = stack.status()["ingest"]
    alice = await Member.sign_in(stack.data, urls[:1], "Alice")
    bob = await Member.sign_in(stack.data, urls[1:], "Bob")
    room = await create_room(alice, bob)
    await bob.client.subscribe(room)
    yield alice, bob, room
    await alice.client.close()
    await bob.client.close()
