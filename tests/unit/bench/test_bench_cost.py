"""What servers cost is counted although their processes come and go."""

import subprocess
import sys

import psutil
import pytest

from bench import cost
from bench.whole import Watch


def ended() -> psutil.Process:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    process = psutil.Process(child.pid)
    child.communicate()
    return process


def test_a_session_that_ends_meanwhile_is_passed_over(monkeypatch):
    here = psutil.Process()
    monkeypatch.setattr(cost, "processes", lambda _: {"postgres": [ended(), here]})
    assert cost.resident_bytes([])["postgres"] > 1_000_000
    assert cost.cpu_seconds([])["postgres"] > 0


def test_what_a_child_took_is_not_lost_when_it_ends(monkeypatch):
    monkeypatch.setattr(cost, "processes", lambda _: {"postgres": [psutil.Process()]})
    before = cost.cpu_seconds([])
    burn = "import time\nwhile time.process_time() < 0.5: pass"
    subprocess.run([sys.executable, "-c", burn], check=True)
    assert cost.used(before, cost.cpu_seconds([]))["postgres"] >= 0.4


def test_a_watch_that_could_not_look_says_so():
    watch = Watch(None, [])  # no stack: the first look fails
    watch.start()
    with pytest.raises(AttributeError):
        watch.end()
