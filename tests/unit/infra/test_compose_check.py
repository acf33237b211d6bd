"""The check of the compose file finds what is wrong: each mistake alone, in a service that is right."""

import copy
import os
from pathlib import Path

import pytest

from infra.checks import ROOT
from infra.checks._compose import FILE, BadCompose, project
from infra.checks.compose import problems
from roomlog.stack.spec import SERVICES

WITH_GO = pytest.mark.skipif(
    not os.environ.get("ROOMLOG_TEST_INFRA"), reason="`make infra-check` builds the Go program"
)


def service(**changes):
    return {
        "image": "roomlog:0.1.0",
        "command": ["api"],
        "entrypoint": None,
        "user": "10001:10001",
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "restart": "unless-stopped",
        "logging": {"driver": "json-file", "options": {"max-size": "1m"}},
        "deploy": {"resources": {"limits": {"cpus": 1, "memory": "1"}}},
        "healthcheck": {"test": ["CMD", "x"], "interval": "1s", "timeout": "1s", "retries": 3},
        "profiles": ["core"],
        "networks": {"edge": None},
        **changes,
    }


def balancer(address, **changes):
    servers = {f"INGEST_{n}": "ingest:8101" for n in range(1, 5)}
    servers |= {f"API_{n}": "api:8080" for n in (1, 2)}
    own = {f"BALANCER_{name}": "x" for name in ("RUN", "SOURCE", "BIND", "METRICS")}
    networks = {"edge": {"ipv4_address": address}}
    image = {"image": "haproxy:2.6.22", "command": []}
    return service(environment=own | servers, networks=networks, **image, **changes)


@pytest.fixture
def whole():
    """A project without a mistake."""
    trusted = {"ROOMLOG_PROXY_PROTOCOL": "10.0.0.1/32", "ROOMLOG_TRUSTED_PROXIES": "10.0.0.2/32"}
    services = {kind: service(command=[kind]) for kind in SERVICES}
    services["ingest"]["environment"] = trusted | {"ROOMLOG_PORT": "8101"}
    services["api"]["environment"] = trusted | {"ROOMLOG_PORT": "8080"}
    services["haproxy"], services["nginx"] = balancer("10.0.0.1"), balancer("10.0.0.2")
    services["migrate"] = service(command=["migrate"], restart="no", healthcheck={"disable": True})
    return {"services": services, "secrets": {"a": {"file": "/x/secrets/postgres_url"}}}


def test_what_is_right_passes(whole):
    assert problems(whole, ROOT) == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"image": "roomlog:latest"}, "not pinned"),
        ({"image": "roomlog"}, "not pinned"),
        ({"image": ""}, "not pinned"),
        ({"read_only": False}, "can be written to"),
        ({"cap_drop": []}, "capabilities"),
        ({"security_opt": []}, "privileges"),
        ({"user": "root"}, "runs as root"),
        ({"user": "0:0"}, "runs as root"),
        ({"user": ""}, "runs as root"),
        ({"deploy": {"resources": {"limits": {"cpus": 1}}}}, "no limits"),
        ({"logging": {"options": {}}}, "grows for ever"),
        ({"healthcheck": {}}, "no health check"),
        ({"healthcheck": {"disable": True}}, "no health check"),
        ({"healthcheck": {"test": ["CMD", "x"]}}, "interval, timeout and retries"),
        ({"environment": {"ROOMLOG_KAFAK": "x"}}, "did you mean ROOMLOG_KAFKA?"),
        ({"environment": {"ROOMLOG_KAFKA_FIEL": "x"}}, "is no setting"),
        ({"environment": {"ROOMLOG_JWKS": "/run/secrets/jwks.json"}}, "not among its secrets"),
        ({"environment": {"ROOMLOG_VALKEY": "redis://:pw@valkey"}}, "has a password in it"),
        ({"command": ["webhook"]}, "no command 'webhook'"),
        ({"ports": [{"published": "8080", "target": 8080}]}, "open to everybody"),
        ({"depends_on": {"migrate": {"condition": "service_started"}}}, "should until"),
        ({"depends_on": {"migrate": {"condition": "service_healthy"}}}, "should until"),
        ({"depends_on": {"api": {"condition": "service_started"}}}, "should until"),
        ({"profiles": ["cores"]}, "no profile cores"),
        (
            {"volumes": [{"type": "bind", "source": "/nowhere", "read_only": True}]},
            "does not exist",
        ),
        ({"volumes": [{"type": "bind", "source": "/tmp"}]}, "mount it :ro"),
        (
            {"build": {"context": str(ROOT), "dockerfile": "infra/Dockerfile", "target": "all"}},
            "no stage 'all'",
        ),
    ],
)
def test_each_mistake_is_told(whole, changes, told):
    whole["services"]["more"] = service(**changes)
    (found,) = [p for p in problems(whole, ROOT) if "image ''" not in p or not changes.get("image")]
    assert found.startswith("more: ")
    assert told in found


def test_what_always_runs_needs_nothing_of_a_profile(whole):
    waits = {"api": {"condition": "service_healthy"}}
    whole["services"]["more"] = service(profiles=[], depends_on=waits)
    assert [p for p in problems(whole, ROOT) if "only runs with core" in p]


def test_every_service_runs_and_every_secret_is_made(whole):
    whole["services"]["indexer"]["command"] = ["api"]
    whole["secrets"]["b"] = {"file": "/x/secrets/unknown"}
    found = problems(whole, ROOT)
    assert len(found) == 2
    assert any("nobody runs `roomlog indexer`" in p for p in found)
    assert any("does not make /x/secrets/unknown" in p for p in found)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda s: s["haproxy"]["environment"].pop("API_2"), "needs API_2"),
        (lambda s: s["haproxy"]["environment"].update(API_2="apy:8080"), "no such service"),
        (lambda s: s["haproxy"]["environment"].update(API_2="api:8081"), "another port"),
        (
            lambda s: s["haproxy"]["networks"].update(edge={"ipv4_address": "10.0.0.9"}),
            "does not have its address",
        ),
        (lambda s: s["nginx"]["networks"].update(edge=None), "does not have its address"),
    ],
)
def test_balancers_have_their_servers_and_are_trusted(whole, change, told):
    change(whole["services"])
    found = problems(whole, ROOT)
    assert found
    assert all(told in p for p in found)


def test_the_check_does_not_change_what_it_looks_at(whole):
    before = copy.deepcopy(whole)
    problems(whole, ROOT)
    assert whole == before


@WITH_GO
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    healthcheck:\n", "    healthchek:\n"),
        ("interval: 3s", "interval: soon"),
        ("postgres: { condition: service_healthy }", "postgress: { condition: service_healthy }"),
        ("postgres: { condition: service_healthy }", "postgres: { condition: healthy }"),
        ('volumes: ["kafka-1:/var', 'volumes: ["kafka-9:/var'),
        ("secrets: [registry_config]", "secrets: [registry]"),
        ("services:\n", "services:\n\tx: 1\n"),
        ("<<: *kafka\n", "<<: *kafkas\n"),
    ],
)
def test_a_broken_file_is_refused_by_the_library(tmp_path, old, new):
    text = (ROOT / FILE).read_text()
    assert old in text
    broken = tmp_path / "docker-compose.yml"
    broken.write_text(text.replace(old, new))
    with pytest.raises(BadCompose):
        project(Path(broken))


@WITH_GO
def test_the_file_itself_is_whole():
    assert problems(project(ROOT / FILE), ROOT) == []
