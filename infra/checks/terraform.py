"""Terraform: formatted, valid against the providers' schemas, and its own tests with mocked providers.

Nothing is planned or applied in a cloud. A provider's schema knows names and types of arguments, not what a value may
be.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from infra.checks import _aws, _environment, _providers, _tools
from roomlog.stack.spec import SERVICES

CODE = Path("infra/terraform")
_VARIABLES = ("environments/prod.tfvars", "phases/10k.tfvars")


def check(root: Path) -> list[str]:
    """Return what is wrong with the Terraform code; raises NotChecked where there is no Terraform."""
    code = root / CODE
    try:
        env = environment(root, code)
    except _aws.UnknownType as error:
        return [f"{CODE}: {error}"]
    return unformatted(code, env) + (invalid(code, env) or failed_tests(code, env))


def environment(root: Path, code: Path) -> dict[str, str]:
    """Return the variables for Terraform in a directory; raises UnknownType for a resource that there is not."""
    data = {"TF_DATA_DIR": str(_tools.cache(root) / "terraform")}
    return _providers.environment(root, code) | data


def unformatted(code: Path, env: dict[str, str]) -> list[str]:
    """Return the files that `terraform fmt` would change."""
    terraform = _tools.terraform()
    found = _tools.tried([terraform, "fmt", "-check", "-recursive", str(code)], env=env).stdout
    names = sorted(Path(line).name for line in found.splitlines())
    return [f"{CODE}: {n} is not formatted: terraform fmt -recursive {CODE}" for n in names]


def invalid(code: Path, env: dict[str, str]) -> list[str]:
    """Return arguments, references and types that do not fit the providers' schemas."""
    terraform = _tools.terraform()
    fetched = _tools.tried(
        [terraform, "get", "-no-color", "-test-directory=tests"], cwd=code, env=env
    )
    if fetched.returncode:
        return [f"{CODE}: {fetched.stderr.strip()}"]
    answer = _tools.tried([terraform, "validate", "-json", "-no-color"], cwd=code, env=env).stdout
    return [_problem(d) for d in json.loads(answer)["diagnostics"] if d["severity"] == "error"]


def _problem(diagnostic: dict[str, object]) -> str:
    where = diagnostic.get("range")
    place = f"{where['filename']}:{where['start']['line']}" if isinstance(where, dict) else "?"
    return f"{CODE}/{place}: {diagnostic['summary']} {diagnostic['detail']}"


def failed_tests(code: Path, env: dict[str, str]) -> list[str]:
    """Return assertions of the code's own tests that do not hold, and what services would refuse to be told."""
    terraform = _tools.terraform()
    files = [f"-var-file={name}" for name in _VARIABLES]
    done = _tools.tried([terraform, "test", "-json", "-verbose", *files], cwd=code, env=env)
    told = [json.loads(line) for line in done.stdout.splitlines()]
    found = list(_refused(told))
    found += [
        f"{t.get('@testfile', 'tests')}, {t.get('@testrun', '')}: {_problem(t['diagnostic'])}"
        for t in told
        if t["type"] == "diagnostic" and t["diagnostic"]["severity"] == "error"
    ]
    if done.returncode and not found:
        return [f"{CODE}/tests: {done.stdout}{done.stderr}"]
    return found


def _refused(told: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield what services would refuse of the environment that the plan of production has for them."""
    plans = [
        t["test_plan"] for t in told if t["type"] == "test_plan" and t["@testrun"] == "production"
    ]
    for plan in plans:
        services = plan["output_changes"]["environment"]["after"]
        yield from (f"{CODE}: {name} is not run" for name in SERVICES if name not in services)
        for name, environment in services.items():
            for why in _environment.refused(environment):
                yield f"{CODE}, {name}: {why}"
