import io

import pytest

from roomlog.progress import BadSpeed, Progress, describe, duration, parse_speed


def test_progress_tells_rate_and_time_left():
    assert describe(1_200, 5_000, "actions", 3) == "1,200 of 5,000 actions (24%), 400/s, 10 s left"
    assert describe(0, 5_000, "actions", 0) == "0 of 5,000 actions (0%), 0/s"
    assert describe(5_000, 5_000, "actions", 2) == "5,000 of 5,000 actions (100%), 2,500/s"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59, "59 s"), (61, "1 min 1 s"), (7_500, "2 h 5 min")]
)
def test_durations(seconds, text):
    assert duration(seconds) == text


def test_without_a_terminal_there_is_a_line_now_and_then():
    now, out = 0.0, io.StringIO()
    with Progress("Importing", 10, "actions", out, lambda: now) as progress:
        for done in range(11):
            now = float(done)
            progress.update(done)
    assert out.getvalue().splitlines() == [
        "Importing: 5 of 10 actions (50%), 1/s, 5 s left",
        "Importing: 10 of 10 actions (100%), 1/s",
    ]


@pytest.mark.parametrize(("text", "speed"), [("max", 0), ("1x", 1), ("60X", 60), ("1.5", 1.5)])
def test_speeds(text, speed):
    assert parse_speed(text) == speed


@pytest.mark.parametrize("text", ["", "fast", "0x", "-1x", "nan", "inf"])
def test_no_speeds(text):
    with pytest.raises(BadSpeed, match="60x"):
        parse_speed(text)
