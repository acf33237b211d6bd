"""The Python client behind JSON lines: requests on stdin, answers and what the client hands on on stdout.

`driver.py` says what the lines are; `web/client/test/program.ts` is its counterpart.
"""

import asyncio
import json
import sys
from typing import Any

from roomlog.client import Client, ConnectionEnded
from roomlog.errors import Refused

Json = dict[str, Any]


def write(line: Json) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


class Program:
    """One client, and what it is asked to do."""

    client: Client

    def __init__(self) -> None:
        self.tasks: set[asyncio.Task[None]] = set()

    async def connect(self, request: Json) -> Json:
        tokens = [request["token"], request.get("later")]

        async def renewed() -> str:
            return tokens.pop(0) if len(tokens) > 1 else tokens[0]

        urls = [node["url"] for node in request["nodes"]]
        self.client = Client.start(urls, renewed if tokens[1] else tokens[0])
        self.spawn(self.hand_on())
        return {}

    async def hand_on(self) -> None:
        async for frame in self.client:
            match frame["op"]:
                case "hello":
                    write({"op": "online", "node": frame["node"]})
                case "error":
                    write({"op": "refused", "room": frame.get("room"), "code": frame["code"]})
                case _:
                    write(frame)
        write({"op": "ended"})

    async def command(self, request: Json) -> Json:
        ack = await self.client.perform(request["command"])
        return {"event": ack.event, "cursor": ack.cursor, "room": ack.room}

    async def follow(self, request: Json) -> Json:
        try:
            await self.client.subscribe(request["room"], request.get("cursor"))
        except Refused as refused:
            write({"op": "refused", "room": request["room"], "code": refused.code})
        return {}

    async def unfollow(self, request: Json) -> Json:
        await self.client.unsubscribe(request["room"])
        return {}

    async def typing(self, request: Json) -> Json:
        self.client.typing(request["room"])
        return {}

    async def presence(self, request: Json) -> Json:
        await self.client.set_presence(request["state"])
        return {}

    async def renew(self, request: Json) -> Json:
        await self.client.renew(request["token"])
        return {}

    async def answer(self, request: Json) -> None:
        try:
            done = await getattr(self, request["do"])(request)
            write({"n": request["n"], "done": done})
        except Refused as refused:
            write({"n": request["n"], "failed": refused.code})
        except ConnectionEnded:
            write({"n": request["n"], "failed": "closed"})

    def spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)


async def main() -> None:
    lines = asyncio.StreamReader(limit=2**24)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    program = Program()
    async for line in lines:
        for request in json.loads(line):
            program.spawn(program.answer(request))
    await program.client.close()


if __name__ == "__main__":
    asyncio.run(main())
