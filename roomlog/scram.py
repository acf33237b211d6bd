"""A request of Kafka's protocol that aiokafka lacks: AlterUserScramCredentials, version 0 (KIP-554).

https://kafka.apache.org/protocol#The_Messages_AlterUserScramCredentials
"""

from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    CompactArray,
    CompactBytes,
    CompactString,
    Int8,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

_SHA_512 = 2


class _Answer(Response):  # type: ignore[misc]
    API_KEY = 51
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "results",
            CompactArray(
                ("user", CompactString("utf-8")),
                ("error_code", Int16),
                ("error_message", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _Struct(RequestStruct):  # type: ignore[misc]
    API_KEY = 51
    API_VERSION = 0
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = _Answer
    SCHEMA = Schema(
        (
            "deletions",
            CompactArray(
                ("name", CompactString("utf-8")), ("mechanism", Int8), ("tags", TaggedFields)
            ),
        ),
        (
            "upsertions",
            CompactArray(
                ("name", CompactString("utf-8")),
                ("mechanism", Int8),
                ("iterations", Int32),
                ("salt", CompactBytes),
                ("salted_password", CompactBytes),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class AlterUserScramCredentials(Request[_Struct]):  # type: ignore[misc]
    """Sets one user's credential for SCRAM-SHA-512, made of the password by PBKDF2."""

    API_KEY = 51

    def __init__(self, user: str, iterations: int, salt: bytes, salted_password: bytes) -> None:
        self._row: tuple[object, ...] = (user, _SHA_512, iterations, salt, salted_password, {})

    def build(self, request_struct_class: type[_Struct]) -> _Struct:
        """Return the request as it travels."""
        return request_struct_class([], [self._row], {})
