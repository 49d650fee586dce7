"""What a document may cost: bytes, pages, pixels, and time."""

import time
from collections.abc import Callable
from math import inf
from typing import Final

import attrs

__all__ = ["DEFAULT_LIMITS", "Budget", "Limits"]


@attrs.frozen(kw_only=True)
class Limits:
    """Bounds that are looked at before anything is parsed. What exceeds one is a `DocumentTooLargeError`, or is cut.

    Attributes:
        max_bytes: of a document, as it is stored.
        max_pages: that are read; a document with more is cut, and its result says ``truncated``.
        max_pixels: of one image, or of one page as it is drawn. An image with more is refused.
        max_entries: files in a zip archive, such as a docx.
        max_unpacked_bytes: of everything that is read out of a zip archive.
        max_zip_ratio: unpacked to packed bytes of one file in an archive.
        max_xml_depth: elements within elements.
        max_words: of one page; the rest of such a page is not looked at, and the result says ``truncated``.
        max_ocr_pages: pages on which text is recognised.
    """

    max_bytes: int = 64 * 2**20
    max_pages: int = 200
    max_pixels: int = 64_000_000
    max_entries: int = 2_000
    max_unpacked_bytes: int = 128 * 2**20
    max_zip_ratio: int = 200
    max_xml_depth: int = 64
    max_words: int = 20_000
    max_ocr_pages: int = 20


DEFAULT_LIMITS: Final = Limits()


class Budget:
    """The seconds that are left for one document.

    Args:
        seconds: seconds from now; None for as long as it takes.
        clock: a monotonic clock, in seconds.
    """

    def __init__(self, seconds: float | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = inf if seconds is None else clock() + seconds

    def remaining(self) -> float:
        """Seconds that are left, 0 or more; infinite without a bound."""
        return max(0.0, self._end - self._clock())

    @property
    def is_over(self) -> bool:
        """Whether to stop now, and give back what there is."""
        return self._clock() >= self._end
