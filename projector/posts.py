"""Plain messages of many records at once: the rows that `projector.batch` makes one by one, in columns. Pure.

What numpy does for thousands costs it about as much for a dozen, so this pays from some dozens on. Taken
are new messages of the current schema that are unsealed, name nobody, have no file, and ids in the usual
form; everything else, and whatever might be wrong in any way, is left out, for the codec to judge.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import compress
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from projector.rows import PLAIN_TAIL, heads, reply_tail
from roomlog.partitions import partition_of
from roomlog.readmodels.tables import EARLIEST_MICROS, LATEST_MICROS
from schemas.columns import Bytes, ColumnDecoder, Decoded, Ints, Mask, Spans

PAYS_FROM = 64
"""So many records at once are cheaper than one by one."""

_POSTED = "MessagePosted"
_IDS = ("room_id", "event_id", "sender_id")
_FREE_TEXTS = ("workspace_id", "key", "node", "via", "trace")
_ID_CHARS = 36
_DASHES = [8, 13, 18, 23]
_DIGITS = [place for place in range(_ID_CHARS) if place not in _DASHES]
_HIGH, _NO_DIGIT = np.uint8(16), 255
_DIGIT = np.full(256, _NO_DIGIT, np.uint8)
_DIGIT[list(b"0123456789abcdef")] = np.arange(16)


class Posts(NamedTuple):
    """Messages side by side, in the order of their records."""

    places: list[int]
    """Which of the records each is."""
    rooms: list[str]
    offsets: list[int]
    events: list[bytes]
    """Event ids, 16 bytes."""
    senders: list[str]
    times: list[int]
    """Microseconds since 1970."""
    rows: list[bytes]
    """As COPY takes them."""

    def only(self, good: Iterable[bool]) -> "Posts":
        """Return those that are good."""
        mask = list(good)
        return self if all(mask) else Posts._make(list(compress(column, mask)) for column in self)


NO_POSTS = Posts([], [], [], [], [], [], [])


def plain_posts(
    decoder: ColumnDecoder, found: Decoded, partitions: Sequence[int], offsets: Sequence[int]
) -> Posts:
    """Return the plain messages among decoded records, given where these stand in the log."""
    branch = decoder.branches.index(_POSTED)
    if branch not in found.bodies:
        return NO_POSTS
    columns = _Columns(found, branch)
    places = columns.plain()
    posts = columns.posts(places, np.array(offsets, np.int64))
    homes = map(partition_of, posts.rooms)
    return posts.only(home == partitions[p] for home, p in zip(homes, posts.places, strict=True))


class _Ids(NamedTuple):
    """An id of each message: its 16 bytes, and whether it is one."""

    value: Bytes
    good: Mask


class _Columns:
    """The messages among decoded records."""

    def __init__(self, found: Decoded, branch: int) -> None:
        self._found = found
        self._places, body = found.bodies[branch]
        self._decoded = found.plain[self._places]
        self._times = found.numbers["occurred_at"][self._places]
        self._spans = {n: s.at(self._places) for n, s in found.texts.items()} | body
        self._ids = {n: _ids(found.data, self._spans[n]) for n in (*_IDS, "reply_to")}

    def plain(self) -> Ints:
        """Return which messages have times, ids and short texts that need no closer look."""
        times = self._times
        plain = self._decoded & (times >= EARLIEST_MICROS) & (times <= LATEST_MICROS)
        for name in _IDS:
            plain &= self._ids[name].good
        plain &= self._ids["reply_to"].good | (self._spans["reply_to"].size < 0)
        for name in _FREE_TEXTS:
            plain &= self._found.are_ascii(self._spans[name])
        return np.flatnonzero(plain)

    def posts(self, which: Ints, offsets: Ints) -> Posts:
        """Return some of the messages, without those whose text no row can hold."""
        places, times = self._places[which], self._times[which]
        room, event, sender = (self._ids[name].value[which] for name in _IDS)
        texts = self._found.pieces(self._spans["text"].at(which))
        tails = self._tails(which)
        head = heads(room, offsets[places], event, sender, times, self._spans["text"].size[which])
        posts = Posts(
            places.tolist(),
            [_text_of(room) for room in _as_bytes(room)],
            offsets[places].tolist(),
            _as_bytes(event),
            [_text_of(sender) for sender in _as_bytes(sender)],
            times.tolist(),
            [b"".join(row) for row in zip(head, texts, tails, strict=True)],
        )
        return posts if _is_storable(b"\n".join(texts)) else posts.only(map(_is_storable, texts))

    def _tails(self, which: Ints) -> list[bytes]:
        found = [PLAIN_TAIL] * len(which)
        replies = np.flatnonzero(self._spans["reply_to"].size[which] > 0)
        targets = _as_bytes(self._ids["reply_to"].value[which[replies]])
        for place, target in zip(replies.tolist(), targets, strict=True):
            found[place] = reply_tail(target)
        return found


def _ids(data: Bytes, spans: Spans) -> _Ids:
    chars = sliding_window_view(data, _ID_CHARS)[spans.start]
    digits = _DIGIT[chars[:, _DIGITS]]
    good = (spans.size == _ID_CHARS) & (chars[:, _DASHES] == ord("-")).all(axis=1)
    return _Ids(digits[:, ::2] * _HIGH | digits[:, 1::2], good & (digits != _NO_DIGIT).all(axis=1))


def _is_storable(text: bytes) -> bool:
    try:
        return "\0" not in text.decode()
    except UnicodeDecodeError:
        return False


def _as_bytes(ids: Bytes) -> list[bytes]:
    found: list[bytes] = np.ascontiguousarray(ids).view("V16").ravel().tolist()
    return found


@lru_cache(maxsize=65_536)
def _text_of(value: bytes) -> str:
    """Return the text of an id; the same rooms and people come again and again."""
    digits = value.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
