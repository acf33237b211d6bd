from itertools import islice

import pytest

from bench.fill import Writer, chat
from roomlog.events import MemberJoined, MessagePosted, RoomCreated


def test_whoever_speaks_is_a_member_of_a_room_that_exists():
    members: set[tuple[str, str]] = set()
    ids = []
    for event in Writer().events(5_000):
        ids.append(event.event_id)
        who = (event.room_id, event.sender_id)
        match event.body:
            case RoomCreated() | MemberJoined():
                assert who not in members
                members.add(who)
            case MessagePosted():
                assert who in members
    assert len(ids) == len(set(ids)) == 5_000 + len(members)


def test_a_writer_goes_on_where_it_stopped():
    writer = Writer()
    first, second = (
        [e.body.text for e in writer.events(100) if isinstance(e.body, MessagePosted)]
        for _ in range(2)
    )

    assert first + second == [text for _, _, text in islice(chat(), 200)]


def test_everything_can_be_said_in_one_room():
    writer = Writer("one")
    rooms = {e.room_id for e in writer.events(1_000)}

    assert rooms == writer.owners.keys()
    assert len(rooms) == 1


@pytest.mark.parametrize("messages", [0, 1])
def test_few_messages(messages):
    assert sum(isinstance(e.body, MessagePosted) for e in Writer().events(messages)) == messages
