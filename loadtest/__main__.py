"""Run load tests of Roomlog with Locust: `make loadtest SCENARIO=extreme`.

    python -m loadtest SCENARIO... [--host URL | --data DIR] [--web] [--out DIR] [OPTIONS OF LOCUST]
    python -m loadtest                      lists the scenarios

A scenario is a name, `all`, or a Locust file of your own. Without --host and --data each runs on a stack of its
own, without rate limits. The size is set with --users, --rooms, --messages, --rate, --seconds; --master,
--worker and --processes distribute a test as always with Locust. Described in docs/loadtest.md.
"""

import argparse
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from loadtest.catalogue import ALL, Unknown, descriptions, scenario_file
from roomlog.stack import Stack, StackError
from roomlog.stack.layout import cache_dir
from roomlog.stack.ports import Ports
from roomlog.stack.spec import ROOT

OUT = Path(__file__).parent / "out"
_USAGE, _INTERRUPTED = 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the scenarios that are named; return 0 where all passed, 1 where one failed, 2 for bad arguments."""
    parser = _parser()
    options, rest = parser.parse_known_args(argv)
    if not options.scenarios:
        width = max(map(len, descriptions()))
        for name, told in descriptions().items():
            print(f"  {name:{width}}  {told}")
        return 0
    names = list(descriptions()) if ALL in options.scenarios else options.scenarios
    try:
        files = [scenario_file(name) for name in names]
    except Unknown as error:
        parser.error(str(error))
    if options.host and options.data:
        parser.error("--host and --data name two installations; give one of them")
    if rest and not rest[0].startswith("-"):
        parser.error(f"unknown argument {rest[0]}")
    try:
        codes = [_run(file, options, rest) for file in files]
    except StackError as error:
        sys.stderr.write(f"loadtest: {error}\n")
        return _USAGE
    except KeyboardInterrupt:
        return _INTERRUPTED
    if len(names) > 1:
        print()
        for name, code in zip(names, codes, strict=True):
            print(f"{'FAIL' if code else 'PASS'} {name}")
    return max(codes)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "loadtest",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("scenarios", nargs="*", metavar="SCENARIO", help=", ".join([*descriptions(), ALL]))
    add("--host", default="", help="web address of an installation, http://127.0.0.1:8080")
    add("--data", default="", help="data directory of a stack that runs on this machine")
    add("--web", action="store_true", help="with Locust's web page, where tests are started")
    add("--out", type=Path, default=OUT, help="directory for reports")
    add("--nodes", type=int, default=2, help="ingest nodes of a stack of its own")
    add("--worker", action="store_true", help="give users to a master (Locust's --master-host)")
    return parser


def _run(file: Path, options: argparse.Namespace, rest: Sequence[str]) -> int:
    """Run one scenario and return its exit code."""
    out: Path = options.out / file.stem
    out.mkdir(parents=True, exist_ok=True)
    with _target(options) as where, _meeting_port(rest) as port:
        command = [sys.executable, "-m", "locust", "-f", str(file), *where, *port, *rest]
        command += ["--worker"] if options.worker else _reports(out)
        command += [] if options.web or options.worker else ["--headless", "--only-summary"]
        code = _locust(command)
    if code in (0, 1) and not options.worker:
        print(f"The report is {out / 'report.html'}")
    return code


def _reports(out: Path) -> list[str]:
    return [
        f"--html={out / 'report.html'}",
        f"--csv={out / 'stats'}",
        f"--verdict={out / 'verdict.json'}",
    ]


def _locust(command: Sequence[str]) -> int:
    """Run Locust to its end; Ctrl-C and SIGTERM are for it, too, and it has a verdict to find then."""
    process = subprocess.Popen(command, cwd=ROOT)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue


@contextmanager
def _meeting_port(rest: Sequence[str]) -> Iterator[list[str]]:
    """Give a port on which the processes of one machine meet, so that two load tests do not."""
    if not any(arg.startswith("--processes") for arg in rest):
        yield []
        return
    ports = Ports(cache_dir() / "ports.lock", defaults=False)
    port = ports.choose("loadtest")
    yield [f"--master-port={port}", f"--master-bind-port={port}"]
    ports.close()


@contextmanager
def _target(options: argparse.Namespace) -> Iterator[list[str]]:
    """Give Locust's options for the installation, which is one of its own where none is named."""
    if options.host:
        yield ["--host", options.host]
    elif options.data:
        yield ["--data", str(Path(options.data).absolute())]
    elif options.worker:
        yield []
    else:
        print("Starting a stack for the test")
        limits = {"ROOMLOG_RATE_LIMITS": "off"}
        with Stack(ephemeral=True, nodes=options.nodes, web=False, env=limits) as stack:
            yield ["--data", str(stack.data)]


if __name__ == "__main__":
    sys.exit(main())
