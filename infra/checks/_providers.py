"""Providers for Terraform that have only a schema (`_stub.py`), and the settings that make Terraform use them."""

import json
import re
import stat
from hashlib import sha256
from pathlib import Path
from typing import Any

from infra.checks import _aws, _tools

_USED = re.compile(r'^(resource|data) "(aws_\w+)"', re.M)
_SCHEMAS = Path(__file__).parent / "schemas"
_RATE = {"limit": "number", "aggregate_key_type": "string", "evaluation_window_sec": "number"}
"""What the wheel leaves open because it contains itself, a web ACL's statement: of all kinds the one that is used."""
_SOURCES = {"aws": "hashicorp/aws", "kafka": "Mongey/kafka", "random": "hashicorp/random"}


def environment(root: Path, sources: Path) -> dict[str, str]:
    """Return the variables with which Terraform takes the stubs for the code in `sources`; raises UnknownType."""
    used: dict[str, set[str]] = {"resource": set(), "data": set()}
    for file in sources.rglob("*.tf"):
        for kind, name in _USED.findall(file.read_text()):
            used[kind].add(name)
    schemas = {p.stem: json.loads(p.read_text()) for p in _SCHEMAS.glob("*.json")}
    schemas["aws"] = _aws_schema(root, used)
    return _installed(root, schemas)


def _aws_schema(root: Path, used: dict[str, set[str]]) -> Any:
    """Return the schemas of what is used, kept until something else is used."""
    wheel = _tools.aws_wheel(root)
    code = Path(_aws.__file__).read_bytes()
    key = sha256(
        repr((wheel.name, sorted(used["resource"]), sorted(used["data"]), code, _RATE)).encode()
    )
    kept = _tools.cache(root) / "schemas" / f"aws-{key.hexdigest()[:16]}.json"
    if not kept.exists():
        found = _aws.schema(wheel, used["resource"], used["data"])
        if "aws_wafv2_web_acl" in found["resource"]:
            _complete_web_acl(found["resource"]["aws_wafv2_web_acl"])
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(json.dumps(found))
    return json.loads(kept.read_text())


def _complete_web_acl(schema: Any) -> None:
    rule = schema["block"]["block_types"]["rule"]["block"]
    del rule["attributes"]["statement"]
    attributes = {n: {"type": t, "optional": True} for n, t in _RATE.items()}
    statement = {"rate_based_statement": _single({"attributes": attributes, "block_types": {}})}
    rule["block_types"]["statement"] = _single({"attributes": {}, "block_types": statement})


def _single(block: Any) -> dict[str, Any]:
    return {"nesting_mode": "list", "max_items": 1, "block": block}


def _installed(root: Path, schemas: dict[str, Any]) -> dict[str, str]:
    python, stub = _tools.python(root), Path(__file__).with_name("_stub.py")
    contents = {name: json.dumps(schema) for name, schema in schemas.items()}
    key = sha256(json.dumps(contents, sort_keys=True).encode()).hexdigest()[:16]
    here = _tools.cache(root) / "providers" / key
    here.mkdir(parents=True, exist_ok=True)
    for name, text in contents.items():
        (here / f"{name}.json").write_text(text)
        program = here / f"terraform-provider-{name}"
        program.write_text(f'#!/bin/sh\nexec "{python}" "{stub}" "{here}/{name}.json"\n')
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    overrides = "".join(f'    "{source}" = "{here}"\n' for source in _SOURCES.values())
    settings = here / "terraform.rc"
    settings.write_text(
        f"disable_checkpoint = true\nprovider_installation {{\n  dev_overrides {{\n{overrides}  }}\n"
        "  direct {}\n}\n"
    )
    return {"TF_CLI_CONFIG_FILE": str(settings), "TF_IN_AUTOMATION": "1"}
