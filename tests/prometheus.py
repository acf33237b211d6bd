"""A real Prometheus, with the rules of this repository, that scrapes a stack once a second."""

import os
import random
import subprocess
import time
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import httpx
import yaml

from roomlog.stack.ports import is_free

FOLDER = Path(__file__).resolve().parents[1] / "infra" / "prometheus"


class Prometheus:
    """Runs in a directory; `targets` are the addresses of each job."""

    def __init__(self, directory: Path, targets: dict[str, list[str]]) -> None:
        self._directory = directory
        self._exporter, self._port = _free_ports()
        targets = {**targets, "node": [f"127.0.0.1:{self._exporter}"]}
        (directory / "prometheus.yaml").write_text(yaml.safe_dump(_config(targets)))
        self._url = f"http://127.0.0.1:{self._port}"
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        self._run("prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{self._exporter}")
        self._run(
            "prometheus",
            f"--config.file={self._directory / 'prometheus.yaml'}",
            f"--storage.tsdb.path={self._directory / 'data'}",
            f"--web.listen-address=127.0.0.1:{self._port}",
        )
        deadline = time.monotonic() + 20
        while not self._is_ready():
            assert time.monotonic() < deadline, (self._directory / "prometheus.log").read_text()
            time.sleep(0.1)
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.wait(20)

    def query(self, expr: str) -> list[dict[str, Any]]:
        """Return the series that a query gives now, without those that are no number."""
        answer = httpx.get(f"{self._url}/api/v1/query?query={quote(expr)}", timeout=20).json()
        assert answer["status"] == "success", (expr, answer)
        found: list[dict[str, Any]] = answer["data"]["result"]
        return [series for series in found if series["value"][1] != "NaN"]

    def series(self, matchers: list[str], seconds: int) -> list[dict[str, Any]]:
        """Return what was recorded of these in the last seconds, a sample every five."""
        now = time.time()
        found = []
        for matcher in matchers:
            asked = {"query": matcher, "start": now - seconds, "end": now, "step": 5}
            answer = httpx.get(f"{self._url}/api/v1/query_range", params=asked, timeout=20).json()
            found += answer["data"]["result"]
        return found

    def _run(self, program: str, *arguments: str) -> None:
        with (self._directory / f"{program}.log").open("wb") as log:
            self._processes.append(
                subprocess.Popen(
                    [program, *arguments], stdout=log, stderr=log, env={"PATH": os.environ["PATH"]}
                )
            )

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"{self._url}/-/ready").is_success
        except httpx.TransportError:
            return False


def _config(targets: dict[str, list[str]]) -> dict[str, Any]:
    """Return the repository's configuration with these addresses alone, and faster."""
    config: dict[str, Any] = yaml.safe_load((FOLDER / "prometheus.yaml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(FOLDER / name) for name in config["rule_files"]]
    config["scrape_configs"] = [
        {"job_name": job["job_name"], "static_configs": [{"targets": targets[job["job_name"]]}]}
        for job in config["scrape_configs"]
        if job["job_name"] in targets
    ]
    del config["alerting"]
    return config


def _free_ports() -> list[int]:
    """Return two ports below those that connections get by themselves."""
    return [p for p in random.sample(range(20_000, 32_000), 50) if is_free(p)][:2]
