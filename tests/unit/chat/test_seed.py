from datetime import UTC, datetime

import msgspec

from roomlog.bridge.survey import survey_files
from roomlog.seed.command import HISTORY, shifted


def test_the_shipped_history_is_good():
    found = survey_files([HISTORY], lambda _n: None)
    assert found.bad == 0
    assert found.actions > 100
    assert len(found.starts) == 3


def test_the_history_ends_shortly_before_now():
    lines = [msgspec.json.decode(line) for line in HISTORY.read_bytes().splitlines()]
    now = datetime(2027, 5, 5, 12, tzinfo=UTC)
    moved = [msgspec.json.decode(line) for line in shifted(lines, now)]
    times = [datetime.fromisoformat(line["at"]) for line in moved]
    assert max(times) == datetime(2027, 5, 5, 11, 55, tzinfo=UTC)
    assert [line["text"] for line in moved] == [line["text"] for line in lines]
