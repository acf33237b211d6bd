"""The demo people's accounts, made once and found again."""

from collections.abc import Iterable

import httpx

PASSWORD = "tea-at-half-past-four"  # noqa: S105  # printed for everybody: these accounts are for demos only
_TIMEOUT_S = 15.0


class SeedError(RuntimeError):
    """An account could be neither made nor found; the message says which and why."""


def email_of(name: str) -> str:
    """Return the address that a demo person signs in with."""
    return f"{name.lower()}@example.com"


def sign_up(root: str, names: Iterable[str]) -> dict[str, str]:
    """Return the user id of each demo person, whose account is made where it is missing.

    `root` is the API's address without `/api/v1`. Raises SeedError.
    """
    with httpx.Client(base_url=f"{root}/api/v1/auth", timeout=_TIMEOUT_S) as http:
        return {name: _user_id(http, name) for name in names}


def _user_id(http: httpx.Client, name: str) -> str:
    who = {"email": email_of(name), "password": PASSWORD}
    try:
        answer = http.post("/register", json={**who, "name": name})
        if answer.status_code == httpx.codes.CONFLICT:
            answer = http.post("/login", json=who)
        answer.raise_for_status()
    except httpx.HTTPStatusError as error:
        told = f"{who['email']}: {error.response.status_code} {error.response.text[:200]}"
        raise SeedError(told) from error
    except httpx.HTTPError as error:
        raise SeedError(f"the API at {http.base_url} does not answer: {error}") from error
    return str(answer.json()["user"]["id"])
