"""Helm: the chart is linted and rendered, and what it makes is valid, complete and fits together.

There is no cluster: that schedulers, operators and policies do with it what is meant was not tried.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml

from infra.checks import _environment, _tools
from roomlog.stack.spec import SERVICES

CHART = Path("infra/helm/roomlog")
KUBERNETES = ("1.30", "1.34")
"""The oldest version that the chart is for, and the newest that was looked at."""
_DRAINED_S = 10
"""A node that gets SIGTERM ends within this time: docs/operating.md."""
_CRDS = Path(__file__).parent / "crds"
_KUBERNETES_GROUPS = ("", "apps", "autoscaling", "batch", "networking.k8s.io", "policy")

Resource = dict[str, Any]


def check(root: Path) -> list[str]:
    """Return what is wrong with the chart; raises NotChecked where Helm cannot be had."""
    helm = _tools.helm(root)
    problems = []
    for values in sorted((root / CHART / "ci").glob("*-values.yaml")):
        problems += [
            f"{CHART}, {values.name}: {p}" for p in checked(root, helm, ["-f", str(values)])
        ]
    return problems


def checked(root: Path, helm: Path, options: list[str]) -> list[str]:
    """Return what is wrong with the chart when it is rendered with these options."""
    chart, version = str(root / CHART), ["--kube-version", f"{KUBERNETES[0]}.0"]
    linted = _tools.tried([str(helm), "lint", "--strict", chart, *version, *options])
    if linted.returncode:
        return [line for line in linted.stdout.splitlines() if "[ERROR]" in line] or [linted.stderr]
    resources = [r for r in yaml.safe_load_all(rendered(root, helm, options)) if r]
    return [
        *_invalid(root, resources),
        *_of_operators(resources),
        *_repeated(resources),
        *_missing(resources),
        *_selected(resources),
        *_told(resources),
        *_killed(resources),
    ]


def rendered(root: Path, helm: Path, options: list[str]) -> str:
    """Return what the chart makes; raises RuntimeError where it does not."""
    version = ["--kube-version", f"{KUBERNETES[0]}.0", "--namespace", "roomlog"]
    return _tools.run([str(helm), "template", "roomlog", str(root / CHART), *version, *options])


def _invalid(root: Path, resources: list[Resource]) -> Iterator[str]:
    """Yield what Kubernetes would refuse."""
    own = [r for r in resources if _group(r) in _KUBERNETES_GROUPS]
    script = str(Path(__file__).with_name("_kubernetes.py"))
    for version in KUBERNETES:
        answer = subprocess.run(
            [str(_tools.python(root)), script, version],
            input=json.dumps(own),
            capture_output=True,
            text=True,
            check=True,
        )
        yield from (f"{problem} (Kubernetes {version})" for problem in json.loads(answer.stdout))


def _of_operators(resources: list[Resource]) -> Iterator[str]:
    """Yield what the schemas of custom resources refuse."""
    for resource in resources:
        if _group(resource) in _KUBERNETES_GROUPS:
            continue
        schema = _CRDS / f"{resource['apiVersion'].replace('/', '_')}_{resource['kind']}.json"
        if not schema.exists():
            yield f"{_name(resource)}: there is no schema {schema.name} to check it with"
            continue
        validator = jsonschema_rs.validator_for(json.loads(schema.read_text()))
        for error in validator.iter_errors(resource):
            yield f"{_name(resource)}: {'.'.join(map(str, error.instance_path))}: {error.message}"


def _repeated(resources: list[Resource]) -> Iterator[str]:
    names = [_name(r) for r in resources]
    yield from (f"{n} is made twice" for n in sorted({n for n in names if names.count(n) > 1}))
    for workload in _workloads(resources):
        told = [e["name"] for e in _container(workload)["env"]]
        for name in sorted({n for n in told if told.count(n) > 1}):
            yield f"{_name(workload)}: {name} is given twice"


def _missing(resources: list[Resource]) -> Iterator[str]:
    """Yield services of Roomlog for which something is not made that every service has."""
    for service in SERVICES:
        of_it = [r for r in resources if _labels(r).get("app.kubernetes.io/component") == service]
        kinds = {r["kind"] for r in of_it}
        wanted = {"Service", "PodDisruptionBudget", "NetworkPolicy", "ServiceAccount"}
        yield from (f"{service} has no {kind}" for kind in sorted(wanted - kinds))
        if not kinds & {"StatefulSet", "Deployment"}:
            yield f"{service} is not run"
        if not kinds & {"HorizontalPodAutoscaler", "ScaledObject"}:
            yield f"{service} is not scaled"


def _selected(resources: list[Resource]) -> Iterator[str]:
    """Yield selectors that choose no pods, or those of several services."""
    runs = ("StatefulSet", "Deployment", "Job")
    pods = [r["spec"]["template"]["metadata"]["labels"] for r in resources if r["kind"] in runs]
    for resource in resources:
        spec = resource.get("spec", {})
        if resource["kind"] == "Service":
            selector = spec["selector"]
        elif resource["kind"] in ("PodDisruptionBudget", "StatefulSet", "Deployment"):
            selector = spec["selector"]["matchLabels"]
        elif resource["kind"] == "NetworkPolicy":
            selector = spec["podSelector"]["matchLabels"]
        else:
            continue
        chosen = sum(selector.items() <= labels.items() for labels in pods)
        if chosen != 1:
            yield f"{_name(resource)} is about the pods of {chosen} services"


def _told(resources: list[Resource]) -> Iterator[str]:
    """Yield variables that no setting has, and values that a service would refuse at its start."""
    for workload in _workloads(resources):
        told = {e["name"]: e.get("value") for e in _container(workload)["env"]}
        yield from (f"{_name(workload)}: {why}" for why in _environment.refused(told))


def _killed(resources: list[Resource]) -> Iterator[str]:
    """Yield nodes that would be killed before they have sent their clients elsewhere and stored what these had sent."""
    for workload in _workloads(resources):
        if _labels(workload)["app.kubernetes.io/component"] != "ingest":
            continue
        waits = _container(workload)["lifecycle"]["preStop"]["sleep"]["seconds"]
        has = workload["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
        if has < (needs := waits + _DRAINED_S):
            yield f"{_name(workload)}: terminationGracePeriodSeconds is {has}, a node needs {needs}"


def _workloads(resources: list[Resource]) -> list[Resource]:
    return [r for r in resources if r["kind"] in ("StatefulSet", "Deployment")]


def _container(workload: Resource) -> Resource:
    containers: list[Resource] = workload["spec"]["template"]["spec"]["containers"]
    return containers[0]


def _group(resource: Resource) -> str:
    group, slash, _ = str(resource["apiVersion"]).partition("/")
    return group if slash else ""


def _labels(resource: Resource) -> dict[str, str]:
    return dict(resource["metadata"].get("labels", {}))


def _name(resource: Resource) -> str:
    return f"{resource['kind']} {resource['metadata']['name']}"
