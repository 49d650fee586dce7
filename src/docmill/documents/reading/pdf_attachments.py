"""Files that are embedded in a PDF, as far as they may hold invoice data."""

import ctypes
from typing import Any

import pypdfium2.raw as pdfium

from docmill.documents.limits import Limits
from docmill.documents.pages import Attachment

__all__ = ["AttachmentReader"]

MAX_LOOKED_AT = 100
"""Embedded files, and annotations of a page, whose names are read."""

MAX_FOUND = 20

MAX_BYTES = 16 * 2**20
"""Of all that are kept; an electronic invoice has some kilobytes."""

MAX_NAME = 255

XML_TYPES = ("text/xml", "application/xml")


class AttachmentReader:
    """Collects XML files: those of the document, and those that annotations on its pages hold.

    Attributes:
        found: in the order of the document.
    """

    def __init__(self, limits: Limits) -> None:
        self.found: list[Attachment] = []
        self._left = min(MAX_BYTES, limits.max_unpacked_bytes)

    def read_document(self, document: Any) -> None:
        """Take the files that a document lists."""
        for at in range(min(pdfium.FPDFDoc_GetAttachmentCount(document), MAX_LOOKED_AT)):
            self._take(pdfium.FPDFDoc_GetAttachment(document, at))

    def read_page(self, page: Any) -> None:
        """Take the files that are pinned to a page."""
        for at in range(min(pdfium.FPDFPage_GetAnnotCount(page), MAX_LOOKED_AT)):
            annotation = pdfium.FPDFPage_GetAnnot(page, at)
            if not annotation:
                continue
            try:
                if pdfium.FPDFAnnot_GetSubtype(annotation) == pdfium.FPDF_ANNOT_FILEATTACHMENT:
                    self._take(pdfium.FPDFAnnot_GetFileAttachment(annotation))
            finally:
                pdfium.FPDFPage_CloseAnnot(annotation)

    def _take(self, attachment: Any) -> None:
        if not attachment or len(self.found) >= MAX_FOUND:
            return
        name = _string(pdfium.FPDFAttachment_GetName, attachment)
        if not name.lower().endswith(".xml") and _string(pdfium.FPDFAttachment_GetSubtype, attachment) not in XML_TYPES:
            return
        content = self._content(attachment)
        if content:
            self._left -= len(content)
            self.found.append(Attachment(name, content))

    def _content(self, attachment: Any) -> bytes:
        """What is in a file; nothing if that is too much."""
        size = ctypes.c_ulong()
        if not pdfium.FPDFAttachment_GetFile(attachment, None, 0, size) or not 0 < size.value <= self._left:
            return b""
        # The size of the buffer must be that of the file: pdfium fills no larger one, and aborts on a smaller one.
        buffer = ctypes.create_string_buffer(size.value)
        filled = pdfium.FPDFAttachment_GetFile(attachment, buffer, size.value, size)
        return buffer.raw if filled else b""


def _string(get: Any, attachment: Any) -> str:
    size = get(attachment, None, 0)
    if not 0 < size <= 2**16:
        return ""
    buffer = ctypes.create_string_buffer(size)
    get(attachment, ctypes.cast(buffer, ctypes.POINTER(pdfium.FPDF_WCHAR)), size)
    return buffer.raw.decode("utf-16-le", "ignore").replace("\0", "")[:MAX_NAME]
