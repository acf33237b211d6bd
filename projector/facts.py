"""Plain facts of many records at once: the fields that the codec reads one by one, from columns. Pure.

Taken are those of the current schema that have nothing but texts: joins and departures above all. Whatever might be
wrong in any way is left out, for the codec to judge. `projector.posts` does the same for messages.
"""

from typing import Any

import numpy as np

from schemas.columns import ColumnDecoder, Decoded, Spans

_SHOWN = ("event_id", "room_id", "workspace_id", "sender_id")
_HIDDEN = ("key", "node", "via", "trace")
"""What no read model has: it only has to be UTF-8."""

Fields = dict[str, Any]
"""As a codec's `decode_fields` returns them, without what no read model has."""


def plain_facts(decoder: ColumnDecoder, found: Decoded) -> dict[int, Fields]:
    """Return the plain facts among decoded records, by the place of each record."""
    facts: dict[int, Fields] = {}
    for branch, (places, body) in found.bodies.items():
        if not decoder.are_texts[branch]:
            continue
        plain = found.plain[places]
        for name in _HIDDEN:
            plain &= found.are_ascii(found.texts[name].at(places))
        good = np.flatnonzero(plain)
        shown = {name: found.texts[name].at(places[good]) for name in _SHOWN}
        said = {name: spans.at(good) for name, spans in body.items()}
        try:
            envelopes, bodies = _rows(found, shown), _rows(found, said)
        except UnicodeDecodeError:
            continue
        times = found.numbers["occurred_at"][places[good]].tolist()
        kind = f"roomlog.{decoder.branches[branch]}"
        parts = zip(places[good].tolist(), envelopes, bodies, times, strict=True)
        for place, envelope, fields, at in parts:
            facts[place] = {**envelope, "occurred_at": at, "body": (kind, fields)}
    return facts


def _rows(found: Decoded, columns: dict[str, Spans]) -> list[dict[str, str]]:
    """Return a dictionary for each record; raises UnicodeDecodeError."""
    texts = [[piece.decode() for piece in found.pieces(spans)] for spans in columns.values()]
    return [dict(zip(columns, row, strict=True)) for row in zip(*texts, strict=True)]
