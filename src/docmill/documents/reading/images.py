"""Pictures of pages: PNG, JPEG, TIFF with one page or more, WebP, BMP and GIF."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from math import isfinite

import numpy as np
from PIL import Image

from docmill.documents.errors import CorruptDocumentError, DocumentTooLargeError
from docmill.documents.limits import Budget, Limits
from docmill.documents.pages import Page, Reading

__all__ = ["frames", "read_image"]

FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "DIB", "GIF")

PAGED = "TIFF"
"""The one format whose further frames are pages, and not a film."""

DEFAULT_DPI = 96.0

PLAUSIBLE_DPI = (75.0, 2400.0)
"""What is outside of this comes from a camera or a screen, which say 72 if they do not know."""

ORIENTATION = 0x0112

UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What makes a picture of each orientation upright."""

SIDEWAYS = (5, 6, 7, 8)
"""Orientations that swap width and height."""


def read_image(data: bytes, media_type: str, limits: Limits, budget: Budget) -> Reading:
    """Find the pages of a picture, without words; the pixels are not decoded.

    A page is as large as its resolution says: 1/72 inch is a point, and 96 dots per inch are assumed if the file does
    not say, or says something silly. Of a TIFF with more than ``limits.max_pages`` pages, the rest is not counted.

    Raises:
        CorruptDocumentError: it is no such picture.
        DocumentTooLargeError: one of its pages has more than ``limits.max_pixels``.
    """
    reading = Reading(media_type, [], 0)
    with _opened(data) as image:
        for number, frame in enumerate(_each(image), 1):
            if number > limits.max_pages or budget.is_over:
                reading.truncated = True
                reading.page_count += 1
                break
            _check(frame, limits)
            reading.pages.append(_page(number, frame))
            reading.page_count = number
    return reading


def frames(data: bytes, limits: Limits) -> Iterator[Image.Image]:
    """The pictures of the pages that `read_image` finds, upright, grey ("L") or coloured ("RGB"), on white.

    Points per pixel are the width of the page by that of its picture.

    Raises:
        CorruptDocumentError: it is no picture, or ends too early.
        DocumentTooLargeError: one of its pages has more than ``limits.max_pixels``.
    """
    with _opened(data) as image:
        for number, frame in enumerate(_each(image), 1):
            if number > limits.max_pages:
                return
            _check(frame, limits)
            yield _decoded(frame)


@contextmanager
def _opened(data: bytes) -> Iterator[Image.Image]:
    with _as_errors_of_ours():
        image = Image.open(BytesIO(data), formats=FORMATS)
    with image:
        yield image


@contextmanager
def _as_errors_of_ours() -> Iterator[None]:
    try:
        with warnings.catch_warnings():
            # Pillow warns of what is large by a measure of its own, ours is checked for each frame; and of odd bytes.
            warnings.simplefilter("ignore")
            yield
    except (MemoryError, DocumentTooLargeError):
        raise
    except Image.DecompressionBombError as error:
        raise DocumentTooLargeError(f"it has far more pixels than max_pixels: {error}") from error
    except Exception as error:  # there is hardly an exception that no decoder of Pillow raises
        raise CorruptDocumentError(f"it is no picture that could be read: {error}") from error


def _each(image: Image.Image) -> Iterator[Image.Image]:
    yield image
    number = 0
    while image.format == PAGED:
        number += 1
        try:
            with _as_errors_of_ours():
                image.seek(number)
        except CorruptDocumentError as error:
            if isinstance(error.__cause__, EOFError):
                return
            raise
        yield image


def _check(frame: Image.Image, limits: Limits) -> None:
    pixels = frame.width * frame.height
    if pixels > limits.max_pixels:
        raise DocumentTooLargeError(f"it has {pixels:,} pixels, and max_pixels is {limits.max_pixels:,}")


def _page(number: int, frame: Image.Image) -> Page:
    width, height = frame.width * 72 / _dpi(frame, 0), frame.height * 72 / _dpi(frame, 1)
    return Page(number, height, width) if _orientation(frame) in SIDEWAYS else Page(number, width, height)


def _orientation(frame: Image.Image) -> int:
    """How the camera was held; 1 is upright. The pixels are not decoded for it, as Pillow would for some formats."""
    if frame.format == PAGED:
        return 1  # Pillow turns these itself
    exif = Image.Exif()
    with _as_errors_of_ours():
        exif.load(frame.info.get("exif") or b"")
        orientation = exif.get(ORIENTATION)
    return orientation if isinstance(orientation, int) else 1


def _dpi(frame: Image.Image, axis: int) -> float:
    try:
        dpi = float(frame.info["dpi"][axis])
    except (KeyError, IndexError, TypeError, ValueError, ZeroDivisionError):
        return DEFAULT_DPI
    return dpi if isfinite(dpi) and PLAUSIBLE_DPI[0] <= dpi <= PLAUSIBLE_DPI[1] else DEFAULT_DPI


def _decoded(frame: Image.Image) -> Image.Image:
    orientation = _orientation(frame)
    with _as_errors_of_ours():
        turn = UPRIGHT.get(orientation)
        upright = frame if turn is None else frame.transpose(turn)
        if upright.mode in ("1", "L"):
            return upright.convert("L")
        if upright.mode.startswith(("I", "F")):
            return _levels(upright)
        if "A" in upright.mode or "transparency" in upright.info:
            upright = upright.convert("RGBA")
            return Image.alpha_composite(Image.new("RGBA", upright.size, "white"), upright).convert("RGB")
        return upright.convert("RGB")


def _levels(image: Image.Image) -> Image.Image:
    """Grey of more than eight bits, its range stretched over eight."""
    values = np.nan_to_num(np.asarray(image, dtype=np.float64), posinf=0.0, neginf=0.0)
    low, high = values.min(initial=np.inf), values.max(initial=-np.inf)
    return Image.fromarray(((values - low) * (255 / max(high - low, 1e-9))).astype(np.uint8))
