"""Load tests against the suite's stack, small: verdicts, reports, exit codes."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from roomlog.stack.spec import ROOT

PAGE = ROOT / "docs" / "loadtest.md"
BROKEN = Path(__file__).parent / "loadtest_broken.py"


def start(*args):
    """Start `python -m loadtest ARGS`."""
    return subprocess.Popen(
        [sys.executable, "-m", "loadtest", *map(str, args)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def end(process, within_s=90):
    """Return exit code and output."""
    try:
        told, _ = process.communicate(timeout=within_s)
    finally:
        if process.poll() is None:
            process.terminate()
    return process.returncode, told


class Ran:
    """A run that is over: its exit code, output, verdict and statistics."""

    def __init__(self, process, out):
        self.code, self.told = end(process)
        assert (out / "verdict.json").exists(), self.told
        self.verdict = json.loads((out / "verdict.json").read_text())
        self.report = (out / "report.html").read_text()
        with (out / "stats_stats.csv").open() as file:
            self.stats = {(r["Type"], r["Name"]): r for r in csv.DictReader(file)}

    def measured(self, criterion):
        return {c["name"]: c["measured"] for c in self.verdict["criteria"]}[criterion]

    def count(self, kind, name):
        return int(self.stats[kind, name]["Request Count"])

    def failures(self, kind, name):
        return int(self.stats[kind, name]["Failure Count"])


@pytest.fixture(scope="module")
def runs(stack, tmp_path_factory):
    """Several scenarios at a time: alone each would mostly wait."""
    out = tmp_path_factory.mktemp("loadtest")
    own = out / "quiet.py"
    own.write_text(PAGE.read_text().partition("```python\n")[2].partition("```")[0])
    here = ["--data", stack.data, "--out", out]
    slow = ["--p99-ms", 20_000]  # how fast it is is not what is tested here
    processes = {
        "chat": start("chat", *here, *slow, "--users=6", "--rooms=2", "--messages=5", "--rate=10"),
        "basic": start("basic", "--host", stack.status()["web"], "--out", out, *slow, "--users=3"),
        "extreme": start("extreme", *here, "--users=8", "--messages=10", "--processes=2"),
        "loadtest_broken": start(BROKEN, *here),
        "quiet": start(own, *here, *slow, "--users=4", "--seconds=3"),
    }
    return {name: Ran(process, out / name) for name, process in processes.items()}


def test_a_scenario_passes_and_says_so(runs):
    ran = runs["chat"]

    assert ran.code == 0, ran.told
    assert ran.verdict["passed"]
    assert ran.measured("messages acked") == 30
    assert ran.measured("deliveries") == 90
    assert "PASS chat: 7 of 7 criteria met" in ran.told


def test_what_users_notice_is_in_locusts_statistics_and_report(runs):
    ran = runs["chat"]

    assert ran.count("WS", "connect") == 6
    assert ran.count("WS", "ack") == 30
    assert ran.count("WS", "delivery") == 90
    assert ran.count("CHECK", "lost") == ran.count("CHECK", "duplicate") == 6
    assert ran.failures("CHECK", "lost") == ran.failures("CHECK", "out of order") == 0
    assert "deliveries 90, at least 90" in ran.report


def test_people_register_and_sign_in_at_an_address(runs):
    ran = runs["basic"]

    assert ran.code == 0, ran.told
    assert ran.measured("signed in and connected") == 3
    assert ran.count("REST", "register") == ran.count("REST", "sign in") == 3


def test_a_room_of_users_in_several_processes_is_judged_as_one(runs):
    ran = runs["extreme"]

    assert ran.code == 0, ran.told
    assert ran.measured("messages acked") == 80
    assert ran.measured("deliveries") == 640
    assert ran.count("CHECK", "lost") == 8


def test_users_who_miss_something_or_hear_it_twice_fail_a_scenario(runs):
    ran = runs["loadtest_broken"]

    assert ran.code == 1, ran.told
    assert ran.measured("messages acked") == 40
    assert ran.measured("delivered twice") > 0
    assert ran.measured("out of order") > 0
    assert ran.failures("CHECK", "duplicate") > 0
    assert "FAIL broken" in ran.told


def test_the_scenario_that_is_shown_in_the_documentation_works(runs):
    ran = runs["quiet"]

    assert ran.code == 0, ran.told
    assert ran.measured("deliveries") > 0


def test_nothing_is_lost_while_one_node_is_stopped_and_the_other_killed(stack, tmp_path):
    here = ["--data", stack.data, "--out", tmp_path]
    process = start(
        "node_stop", *here, "--users=10", "--rooms=2", "--rate=5", "--seconds=1", "--p99-ms=20000"
    )

    ran = Ran(process, tmp_path / "node_stop")

    assert ran.code == 0, ran.told
    assert ran.measured("lost") == 0
    assert ran.measured("resumed") >= 15


WRONG = {
    "no scenario extrem; there are: basic, burst, chat": ["extrem"],
    "give one of them": ["chat", "--data", "/nowhere", "--host", "http://x"],
    "http://127.0.0.1:9 does not answer": ["chat", "--host", "http://127.0.0.1:9"],
    "use --seconds": ["soak", "--data", "{data}", "--run-time=5s"],
}
"""What is said -> arguments; all at a time, as most of each is starting Python and Locust."""


@pytest.fixture(scope="module")
def refusals(stack):
    processes = {
        told: start(*(arg.format(data=stack.data) for arg in args)) for told, args in WRONG.items()
    }
    return {told: end(process) for told, process in processes.items()}


@pytest.mark.parametrize("told", WRONG)
def test_arguments_that_are_wrong_are_refused(refusals, told):
    code, output = refusals[told]

    assert code == 2
    assert told in output
    assert "Traceback" not in output


def test_without_a_name_the_scenarios_are_listed():
    code, output = end(start())

    assert code == 0
    assert "extreme" in output
