"""What a file is, by its content, and the small image that is shown in its place. Blocking; no I/O but the file."""

import hashlib
import io
from codecs import getincrementaldecoder
from typing import BinaryIO, NamedTuple

import puremagic
from PIL import ExifTags, Image, ImageOps

MAX_PIXELS = 40_000_000
THUMBNAIL_PX = 720
"""A thumbnail fits into a square of this side."""
THUMBNAIL_TYPE = "image/webp"
UNKNOWN = "application/octet-stream"
TEXT = "text/plain"
ZIP = "application/zip"
INLINE = frozenset(
    (
        *("image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"),
        *("video/mp4", "video/webm", "audio/mpeg", "audio/ogg", "audio/wav"),
    )
)
"""What a browser may show by itself: nothing of it is a document that could run something."""

_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "AVIF")
_HEAD_BYTES = 64 * 1024
_TURNED = (5, 6, 7, 8)
_SPACE = frozenset("\t\n\r\f\x1b\b")
_SAME = {"audio/wave": "audio/wav", "audio/x-wav": "audio/wav", "application/ogg": "audio/ogg"}


class TooManyPixels(ValueError):
    """An image that is larger, once unpacked, than anybody should unpack."""


class Picture(NamedTuple):
    """An image: its type, its size as it is shown, and a small one made of it (WebP)."""

    media_type: str
    width: int
    height: int
    thumbnail: bytes


class Content(NamedTuple):
    """What a file is."""

    sha256: str
    size_bytes: int
    media_type: str
    picture: Picture | None


def examine(file: BinaryIO) -> Content:
    """Read a file from its start to its end; raises TooManyPixels."""
    picture = picture_of(file)
    file.seek(0)
    head = file.read(_HEAD_BYTES)
    kind = picture.media_type if picture else media_type_of(head)
    file.seek(0)
    # Of a file that is spooled in memory no name is known: `hashlib.file_digest` takes those, too.
    digest = hashlib.file_digest(file, "sha256")  # type: ignore[arg-type]
    return Content(digest.hexdigest(), file.seek(0, io.SEEK_END), kind, picture)


def picture_of(file: BinaryIO) -> Picture | None:
    """Return what a file shows, None where it is no image that can be unpacked; raises TooManyPixels.

    Turned as its camera says, and without anything that the camera noted, the place among it.
    """
    file.seek(0)
    try:
        with Image.open(file, formats=_FORMATS) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise TooManyPixels(f"{width} x {height}")
            media_type = Image.MIME[image.format or ""]
            if image.getexif().get(ExifTags.Base.Orientation) in _TURNED:
                width, height = height, width
            return Picture(media_type, width, height, _small(image))
    except Image.DecompressionBombError as error:
        raise TooManyPixels(str(error)) from error
    except TooManyPixels:
        raise
    except Exception:
        # Its decoders fail in a hundred ways on what is damaged or meant to harm: such a file is no image.
        return None


def _small(image: Image.Image) -> bytes:
    image.draft("RGB", (THUMBNAIL_PX, THUMBNAIL_PX))  # a JPEG is unpacked no larger than needed
    mode = "RGBA" if image.has_transparency_data else "RGB"
    small: Image.Image = image if image.mode == mode else image.convert(mode)
    small.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX))
    small = ImageOps.exif_transpose(small)
    small.info.clear()
    out = io.BytesIO()
    small.save(out, "WEBP", quality=80, method=3)
    return out.getvalue()


def thumbnail_size(width: int, height: int) -> tuple[int, int]:
    """Return how large the thumbnail of an image is, to a pixel."""
    scale = min(1.0, THUMBNAIL_PX / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def media_type_of(head: bytes) -> str:
    """Return the type of what begins like this. Markup and programs in a text are a text."""
    if _is_text(head):
        return TEXT
    if head.startswith(b"PK\x03\x04"):  # what is packed in it does not say itself what it is for
        return ZIP
    try:
        guesses = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        return UNKNOWN
    found = next((g.mime_type for g in guesses if g.mime_type), UNKNOWN)
    return _SAME.get(found, found)


def _is_text(head: bytes) -> bool:
    try:
        text = getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return all(c >= " " or c in _SPACE for c in text)
