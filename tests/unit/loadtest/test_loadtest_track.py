import random

import pytest

from loadtest.evidence import Acked, Evidence, Heard, View, heard, judge
from loadtest.frames import MessageKey, decode, offset_of, read_key
from loadtest.track import Track

EVENTS = [(f"1:{offset}", f"1:{prev}") for prev, offset in ((3, 5), (5, 6), (6, 11), (11, 12))]


@pytest.fixture
def track():
    """One who follows a room whose last event is at offset 3."""
    track = Track(7, "room")
    track.asked()
    track.acked("1:3")
    return track


def take_all(track, events):
    """Take events in as a client does; returns the verdicts. Each accepted one is a message."""
    verdicts = []
    for cursor, prev in events:
        verdicts.append(track.take(cursor, prev))
        if verdicts[-1] == "new":
            track.keep(offset_of(cursor) * 100)
    return verdicts


def evidence_of(track, offsets=(5, 6, 11, 12)):
    room = array_bytes(offsets), array_bytes(o * 100 for o in offsets)
    return Evidence([Acked("room", *room)], [heard(track)])


def array_bytes(numbers):
    return b"".join(n.to_bytes(8, "little") for n in numbers)


def test_what_comes_in_order_is_new_and_complete(track):
    assert take_all(track, EVENTS) == ["new"] * 4

    found = judge([evidence_of(track)])

    assert (found.expected, found.delivered, found.lost) == (4, 4, 0)
    assert (found.duplicates, found.gaps, found.acked) == (0, 0, 4)


def test_what_was_said_before_one_followed_is_not_due(track):
    take_all(track, EVENTS)

    assert judge([evidence_of(track, (1, 3, 5, 6, 11, 12))]).expected == 4


@pytest.mark.parametrize("dropped", range(len(EVENTS) - 1))
def test_a_missing_event_shows_at_the_next_one(track, dropped):
    events = EVENTS[:dropped] + EVENTS[dropped + 1 :]

    assert "gap" in take_all(track, events)
    found = judge([evidence_of(track)])
    assert found.gaps >= 1
    assert found.lost >= 1


def test_the_last_event_has_no_successor_that_would_miss_it(track):
    assert take_all(track, EVENTS[:-1]) == ["new"] * 3

    assert judge([evidence_of(track)]).lost == 1


@pytest.mark.parametrize("place", range(len(EVENTS)))
def test_an_event_that_comes_twice_is_counted(track, place):
    verdicts = take_all(track, [*EVENTS[: place + 1], EVENTS[place], *EVENTS[place + 1 :]])

    assert verdicts.count("repeated") == 1
    found = judge([evidence_of(track)])
    assert (found.duplicates, found.lost) == (1, 0)


def test_a_message_that_the_log_has_twice_must_not_be_shown_twice(track):
    track.take("1:5", "1:3")
    track.keep(500)
    track.take("1:6", "1:5")
    track.keep(500)

    assert judge([evidence_of(track, (5,))]).duplicates == 1


def test_swapped_events_are_out_of_order(track):
    events = [EVENTS[0], EVENTS[2], EVENTS[1], EVENTS[3]]

    take_all(track, events)

    assert judge([evidence_of(track)]).gaps >= 1


def test_another_message_at_the_place_of_an_acked_one_is_a_loss(track):
    for cursor, prev in EVENTS:
        track.take(cursor, prev)
        track.keep(1)

    assert judge([evidence_of(track)]).lost == 4


def test_after_a_gap_the_room_is_asked_for_again_from_where_it_was(track):
    take_all(track, EVENTS[:1])
    assert take_all(track, EVENTS[2:3]) == ["gap"]
    assert track.cursor == "1:5"

    track.asked()
    assert take_all(track, EVENTS[3:]) == ["old"]
    track.acked("1:12")
    assert take_all(track, EVENTS[1:]) == ["new"] * 3
    assert track.mode == "replaying"
    track.caught_up()

    assert track.mode == "live"
    found = judge([evidence_of(track)])
    assert (found.lost, found.duplicates, found.gaps) == (0, 0, 1)


def test_what_comes_while_nothing_is_followed_belongs_to_nobody(track):
    track.detached()

    assert take_all(track, EVENTS) == ["old"] * 4


def test_a_resume_that_leaves_something_out_is_a_loss_but_no_endless_asking(track):
    track.detached()
    track.asked()
    track.acked("1:12")

    assert take_all(track, EVENTS[1:]) == ["gap", *["new"] * 2] or track.gaps == 1
    assert judge([evidence_of(track)]).lost == 1


def test_random_mutations_never_pass():
    rng = random.Random(5)
    offsets = sorted(rng.sample(range(10, 5_000), 300))
    events = [(f"1:{o}", f"1:{p}") for p, o in zip([3, *offsets], offsets, strict=False)]
    for _ in range(200):
        mutated = list(events)
        place = rng.randrange(len(mutated) - 1)
        match rng.choice(["drop", "repeat", "swap"]):
            case "drop":
                del mutated[place]
            case "repeat":
                mutated.insert(rng.randrange(place + 1, len(mutated)), mutated[place])
            case "swap":
                mutated[place], mutated[place + 1] = mutated[place + 1], mutated[place]
        track = Track(1, "room")
        track.asked()
        track.acked("1:3")
        take_all(track, mutated)

        found = judge([evidence_of(track, offsets)])

        assert found.lost or found.duplicates or found.gaps, (place, mutated[place])


def test_acks_and_subscribers_of_all_processes_are_put_together(track):
    take_all(track, EVENTS)
    whole = evidence_of(track)
    halves = [
        Evidence([Acked("room", array_bytes(o), array_bytes(n * 100 for n in o))], [])
        for o in ((6, 12), (5, 11))
    ]

    assert judge([*halves, Evidence([], whole.heard)]) == judge([whole])


def test_nobody_hears_what_nobody_said():
    found = judge([Evidence([], [Heard(1, "room", 3, b"", b"", 0, 0)])])

    assert (found.acked, found.expected, found.lost, found.duplicates) == (0, 0, 0, 0)


def test_a_watcher_is_right_about_exactly_those_who_are_there():
    present = [
        Evidence(present=[View("r", ["a online"])]),
        Evidence(present=[View("r", ["b away"])]),
    ]

    def wrong(*views):
        return judge([*present, Evidence(views=[View("r", list(v)) for v in views])]).wrong_views

    assert wrong(["b away", "a online"]) == 0
    assert wrong(["a online"], ["a online", "b online"], ["a online", "b away", "c away"]) == 3


def test_a_key_tells_whose_message_it_is_and_when_it_was_due():
    key = MessageKey("run1", 1_000_000, 99_999, 1_767_323_045_678_901)

    assert read_key("run1", str(key)) == key
    assert len(str(key)) <= 64
    for other in ("", "run1.1.2", "run2.1.2.3", "0b3f6a0e-7a55-4a5c-9a0f-1f2d3c4b5a69"):
        assert read_key("run1", other) is None


def test_no_two_messages_have_one_number():
    numbers = {MessageKey("r", u, n, 0).message for u in range(50) for n in range(50)}

    assert len(numbers) == 2_500


def test_unknown_ops_and_fields_are_decoded_and_ignored():
    frame = decode(b'{"op":"wave","id":null,"hands":[1,2],"room":"r"}')

    assert (frame.op, frame.room, frame.id) == ("wave", "r", None)
