"""What a file is, by its content: whatever it calls itself."""

import io
import zipfile
from typing import Any

import pytest
from PIL import Image

from api.files import contents
from api.files.contents import TooManyPixels, examine, media_type_of
from api.files.upload import file_name


def image(format_: str = "PNG", size: tuple[int, int] = (30, 20), **more: Any) -> io.BytesIO:
    file = io.BytesIO()
    picture = Image.new("RGB", size, "red")
    picture.paste("blue", (0, 0, size[0] // 2, size[1]))
    picture.save(file, format_, **more)
    return file


def test_an_image_has_a_size_and_a_thumbnail() -> None:
    found = examine(image(size=(1_600, 400)))
    assert (found.media_type, found.size_bytes > 100, len(found.sha256)) == ("image/png", True, 64)
    assert found.picture is not None
    assert found.picture[:3] == ("image/png", 1_600, 400)
    with Image.open(io.BytesIO(found.picture.thumbnail)) as small:
        assert (small.format, small.size) == ("WEBP", (720, 180))


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "GIF", "WEBP", "AVIF"])
def test_every_kind_of_image_that_browsers_show(format_: str) -> None:
    found = examine(image(format_))
    assert found.media_type == f"image/{format_.lower()}"
    assert found.media_type in contents.INLINE


def test_a_thumbnail_is_turned_as_the_camera_says_and_knows_nothing_else_of_it() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter to the right
    exif[0x010E] = "at home"
    exif.get_ifd(0x8825)[2] = (52.0, 30.0, 0.0)
    found = examine(image("JPEG", (1_000, 500), exif=exif.tobytes())).picture
    assert found is not None
    assert (found.width, found.height) == (500, 1_000)
    with Image.open(io.BytesIO(found.thumbnail)) as small:
        assert small.size == (360, 720)
        assert not small.getexif()
        top, bottom = small.getpixel((180, 40)), small.getpixel((180, 680))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert top[2] > 200 > top[0]  # what was left is on top
    assert bottom[0] > 200 > bottom[2]
    assert b"at home" not in found.thumbnail


def test_a_bomb_of_pixels_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "MAX_PIXELS", 30 * 20 - 1)
    with pytest.raises(TooManyPixels, match="30 x 20"):
        examine(image())


def test_a_png_that_says_it_is_gigantic_is_not_unpacked() -> None:
    data = bytearray(image().getvalue())
    data[16:24] = (100_000).to_bytes(4, "big") * 2
    import zlib

    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    with pytest.raises(TooManyPixels):
        examine(io.BytesIO(bytes(data)))


def test_a_damaged_image_is_a_file_like_any_other() -> None:
    found = examine(io.BytesIO(image().getvalue()[:60]))
    assert found.picture is None
    assert found.media_type not in ("text/html", "image/svg+xml")


def archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as out:
        out.writestr("x", "y")
    return file.getvalue()


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (b"<!doctype html><script>alert(1)</script>", "text/plain"),
        (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "text/plain"),
        (b"hello", "text/plain"),
        ("grüße\n".encode()[:4], "text/plain"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "application/pdf"),
        (archive(), "application/zip"),
        (b"MZ\x90\0" + bytes(200), "application/vnd.microsoft.portable-executable"),
        (b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41", "video/mp4"),
        (bytes(range(128, 250)), "application/octet-stream"),
        (b"\0" * 50, "application/octet-stream"),
    ],
)
def test_a_type_is_found_by_content(head: bytes, media_type: str) -> None:
    assert media_type_of(head) == media_type


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("plan.png", "plan.png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\plan.png", "plan.png"),
        ("", "file"),
        ("..", "file"),
        ("a\0b\nc\x7f.txt", "abc.txt"),
        ("invoice\u202egnp.exe", "invoicegnp.exe"),
        ("u\u0308.txt", "ü.txt"),
        ("x" * 300 + ".tar", "x" * 196 + ".tar"),
    ],
)
def test_a_name_is_one_line_without_a_path(given: str, name: str) -> None:
    assert file_name(given) == name
