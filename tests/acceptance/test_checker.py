"""The checker on the real stack: eight zeros while nodes die, and a display that offline people resume to."""

import pytest

from roomlog.check import facts, history, verdict
from roomlog.check.history import Connected, Fault, Healed
from roomlog.check.run import Plan, run


@pytest.mark.parametrize("fault", ["kill-ingest", "kill-streams", "kill-projector"])
async def test_eight_zeros_while_a_service_dies(stack, tmp_path, fault):
    path = tmp_path / "history.jsonl"
    plan = Plan(clients=12, rooms=4, messages=800, rate=80, faults=(fault,), every_s=3)
    found = await run(plan, stack, path)
    assert found.ok, verdict.render(found)
    assert found.figures.messages >= 700
    assert found.figures.faults[fault] >= 1
    records = list(history.read(path))
    assert sum(isinstance(r, Fault) for r in records) == sum(isinstance(r, Healed) for r in records)
    assert {r.node for r in records if isinstance(r, Connected)} == {"n1", "n2"}
    assert facts.read(facts.path_beside(path)).log
