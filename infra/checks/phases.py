"""The phases of Terraform are those that `roomlog plan` counts."""

from pathlib import Path

from infra import phases


def check(root: Path) -> list[str]:
    """Return the variable files that differ from what the plan says now."""
    problems = []
    for name in phases.NAMES:
        file = phases.directory(root) / f"{name}.tfvars"
        if not file.exists() or file.read_text() != phases.variables(name):
            shown = file.relative_to(root)
            problems.append(f"{shown} is not what `roomlog plan` says: python -m infra.phases")
    return problems
