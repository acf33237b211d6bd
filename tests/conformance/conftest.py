"""The client libraries as programs, and somebody else in a room with them."""

import os
import shutil
import subprocess
import sys
import uuid

import pytest

from roomlog.stack import web
from tests.conformance.driver import Driver
from tests.people import Member, create_room
from tests.wire import token_of

_BUNDLE = (
    "const { build } = await import('vite');"
    "await build({ logLevel: 'error', build: { ssr: 'client/test/program.ts', outDir: process.argv[1],"
    " rollupOptions: { output: { entryFileNames: 'program.mjs' } } } });"
)


@pytest.fixture(scope="session")
def programs(tmp_path_factory, stack):
    """How each language's program is started; the stack has installed what Node needs."""
    out = tmp_path_factory.mktemp("conformance")
    _, path = web.npm_command()
    node = shutil.which("node", path=path)
    bundle = [node, "--input-type=module", "-e", _BUNDLE, os.fspath(out)]
    subprocess.run(bundle, cwd=web.WEB, check=True, timeout=120)
    return {
        "python": [sys.executable, "-m", "tests.conformance.program"],
        # Node 20 has WebSocket behind this switch, later ones have it anyhow.
        "typescript": [node, "--experimental-websocket", os.fspath(out / "program.mjs")],
    }


@pytest.fixture(params=["python", "typescript"])
async def driver(request, programs, stack):
    """A program that is not connected yet."""
    async with Driver(programs[request.param], stack.status()["api"]) as running:
        yield running


class Table:
    """A room with Bob in it, who is a bridge without a rate limit, and the user that a driver is."""

    def __init__(self, stack, bob, user, room):
        self.stack, self.bob, self.user, self.room = stack, bob, user, room

    def token(self, **more):
        """Return a token of the driver's user."""
        return token_of(self.stack.data, self.user, **more)

    async def say(self, *texts):
        """Let Bob post; returns the acks."""
        return [await self.bob.post(self.room, text) for text in texts]


@pytest.fixture
async def table(stack):
    urls = stack.status()["ingest"]
    owner = await Member.sign_in(stack.data, urls, "Owner")
    bob = await Member.sign_in(stack.data, urls, "Bob", scope="bridge")
    user = Member(str(uuid.uuid4()), owner.client)
    room = await create_room(owner, bob, user)
    promote = {"op": "role", "room": room, "user": user.user_id, "role": "owner"}
    await owner.request({**promote, "key": str(uuid.uuid4())})
    await bob.client.subscribe(room)
    yield Table(stack, bob, user.user_id, room)
    await owner.client.close()
    await bob.client.close()
