"""Which partition of the log a key lives in.

The same rule as every Kafka client's default: murmur2 of the key, made positive, modulo the number
of partitions. The number belongs to the log's epoch: it never changes under a running epoch.
"""

from functools import lru_cache

from aiokafka.partitioner import murmur2

PARTITIONS = 24


@lru_cache(maxsize=65_536)
def partition_of(key: str) -> int:
    """Return the partition, 0 to PARTITIONS - 1, of a room (or, for signals of a user, a user)."""
    return int(murmur2(key.encode()) & 0x7FFFFFFF) % PARTITIONS
