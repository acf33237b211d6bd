"""The same broadcast in the usual way: FastAPI on uvicorn, `send_text` to one follower after the other.

With uvloop and the fastest of uvicorn's WebSocket protocols, without compression:

    python -m bench.baselines.stub_uvicorn PORT
"""

import sys

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

from bench.baselines.stub import HELLO, SUBPROTOCOL, Rooms

app = FastAPI()
rooms = Rooms()


@app.websocket("/ws")
async def talk(socket: WebSocket) -> None:
    """Serve one client until it goes."""
    await socket.accept(subprotocol=SUBPROTOCOL)
    await socket.send_text(HELLO.decode())
    try:
        while True:
            answer, said = rooms.take(socket, (await socket.receive_text()).encode())
            await socket.send_text(answer.decode())
            for room, lines in said.items():
                text = lines.decode()
                for follower in rooms.followers[room]:
                    await follower.send_text(text)
    except WebSocketDisconnect:
        return


if __name__ == "__main__":
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        backlog=4_096,
        log_level="warning",
    )
