"""HAProxy and nginx take their configurations, and let idle WebSockets live."""

import os
import re
import shutil
import subprocess
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from infra import balancers
from infra.checks import NotChecked
from roomlog.protocol.terms import PING_MS

_GIVEN_UP_AFTER_PINGS = 3
"""A node closes a socket (4012) when the third ping would be due; the balancer must not be earlier."""
_HAPROXY_TUNNEL = re.compile(r"^\s*timeout tunnel (\d+)s\b", re.MULTILINE)
_NGINX_READ = re.compile(r"^\s*proxy_(?:read|send)_timeout (\d+)s;", re.MULTILINE)
_SECONDS = 30


def check(root: Path) -> list[str]:
    """Return what is wrong with the two configurations; raises NotChecked where a program is missing."""
    found = idle_problems(balancers.HAPROXY.read_text(), balancers.NGINX.read_text())
    found += header_problems(balancers.NGINX.read_text())
    if missing := [name for name in ("haproxy", "nginx") if shutil.which(name) is None]:
        if found:
            return found
        raise NotChecked(f"{' and '.join(missing)} not installed; infra/balancers.sh says how")
    with tempfile.TemporaryDirectory() as directory:
        values = {name: _example(name, directory) for name in _all_variables()}
        plain = {n: v for n, v in values.items() if n not in balancers.OPTIONAL}
        _make_certificate(values["BALANCER_CERT"])
        found += _try(balancers.haproxy("-c"), plain)
        found += _try(balancers.haproxy("-c"), values)
        found += _try(balancers.nginx(plain, "-t", "-q"), plain)
    return found


def idle_problems(haproxy: str, nginx: str) -> list[str]:
    """Return where a balancer would end a socket that a node still waits for."""
    needed = PING_MS * _GIVEN_UP_AFTER_PINGS // 1000
    socket = nginx.partition("location = /ws")[2].partition("location /")[0]
    timeouts = [("haproxy.cfg: timeout tunnel", _HAPROXY_TUNNEL.findall(haproxy), 1)]
    timeouts += [("nginx.conf.template: proxy timeouts of /ws", _NGINX_READ.findall(socket), 2)]
    return [
        f"{what} must be given in seconds and be over {needed} s: nodes ping idle sockets"
        for what, seconds, count in timeouts
        if len(seconds) != count or min(map(int, seconds)) <= needed
    ]


def header_problems(nginx: str) -> list[str]:
    """Return where nginx would pass on what a client says about itself."""
    locations = re.split(r"^ *location ", nginx, flags=re.MULTILINE)[1:]
    return [
        f"nginx.conf.template: location {text.split(' {')[0]} sets a header, and so loses those of the server"
        for text in locations
        if "proxy_set_header" in text
    ]


def _try(command: list[str], values: dict[str, str]) -> list[str]:
    done = subprocess.run(
        command,
        env=os.environ | values,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    lines = [
        line for line in done.stderr.splitlines() if not re.search(r"NOTICE|test is success", line)
    ]
    return lines or ([f"{command[0]} refuses its configuration"] if done.returncode else [])


def _all_variables() -> set[str]:
    texts = balancers.HAPROXY.read_text(), balancers.NGINX.read_text()
    return {*balancers.OPTIONAL, *(name for text in texts for name in balancers.variables(text))}


def _example(name: str, directory: str) -> str:
    fixed = {
        "BALANCER_BIND": "127.0.0.1:8080",
        "BALANCER_TLS": "127.0.0.1:8443",
        "BALANCER_METRICS": "127.0.0.1:8404",
        "BALANCER_RUN": directory,
        "BALANCER_SOURCE": "0.0.0.0",
        "BALANCER_CERT": f"{directory}/cert.pem",
    }
    return fixed.get(name, "127.0.0.1:9")


def _make_certificate(path: str) -> None:
    """Write a certificate and its key as HAProxy takes them: for a look at the configuration only."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    begin = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    Path(path).write_bytes(certificate.public_bytes(Encoding.PEM) + pem)
