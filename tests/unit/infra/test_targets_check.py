"""Targets that nobody answers to, and services that nobody reads."""

import pytest

from infra.checks.targets import problems

SERVICES = {
    "api-1": {
        "environment": {"ROOMLOG_PORT": "8080"},
        "networks": {"inside": {"aliases": ["api"]}, "edge": None},
    },
    "indexer": {"environment": {"ROOMLOG_METRICS_PORT": "8401"}},
    "haproxy": {},
}


def reading(**ports):
    jobs = [{"dns_sd_configs": [{"names": [n], "type": "A", "port": p}]} for n, p in ports.items()]
    return {"scrape_configs": jobs}


@pytest.mark.parametrize(
    ("ports", "told"),
    [
        ({"api": 8080, "indexer": 8401, "haproxy": 8404}, []),
        ({"api": 8081, "indexer": 8401}, ["api answers on port 8080, not on 8081"]),
        ({"api": 8080}, ["nobody reads the metrics of indexer"]),
        ({"api": 8080, "indexer": 8401, "node": 9100}, ["nobody is called node"]),
    ],
)
def test_targets_fit_the_services(ports, told):
    assert problems(reading(**ports), SERVICES) == told
