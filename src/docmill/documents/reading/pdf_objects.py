"""What is drawn on a PDF page, and inside of forms on it, as PDF calls drawings that can be used again."""

import ctypes
from collections.abc import Iterator
from math import hypot, isfinite
from typing import Any, NamedTuple, TypeAlias

import attrs
import pypdfium2.raw as pdfium

from docmill.documents.limits import Budget
from docmill.documents.pages import Box
from docmill.documents.reading.pdf_frame import Frame

__all__ = ["DrawnObject", "ImageObject", "Matrix", "PageObjects", "Walk", "apply", "find_objects"]

Matrix: TypeAlias = tuple[float, float, float, float, float, float]
"""a, b, c, d, e, f: x' = a x + c y + e, y' = b x + d y + f."""

IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)

MAX_OBJECTS = 50_000
"""Of a page that are looked at."""

MAX_DEPTH = 5
"""Of forms within forms."""

CHECK_EVERY = 256
"""Objects between two looks at the clock."""

INVISIBLE_MODES = (pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium.FPDF_TEXTRENDERMODE_CLIP)


@attrs.frozen
class ImageObject:
    """An image on a page.

    Attributes:
        box: where it shows.
        width_px, height_px: of the image itself.
        width_pt, height_pt: as it is drawn, along its own edges; parts that are off the page count.
    """

    box: Box
    width_px: int
    height_px: int
    width_pt: float
    height_pt: float

    @property
    def dpi(self) -> float:
        """Pixels per inch as it is drawn, the lower of both directions; 0 if it has no extent."""
        if min(self.width_pt, self.height_pt) <= 0:
            return 0.0
        return 72 * min(self.width_px / self.width_pt, self.height_px / self.height_pt)


@attrs.define
class PageObjects:
    """The images and the text objects of a page.

    Attributes:
        images: in drawing order.
        text_objects: how many runs of text there are.
        invisible_text: boxes of those that leave no ink: in the invisible mode, only used to clip, or transparent.
        truncated: whether a limit or the budget ended the search.
    """

    images: list[ImageObject] = attrs.Factory(list)
    text_objects: int = 0
    invisible_text: list[Box] = attrs.Factory(list)
    truncated: bool = False


class DrawnObject(NamedTuple):
    """One object of a page.

    Attributes:
        handle: of pdfium.
        kind: one of its ``FPDF_PAGEOBJ`` constants.
        matrix: from the space in which the object stands to that of the page.
    """

    handle: Any
    kind: int
    matrix: Matrix


class Walk:
    """Goes through the objects of a page once, into forms, within bounds.

    Attributes:
        truncated: whether it did not come to all of them.
    """

    def __init__(self, page: Any, budget: Budget) -> None:
        self._page = page
        self._budget = budget
        self._seen = 0
        self._over = False
        self.truncated = False

    def __iter__(self) -> Iterator[DrawnObject]:
        count = pdfium.FPDFPage_CountObjects(self._page)
        return self._walk(count, pdfium.FPDFPage_GetObject, self._page, IDENTITY, 0)

    def _walk(self, count: int, get: Any, parent: Any, matrix: Matrix, depth: int) -> Iterator[DrawnObject]:
        for at in range(max(count, 0)):
            if self._is_over():
                return
            handle = get(parent, at)
            if not handle:
                continue
            kind = pdfium.FPDFPageObj_GetType(handle)
            if kind != pdfium.FPDF_PAGEOBJ_FORM:
                yield DrawnObject(handle, kind, matrix)
            elif depth < MAX_DEPTH:
                inner = multiply(matrix_of(handle), matrix)
                inside = pdfium.FPDFFormObj_CountObjects(handle)
                yield from self._walk(inside, pdfium.FPDFFormObj_GetObject, handle, inner, depth + 1)
            else:
                self.truncated = True

    def _is_over(self) -> bool:
        self._seen += 1
        if self._seen > MAX_OBJECTS or (self._seen % CHECK_EVERY == 0 and self._budget.is_over):
            self._over = self.truncated = True
        return self._over


def find_objects(page: Any, frame: Frame, budget: Budget) -> PageObjects:
    """Find the images and the text objects of a page."""
    found, walk = PageObjects(), Walk(page, budget)
    for thing in walk:
        if thing.kind == pdfium.FPDF_PAGEOBJ_IMAGE:
            found.images.append(_image(thing, frame))
        elif thing.kind == pdfium.FPDF_PAGEOBJ_TEXT:
            found.text_objects += 1
            if _is_invisible(thing.handle):
                found.invisible_text.append(_box(thing, frame))
    found.truncated = walk.truncated
    return found


def _image(thing: DrawnObject, frame: Frame) -> ImageObject:
    width, height = ctypes.c_uint(), ctypes.c_uint()
    pdfium.FPDFImageObj_GetImagePixelSize(thing.handle, width, height)
    a, b, c, d, _, _ = multiply(matrix_of(thing.handle), thing.matrix)
    return ImageObject(_box(thing, frame), width.value, height.value, _finite(hypot(a, b)), _finite(hypot(c, d)))


def _is_invisible(text: Any) -> bool:
    if pdfium.FPDFTextObj_GetTextRenderMode(text) in INVISIBLE_MODES:
        return True
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    return bool(pdfium.FPDFPageObj_GetFillColor(text, red, green, blue, alpha)) and alpha.value == 0


def _box(thing: DrawnObject, frame: Frame) -> Box:
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    pdfium.FPDFPageObj_GetBounds(thing.handle, left, bottom, right, top)
    corners = [(x.value, y.value) for x in (left, right) for y in (bottom, top)]
    xs, ys = zip(*(apply(thing.matrix, x, y) for x, y in corners), strict=True)
    if not all(map(isfinite, (*xs, *ys))):
        return (0.0, 0.0, 0.0, 0.0)
    return frame.show_box(min(xs), min(ys), max(xs), max(ys))


def matrix_of(handle: Any) -> Matrix:
    """The matrix of an object; one without a matrix stands where it is."""
    matrix = pdfium.FS_MATRIX()
    if not pdfium.FPDFPageObj_GetMatrix(handle, matrix):
        return IDENTITY
    return (matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f)


def multiply(first: Matrix, then: Matrix) -> Matrix:
    """The matrix that does one after the other."""
    a, b, c, d, e, f = first
    p, q, r, s, t, u = then
    return (a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u)


def apply(matrix: Matrix, x: float, y: float) -> tuple[float, float]:
    """Where a matrix takes a point."""
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f


def _finite(value: float) -> float:
    return value if isfinite(value) else 0.0
