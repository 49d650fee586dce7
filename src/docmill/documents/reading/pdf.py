"""PDF files, by way of pdfium. Everything that holds one of its handles is in the `pdf` modules of this package.

pdfium may be used by one thread at a time in a process. A lock sees to it, but then a document that takes for ever
holds up all others: read untrusted files in worker processes.
"""

import atexit
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import attrs
import pypdfium2.raw as pdfium

from docmill.documents.errors import (
    CorruptDocumentError,
    DocumentError,
    DocumentTooLargeError,
    EncryptedDocumentError,
    UnsupportedDocumentError,
)
from docmill.documents.limits import Budget, Limits
from docmill.documents.pages import Page, Reading
from docmill.documents.reading.media import PDF
from docmill.documents.reading.pdf_attachments import AttachmentReader
from docmill.documents.reading.pdf_damage import find_damage, with_trailer
from docmill.documents.reading.pdf_frame import Frame
from docmill.documents.reading.pdf_page import PdfPage

__all__ = ["Pdf", "Permissions", "open_pdf", "read_pdf"]

SCRIPT = re.compile(rb"/S\s*/JavaScript\b")

PERMISSION_BITS = {
    "print": 3,
    "modify": 4,
    "copy": 5,
    "annotate": 6,
    "fill_forms": 9,
    "extract_for_accessibility": 10,
    "assemble": 11,
    "print_in_high_quality": 12,
}
"""As the PDF standard counts them, from 1."""

_one_at_a_time = threading.RLock()

_ended = threading.Event()
"""Set when the interpreter ends. pdfium is gone soon after, and what is still open must not be closed without it."""

atexit.register(_ended.set)


@attrs.frozen(kw_only=True)
class Permissions:
    """What an encrypted PDF that opens without a password asks its readers to allow; all of it in any other one."""

    print: bool
    modify: bool
    copy: bool
    annotate: bool
    fill_forms: bool
    extract_for_accessibility: bool
    assemble: bool
    print_in_high_quality: bool


class Pdf:
    """An open PDF. It is made by `open_pdf`, and must not be used after that is left.

    Attributes:
        handle: of pdfium.
        page_count: how many pages it has, or claims to have.
    """

    def __init__(self, handle: Any, data: bytes, limits: Limits) -> None:
        self.handle = handle
        self._data = data
        self._limits = limits
        self.page_count: int = pdfium.FPDF_GetPageCount(handle)

    @contextmanager
    def page(self, number: int) -> Iterator[PdfPage]:
        """Open a page, 1 for the first one.

        Raises:
            CorruptDocumentError: it cannot be parsed.
        """
        handle = pdfium.FPDF_LoadPage(self.handle, number - 1)
        if not handle:
            raise CorruptDocumentError(f"page {number} cannot be parsed")
        try:
            yield PdfPage(handle, number, self._limits)
        finally:
            if not _ended.is_set():
                pdfium.FPDF_ClosePage(handle)

    def blank_page(self, number: int) -> Page:
        """What stands for a page that cannot be parsed: its size, as far as it is known."""
        size = pdfium.FS_SIZEF()
        pdfium.FPDF_GetPageSizeByIndexF(self.handle, number - 1, size)
        frame = Frame.of((0.0, 0.0, size.width, size.height), 0)
        return Page(number, frame.width, frame.height)

    @property
    def is_encrypted(self) -> bool:
        """Whether it is encrypted, with an empty password for reading."""
        return bool(pdfium.FPDF_GetSecurityHandlerRevision(self.handle) >= 0)

    @property
    def permissions(self) -> Permissions:
        """What it asks its readers to allow."""
        bits = pdfium.FPDF_GetDocPermissions(self.handle)
        return Permissions(**{name: bool(bits >> (bit - 1) & 1) for name, bit in PERMISSION_BITS.items()})

    @property
    def has_javascript(self) -> bool:
        """Whether it brings scripts: as a document, or in an action that can be seen without unpacking streams."""
        return pdfium.FPDFDoc_GetJavaScriptActionCount(self.handle) > 0 or bool(SCRIPT.search(self._data))

    @property
    def embedded_files(self) -> int:
        """How many files of any kind are embedded."""
        return max(int(pdfium.FPDFDoc_GetAttachmentCount(self.handle)), 0)

    @property
    def form(self) -> Literal["acroform", "xfa"] | None:
        """What kind of form it is; None for none."""
        kind = pdfium.FPDF_GetFormType(self.handle)
        if kind == pdfium.FORMTYPE_NONE:
            return None
        return "acroform" if kind == pdfium.FORMTYPE_ACRO_FORM else "xfa"

    @property
    def damage(self) -> list[str]:
        """Codes of what is wrong with its structure, see `find_damage`; it was repaired while it was opened."""
        return find_damage(self.handle, self._data)


@contextmanager
def open_pdf(data: bytes, limits: Limits | None = None) -> Iterator[Pdf]:
    """Open a PDF; the handles of pdfium are closed at the end, in the right order.

    Raises:
        CorruptDocumentError: it cannot be parsed, or has no pages.
        DocumentTooLargeError: it has more bytes than ``limits.max_bytes``.
        EncryptedDocumentError: it needs a password.
    """
    limits = limits or Limits()
    if len(data) > limits.max_bytes:
        raise DocumentTooLargeError(f"it has {len(data):,} bytes, and max_bytes is {limits.max_bytes:,}")
    with _one_at_a_time:
        # pdfium reads from these bytes for as long as the document is open, so they are kept until then.
        handle, kept = _load(data)
        try:
            pdf = Pdf(handle, data, limits)
            if pdf.page_count < 1:
                raise CorruptDocumentError("it is a PDF without pages")
            yield pdf
        finally:
            if not _ended.is_set():
                pdfium.FPDF_CloseDocument(handle)
            del kept


def _load(data: bytes) -> tuple[Any, bytes]:
    """A handle, and the bytes that it is of: with what was cut off from their end, if need be."""
    handle = pdfium.FPDF_LoadMemDocument64(data, len(data), None)
    if handle:
        return handle, data
    code = pdfium.FPDF_GetLastError()
    longer = with_trailer(data) if code == pdfium.FPDF_ERR_FORMAT else None
    if longer is not None and (handle := pdfium.FPDF_LoadMemDocument64(longer, len(longer), None)):
        return handle, longer
    raise _refusal(code)


def read_pdf(data: bytes, limits: Limits, budget: Budget, *, rules: bool = False) -> Reading:
    """Read the words, and what else `docmill.documents.reading.read` promises, of a PDF.

    Raises:
        As `open_pdf` does; `CorruptDocumentError` as well if not one of its pages can be parsed.
    """
    with open_pdf(data, limits) as pdf:
        reading = Reading(PDF, [], pdf.page_count, truncated=pdf.page_count > limits.max_pages)
        attachments = AttachmentReader(limits)
        reading.attachments = attachments.found
        attachments.read_document(pdf.handle)
        broken = 0
        for number in range(1, min(pdf.page_count, limits.max_pages) + 1):
            if budget.is_over:
                reading.truncated = True
                break
            try:
                with pdf.page(number) as page:
                    reading.pages.append(_read_page(page, reading, budget, rules=rules))
                    attachments.read_page(page.handle)
            except CorruptDocumentError:
                broken += 1
                reading.pages.append(pdf.blank_page(number))
        if broken and broken == len(reading.pages):
            raise CorruptDocumentError("none of its pages can be parsed")
        return reading


def _read_page(page: PdfPage, reading: Reading, budget: Budget, *, rules: bool) -> Page:
    words, cut = page.words()
    lines, lines_cut = page.rules(budget) if rules else ([], False)
    reading.truncated = reading.truncated or cut or lines_cut
    return Page(page.number, page.width, page.height, words, lines)


def _refusal(code: int) -> DocumentError:
    if code == pdfium.FPDF_ERR_PASSWORD:
        return EncryptedDocumentError("it needs a password; store a copy that is not encrypted")
    if code == pdfium.FPDF_ERR_SECURITY:
        return UnsupportedDocumentError(
            "it is encrypted in a way that is not known; store a copy that is not encrypted"
        )
    return CorruptDocumentError("it is no PDF that could be parsed or repaired; create or export it again")
