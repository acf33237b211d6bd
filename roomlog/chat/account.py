"""The chat client's requests to the API: who one is, rooms, history, names."""

from typing import Any, NamedTuple

import httpx

_TIMEOUT_S = 15.0
_PROOF = {"Roomlog-CSRF": "1"}
_READ_WITHIN_S = 5.0


class SignInFailed(RuntimeError):
    """Nobody could be signed in; the message says what to do."""


class Login(NamedTuple):
    """Who to be; with a `name` an account that is missing is made."""

    email: str
    password: str
    name: str = ""


class Account:
    """A signed-in person's access to the API at `root` (without `/api/v1`). Make it with `sign_in`."""

    user: str
    name: str

    def __init__(self, root: str, login: Login) -> None:
        self._login = login
        self._http = httpx.AsyncClient(base_url=f"{root}/api/v1", timeout=_TIMEOUT_S)
        self._token = ""
        self._names: dict[str, str] = {}

    async def close(self) -> None:
        """Disconnect."""
        await self._http.aclose()

    async def sign_in(self) -> None:
        """Sign in, with a new account where there is none; raises SignInFailed."""
        email, password, name = self._login
        try:
            answer = await self._post("/auth/login", email=email, password=password)
            if answer.status_code == httpx.codes.UNAUTHORIZED and name:
                made = await self._post("/auth/register", email=email, password=password, name=name)
                answer = answer if made.status_code == httpx.codes.CONFLICT else made
        except httpx.HTTPError as error:
            told = f"the API at {self._http.base_url} does not answer; is the stack running?"
            raise SignInFailed(told) from error
        if answer.is_error:
            hint = "" if name else " (--as NAME makes a new account)"
            raise SignInFailed(f"{email}: {_detail(answer)}{hint}")
        self._take(answer.json())

    async def token(self) -> str:
        """Return a fresh access token; raises httpx.HTTPError or SignInFailed."""
        answer = await self._http.post("/auth/refresh", headers=_PROOF)
        if answer.is_success:
            self._take(answer.json())
        else:
            await self.sign_in()
        return self._token

    async def nodes(self) -> dict[str, str]:
        """Return the WebSocket address of each ingest node by its name; raises httpx.HTTPError."""
        found = await self._get("/ingest-nodes")
        return {n["name"]: n["url"] for n in found["nodes"]}

    async def rooms(self, part: str = "", *, mine: bool = False) -> list[dict[str, Any]]:
        """Return rooms whose name contains `part`; raises httpx.HTTPError."""
        found = await self._get("/rooms", q=part, mine=str(mine).lower(), limit=200)
        items: list[dict[str, Any]] = found["items"]
        return items

    async def history(self, room: str, after: str, limit: int) -> dict[str, Any]:
        """Return the newest messages, read not before cursor `after`; raises httpx.HTTPError."""
        query = {"limit": limit, **({"after_cursor": after} if after else {})}
        found: dict[str, Any] = await self._get(f"/rooms/{room}/messages", **query)
        self._learn(found["users"])
        return found

    async def present(self, room: str) -> dict[str, str]:
        """Return `user id -> state` of who is in a room; raises httpx.HTTPError."""
        found = await self._get(f"/rooms/{room}/presence")
        self._learn(found["users"])
        state: dict[str, str] = found["state"]
        return state

    async def name_of(self, user: str) -> str:
        """Return a person's name, or the beginning of the id of one who cannot be looked up."""
        if user not in self._names:
            try:
                self._names[user] = (await self._get(f"/users/{user}"))["name"]
            except httpx.HTTPError:
                return user[:8]
        return self._names[user]

    def _learn(self, users: dict[str, dict[str, str]]) -> None:
        self._names.update((i, u["name"]) for i, u in users.items() if u["name"] != i)

    def _take(self, signed_in: dict[str, Any]) -> None:
        self._token = signed_in["access_token"]
        self.user, self.name = signed_in["user"]["id"], signed_in["user"]["name"]
        self._names[self.user] = self.name

    async def _post(self, path: str, **body: str) -> httpx.Response:
        return await self._http.post(path, json=body)

    async def _get(self, path: str, **query: Any) -> Any:
        answer = await self._authorized(path, query)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            await self.token()
            answer = await self._authorized(path, query)
        answer.raise_for_status()
        return answer.json()

    async def _authorized(self, path: str, query: dict[str, Any]) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._token}"}
        return await self._http.get(path, params=query, headers=headers)


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError):
        return f"HTTP {answer.status_code}"
