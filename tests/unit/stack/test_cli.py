"""The command line: quick to help, clear when nothing runs."""

import subprocess
import sys

from roomlog.cli import COMMANDS

_SLOW = ("aiokafka", "psycopg", "fastapi", "faust", "pyarrow", "jgo")


def _run(*arguments):
    code = (
        "import sys; from roomlog.cli import main\n"
        "try: main()\n"
        "finally: print(*sys.modules, file=sys.stderr)"
    )
    argv = [sys.executable, "-c", code, *arguments]
    return subprocess.run(argv, capture_output=True, text=True, check=False)


def test_help_lists_every_command_and_imports_none():
    ended = _run("--help")
    assert ended.returncode == 0
    for name in COMMANDS:
        assert f" {name} " in ended.stdout
    assert not {m for m in ended.stderr.split() if m.split(".")[0] in _SLOW}


def test_status_without_a_stack_says_how_to_start_one(tmp_path):
    ended = _run("status", "--data", str(tmp_path))
    assert ended.returncode == 1
    assert "roomlog up" in ended.stderr


def test_down_without_a_stack_is_no_error(tmp_path):
    ended = _run("down", "--data", str(tmp_path))
    assert ended.returncode == 0
    assert "No stack runs" in ended.stdout.replace("\n", " ")


def test_settings_are_all_listed():
    assert "ROOMLOG_KAFKA" in _run("settings").stdout


def test_an_unknown_service_is_refused(tmp_path):
    ended = _run("up", "--only", "kafak", "--data", str(tmp_path))
    assert ended.returncode == 2
