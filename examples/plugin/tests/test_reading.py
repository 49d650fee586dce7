import time

import pytest
from docmill import PermanentError

from docmill_text_statistics.counting import Tally
from docmill_text_statistics.reading import READERS, decode


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode_is_read_with_and_without_a_byte_order_mark(encoding: str) -> None:
    assert decode("Größe 東京".encode(encoding)) == "Größe 東京"


@pytest.mark.parametrize(
    "data, words",
    [
        ("Größe".encode("latin-1"), "is neither UTF-8 nor UTF-16: invalid .* at byte 2"),
        (b"\xff\xfe\x00", "truncated data"),
        (b"PK\x03\x04\0\0", "is binary"),
    ],
)
def test_what_is_no_text_is_refused_for_good(data: bytes, words: str) -> None:
    with pytest.raises(PermanentError, match=words):
        decode(data)


@pytest.mark.parametrize(
    "suffix, source, text",
    [
        (".txt", "# as it is", "# as it is"),
        (".md", "# A title\n\n- an *item*, with `code`", "A title an item , with code"),
        (".md", "See [the docs](https://example.org/the/docs)!", "See the docs!"),
        (".md", "before\n```python\nhidden = 1\n```\nafter", "before after"),
        (".html", "<title>no</title><p>One <b>bo</b>ld</p><p>two&amp;three</p>", "One bold two&three"),
        (".html", "<script>if (a < b) hide()</script><style>p {}</style>seen", "seen"),
        (".html", "</script>an end without a beginning", "an end without a beginning"),
        (".html", "<p>never closed <b>here", "never closed here"),
    ],
)
def test_only_what_a_person_reads_is_left(suffix: str, source: str, text: str) -> None:
    assert READERS[suffix](source).split() == text.split()


@pytest.mark.parametrize("source", ["[" * 50_000, "." * 200_000 + "x", "```\n" * 50_001, "<" * 200_000, "<p>" * 50_000])
def test_a_hostile_document_takes_no_more_time_than_another(source: str) -> None:
    begin = time.perf_counter()
    for read in READERS.values():
        Tally().add(read(source))

    assert time.perf_counter() - begin < 5.0


def test_html_that_the_parser_gives_up_on_is_refused_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    def give_up(*_: object) -> None:
        raise AssertionError("unknown declaration")

    monkeypatch.setattr("docmill_text_statistics.reading.Page.feed", give_up)

    with pytest.raises(PermanentError, match="is no HTML: unknown declaration"):
        READERS[".html"]("<![nonsense")
