"""The examples of docs/clients.md do what they say."""

import ast
import asyncio
import json
import os
import re
import shutil
import uuid
from pathlib import Path

from roomlog.client import Client
from roomlog.stack import web
from tests.wire import token_of

GUIDE = (Path(__file__).parents[2] / "docs/clients.md").read_text(encoding="utf-8")
WANTED = [
    r"stored \S+ at \d+:\d+",
    r"MessagePosted is anybody there\?",
    r"(missed:|MessagePosted) while you were away",
    r"refused: no_such_room .+",
]


def examples(language):
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)


async def given(stack):
    """What the examples take for granted."""
    token, status = token_of(stack.data, str(uuid.uuid4())), stack.status()
    async with await Client.connect(status["ingest"], token) as client:
        room = (await client.create("an example")).room
    return {"urls": status["ingest"], "api": status["api"], "token": token, "room": room}


def check(lines):
    assert len(lines) == len(WANTED)
    for line, wanted in zip(lines, WANTED, strict=True):
        assert re.fullmatch(wanted, line)


async def test_the_python_examples_run(stack, capsys):
    names = await given(stack)
    for example in examples("python"):
        code = compile(example, "docs/clients.md", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        if (work := eval(code, names)) is not None:
            await asyncio.wait_for(work, 30)
    check(capsys.readouterr().out.splitlines())


_BUNDLE = """
const { build } = await import('vite');
const [, out, source] = process.argv;
const output = { entryFileNames: 'examples.mjs' };
await build({ logLevel: 'error', build: { ssr: source, outDir: out, rollupOptions: { output } } });
"""
_BEFORE = """
const { api, token, room } = JSON.parse(process.env.GIVEN!);
let lines = 0;
const log = console.log;
console.log = (...words) => { lines += 1; log(...words); };
async function until(count: number) {
  while (lines < count) await new Promise((resolve) => setTimeout(resolve, 10));
}
"""


async def run(*argv, **env):
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *argv, cwd=web.WEB, env={**os.environ, **env}, stdout=pipe, stderr=pipe
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, err.decode()
    return out.decode()


async def test_the_typescript_examples_run(stack, tmp_path):
    # What an example's event prints comes when it comes; the next example waits for it.
    printed = [0, 1, 2, 3, 4, 4]
    steps = [
        f"{example}\nawait until({count});\n"
        for example, count in zip(examples("ts"), printed, strict=True)
    ]
    source = tmp_path / "examples.ts"
    source.write_text(f"{_BEFORE}{''.join(steps)}process.exit(0);\n", encoding="utf-8")
    node = shutil.which("node", path=web.npm_command()[1])
    await run(node, "--input-type=module", "-e", _BUNDLE, os.fspath(tmp_path), os.fspath(source))
    names = {k: v for k, v in (await given(stack)).items() if k != "urls"}
    script = os.fspath(tmp_path / "examples.mjs")
    check(
        (await run(node, "--experimental-websocket", script, GIVEN=json.dumps(names))).splitlines()
    )
