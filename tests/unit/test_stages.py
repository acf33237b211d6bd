"""Data flows one way; the stages meet in topics, tables and `roomlog/`, never in each other's code."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
STAGES = {"ingest", "streams", "projector", "api", "analytics"}
SHARED = {"roomlog", "schemas"}


def imported_packages(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


@pytest.mark.parametrize("stage", sorted(STAGES))
def test_a_stage_imports_no_other_stage(stage):
    for path in (ROOT / stage).rglob("*.py"):
        assert not imported_packages(path) & (STAGES - {stage}), path.relative_to(ROOT)


@pytest.mark.parametrize("package", sorted(SHARED))
def test_what_is_shared_imports_no_stage(package):
    for path in (ROOT / package).rglob("*.py"):
        assert not imported_packages(path) & STAGES, path.relative_to(ROOT)


def test_schemas_know_nothing_of_services():
    for path in (ROOT / "schemas").rglob("*.py"):
        assert "aiokafka" not in imported_packages(path), path.relative_to(ROOT)
