"""Secrets that have to be known again, encrypted for where they are kept: those that webhooks are signed with.

The keys are in a file, one a line, the newest first: that one encrypts, every one decrypts. So a key is replaced by
putting a new one before it, sealing anew what the old one has sealed (`roomlog hooks reseal`), and taking it out.
"""

import os
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

_SEALED = "fernet:"


class CannotUnseal(RuntimeError):
    """No key fits a secret; the message says which setting to look at."""


class Sealing:
    """Seals and unseals with the keys of a file; without one (None) secrets are kept as they are.

    Raises OSError where the file cannot be read, and ValueError for a line that is no key.
    """

    def __init__(self, keys: Path | None) -> None:
        lines = [] if keys is None else keys.read_text().split()
        try:
            fernets = [Fernet(line) for line in lines]
        except ValueError as error:
            raise ValueError(f"{keys}: {error}; `roomlog secret-key` makes keys") from None
        if keys is not None and not fernets:
            raise ValueError(f"{keys}: no key in it; `roomlog secret-key` makes one")
        self._fernet = MultiFernet(fernets) if fernets else None

    def seal(self, secret: str) -> str:
        """Return a secret as it is kept."""
        if self._fernet is None:
            return secret
        return _SEALED + self._fernet.encrypt(secret.encode()).decode()

    def unseal(self, kept: str) -> str:
        """Return the secret; one that was kept as it is, from before there was a key, too. Raises CannotUnseal."""
        if not kept.startswith(_SEALED):
            return kept
        if self._fernet is None:
            raise CannotUnseal(
                "a secret is encrypted and ROOMLOG_SECRET_KEYS names no file of keys"
            )
        try:
            return self._fernet.decrypt(kept.removeprefix(_SEALED)).decode()
        except InvalidToken:
            raise CannotUnseal(
                "no key of ROOMLOG_SECRET_KEYS fits a secret; put the one back that it was encrypted with"
            ) from None


def add_key(path: Path) -> None:
    """Put a new key before those of a file, which is made, readable for its owner alone, if it is not there."""
    known = path.read_text() if path.exists() else ""
    draft = path.with_name(f".{path.name}.new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(f"{Fernet.generate_key().decode()}\n{known}")
    draft.replace(path)
