import base64
import json

import pytest

from projector.batch import Place
from projector.dead_letters import dead_letter
from projector.kafka import ForeignLog, starting_offset
from projector.migrate import Migration, MigrationError, load, pending
from projector.pacing import (
    BLIND_AFTER_S,
    FAR_BEHIND_EVENTS,
    STUCK_AFTER_S,
    CatchUp,
    Watchdog,
)
from roomlog.letters import encode
from roomlog.topics import CHAT_EVENTS, CHAT_SIGNALS
from tests.projector_records import Record


def test_no_progress_with_work_to_do_is_stuck():
    dog = Watchdog(moved_at=0.0)
    assert not dog.is_stuck(STUCK_AFTER_S, lag=5, projected=0, excused=False)
    assert dog.is_stuck(STUCK_AFTER_S + 1, lag=5, projected=0, excused=False)


@pytest.mark.parametrize(
    "healthy", [{"lag": 0}, {"projected": 1}, {"excused": True}], ids=["idle", "moves", "waits"]
)
def test_whoever_is_idle_moves_or_waits_for_postgres_is_not_stuck(healthy):
    state = {"lag": 5, "projected": 0, "excused": False, **healthy}
    dog = Watchdog(moved_at=0.0)
    assert not dog.is_stuck(STUCK_AFTER_S + 1, **state)


def test_partitions_that_are_not_placed_for_long_are_noticed():
    dog = Watchdog(moved_at=0.0)
    assert not dog.is_blind(5.0, unplaced=24, excused=False)  # just begun
    assert not dog.is_blind(5 + BLIND_AFTER_S, unplaced=24, excused=False)
    assert dog.is_blind(6 + BLIND_AFTER_S, unplaced=1, excused=False)


@pytest.mark.parametrize("healthy", [{"unplaced": 0}, {"excused": True}], ids=["placed", "waits"])
def test_who_has_its_partitions_or_waits_for_postgres_is_not_blind(healthy):
    dog = Watchdog(moved_at=0.0)
    assert not dog.is_blind(5.0, unplaced=24, excused=False)
    assert not dog.is_blind(50.0, **{"unplaced": 24, "excused": False, **healthy})
    assert not dog.is_blind(50 + BLIND_AFTER_S, unplaced=24, excused=False)


def test_reading_goes_on_where_the_rows_are():
    assert starting_offset(Place(CHAT_EVENTS, 0), 5, begin=0, end=9) == 5


def test_signals_that_expired_are_skipped_and_events_that_are_gone_are_an_error():
    assert starting_offset(Place(CHAT_SIGNALS, 0), 5, begin=7, end=9) == 7
    assert starting_offset(Place(CHAT_SIGNALS, 0), 50, begin=7, end=9) == 9
    for begin, end in ((7, 9), (0, 4)):
        with pytest.raises(ForeignLog, match="belongs to another log"):
            starting_offset(Place(CHAT_EVENTS, 0), 5, begin, end)


def test_a_dead_letter_tells_where_from_and_holds_every_byte():
    record = Record(CHAT_EVENTS, 3, 8, b"\0\0\0\x01\x02rest")
    letter = dead_letter(record, "undecodable", "because", 17)
    told = json.loads(encode(letter))
    assert letter.key == b"chat.events-3-8"
    assert base64.b64decode(told["raw"]) == record.value
    assert (told["schema_id"], told["reason"], told["refused_at"]) == (258, "because", 17)


def test_a_letter_about_bytes_without_header_has_no_schema_id():
    for value in (b"", None, b"\x01\0\0\0\x01", b"\0\0"):
        assert dead_letter(Record("t", 0, 0, value), "undecodable", "", 0).schema_id is None


def test_only_missing_migrations_are_applied_in_order():
    known = [Migration(n, f"{n:04}_x", "") for n in (1, 2, 3)]
    assert [m.number for m in pending(known, {1})] == [2, 3]
    assert pending(known, {1, 2, 3}) == []


def test_a_database_newer_than_the_code_is_refused():
    with pytest.raises(MigrationError, match="0002, this code knows only 0001"):
        pending([Migration(1, "0001_x", "")], {1, 2})


def test_migrations_without_gaps_and_with_proper_names(tmp_path):
    assert [m.number for m in load()] == list(range(1, len(load()) + 1))
    (tmp_path / "0002_second.sql").write_text("")
    with pytest.raises(MigrationError, match="the next one is 0001"):
        load(tmp_path)


def test_who_has_much_to_catch_up_with_says_now_and_then_how_far_it_is():
    catching_up = CatchUp()
    assert catching_up.told_at(0, FAR_BEHIND_EVENTS - 1, 0) is None
    assert catching_up.told_at(10, 90_000, 500) is None
    assert catching_up.told_at(12, 80_000, 10_500) is None
    told = catching_up.told_at(20, 60_000, 30_500)
    assert told == "catching up: 60,000 events to go, 3,000/s, 20 s left"
    assert catching_up.told_at(22, 50_000, 40_500) is None
    assert catching_up.told_at(30, 10, 90_500) is None
    assert catching_up.told_at(40, 90_000, 90_500) is None
