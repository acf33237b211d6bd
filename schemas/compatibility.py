"""May a schema change? Checked with the `avro` library, the reference, not with the codec's own.

BACKWARD_TRANSITIVE: the newest reader must read what every released writer ever wrote, because a replay
reads the oldest event with the newest reader.
"""

import json

import avro.schema
from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType

from schemas import files


def incompatibilities(subject: str, reader: files.Schema | None = None) -> list[str]:
    """Return, for each released version that the reader (default: the current schema) cannot read, why."""
    newest = avro.schema.parse(json.dumps(reader or files.current(subject)))
    found = []
    for number, released in enumerate(files.released(subject), start=1):
        writer = avro.schema.parse(json.dumps(released))
        checker = ReaderWriterCompatibilityChecker()  # type: ignore[no-untyped-call]
        result = checker.get_compatibility(newest, writer)
        if result.compatibility is not SchemaCompatibilityType.compatible:
            found.append(f"{subject} cannot read version {number}: {sorted(result.messages)}")
    return found
