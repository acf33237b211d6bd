"""Plain messages of many records at once: the rows that `projector.batch` makes one by one, in columns. Pure.

What numpy does for thousands costs it about as much for a dozen, so this pays from some dozens on. Taken
are new messages of the current schema that are unsealed, name nobody, have no file, and ids in the usual
form; everything else, and whatever might be wrong in any way, is left out, for the codec to judge.
"""

from collections.abc import Iterable, Sequence
from itertools import compress
from operator import eq
from typing import NamedTuple

import numpy as np

from projector.id_columns import as_bytes, as_texts, ids_at
from projector.rows import PLAIN_TAIL, heads, reply_tail
from roomlog.partitions import partition_of
from roomlog.readmodels.tables import EARLIEST_MICROS, LATEST_MICROS
from schemas.columns import ColumnDecoder, Decoded, Ints

PAYS_FROM = 64
"""So many records at once are cheaper than one by one."""

_POSTED = "MessagePosted"
_IDS = ("room_id", "event_id", "sender_id")
_FREE_TEXTS = ("workspace_id", "key", "node", "via", "trace")


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
    home_of = {room: partition_of(room) for room in set(posts.rooms)}
    homes, there = [home_of[r] for r in posts.rooms], [partitions[p] for p in posts.places]
    return posts if homes == there else posts.only(map(eq, homes, there))


class _Columns:
    """The messages among decoded records."""

    def __init__(self, found: Decoded, branch: int) -> None:
        self._found = found
        self._places, body = found.bodies[branch]
        self._decoded = found.plain[self._places]
        self._times = found.numbers["occurred_at"][self._places]
        self._spans = {n: s.at(self._places) for n, s in found.texts.items()} | body
        self._ids = {n: ids_at(found.data, self._spans[n]) for n in (*_IDS, "reply_to")}

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
            as_texts(room),
            offsets[places].tolist(),
            as_bytes(event),
            as_texts(sender),
            times.tolist(),
            list(map(b"".join, zip(head, texts, tails, strict=True))),
        )
        return posts if _is_storable(b"\n".join(texts)) else posts.only(map(_is_storable, texts))

    def _tails(self, which: Ints) -> list[bytes]:
        found = [PLAIN_TAIL] * len(which)
        replies = np.flatnonzero(self._spans["reply_to"].size[which] > 0)
        targets = as_bytes(self._ids["reply_to"].value[which[replies]])
        for place, target in zip(replies.tolist(), targets, strict=True):
            found[place] = reply_tail(target)
        return found


def _is_storable(text: bytes) -> bool:
    try:
        return "\0" not in text.decode()
    except UnicodeDecodeError:
        return False
