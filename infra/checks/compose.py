"""The compose file follows the compose specification, and fits the code, the files and the secrets here."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from infra import balancers, make_secrets
from infra.checks._compose import FILE, BadCompose, project
from roomlog.cli import COMMANDS
from roomlog.settings import PREFIX, unknown_variables
from roomlog.stack.spec import SERVICES

Service = dict[str, Any]

_IMAGE = re.compile(r"^[a-z0-9./_-]+:[A-Za-z0-9._-]*\d[A-Za-z0-9._-]*(@sha256:[0-9a-f]{64})?$")
_PROFILES = frozenset({"core", "observability", "load", "nginx"})
_LOOPBACK = "127.0.0.1"
_RUN_SECRETS = re.compile(r"/run/secrets/([^\s\"')]+)")


def check(root: Path) -> list[str]:
    """Return what is wrong with infra/docker-compose.kafka.yml; raises NotChecked where there is no Go."""
    try:
        found = project(root / FILE)
    except BadCompose as error:
        return [f"{FILE}: {error}"]
    return [f"{FILE}: {problem}" for problem in problems(found, root)]


def problems(project: dict[str, Any], root: Path) -> list[str]:
    """Return what is wrong with a compose file that the library has loaded."""
    services: dict[str, Service] = project["services"]
    found = [f"{name}: {p}" for name, s in services.items() for p in _of_service(name, s, project)]
    found += [f"{name}: {p}" for name, s in services.items() for p in _missing_files(s, root)]
    return [*found, *_unmade_secrets(project), *_unknown_services(services), *_absent(services)]


def _of_service(name: str, service: Service, project: dict[str, Any]) -> Iterator[str]:
    yield from _unconfined(service)
    yield from _undefined_start(service)
    yield from _misnamed_variables(service)
    yield from _no_command(service)
    yield from _unmounted_secrets(service)
    yield from _wrong_dependencies(service, project["services"])
    for port in service.get("ports", []):
        if port.get("host_ip") != _LOOPBACK:
            yield f"port {port['published']} is open to everybody: publish it on {_LOOPBACK}"


def _unconfined(service: Service) -> Iterator[str]:
    image = service.get("image", "")
    if not _IMAGE.match(image) or image.endswith(":latest"):
        yield f"image {image!r} is not pinned to a version"
    if not service.get("read_only"):
        yield "its root file system can be written to: read_only: true, and tmpfs or volumes where it must"
    if "ALL" not in service.get("cap_drop", []):
        yield "it keeps capabilities: cap_drop: [ALL]"
    if "no-new-privileges:true" not in service.get("security_opt", []):
        yield 'it may gain privileges: security_opt: ["no-new-privileges:true"]'
    if not service.get("user") or service["user"].split(":")[0] in ("0", "root"):
        yield "it runs as root, or as whom its image says: name a user"
    limits = service.get("deploy", {}).get("resources", {}).get("limits", {})
    if not limits.get("cpus") or not limits.get("memory"):
        yield "it has no limits: deploy.resources.limits with cpus and memory"
    if "max-size" not in service.get("logging", {}).get("options", {}):
        yield "its log grows for ever: logging.options.max-size"


def _undefined_start(service: Service) -> Iterator[str]:
    """A service that goes on has to say when it is well; one that ends does by ending."""
    health = service.get("healthcheck", {})
    if service.get("restart") == "no":
        return
    if health.get("disable") or not health.get("test"):
        yield "it has no health check"
    elif not all(health.get(part) for part in ("interval", "timeout", "retries")):
        yield "its health check needs interval, timeout and retries"


def _misnamed_variables(service: Service) -> Iterator[str]:
    yield from unknown_variables(service.get("environment") or {})


def _is_ours(service: Service) -> bool:
    return str(service.get("image", "")).startswith("roomlog:")


def _no_command(service: Service) -> Iterator[str]:
    if not _is_ours(service) or service.get("entrypoint"):
        return
    command = (service.get("command") or [""])[0]
    if command not in COMMANDS:
        yield f"roomlog has no command {command!r}"


def _unmounted_secrets(service: Service) -> Iterator[str]:
    mounted = {
        s.get("target", s["source"]).rpartition("/")[2] for s in service.get("secrets") or []
    }
    texts = [str(value) for value in (service.get("environment") or {}).values()]
    texts += [str(part) for part in [*(service.get("command") or []), *_health_test(service)]]
    named = {name for text in texts for name in _RUN_SECRETS.findall(text)}
    for name in sorted(named - mounted):
        yield f"/run/secrets/{name} is named and not among its secrets"
    for name, value in (service.get("environment") or {}).items():
        if (
            name.startswith(PREFIX)
            and "://" in str(value)
            and re.search(r"://[^/@]*:[^/@]+@", str(value))
        ):
            yield f"{name} has a password in it: use {name}_FILE and a secret"


def _health_test(service: Service) -> list[str]:
    return list(service.get("healthcheck", {}).get("test") or [])


def _wrong_dependencies(service: Service, services: dict[str, Service]) -> Iterator[str]:
    profiles = set(service.get("profiles") or [])
    for name, how in (service.get("depends_on") or {}).items():
        other = services[name]
        ends = other.get("restart") == "no"
        wanted = "service_completed_successfully" if ends else "service_healthy"
        if how["condition"] != wanted:
            yield f"it waits for {name} until {how['condition']}, but should until {wanted}"
        needs = set(other.get("profiles") or [])
        if needs and not profiles:
            yield f"it always runs, and needs {name}, which only runs with {', '.join(sorted(needs))}"


def _missing_files(service: Service, root: Path) -> Iterator[str]:
    for volume in service.get("volumes") or []:
        if volume["type"] != "bind":
            continue
        if not Path(volume["source"]).exists():
            yield f"{volume['source']} is mounted and does not exist"
        if not volume.get("read_only"):
            yield f"{volume['source']} can be written to: mount it :ro"
    if build := service.get("build"):
        dockerfile = Path(build["context"]) / build["dockerfile"]
        stages = re.findall(r"^FROM \S+ AS (\S+)$", dockerfile.read_text(), re.M)
        if build["target"] not in stages:
            yield f"{dockerfile} has no stage {build['target']!r}"
        if Path(build["context"]) != root:
            yield f"it is built in {build['context']}, not in the repository"


def _unmade_secrets(project: dict[str, Any]) -> Iterator[str]:
    made = make_secrets.names()
    for name, secret in (project.get("secrets") or {}).items():
        file = Path(secret["file"])
        if file.parent.name != "secrets" or file.name not in made:
            yield f"secret {name}: infra/make_secrets.py does not make {file}"


def _unknown_services(services: dict[str, Service]) -> Iterator[str]:
    """Every service of ours has to be there, and whoever is asked for has to exist."""
    run = {(s.get("command") or [""])[0] for s in services.values() if _is_ours(s)}
    for kind in sorted({*SERVICES} - run):
        yield f"nobody runs `roomlog {kind}`"
    for name, service in services.items():
        if strange := set(service.get("profiles") or []) - _PROFILES:
            yield f"{name}: no profile {', '.join(sorted(strange))}; there are {', '.join(sorted(_PROFILES))}"


def _absent(services: dict[str, Service]) -> Iterator[str]:
    """A balancer's variables have to be set, and to name servers that trust it."""
    for name, template in (("haproxy", balancers.HAPROXY), ("nginx", balancers.NGINX)):
        environment = (services.get(name) or {}).get("environment") or {}
        for missing in sorted(
            balancers.variables(template.read_text()) - {*environment, *balancers.OPTIONAL}
        ):
            yield f"{name}: {template.name} needs {missing}"
        setting = "ROOMLOG_PROXY_PROTOCOL" if name == "haproxy" else "ROOMLOG_TRUSTED_PROXIES"
        networks = (services.get(name) or {}).get("networks") or {}
        own = [n["ipv4_address"] for n in networks.values() if n and n.get("ipv4_address")]
        for variable, server in environment.items():
            if not re.match(r"(INGEST|API)_\d$", variable):
                continue
            target = services.get(server.partition(":")[0])
            if target is None:
                yield f"{name}: {variable} names {server}, and there is no such service"
            elif (target["environment"].get(setting) or "").partition("/")[0] not in own:
                yield f"{name}: {server} does not have its address ({', '.join(own)}) in {setting}"
            elif server.partition(":")[2] != target["environment"].get("ROOMLOG_PORT"):
                yield f"{name}: {server} listens on another port"
