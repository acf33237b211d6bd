"""The languages that a room can say it speaks: those that words are brought to their stem in."""

from typing import Final

SIMPLE: Final = "simple"
"""The language of rooms that name none: words as they are."""
LANGUAGES: Final = (
    SIMPLE,
    *("ar", "hy", "eu", "ca", "da", "nl", "en", "fi", "fr", "de", "el", "hi", "hu", "id", "ga"),
    *("it", "lt", "ne", "no", "pt", "ro", "ru", "sr", "es", "sv", "ta", "tr", "yi"),
)
"""ISO 639-1: the languages that PostgreSQL has a stemmer for; Snowball's, as here."""
