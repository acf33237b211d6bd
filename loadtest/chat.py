"""One user's connection to the nodes: kept up, resumed, and everything that comes judged and counted.

The rules are those of any client (docs/protocol.md): a lost connection is replaced by one to the next node,
what was not answered is sent again under the same key, rooms go on from the cursor. It is not
`roomlog.client`, which is asyncio, and which would hide what a load test is to find.
"""

import time
from collections.abc import Callable

import gevent
import msgspec
from gevent.event import AsyncResult, Event
from gevent.lock import BoundedSemaphore

from loadtest.connection import ChatError, Connection, since_ms
from loadtest.frames import Frame, MessageKey, decode, read_key
from loadtest.run import Run, now_us
from loadtest.track import Track
from roomlog import ids
from roomlog.errors import ErrorCode

ANSWER_S = 30.0
_RETRY_MS = 200
_SUB_RETRIES = 6
"""What was made a moment ago through another node may not be known everywhere yet."""
_NOT_YET = (ErrorCode.NO_SUCH_ROOM, ErrorCode.NOT_A_MEMBER)
_encode = msgspec.json.Encoder().encode


class _Post(msgspec.Struct, frozen=True):
    """A message on its way."""

    line: bytes
    room: str
    key: MessageKey


class _Ask(msgspec.Struct, frozen=True):
    """A command on its way whose answer somebody waits for."""

    line: bytes
    answer: "AsyncResult[Frame]"


class Chat(Connection):
    """A user of the run, by number. `window` is how many messages may be unanswered at a time."""

    def __init__(self, run: Run, number: int, window: int = 100, receive_bytes: int = 0) -> None:
        super().__init__(run, number, receive_bytes)
        self.tracks: dict[str, Track] = {}
        self.delivery = "delivery"
        """The name that this user's deliveries are counted under."""
        self.on_frame: Callable[[Frame], None] = lambda _frame: None
        """Gets what is no event and no answer, such as presence."""
        self._window = BoundedSemaphore(window)
        self._ids = self._messages = 0
        self._posts: dict[int, _Post] = {}
        self._asks: dict[int, _Ask] = {}
        self._subs: dict[int, Track] = {}
        self._refused_subs = 0
        self._resuming_since = 0.0
        """When the connection was lost, by `perf_counter`; 0 while all rooms are followed."""
        self._moved = Event()
        """Set whenever a room is followed."""

    # Commands.

    def request(self, **command: object) -> Frame:
        """Send a command, again where that helps, and return its ack; raises ChatError."""
        self._ids += 1
        ask = _Ask(_encode({**command, "id": self._ids}), AsyncResult())
        self._asks[self._ids] = ask
        self._send([ask.line])
        try:
            answer: Frame = ask.answer.get(timeout=ANSWER_S)
        except gevent.Timeout:
            raise ChatError(f"{command['op']}: no answer in {ANSWER_S:.0f} s") from None
        if answer.op == "error":
            raise ChatError(f"{command['op']}: {answer.code}: {answer.message}")
        return answer

    def follow(self, room: str, judged: bool = True) -> None:
        """Follow a room from now on and return once its events come; raises ChatError.

        What comes of it is evidence if it is `judged`, so that the user has to stay to the end.
        """
        track = self.tracks[room] = Track(self.number, room)
        if judged:
            self.run.tracks.append(track)
        self._ask_for([track])
        with gevent.Timeout(ANSWER_S, ChatError(f"sub: no answer in {ANSWER_S:.0f} s")):
            while track.mode != "live":
                self._moved.wait()
                self._moved.clear()

    def enter(self, room: str) -> None:
        """Become a member of a public room and follow it; raises ChatError."""
        self.request(op="join", room=room, key=ids.new_id())
        self.follow(room)

    def post(self, room: str, texts: list[str], due_us: int | None = None) -> None:
        """Post messages, in one frame where there are several, as soon as the window allows."""
        lines: list[bytes] = []
        for text in texts:
            if not self._window.acquire(blocking=False):
                self._send(lines)
                lines = []
                self._window.acquire()
            lines.append(self._new_post(room, text, due_us or now_us()))
        self._send(lines)

    def _new_post(self, room: str, text: str, due_us: int) -> bytes:
        self._ids += 1
        self._messages += 1
        key = MessageKey(self.run.plan.run, self.number, self._messages, due_us)
        line = _encode({"op": "send", "id": self._ids, "room": room, "key": str(key), "text": text})
        self._posts[self._ids] = _Post(line, room, key)
        self.run.counts["sent"] += 1
        return line

    def _ask_for(self, tracks: list[Track]) -> None:
        lines = []
        for track in tracks:
            self._ids += 1
            track.asked()
            self._subs[self._ids] = track
            cursor = {"cursor": track.cursor} if track.cursor is not None else {}
            lines.append(_encode({"op": "sub", "id": self._ids, "room": track.room, **cursor}))
        self._send(lines)

    # The connection.

    def _on_lost(self) -> None:
        self._resuming_since = self._resuming_since or time.perf_counter()
        self._subs.clear()
        for track in self.tracks.values():
            track.detached()

    def _on_back(self) -> None:
        self._ask_for(list(self.tracks.values()))
        self._send([a.line for a in self._asks.values()] + [p.line for p in self._posts.values()])
        self._on_followed()

    def _renew_with(self, token: str) -> None:
        self.request(op="auth", token=token)

    # What comes.

    def _on_line(self, line: bytes, now: int) -> None:
        try:
            frame = decode(line)
        except msgspec.MsgspecError as error:
            self.run.fire("WS", "frame", 0, ChatError(f"not of the protocol: {error}"))
            return
        if frame.op == "event":
            self._on_event(frame, len(line), now)
        elif frame.op == "ack":
            self._on_ack(frame, now)
        elif frame.op == "error":
            self._on_error(frame, now)
        elif frame.op == "caught_up":
            if (track := self.tracks.get(frame.room)) is not None:
                track.caught_up()
                self._on_followed()
        elif frame.op == "reset":
            self.run.fire("WS", "resume", 0, ChatError("reset: too much was missed to resume"))
        elif frame.op == "reconnect":
            gevent.spawn(self.leave, frame.within_ms)
        else:
            self.on_frame(frame)

    def _on_event(self, frame: Frame, length: int, now: int) -> None:
        track = self.tracks.get(frame.room)
        if track is None:
            return
        replayed = track.mode == "replaying"
        taken = track.take(frame.cursor, frame.prev)
        if taken == "gap":
            self._ask_for([track])
        if taken != "new" or (key := read_key(self.run.plan.run, frame.key)) is None:
            return
        track.keep(key.message)
        self.run.counts["delivered"] += 1
        name = "delivery after a resume" if replayed else self.delivery
        self.run.fire("WS", name, (now - key.due_us) / 1_000, length=length)

    def _on_ack(self, frame: Frame, now: int) -> None:
        number = frame.id if isinstance(frame.id, int) else -1
        if (post := self._posts.pop(number, None)) is not None:
            self._window.release()
            self.run.counts["acked"] += 1
            self.run.note_acked(post.room, frame.cursor, post.key.message)
            self.run.fire("WS", "ack", (now - post.key.due_us) / 1_000)
        elif (track := self._subs.pop(number, None)) is not None:
            self._refused_subs = 0
            track.acked(frame.cursor)
            self._on_followed()
        elif (ask := self._asks.pop(number, None)) is not None:
            ask.answer.set(frame)

    def _on_error(self, frame: Frame, now: int) -> None:
        number = frame.id if isinstance(frame.id, int) else -1
        wait = (frame.retry_after_ms or _RETRY_MS) / 1_000
        if frame.code == ErrorCode.RATE_LIMITED:
            self.run.counts["rate limited"] += 1
        if (track := self._subs.pop(number, None)) is not None:
            self._on_sub_refused(track, frame, wait)
        elif frame.retryable:
            waiting = self._posts.get(number) or self._asks.get(number)
            if waiting is not None:
                gevent.spawn_later(wait, self._send_again, number)
        elif (post := self._posts.pop(number, None)) is not None:
            self._window.release()
            self.run.counts["refused"] += 1
            told = ChatError(f"{frame.code}: {frame.message}")
            self.run.fire("WS", "ack", (now - post.key.due_us) / 1_000, told)
        elif (ask := self._asks.pop(number, None)) is not None:
            ask.answer.set(frame)
        else:
            self.run.fire("WS", "frame", 0, ChatError(f"{frame.code}: {frame.message}"))

    def _send_again(self, number: int) -> None:
        waiting = self._posts.get(number) or self._asks.get(number)
        if waiting is not None:
            self._send([waiting.line])

    def _on_sub_refused(self, track: Track, frame: Frame, wait: float) -> None:
        self._refused_subs += 1
        if frame.retryable or (frame.code in _NOT_YET and self._refused_subs <= _SUB_RETRIES):
            gevent.spawn_later(wait, self._ask_again, track)
        else:
            self.run.fire("WS", "resume", 0, ChatError(f"sub: {frame.code}: {frame.message}"))

    def _ask_again(self, track: Track) -> None:
        if track.mode == "asked" and track not in self._subs.values():
            self._ask_for([track])

    def _on_followed(self) -> None:
        """A room is followed (again); the one that was away is back once all of them are."""
        self._moved.set()
        if self._resuming_since and all(t.mode == "live" for t in self.tracks.values()):
            self.run.fire("WS", "resume", since_ms(self._resuming_since))
            self.run.counts["resumed"] += 1
            self._resuming_since = 0.0
