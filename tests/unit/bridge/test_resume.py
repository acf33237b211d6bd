"""What is sent again after an earlier run, whatever that run had brought in."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roomlog.bridge import resume
from roomlog.bridge.actions import Placed
from roomlog.bridge.resume import Part, Resume
from roomlog.bridge.script import Step

WINDOW = 4


def part(number, op="send"):
    steps = [Step({"op": op}, f"e{number}")] if op else []
    return Part(Placed(Path("f"), number, None), steps)


async def run(parts, there):
    asked = []

    class Known:
        async def find(self, event):
            asked.append(event)
            return event if event in there else None

        async def before(self, cursor, limit):
            asked.append(cursor)
            messages = [p.message for p in parts if p.message in there]
            at = messages.index(cursor)
            return set(messages[max(0, at - limit) : at])

    sorting, skipped, played = Resume(Known(), WINDOW), [], []
    for each in parts:
        found = await sorting.take(each)
        skipped += found.there
        played += found.missing
    found = await sorting.finish()
    return skipped + found.there, played + found.missing, asked


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(resume, "BLOCK", 10)


async def test_the_first_run_asks_once_and_holds_nothing_back():
    parts = [part(n) for n in range(100)]
    skipped, played, asked = await run(parts, set())
    assert (skipped, played, asked) == ([], parts, ["e0"])


async def test_a_run_after_a_whole_one_sends_nothing():
    parts = [part(n, "join" if n % 7 == 3 else "send") for n in range(96)]
    skipped, played, asked = await run(parts, {f"e{n}" for n in range(96)})
    assert (skipped, played) == (parts, [])
    assert len(asked) < 25


async def test_a_run_after_one_that_was_killed_goes_on_where_that_was():
    parts = [part(n) for n in range(95)]
    skipped, played, _ = await run(parts, {f"e{n}" for n in range(57)})
    assert (skipped, played) == (parts[:57], parts[57:])


async def test_gaps_that_a_kill_left_are_filled():
    parts = [part(n) for n in range(95)]
    skipped, played, _ = await run(parts, {f"e{n}" for n in range(57)} - {"e54"})
    assert (skipped, played) == (parts[:53], parts[53:])


@given(
    st.lists(st.sampled_from(["send", "send", "send", "join", "leave", ""]), max_size=60),
    st.integers(0, 60),
    st.sets(st.integers(1, WINDOW)),
)
@settings(deadline=None)
async def test_every_part_comes_out_once_in_order_and_nothing_missing_is_skipped(
    ops, reached, gaps
):
    parts = [part(n, op) for n, op in enumerate(ops)]
    there = {f"e{n}" for n in range(reached)} - {f"e{reached - g}" for g in gaps if g != 1}
    skipped, played, _ = await run(parts, there)
    assert skipped + played == parts
    assert all(p.message is None or p.message in there for p in skipped)
