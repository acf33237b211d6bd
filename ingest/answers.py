"""What whoever sent a write is told in the end."""

from ingest.writes import Write
from roomlog import metrics
from roomlog.errors import ErrorCode, Refused
from roomlog.protocol.commands import CreateRoom
from roomlog.protocol.frames import failure

_RETRY_MS = 1_000
_ACK = b'{"op":"ack","id":%d,"event":"%b","cursor":"%d:%d"}'
_ACK_ROOM = b'{"op":"ack","id":%d,"event":"%b","cursor":"%d:%d","room":"%b"}'
_ACK_NOTHING = b'{"op":"ack","id":%d,"cursor":"%d:%d"}'
_ACK_ROOM_THERE = b'{"op":"ack","id":%d,"cursor":"%d:%d","room":"%b"}'


def acknowledge(write: Write, epoch: int) -> None:
    """Tell everybody who waits for a write where it is in the log, or that nothing changed."""
    if write.reply is not None:
        write.reply(_ack(write, write.command.id, epoch))
    if write.also is not None:
        for reply, command_id in write.also:
            if reply is not None:
                reply(_ack(write, command_id, epoch))


def refuse(write: Write, refused: Refused) -> None:
    """Tell everybody who waits for a write that it is not done; nobody waits afterwards."""
    also, write.also = write.also or [], None
    for reply, command_id in [(write.reply, write.command.id), *also]:
        if reply is not None:
            metrics.WS_ERRORS.labels(refused.code.value).inc()
            reply(failure(command_id, refused))
    write.reply = None
    if write.trace is not None:
        trace, write.trace = write.trace, None
        trace.refused(refused.code)


def unavailable(told: str = "the log does not answer; send it again under the same key") -> Refused:
    """Return the refusal for what cannot be written or looked up now."""
    return Refused(ErrorCode.UNAVAILABLE, told, _RETRY_MS)


def _ack(write: Write, command_id: int, epoch: int) -> bytes:
    if type(write.command) is not CreateRoom:
        if write.event_id:
            return _ACK % (command_id, write.event_id.encode(), epoch, write.offset)
        return _ACK_NOTHING % (command_id, epoch, write.offset)
    room = write.room_id.encode()
    if write.event_id:
        return _ACK_ROOM % (command_id, write.event_id.encode(), epoch, write.offset, room)
    return _ACK_ROOM_THERE % (command_id, epoch, write.offset, room)
