"""The schema files: the current ones, and every version ever released."""

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SUBJECTS = {
    "chat.events-value": "chat_event",
    "chat.signals-value": "chat_signal",
    "chat.reads-value": "read_event",
    "user.events-value": "user_event",
}
"""Registry subject -> name of the schema file."""

Schema = dict[str, Any]


def current(subject: str) -> Schema:
    """Return the schema that writers of this subject use now."""
    return _load(HERE / f"{SUBJECTS[subject]}.avsc")


def released(subject: str) -> list[Schema]:
    """Return every version ever released, oldest first; the last one equals `current`."""
    return [_load(p) for p in sorted((HERE / "history" / SUBJECTS[subject]).glob("*.avsc"))]


def _load(path: Path) -> Schema:
    schema: Schema = json.loads(path.read_text())
    return schema
