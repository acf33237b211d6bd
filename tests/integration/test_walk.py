"""Every route as an owner, a plain member and a stranger of another workspace meet it, from a sign-up to a sign-out.

What one may do succeeds in the documented shape; what one may not is the documented problem.
"""

import asyncio
import re
import sys
from typing import Any

import httpx
import pytest
from pydantic import BaseModel

from api.app import bare_app
from api.openapi import document
from api.problems import STATUS
from roomlog.errors import ErrorCode
from roomlog.ids import new_id
from tests.integration.api_people import Person, problem
from tests.integration.walk_steps import STEPS, Step, picture
from tests.push_service import PushService
from tests.webserver import Server

V1 = "/api/v1"
DOCUMENT = document(bare_app())
MODELS = {
    found.__name__: found
    for name, module in sys.modules.items()
    if name.startswith("api.models.")
    for found in vars(module).values()
    if isinstance(found, type) and issubclass(found, BaseModel)
}
KINDS = ("stranger", "member", "owner")
"""In the order in which they try: who may least comes first, and finds everything still there."""


class Known:
    """Somebody, and what they got to know: ids, tokens, cursors."""

    def __init__(self, person: Person, root: str) -> None:
        self.root = root
        self.http, self.id, self.email = person.http, person.id, person.user["email"]
        self.name, self.other_email = person.user["name"], f"{new_id()}@example.test"

    def learn(self, keep: dict[str, str], answer: Any) -> None:
        """Keep parts of an answer: a path of keys and indexes each."""
        for name, path in keep.items():
            found = answer
            for key in path.split("."):
                found = found[int(key) if key.isdigit() else key]
            setattr(self, name, found)


@pytest.fixture
async def people(stack):
    """The three, each with a page to preview and a browser for pushes."""
    base, root = stack.status()["api"], stack.status()["web"]
    html = b'<title>Tea</title><meta property="og:image" content="/tea.png">'
    found = {}
    async with PushService() as service, Server() as server:
        server.page("/tea.png", picture(), "image/png")
        for kind in KINDS:
            known = found[kind] = Known(await Person.registered(base, f"walk {kind}"), root)
            subscription = service.browser(new_id()).subscription
            known.endpoint, keys = subscription["endpoint"], subscription["keys"]
            known.p256dh, known.auth = keys["p256dh"], keys["auth"]
            known.page = server.page(f"/{new_id()}", html)
        yield found
        for known in found.values():
            await known.http.aclose()


async def test_every_route_for_an_owner_a_member_and_a_stranger(people) -> None:
    wrong, walked = [], set()
    for step in STEPS:
        for kind in KINDS:
            try:
                walked.add((kind, *await take(step, kind, people)))
            except (AssertionError, AttributeError, KeyError, ValueError) as error:
                wrong.append(f"{kind}: {step.method} {step.path}: {error!r}")
    assert not wrong, "\n".join(wrong)
    everything = {
        (kind, method, path)
        for path, operations in DOCUMENT["paths"].items()
        for method in operations
        for kind in KINDS
    }
    assert everything - walked == set()


async def take(step: Step, kind: str, people: dict[str, Known]) -> tuple[str, str]:
    """Send one request and check its answer; return the method and the documented path."""
    me, expected = people[kind], getattr(step, kind)
    url = filled(step.path, people, me)
    answer = await me.http.request(step.method, url.removeprefix(V1), **sent(step, people, me))
    path = documented_path(step.method, url)
    responses = DOCUMENT["paths"].get(path, {}).get(step.method.lower(), {}).get("responses")
    told = f"{answer.status_code} {answer.text[:300]}"
    if responses is not None:
        assert str(answer.status_code) in responses, f"undocumented: {told}"
    if isinstance(expected, str):
        problem(answer, STATUS[ErrorCode(expected)], expected)
        return step.method.lower(), path
    assert answer.status_code == expected, told
    if responses is not None:
        require_shape(responses[str(expected)], answer)
    if answer.headers.get("content-type") == "application/json":
        me.learn(step.keep, answer.json())
        if step.method != "GET":
            await settle(people["owner"], url, answer.json())
    return step.method.lower(), path


def filled(value: Any, people: dict[str, Known], me: Known) -> Any:
    """Return a path or a body with what is known in place of names in braces."""
    if isinstance(value, dict):
        return {key: filled(each, people, me) for key, each in value.items()}
    if isinstance(value, list):
        return [filled(each, people, me) for each in value]
    return value.format(me=me, **people) if isinstance(value, str) else value


def sent(step: Step, people: dict[str, Known], me: Known) -> dict[str, Any]:
    """Return the body as an argument of httpx."""
    if isinstance(step.body, bytes):
        return {"files": {"file": ("plan.png", step.body)}}
    return {} if step.body is None else {"json": filled(step.body, people, me)}


def documented_path(method: str, url: str) -> str:
    """Return the path of the document that an address has, the most literal one."""
    asked = (url if url.startswith(V1) else V1 + url).partition("?")[0]
    for path in sorted(DOCUMENT["paths"], key=lambda path: path.count("{")):
        pattern = re.sub(r"\{\w+\}", "[^/]+", path)
        if method.lower() in DOCUMENT["paths"][path] and re.fullmatch(pattern, asked):
            return path
    return asked


def require_shape(response: dict[str, Any], answer: httpx.Response) -> None:
    """Check a good answer: of the documented type, with every field of the model and no other."""
    content = response.get("content", {})
    assert bool(content) == bool(answer.content)
    if not content:
        return
    kind = answer.headers["content-type"].partition(";")[0]
    name = content[kind]["schema"].get("$ref", "").rpartition("/")[2]
    if name:
        read = MODELS[name].model_validate_json(answer.content, strict=True)
        assert read.model_dump(exclude_unset=True, by_alias=True) == answer.json()


async def settle(owner: Known, url: str, answer: dict[str, Any]) -> None:
    """Wait until what was written can be read, of whatever room or workspace it is."""
    if (cursor := answer.get("cursor")) is None:
        return
    place = re.search(r"/(?:rooms|workspaces)/([0-9a-f-]{36})", url)
    room = place[1] if place else answer.get("room") or answer["id"]
    waited = await owner.http.get(f"/rooms/{room}", params={"after_cursor": cursor})
    assert waited.status_code in (200, 404), waited.text


async def test_nobody_gets_anywhere_without_a_sign_in(stack) -> None:
    """Whatever has a lock in the document, with ids that may or may not be there, asked for by nobody."""
    async with httpx.AsyncClient(base_url=stack.status()["web"], timeout=10) as http:
        locked = [
            (method, re.sub(r"\{\w+\}", new_id(), path))
            for path, operations in DOCUMENT["paths"].items()
            for method, operation in operations.items()
            if "security" in operation
        ]
        answers = await asyncio.gather(*(http.request(m.upper(), p, json={}) for m, p in locked))
    assert len(locked) > 80
    for asked, answer in zip(locked, answers, strict=True):
        assert answer.status_code == 401, asked
        problem(answer, 401, "unauthenticated")
