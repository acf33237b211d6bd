"""Services with one deliberate mistake each, under the checker: it sees every one of them.

Takes minutes, so it is part of `make faults` and not of `make test`.
"""

import os
from pathlib import Path

import pytest

from roomlog.check import verdict
from roomlog.check.run import Plan, run
from roomlog.stack import Stack
from roomlog.stack.spec import kind_of

MUTANTS = Path(__file__).parent / "mutants"
PLAN = Plan(clients=12, rooms=4, messages=600, rate=100, patience_s=3)

SEEN_BY = {
    "members_removed_still_listen": ("ingest", "phantom"),
    "deliveries_dropped": ("ingest", "lost"),
    "deliveries_swapped": ("ingest", "order"),
    "deliveries_twice": ("ingest", "duplicate"),
    "texts_altered": ("ingest", "disagreement"),
    "prev_forgotten": ("ingest", "gap"),
    "resume_skips_one": ("ingest", "gap"),
    "acked_before_stored": ("ingest", "lost"),
    "offsets_before_rows": ("projector", "lost"),
    "offsets_forgotten": ("projector", "offset"),
}
"""Mutant -> the kind of service that has it, and a counter that must see it."""

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
        "PYTHONPATH": str(MUTANTS),
        "ROOMLOG_TEST_MUTANT": str(named),
        "ROOMLOG_RATE_LIMITS": "off",
    }
    with Stack(data=str(directory / "stack"), nodes=2, web=False, env=env) as stack:
        yield stack, named


def restart(stack: Stack, kind: str) -> None:
    for service in [s.name for s in stack.running().services if kind_of(s.name) == kind]:
        stack.restart_service(service)


async def test_the_services_as_they_are_have_eight_zeros(breakable, tmp_path):
    stack, _ = breakable
    found = await run(PLAN, stack, tmp_path / "history.jsonl")
    assert found.ok, verdict.render(found)


@pytest.mark.parametrize("mutant", SEEN_BY)
async def test_the_checker_sees_the_mutant(breakable, tmp_path, mutant):
    stack, named = breakable
    kind, counter = SEEN_BY[mutant]
    named.write_text(mutant)
    restart(stack, kind)
    try:
        found = await run(PLAN, stack, tmp_path / "history.jsonl")
    finally:
        named.write_text("")
        restart(stack, kind)
    assert found.counters[counter], verdict.render(found)
