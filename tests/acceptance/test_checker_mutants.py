"""Services with one deliberate mistake each, under the checker: it sees every one of them.

Takes minutes, so it is part of `make faults` and not of `make test`.
"""

import os
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from roomlog.check import verdict
from roomlog.check.run import Plan, run
from roomlog.stack import Stack
from roomlog.stack.spec import kind_of

MUTANTS = Path(__file__).parent / "mutants"
PLAN = Plan(clients=12, rooms=4, messages=600, rate=100, every_s=2, patience_s=3)
STREAMS_FAULTS = (
    "kill-streams",
    "freeze-streams",
    "add-streams",
    "remove-streams",
    "restart-streams",
)
WITHOUT_A_WORD = ("kill-streams", "freeze-streams")
"""Only after the session's timeout do the other workers take over; who leaves says so."""


class Seen(NamedTuple):
    """A counter that must see a mutant, the kinds of service that have it, what else is broken meanwhile.

    `messages` is how many it takes until the mistake is sure to matter.
    """

    counter: str
    kinds: tuple[str, ...]
    faults: tuple[str, ...] = ()
    messages: int = 600


INGEST, PROJECTOR = ("ingest",), ("projector",)
SEEN_BY = {
    "members_removed_still_listen": Seen("phantom", INGEST),
    "removed_members_post": Seen("phantom", INGEST),
    "deliveries_dropped": Seen("lost", INGEST),
    "deliveries_swapped": Seen("order", INGEST),
    "deliveries_twice": Seen("duplicate", INGEST),
    "texts_altered": Seen("disagreement", INGEST),
    "prev_forgotten": Seen("gap", INGEST),
    "resume_skips_one": Seen("gap", INGEST, ("kill-ingest",)),
    "live_before_caught_up": Seen("order", INGEST, ("kill-ingest",)),
    "acked_before_stored": Seen("lost", INGEST),
    "keys_mean_nothing": Seen("duplicate", INGEST),
    "offsets_before_rows": Seen("lost", PROJECTOR),
    "offsets_forgotten": Seen("offset", PROJECTOR),
    "repeats_applied": Seen("disagreement", INGEST + PROJECTOR, messages=12_000),
    "counted_twice": Seen("disagreement", PROJECTOR),
    "edits_lost": Seen("disagreement", PROJECTOR),
    "reactions_not_withdrawn": Seen("phantom", PROJECTOR),
    "letters_forgotten": Seen("lost", PROJECTOR, ("poison",)),
}

pytestmark = pytest.mark.skipif(
    "ROOMLOG_TEST_MUTANTS" not in os.environ, reason="runs in `make faults`"
)


@pytest.fixture(scope="module")
def breakable(tmp_path_factory):
    """A stack whose services are broken by the mutant that a file names; and that file."""
    directory = tmp_path_factory.mktemp("mutants")
    named = directory / "mutant"
    named.write_text("")
    env = {
        "PYTHONPATH": os.pathsep.join(filter(None, [str(MUTANTS), os.environ.get("PYTHONPATH")])),
        "ROOMLOG_TEST_MUTANT": str(named),
        "ROOMLOG_RATE_LIMITS": "off",
    }
    with Stack(data=str(directory / "stack"), nodes=2, streams=2, web=False, env=env) as stack:
        yield stack, named


def restart(stack: Stack, kinds: tuple[str, ...]) -> None:
    for service in [s.name for s in stack.running().services if kind_of(s.name) in kinds]:
        stack.restart_service(service)


async def run_with(breakable, tmp_path, mutant: str, kinds: tuple[str, ...], plan: Plan):
    """Return the verdict on a run of services that have the mutant; afterwards they are whole again."""
    stack, named = breakable
    named.write_text(mutant)
    restart(stack, kinds)
    try:
        return await run(plan, stack, tmp_path / f"{mutant}.jsonl")
    finally:
        named.write_text("")
        restart(stack, kinds)


async def test_the_services_as_they_are_have_eight_zeros(breakable, tmp_path):
    stack, _ = breakable
    found = await run(PLAN, stack, tmp_path / "history.jsonl")
    assert found.ok, verdict.render(found)


@pytest.mark.parametrize("mutant", SEEN_BY)
async def test_the_checker_sees_the_mutant(breakable, tmp_path, mutant):
    counter, kinds, faults, messages = SEEN_BY[mutant]
    plan = msgspec.structs.replace(
        PLAN, faults=faults, messages=messages, rate=min(messages / 6, 500)
    )
    found = await run_with(breakable, tmp_path, mutant, kinds, plan)
    assert found.counters[counter], verdict.render(found)


async def test_what_the_log_has_twice_counts_once(breakable, tmp_path):
    found = await run_with(breakable, tmp_path, "keys_unasked", INGEST, PLAN)
    assert found.ok, verdict.render(found)
    assert found.figures.log_repeats


@pytest.mark.parametrize("fault", STREAMS_FAULTS)
async def test_without_the_nodes_own_tail_deliveries_wait_for_the_streams(
    breakable, tmp_path, capsys, fault
):
    plan = msgspec.structs.replace(PLAN, messages=1_200, faults=(fault,), every_s=4)
    without = await run_with(breakable, tmp_path, "tail_off", INGEST, plan)
    stack, _ = breakable
    with_it = await run(plan, stack, tmp_path / "history.jsonl")
    latest = [found.figures.late_s[fault] for found in (without, with_it)]
    with capsys.disabled():
        print(
            f"\n{fault}: latest delivery {latest[0]:.2f} s without the tail, {latest[1]:.2f} s with it"
        )
    assert with_it.ok, verdict.render(with_it)
    assert latest[1] < verdict.LATE_S
    if fault in WITHOUT_A_WORD:
        assert latest[0] > 2 * verdict.LATE_S
