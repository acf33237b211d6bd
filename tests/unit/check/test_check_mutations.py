"""The checker itself: a good history has eight zeros, and each way to spoil it is counted where it belongs."""

from collections.abc import Callable

import msgspec
import pytest

from roomlog.check import analysis
from roomlog.check.facts import Evidence, Letter, LogEvent, MessageRow
from roomlog.check.history import (
    Fail,
    Invoke,
    Ok,
    Poisoned,
    Received,
    Record,
    Settling,
    Shown,
    Unfollowed,
)
from roomlog.check.verdict import COUNTERS, Verdict, render
from tests.unit.check.check_synthetic import MS, Run, good_run, rest

replace = msgspec.structs.replace


def judge(run: Run) -> Verdict:
    return analysis.judge(run.records, run.evidence)


def test_a_good_run_has_eight_zeros():
    verdict = judge(good_run())
    assert verdict.counters == dict.fromkeys(COUNTERS, 0), render(verdict)
    figures = verdict.figures
    assert (figures.messages, figures.operations) == (6, {"acked": 22, "unknown": 2, "refused": 1})
    assert figures.faults == {"kill-ingest": 1}
    assert 0 < figures.resume_s["kill-ingest"] < 1
    assert figures.late_s["overall"] < 0.1


def event_of(run: Run, text: str) -> LogEvent:
    return next(e for e in run.evidence.log if text in e.d.get("text", ""))


def receipts(run: Run, user: str, room: str = "r1") -> list[int]:
    """Return where in the records the user's frames of a room are."""
    return [
        n
        for n, r in enumerate(run.records)
        if isinstance(r, Received) and r.client == f"c-{user}" and r.frame.room == room
    ]


def row_at(run: Run, event: LogEvent) -> int:
    return next(n for n, row in enumerate(run.evidence.messages) if row.id == event.id)


def change_frame(run: Run, index: int, **fields: object) -> None:
    record = run.records[index]
    assert isinstance(record, Received)
    run.records[index] = replace(record, frame=replace(record.frame, **fields))


def change_row(run: Run, said: str, /, **fields: object) -> None:
    index = row_at(run, event_of(run, said))
    run.evidence.messages[index] = replace(run.evidence.messages[index], **fields)


def change_shown(run: Run, change: Callable[[Shown], Shown]) -> None:
    index = next(n for n, r in enumerate(run.records) if isinstance(r, Shown))
    shown = run.records[index]
    assert isinstance(shown, Shown)
    run.records[index] = change(shown)


def leaked(run: Run) -> Record:
    """Return what eve would get of an event after her removal."""
    frame = run.got["ann", "r1"][-1]
    return Received(run.tick(), "c-eve", frame)


def again_at_rest(run: Run, do: Callable[[], object], wait_ms: int = 1) -> None:
    """Have one more thing done before all came to rest, and rows and screens that agree with it."""
    run.records = [r for r in run.records if not isinstance(r, Settling | Shown)]
    run.evidence = Evidence(log=run.evidence.log)
    run.tick(wait_ms)
    do()
    rest(run)


# Each mutation changes a good run in place.


def drop_an_acked_event_from_the_log(run: Run) -> None:
    run.evidence.log.remove(event_of(run, "last #10"))


def drop_the_row_of_a_message(run: Run) -> None:
    del run.evidence.messages[row_at(run, event_of(run, "second #2"))]


def drop_the_row_of_a_member(run: Run) -> None:
    run.evidence.members.pop()


def drop_the_row_of_a_reaction(run: Run) -> None:
    run.evidence.reactions.pop()


def drop_the_row_of_a_pin(run: Run) -> None:
    run.evidence.pins.pop()


def drop_the_row_of_a_room(run: Run) -> None:
    run.evidence.rooms.pop()


def drop_the_last_frame_of_a_subscriber(run: Run) -> None:
    del run.records[receipts(run, "bob")[-1]]


def drop_all_frames_after_a_resume(run: Run) -> None:
    for index in reversed(receipts(run, "bob")[-3:]):
        del run.records[index]


def drop_a_message_from_a_screen(run: Run) -> None:
    change_shown(run, lambda s: replace(s, messages=s.messages[:-1]))


def a_record_nobody_sent(run: Run) -> None:
    last = run.evidence.log[-1]
    run.evidence.log.append(replace(last, offset=last.offset + 2, id="e99", key="k99"))


def the_effect_of_a_refused_operation(run: Run) -> None:
    invoke = next(r for r in run.records if isinstance(r, Invoke) and "refused" in str(r.body))
    run.step = 98
    run.store(invoke)


def an_acked_operation_recorded_as_refused(run: Run) -> None:
    index = next(n for n, r in enumerate(run.records) if isinstance(r, Ok) and r.op == 3)
    run.records[index] = Fail(run.records[index].at, 3, "forbidden")


def a_frame_of_nothing_in_the_log(run: Run) -> None:
    index = receipts(run, "ann")[-1]
    run.records.insert(index + 1, run.records[index])
    change_frame(run, index + 1, cursor="1:9999", id="e99")


def a_frame_to_one_who_was_removed(run: Run) -> None:
    index = next(n for n, r in enumerate(run.records) if isinstance(r, Settling))
    run.records.insert(index, leaked(run))


def a_message_of_one_who_was_removed(run: Run) -> None:
    again_at_rest(run, lambda: run.do("eve", "send", "r1", text="still here #11"), wait_ms=2_000)


def a_message_of_one_who_never_was_a_member(run: Run) -> None:
    again_at_rest(run, lambda: run.do("eve", "send", "r2", text="never here #11"))


def an_ack_of_another_event_when_said_again(run: Run) -> None:
    first = next(r for r in run.records if isinstance(r, Ok) and r.op == 3)
    run.records.append(replace(first, at=run.tick(), event=event_of(run, "second #2").id))


def an_unreadable_record_without_a_dead_letter(run: Run) -> None:
    run.records += [Poisoned(run.tick(), 1, 1), Poisoned(run.tick(), 1, 3)]
    run.evidence.letters.append(Letter(1, 3))


def a_row_of_nothing_in_the_log(run: Run) -> None:
    run.evidence.messages.append(replace(run.evidence.messages[0], id="e99", offset=9999))


def a_member_row_of_one_who_was_removed(run: Run) -> None:
    run.evidence.members.append(replace(run.evidence.members[0], user="eve"))


def a_row_of_a_reaction_that_was_withdrawn(run: Run) -> None:
    run.evidence.reactions.append(replace(run.evidence.reactions[0], user="ann"))


def a_row_of_a_pin_that_was_taken_back(run: Run) -> None:
    third = event_of(run, "third #3")
    run.evidence.pins.append(replace(run.evidence.pins[0], id=third.id, by="bob"))


def a_row_of_a_pin_that_a_deletion_ended(run: Run) -> None:
    second = event_of(run, "second #2")
    run.evidence.pins.append(replace(run.evidence.pins[0], id=second.id))


def a_message_on_a_screen_that_nobody_sent(run: Run) -> None:
    change_shown(run, lambda s: replace(s, messages=[*s.messages, ("e99", "boo", {})]))


def a_row_twice(run: Run) -> None:
    row = run.evidence.messages[0]
    run.evidence.messages.append(replace(row, offset=row.offset + 100))


def a_member_row_twice(run: Run) -> None:
    run.evidence.members.append(run.evidence.members[0])


def a_pin_row_twice(run: Run) -> None:
    run.evidence.pins.append(run.evidence.pins[0])


def a_frame_twice(run: Run) -> None:
    index = receipts(run, "bob")[1]
    run.records.insert(index + 1, run.records[index])


def a_frame_again_after_a_resume(run: Run) -> None:
    indexes = receipts(run, "bob")
    run.records.insert(indexes[-2], run.records[indexes[0]])


def one_key_with_two_events(run: Run) -> None:
    event = event_of(run, "second #2")
    offset = run.evidence.log[-1].offset + 2
    run.evidence.log.append(replace(event, id="e99", offset=offset))


def a_message_twice_on_a_screen(run: Run) -> None:
    change_shown(run, lambda s: replace(s, messages=[*s.messages, s.messages[-1]]))


def two_frames_swapped(run: Run) -> None:
    one, other = receipts(run, "ann")[1:3]
    run.records[one], run.records[other] = run.records[other], run.records[one]


def two_messages_swapped_on_a_screen(run: Run) -> None:
    change_shown(
        run, lambda s: replace(s, messages=[s.messages[1], s.messages[0], *s.messages[2:]])
    )


def a_text_altered_in_the_log(run: Run) -> None:
    index = run.evidence.log.index(event_of(run, "last #10"))
    run.evidence.log[index] = replace(run.evidence.log[index], d={"text": "altered"})


def a_text_altered_in_a_frame(run: Run) -> None:
    change_frame(run, receipts(run, "ann")[0], d={"text": "altered"})


def a_sender_altered_in_a_frame(run: Run) -> None:
    change_frame(run, receipts(run, "bob")[0], sender="eve")


def a_text_altered_in_a_row(run: Run) -> None:
    change_row(run, "last #10", text="altered")


def a_row_at_another_offset(run: Run) -> None:
    change_row(run, "second #2", offset=77)


def an_edit_missing_in_a_row(run: Run) -> None:
    change_row(run, "first #1", text="first #1", edited=False)


def a_deleted_message_that_has_its_text_in_the_row(run: Run) -> None:
    change_row(run, "unknown outcome", text="unknown outcome #6", deleted=False)


def an_undeletion_missing_in_a_row(run: Run) -> None:
    change_row(run, "second #2", text=None, deleted=True)


def a_pin_by_somebody_else_in_a_row(run: Run) -> None:
    run.evidence.pins[0] = replace(run.evidence.pins[0], by="bob")


def an_undeletion_missing_on_a_screen(run: Run) -> None:
    second = event_of(run, "second #2").id
    change_shown(
        run,
        lambda s: replace(
            s, messages=[(i, None if i == second else t, r) for i, t, r in s.messages]
        ),
    )


def a_pin_missing_on_a_screen(run: Run) -> None:
    change_shown(run, lambda s: replace(s, pins=[]))


def a_text_altered_on_a_screen(run: Run) -> None:
    def alter(shown: Shown) -> Shown:
        (first, _, reactions), *rest = shown.messages
        return replace(shown, messages=[(first, "altered", reactions), *rest])

    change_shown(run, alter)


def a_reaction_missing_on_a_screen(run: Run) -> None:
    def strip(shown: Shown) -> Shown:
        return replace(shown, messages=[(i, text, {}) for i, text, _ in shown.messages])

    change_shown(run, strip)


def a_member_missing_on_a_screen(run: Run) -> None:
    change_shown(run, lambda s: replace(s, members=[*s.members, "mallory"]))


def a_message_counted_twice_in_the_room(run: Run) -> None:
    room = run.evidence.rooms[0]
    run.evidence.rooms[0] = replace(room, messages=room.messages + 1)


def an_ack_that_names_another_place(run: Run) -> None:
    index = next(n for n, r in enumerate(run.records) if isinstance(r, Ok) and r.op == 3)
    record = run.records[index]
    assert isinstance(record, Ok)
    run.records[index] = replace(record, cursor="1:0")


def a_frame_dropped_in_between(run: Run) -> None:
    del run.records[receipts(run, "ann")[2]]


def a_wrong_prev(run: Run) -> None:
    change_frame(run, receipts(run, "ann")[3], prev="1:0")


def a_frame_eleven_seconds_late(run: Run) -> None:
    index = receipts(run, "ann")[-1]
    for n in range(index, len(run.records)):
        record = run.records[n]
        run.records[n] = replace(record, at=record.at + 11_000 * MS)


def a_frame_only_after_the_last_resume(run: Run) -> None:
    settling = next(n for n, r in enumerate(run.records) if isinstance(r, Settling))
    index = receipts(run, "bob")[-1]
    run.records.insert(settling, run.records.pop(index))


def an_offset_row_behind(run: Run) -> None:
    run.evidence.places[0] = replace(run.evidence.places[0], stored=1)


def an_offset_row_ahead(run: Run) -> None:
    run.evidence.places[0] = replace(run.evidence.places[0], stored=10_000)


MUTATIONS: dict[Callable[[Run], None], set[str]] = {
    # A record of the log that is gone had frames, rows and screens, which are then about nothing.
    drop_an_acked_event_from_the_log: {"lost", "phantom", "disagreement"},
    drop_the_row_of_a_message: {"lost"},
    drop_the_row_of_a_member: {"lost"},
    drop_the_row_of_a_reaction: {"lost"},
    drop_the_row_of_a_pin: {"lost"},
    drop_the_row_of_a_room: {"lost"},
    drop_the_last_frame_of_a_subscriber: {"lost"},
    drop_all_frames_after_a_resume: {"lost"},
    drop_a_message_from_a_screen: {"lost"},
    an_unreadable_record_without_a_dead_letter: {"lost"},
    a_record_nobody_sent: {"phantom", "lost", "disagreement"},
    the_effect_of_a_refused_operation: {"phantom", "lost", "disagreement"},
    an_acked_operation_recorded_as_refused: {"phantom"},
    a_frame_of_nothing_in_the_log: {"phantom"},
    a_frame_to_one_who_was_removed: {"phantom"},
    a_message_of_one_who_was_removed: {"lost", "phantom"},
    a_message_of_one_who_never_was_a_member: {"lost", "phantom"},
    a_row_of_nothing_in_the_log: {"phantom"},
    a_member_row_of_one_who_was_removed: {"phantom"},
    a_row_of_a_reaction_that_was_withdrawn: {"phantom"},
    a_row_of_a_pin_that_was_taken_back: {"phantom"},
    a_row_of_a_pin_that_a_deletion_ended: {"phantom"},
    a_message_on_a_screen_that_nobody_sent: {"phantom"},
    a_row_twice: {"duplicate"},
    a_member_row_twice: {"duplicate"},
    a_pin_row_twice: {"duplicate"},
    a_frame_twice: {"duplicate"},
    a_frame_again_after_a_resume: {"duplicate"},
    one_key_with_two_events: {"duplicate", "lost", "disagreement"},
    an_ack_of_another_event_when_said_again: {"duplicate"},
    a_message_twice_on_a_screen: {"duplicate"},
    two_frames_swapped: {"order"},
    two_messages_swapped_on_a_screen: {"order"},
    a_text_altered_in_the_log: {"disagreement"},
    a_text_altered_in_a_frame: {"disagreement"},
    a_sender_altered_in_a_frame: {"disagreement"},
    a_text_altered_in_a_row: {"disagreement"},
    a_row_at_another_offset: {"disagreement"},
    an_edit_missing_in_a_row: {"disagreement"},
    a_deleted_message_that_has_its_text_in_the_row: {"disagreement"},
    an_undeletion_missing_in_a_row: {"disagreement"},
    a_pin_by_somebody_else_in_a_row: {"disagreement"},
    an_undeletion_missing_on_a_screen: {"disagreement"},
    a_pin_missing_on_a_screen: {"disagreement"},
    a_text_altered_on_a_screen: {"disagreement"},
    a_reaction_missing_on_a_screen: {"disagreement"},
    a_member_missing_on_a_screen: {"disagreement"},
    a_message_counted_twice_in_the_room: {"disagreement"},
    an_ack_that_names_another_place: {"disagreement"},
    a_frame_dropped_in_between: {"gap", "lost"},
    a_wrong_prev: {"gap"},
    a_frame_eleven_seconds_late: {"unseen"},
    a_frame_only_after_the_last_resume: {"unseen"},
    an_offset_row_behind: {"offset"},
    an_offset_row_ahead: {"offset"},
}
"""Mutation -> exactly the counters that see it; the one it is about first in its name's sense."""


@pytest.mark.parametrize("mutate", MUTATIONS, ids=lambda m: m.__name__)
def test_each_mutation_is_caught_by_its_counters(mutate):
    run = good_run()
    mutate(run)
    verdict = judge(run)
    caught = {name for name, count in verdict.counters.items() if count}
    assert caught == MUTATIONS[mutate], render(verdict)
    for name in caught:
        witness = verdict.witnesses[name][0]
        assert witness.what
        assert witness.where


def test_every_counter_is_the_aim_of_some_mutation():
    assert set.union(*MUTATIONS.values()) == set(COUNTERS)


def test_a_repeat_in_the_log_is_no_second_effect():
    run = good_run()
    event = event_of(run, "second #2")
    last = [e for e in run.evidence.log if e.room == "r1"][-1].offset
    run.evidence.log.append(replace(event, offset=last + 2))
    run.records.insert(
        next(n for n, r in enumerate(run.records) if isinstance(r, Settling)),
        repeated_frame(run, last + 2, last),
    )
    verdict = judge(run)
    assert verdict.ok, render(verdict)
    assert (verdict.figures.log_repeats, verdict.figures.repeat_frames) == (1, 1)


def repeated_frame(run: Run, offset: int, before: int) -> Received:
    frame = next(f for f in run.got["ann", "r1"] if f.d.get("text") == "second #2")
    return Received(run.now, "c-ann", replace(frame, cursor=f"1:{offset}", prev=f"1:{before}"))


def test_one_who_left_and_came_back_missed_nothing_meanwhile():
    run = good_run()
    del run.records[-6:]
    for rows in (run.evidence.messages, run.evidence.members, run.evidence.rooms):
        rows.clear()
    run.evidence.reactions.clear()
    run.evidence.pins.clear()
    run.evidence.places.clear()
    run.do("bob", "leave", "r1")
    run.listeners["r1"].remove("bob")
    run.do("ann", "send", "r1", text="bob is away")
    run.do("bob", "join", "r1")
    run.do("ann", "send", "r1", text="bob is a member, and does not listen yet")
    run.subscribe("bob", "r1")
    run.do("ann", "send", "r1", text="bob is back")
    rest(run)
    assert judge(run).ok, render(judge(run))
    index = receipts(run, "bob")[-1]
    del run.records[index]
    assert judge(run).counters["lost"] == 1


def test_what_was_before_the_removal_of_one_who_cannot_resume_is_excused():
    run = good_run()
    settling = next(n for n, r in enumerate(run.records) if isinstance(r, Settling))
    run.records.insert(settling, Unfollowed(run.now, "c-eve", "r1", "not_a_member"))
    assert judge(run).ok
    for index in reversed(receipts(run, "eve")[-3:]):
        del run.records[index]
    run.records = [r for r in run.records if not isinstance(r, Shown) or r.client != "c-eve"]
    assert judge(run).ok, render(judge(run))


def test_a_row_says_which_message_it_is_about():
    run = good_run()
    drop_the_row_of_a_message(run)
    shown = render(judge(run))
    assert "acked, and no row" in shown
    assert event_of(run, "second #2").id in shown


def test_rows_of_a_log_that_was_never_written_are_phantoms():
    run = good_run()
    run.evidence.messages.append(
        MessageRow("r9", 5, "e1000", "ann", "from nowhere", None, False, False)
    )
    assert judge(run).counters["phantom"] == 1
