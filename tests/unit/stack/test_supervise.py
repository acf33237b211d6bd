"""Children: restarted when they die, given up when they cannot start, gone when their supervisor is."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from roomlog.stack import child
from roomlog.stack.errors import StackError
from roomlog.stack.supervise import (
    FAILED_AFTER,
    LONGEST_DELAY_S,
    Managed,
    restart_delay,
    state_after,
)


def test_delays_double_up_to_a_limit():
    assert [restart_delay(n) for n in (1, 2, 3)] == [0.25, 0.5, 1.0]
    assert restart_delay(50) == LONGEST_DELAY_S


def test_too_many_ends_in_a_row_count_as_failed():
    assert state_after(1) == "restarting"
    assert state_after(FAILED_AFTER) == "failed"


async def _always():
    return None


def _managed(tmp_path, argv, on_change=lambda: None, is_server=True):
    (tmp_path / "logs").mkdir(exist_ok=True)
    command = child.Command(argv=argv, env=dict(os.environ), log=tmp_path / "logs" / "x.log")
    return Managed("x", command, _always, 1, is_server, on_change)


async def test_a_killed_service_is_restarted_and_counted(tmp_path):
    changed = asyncio.Event()
    managed = _managed(tmp_path, ["sleep", "60"], changed.set)
    await managed.start()
    first = managed.status()
    os.kill(first.pid, signal.SIGKILL)
    while managed.status().restarts == 0 or managed.status().state != "ready":
        changed.clear()
        async with asyncio.timeout(10):
            await changed.wait()
    assert managed.status().pid not in (0, first.pid)
    await managed.stop()
    assert managed.status().state == "stopped"
    assert managed.status().pid == 0


async def _never():
    await asyncio.Event().wait()


async def test_a_server_that_ends_at_once_is_given_up_with_its_log(tmp_path):
    managed = _managed(tmp_path, ["sh", "-c", "echo the disk is on fire; exit 3"])
    managed._probe = _never
    with pytest.raises(StackError, match="the disk is on fire") as caught:
        await managed.start()
    assert "--reset" in str(caught.value)


async def test_a_program_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(StackError, match="Cannot start x"):
        await _managed(tmp_path, ["/no/such/program"]).start()


_PARENT = """
import asyncio, os, sys
from pathlib import Path
from roomlog.stack import child
async def main():
    command = child.Command(argv=["sleep", "60"], env=dict(os.environ), log=Path(sys.argv[1]))
    process = await child.start(command)
    print(process.pid, flush=True)
    await process.wait()
asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's part of it is Linux only")
def test_children_die_with_a_killed_supervisor(tmp_path):
    argv = [sys.executable, "-c", _PARENT, str(tmp_path / "log")]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as parent:
        pid = int(parent.stdout.readline())
        orphan = psutil.Process(pid)
        parent.kill()
    gone, alive = psutil.wait_procs([orphan], timeout=5)
    assert not alive
    assert gone


def test_who_can_be_reached(tmp_path):
    closed = tmp_path / "closed"
    (closed / "inner").mkdir(parents=True)
    closed.chmod(0o700)
    assert child._all_reachable([closed / "inner"], os.geteuid()) or os.geteuid() == 0
    assert not child._all_reachable([Path(closed / "inner" / "x")], 12345)
