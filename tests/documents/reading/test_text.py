"""Plain text and XML, and the kinds that are not read."""

import codecs

import pytest

from docmill.documents.errors import CorruptDocumentError, EncryptedDocumentError, UnsupportedDocumentError
from docmill.documents.limits import Budget, Limits
from docmill.documents.pages import Attachment
from docmill.documents.reading import read
from docmill.documents.reading.layout import Layout

from .making import zip_of


def test_the_lines_of_a_text_keep_their_columns() -> None:
    reading = read(b"Item      Price\nTea\t  4.50\n")
    words = {word.text: word for word in reading.pages[0].words}

    assert words["Price"].x0 == words["4.50"].x0 == words["Item"].x0 + 50
    assert words["Tea"].y0 == words["Item"].y1
    assert (reading.media_type, reading.page_count, reading.truncated) == ("text/plain", 1, False)


@pytest.mark.parametrize(
    "data",
    [
        "Müller €".encode(),
        "Müller €".encode("cp1252"),
        codecs.BOM_UTF8 + "Müller €".encode(),
        codecs.BOM_UTF16_BE + "Müller €".encode("utf-16-be"),
    ],
)
def test_the_usual_encodings_are_understood(data: bytes) -> None:
    assert read(data, "a.txt").text == "Müller €"


def test_a_form_feed_begins_a_new_page() -> None:
    assert [page.words[0].text for page in read(b"one\ftwo\n\fthree").pages] == ["one", "two", "three"]


def test_pages_are_full_after_sixty_lines() -> None:
    assert [len(page.words) for page in read(b"word\n" * 70).pages] == [60, 10]


def test_a_page_is_wide_enough_for_its_longest_line_up_to_a_bound() -> None:
    [page] = read(b"word " * 1_000).pages

    assert len(page.words) == 100
    assert max(word.x1 for word in page.words) < page.width < 2_700


def test_a_long_text_is_cut_and_says_so() -> None:
    cut = read(b"word\n" * 700, limits=Limits(max_pages=2))
    assert (len(cut.pages), cut.truncated) == (2, True)
    assert read(b"word\n" * 700, budget=Budget(0)).truncated


def test_an_xml_file_has_no_pages_and_is_its_own_attachment() -> None:
    data = b'<?xml version="1.0"?><Invoice/>'
    reading = read(data, "invoice.xml")

    assert (reading.pages, reading.page_count) == ([], 0)
    assert reading.attachments == [Attachment("document.xml", data)]


def test_a_row_without_cells_takes_no_line() -> None:
    layout = Layout(Limits())
    layout.row([])
    assert layout.pages == []


def test_kinds_that_are_not_read_are_refused_with_a_hint() -> None:
    with pytest.raises(UnsupportedDocumentError, match="application/zip are not read; store it as a PDF"):
        read(zip_of([]))
    with pytest.raises(UnsupportedDocumentError):
        read(b"\x01\x02\x03\x04")


def test_an_empty_document_is_corrupt() -> None:
    with pytest.raises(CorruptDocumentError, match="empty"):
        read(b"", "a.pdf")


def test_a_document_that_is_nothing_of_what_its_name_says_is_corrupt() -> None:
    with pytest.raises(CorruptDocumentError, match="not what its name says"):
        read(b"\x01\x02\x03\x04", "a.pdf")


def test_an_office_document_with_a_password_is_encrypted() -> None:
    locked = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "EncryptedPackage".encode("utf-16-le")
    with pytest.raises(EncryptedDocumentError, match="password"):
        read(locked, "a.docx")
