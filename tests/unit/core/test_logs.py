"""What a line of the log looks like, as text and as JSON."""

import json
import logging
import sys

from roomlog.logs import JsonLines, TextLines


def record(message, *args, error=None, **extra):
    info = None
    if error is not None:
        try:
            raise error
        except type(error):
            info = sys.exc_info()
    made = logging.LogRecord("x.y", logging.WARNING, "x.py", 1, message, args, info)
    made.__dict__.update(extra)
    return made


def test_json_has_the_event_and_who_wrote_the_line():
    line = JsonLines("ingest", "n1").format(
        record("skipped: %s", "no\nAvro", room_id="r", offset=0, event_id=None, secret="s")
    )
    assert "\n" not in line
    found = json.loads(line)
    assert found.pop("time").endswith("+00:00")
    assert found == {
        "level": "warning",
        "service": "ingest",
        "node": "n1",
        "logger": "x.y",
        "message": "skipped: no\nAvro",
        "room_id": "r",
        "offset": 0,
    }


def test_json_takes_whatever_it_is_given_and_keeps_a_traceback_in_its_line():
    line = JsonLines("api", "").format(
        record("\ud800 %r", b"\xff", error=ValueError("x"), room_id=object(), offset=1)
    )
    found = json.loads(line)
    assert "ValueError: x" in found["traceback"]
    assert found["room_id"].startswith("<object")


def test_text_ends_with_the_event_before_the_traceback():
    first, *rest = (
        TextLines().format(record("skipped", error=ValueError("x"), offset=7)).splitlines()
    )
    assert first.endswith("WARNING x.y: skipped [offset=7]")
    assert rest[-1] == "ValueError: x"
    assert TextLines().format(record("plain")).endswith("x.y: plain")
