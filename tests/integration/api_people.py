"""People who use the REST API in tests."""

import time
import uuid
from typing import Any, Self

import httpx

from roomlog.ids import new_id
from roomlog.tokens import Signer

PASSWORD = "correct horse battery"
PROOF = {"Roomlog-CSRF": "1"}


class Person:
    """Somebody with an account; `http` sends their bearer token, relative to /api/v1."""

    def __init__(self, base: str, token: str, user: dict[str, Any]) -> None:
        self.base, self.token, self.user = base, token, user
        self.id: str = user["id"]
        self.http = httpx.AsyncClient(
            base_url=base, headers={"Authorization": f"Bearer {token}"}, timeout=10
        )

    @classmethod
    async def registered(cls, base: str, name: str = "Ada") -> Self:
        """Sign up somebody new."""
        async with httpx.AsyncClient(base_url=base, timeout=10) as http:
            answer = await http.post("/auth/register", json=account(name))
        assert answer.status_code == 201, answer.text
        return cls(base, answer.json()["access_token"], answer.json()["user"])

    async def room(self, name: str = "general", kind: str = "public", **more: Any) -> str:
        """Make a room and return its id once it can be read."""
        made = await self.http.post("/rooms", json={"name": name, "kind": kind, **more})
        assert made.status_code == 201, made.text
        room: str = made.json()["id"]
        await self.read(f"/rooms/{room}", after_cursor=made.json()["cursor"])
        return room

    async def say(self, room: str, text: str, **more: Any) -> dict[str, Any]:
        """Post a message and return what was stored."""
        posted = await self.http.post(f"/rooms/{room}/messages", json={"text": text, **more})
        assert posted.status_code == 201, posted.text
        stored: dict[str, Any] = posted.json()
        return stored

    async def join(self, room: str) -> str:
        """Join a room and return the cursor of that."""
        joined = await self.http.post(f"/rooms/{room}/members")
        assert joined.status_code == 200, joined.text
        cursor: str = joined.json()["cursor"]
        return cursor

    async def read(self, path: str, **params: Any) -> Any:
        """Get something that must be there."""
        got = await self.http.get(path, params=params)
        assert got.status_code == 200, f"{path} {params}: {got.status_code} {got.text}"
        return got.json()


def account(name: str = "Ada") -> dict[str, str]:
    """Return a registration with an email of its own."""
    return {"email": f"{new_id()}@example.test", "name": name, "password": PASSWORD}


def bridge_token(settings: Any) -> str:
    """Return a token with the scope bridge."""
    return Signer(settings.jwt_private_key).access_token(
        new_id(), "bridge", new_id(), time.time(), "bridge"
    )


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Check that an answer is this problem, and return it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert (body["code"], body["status"]) == (code, status)
    assert body["detail"]
    return body


async def make_workspace(owner: Person, name: str = "Acme") -> tuple[str, str]:
    """Make a workspace that can be read; return its id and slug."""
    slug = f"w-{uuid.uuid4().hex[:12]}"
    made = await owner.http.post("/workspaces", json={"name": name, "slug": slug})
    assert made.status_code == 201, made.text
    await owner.read(f"/workspaces/{slug}", after_cursor=made.json()["cursor"])
    return made.json()["id"], slug


async def invite(inviter: Person, workspace: str, role: str = "member", **more: Any) -> str:
    """Make an invite and return what its link ends in."""
    made = await inviter.http.post(f"/workspaces/{workspace}/invites", json={"role": role, **more})
    assert made.status_code == 201, made.text
    token: str = made.json()["token"]
    return token


async def bring(inviter: Person, workspace: str, person: Person, role: str = "member") -> str:
    """Invite somebody, let them accept, and return the cursor of that."""
    token = await invite(inviter, workspace, role)
    accepted = await person.http.post(f"/invites/{token}/accept")
    assert accepted.status_code == 200, accepted.text
    cursor: str = accepted.json()["cursor"]
    await person.read(f"/workspaces/{workspace}", after_cursor=cursor)
    return cursor
