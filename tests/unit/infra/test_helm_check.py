"""Values that make no sense are refused, and what the chart makes of good ones is checked."""

import os
import shutil

import pytest

from infra.checks import ROOT, _tools, helm

pytestmark = pytest.mark.skipif(
    not (os.environ.get("ROOMLOG_TEST_INFRA") and shutil.which("go")),
    reason="`make infra-check` has the tools, but for Go itself",
)
GOOD = str(ROOT / helm.CHART / "ci" / "everything-values.yaml")


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("services.ingest.replicas.min=1", "minimum"),
        ("services.ingset.replicas.min=2", "ingset"),
        ("scaling.cpuPercent=lots", "cpuPercent"),
        ("image.digest=latest", "digest"),
        ("domain=https://chat.example.org", "domain"),
        ("files=/var/files", "files"),
        ("scaling.keda.prometheus=", "prometheus"),
        ("strimzi.cluster=", "cluster"),
        ("environment.LOG_LEVEL=debug", "LOG_LEVEL"),
        ("networkPolicy.servers[0]=everywhere", "servers"),
        ("imgae.digest=x", "imgae"),
    ],
)
def test_a_wrong_value_is_refused(wrong, why):
    command = [str(_tools.helm(ROOT)), "template", "r", str(ROOT / helm.CHART)]
    done = _tools.tried([*command, "--kube-version", "1.34.0", "-f", GOOD, "--set", wrong])
    assert done.returncode != 0
    assert why in done.stderr


def test_a_setting_that_there_is_not_is_found():
    options = ["-f", GOOD, "--set-string", "environment.ROOMLOG_LOG_LEVLE=debug"]
    problems = helm.checked(ROOT, _tools.helm(ROOT), options)
    assert len(problems) == 7  # one a service
    assert all("ROOMLOG_LOG_LEVLE is no setting" in p for p in problems)


def test_a_value_that_a_service_would_refuse_is_found():
    options = ["-f", GOOD, "--set-string", "services.api.environment.ROOMLOG_COMPRESSION=maybe"]
    problems = helm.checked(ROOT, _tools.helm(ROOT), options)
    assert len(problems) == 1
    assert problems[0].startswith("Deployment roomlog-api: ROOMLOG_COMPRESSION: Input should be")


def test_what_kubernetes_and_operators_would_refuse_is_found():
    made = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}}
    assert list(helm._invalid(ROOT, [{**made, "spec": {"replicsa": 2}}]))
    monitor = {"apiVersion": "monitoring.coreos.com/v1", "kind": "ServiceMonitor"}
    spec = {"selector": {}, "endpoints": [{"port": "http", "pth": "/metrics"}]}
    problems = list(helm._of_operators([{**monitor, "metadata": {"name": "a"}, "spec": spec}]))
    assert "pth" in problems[0]


def test_a_node_that_would_be_killed_too_early_is_found():
    labels = {"app.kubernetes.io/component": "ingest"}
    container = {"lifecycle": {"preStop": {"sleep": {"seconds": 5}}}}
    spec = {"containers": [container], "terminationGracePeriodSeconds": 14}
    made = {"kind": "StatefulSet", "metadata": {"name": "a", "labels": labels}}
    problems = list(helm._killed([{**made, "spec": {"template": {"spec": spec}}}]))
    assert problems == ["StatefulSet a: terminationGracePeriodSeconds is 14, a node needs 15"]
