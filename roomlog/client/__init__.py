"""A WebSocket client of the ingest nodes for Python programs: the API's writes, imports, chat, tests.

    async with await Client.connect(["ws://127.0.0.1:8101/ws", "ws://127.0.0.1:8102/ws"], token) as client:
        await client.send(room, "hello")
        async with client.room(room) as events:
            async for event in events:
                print(event["sender"], event["type"], event["d"])

When a connection is lost the client goes to the next address by itself, follows its rooms from where they
were, and sends again, in their order and under the same keys, what was not answered; so each command still
takes effect once, and each event is handed on once and in order. docs/clients.md tells the rest.
"""

from roomlog.client.client import Client
from roomlog.client.connection import Addresses, ConnectionEnded, Token
from roomlog.client.events import RoomEvents, RoomReset
from roomlog.client.replies import Frame

__all__ = [
    "Addresses",
    "Client",
    "ConnectionEnded",
    "Frame",
    "RoomEvents",
    "RoomReset",
    "Token",
]
