"""Run every benchmark on stacks of its own, one after the other, and print their figures.

    make bench

Each program beside this one can also be run alone, against a stack that runs already. Use a machine that
does nothing else meanwhile.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from roomlog.stack import Stack

HERE = Path(__file__).parent
IRC = HERE.parents[1] / "shared" / "data" / "irc"
SERVERS = ["postgres", "valkey", "kafka", "registry"]


def main() -> None:
    """Run them all."""
    os.environ["ROOMLOG_RATE_LIMITS"] = "off"
    with tempfile.TemporaryDirectory(prefix="roomlog-bench-") as scratch:
        directory = Path(scratch)
        with Stack(data=directory / "whole", nodes=2) as whole:
            _run("Across two nodes, 1,000 messages a second", "latency.py", whole)
            _run("A subscriber that stops reading", "slow_subscriber.py", whole)
        with Stack(data=directory / "ingest", only=[*SERVERS, "ingest-1"]) as alone:
            status = directory / "status.json"
            status.write_text(json.dumps(alone.status()))
            title = "An ingest node and Kafka alone, 100 sockets, window 32"
            _run(title, "ingest_load.py", alone, "--status", str(status))
        with Stack(data=directory / "streams", only=SERVERS) as servers:
            _run("Streams alone on a filled topic", "streams_drain.py", servers)
        with Stack(data=directory / "projector", only=SERVERS) as servers:
            real = ["--irc", str(IRC)] if IRC.is_dir() else []
            _run("The projector alone on a filled topic", "projector_drain.py", servers, *real)


def _run(title: str, program: str, stack: Stack, *arguments: str) -> None:
    print(f"\n{title}", flush=True)
    argv = [sys.executable, str(HERE / program), "--data", str(stack.data), *arguments]
    subprocess.run(argv, check=True)


if __name__ == "__main__":
    main()
