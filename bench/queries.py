"""Searches as people make them, out of what was said: common words and rare ones, alone and together."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from bench.fill import Line
from roomlog.search.words import forms

_SAMPLE = 50_000
_COMMON = 100
_PREFIX_CHARS = 3


class Asked(NamedTuple):
    """A search: what kind it is, and the parameters of the request."""

    kind: str
    params: dict[str, str]


class Queries:
    """Makes searches that find something in a log of these lines."""

    def __init__(self, lines: Sequence[Line], rooms: Sequence[str], seed: int = 1) -> None:
        self._chance = random.Random(seed)
        self._rooms = rooms
        self._said = self._chance.sample(lines, min(_SAMPLE, len(lines)))
        counted = Counter(form for _, _, text in self._said for form in set(forms(text)))
        self._by_use = [form for form, _ in counted.most_common()]
        self._kinds: dict[str, Callable[[], dict[str, str]]] = {
            "common": lambda: {"q": self._common()},
            "two common": lambda: {"q": f"{self._common()} {self._common()}"},
            "rare": lambda: {"q": self._rare()},
            "words": lambda: {"q": " ".join(self._some_of_a_message(2))},
            "many words": lambda: {"q": " ".join(self._some_of_a_message(5))},
            "phrase": lambda: {"q": self._phrase()},
            "prefix": lambda: {"q": f"{self._rare()[:_PREFIX_CHARS]}*"},
            "or": lambda: {"q": f"{self._rare()} OR {self._common()}"},
            "without": lambda: {"q": f"{self._common()} -{self._common()}"},
            "in a room": lambda: {
                "q": self._common(),
                "room": self._chance.choice(self._rooms),
            },
            "link": lambda: {"q": f"{self._common()} has:link"},
            "nothing": lambda: {"q": f"{self._common()} nobodysaidthis"},
            "relevant": self._relevant,
        }

    def some(self, count: int) -> list[Asked]:
        """Return so many searches, every kind in turn."""
        kinds = list(self._kinds.items())
        made = (kinds[n % len(kinds)] for n in range(count))
        return [Asked(kind, params()) for kind, params in made]

    def _relevant(self) -> dict[str, str]:
        return {"q": " ".join(self._some_of_a_message(2)), "sort": "relevance"}

    def _common(self) -> str:
        return self._chance.choice(self._by_use[:_COMMON])

    def _rare(self) -> str:
        return self._chance.choice(self._by_use[_COMMON:])

    def _some_of_a_message(self, most: int) -> list[str]:
        found = self._a_message(1)
        return self._chance.sample(found, min(most, len(found)))

    def _phrase(self) -> str:
        found = self._a_message(2)
        first = self._chance.randrange(len(found) - 1)
        return f'"{" ".join(found[first : first + 3])}"'

    def _a_message(self, least: int) -> list[str]:
        while len(found := forms(self._chance.choice(self._said)[2])) < least:
            pass
        return found
