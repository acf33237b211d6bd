"""Raw records in, rows out: what is selected of a chunk of the log, as a pyarrow.RecordBatch."""

from collections.abc import Callable
from itertools import repeat
from typing import Any, Literal, NamedTuple, get_args, get_origin

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analytics.rows import SCHEMA, Row, batch_of, row_of
from analytics.selection import Selection
from analytics.strings import strings
from roomlog.events import BODY_TYPES, ChatEvent
from roomlog.kafka import Chunk
from roomlog.protocol.event_frames import CLIENT_NAMES
from schemas import files
from schemas.codec import ChatEventCodec, PoisonRecord, chat_event_codec
from schemas.columns import ColumnDecoder, Decoded, Ints
from schemas.registry import Resolved

_TEXT_COLUMNS = ("text", "reply_to")
_encode_lines = msgspec.json.Encoder().encode_lines


class Poison(NamedTuple):
    """A record that nobody can read, and why."""

    partition: int
    offset: int
    reason: str


class _View(NamedTuple):
    """How a type's body becomes JSON: a Struct of its fields, with the names that clients see."""

    struct: type[msgspec.Struct]
    fields: list[tuple[str, object]]
    allowed: dict[str, frozenset[str]]
    """Fields that take only certain values."""


class _Odd(ValueError):
    """Something in a chunk that only the codec can judge."""


class Extractor:
    """Makes rows of chunks. `repeats` counts rows left out because their event came before."""

    def __init__(
        self,
        resolved: Resolved,
        selection: Selection,
        distinct: bool,
        on_poison: Callable[[Poison], None],
    ) -> None:
        self._codec: ChatEventCodec = chat_event_codec(*resolved)
        self._decoder = ColumnDecoder(files.current(ChatEvent.SUBJECT), resolved.writer_id)
        self._names = pa.array(self._decoder.branches, pa.string())
        self._views = [_view(name) for name in self._decoder.branches]
        self._selection = selection
        self._on_poison = on_poison
        self._seen: set[bytes] | None = set() if distinct else None
        self.repeats = 0

    def rows(self, chunk: Chunk) -> Any:
        """Return the selected rows of a chunk in their order, as a RecordBatch of SCHEMA."""
        found = self._decoder.decode(chunk.values)
        try:
            fast = self._fast(chunk, found)
            left = np.flatnonzero(~found.plain).tolist()
        except (pa.ArrowInvalid, _Odd):  # no UTF-8, or an unknown value: one by one, to know which
            fast, left = batch_of([]), list(range(len(chunk.values)))
        slow = [row for i in left if (row := self._slow(chunk, i)) is not None]
        batch = _in_order(fast, batch_of(slow)) if slow else fast
        return batch if self._seen is None else self._without_repeats(batch, self._seen)

    def _fast(self, chunk: Chunk, found: Decoded) -> Any:
        rows = self._selected(found)
        # Also those that no column takes: one that is no UTF-8 makes its record unreadable.
        envelope = {n: strings(found.data, spans.at(rows)) for n, spans in found.texts.items()}
        body, texts = self._bodies(found, rows)
        size = len(rows)
        columns = {
            **envelope,
            **texts,
            "partition": np.full(size, chunk.partition, np.int32),
            "offset": np.array(chunk.offsets, np.int64)[rows],
            "type": self._names.take(pa.array(found.branch[rows])),
            "ts": pa.array(found.numbers["occurred_at"][rows]).cast(SCHEMA.field("ts").type),
            "body": body,
        }
        return pa.RecordBatch.from_arrays(
            [pa.array(columns[n]) for n in SCHEMA.names], schema=SCHEMA
        )

    def _selected(self, found: Decoded) -> Ints:
        """Return the places of the records that were read and are selected."""
        wanted, taken = self._selection, found.plain
        if wanted.types:
            numbers = [i for i, n in enumerate(self._decoder.branches) if n in wanted.types]
            taken = taken & np.isin(found.branch, numbers)
        at = found.numbers["occurred_at"]
        taken = taken & (at >= wanted.since) & (at < wanted.until)
        rows = np.flatnonzero(taken)
        for column, values in (("room_id", wanted.rooms), ("workspace_id", wanted.workspaces)):
            if values:
                there = strings(found.data, found.texts[column].at(rows))
                inside = pc.is_in(there, pa.array(sorted(values), pa.string()))
                rows = rows[inside.to_numpy(zero_copy_only=False)]
        return rows

    def _bodies(self, found: Decoded, rows: Ints) -> tuple[Any, dict[str, Any]]:
        """Return the JSON of the bodies, and the text columns that are taken out of them."""
        place = np.full(len(found.plain), -1, np.int64)
        place[rows] = np.arange(len(rows))
        body = np.empty(len(rows), object)
        texts = {name: np.full(len(rows), None, object) for name in _TEXT_COLUMNS}
        for branch, (records, columns) in found.bodies.items():
            inside = np.flatnonzero(place[records] >= 0)
            at = place[records[inside]]
            values = {n: strings(found.data, c.at(inside)).to_pylist() for n, c in columns.items()}
            body[at] = _json(self._views[branch], values)
            for name in texts.keys() & values.keys():
                texts[name][at] = values[name]
        return pa.array(body, pa.string()), {n: pa.array(v, pa.string()) for n, v in texts.items()}

    def _slow(self, chunk: Chunk, i: int) -> Row | None:
        offset = chunk.offsets[i]
        try:
            event = self._codec.decode(chunk.values[i])
        except PoisonRecord as error:
            self._on_poison(Poison(chunk.partition, offset, str(error)))
            return None
        kept = event.room_id, event.workspace_id, event.type, event.occurred_at
        return row_of(event, chunk.partition, offset) if self._selection.takes(*kept) else None

    def _without_repeats(self, batch: Any, seen: set[bytes]) -> Any:
        names = batch.column("event_id").cast(pa.binary()).to_pylist()
        before = len(seen)
        new = set(names)
        if len(new) == len(names) and seen.isdisjoint(new):
            seen |= new
            return batch
        keep = [name not in seen and not seen.add(name) for name in names]  # type: ignore[func-returns-value]
        self.repeats += len(names) - (len(seen) - before)
        return batch.filter(pa.array(keep))


def _view(name: str) -> _View:
    fields = msgspec.structs.fields(BODY_TYPES[name])
    plain = [f for f in fields if f.default_factory is msgspec.NODEFAULT]
    named = [
        (CLIENT_NAMES.get(f.name, f.name), Any)
        if f.required
        else (CLIENT_NAMES.get(f.name, f.name), Any, f.default)
        for f in plain
    ]
    struct = msgspec.defstruct(name, named, omit_defaults=True)
    allowed = {f.name: frozenset(get_args(f.type)) for f in plain if get_origin(f.type) is Literal}
    return _View(struct, [(f.name, f.default) for f in plain], allowed)


def _json(view: _View, values: dict[str, list[Any]]) -> list[bytes]:
    columns = []
    for name, default in view.fields:
        column = values.get(name)
        if name in view.allowed and not view.allowed[name].issuperset(column or ()):
            raise _Odd(name)
        if isinstance(default, str) and column is not None:
            # Defaults are left out by identity: an equal text must become the same one.
            column = [default if v == default else v for v in column]
        columns.append(repeat(default) if column is None else column)
    return _encode_lines(list(map(view.struct, *columns))).split(b"\n")[:-1]


def _in_order(one: Any, other: Any) -> Any:
    both = pa.Table.from_batches([one, other]).combine_chunks()
    return both.sort_by("offset").to_batches()[0]
