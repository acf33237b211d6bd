import os
import subprocess
import sys
import time

import psutil
import pytest

from roomlog.workers import each, worth
from tests.cli import ROOT


def square(part, on_progress):
    on_progress(part // 2)
    on_progress(part)
    return part * part, os.getpid()


def fail(part, on_progress):
    raise ValueError(f"part {part}")


@pytest.mark.parametrize("workers", [1, 2])
def test_every_part_is_done_once_and_progress_adds_up(workers):
    told = []
    found = list(each(square, [5, 4, 3], told.append, workers))
    assert sorted(result for result, _ in found) == [9, 16, 25]
    assert told == sorted(told)
    assert told[-1] == 12
    assert (os.getpid() in {pid for _, pid in found}) == (workers == 1)


@pytest.mark.parametrize("workers", [1, 2])
def test_what_a_part_raises_is_raised(workers):
    with pytest.raises(ValueError, match="part"):
        list(each(fail, [1, 2, 3], lambda _: None, workers))


def test_so_many_processes_as_there_is_work_and_cores_for():
    assert worth(0) == 1
    assert worth(10**12) == os.cpu_count()


SLEEPERS = """
import time
from roomlog.workers import each
def sleep(part, on_progress): time.sleep(600)
if __name__ == "__main__": list(each(sleep, [1, 2], lambda _: None, 2))
"""


def test_none_outlives_the_one_that_asked(tmp_path):
    script = tmp_path / "sleepers.py"
    script.write_text(SLEEPERS)
    process = subprocess.Popen(
        [sys.executable, script], env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    parent = psutil.Process(process.pid)
    deadline = time.monotonic() + 30
    while len(children := parent.children()) < 3:  # two of them, and multiprocessing's own
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive
