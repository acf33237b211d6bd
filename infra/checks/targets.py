"""What Prometheus reads is in the compose file, under that name and port."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from infra.checks._compose import FILE, BadCompose, project

CONFIGURATION = Path("infra") / "prometheus" / "prometheus.yaml"
_PORT_VARIABLES = ("ROOMLOG_METRICS_PORT", "ROOMLOG_PORT")


def check(root: Path) -> list[str]:
    """Return which targets are nowhere, and which services nobody reads; raises NotChecked without Go."""
    try:
        services = project(root / FILE)["services"]
    except BadCompose:
        return []  # the check `compose` says so
    found = problems(yaml.safe_load((root / CONFIGURATION).read_text()), services)
    return [f"{CONFIGURATION}: {problem}" for problem in found]


def problems(configuration: dict[str, Any], services: dict[str, Any]) -> list[str]:
    """Return what is wrong with the targets of a configuration."""
    ports = _ports_by_name(services)
    targets = dict(_targets(configuration))
    found = [f"nobody is called {name}" for name in targets if name not in ports]
    found += [
        f"{name} answers on port {wanted}, not on {port}"
        for name, port in targets.items()
        for wanted in ports.get(name, ())
        if wanted and wanted != port
    ]
    ours = {n for n, wanted in ports.items() if any(wanted) and "-" not in n}
    return found + [f"nobody reads the metrics of {name}" for name in sorted(ours - {*targets})]


def _targets(configuration: dict[str, Any]) -> Iterator[tuple[str, int]]:
    managers = configuration.get("alerting", {}).get("alertmanagers", [])
    for job in [*configuration["scrape_configs"], *managers]:
        for names in job.get("dns_sd_configs", []):
            yield from ((name, names["port"]) for name in names["names"])


def _ports_by_name(services: dict[str, Any]) -> dict[str, set[int]]:
    """Return each name that a container answers to, with the ports that are known of it (0: none is)."""
    found: dict[str, set[int]] = {}
    for name, service in services.items():
        environment = service.get("environment") or {}
        port = next((int(environment[v]) for v in _PORT_VARIABLES if v in environment), 0)
        networks = [n for n in (service.get("networks") or {}).values() if n]
        for known in {name, *(alias for n in networks for alias in n.get("aliases", []))}:
            found.setdefault(known, set()).add(port)
    return found
