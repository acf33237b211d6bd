"""How the load balancers are started: the same configuration in containers, in tests and in checks."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

HAPROXY = Path(__file__).parent / "haproxy" / "haproxy.cfg"
NGINX = Path(__file__).parent / "nginx" / "nginx.conf.template"
OPTIONAL = frozenset({"BALANCER_TLS", "BALANCER_CERT"})
"""Variables that only a balancer with TLS has."""
_VARIABLE = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")


def variables(configuration: str) -> set[str]:
    """Return the names of the variables of the environment that a configuration needs."""
    return set(_VARIABLE.findall(configuration))


def rendered(template: str, values: Mapping[str, str]) -> str:
    """Return a template with its variables filled in, as nginx' image does it; raises KeyError."""
    return _VARIABLE.sub(lambda found: values[found[1]], template)


def haproxy(*options: str) -> list[str]:
    """Return the command that runs HAProxy, which takes its variables from the environment."""
    return ["haproxy", *options, "-f", str(HAPROXY)]


def nginx(values: Mapping[str, str], *options: str) -> list[str]:
    """Return the command that runs nginx; its configuration is written into BALANCER_RUN."""
    path = Path(values["BALANCER_RUN"]) / "nginx.conf"
    path.write_text(rendered(NGINX.read_text(), values))
    # Workers of root would run as somebody who may not write into BALANCER_RUN; in the image nobody is root.
    directives = "daemon off;" + (" user root;" if os.geteuid() == 0 else "")
    return ["nginx", *options, "-c", str(path), "-g", directives]
