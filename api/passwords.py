"""Passwords: Argon2id in a few threads of their own, so that sign-ins never stop the event loop."""

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from api.problems import unavailable

MIN_CHARS, MAX_CHARS = 8, 1024
_THREADS = 2
_MAX_WAITING = 200


class Passwords:
    """Hashes and checks passwords; at most `_THREADS` at once, and only so many in the queue."""

    def __init__(self) -> None:
        # OWASP's recommendation of 2023: 19 MiB, 2 passes, 1 lane. About 20 ms on the reference machine.
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="argon2")
        self._waiting = 0
        self._nobodys = self._hasher.hash(secrets.token_hex(16))

    async def hash(self, password: str) -> str:
        """Return the hash to store; raises Problem (503) when too many wait."""
        return await self._run(self._hasher.hash, password)

    async def matches(self, stored: str | None, password: str) -> bool:
        """Tell whether the password is the stored one; takes the same time where nothing is stored."""
        matched = await self._run(self._verify, stored or self._nobodys, password)
        return bool(matched) and stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Tell whether a stored hash was made with weaker parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    def close(self) -> None:
        """Let the threads go."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _verify(self, stored: str, password: str) -> str:
        try:
            self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return ""
        return stored

    async def _run(self, work, *args: str) -> str:  # type: ignore[no-untyped-def]
        if self._waiting >= _MAX_WAITING:
            raise unavailable("signing in")
        self._waiting += 1
        try:
            result: str = await asyncio.get_running_loop().run_in_executor(
                self._threads, work, *args
            )
            return result
        finally:
            self._waiting -= 1
