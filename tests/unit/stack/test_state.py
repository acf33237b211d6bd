"""The lock of a data directory, its state file, and whom a later start may stop."""

import stat
import subprocess

import msgspec
import pytest

from roomlog.stack import state
from roomlog.stack.layout import Layout
from roomlog.stack.state import Control, ServiceStatus, Status


@pytest.fixture
def layout(tmp_path):
    layout = Layout(tmp_path / "data")
    layout.make()
    return layout


def _status(*services):
    return Status(
        web="http://127.0.0.1:8080",
        api="http://127.0.0.1:8080/api/v1",
        ingest=[],
        kafka="",
        postgres="postgresql://roomlog:secret@127.0.0.1/roomlog",
        valkey="",
        registry="",
        data="",
        pid=1,
        ephemeral=False,
        jwt_private_key="",
        jwks="",
        services=list(services),
        control=Control(1, "the word"),
    )


def test_one_supervisor_a_directory(layout):
    assert not state.is_locked(layout)
    handle = state.lock(layout)
    assert handle is not None
    assert state.lock(layout) is None
    assert state.is_locked(layout)


def test_a_state_without_its_supervisor_is_no_running_stack(layout):
    state.write(layout, _status())
    assert state.read_running(layout) is None


def test_the_state_file_is_its_owners_only(layout):
    state.write(layout, _status())
    assert stat.S_IMODE(layout.state.stat().st_mode) == 0o600
    assert state.read(layout) == _status()


def test_the_word_for_the_supervisor_is_not_shown():
    shown = msgspec.json.decode(state.public(_status()))
    assert "control" not in shown
    assert b"the word" not in state.public(_status())


def test_only_our_own_leftovers_are_stopped(layout):
    with subprocess.Popen(["sleep", "60"]) as ours, subprocess.Popen(["sleep", "60"]) as foreign:
        started = state.started_at(ours.pid)
        left = [
            ServiceStatus("kafka", ours.pid, 1, "ready", started=started),
            ServiceStatus("valkey", foreign.pid, 1, "ready", started=started - 1000),
            ServiceStatus("api", 0, 1, "restarting"),
        ]
        state.write(layout, _status(*left))
        assert state.stop_leftovers(layout) == ["kafka"]
        assert ours.poll() is not None
        assert foreign.poll() is None
        foreign.kill()
    assert not layout.state.exists()
