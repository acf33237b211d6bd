"""Which brokers keep which partition, when brokers come and go. Pure."""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import NamedTuple


class Partition(NamedTuple):
    """One partition of one topic."""

    topic: str
    number: int


Replicas = tuple[int, ...]
"""Ids of the brokers that keep a partition, the one that shall lead it first."""


def changes(
    now: Mapping[Partition, Replicas], brokers: Collection[int], copies: Mapping[str, int]
) -> dict[Partition, Replicas]:
    """Return where partitions go so that exactly these brokers keep them; only what changes is in it.

    `copies` says by topic how many there shall be. Of each topic every broker has as many as any other,
    give or take one, and leads as many; what can stay where it is stays.
    """
    found: dict[Partition, Replicas] = {}
    total: Counter[int] = Counter(dict.fromkeys(brokers, 0))
    for topic in sorted({partition.topic for partition in now}):
        held = {p: now[p] for p in sorted(now) if p.topic == topic}
        placed = _placed(held, total, min(copies[topic], len(brokers)))
        _share_leading(placed)
        total.update(b for replicas in placed.values() for b in replicas)
        found |= {p: tuple(r) for p, r in placed.items() if tuple(r) != held[p]}
    return found


def _placed(
    held: Mapping[Partition, Replicas], total: Counter[int], copies: int
) -> dict[Partition, list[int]]:
    placed = {p: [b for b in replicas if b in total][:copies] for p, replicas in held.items()}
    mine: Counter[int] = Counter(dict.fromkeys(total, 0))
    mine.update(b for replicas in placed.values() for b in replicas)
    for replicas in placed.values():
        while len(replicas) < copies:
            new = min(mine.keys() - set(replicas), key=lambda b: (mine[b], total[b], b))
            replicas.append(new)
            mine[new] += 1
    _even_out(placed, mine, total)
    return placed


def _even_out(
    placed: Mapping[Partition, list[int]], mine: Counter[int], total: Counter[int]
) -> None:
    """Move single copies from the broker with the most to the one with the fewest."""
    while True:
        fewest = min(mine, key=lambda b: (mine[b], total[b], b))
        most = max(mine, key=lambda b: (mine[b], total[b], b))
        if mine[most] - mine[fewest] <= 1:
            return
        replicas = next(r for r in placed.values() if most in r and fewest not in r)
        replicas[replicas.index(most)] = fewest
        mine[most] -= 1
        mine[fewest] += 1


def _share_leading(placed: Mapping[Partition, list[int]]) -> None:
    """Have every broker lead about as many partitions; a copy moves to the front for that."""
    leads: Counter[int] = Counter(dict.fromkeys({b for r in placed.values() for b in r}, 0))
    leads.update(replicas[0] for replicas in placed.values())
    for replicas in placed.values():
        least = min(replicas, key=lambda b: leads[b])
        if leads[replicas[0]] - leads[least] > 1:
            leads[replicas[0]] -= 1
            leads[least] += 1
            replicas.remove(least)
            replicas.insert(0, least)
