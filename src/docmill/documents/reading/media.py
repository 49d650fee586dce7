"""What kind of file some bytes are, whatever they are called."""

import codecs
import re
from pathlib import PurePosixPath

import attrs
import puremagic

__all__ = ["DOCX", "EMPTY", "ENCRYPTED_OFFICE", "IMAGES", "PDF", "PLAIN_TEXT", "UNKNOWN", "XML", "MediaType", "sniff"]

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
EMPTY = "application/x-empty"
ENCRYPTED_OFFICE = "application/x-encrypted-ooxml"
PDF = "application/pdf"
PLAIN_TEXT = "text/plain"
UNKNOWN = "application/octet-stream"
XML = "application/xml"
ZIP = "application/zip"
OLE = "application/x-ole-storage"

IMAGES = ("image/png", "image/jpeg", "image/tiff", "image/webp", "image/bmp", "image/gif")
"""Those that are read."""

SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"II+\0", "image/tiff"),
    (b"MM\0+", "image/tiff"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"{\\rtf", "application/rtf"),
    (b"%!PS", "application/postscript"),
)

PDF_HEADER = re.compile(rb"%PDF-\d")

HEAD = 1024
"""Bytes within which a PDF may begin."""

OFFICE_PARTS = (
    (b"word/document", DOCX),
    (b"xl/workbook", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (b"ppt/presentation", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
)
"""What the main part of an Office file is called in its zip archive; the ending differs."""

END_OF_ZIP = b"PK\x05\x06"

OLE_HEADER = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

OLE_PARTS = (
    ("EncryptedPackage", ENCRYPTED_OFFICE),
    ("WordDocument", "application/msword"),
    ("Workbook", "application/vnd.ms-excel"),
    ("PowerPoint Document", "application/vnd.ms-powerpoint"),
    ("__substg1.0_", "application/vnd.ms-outlook"),
)

EXTENSIONS = {
    PDF: ("pdf",),
    "image/png": ("png",),
    "image/jpeg": ("jpg", "jpeg", "jpe", "jfif"),
    "image/tiff": ("tif", "tiff"),
    "image/gif": ("gif",),
    "image/webp": ("webp",),
    "image/bmp": ("bmp", "dib"),
    "image/svg+xml": ("svg",),
    "application/rtf": ("rtf", "doc"),
    "application/postscript": ("ps", "eps", "ai"),
    DOCX: ("docx", "docm", "dotx", "dotm"),
    OFFICE_PARTS[1][1]: ("xlsx", "xlsm", "xltx", "xltm"),
    OFFICE_PARTS[2][1]: ("pptx", "pptm", "potx", "ppsx"),
    "application/vnd.oasis.opendocument.text": ("odt",),
    "application/vnd.oasis.opendocument.spreadsheet": ("ods",),
    "application/vnd.oasis.opendocument.presentation": ("odp",),
    "application/epub+zip": ("epub",),
    ENCRYPTED_OFFICE: ("docx", "xlsx", "pptx"),
    "application/msword": ("doc", "dot"),
    "application/vnd.ms-excel": ("xls", "xlt"),
    "application/vnd.ms-powerpoint": ("ppt", "pot", "pps"),
    "application/vnd.ms-outlook": ("msg",),
    ZIP: ("zip",),
    XML: ("xml", "xsd", "xsl", "xslt"),
    "text/html": ("html", "htm", "xhtml"),
    PLAIN_TEXT: ("txt", "text", "csv", "tsv", "md", "log", "json", "yaml", "yml", "eml", "ini", "asc"),
}

KNOWN_EXTENSIONS = frozenset(extension for extensions in EXTENSIONS.values() for extension in extensions)

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

TEXT_HEAD = 2**14
"""Bytes by which text is judged."""

NOT_IN_TEXT = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")

BEFORE_ROOT = r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*"

HTML = re.compile(BEFORE_ROOT + r"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)

SVG = re.compile(BEFORE_ROOT + r"(?:<!DOCTYPE[^>]*>\s*)?<(?:\w+:)?svg\b", re.DOTALL)

MARKUP = re.compile(
    r"\s*<\?xml\s|" + BEFORE_ROOT + r"<(?:!DOCTYPE\s|[A-Za-z_][\w.:-]*(?:\s+[\w.:-]+\s*=|\s*/?>))", re.DOTALL
)

MIN_MAGIC = 3
"""Bytes that must agree for other kinds; shorter signatures stand at the beginning of anything."""


@attrs.frozen
class MediaType:
    """What a file is.

    Attributes:
        media_type: such as ``application/pdf``; ``application/octet-stream`` if it is not known,
            ``application/x-empty`` if there is nothing in it.
        extension_matches: whether its name ends as the names of such files do; None if it has no ending, or one that
            says nothing.
    """

    media_type: str
    extension_matches: bool | None


def sniff(data: bytes, name: str = "") -> MediaType:
    """Tell what a file is by its content; its name is only compared. Never raises."""
    extension = PurePosixPath(name.replace("\\", "/").replace("\0", "")).suffix[1:].lower()
    media_type = _binary(data) or _text(data)
    if media_type is None:
        media_type, extensions = _by_magic(data)
    else:
        extensions = EXTENSIONS.get(media_type, ())
    return MediaType(media_type, _matches(extension, extensions))


def _matches(extension: str, expected: tuple[str, ...]) -> bool | None:
    if extension in expected:
        return True
    return False if extension in KNOWN_EXTENSIONS else None


def _binary(data: bytes) -> str | None:
    if not data:
        return EMPTY
    for signature, media_type in SIGNATURES:
        if data.startswith(signature):
            return media_type
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    if data.startswith(b"BM") and data[6:10] == b"\0\0\0\0":
        return "image/bmp"
    if data.startswith((b"PK\x03\x04", END_OF_ZIP)):
        return _zip(data)
    if data.startswith(OLE_HEADER):
        return next((kind for part, kind in OLE_PARTS if part.encode("utf-16-le") in data), OLE)
    return PDF if PDF_HEADER.search(data, 0, HEAD) else None


def _zip(data: bytes) -> str:
    """What an archive holds, by the names in it."""
    if data[30:38] == b"mimetype":
        declared = data[38:128].partition(b"PK")[0].decode("ascii", "ignore")
        return declared if declared in EXTENSIONS else ZIP
    directory = _directory(data)
    if b"[Content_Types].xml" not in directory:
        return ZIP
    return next((kind for part, kind in OFFICE_PARTS if part in directory), ZIP)


def _directory(data: bytes) -> bytes:
    """The directory of an archive, which holds all names; all of the archive if it has lost that."""
    end = data.rfind(END_OF_ZIP, -(2**16 + 22))
    start = int.from_bytes(data[end + 16 : end + 20], "little") if end >= 0 else len(data)
    return data[start:end] if data.startswith(b"PK\x01\x02", start) else data


def _text(data: bytes) -> str | None:
    """Which kind of text it is; None if it is none."""
    text = _decoded(data[:TEXT_HEAD])
    if text is None or NOT_IN_TEXT.search(text):
        return None
    if HTML.match(text):
        return "text/html"
    if SVG.match(text):
        return "image/svg+xml"
    return XML if MARKUP.match(text) else PLAIN_TEXT


def _decoded(head: bytes) -> str | None:
    for mark, encoding in BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return head[len(mark) :].decode(encoding, "ignore")
    try:
        # A character may be cut in two at the end.
        return codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        text = head.decode("cp1252", "replace")
    return None if "�" in text else text


def _by_magic(data: bytes) -> tuple[str, tuple[str, ...]]:
    """Ask the list of signatures of others."""
    try:
        found = puremagic.magic_string(data[:TEXT_HEAD])
    except Exception:  # noqa: BLE001 - whatever a look at odd bytes ends in, they are not known
        return UNKNOWN, ()
    sure = [match for match in found if match.mime_type and len(match.byte_match) >= MIN_MAGIC]
    if not sure:
        return UNKNOWN, ()
    return sure[0].mime_type, tuple(match.extension.lstrip(".") for match in sure)
