"""The examples of docs/webhooks.md do what they say."""

import asyncio
import json
import re
import shlex
from pathlib import Path

from tests.integration.api_people import Person
from tests.receiver import Receiver

GUIDE = (Path(__file__).parents[2] / "docs/webhooks.md").read_text(encoding="utf-8")


def curls():
    """Each curl example, and the answer that it shows."""
    found = []
    for block in re.findall(r"^```console\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE):
        if block.startswith("$ curl"):
            command, answer = re.fullmatch(r"\$ (.*)\n([{].*)\n", block, re.DOTALL).groups()
            found.append((command, answer))
    return found


async def shell(command, names):
    """Run an example as a reader would, with the names that the guide has for things."""
    assigned = "".join(f"{name}={shlex.quote(value)}\n" for name, value in names.items())
    run = await asyncio.create_subprocess_shell(
        assigned + command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await asyncio.wait_for(run.communicate(), 20)
    assert run.returncode == 0, err
    return out.decode()


async def test_the_examples_run(stack):
    ada = await Person.registered(stack.status()["api"], "Ada")
    room = await ada.room("docs")
    (verify,) = re.findall(r"^```python\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)
    code = {}
    exec(verify, code)
    async with Receiver() as receiver:
        names = {"API": ada.base, "TOKEN": ada.token, "ROOM": room, "URL": receiver.url("/docs")}
        answers = []
        for command, shown in curls():
            answer = json.loads(await shell(command, names))
            assert answer.keys() == json.loads(shown.replace("[...]", "[]")).keys(), command
            answers.append(answer)
            if "token" in answer:
                names["HOOK"] = answer["token"]
            if "secret" in answer:
                names["WEBHOOK"] = answer["id"]
                names["CURSOR"] = (await ada.say(room, "Hello"))["cursor"]
                await receiver.until(lambda: receiver.at("/docs"))  # replayed before, it comes once
        assert len(answers) == 5
        await receiver.until(lambda: len(receiver.at("/docs")) >= 2)
    first, again = receiver.at("/docs")[:2]
    assert first.event["d"] == {"text": "Hello"}
    assert first.headers["webhook-id"] == again.headers["webhook-id"]
    secret = answers[2]["secret"]
    assert code["is_genuine"](secret, first.headers, first.body)
    assert not code["is_genuine"](secret, first.headers, first.body + b" ")
    late = {**first.headers, "webhook-timestamp": "1700000000"}
    assert not code["is_genuine"](secret, late, first.body)
    page = await ada.read(f"/rooms/{room}/messages")
    assert [m["text"] for m in page["items"]] == ["Build 7 passed", "Hello"]
