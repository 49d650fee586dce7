"""From the bytes of a document to what can be read on its pages."""

from docmill.documents.errors import (
    CorruptDocumentError,
    DocumentError,
    DocumentTooLargeError,
    EncryptedDocumentError,
    UnsupportedDocumentError,
)
from docmill.documents.limits import DEFAULT_LIMITS, Budget, Limits
from docmill.documents.pages import Attachment, Reading
from docmill.documents.reading import media
from docmill.documents.reading.media import MediaType

__all__ = ["read"]


def read(
    data: bytes,
    name: str = "",
    *,
    limits: Limits = DEFAULT_LIMITS,
    budget: Budget | None = None,
    rules: bool = False,
) -> Reading:
    """Read a document: words with their boxes, pages, embedded invoice data, tables of formats that have them.

    Pictures become pages without words. An XML file has no pages; it is its own attachment. The boxes of words of a
    docx or of plain text are nominal.

    Args:
        data: the document as it is stored.
        name: its name, which is only compared with what it is.
        limits: what it may cost.
        budget: at its end reading stops, and what was read so far is returned as truncated.
        rules: whether to look for drawn lines as well.

    Raises:
        CorruptDocumentError: it cannot be parsed.
        DocumentTooLargeError: it exceeds a limit.
        EncryptedDocumentError: it needs a password.
        UnsupportedDocumentError: it is not of a kind that is read.
    """
    if len(data) > limits.max_bytes:
        raise DocumentTooLargeError(f"it has {len(data):,} bytes, and max_bytes is {limits.max_bytes:,}")
    return _read(data, media.sniff(data, name), limits, budget or Budget(), rules)


def _read(data: bytes, found: MediaType, limits: Limits, budget: Budget, rules: bool) -> Reading:
    kind = found.media_type
    if kind == media.PDF:
        from docmill.documents.reading.pdf import read_pdf

        return read_pdf(data, limits, budget, rules=rules)
    if kind in media.IMAGES:
        from docmill.documents.reading.images import read_image

        return read_image(data, kind, limits, budget)
    if kind == media.DOCX:
        from docmill.documents.reading.docx import read_docx

        return read_docx(data, limits, budget)
    if kind == media.XML:
        return Reading(kind, [], 0, attachments=[Attachment("document.xml", data)])
    if kind == media.PLAIN_TEXT:
        from docmill.documents.reading.text import read_text

        return read_text(data, limits, budget)
    raise _refusal(found)


def _refusal(found: MediaType) -> DocumentError:
    kind = found.media_type
    if kind == media.EMPTY:
        return CorruptDocumentError("it is empty")
    if kind == media.ENCRYPTED_OFFICE:
        return EncryptedDocumentError("it needs a password; store a copy that is not encrypted")
    if kind == media.UNKNOWN and found.extension_matches is False:
        return CorruptDocumentError("it is not what its name says, and nothing else that is known")
    return UnsupportedDocumentError(f"documents of the type {kind} are not read; store it as a PDF")
