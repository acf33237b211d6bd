"""The part of a text that shows why it was found, with what was looked for apart from the rest. Pure.

Never HTML: a list of pieces, each with whether it matches, which a client shows as text.
"""

from collections.abc import Sequence

from api.messages import Json
from api.search_query import Match

MAX_CHARS = 300
_BEFORE_CHARS = 60
_ELLIPSIS = "…"


def snippet(text: str, matches: Sequence[Match]) -> list[Json]:
    """Return the pieces of a text around its first match; `matches` are in order and apart."""
    start, end = _window(text, matches[0].start if matches else 0)
    pieces: list[Json] = []
    at = start
    for match in matches:
        if match.start < start or match.end > end:
            continue
        _add(pieces, text[at : match.start], False)
        _add(pieces, text[match.start : match.end], True)
        at = match.end
    _add(pieces, text[at:end], False)
    if start > 0:
        pieces.insert(0, {"text": _ELLIPSIS, "match": False})
    if end < len(text):
        pieces.append({"text": _ELLIPSIS, "match": False})
    return pieces


def _window(text: str, first: int) -> tuple[int, int]:
    """Return where the shown part begins and ends: around the first match, at a space where one is near."""
    if len(text) <= MAX_CHARS:
        return 0, len(text)
    start = max(0, min(first - _BEFORE_CHARS, len(text) - MAX_CHARS))
    if start > 0:
        space = text.find(" ", start, min(first, start + _BEFORE_CHARS // 2))
        start = space + 1 if space >= 0 else start
    end = min(len(text), start + MAX_CHARS)
    if end < len(text):
        space = text.rfind(" ", end - _BEFORE_CHARS // 2, end)
        end = space if space >= 0 else end
    return start, end


def _add(pieces: list[Json], text: str, is_match: bool) -> None:
    if text:
        pieces.append({"text": text, "match": is_match})
