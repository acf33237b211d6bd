import pytest

from analytics.selection import BadSelection, Selection, select
from roomlog.ids import new_id, workspace_id
from roomlog.kafka import Range
from roomlog.partitions import PARTITIONS, partition_of
from roomlog.times import BadTime, parse_time

BOUNDS = dict.fromkeys(range(24), (10, 100))


def test_nothing_given_takes_the_whole_log():
    ranges = select().ranges(BOUNDS)
    assert [r.partition for r in ranges] == list(range(24))
    assert {(r.start, r.stop) for r in ranges} == {(10, 100)}


def test_a_room_is_read_in_its_partition_only():
    room = new_id()
    assert select(rooms=[room.upper()]).partitions == [partition_of(room)]


def test_places_name_partitions_and_are_clipped_to_the_log():
    chosen = select(starts=["3:50", "4:1"], stops=["3:60", "5:500"])
    assert chosen.ranges(BOUNDS) == [Range(3, 50, 60), Range(4, 10, 100), Range(5, 10, 100)]


def test_a_start_behind_the_end_reads_nothing():
    (only,) = select(starts=["3:1000"]).ranges(BOUNDS)
    assert only.size == 0


def test_what_was_appended_before_since_is_not_read():
    chosen = select(since="2026-01-02")
    ranges = chosen.ranges(BOUNDS, {p: (40 if p == 1 else None) for p in range(24)})
    assert ranges[1] == Range(1, 40, 100)
    assert all(r.size == 0 for r in ranges if r.partition != 1)


def test_since_allows_for_clocks_that_are_ahead():
    assert select().appended_since_ms is None
    day_before = parse_time("2026-01-01") // 1_000
    assert select(since="2026-01-02").appended_since_ms == day_before


def test_conditions_are_joined_by_and():
    room, acme = new_id(), workspace_id("acme")
    kinds = frozenset(["MessagePosted"])
    chosen = Selection(frozenset([room]), kinds, 5, 9, workspaces=frozenset([acme]))
    assert chosen.takes(room, acme, "MessagePosted", 5)
    assert not chosen.takes(room, acme, "MessagePosted", 9)
    assert not chosen.takes(room, acme, "MemberLeft", 5)
    assert not chosen.takes(new_id(), acme, "MessagePosted", 5)
    assert not chosen.takes(room, "", "MessagePosted", 5)


def test_a_workspace_is_named_by_its_id_its_short_name_or_as_none():
    acme = workspace_id("acme")
    assert select(workspaces=["ACME", acme, "default"]).workspaces == {acme, ""}
    assert len(select(workspaces=["acme"]).partitions) == PARTITIONS


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("1970-01-01", 0),
        ("1970-01-01T00:00:01Z", 1_000_000),
        ("1970-01-01T01:00:00.000001+01:00", 1),
        ("1969-12-31T23:59:59", -1_000_000),
    ],
)
def test_times(text, micros):
    assert parse_time(text) == micros


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"rooms": ["tea"]}, "no room id"),
        ({"types": ["Message"]}, "MessagePosted"),
        ({"workspaces": ["Acme & Co"]}, "short name"),
        ({"since": "yesterday"}, "2026-01-02"),
        ({"starts": ["3"]}, "PARTITION:OFFSET"),
        ({"stops": ["24:0"]}, "0 to 23"),
    ],
)
def test_what_selects_nothing_is_told(options, said):
    with pytest.raises((BadSelection, BadTime), match=said):
        select(**options)


def test_types_may_be_written_in_any_case():
    assert select(types=["messageposted"]).types == {"MessagePosted"}
