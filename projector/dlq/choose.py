"""Which dead letters are meant. Pure."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from roomlog.letters import Letter, Letters, Place


class BadPlace(ValueError):
    """A place that is none, or without a letter; the message says how to write one."""


class Filter(Struct, frozen=True):
    """Conditions that a letter has to meet, all of them; what is empty is no condition.

    `reason` is any part of it, or a kind; `since` is in milliseconds since 1970 and about the refusal.
    """

    topic: str = ""
    partition: int | None = None
    reason: str = ""
    since: int = 0
    settled: bool = False
    """Also those that were retried or dropped."""

    def takes(self, one: Letter) -> bool:
        """Tell whether a letter is meant."""
        letter, wanted = one.letter, self.reason.lower()
        return (
            (self.settled or not one.is_settled)
            and self.topic in ("", letter.topic)
            and self.partition in (None, letter.partition)
            and (wanted in letter.reason.lower() or wanted == letter.kind)
            and letter.refused_at >= self.since
        )


def chosen(letters: Letters, wanted: Filter) -> list[Letter]:
    """Return the letters that are meant, by when they were refused."""
    found = [one for one in letters.values() if wanted.takes(one)]
    return sorted(found, key=lambda one: (one.letter.refused_at, one.letter.place))


def named(letters: Letters, places: Iterable[str]) -> list[Letter]:
    """Return the letters about these places (`TOPIC:PARTITION:OFFSET`); raises BadPlace."""
    found = []
    for text in places:
        place = parse_place(text)
        if place not in letters:
            raise BadPlace(f"there is no dead letter about {text}; `roomlog dlq list` shows them")
        found.append(letters[place])
    return found


def parse_place(text: str) -> Place:
    """Read a place as `write_place` writes it; raises BadPlace."""
    parts: Sequence[str] = text.strip().rsplit(":", 2)
    if len(parts) != 3 or not (parts[1].isdecimal() and parts[2].isdecimal()):
        raise BadPlace(
            f"{text!r} is no place: write TOPIC:PARTITION:OFFSET, as in chat.events:3:1500"
        )
    return parts[0], int(parts[1]), int(parts[2])


def write_place(place: Place) -> str:
    """Return a place as options take it."""
    return ":".join(map(str, place))
