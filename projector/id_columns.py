"""Ids of many records at once: told from other texts, as bytes and as text. Pure."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from schemas.columns import Bytes, Mask, Spans, gathered

_CHARS = 36
_DASHES = [8, 13, 18, 23]
_DIGITS = [place for place in range(_CHARS) if place not in _DASHES]
_HIGH, _NO_DIGIT = np.uint8(16), 255
_DIGIT = np.full(256, _NO_DIGIT, np.uint8)
_DIGIT[list(b"0123456789abcdef")] = np.arange(16)


class IdColumn(NamedTuple):
    """An id of each record: its 16 bytes, and whether it is one in the usual form."""

    value: Bytes
    good: Mask


def ids_at(data: Bytes, spans: Spans) -> IdColumn:
    """Read the texts at these places as ids."""
    chars = sliding_window_view(data, _CHARS)[spans.start]
    digits = _DIGIT[chars[:, _DIGITS]]
    good = (spans.size == _CHARS) & (chars[:, _DASHES] == ord("-")).all(axis=1)
    return IdColumn(
        digits[:, ::2] * _HIGH | digits[:, 1::2], good & (digits != _NO_DIGIT).all(axis=1)
    )


def spelled(data: Bytes, spans: Spans) -> list[str]:
    """Return the ids at these places, all of which are in the usual form, as texts."""
    text = gathered(data, spans.start, spans.size).decode()
    return [text[at : at + _CHARS] for at in range(0, len(text), _CHARS)]


def as_bytes(ids: Bytes) -> list[bytes]:
    """Return the 16 bytes of each."""
    found: list[bytes] = np.ascontiguousarray(ids).view("V16").ravel().tolist()
    return found


def as_texts(ids: Bytes) -> list[str]:
    """Return the text of each; meant for rooms and people, since the same ones come again and again."""
    values = as_bytes(ids)
    known = {value: _text_of(value) for value in set(values)}
    return list(map(known.__getitem__, values))


@lru_cache(maxsize=65_536)
def _text_of(value: bytes) -> str:
    digits = value.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
