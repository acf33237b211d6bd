"""What can be seen of a record in wire format without decoding it: the event id, its first field."""

HEADER_BYTES = 5
ID_BYTES = 36


def event_id(value: bytes) -> bytes:
    """Return the event id of a value in wire format, b"" where there is none to be found."""
    length = shift = 0
    for at in range(HEADER_BYTES, min(len(value), HEADER_BYTES + 5)):
        length |= (value[at] & 0x7F) << shift
        shift += 7
        if not value[at] & 0x80:
            return value[at + 1 : at + 1 + (length >> 1)] if not length & 1 else b""
    return b""
