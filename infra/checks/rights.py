"""infra/access.yaml is about services and topics that exist, and its groups are those that the code joins."""

import re
from pathlib import Path

import yaml

from roomlog import topics
from roomlog.stack.spec import SERVICES

FILE = Path("infra/access.yaml")
_GROUP = re.compile(r'^\w*GROUP = "([\w-]+)"', re.M)
_PEOPLE = "operator"
_WITHOUT_KAFKA = {"notifier"}


def check(root: Path) -> list[str]:
    """Return rights that are nobody's or of nothing, services without any, and groups that nobody may join."""
    services = yaml.safe_load((root / FILE).read_text())["services"]
    known = {t.name for t in topics.load(root / "infra" / "topics.yaml")}
    expected = {*SERVICES, _PEOPLE} - _WITHOUT_KAFKA
    problems = [f"{FILE}: {name} is no service" for name in services.keys() - expected]
    problems += [f"{FILE}: {name} has no rights" for name in expected - services.keys()]
    for name, may in services.items():
        for topic in {*may["produce"], *may["consume"]} - known:
            problems.append(f"{FILE}: {name}: {topic} is no topic of infra/topics.yaml")
    allowed = {may["group"] for may in services.values() if "group" in may}
    joined = {
        group
        for place in ("ingest", "streams", "projector", "api", "roomlog")
        for file in (root / place).rglob("*.py")
        for group in _GROUP.findall(file.read_text())
    }
    problems += [f"{FILE}: nobody may join the group {group}" for group in joined - allowed]
    problems += [f"{FILE}: no service joins the group {group}" for group in allowed - joined]
    return sorted(problems)
