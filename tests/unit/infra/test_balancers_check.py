"""Configurations of balancers that would end sockets too early, or that they do not take."""

import os
import shutil

import pytest

from infra import balancers
from infra.checks.balancers import _try, header_problems, idle_problems

HAPROXY, NGINX = balancers.HAPROXY.read_text(), balancers.NGINX.read_text()


@pytest.mark.parametrize(
    ("haproxy", "nginx", "told"),
    [
        (HAPROXY.replace("tunnel 120s", "tunnel 60s"), NGINX, "timeout tunnel"),
        (HAPROXY.replace("timeout tunnel 120s", ""), NGINX, "timeout tunnel"),
        (HAPROXY, NGINX.replace("proxy_read_timeout 120s;", "proxy_read_timeout 60s;", 1), "/ws"),
        (HAPROXY, NGINX.replace("proxy_send_timeout 120s;", ""), "/ws"),
    ],
)
def test_idle_sockets_must_outlive_the_heartbeat(haproxy, nginx, told):
    assert idle_problems(HAPROXY, NGINX) == []
    (found,) = idle_problems(haproxy, nginx)
    assert told in found


def test_no_location_sets_a_header_of_its_own():
    assert header_problems(NGINX) == []
    (found,) = header_problems(
        NGINX.replace(
            "proxy_pass http://ingest;", "proxy_pass http://ingest;\nproxy_set_header A b;"
        )
    )
    assert "location = /ws" in found


def test_templates_are_filled_in_whole():
    assert balancers.rendered("a ${BALANCER_RUN} $host", {"BALANCER_RUN": "/x"}) == "a /x $host"
    with pytest.raises(KeyError):
        balancers.rendered("${API_1}", {})


@pytest.mark.skipif(shutil.which("haproxy") is None, reason="no haproxy here")
def test_a_broken_configuration_is_refused(tmp_path):
    broken = tmp_path / "haproxy.cfg"
    broken.write_text(HAPROXY.replace("balance leastconn", "balance leastcon"))
    found = _try(["haproxy", "-c", "-f", str(broken)], dict(os.environ))
    assert any("leastcon" in line for line in found)
