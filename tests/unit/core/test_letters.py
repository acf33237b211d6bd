import base64

import pytest

from projector.dead_letters import dead_letter
from roomlog.letters import Decision, decode, encode, fold, key_of, passed_over, refused
from tests.projector_records import Record

PLACE = ("chat.events", 3, 9)


def letter(offset=9, kind="undecodable"):
    record = Record("chat.events", 3, offset, b"raw", key=b"room", headers=(("notify", b"x"),))
    return dead_letter(record, kind, "why", 7)


def decision(action, offset=9, **more):
    return Decision("chat.events", 3, offset, action, 8, "ada@host", **more)


def test_a_letter_keeps_everything_of_its_record():
    found = decode(encode(letter()))
    assert found.place == PLACE
    assert found.key == key_of(PLACE) == b"chat.events-3-9"
    assert found.value == b"raw"
    assert base64.b64decode(found.record_key) == b"room"
    assert found.headers == (("notify", base64.b64encode(b"x").decode()),)


def test_letters_from_before_there_were_headers_can_be_read():
    old = b'{"topic":"t","partition":0,"offset":1,"kind":"misplaced","reason":"","schema_id":null,"raw":"",'
    assert decode(old + b'"timestamp":1,"refused_at":2}').headers == ()


@pytest.mark.parametrize("value", [b"", b"x", b"{}", b"[]", b'{"action":"dropped"}', b"\xff"])
def test_what_is_neither_letter_nor_decision_is_passed_over(value):
    assert decode(value) is None


def test_decisions_belong_to_their_letter_in_order():
    records = [
        decision("dropped"),  # before its letter: about nothing
        letter(),
        letter(),
        letter(10),
        decision("retrying", to_partition=1, to_offset=5),
        decision("retried", to_partition=1, to_offset=6),
    ]
    found = fold([decode(encode(record)) for record in records])
    assert {place: one.state for place, one in found.items()} == {
        PLACE: "retried",
        ("chat.events", 3, 10): "open",
    }
    assert [d.action for d in found[PLACE].decisions] == ["retrying", "retried"]


def test_what_counts_for_nothing_for_ever_is_what_was_settled():
    found = fold([letter(1), letter(2), letter(3), decision("dropped", 1), decision("retrying", 2)])
    assert passed_over(found) == {("chat.events", 3, 1)}


def test_what_could_be_read_and_not_applied_is_refused_again():
    found = fold([letter(1, "inapplicable"), letter(2, "inapplicable"), decision("dropped", 1)])
    assert set(refused(found, only_settled=True)) == {("chat.events", 3, 1)}
    assert len(refused(found, only_settled=False)) == 2
    assert not passed_over(found)
