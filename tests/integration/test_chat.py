"""Two people in two terminals (pipes, here) on two nodes."""

import asyncio
import uuid

from tests.cli import ROOT, argv


class Terminal:
    """A running `roomlog chat`."""

    def __init__(self, process):
        self.process = process
        self.seen = []

    @classmethod
    async def open(cls, stack, name, room, node):
        command = argv(
            *("chat", "--data", stack.data, "--as", name, "--room", room, "--node", node)
        )
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.STDOUT
        )
        terminal = cls(process)
        await terminal.reads(f"{room}: ")
        return terminal

    def enter(self, line):
        self.process.stdin.write(f"{line}\n".encode())

    async def reads(self, part, within_s=20):
        async with asyncio.timeout(within_s):
            while line := (await self.process.stdout.readline()).decode():
                self.seen.append(line)
                if part in line:
                    return line
        raise AssertionError(f"{part!r} never came; there was {self.seen}")

    async def end(self):
        self.process.stdin.close()
        async with asyncio.timeout(20):
            await self.process.communicate()
        assert self.process.returncode == 0


async def test_two_terminals_on_two_nodes(stack):
    room, tag = f"tea {uuid.uuid4().hex[:6]}", uuid.uuid4().hex[:6]
    ada = await Terminal.open(stack, f"Ada {tag}", room, "n1")
    ada.enter("anybody here?")
    await ada.reads("anybody here?")
    bob = await Terminal.open(stack, f"Bob {tag}", room, "n2")
    assert any("anybody here?" in line for line in [*bob.seen, await bob.reads("here?")])
    await ada.reads(f"Bob {tag} joined")
    await ada.reads(f"Bob {tag} is here")
    bob.enter("me")
    assert f"Bob {tag}: me" in await ada.reads(": me")
    ada.enter("/me waves")
    assert f"* Ada {tag} waves" in await bob.reads("waves")
    bob.enter("/who")
    assert f"Ada {tag}, Bob {tag}" in await bob.reads("here: ")
    await bob.end()
    await ada.reads(f"Bob {tag} is gone")
    await ada.end()


async def test_a_terminal_outlives_its_node(stack):
    room, tag = f"storm {uuid.uuid4().hex[:6]}", uuid.uuid4().hex[:6]
    ada = await Terminal.open(stack, f"Ada {tag}", room, "n2")
    stack.kill("ingest-2")
    ada.enter("still here")
    await ada.reads(": still here")
    await ada.end()
    stack.wait_ready("ingest-2")
