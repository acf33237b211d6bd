"""What aiokafka's connections do on uvloop when a broker has just reset one."""

from collections.abc import Awaitable
from typing import Any

from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError

_send = AIOKafkaConnection.send


def send(
    connection: AIOKafkaConnection, request: Any, expect_response: bool = True
) -> Awaitable[Any]:
    """Send a request as `AIOKafkaConnection.send` does; raises KafkaConnectionError where the connection is gone.

    For a moment after a reset uvloop refuses to write with a RuntimeError (aiokafka #1038), where asyncio's own
    loop takes what nobody gets. aiokafka does not expect it: the task of a client that learns who leads a partition
    ends for good, and whatever asks for offsets later waits in vain.
    """
    try:
        answer: Awaitable[Any] = _send(connection, request, expect_response)
    except RuntimeError as error:
        connection.close(reason=CloseReason.CONNECTION_BROKEN)
        raise KafkaConnectionError(f"the connection was reset: {error}") from error
    return answer


def mend() -> None:
    """Let every connection of aiokafka in this process send like this."""
    AIOKafkaConnection.send = send
