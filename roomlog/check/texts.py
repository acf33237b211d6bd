"""What simulated people say: real chat where the checkout has some beside it, else a few sentences."""

import gzip
import json
from pathlib import Path

from roomlog.stack.spec import ROOT

REAL = ROOT.parent / "shared" / "data" / "irc"
_FILES = 8
_LONGEST = 1_000
_OWN = (
    "Is anybody there?",
    "Only me & the kettle",
    'He said "<b>maybe</b>", whatever that means',
    "naïve café, Ωmega, 日本語, 👩‍👩‍👧‍👦, \u202eright to left",
    "back\\slash, tab\tand a line\nbreak",
    "a longer one, " * 20,
)


def load(directory: Path = REAL) -> list[str]:
    """Return texts, at least a few."""
    texts = list(_OWN)
    for path in sorted(directory.glob("*.jsonl.gz"))[:_FILES]:
        with gzip.open(path, "rt") as file:
            texts += [t for line in file if (t := json.loads(line)["text"][:_LONGEST]).strip()]
    return texts
