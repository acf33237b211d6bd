"""Which installation is loaded, and with whose accounts."""

import time
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Annotated, Any, NamedTuple, Protocol, TypeVar

import httpx
import msgspec

from loadtest.corpus import Corpus
from roomlog import ids
from roomlog.target import NoTarget, find_target
from roomlog.tokens import ACCESS_TTL_S, Signer

PASSWORD = "a-load-of-people-at-the-door"  # noqa: S105  # of accounts that are made for the test
_TOKEN_S = 36_000
_TIMEOUT_S = 30.0
_CONNECTIONS = 200


class PlaceError(RuntimeError):
    """There is nothing to load, or it does not answer; the message says what to do."""


class Account(NamedTuple):
    """A signed-in user; the token is good for `good_s` seconds."""

    user: str
    name: str
    token: str
    good_s: float


class Accounts(Protocol):
    """Gives every user of a run, by number, a token."""

    def sign_in(self, run: str, number: int) -> Account:
        """Return the user's account with a fresh token; raises PlaceError."""
        ...


class Place(NamedTuple):
    """An installation: its nodes, accounts, and its data directory where it is local.

    `registered` are accounts as everybody has them, for those whom signing in is what is loaded.
    """

    nodes: list[str]
    accounts: Accounts
    registered: "Registered"
    data: Path | None


def find_place(host: str, data: Path | None, corpus: Corpus) -> Place:
    """Return the installation with this web address, or the local stack on this directory.

    With neither it is the one that commands of `roomlog` would use. Raises PlaceError.
    """
    if host:
        return _remote(host.rstrip("/").removesuffix("/api/v1"), corpus)
    try:
        target = find_target(data)
        api, key = target.need_api(), target.need_key()
    except NoTarget as error:
        told = "the launcher, `python -m loadtest`, starts one where none is named"
        raise PlaceError(f"{error}; {told}") from error
    if not target.ingest:
        raise PlaceError(f"the stack on {data} has no ingest node")
    registered = Registered(Http(api), corpus)
    directory = (data or target.settings.data).absolute()
    return Place(list(target.ingest), Minted(Signer(key), corpus), registered, directory)


def _remote(api: str, corpus: Corpus) -> Place:
    try:
        is_address = api.startswith(("http://", "https://")) and httpx.URL(api).host
    except httpx.InvalidURL:
        is_address = ""
    if not is_address:
        told = f"--host {api}: wanted is the web address, such as http://127.0.0.1:8080"
        raise PlaceError(told)
    accounts = Registered(Http(api), corpus)
    token = accounts.sign_in(ids.new_id()[:8], 0).token
    found = accounts.http.get("/ingest-nodes", token, _Nodes)
    return Place([node.url for node in found.nodes], accounts, accounts, None)


class _Node(msgspec.Struct):
    url: Annotated[str, msgspec.Meta(pattern="^wss?://.")]


class _Nodes(msgspec.Struct):
    nodes: Annotated[list[_Node], msgspec.Meta(min_length=1)]


class User(msgspec.Struct):
    """What the API says of an account."""

    id: str
    name: str


class _SignedIn(msgspec.Struct):
    access_token: str
    user: User


T = TypeVar("T")


class Http:
    """The REST API, for many users over shared connections. All of it raises PlaceError."""

    def __init__(self, api: str) -> None:
        self.api = api
        limits = httpx.Limits(max_connections=_CONNECTIONS)
        self._client = httpx.Client(
            base_url=f"{api}/api/v1", timeout=_TIMEOUT_S, limits=limits, trust_env=False
        )
        # Users must not sign in with each other's cookies.
        self._client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def get(self, path: str, token: str, kind: type[T]) -> T:
        """Get a resource as the bearer of a token."""
        return self._send("GET", path, kind, headers={"Authorization": f"Bearer {token}"})

    def post(self, path: str, body: dict[str, str], kind: type[T]) -> T:
        """Post a body."""
        return self._send("POST", path, kind, json=body)

    def _send(self, method: str, path: str, kind: type[T], **more: Any) -> T:
        try:
            answer = self._client.request(method, path, **more)
        except httpx.HTTPError as error:
            raise PlaceError(f"the API at {self.api} does not answer: {error}") from error
        if answer.is_error:
            raise PlaceError(_refusal(method, path, answer))
        try:
            return msgspec.json.decode(answer.content, type=kind)
        except msgspec.MsgspecError as error:
            told = f"{self.api}{path} does not answer as Roomlog does"
            raise PlaceError(f"{told}: {error}") from error


def _refusal(method: str, path: str, answer: httpx.Response) -> str:
    told = f"{method} {path}: {answer.status_code} {answer.text[:200].strip()}"
    if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
        return f"{told} (lift the limits for load tests with ROOMLOG_RATE_LIMITS=off)"
    return told


class Minted:
    """Accounts by the installation's own key: tokens without a sign-in, which others may not make."""

    def __init__(self, signer: Signer, corpus: Corpus) -> None:
        self._signer, self._corpus = signer, corpus

    def sign_in(self, run: str, number: int) -> Account:
        """Return an account that exists in its token only."""
        user, name = ids.derived_id("loadtest", run, str(number)), self._corpus.name(number)
        token = self._signer.access_token(user, name, ids.new_id(), time.time(), ttl_s=_TOKEN_S)
        return Account(user, name, token, _TOKEN_S)


class Registered:
    """Accounts as everybody has them: registered, then signed in."""

    def __init__(self, http: Http, corpus: Corpus) -> None:
        self.http, self._corpus = http, corpus
        self._known: set[tuple[str, int]] = set()

    def sign_in(self, run: str, number: int) -> Account:
        """Return the account, made where this process has not made it; raises PlaceError."""
        if (run, number) not in self._known:
            self.register(run, number)
        return self.log_in(run, number)

    def register(self, run: str, number: int) -> None:
        """Make the account; raises PlaceError."""
        name = self._corpus.name(number)
        body = {**credentials(run, number), "name": name}
        self.http.post("/auth/register", body, _SignedIn)
        self._known.add((run, number))

    def log_in(self, run: str, number: int) -> Account:
        """Sign in; raises PlaceError."""
        found = self.http.post("/auth/login", credentials(run, number), _SignedIn)
        return Account(found.user.id, found.user.name, found.access_token, ACCESS_TTL_S)


def credentials(run: str, number: int) -> dict[str, str]:
    """Return what a user of a run signs in with."""
    return {"email": f"loadtest-{run}-{number}@example.com", "password": PASSWORD}
