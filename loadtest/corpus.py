"""Who the users are called and what they say: real chat, or the history that demo rooms are filled with."""

import gzip
import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

SEED = Path(str(files("roomlog.seed") / "history.jsonl"))
_LONGEST = 1_000
_ENOUGH = 20_000
_SUFFIXES = (".jsonl", ".jsonl.gz")


class CorpusError(ValueError):
    """There is nothing to say; the message tells what was looked for."""


class Corpus(NamedTuple):
    """Distinct names and texts, neither empty."""

    names: list[str]
    texts: list[str]

    def name(self, number: int) -> str:
        """Return the name of the user with this number; there may be several of one name."""
        return self.names[number % len(self.names)]


def read_corpus(path: Path = SEED) -> Corpus:
    """Read a file, or the files of a directory: JSON lines with `sender` and `text`, plain or gzipped.

    20,000 texts at most. Raises CorpusError.
    """
    names: dict[str, None] = {}
    texts: list[str] = []
    for line in _lines(path):
        text = str(line["text"])[:_LONGEST].replace("\x00", "")
        if text.strip():
            names[str(line["sender"])] = None
            texts.append(text)
        if len(texts) >= _ENOUGH:
            break
    if not texts:
        raise CorpusError(f"{path} has no texts; wanted are JSON lines in *.jsonl or *.jsonl.gz")
    return Corpus(list(names), texts)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if not path.exists():
        raise CorpusError(f"{path} does not exist")
    for file in sorted(path.iterdir()) if path.is_dir() else [path]:
        if file.name.endswith(_SUFFIXES):
            try:
                with gzip.open(file, "rt") if file.suffix == ".gz" else file.open() as read:
                    for number, line in enumerate(read, 1):
                        yield _said(line, file, number)
            except (OSError, EOFError, UnicodeDecodeError) as error:
                raise CorpusError(f"{file} cannot be read: {error}") from error


def _said(line: str, file: Path, number: int) -> dict[str, Any]:
    try:
        found = json.loads(line)
        return {"sender": found["sender"], "text": found["text"]}
    except (ValueError, KeyError, TypeError) as error:
        told = f"{file}, line {number}: no JSON object with `sender` and `text`"
        raise CorpusError(told) from error
