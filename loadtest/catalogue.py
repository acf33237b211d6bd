"""Which scenarios there are."""

import ast
from pathlib import Path

SCENARIOS = Path(__file__).parent / "scenarios"
ALL = "all"


class Unknown(ValueError):
    """No such scenario; the message names those that there are."""


def descriptions() -> dict[str, str]:
    """Return what each scenario is about, by its name: the first line of its file."""
    found = {}
    for file in sorted(SCENARIOS.glob("*.py")):
        if file.stem != "__init__":
            found[file.stem] = (ast.get_docstring(ast.parse(file.read_text())) or "").split("\n")[0]
    return found


def scenario_file(name: str) -> Path:
    """Return the Locust file of a scenario, by its name or its own path; raises Unknown."""
    if name in descriptions():
        return SCENARIOS / f"{name}.py"
    if name.endswith(".py") and Path(name).is_file():
        return Path(name).absolute()
    there = ", ".join([*descriptions(), ALL])
    raise Unknown(f"no scenario {name}; there are: {there}, or a Locust file of your own (*.py)")
