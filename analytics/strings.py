"""Strings that were decoded as spans, for pyarrow."""

from typing import Any

import numpy as np
import pyarrow as pa

from schemas.columns import Bytes, Spans, gathered


def strings(data: Bytes, spans: Spans) -> Any:
    """Return a pyarrow.StringArray of spans; raises pyarrow.ArrowInvalid for what is no UTF-8."""
    size = np.maximum(spans.size, 0)
    offsets = np.zeros(len(size) + 1, np.int32)
    np.cumsum(size, out=offsets[1:])
    nulls = pa.py_buffer(np.packbits(spans.size >= 0, bitorder="little").tobytes())
    buffers = pa.py_buffer(offsets.tobytes()), pa.py_buffer(gathered(data, spans.start, size))
    found = pa.StringArray.from_buffers(len(size), *buffers, nulls)
    found.validate(full=True)
    return found
