"""One page of an open PDF."""

from typing import Any

import attrs
import numpy as np
import pypdfium2.raw as pdfium

from docmill.documents.errors import CorruptDocumentError
from docmill.documents.limits import Budget, Limits
from docmill.documents.pages import Rule, Word
from docmill.documents.reading.pdf_frame import Frame
from docmill.documents.reading.pdf_objects import PageObjects, find_objects
from docmill.documents.reading.pdf_rules import find_rules
from docmill.documents.reading.pdf_words import read_words

__all__ = ["PdfPage", "Picture"]

MAX_SIDE = 30_000
"""Pixels of the longer side of a picture."""


@attrs.frozen
class Picture:
    """A page as it looks.

    Attributes:
        pixels: uint8, height x width if it is grey, else height x width x 3 (red, green, blue).
        dpi: how finely it was drawn: as asked for, or less if the limits demand it.
    """

    pixels: Any
    dpi: float


class PdfPage:
    """A page; only to be used within ``with pdf.page(number) as page``.

    Attributes:
        handle: of pdfium.
        number: 1 for the first one.
        frame: where the page lies on its sheet.
    """

    def __init__(self, handle: Any, number: int, limits: Limits) -> None:
        self.handle = handle
        self.number = number
        self._limits = limits
        box = pdfium.FS_RECTF()
        pdfium.FPDF_GetPageBoundingBox(handle, box)
        self.frame = Frame.of((box.left, box.bottom, box.right, box.top), pdfium.FPDFPage_GetRotation(handle))

    @property
    def width(self) -> float:
        """Points, as shown."""
        return self.frame.width

    @property
    def height(self) -> float:
        """Points, as shown."""
        return self.frame.height

    @property
    def rotation(self) -> int:
        """Degrees clockwise by which the sheet is turned to be shown: 0, 90, 180 or 270."""
        return self.frame.turns * 90

    def words(self) -> tuple[list[Word], bool]:
        """Its words in the order of the document, and whether there are more than the limits allow."""
        text_page = pdfium.FPDFText_LoadPage(self.handle)
        if not text_page:
            return [], False
        try:
            return read_words(text_page, self.frame, self._limits.max_words)
        finally:
            pdfium.FPDFText_ClosePage(text_page)

    def rules(self, budget: Budget | None = None) -> tuple[list[Rule], bool]:
        """Its rules, and whether a limit or the budget ended the search."""
        return find_rules(self.handle, self.frame, budget or Budget())

    def objects(self, budget: Budget | None = None) -> PageObjects:
        """Its images and its text objects."""
        return find_objects(self.handle, self.frame, budget or Budget())

    def render(self, dpi: float = 150, *, grayscale: bool = True) -> Picture:
        """Draw the page, with its annotations, on white.

        Args:
            dpi: pixels per inch; fewer if the picture would exceed the limits.
            grayscale: one channel instead of three.

        Raises:
            CorruptDocumentError: pdfium cannot draw it.
        """
        scale = min(dpi / 72, MAX_SIDE / self.width, MAX_SIDE / self.height)
        scale = min(scale, (self._limits.max_pixels / self.width / self.height) ** 0.5)
        width, height = max(int(self.width * scale), 1), max(int(self.height * scale), 1)
        channels = 1 if grayscale else 3
        pixels = np.full((height, width, channels), 255, dtype=np.uint8)
        kind = pdfium.FPDFBitmap_Gray if grayscale else pdfium.FPDFBitmap_BGR
        bitmap = pdfium.FPDFBitmap_CreateEx(width, height, kind, pixels.ctypes.data, width * channels)
        if not bitmap:
            raise CorruptDocumentError(f"page {self.number} cannot be drawn")
        flags = pdfium.FPDF_ANNOT | (pdfium.FPDF_GRAYSCALE if grayscale else pdfium.FPDF_REVERSE_BYTE_ORDER)
        try:
            pdfium.FPDF_RenderPageBitmap(bitmap, self.handle, 0, 0, width, height, 0, flags)
        finally:
            pdfium.FPDFBitmap_Destroy(bitmap)
        return Picture(pixels[:, :, 0] if grayscale else pixels, scale * 72)
