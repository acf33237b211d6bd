"""Makes the secrets of the compose file: `python -m infra.make_secrets [DIRECTORY]` (default: infra/secrets).

Passwords and keys that are there stay; a second run adds what is missing. The directory is its owner's alone; the files
in it are readable, because Docker mounts them as they are and the services in the containers are other users.
"""

import json
import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

from roomlog.tokens import generate_keys
from roomlog.vapid import generate_vapid_key, public_vapid_key

DIRECTORY = Path(__file__).parent / "secrets"
_PASSWORDS = (
    "postgres_password",
    "replication_password",
    "valkey_password",
    "s3_key",
    "grafana_password",
)
_BUCKET_RIGHTS = ["Admin", "Read", "Write", "List", "Tagging"]


def derived(passwords: Mapping[str, str]) -> dict[str, str]:
    """Return the files that hold a password in the form that a service reads."""
    postgres, valkey = passwords["postgres_password"], passwords["valkey_password"]
    s3 = {"accessKey": "roomlog", "secretKey": passwords["s3_key"]}
    identity = {"name": "roomlog", "credentials": [s3], "actions": _BUCKET_RIGHTS}

    def url(server: str) -> str:
        return f"postgresql://roomlog:{postgres}@{server}/roomlog\n"

    return {
        "postgres_url": url("postgres:5432"),
        "postgres_pooler_url": url("pgbouncer:6432"),
        "postgres_replica_url": url("postgres-replica:5432"),
        "postgres_local_url": url("127.0.0.1:5432"),
        "pgbouncer_users": f'"roomlog" "{postgres}"\n',
        "registry_config": f"apicurio.datasource.password={postgres}\n",
        "valkey_config": f"requirepass {valkey}\n",
        "valkey_url": f"redis://:{valkey}@valkey:6379/0\n",
        "valkey_local_url": f"redis://:{valkey}@127.0.0.1:6379/0\n",
        "s3_config": json.dumps({"identities": [identity]}, indent=2) + "\n",
        "s3_credentials": (
            "[default]\naws_access_key_id = roomlog\n"
            f"aws_secret_access_key = {passwords['s3_key']}\n"
        ),
    }


def names() -> set[str]:
    """Return the names of all files that are made."""
    keys = {"jwt.pem", "jwks.json", "vapid.pem", "vapid_public_key"}
    return {*_PASSWORDS, *derived(dict.fromkeys(_PASSWORDS, "")), *keys}


def make(directory: Path) -> list[str]:
    """Make what is missing and return its names; raises OSError."""
    directory.mkdir(mode=0o700, exist_ok=True)
    before = {path.name for path in directory.iterdir()}
    for name in _PASSWORDS:
        _write(directory / name, secrets.token_urlsafe(24))
    passwords = {name: (directory / name).read_text().strip() for name in _PASSWORDS}
    for name, text in derived(passwords).items():
        (directory / name).unlink(missing_ok=True)  # a password may have been changed by hand
        _write(directory / name, text)
    if not (directory / "jwks.json").exists():
        generate_keys(directory)
    generate_vapid_key(directory / "vapid.pem")
    _write(directory / "vapid_public_key", public_vapid_key(directory / "vapid.pem") + "\n")
    for path in directory.iterdir():
        path.chmod(0o444)
    return sorted({path.name for path in directory.iterdir()} - before)


def _write(path: Path, text: str) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    except FileExistsError:
        return
    with os.fdopen(handle, "w") as file:
        file.write(text)


def main() -> None:
    """Make the secrets and say what was made."""
    directory = Path(sys.argv[1]) if len(sys.argv) > 1 else DIRECTORY
    made = make(directory)
    print(f"{directory}: made {', '.join(made)}" if made else f"{directory}: everything is there")


if __name__ == "__main__":
    main()
