import pytest

from projector.dead_letters import dead_letter
from projector.dlq.choose import BadPlace, Filter, chosen, named, parse_place, write_place
from projector.dlq.show import hex_dump, lines
from roomlog.letters import Decision, fold
from tests.projector_records import Record


def letter(offset, topic="chat.events", partition=3, kind="undecodable", reason="magic", at=0):
    return dead_letter(Record(topic, partition, offset, b"\0raw"), kind, reason, at)


LETTERS = fold(
    [
        letter(1, at=30),
        letter(2, partition=4, at=20),
        letter(3, "chat.reads", at=10),
        letter(4, kind="inapplicable", reason="U+0000", at=40),
        letter(5, at=50),
        Decision("chat.events", 3, 5, "dropped", 60, "ada@host", "why not"),
    ]
)


@pytest.mark.parametrize(
    ("wanted", "offsets"),
    [
        (Filter(), [3, 2, 1, 4]),
        (Filter(settled=True), [3, 2, 1, 4, 5]),
        (Filter(topic="chat.reads"), [3]),
        (Filter(partition=4), [2]),
        (Filter(reason="MAGIC"), [3, 2, 1]),
        (Filter(reason="inapplicable"), [4]),
        (Filter(since=30), [1, 4]),
        (Filter(topic="chat.events", reason="magic", since=25), [1]),
        (Filter(reason="nothing"), []),
    ],
)
def test_letters_that_meet_every_condition_are_chosen_oldest_first(wanted, offsets):
    assert [one.letter.offset for one in chosen(LETTERS, wanted)] == offsets


def test_places_are_written_as_they_are_read():
    place = ("a:strange:topic", 3, 15)
    assert parse_place(write_place(place)) == place


@pytest.mark.parametrize(
    "text", ["", "chat.events", "chat.events:3", "chat.events:x:1", "3:1", ":-1:2"]
)
def test_what_is_no_place_is_told(text):
    with pytest.raises(BadPlace, match="TOPIC:PARTITION:OFFSET"):
        parse_place(text)


def test_a_place_without_a_letter_is_told():
    with pytest.raises(BadPlace, match=r"no dead letter about chat\.events:3:99"):
        named(LETTERS, ["chat.events:3:99"])


def test_bytes_are_shown_with_offset_and_text_and_not_without_end():
    assert hex_dump(b"\0A\x1b" * 6) == [
        "000000  00 41 1b 00 41 1b 00 41 1b 00 41 1b 00 41 1b 00  .A..A..A..A..A..",
        "000010  41 1b                                            A.",
    ]
    assert hex_dump(b"") == ["(nothing)"]
    many = hex_dump(b"x" * 1_000_000)
    assert len(many) < 100
    assert "998,976 bytes more" in many[-1]


def test_a_letter_tells_who_decided_what_and_nothing_that_a_terminal_obeys():
    evil = dead_letter(Record("t", 0, 1, b"x", key=b"\x1b[2Jkey"), "undecodable", "why", 0)
    shown = "\n".join(lines(fold([evil])["t", 0, 1], None))
    assert "\x1b" not in shown
    assert "1b 5b 32 4a" in shown
    (dropped,) = (one for one in LETTERS.values() if one.is_settled)
    assert any("dropped by ada@host" in line and "why not" in line for line in lines(dropped, None))
