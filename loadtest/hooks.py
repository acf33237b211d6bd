"""Where Locust calls a scenario, and how its outcome gets into Locust's statistics, files and exit code."""

import json
import logging
import sys
from argparse import Namespace
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from locust import events
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.runners import Runner
from locust.web import WebUI

from loadtest.corpus import SEED, CorpusError, read_corpus
from loadtest.evidence import Findings
from loadtest.place import PlaceError, find_place
from loadtest.processes import Processes
from loadtest.size import NAMES, Size, SizeError, resized
from loadtest.verdict import Verdict

if TYPE_CHECKING:
    from loadtest.scenario import Scenario

TROUBLE = (PlaceError, SizeError, CorpusError)
"""What is wrong with the arguments, or with what they name; the message tells."""

PASSED, FAILED, USAGE = 0, 1, 2
"""Exit codes."""

_log = logging.getLogger("loadtest")


class Missed(Exception):
    """Something was not as it has to be."""


def install(scenario: "Scenario") -> None:
    """Have Locust call a scenario."""
    events.init_command_line_parser.add_listener(_add_options)
    events.init.add_listener(partial(_on_init, scenario))
    events.test_stop.add_listener(partial(_on_stop, scenario))
    events.quit.add_listener(partial(_on_quit, scenario))


def _add_options(parser: LocustArgumentParser) -> None:
    add = parser.add_argument
    hidden: dict[str, Any] = {"include_in_web_ui": False}
    add("--data", default="", help="data directory of a stack on this machine", **hidden)
    add("--texts", default=str(SEED), help="chat logs: a file or directory", **hidden)
    add("--verdict", default="", help="file for the verdict, as JSON", **hidden)
    for name, kind, told in (
        ("rooms", int, "rooms that the users share"),
        ("messages", int, "messages of each user"),
        ("rate", float, "messages of each user in a second"),
        ("seconds", float, "how long the users post"),
        ("p99-ms", float, "limit of the 99th percentile of latencies, in ms"),
    ):
        add(f"--{name}", type=kind, help=told)


def _on_init(
    scenario: "Scenario", environment: Environment, runner: Runner, web_ui: WebUI | None, **_: Any
) -> None:
    options = environment.parsed_options
    assert options is not None  # noqa: S101  # Locust's own main made them
    try:
        if options.run_time:
            raise SizeError("--run-time would cut a scenario off; use --seconds")
        _fill_in(options, scenario)
        corpus = read_corpus(Path(options.texts))
        data = Path(options.data) if options.data else None
        place = find_place(environment.host or "", data, corpus)
    except TROUBLE as error:
        sys.stderr.write(f"loadtest: {error}\n")
        sys.exit(USAGE)
    scenario.environment = environment
    scenario.processes = Processes(environment, runner, place, corpus)
    events.worker_report.add_listener(scenario.processes.on_report)
    events.report_to_master.add_listener(
        lambda client_id, data: scenario.processes.on_reporting(data)
    )


def _fill_in(options: Namespace, scenario: "Scenario") -> None:
    """Put the scenario's own size where nothing was asked for, so that the web page shows it."""
    if options.spawn_rate is None:
        options.spawn_rate = scenario.spawn_rate
    size = resized(scenario.size, _given(options), scenario.name)
    options.num_users = size.users
    for name in NAMES[1:]:
        setattr(options, name, getattr(size, name))


def size_of(scenario: "Scenario", environment: Environment) -> Size:
    """Return the size that the options, or the fields of the web page, ask for; raises SizeError."""
    assert environment.parsed_options is not None  # noqa: S101  # Locust's own main made them
    return resized(scenario.size, _given(environment.parsed_options), scenario.name)


def _given(options: Namespace) -> dict[str, Any]:
    return {name: getattr(options, name, None) for name in NAMES} | {"users": options.num_users}


def _on_stop(scenario: "Scenario", **_: Any) -> None:
    if not scenario.processes.is_worker:
        scenario.interrupted()


def _on_quit(scenario: "Scenario", **_: Any) -> None:
    """Say the verdict last of all (on the web page's side it was said when it was found)."""
    if scenario.verdict is not None:
        sys.stdout.write(f"\n{scenario.verdict}\n")
        sys.stdout.flush()


def tell(name: str, counts: Mapping[str, int]) -> None:
    """Log how far a run is."""
    told = ", ".join(f"{counts[k]:,} {k}" for k in ("ready", "sent", "acked", "delivered"))
    _log.info("%s: %s", name, told)


def publish(scenario: "Scenario", environment: Environment, found: Findings | None) -> None:
    """Put a verdict into Locust's statistics, into a file, and into the exit code."""
    verdict = scenario.verdict
    assert verdict is not None  # noqa: S101  # it was just found
    fire = partial(
        environment.events.request.fire, response_time=None, response_length=0, context={}
    )
    for one in found.subscribers if found is not None else ():
        for name, count in (
            ("lost", one.lost), ("duplicate", one.duplicates), ("out of order", one.gaps)
        ):  # fmt: skip
            told = f"{count:,} of {one.expected:,} messages" if count else ""
            error = Missed(told) if told else None
            fire(request_type="CHECK", name=name, exception=error)
    for criterion in verdict.criteria:
        word = "PASS" if criterion.met else "FAIL"
        error = None if criterion.met else Missed(str(criterion))
        fire(request_type=word, name=str(criterion), exception=error)
    for problem in verdict.problems:
        fire(request_type="FAIL", name=problem, exception=Missed(problem))
    environment.process_exit_code = PASSED if verdict.passed else FAILED
    options = environment.parsed_options
    if options is not None and options.verdict:
        Path(options.verdict).write_text(json.dumps(as_json(verdict), indent=1) + "\n")
    if environment.web_ui is not None:
        _log.info("\n%s", verdict)


def as_json(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict for programs."""
    criteria = [{**msgspec.to_builtins(c), "met": c.met} for c in verdict.criteria]
    return {**msgspec.to_builtins(verdict), "criteria": criteria, "passed": verdict.passed}
