"""docs/checker.md lists every counter, fault and mutation that the code has, and no others."""

from pathlib import Path

import pytest

from roomlog.check.faults import FAULTS
from roomlog.check.verdict import COUNTERS, PROMPT
from tests.acceptance.test_checker_mutants import SEEN_BY
from tests.unit.check.test_check_mutations import MUTATIONS

DOCS = Path(__file__).parents[3] / "docs" / "checker.md"


def table(*rows):
    """Return a table in Markdown, its heading first."""
    heading, *others = rows
    lines = [heading, ["---"] * len(heading), *others]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def words(name):
    return name.replace("_", " ")


def counters():
    return table(("counter", "counts"), *((f"`{n}`", told) for n, told in COUNTERS.items()))


def faults():
    return table(
        ("fault", "what is done", "to", "for", "latest delivery"),
        *(
            (
                f"`{name}`",
                words(fault.act),
                fault.target or "all of ours, one by one",
                f"{fault.seconds:g} s" if fault.seconds else "",
                "below 1 s" if name in PROMPT else "shown",
            )
            for name, fault in FAULTS.items()
        ),
    )


def histories():
    return table(
        ("what is wrong in the history or the evidence", "seen by"),
        *(
            (words(mutate.__name__), ", ".join(c for c in COUNTERS if c in seen))
            for mutate, seen in MUTATIONS.items()
        ),
    )


def services():
    return table(
        ("mutant", "in", "while", "seen by"),
        *(
            (f"`{name}`", ", ".join(seen.kinds), ", ".join(seen.faults), seen.counter)
            for name, seen in SEEN_BY.items()
        ),
    )


@pytest.mark.parametrize(
    "wanted", [counters, faults, histories, services], ids=lambda f: f.__name__
)
def test_the_document_has_the_table_that_the_code_has(wanted):
    assert wanted() in DOCS.read_text(), f"write this into {DOCS.name}:\n\n{wanted()}"
