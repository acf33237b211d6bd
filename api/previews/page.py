"""What a page says of itself: title, description, site and image. Pure; whatever it says is only text."""

import re
import unicodedata
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser

from api.previews.fetch import Fetched

_TITLE, _DESCRIPTION, _SITE = 200, 300, 100
_CHARSET = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?\s*([A-Za-z0-9_.:-]{1,40})""", re.I)
_LOOKED_AT = 4096
# What forces another reading direction, or is not seen at all, has no place in a card.
_HIDDEN = frozenset(("Cc", "Cf", "Cs", "Co", "Cn"))


class Page(NamedTuple):
    """What a page says of itself; `image` is an address, "" for none."""

    title: str
    description: str
    site: str
    image: str


def page_of(fetched: Fetched) -> Page | None:
    """Return what a page says of itself, None where it has not even a title."""
    tree = LexborHTMLParser(_decoded(fetched))
    said: dict[str, str] = {}
    for meta in tree.css("meta[content]"):
        name = (meta.attributes.get("property") or meta.attributes.get("name") or "").lower()
        said.setdefault(name, meta.attributes.get("content") or "")
    heading = tree.css_first("title")
    title = _line(
        said.get("og:title") or said.get("twitter:title") or (heading.text() if heading else ""),
        _TITLE,
    )
    if not title:
        return None
    image = said.get("og:image:secure_url") or said.get("og:image") or said.get("twitter:image")
    return Page(
        title,
        _line(said.get("og:description") or said.get("description", ""), _DESCRIPTION),
        _line(said.get("og:site_name", ""), _SITE) or (urlsplit(fetched.url).hostname or ""),
        _joined(fetched.url, (image or "").strip()),
    )


def _joined(base: str, image: str) -> str:
    try:
        return urljoin(base, image) if image else ""
    except ValueError:
        return ""


def _decoded(fetched: Fetched) -> str:
    found = _CHARSET.search(fetched.data[:_LOOKED_AT])
    for name in (fetched.charset, found[1].decode() if found else "", "utf-8"):
        with suppress(
            LookupError, ValueError
        ):  # an encoding that nobody knows, or that is none of text
            if name:
                return fetched.data.decode(name, "replace")
    raise AssertionError("everything can be read as UTF-8")


def _line(text: str, most: int) -> str:
    words = " ".join(text[: most * 4].split())
    plain = "".join(c for c in words if unicodedata.category(c) not in _HIDDEN).strip()
    return plain if len(plain) <= most else plain[: most - 1].rstrip() + "…"
