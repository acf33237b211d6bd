"""The checker on the real stack: eight zeros over ten thousand messages, while one service after another dies."""

from rich.console import Console

from roomlog.check import facts, history, rounds, verdict
from roomlog.check.history import Connected, Fault, Healed
from roomlog.check.run import Plan, run

FAULTS = (
    "kill-ingest",
    "kill-streams",
    "add-streams",
    "kill-projector",
    "rebuild",
    "kill-valkey",
    "restart-postgres",
    "poison",
)
SEED = 27
"""With it the faults of `DONE` come first; how many more there is time for depends on the machine."""
DONE = {"kill-ingest", "kill-streams", "kill-projector", "rebuild"}


async def test_eight_zeros_over_ten_thousand_messages(stack, tmp_path, capsys):
    path = tmp_path / "history.jsonl"
    plan = Plan(
        clients=24,
        rooms=8,
        messages=10_300,
        rate=250,
        faults=FAULTS,
        every_s=5,
        seed=SEED,
        reads=10,
    )
    found = await run(plan, stack, path)
    with capsys.disabled():
        console = Console(width=180)
        console.print("\n", rounds.table({"several": found}), rounds.meanwhile({"several": found}))
    assert found.ok, verdict.render(found)
    assert found.figures.reads > 100
    # On a machine with much else to do a read may be told to wait; `make proofs` wants none.
    assert found.figures.reads_failed == found.figures.reads_refused, verdict.render(found)
    assert found.figures.messages >= 10_000
    assert found.figures.faults.keys() >= DONE
    records = list(history.read(path))
    assert sum(isinstance(r, Fault) for r in records) == sum(isinstance(r, Healed) for r in records)
    assert {"n1", "n2"} <= {r.node for r in records if isinstance(r, Connected)}
    assert facts.read(facts.path_beside(path)).log
