"""What a file is, by its content."""

import codecs
import random
from io import BytesIO

import pytest
from PIL import Image

from docmill.documents.reading.media import DOCX, sniff

from .making import body, docx_of, entry, png_of, sheet, zip_of

SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SLIDES = "application/vnd.openxmlformats-officedocument.presentationml.presentation"


def office(part: str) -> bytes:
    return zip_of([entry("[Content_Types].xml", "<Types/>"), entry(part, "<x/>")])


def picture(kind: str) -> bytes:
    file = BytesIO()
    Image.new("RGB", (8, 8)).save(file, kind)
    return file.getvalue()


def ole(part: str) -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + part.encode("utf-16-le") + bytes(100)


@pytest.mark.parametrize(
    "data, media_type, extension",
    [
        (sheet(), "application/pdf", "pdf"),
        (b"\n junk " * 100 + sheet(), "application/pdf", "pdf"),
        (png_of(2, 2), "image/png", "png"),
        (picture("JPEG"), "image/jpeg", "jpg"),
        (picture("TIFF"), "image/tiff", "tiff"),
        (picture("WEBP"), "image/webp", "webp"),
        (picture("GIF"), "image/gif", "gif"),
        (picture("BMP"), "image/bmp", "bmp"),
        (docx_of(body("")), DOCX, "docx"),
        (docx_of(body(""))[:-40], DOCX, "docx"),
        (office("xl/workbook.xml"), SPREADSHEET, "xlsx"),
        (office("ppt/presentation.xml"), SLIDES, "pptx"),
        (office("else.xml"), "application/zip", "zip"),
        (zip_of([entry("word/document.xml", "x")]), "application/zip", "zip"),
        (zip_of([]), "application/zip", "zip"),
        (
            zip_of([entry("mimetype", "application/vnd.oasis.opendocument.text", method=0)]),
            "application/vnd.oasis.opendocument.text",
            "odt",
        ),
        (zip_of([entry("mimetype", "made/up", method=0)]), "application/zip", "zip"),
        (ole("WordDocument"), "application/msword", "doc"),
        (ole("Workbook"), "application/vnd.ms-excel", "xls"),
        (ole("EncryptedPackage"), "application/x-encrypted-ooxml", "docx"),
        (b"{\\rtf1 x}", "application/rtf", "rtf"),
        (b'<?xml version="1.0"?><a/>', "application/xml", "xml"),
        (codecs.BOM_UTF8 + b'<?xml version="1.0"?><a/>', "application/xml", "xml"),
        (codecs.BOM_UTF16_LE + '<?xml version="1.0"?><a/>'.encode("utf-16-le"), "application/xml", "xml"),
        (b'\n<!-- made by hand -->\n<rsm:Invoice xmlns:rsm="urn:x">', "application/xml", "xml"),
        (b"<!DOCTYPE html><p>", "text/html", "html"),
        (b'<?xml version="1.0"?>\n<html xmlns="x">', "text/html", "htm"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "image/svg+xml", "svg"),
        (b"Dear Sir,\n5 < 6 and so on", "text/plain", "txt"),
        ("Müller zahlt 5 €".encode("cp1252"), "text/plain", "txt"),
        ("Müller zahlt 5 €".encode()[:-1], "text/plain", "csv"),
    ],
)
def test_a_file_is_told_by_its_content(data: bytes, media_type: str, extension: str) -> None:
    assert sniff(data).media_type == media_type
    assert sniff(data).extension_matches is None
    assert sniff(data, f"Some/File.{extension.upper()}").extension_matches is True
    assert sniff(data, "some.file").extension_matches is None
    assert sniff(data, "C:\\letters\\some.odp").extension_matches is False


def test_an_ole_file_of_another_kind_is_none_of_ours() -> None:
    assert sniff(ole("Contents"), "a.doc").media_type == "application/x-ole-storage"


def test_nothing_is_empty() -> None:
    assert sniff(b"", "a.pdf").media_type == "application/x-empty"
    assert sniff(b"", "a.pdf").extension_matches is False


def test_what_others_know_is_known() -> None:
    found = sniff(b"\x1f\x8b\x08\x00" + bytes(20) + b"\xff" * 30, "a.gz")

    assert "gzip" in found.media_type
    assert sniff(b"fLaC" + bytes(40) + b"\xff", "a.flac").media_type.startswith("audio/")


@pytest.mark.parametrize("seed", range(40))
def test_noise_is_unknown_and_does_no_harm(seed: int) -> None:
    noise = random.Random(seed).randbytes(400)

    assert sniff(b"\x01\x00" + noise, "a\0b/é.pdf").extension_matches is False
    for kind in (b"PK\x03\x04", b"RIFF", b"BM", b"<", b"II*\0", b"%PDF-"):
        assert sniff(kind + noise).media_type


def test_a_mention_of_pdf_in_a_text_does_not_make_it_one() -> None:
    assert sniff(b"A file begins with %PDF- and a version").media_type == "text/plain"
