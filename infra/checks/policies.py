"""Policies of Checkov on Terraform and on what Helm makes; each exception has its reason beside it."""

import json
import os
import re
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

from infra.checks import NotChecked, _tools, helm
from infra.checks.terraform import CODE

_NOT_OF_CHARTS = {
    "CKV_K8S_21": "the namespace is where somebody installs the chart (helm --namespace), not in it",
    "CKV_K8S_11": "a limit of processor time makes a process wait in the middle of a turn; requests share it",
    "CKV_K8S_35": "addresses come as variables: the password of Strimzi's user is put into one by Kubernetes",
}
_SKIP = re.compile(r"#checkov:skip=(\w+)(:.*)?$", re.M)


def check(root: Path) -> list[str]:
    """Return the policies that are broken, and exceptions without a reason."""
    return [
        *_unargued(root),
        *broken(root, root / CODE, "terraform"),
        *_of_chart(root),
    ]


def _of_chart(root: Path) -> list[str]:
    values = root / helm.CHART / "ci" / "everything-values.yaml"
    try:
        tool = _tools.helm(root)
    except NotChecked:
        return []  # the check `helm` tells of it
    with tempfile.TemporaryDirectory() as made:
        text = helm.rendered(root, tool, ["-f", str(values)])
        (Path(made) / "roomlog.yaml").write_text(text)
        return broken(root, Path(made), "kubernetes", _NOT_OF_CHARTS)


def broken(root: Path, code: Path, framework: str, but: Collection[str] = ()) -> list[str]:
    """Return what Checkov finds in a directory, seen as code of that kind, but for some policies."""
    checkov = _tools.python(root).with_name("checkov")
    skipped = ["--skip-check", ",".join(but)] if but else []
    options = [*skipped, "-d", ".", "--framework", framework, "-o", "json", "--compact", "--quiet"]
    offline = {"PATH": os.environ["PATH"], "BC_SKIP_MAPPING": "TRUE"}
    done = _tools.tried([str(checkov), *options, "--skip-download"], cwd=code, env=offline)
    try:
        found = json.loads(done.stdout)
    except ValueError:
        return [f"checkov does not answer: {done.stderr[-1000:] or done.stdout[-1000:]}"]
    reports = found if isinstance(found, list) else [found]
    if not any("results" in r and r["summary"]["passed"] for r in reports):
        return [f"checkov found nothing to check in {code}"]
    return [_problem(f) for r in reports for f in r["results"]["failed_checks"]]


def _problem(failed: dict[str, Any]) -> str:
    lines = failed["file_line_range"][0]
    what = f"{failed['check_id']} {failed['check_name']} ({failed['resource']})"
    return f"{failed['file_path']}:{lines}: {what}"


def _unargued(root: Path) -> list[str]:
    return [
        f"{file.relative_to(root)}: {match[1]} is skipped without a reason"
        for file in (root / CODE).rglob("*.tf")
        for match in _SKIP.finditer(file.read_text())
        if len((match[2] or "").strip(": ")) < 15
    ]
