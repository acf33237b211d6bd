"""Records what Prometheus sees of a stack whose Kafka is away for two minutes, for the tests of its rules.

By hand: `python -m tests.record_series` writes infra/prometheus/tests/kafka-away.yaml, in which what is to fire is
kept as it is.
"""

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from roomlog.stack import Stack
from roomlog.stack.spec import SERVICES, kind_of
from tests.people import Member, create_room
from tests.prometheus import FOLDER, Prometheus

FILE = FOLDER / "tests" / "kafka-away.yaml"
STEP_S = 5
BEFORE_S, AWAY_S, AFTER_S = 30, 120, 45
SERIES = (
    "up",
    "kafka_brokers",
    "kafka_leaderless_partitions",
    "kafka_under_replicated_partitions",
    "dependency_up",
    "producer_rebuilds_total",
    "gaps_repaired_total",
    "consumer_rebalances_total",
    "ws_connections_active",
    'ws_errors_total{code="unavailable"}',
    "ws_commands_total",
    "ack_seconds_count",
    'ack_seconds_bucket{le="1.0"}',
)
HEAD = (
    "# Recorded by `python -m tests.record_series`: Kafka is away from second 30 to second 150.\n"
)


def main() -> None:
    """Record once."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        path.chmod(0o755)
        with Stack(data=path / "stack", nodes=2, web=False) as stack:
            targets: dict[str, list[str]] = {kind: [] for kind in SERVICES}
            for service in stack.running().services:
                if (kind := kind_of(service.name)) in targets:
                    targets[kind].append(f"127.0.0.1:{service.port}")
            with Prometheus(path, targets) as prometheus:
                asyncio.run(chat(stack))
                found = prometheus.series(list(SERIES), BEFORE_S + AWAY_S + AFTER_S)
    document = yaml.safe_load(FILE.read_text())
    begun = min(float(one["values"][0][0]) for one in found)
    document["tests"][0]["input_series"] = [written(one, begun) for one in found]
    FILE.write_text(HEAD + yaml.safe_dump(document, sort_keys=False, width=100_000))


async def chat(stack: Stack) -> None:
    """Let somebody write all the time, whatever comes back."""
    member = await Member.sign_in(stack.data, stack.status()["ingest"][:1])
    room = await create_room(member)
    began, away = time.monotonic(), False
    while (passed := time.monotonic() - began) < BEFORE_S + AWAY_S + AFTER_S:
        if away != (BEFORE_S < passed < BEFORE_S + AWAY_S):
            away = not away
            act = stack.stop_service if away else stack.start_service
            await asyncio.to_thread(act, "kafka")
        asyncio.get_running_loop().create_task(attempt(member, room))
        await asyncio.sleep(0.1)


async def attempt(member: Member, room: str) -> None:
    """Post once; what becomes of it is what is recorded."""
    command = {"op": "send", "room": room, "key": f"k{time.monotonic()}", "text": "x"}
    try:
        await asyncio.wait_for(member.client.request(command), 15)
    except Exception as error:
        print(f"refused: {error!r}"[:100])


def written(series: dict[str, Any], begun: float) -> dict[str, str]:
    """Return a series as promtool reads it, from `begun` on; `_` where nothing was scraped."""
    labels = dict(series["metric"])
    name = labels.pop("__name__")
    labels["instance"] = labels["instance"].split(":")[1]
    inside = ", ".join(f'{key}="{value}"' for key, value in sorted(labels.items()))
    at = {round((moment - begun) / STEP_S): value for moment, value in series["values"]}
    values = " ".join(at.get(number, "_") for number in range(max(at) + 1))
    return {"series": f"{name}{{{inside}}}", "values": values}


if __name__ == "__main__":
    main()
