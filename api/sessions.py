"""Sessions: one for each sign-in, kept by a refresh token that changes with each use.

A refresh token that comes a second time means that it was copied: the session ends for whoever holds it.
"""

import asyncio
import hashlib
import logging
import secrets
import time
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import NamedTuple

from psycopg import AsyncConnection

from api.postgres import Postgres, Row
from api.problems import Problem
from api.sql import accounts as sql
from api.valkey import Valkey
from roomlog.errors import ErrorCode
from roomlog.ids import new_id
from roomlog.tokens import ACCESS_TTL_S, Signer

REFRESH_TTL_S = 30 * 24 * 3600
_REVOKED_EVERY_S = 1.0
_FORGET_EVERY_S = 3600.0
_REMEMBER_S = 2 * ACCESS_TTL_S
_log = logging.getLogger(__name__)


class Account(NamedTuple):
    """Whose session it is."""

    id: str
    email: str | None
    name: str


class SignedIn(NamedTuple):
    """What a sign-in or a refresh gives out."""

    account: Account
    access_token: str
    refresh_token: str


class Sessions:
    """Opens, renews and ends sessions."""

    def __init__(self, postgres: Postgres, valkey: Valkey, signer: Signer) -> None:
        self._postgres, self._valkey, self._signer = postgres, valkey, signer
        self._revoked: dict[str, float] = {}

    def is_revoked(self, session: str) -> bool:
        """Tell whether a session was ended; knows what another API process ended within a second or two."""
        return session in self._revoked

    async def open(
        self,
        connection: AsyncConnection[Row],
        account: Account,
        user_agent: str,
        address: str | None,
    ) -> SignedIn:
        """Begin a session within a transaction."""
        session = new_id()
        params = {"id": session, "user_id": account.id, "address": address}
        await connection.execute(sql.ADD_SESSION, {**params, "user_agent": user_agent[:300]})
        return await self._tokens(connection, account, session)

    async def refresh(self, token: str) -> SignedIn:
        """Change a refresh token for a new pair; raises Problem (401), and ends the session of a used one."""
        token_hash = _hash(token)
        async with self._postgres.transaction() as connection:
            used = await connection.execute(sql.USE_REFRESH_TOKEN, {"token_hash": token_hash})
            if row := await used.fetchone():
                await connection.execute(sql.TOUCH_SESSION, row)
                account = Account(row["id"], row["email"], row["name"])
                return await self._tokens(connection, account, row["session_id"])
        await self._end_if_reused(token_hash)
        raise Problem(ErrorCode.UNAUTHENTICATED, "this refresh token is not good; sign in again")

    async def session_of(self, token: str) -> str | None:
        """Return the session that a refresh token belongs to, used or not."""
        row = await self._postgres.one(sql.SESSION_OF_TOKEN, {"token_hash": _hash(token)})
        return row["session_id"] if row else None

    async def end(self, session: str) -> None:
        """End a session; its sockets are closed and its tokens refused."""
        await self._ended(await self._postgres.all(sql.REVOKE_SESSION, {"session_id": session}))

    async def end_own(self, user: str, session: str) -> bool:
        """End one of a user's sessions; tell whether there was one."""
        params = {"session_id": session, "user_id": user}
        rows = await self._postgres.all(sql.REVOKE_OWN_SESSION, params)
        await self._ended(rows)
        return bool(rows)

    async def end_all(self, user: str) -> None:
        """End every session of a user."""
        await self._ended(await self._postgres.all(sql.REVOKE_ALL_SESSIONS, {"user_id": user}))

    async def forget(self, connection: AsyncConnection[Row], user: str) -> list[str]:
        """End every session of a user within a transaction, with what was known of devices; return them.

        Once it is committed, `ended` has to be told.
        """
        await connection.execute(sql.FORGET_TOKENS, {"user_id": user})
        rows = await (await connection.execute(sql.FORGET_DEVICES, {"user_id": user})).fetchall()
        return [row["id"] for row in rows]

    async def listed(self, user: str) -> list[Row]:
        """Return a user's sessions, the last used first."""
        return await self._postgres.all(sql.SESSIONS, {"user_id": user})

    async def watch(self) -> None:
        """Learn what other API processes revoked, and forget expired refresh tokens, for ever."""
        forgotten = time.monotonic()
        while True:
            try:
                rows = await self._postgres.all(sql.REVOKED_SESSIONS)
                self._remember(row["id"] for row in rows)
                if time.monotonic() - forgotten > _FORGET_EVERY_S:
                    await self._postgres.run(sql.FORGET_EXPIRED_TOKENS)
                    await self._postgres.run(sql.FORGET_ENDED_SESSIONS)
                    forgotten = time.monotonic()
            except Problem:  # PostgreSQL is away: what was known stays known
                _log.debug("cannot read revoked sessions")
            await asyncio.sleep(_REVOKED_EVERY_S)

    async def _tokens(
        self, connection: AsyncConnection[Row], account: Account, session: str
    ) -> SignedIn:
        refresh = secrets.token_urlsafe(32)
        await connection.execute(
            sql.ADD_REFRESH_TOKEN,
            {
                "token_hash": _hash(refresh),
                "session_id": session,
                "ttl": timedelta(seconds=REFRESH_TTL_S),
            },
        )
        access = self._signer.access_token(account.id, account.name, session, time.time())
        return SignedIn(account, access, refresh)

    async def _end_if_reused(self, token_hash: bytes) -> None:
        row = await self._postgres.one(sql.SESSION_OF_USED_TOKEN, {"token_hash": token_hash})
        if row:
            _log.warning("a refresh token of session %s came twice", row["session_id"])
            await self.end(row["session_id"])

    async def ended(self, sessions: Sequence[str]) -> None:
        """Refuse the tokens of sessions that were ended, and have their sockets closed."""
        self._remember(sessions)
        await self._valkey.announce_revoked(sessions)

    async def _ended(self, rows: Iterable[Row]) -> None:
        await self.ended([row["id"] for row in rows])

    def _remember(self, ended: Iterable[str]) -> None:
        now = time.monotonic()
        self._revoked.update(dict.fromkeys(ended, now))
        while self._revoked and now - next(iter(self._revoked.values())) > _REMEMBER_S:
            del self._revoked[next(iter(self._revoked))]


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
