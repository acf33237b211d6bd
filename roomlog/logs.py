"""How services log: one line each, as text or as JSON, with the event that a line is about."""

import json
import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from roomlog.settings import Settings

FIELDS = ("event_id", "room_id", "topic", "partition", "offset", "span", "milliseconds")
"""What `extra` of a line may tell of the event that it is about."""

_QUIET = MappingProxyType(
    {"aiokafka": logging.WARNING, "httpx": logging.WARNING, "opentelemetry": logging.ERROR}
)


def set_up(
    settings: Settings, service: str, quiet: Mapping[str, int] = MappingProxyType({})
) -> None:
    """Log to stderr as the settings say; `quiet` are loggers with the least level that they write."""
    handler = logging.StreamHandler(sys.stderr)
    is_json = settings.log_format == "json"
    handler.setFormatter(JsonLines(service, settings.node) if is_json else TextLines())
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler])
    for name, level in {**_QUIET, **quiet}.items():
        logging.getLogger(name).setLevel(max(level, logging.root.level))


def about(record: logging.LogRecord) -> dict[str, Any]:
    """Return what a line tells of its event, by the names of FIELDS."""
    found = record.__dict__
    return {name: found[name] for name in FIELDS if found.get(name) is not None}


class TextLines(logging.Formatter):
    """Lines for people; what they tell of an event stands at their end."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # logging's name
        """Return a line without its traceback."""
        told = "".join(f" {name}={value}" for name, value in about(record).items())
        return super().formatMessage(record) + (f" [{told[1:]}]" if told else "")


class JsonLines(logging.Formatter):
    """Lines for programs: one JSON object each, whatever the message holds."""

    def __init__(self, service: str, node: str) -> None:
        super().__init__()
        self._of_all = {"service": service, "node": node}

    def format(self, record: logging.LogRecord) -> str:
        """Return a line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            **self._of_all,
            "logger": record.name,
            "message": record.getMessage(),
            **about(record),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)
