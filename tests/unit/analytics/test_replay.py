import json

from analytics.lines import Narrator, printable
from analytics.replay import _merged, paced
from analytics.rows import Row

SECOND = 1_000_000


def row(ts_s, offset=0, partition=0, kind="MessagePosted", **body):
    text = json.dumps(body or {"text": "hi"})
    return Row(
        partition,
        offset,
        "e" * 36,
        "r" * 36,
        "s" * 36,
        kind,
        int(ts_s * SECOND),
        "k",
        text,
        None,
        None,
    )


async def stream(rows):
    for each in rows:
        yield each


async def test_partitions_are_merged_by_time_each_in_its_order():
    one = [row(1, 0), row(5, 1), row(3, 2), row(9, 3)]
    two = [row(2, 0, 1), row(4, 1, 1)]
    merged = [
        (r.ts // SECOND, r.partition, r.offset)
        async for r in _merged([stream(one), stream(two), stream([])])
    ]
    assert merged == [(1, 0, 0), (2, 1, 0), (4, 1, 1), (5, 0, 1), (3, 0, 2), (9, 0, 3)]


async def test_a_replay_waits_as_long_as_it_took_divided_by_the_speed():
    now, waits = 100.0, []

    async def sleep(seconds):
        nonlocal now
        waits.append(round(seconds, 3))
        now += seconds

    rows = [row(0), row(60), row(59), row(120), row(-9_999), row(-9_939)]
    played = [r async for r in paced(stream(rows), 60, lambda: now, sleep)]
    assert played == rows
    assert waits == [1.0, 1.0, 1.0]


async def test_a_replay_that_is_late_does_not_wait():
    now = 0.0

    def clock():
        nonlocal now
        now += 10
        return now

    async def sleep(_seconds):
        raise AssertionError("it is late already")

    assert len([r async for r in paced(stream([row(0), row(1), row(2)]), 1, clock, sleep)]) == 3


def test_lines_tell_who_did_what_where():
    tell = Narrator({"s" * 36: "Ada"}).line
    assert tell(row(0)) == "1970-01-01 00:00:00  rrrrrrrr  Ada: hi"
    assert tell(row(0, text="/me waves")).endswith("* Ada waves")
    assert tell(row(0, kind="MemberJoined", user="u" * 36)).endswith("uuuuuuuu joined")
    assert tell(row(0, text={"sealed": {}})).endswith("Ada: (sealed)")
    assert "emoji" in tell(row(0, kind="ReactionAdded", emoji="x", event="e"))


def test_rooms_get_the_names_that_their_events_give():
    narrator = Narrator({})
    created = row(0)._replace(type="RoomCreated", body='{"name":"tea","kind":"public"}')
    assert narrator.line(created).endswith("ssssssss created the public room tea")
    assert "  tea  " in narrator.line(row(1))


def test_nothing_that_a_terminal_obeys_gets_through():
    assert printable("a\x1b[2Jb\r\nc\x07\u202e") == "a·[2Jb··c··"
