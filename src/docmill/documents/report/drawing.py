"""What the pages of a document look like. To be used in worker processes only: it hands documents to their parsers."""

from collections.abc import Iterator
from io import BytesIO

import attrs
from PIL import Image

from docmill.documents.errors import CorruptDocumentError
from docmill.documents.limits import Budget, Limits
from docmill.documents.reading import media
from docmill.documents.reading.images import frames, read_image
from docmill.documents.reading.pdf import open_pdf

__all__ = ["Drawing", "draw", "encode"]

MAX_PIXELS = 4_000_000
"""Of one picture, however large the page is."""

COLOURS = 64
"""Of a PNG: text and drawings need no more, and what does is smaller as a JPEG."""

QUALITY = 75
"""Of a JPEG, in percent."""


@attrs.frozen
class Drawing:
    """A page that is drawn.

    Attributes:
        page: 1 for the first one.
        width: in points, as shown.
        height: likewise.
        image: how it looks, in colours.
    """

    page: int
    width: float
    height: float
    image: Image.Image


def draw(data: bytes, name: str, dpi: float, limits: Limits, budget: Budget) -> Iterator[Drawing]:
    """Draw the pages of a PDF or an image, as many as the limits and the budget allow; other documents have none.

    A page that cannot be drawn is left out.

    Raises:
        CorruptDocumentError: the document cannot be parsed.
        DocumentTooLargeError: it exceeds a limit.
        EncryptedDocumentError: it needs a password.
    """
    media_type = media.sniff(data, name).media_type
    if media_type == media.PDF:
        yield from _pdf_pages(data, dpi, limits, budget)
    elif media_type in media.IMAGES:
        yield from _images(data, media_type, dpi, limits, budget)


def encode(image: Image.Image) -> tuple[str, bytes]:
    """The format that makes a picture smaller, "png" or "jpg", and the picture in it."""
    few = image.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    files = (("png", _saved(few, "PNG")), ("jpg", _saved(image, "JPEG")))
    return min(files, key=lambda file: len(file[1]))


def _pdf_pages(data: bytes, dpi: float, limits: Limits, budget: Budget) -> Iterator[Drawing]:
    small = attrs.evolve(limits, max_pixels=min(MAX_PIXELS, limits.max_pixels))
    with open_pdf(data, small) as pdf:
        for number in range(1, min(pdf.page_count, limits.max_pages) + 1):
            if budget.is_over:
                return
            try:
                with pdf.page(number) as page:
                    pixels = page.render(dpi, grayscale=False).pixels
                    drawing = Drawing(number, page.width, page.height, Image.fromarray(pixels))
            except CorruptDocumentError:
                continue
            yield drawing


def _images(data: bytes, media_type: str, dpi: float, limits: Limits, budget: Budget) -> Iterator[Drawing]:
    pages = read_image(data, media_type, limits, budget).pages
    for page, frame in zip(pages, frames(data, limits), strict=False):
        scale = min(dpi / 72, (MAX_PIXELS / page.width / page.height) ** 0.5)
        size = (max(round(page.width * scale), 1), max(round(page.height * scale), 1))
        image = frame.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0) if size[0] < frame.width else frame
        yield Drawing(page.number, page.width, page.height, image.convert("RGB"))
        if budget.is_over:
            return


def _saved(image: Image.Image, kind: str) -> bytes:
    file = BytesIO()
    image.save(file, kind, quality=QUALITY)
    return file.getvalue()
