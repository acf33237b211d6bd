"""The list of all metrics for docs/observability.md, made from `roomlog/metrics.py`."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from roomlog import metrics

FILE = Path(__file__).parents[2] / "docs" / "observability.md"
BEGIN, END = "<!-- metrics: python -m infra.prometheus -->", "<!-- end of metrics -->"
_TYPES = {
    "Counter": "counter",
    "Tally": "counter",
    "Gauge": "gauge",
    "Histogram": "histogram",
    "Spread": "histogram",
}


class Entry(NamedTuple):
    """One metric; `group` is the comment that it stands below."""

    group: str
    name: str
    type: str
    labels: list[str]
    help: str


def entries() -> Iterator[Entry]:
    """Give the metrics in their order."""
    source = inspect.getsource(metrics)
    lines = source.splitlines()
    for node in ast.parse(source).body:
        if not isinstance(node, ast.Assign) or not isinstance(call := node.value, ast.Call):
            continue
        if isinstance(call.func, ast.Name) and (kind := _TYPES.get(call.func.id)):
            name, told, *more = (_literal(argument) for argument in call.args)
            labels = more[0] if more and isinstance(more[0], list) else []
            above = (line for line in reversed(lines[: node.lineno]) if line.startswith("# "))
            yield Entry(next(above)[2:].rstrip("."), name, kind, labels, told)


def _literal(node: ast.expr) -> Any:
    return None if isinstance(node, ast.Name | ast.Tuple) else ast.literal_eval(node)


def table() -> str:
    """Return the list as Markdown."""
    lines: list[str] = []
    group = ""
    for entry in entries():
        if entry.group != group:
            group = entry.group
            head = ["| metric | type | labels | what it is |", "|---|---|---|---|"]
            lines += ["", f"**{group}**", "", *head]
        labels = ", ".join(f"`{label}`" for label in entry.labels)
        lines.append(f"| `{entry.name}` | {entry.type} | {labels} | {entry.help} |")
    return "\n".join(lines) + "\n\n"


def text(document: str) -> str:
    """Return the document with the list between its marks as it is now; raises ValueError without marks."""
    before, mark, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not mark or not end:
        raise ValueError(f"{FILE.name} needs the lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{table()}{END}{after}"
