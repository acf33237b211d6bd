"""Prometheus: rules that are right, each tried on recorded series and with a page to turn to."""

import re
import shutil
import subprocess
from pathlib import Path

from infra.checks import NotChecked
from infra.prometheus import reference, slo
from infra.prometheus.queries import known, names, rules


def check(root: Path) -> list[str]:
    """Return what is wrong with `infra/prometheus`, and with the pages that its alerts lead to."""
    folder = root / "infra" / "prometheus"
    problems = _made(folder) + _pages(root, folder) + _tests(folder) + _metrics(folder)
    promtool = shutil.which("promtool")
    if promtool is None and not problems:
        raise NotChecked("there is no promtool (Debian: apt install prometheus)")
    return problems if promtool is None else problems + _promtool(promtool, root, folder)


def _made(folder: Path) -> list[str]:
    made = {"infra/prometheus/slo.yaml": slo.text()}
    document = (folder.parents[1] / "docs" / "observability.md").read_text()
    made["docs/observability.md"] = reference.text(document)
    return [
        f"{name} is not what its source makes; run python -m infra.prometheus"
        for name, text in made.items()
        if (folder.parents[1] / name).read_text() != text
    ]


def _pages(root: Path, folder: Path) -> list[str]:
    problems = []
    for rule in (rule for rule in rules(folder) if rule.is_alert):
        page = root / rule.runbook
        if not rule.runbook or not page.is_file():
            problems.append(
                f"{rule.file.name}: {rule.name} has no page; write {rule.runbook or 'one'}"
            )
        elif not re.search(rf"^#.*`{rule.name}`", page.read_text(), re.MULTILINE):
            problems.append(f"{rule.runbook} has no heading with `{rule.name}`")
    return problems


def _tests(folder: Path) -> list[str]:
    tested = "".join(file.read_text() for file in sorted((folder / "tests").glob("*.yaml")))
    untested = [
        r.name for r in rules(folder) if r.is_alert and f'alertname="{r.name}"' not in tested
    ]
    return [f"infra/prometheus/tests: no test has {name} firing" for name in untested]


def _metrics(folder: Path) -> list[str]:
    there = known()
    return [
        f"{rule.file.name}: {rule.name} asks for {name}, which nobody exports"
        for rule in rules(folder)
        for name in sorted(names(rule.expr) - there)
    ]


def _promtool(promtool: str, root: Path, folder: Path) -> list[str]:
    files = [str(rule_file) for rule_file in sorted({rule.file for rule in rules(folder)})]
    tests = [str(file) for file in sorted((folder / "tests").glob("*.yaml"))]
    commands = (
        ["check", "config", "--syntax-only", str(folder / "prometheus.yaml")],
        ["check", "rules", *files],
        ["test", "rules", *tests],
    )
    problems = []
    for command in commands:
        done = subprocess.run([promtool, *command], cwd=root, capture_output=True, text=True)
        if done.returncode:
            told = " ".join((done.stdout + done.stderr).split())
            problems.append(f"promtool {' '.join(command[:2])}: {told[-600:]}")
    return problems
