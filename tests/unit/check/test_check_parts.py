"""The parts of the checker: records in files, the fold of a screen, membership by position, delays."""

import asyncio
from functools import partial
from types import SimpleNamespace

import pytest

from roomlog.check import analysis, facts, faults, history, screen, workload
from roomlog.check.facts import LogEvent
from roomlog.check.history import (
    BadHistory,
    CaughtUp,
    Connected,
    Disconnected,
    Fail,
    Fault,
    Frame,
    Healed,
    Info,
    Invoke,
    Paused,
    Received,
    Subscribed,
    Unfollowed,
    Writer,
)
from roomlog.check.logs import by_room
from roomlog.check.person import Seat
from roomlog.check.repertoire import HABITS, OPERATIONS
from roomlog.check.timing import Timing, service_of
from roomlog.check.verdict import COUNTERS, Verdict, as_json, render
from roomlog.errors import ErrorCode, Refused
from roomlog.stack import Spec
from tests.unit.check.check_synthetic import MS, good_run

SECOND = 1_000 * MS


def event(offset: int, kind: str, d: dict[str, object], event_id: str = "", sender: str = "ann"):
    return LogEvent(0, offset, "r", kind, event_id or f"e{offset}", sender, "", f"k{offset}", d)


BEGIN = event(0, "RoomCreated", {"members": [{"user_id": "ann", "role": "owner"}]})


# Files.


def test_a_history_and_its_evidence_survive_their_files(tmp_path):
    run, path = good_run(), tmp_path / "history.jsonl"
    history.write(path, run.records)
    facts.write(facts.path_beside(path), run.evidence)
    assert list(history.read(path)) == run.records
    assert facts.read(facts.path_beside(path)) == run.evidence


def test_a_frame_is_recorded_as_it_came(tmp_path):
    path = tmp_path / "history.jsonl"
    writer = Writer(path)
    line = (
        b'{"op":"event","room":"r","cursor":"1:7","prev":"1:3","type":"MessagePosted","id":"e",'
        b'"sender":"u","ts":"t","key":"k","d":{"text":"caf\\u00e9"}}'
    )
    writer.received(5, "c1", line)
    writer.close()
    frame = Frame("r", "1:7", "1:3", "MessagePosted", "e", "u", "t", "k", {"text": "café"})
    assert list(history.read(path)) == [Received(5, "c1", frame)]


def test_a_last_line_that_was_cut_off_is_left_out(tmp_path):
    path = tmp_path / "history.jsonl"
    history.write(path, [Healed(1), Healed(2)])
    path.write_bytes(path.read_bytes()[:-4])
    assert list(history.read(path)) == [Healed(1)]


def test_a_damaged_line_is_named(tmp_path):
    path = tmp_path / "history.jsonl"
    path.write_bytes(b'{"t":"healed","at":1}\n{"t":"boo"}\n')
    with pytest.raises(BadHistory, match="line 2"):
        list(history.read(path))


# The screen.


def test_a_screen_shows_edits_deletions_and_reactions():
    shown = screen.fold(
        [
            event(1, "MessagePosted", {"text": "one"}),
            event(2, "MessagePosted", {"text": "two", "reply_to": "e1"}),
            event(3, "MessageEdited", {"event": "e1", "text": "one!"}),
            event(4, "ReactionAdded", {"event": "e2", "emoji": "+1"}, sender="bob"),
            event(5, "ReactionAdded", {"event": "e2", "emoji": "+1"}),
            event(6, "ReactionRemoved", {"event": "e2", "emoji": "+1"}),
            event(7, "MessageDeleted", {"event": "e1"}),
            event(8, "MessageEdited", {"event": "e1", "text": "from the grave"}),
        ]
    )
    one, two = shown.messages.values()
    assert (one.text, one.edited, one.deleted) == (None, True, True)
    assert (two.text, two.reply_to, two.reactions) == ("two", "e1", {"+1": ["bob"]})


def test_the_second_time_an_event_changes_nothing():
    joined = event(1, "MemberJoined", {"user": "bob"})
    left = event(2, "MemberLeft", {"user": "bob"})
    post = event(3, "MessagePosted", {"text": "one"})
    shown = screen.fold([joined, left, post, joined, post])
    assert shown.members == {}
    assert len(shown.messages) == 1


def test_what_a_screen_does_not_have_cannot_change():
    shown = screen.fold(
        [
            event(1, "MessageEdited", {"event": "e0", "text": "x"}),
            event(2, "ReactionAdded", {"event": "e0", "emoji": "+1"}),
            event(3, "ReactionRemoved", {"event": "e0", "emoji": "+1"}),
            event(4, "MessageDeleted", {"event": "e0"}),
            event(5, "MemberRoleChanged", {"user": "eve", "role": "owner"}),
        ]
    )
    assert (shown.messages, shown.members) == ({}, {})


def test_members_rename_and_roles_are_shown():
    shown = screen.fold(
        [
            event(
                1, "RoomCreated", {"name": "r", "members": [{"user_id": "ann", "role": "owner"}]}
            ),
            event(2, "MemberInvited", {"user": "bob"}),
            event(3, "MemberRoleChanged", {"user": "bob", "role": "moderator"}),
            event(4, "RoomRenamed", {"name": "s"}),
        ]
    )
    assert shown.members == {"ann": "owner", "bob": "moderator"}
    assert shown.name == "s"


# The log.


def test_membership_is_judged_by_position():
    log = by_room(
        [
            event(
                10, "RoomCreated", {"name": "r", "members": [{"user_id": "ann", "role": "owner"}]}
            ),
            event(12, "MemberJoined", {"user": "bob"}),
            event(14, "MessagePosted", {"text": "a"}),
            event(16, "MemberRemoved", {"user": "bob"}),
            event(18, "MessagePosted", {"text": "b"}),
            event(20, "MemberInvited", {"user": "bob"}),
            event(22, "MessagePosted", {"text": "c"}),
        ]
    )["r"]
    assert log.must_see("bob", -1) == [14, 22]
    assert log.must_see("bob", 14) == [22]
    assert log.must_see("ann", 12, 18) == [14, 16, 18]
    assert log.must_see("eve", -1) == []
    assert [o for o in log.offsets if log.may_see("bob", o)] == [12, 14, 16, 20, 22]
    assert (log.removal_after("bob", 12), log.removal_after("bob", 16)) == (16, None)
    assert [log.previous[o] for o in (10, 12, 22)] == [-1, 10, 20]
    assert [log.seen_before("bob", o) for o in (12, 14, 20, 22)] == [-1, 12, 16, 20]
    assert log.seen_before("ann", 20) == 18


def test_the_first_of_several_records_of_an_event_counts():
    log = by_room(
        [
            BEGIN,
            event(1, "MessagePosted", {"text": "a"}),
            event(2, "MessagePosted", {"text": "b"}),
            event(3, "MessagePosted", {"text": "a"}, event_id="e1"),
            event(4, "MessagePosted", {"text": "c"}),
        ]
    )["r"]
    assert log.offsets == [0, 1, 2, 4]
    assert log.repeats == {3: 1}
    assert log.previous[4] == 2


def test_what_one_sent_who_was_no_member_any_more_does_not_count():
    log = by_room(
        [
            BEGIN,
            event(1, "MemberJoined", {"user": "bob"}, sender="bob"),
            event(2, "MemberRemoved", {"user": "bob"}),
            event(3, "MessagePosted", {"text": "a"}, sender="bob"),
            event(4, "MessagePosted", {"text": "b"}),
        ]
    )["r"]
    assert log.offsets == [0, 1, 2, 4]
    assert log.previous[4] == 2


def test_where_an_event_stands_first_decides_whether_it_counts():
    log = by_room(
        [
            BEGIN,
            event(1, "MemberJoined", {"user": "bob"}, sender="bob"),
            event(2, "MessagePosted", {"text": "a"}, "in", sender="bob"),
            event(3, "MemberRemoved", {"user": "bob"}),
            event(4, "MessagePosted", {"text": "a"}, "in", sender="bob"),
            event(5, "MessagePosted", {"text": "b"}, "out", sender="bob"),
            event(6, "MemberInvited", {"user": "bob"}),
            event(7, "MessagePosted", {"text": "b"}, "out", sender="bob"),
        ]
    )["r"]
    assert (log.offsets, log.repeats) == ([0, 1, 2, 3, 6], {4: 2})


# Delays.


def received(at: int, client: str = "c-bob") -> Received:
    frame = Frame("r", "1:1", "1:0", "MessagePosted", "e1", "ann", "", "k", {"text": "a"})
    return Received(at, client, frame)


def timing() -> tuple[Timing, Verdict]:
    verdict = Verdict()
    found = Timing(verdict)
    found.take(Connected(0, "c-bob", "bob", "n2"))
    return found, verdict


def test_a_delivery_on_a_living_node_is_timed_from_the_ack():
    found, verdict = timing()
    found.take(Fault(SECOND, "kill-streams", ["streams-1"]))
    found.received(received(3 * SECOND), 2 * SECOND - 500 * MS)
    found.judge()
    assert verdict.figures.late_s == {"overall": 1.5, "kill-streams": 1.5}
    assert verdict.figures.over_1s == 1


@pytest.mark.parametrize(
    "hindrance",
    [
        [Connected(9 * SECOND, "c-bob", "bob", "n1")],
        [Paused(1 * SECOND, "c-bob")],
        [Fault(1 * SECOND, "freeze-ingest", ["ingest-2"])],
        [Fault(1 * SECOND, "freeze-ingest", ["ingest-2"]), Healed(9 * SECOND)],
    ],
    ids=["reconnected since", "does not read", "its node is frozen", "its node was frozen"],
)
def test_one_who_could_not_get_it_is_not_timed(hindrance):
    found, verdict = timing()
    for record in hindrance:
        found.take(record)
    found.received(received(10 * SECOND), 2 * SECOND)
    found.judge()
    assert verdict.figures.late_s == {}
    assert verdict.ok


def test_unseen_counts_from_the_healing():
    found, verdict = timing()
    found.take(Fault(SECOND, "kill-kafka", ["kafka"]))
    found.take(Healed(30 * SECOND))
    found.received(received(39 * SECOND), 2 * SECOND)
    assert verdict.ok
    found.received(received(41 * SECOND), 2 * SECOND)
    assert verdict.counters["unseen"] == 1


def test_a_resume_is_timed_from_the_death_of_the_node():
    found, verdict = timing()
    for room in "rstu":
        found.take(Subscribed(5 * SECOND, "c-bob", room, None, "1:0"))
    found.take(Fault(10 * SECOND, "kill-ingest", ["ingest-2"]))
    found.take(Disconnected(10 * SECOND, "c-bob", "1006"))
    found.take(Connected(12 * SECOND, "c-bob", "bob", "n1"))
    found.take(CaughtUp(13 * SECOND, "c-bob", "r", "1:1"))
    found.take(CaughtUp(14 * SECOND, "c-bob", "s", "1:1"))
    found.take(Unfollowed(15 * SECOND, "c-bob", "t", "left"))
    for room in ("t", "u", "another"):  # what it joins later was not cut off
        found.take(Subscribed(16 * SECOND, "c-bob", room, None, "1:0"))
        found.take(CaughtUp(17 * SECOND, "c-bob", room, "1:1"))
    found.take(CaughtUp(18 * SECOND, "c-bob", "s", "1:1"))
    found.take(Disconnected(20 * SECOND, "c-bob", "moved"))
    found.take(Connected(21 * SECOND, "c-bob", "bob", "n2"))
    found.take(CaughtUp(22 * SECOND, "c-bob", "r", "1:1"))
    assert verdict.figures.resume_s == {"kill-ingest": 4.0}


def test_a_resume_from_a_node_that_drains_is_timed_from_its_goodbye():
    found, verdict = timing()
    found.take(Subscribed(5 * SECOND, "c-bob", "r", None, "1:0"))
    found.take(Fault(10 * SECOND, "deploy", ["ingest-1", "ingest-2"]))
    found.take(Disconnected(30 * SECOND, "c-bob", "4001"))
    found.take(Connected(31 * SECOND, "c-bob", "bob", "n1"))
    found.take(CaughtUp(32 * SECOND, "c-bob", "r", "1:1"))
    assert verdict.figures.resume_s == {"deploy": 2.0}


def test_who_leaves_a_draining_node_for_another_was_connected_until_then():
    found, verdict = timing()
    found.take(Subscribed(5 * SECOND, "c-bob", "r", None, "1:0"))
    found.take(Fault(10 * SECOND, "deploy", ["ingest-1", "ingest-2"]))
    found.take(Connected(30 * SECOND, "c-bob", "bob", "n1"))
    found.take(CaughtUp(31 * SECOND, "c-bob", "r", "1:1"))
    assert verdict.figures.resume_s == {"deploy": 1.0}


def test_nodes_are_matched_with_services():
    assert [service_of(n) for n in ("n1", "n12", "edge-3", "")] == [
        "ingest-1",
        "ingest-12",
        "edge-3",
        "",
    ]


# What is said and what is done.


def test_a_verdict_is_told_with_its_witnesses():
    verdict = Verdict()
    for number in range(100):
        verdict.add("lost", f"event {number}", "room r", "the frame")
    text = render(verdict)
    assert "100" in text
    assert "event 7, room r" in text
    assert "event 8" not in text
    assert not as_json(verdict)["ok"]
    assert set(as_json(verdict)["counters"]) == set(COUNTERS)


def test_faults_are_chosen_by_name():
    two = Spec(nodes=2, streams=2, projectors=2).names()
    three = Spec(nodes=2, streams=2, projectors=2, brokers=3).names()
    assert faults.chosen(["all"], three) == list(faults.FAULTS)
    assert set(faults.FAULTS) - set(faults.chosen(["all"], two)) == {
        *("kill-broker", "freeze-broker", "add-broker"),
    }
    assert faults.chosen(["kill-ingest"], two) == ["kill-ingest"]
    with pytest.raises(ValueError, match="no fault x; there are: all, kill-ingest"):
        faults.chosen(["x"], two)
    with pytest.raises(ValueError, match="kill-broker needs a stack with 3 of kafka"):
        faults.chosen(["kill-broker"], two)


def test_what_people_do_has_weights():
    assert all(operation.weight > 0 for operation in OPERATIONS.values())
    assert not OPERATIONS.keys() & HABITS.keys()


def test_of_an_operation_the_first_outcome_counts():
    run = good_run()
    invoke = next(r for r in run.records if isinstance(r, Invoke) and r.kind == "send")
    run.records.append(history.Fail(run.now, invoke.op, "forbidden"))
    assert analysis.judge(run.records, run.evidence).counters["phantom"] == 0


@pytest.mark.parametrize(
    ("code", "membership"), [(ErrorCode.UNAVAILABLE, "in"), (ErrorCode.FORBIDDEN, "out")]
)
async def test_a_join_that_may_have_taken_effect_takes_nobody_out(monkeypatch, code, membership):
    monkeypatch.setattr(workload, "GIVE_UP_S", 0.0)
    refused = asyncio.get_running_loop().create_future()
    refused.set_exception(Refused(code, "no"))
    person = SimpleNamespace(connects=1, submit=lambda command: refused)
    closed = []
    driver = SimpleNamespace(
        close=lambda number, outcome: closed.append(outcome),
        on_refused=partial(workload.Workload.on_refused, SimpleNamespace(_loop=refused.get_loop())),
    )
    seat = Seat("r", membership="in")  # as the frames of the first try told
    done = asyncio.Event()
    attempt = workload._Attempt(driver, person, {"op": "join"}, 7, seat, lambda _ok: done.set())
    attempt.send()
    await done.wait()
    assert seat.membership == membership
    assert [type(outcome) for outcome in closed] == [Info if membership == "in" else Fail]
