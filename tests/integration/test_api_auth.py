"""Accounts and sessions on the real stack."""

import asyncio
import time
from collections.abc import AsyncIterator

import httpx
import jwt
import pytest
import redis.asyncio

from roomlog.client import Client, ConnectionEnded
from roomlog.ids import new_id
from roomlog.tokens import Signer
from tests.integration.api_people import PASSWORD, PROOF, Person, account, bridge_token, problem


@pytest.fixture(scope="session")
def base(stack):
    return stack.status()["api"]


@pytest.fixture
async def browser(base) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who signed up in a browser: cookies, and the client's proof."""
    async with httpx.AsyncClient(base_url=base, headers=PROOF, timeout=10) as http:
        assert (await http.post("/auth/register", json=account())).status_code == 201
        yield http


async def test_register_sets_cookies_that_scripts_cannot_read(base) -> None:
    async with httpx.AsyncClient(base_url=base) as http:
        answer = await http.post("/auth/register", json=account("Grace"))
        access, refresh = answer.headers.get_list("set-cookie")
        assert access.startswith("roomlog_access=")
        assert refresh.startswith("roomlog_refresh=")
        for cookie in (access, refresh):
            assert "HttpOnly" in cookie
            assert "SameSite=lax" in cookie
        assert "Path=/api/v1/auth" in refresh
        me = await http.get("/auth/me")
        assert me.json() == answer.json()["user"]
        assert me.json()["name"] == "Grace"


async def test_an_email_has_one_account_however_it_is_written(base) -> None:
    async with httpx.AsyncClient(base_url=base) as http:
        mine = account()
        answers = await asyncio.gather(*(http.post("/auth/register", json=mine) for _ in range(5)))
        assert sorted(a.status_code for a in answers) == [201, 409, 409, 409, 409]
        again = await http.post("/auth/register", json={**mine, "email": mine["email"].upper()})
        problem(again, 409, "email_taken")
        signed_in = await http.post(
            "/auth/login", json={"email": mine["email"].upper(), "password": PASSWORD}
        )
        assert signed_in.status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"email": "no address"},
        {"email": "a@b@c.test"},
        {"email": "a\0@example.test"},
        {"name": ""},
        {"name": "  "},
        {"name": "x" * 101},
        {"name": "a\0b"},
        {"name": "a\u0000"},
        {"name": 7},
        {"password": "short"},
        {"password": "x" * 1025},
        {"password": None},
        {"role": "owner"},
        {"id": "0b1f6f5e-3c1f-4f0e-9f43-0c1d5e8b7a11"},
    ],
)
async def test_bad_registrations_are_refused_by_field(base, changes) -> None:
    async with httpx.AsyncClient(base_url=base) as http:
        refused = problem(
            await http.post("/auth/register", json={**account(), **changes}), 422, "bad_request"
        )
        assert next(iter(changes)) in {e["field"] for e in refused["errors"]}


async def test_wrong_passwords_and_unknown_emails_get_one_answer(base) -> None:
    async with httpx.AsyncClient(base_url=base) as http:
        mine = account()
        await http.post("/auth/register", json=mine)
        http.cookies.clear()
        wrong = {"email": mine["email"], "password": "wrong password"}
        unknown = {"email": account()["email"], "password": PASSWORD}
        bodies = [
            problem(await http.post("/auth/login", json=j), 401, "wrong_credentials")
            for j in (wrong, unknown)
        ]
        assert bodies[0] == bodies[1]


async def test_guessing_passwords_is_limited(base) -> None:
    async with httpx.AsyncClient(base_url=base) as http:
        guess = {"email": account()["email"], "password": "wrong password"}
        answers = [await http.post("/auth/login", json=guess) for _ in range(22)]
        limited = [a for a in answers if a.status_code == 429]
        assert limited
        problem(limited[0], 429, "rate_limited")
        assert 1 <= int(limited[0].headers["retry-after"]) <= 60


async def test_refresh_rotates_and_a_used_token_ends_the_session(browser, base) -> None:
    first = browser.cookies["roomlog_refresh"]
    renewed = await browser.post("/auth/refresh")
    assert renewed.status_code == 200
    second = browser.cookies["roomlog_refresh"]
    assert second != first
    assert (await browser.get("/auth/me")).status_code == 200
    async with httpx.AsyncClient(base_url=base, headers=PROOF) as thief:
        thief.cookies.set("roomlog_refresh", first)
        problem(await thief.post("/auth/refresh"), 401, "unauthenticated")
    problem(await browser.get("/auth/me"), 401, "unauthenticated")
    problem(await browser.post("/auth/refresh"), 401, "unauthenticated")


async def test_of_many_refreshes_with_one_token_one_succeeds(browser, base) -> None:
    token = browser.cookies["roomlog_refresh"]

    async def refresh() -> int:
        async with httpx.AsyncClient(base_url=base, headers=PROOF) as http:
            http.cookies.set("roomlog_refresh", token)
            return (await http.post("/auth/refresh")).status_code

    assert sorted(await asyncio.gather(*(refresh() for _ in range(5)))) == [200, 401, 401, 401, 401]


async def test_logout_refuses_the_tokens_and_tells_the_nodes(browser, stack) -> None:
    access = browser.cookies["roomlog_access"]
    session = jwt.decode(access, options={"verify_signature": False})["sid"]
    valkey = redis.asyncio.from_url(stack.status()["valkey"], decode_responses=True)
    async with valkey, valkey.pubsub(ignore_subscribe_messages=True) as channel:
        await channel.subscribe("roomlog:sessions:revoked")
        await channel.get_message(timeout=5)
        assert (await browser.post("/auth/logout")).status_code == 204
        told = None
        while told is None or told["data"] != session:
            told = await channel.get_message(timeout=5)
    assert "roomlog_access" not in browser.cookies
    bearer = {"Authorization": f"Bearer {access}"}
    problem(await browser.get("/auth/me", headers=bearer), 401, "unauthenticated")


async def test_logout_closes_open_sockets(base, stack) -> None:
    person = await Person.registered(base)
    client = await Client.connect(stack.status()["ingest"], person.token)
    try:
        assert (await person.http.post("/auth/logout")).status_code == 204
        async with asyncio.timeout(5):
            while not client.ended:
                await asyncio.sleep(0.02)
        with pytest.raises(ConnectionEnded, match="4102"):
            await client.request({"op": "ping"})
    finally:
        await client.close()


async def test_logout_all_ends_every_session(browser, base) -> None:
    me = (await browser.get("/auth/me")).json()
    async with httpx.AsyncClient(base_url=base, headers=PROOF) as phone:
        await phone.post("/auth/login", json={"email": me["email"], "password": PASSWORD})
        assert len((await phone.get("/auth/sessions")).json()["items"]) == 2
        assert (await browser.post("/auth/logout-all")).status_code == 204
        problem(await phone.get("/auth/me"), 401, "unauthenticated")
        problem(await phone.post("/auth/refresh"), 401, "unauthenticated")


async def test_one_session_can_be_ended_by_its_owner_only(browser, base) -> None:
    me = (await browser.get("/auth/me")).json()
    other = await Person.registered(base)
    async with httpx.AsyncClient(base_url=base, headers=PROOF) as phone:
        await phone.post("/auth/login", json={"email": me["email"], "password": PASSWORD})
        sessions = (await browser.get("/auth/sessions")).json()["items"]
        lost = next(s["id"] for s in sessions if not s["current"])
        problem(await other.http.delete(f"/auth/sessions/{lost}"), 404, "not_found")
        problem(await browser.delete("/auth/sessions/nonsense"), 404, "not_found")
        assert (await browser.delete(f"/auth/sessions/{lost}")).status_code == 204
        problem(await phone.get("/auth/me"), 401, "unauthenticated")
        assert (await browser.get("/auth/me")).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"Roomlog-CSRF": "yes"}, 403),
        ({"Roomlog-CSRF": "1"}, 204),
        ({"Roomlog-CSRF": "1", "Origin": "null"}, 403),
        ({"Roomlog-CSRF": "1", "Origin": "https://evil.test"}, 403),
        ({"Roomlog-CSRF": "1", "Origin": "https://app.example.com.evil.test"}, 403),
        ({"Roomlog-CSRF": "1", "Origin": "same"}, 204),
    ],
)
@pytest.mark.parametrize("path", ["/auth/logout", "/auth/logout-all"])
async def test_changes_with_cookies_need_the_clients_proof(base, path, headers, status) -> None:
    if headers.get("Origin") == "same":
        headers = {**headers, "Origin": base.removesuffix("/api/v1")}
    async with httpx.AsyncClient(base_url=base) as http:
        await http.post("/auth/register", json=account())
        answer = await http.post(path, headers=headers)
        assert answer.status_code == status, answer.text
        if status == 403:
            problem(answer, 403, "csrf")


async def test_refreshing_with_a_cookie_needs_the_proof_too(base) -> None:
    async with httpx.AsyncClient(base_url=base) as http:
        await http.post("/auth/register", json=account())
        problem(await http.post("/auth/refresh"), 403, "csrf")
        assert (await http.post("/auth/refresh", headers=PROOF)).status_code == 200


FORGERIES = (
    "none",
    "hs256 with the public key",
    "wrong iss",
    "wrong aud",
    "wrong typ",
    "expired",
    "no exp",
    "kid is a path",
    "foreign key",
    "garbage",
    "latin",
)


def forged(settings) -> dict[str, str]:
    """Return tokens that look like ours, each wrong in one way."""
    pem = settings.jwt_private_key.read_text()
    good = jwt.decode(
        Signer(settings.jwt_private_key).access_token(new_id(), "Eve", new_id(), time.time()),
        options={"verify_signature": False},
    )
    kid = Signer(settings.jwt_private_key).jwks()["keys"][0]["kid"]
    public = Signer(settings.jwt_private_key).jwks()["keys"][0]["x"]

    def signed(claims=good, key=pem, algorithm="EdDSA", **headers) -> str:
        return jwt.encode(claims, key, algorithm, headers={"kid": kid, **headers})

    return {
        "none": jwt.encode(good, "", "none", headers={"kid": kid}),
        "hs256 with the public key": signed(key=public.ljust(64, "="), algorithm="HS256"),
        "wrong iss": signed({**good, "iss": "evil"}),
        "wrong aud": signed({**good, "aud": "other"}),
        "wrong typ": signed({**good, "typ": "refresh"}),
        "expired": signed({**good, "exp": int(time.time()) - 10}),
        "no exp": signed({k: v for k, v in good.items() if k != "exp"}),
        "kid is a path": signed(kid="../../dev/null"),
        "foreign key": signed(kid="unknown", jku="http://127.0.0.1:1/jwks.json"),
        "garbage": "a.b.c",
        "latin": "é",
    }


@pytest.mark.parametrize("name", FORGERIES)
async def test_forged_tokens_are_refused(base, stack, name) -> None:
    token = forged(stack.settings)[name]
    async with httpx.AsyncClient(base_url=base) as http:
        header = f"Bearer {token}".encode("latin-1")
        answer = await http.get("/auth/me", headers={"Authorization": header})
        problem(answer, 401, "unauthenticated")
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_refresh_token_is_no_access_token(browser, base) -> None:
    token = browser.cookies["roomlog_refresh"]
    async with httpx.AsyncClient(base_url=base) as http:
        answer = await http.get("/auth/me", headers={"Authorization": f"Bearer {token}"})
        problem(answer, 401, "unauthenticated")


async def test_the_key_set_checks_our_tokens(base) -> None:
    person = await Person.registered(base)
    root = base.removesuffix("/api/v1")
    async with httpx.AsyncClient() as http:
        sets = [(await http.get(f"{at}/.well-known/jwks.json")).json() for at in (root, base)]
    assert sets[0] == sets[1]
    assert "d" not in sets[0]["keys"][0]
    key = jwt.PyJWK(sets[0]["keys"][0])
    claims = jwt.decode(person.token, key.key, ["EdDSA"], audience="roomlog", issuer="roomlog")
    assert claims["sub"] == person.id
    assert claims["exp"] - claims["iat"] == 900


async def test_a_new_name_is_told_to_everybody(base) -> None:
    person = await Person.registered(base, "Before")
    renamed = await person.http.patch("/users/me", json={"name": " After "})
    assert renamed.json()["name"] == "After"
    assert (await person.read(f"/users/{person.id}"))["name"] == "After"


async def test_people_are_found_by_name_once_their_account_is_published(base) -> None:
    name = f"Zz%_{new_id()}"
    person = await Person.registered(base, name)
    async with asyncio.timeout(10):
        while not (found := (await person.read("/users", q=name[:-3].lower()))["items"]):
            await asyncio.sleep(0.02)
    assert found == [{"id": person.id, "name": name}]
    assert (await person.read("/users", q="Zz%%"))["items"] == []
    assert (await person.read("/users", ids=f"{person.id},{new_id()},x"))["items"] == found


async def test_bridges_make_accounts_for_people_of_other_systems(base, stack) -> None:
    headers = {"Authorization": f"Bearer {bridge_token(stack.settings)}"}
    async with httpx.AsyncClient(base_url=base, headers=headers) as http:
        body = {"bridge": new_id(), "names": [f"nick{i}" for i in range(1000)]}
        made = [await http.put("/bridge/users", json=body) for _ in range(2)]
        users = made[0].json()["users"]
        assert made[1].json()["users"] == users
        assert len(set(users.values())) == 1000
        one = await http.get(f"/users/{users['nick7']}")
        assert one.json() == {"id": users["nick7"], "name": "nick7"}
        too_many = {**body, "names": [f"n{i}" for i in range(1001)]}
        problem(await http.put("/bridge/users", json=too_many), 422, "bad_request")
    person = await Person.registered(base)
    problem(await person.http.put("/bridge/users", json=body), 403, "forbidden")
