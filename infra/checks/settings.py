"""What services are told in production is what they read: every ROOMLOG_ name is a setting.

Read from the Terraform code and the Helm chart as text, so that a name in a comment counts as well.
"""

import difflib
import re
from pathlib import Path

from roomlog.settings import Settings, variable

_NAME = re.compile(r"\bROOMLOG_[A-Z][A-Z0-9_]*[A-Z0-9]\b")
_PLACES = ("infra/terraform", "infra/helm")
_SUFFIXES = {".tf", ".hcl", ".tfvars", ".yaml", ".yml", ".tpl", ".json"}


def check(root: Path) -> list[str]:
    """Return names that no setting has."""
    known = {variable(name) for name in Settings.model_fields}
    problems = []
    for file in sorted(f for p in _PLACES for f in (root / p).rglob("*")):
        if file.suffix not in _SUFFIXES or ".terraform" in file.parts:
            continue
        for name in sorted(set(_NAME.findall(file.read_text())) - known):
            likely = difflib.get_close_matches(name, known, n=1)
            advice = f"; did you mean {likely[0]}?" if likely else ""
            problems.append(f"{file.relative_to(root)}: {name} is no setting{advice}")
    return problems
