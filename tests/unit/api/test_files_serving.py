"""Which bytes of a file go out, and under which headers."""

import pytest

from api.files.serving import Span, disposition, span_of
from api.problems import Problem


@pytest.mark.parametrize(
    ("header", "span"),
    [
        ("bytes=0-0", Span(0, 1)),
        ("bytes=2-4", Span(2, 5)),
        ("bytes=7-", Span(7, 10)),
        ("bytes=7-99", Span(7, 10)),
        ("bytes=-3", Span(7, 10)),
        ("bytes=-99", Span(0, 10)),
        (None, None),
        ("bytes=-", None),
        ("bytes=4-2", None),
        ("bytes=0-1,3-4", None),
        ("lines=0-1", None),
        ("bytes=a-b", None),
    ],
)
def test_a_range_is_the_part_that_it_names(header: str | None, span: Span | None) -> None:
    assert span_of(header, 10) == span


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=10-12", "bytes=-0"])
def test_a_range_outside_the_file_is_told(header: str) -> None:
    with pytest.raises(Problem) as told:
        span_of(header, 10)
    assert told.value.status == 416
    assert told.value.headers == {"Content-Range": "bytes */10"}


@pytest.mark.parametrize(
    ("media_type", "download", "kind"),
    [
        ("image/png", False, "inline"),
        ("image/png", True, "attachment"),
        ("video/mp4", False, "inline"),
        ("text/html", False, "attachment"),
        ("image/svg+xml", False, "attachment"),
        ("application/pdf", False, "attachment"),
        ("text/plain", False, "attachment"),
    ],
)
def test_only_what_cannot_run_is_shown_in_place(media_type: str, download: bool, kind: str) -> None:
    assert disposition("a", media_type, download).partition(";")[0] == kind


def test_no_name_breaks_out_of_its_header() -> None:
    header = disposition('a"; filename=b\r\nX: y\\ ☃.png', "image/png", False)
    assert header == (
        'inline; filename="a_; filename=b__X: y_ _.png"; '
        "filename*=UTF-8''a%22%3B%20filename%3Db%0D%0AX%3A%20y%5C%20%E2%98%83.png"
    )
