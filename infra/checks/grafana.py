"""Grafana: dashboards that are what their source makes, and ask only for what is exported."""

from pathlib import Path

from infra.grafana.files import texts
from infra.prometheus.queries import known, names, panel_queries


def check(root: Path) -> list[str]:
    """Return what is wrong with `infra/grafana`."""
    folder = root / "infra" / "grafana" / "dashboards"
    made, there = texts(), {file.name: file.read_text() for file in folder.glob("*.json")}
    again = "run python -m infra.grafana"
    problems = [
        f"infra/grafana/dashboards/{name} is not what infra/grafana/pages makes; {again}"
        for name in sorted(made.keys() | there.keys())
        if made.get(name) != there.get(name)
    ]
    exported = known()
    return problems + [
        f"infra/grafana: {panel} asks for {name}, which nobody exports"
        for panel, query in panel_queries(folder)
        for name in sorted(names(query) - exported)
    ]
