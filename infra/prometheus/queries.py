"""Queries of dashboards and alerts: where they are, what they ask for, and which metrics there are."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import yaml
from prometheus_client import REGISTRY

import roomlog.metrics  # noqa: F401  # fills the registry
from infra.prometheus.slo import WINDOWS, recorded

FOREIGN = frozenset({"up", "node_filesystem_avail_bytes", "node_filesystem_size_bytes"}) | {
    "node_disk_written_bytes_total"
}
"""Of Prometheus itself, and of node_exporter."""

_SUFFIXES = {
    "counter": ("_total",),
    "histogram": ("_bucket", "_sum", "_count"),
    "gauge": ("",),
    "info": ("_info",),
}
_TEXT = re.compile(r'"[^"]*"')
_LABELS = re.compile(r"\{[^}]*\}|\[[^\]]*\]|\b(?:by|without|on|ignoring)\s*\([^)]*\)")
_NAME = re.compile(r"\b[a-zA-Z_:][a-zA-Z0-9_:]*\b(?!\s*\()")
_WORDS = frozenset({"and", "or", "unless", "bool"})
_BOUND = re.compile(r"\s(?:>|<|==|>=|<=)\s[0-9.]+$")


class Rule(NamedTuple):
    """An alert or a recording rule of a file."""

    file: Path
    name: str
    expr: str
    is_alert: bool
    runbook: str


def rules(folder: Path) -> Iterator[Rule]:
    """Give the rules of the files that `prometheus.yaml` of this folder names."""
    named = yaml.safe_load((folder / "prometheus.yaml").read_text())["rule_files"]
    for file in (folder / name for name in named):
        for group in yaml.safe_load(file.read_text())["groups"]:
            for rule in group["rules"]:
                name = rule.get("alert") or rule["record"]
                runbook = rule.get("annotations", {}).get("runbook_url", "")
                yield Rule(file, name, rule["expr"], "alert" in rule, runbook)


def operands(expr: str) -> list[str]:
    """Return what an alert compares, without the bounds: each of them has data while all is well."""
    parts = re.split(r"\n(?:and|unless)\n", expr.strip())
    return [_BOUND.sub("", " ".join(part.split())) for part in parts]


def panel_queries(folder: Path) -> Iterator[tuple[str, str]]:
    """Give `(dashboard/panel, query)` for every query of the dashboards in a folder."""
    for file in sorted(folder.glob("*.json")):
        for panel in json.loads(file.read_text())["panels"]:
            for target in panel.get("targets") or ():
                yield f"{file.stem}/{panel['title']}", target["expr"]


def names(query: str) -> set[str]:
    """Return the metrics that a query asks for by name."""
    plain = _LABELS.sub("", _TEXT.sub('""', query.replace("$__rate_interval", "1m")))
    return set(_NAME.findall(plain)) - _WORDS


def known() -> set[str]:
    """Return the names of every series that is exported or recorded."""
    own = {
        family.name + suffix
        for family in REGISTRY.collect()
        for suffix in _SUFFIXES.get(family.type, ("",))
    }
    return own | FOREIGN | {recorded(window) for window in WINDOWS}
