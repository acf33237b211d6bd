"""Many sockets are written to with one system call, where the kernel offers it (io_uring, Linux 6.0).

A write of a small frame costs 7 us, of which a fifth is the way into the kernel and back. Where io_uring
is not to be had (an older kernel, a container that forbids it), sockets are written to one by one.
docs/decisions/0037-many-writes-one-call.md has the measurements.
The numbers and layouts are those of <linux/io_uring.h>, the same wherever Linux runs.
"""

import ctypes
import errno
import logging
import mmap
import os
import struct
import sys
from array import array
from collections.abc import Sequence
from typing import Any

_SETUP, _ENTER = 425, 426
_FLAGS = 1 << 7 | 1 << 8 | 1 << 12
"""A request that fails stops no other; nobody is interrupted for an answer; one thread asks."""
_PARAMS = struct.Struct("=2I 32x 7I 12x 6I 16x")
_REQUESTS_AT = 0x10000000
_ENTRIES = 4096
_REQUEST = struct.Struct("=BxHiQQIIQ 24x")
_ANSWER = 16
_SEND = 26
_MSG = 0x40 | 0x4000
"""MSG_DONTWAIT, so that the answer is there when the call returns, and MSG_NOSIGNAL."""
_GETEVENTS = 1
_log = logging.getLogger(__name__)

Batch = tuple["array[int]", bytes]
"""Descriptors of sockets, and the frame that each of them gets."""
Short = tuple[int, int, int]
"""The number of a batch, a place in it, and how much of the frame that socket took (bytes)."""
_Part = tuple[int, int, int, int]
"""Where requests lie in the ring, how many, of which batch, and from which place in it."""


class Ring:
    """Requests as the kernel reads them, and its answers. For the thread that made it."""

    def __init__(self) -> None:
        """Raises OSError where there is no io_uring."""
        if sys.platform != "linux":
            raise OSError(errno.ENOSYS, "io_uring is Linux's")
        self._call: Any = ctypes.CDLL(None, use_errno=True).syscall
        params = (ctypes.c_char * _PARAMS.size)()
        struct.pack_into("=I", params, 8, _FLAGS)
        self._fd: int = self._call(_SETUP, _ENTRIES, params)
        if self._fd < 0:
            code = ctypes.get_errno()
            raise OSError(code, f"io_uring_setup: {os.strerror(code)}")
        entries, answers, *at = _PARAMS.unpack(params)
        head, tail, order, answers_head, answers_tail, answers_at = (
            at[i] for i in (0, 1, 6, 7, 8, 12)
        )
        size = max(order + 4 * entries, answers_at + _ANSWER * answers)
        shared = memoryview(mmap.mmap(self._fd, size))
        self._words = shared.cast("I")
        self._head, self._tail = head // 4, tail // 4
        self._answers_head, self._answers_tail = answers_head // 4, answers_tail // 4
        given = shared[answers_at : answers_at + _ANSWER * answers]
        self._results, self._places = given.cast("i")[2::4], given.cast("Q")[::2]
        requests = memoryview(mmap.mmap(self._fd, _REQUEST.size * entries, offset=_REQUESTS_AT))
        for place in range(entries):
            self._words[order // 4 + place] = place
            _REQUEST.pack_into(requests, _REQUEST.size * place, _SEND, 0, -1, 0, 0, 0, _MSG, place)
        ints, longs = requests.cast("i"), requests.cast("Q")
        self._fds, self._sizes, self._addresses = ints[1::16], ints[6::16], longs[2::8]
        self._entries, self._answers = entries, answers

    def send(self, batches: Sequence[Batch]) -> list[Short]:
        """Send to each socket the frame of its batch; return those that did not take all of it."""
        short: list[Short] = []
        parts: list[_Part] = []
        place = self._words[self._tail] % self._entries
        for number, (fds, frame) in enumerate(batches):
            address = ctypes.cast(ctypes.c_char_p(frame), ctypes.c_void_p).value or 0
            start = 0
            while start < len(fds):
                some = fds[start : start + self._entries - place]
                end = place + len(some)
                self._fds[place:end] = some
                self._sizes[place:end] = array("i", [len(frame)]) * len(some)
                self._addresses[place:end] = array("Q", [address]) * len(some)
                parts.append((place, len(some), number, start))
                start += len(some)
                place = end % self._entries
                if place == 0:
                    short += self._submit(parts, batches)
                    parts = []
        if parts:
            short += self._submit(parts, batches)
        return short

    def _submit(self, parts: Sequence[_Part], batches: Sequence[Batch]) -> list[Short]:
        """Have the requests carried out, none of which lies beyond the ring's end; see `send`."""
        count = sum(part[1] for part in parts)
        words = self._words
        words[self._tail] = (words[self._tail] + count) % 2**32
        left = count
        while left:
            taken = self._call(_ENTER, self._fd, left, left, _GETEVENTS, None, 0)
            if taken > 0:
                left -= taken
            elif taken == 0 or ctypes.get_errno() != errno.EINTR:
                words[self._tail] = words[self._head]  # no memory: the rest is not sent
                break
        done = count - left
        first = words[self._answers_head]
        while (words[self._answers_tail] - first) % 2**32 < done:
            self._call(_ENTER, self._fd, 0, done, _GETEVENTS, None, 0)
        at = first % self._answers
        results = self._results[at : at + done].tolist()
        places = self._places[at : at + done]
        wanted: list[int] = []
        for _, some, number, _ in parts:
            wanted += [len(batches[number][1])] * some
        short: list[Short] = []
        if results != wanted:
            short = _short(parts, wanted, dict(zip(places, results, strict=True)))
        words[self._answers_head] = (first + done) % 2**32
        return short


def open_ring() -> Ring | None:
    """Return a ring for this thread; None where the kernel gives none, which the log tells."""
    try:
        return Ring()
    except OSError as error:
        _log.info("no io_uring (%s): sockets are written to one by one", error)
        return None


def _short(parts: Sequence[_Part], wanted: Sequence[int], took: dict[int, int]) -> list[Short]:
    """Tell who did not take what was wanted, whatever order the answers came in."""
    asked = [
        (place + i, (number, start + i))
        for place, some, number, start in parts
        for i in range(some)
    ]
    return [
        (*who, max(took.get(place, 0), 0))
        for (place, who), size in zip(asked, wanted, strict=True)
        if took.get(place) != size
    ]
