"""From pages without a text layer to their words."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from math import inf, isfinite

import attrs
from PIL import Image, ImageFilter

from docmill.documents.errors import CorruptDocumentError
from docmill.documents.limits import DEFAULT_LIMITS, Budget, Limits
from docmill.documents.ocr.engines import Ocr, proportional
from docmill.documents.ocr.leveling import Leveling
from docmill.documents.pages import Box, Page, Reading, Word
from docmill.documents.quality.measures import Measures
from docmill.documents.quality.pages import check_pdf_page, check_picture
from docmill.documents.reading import media
from docmill.documents.reading.cleaning import clean
from docmill.documents.reading.images import frames
from docmill.documents.reading.pdf import open_pdf

__all__ = ["read_scanned"]

ENOUGH_TEXT = 200
"""Characters: a page whose text layer has as many is not looked at. Stamps and headers on scans have fewer."""

DPI = 150
"""At which pages are drawn: 10 point print has letters of 10 pixels, twice as many as recognition needs."""

MAX_PIXELS = 8_000_000
"""Of a picture that is recognised; rapidocr then takes 15 seconds, and 2 GB of memory."""

COMFORTABLE_PIXELS = 2_600_000
"""A4 at 150 dpi, and some more: larger photographs are reduced to that, if their text stays large enough."""

COMFORTABLE_TEXT = 12.0
"""Pixels: height of a character that an engine reads as well as a larger one."""

NOTICEABLE_SKEW = 0.5
"""Degrees: with less, a line across A4 stays within its height, and turning would only blur it."""

SPECKLED = 3.0
"""Specks to a character. A median of nine pixels removes them, but takes thin strokes of a clean page along."""


def read_scanned(
    data: bytes,
    reading: Reading,
    ocr: Ocr,
    *,
    limits: Limits = DEFAULT_LIMITS,
    budget: Budget | None = None,
    level: bool = False,
) -> dict[int, Leveling]:
    """Recognise the words of those pages whose text is only a picture; the pages are changed in place.

    Pages that lie askew or on their side are laid level first, and specks are removed. Recognition stops in time for
    the budget, or after ``limits.max_ocr_pages``; the reading is then marked as truncated.

    Args:
        data: the document.
        reading: what was read of it. Pages that are recognised get new words, and "ocr" as their source.
        ocr: the engine. It may have an attribute ``typical_seconds``: no page is begun with less left of the budget.
        limits: what it may cost.
        budget: of the document.
        level: leave the words on the level page, on which lines of text are lines, and give the page its size. If
            not, the words are put back to where they stand on the page as it is shown.

    Returns:
        For the number of each page that was recognised, how it was laid level. With `level`, take boxes back by
        `Leveling.back`.

    Raises:
        DocumentError: as reading the document does.
    """
    budget = budget or Budget()
    wanting = [page for page in reading.pages if sum(len(word.text) for word in page.words) < ENOUGH_TEXT]
    levelings: dict[int, Leveling] = {}
    pace = getattr(ocr, "typical_seconds", 0.0)
    with closing(_scans(data, reading.media_type, wanting, limits, budget)) as scans:
        for scan in scans:
            before = budget.remaining()
            if len(levelings) == limits.max_ocr_pages or before <= pace:
                reading.truncated = True
                break
            leveling = scan.leveling
            words = _recognize(scan, leveling, ocr)
            if before < inf:
                pace = max(pace, before - budget.remaining())
            reading.truncated = reading.truncated or len(words) > limits.max_words
            _fill(scan.page, words[: limits.max_words], leveling, level)
            levelings[scan.page.number] = leveling
    return levelings


@attrs.frozen
class _Scan:
    """A page whose text is only a picture.

    Attributes:
        page: that wants words.
        picture: of it.
        measures: of it.
    """

    page: Page
    picture: Image.Image
    measures: Measures

    @property
    def leveling(self) -> Leveling:
        skew = self.measures.skew
        degrees = skew.degrees or 0.0
        return Leveling(
            self.page.width,
            self.page.height,
            degrees if abs(degrees) >= NOTICEABLE_SKEW else 0.0,
            skew.turn,
        )


def _scans(
    data: bytes, media_type: str, wanting: Sequence[Page], limits: Limits, budget: Budget
) -> Generator[_Scan, None, None]:
    """The pages that want recognition."""
    if not wanting:
        return
    if media_type == media.PDF:
        yield from _pdf_scans(data, wanting, limits, budget)
    elif media_type in media.IMAGES:
        yield from _picture_scans(data, wanting, limits)


def _pdf_scans(data: bytes, wanting: Sequence[Page], limits: Limits, budget: Budget) -> Iterator[_Scan]:
    with open_pdf(data, limits) as pdf:
        for page in wanting:
            try:
                with pdf.page(page.number) as opened:
                    checked = check_pdf_page(opened, budget)
                    if not checked.needs_recognition:
                        continue
                    dpi = min(DPI, 72 * (MAX_PIXELS / (page.width * page.height)) ** 0.5)
                    picture = Image.fromarray(opened.render(dpi).pixels)
            except CorruptDocumentError:
                continue
            yield _Scan(page, picture, checked.measures)


def _picture_scans(data: bytes, wanting: Sequence[Page], limits: Limits) -> Iterator[_Scan]:
    numbered = {page.number: page for page in wanting}
    for number, picture in enumerate(frames(data, limits), 1):
        if number not in numbered:
            continue
        page = numbered[number]
        checked = check_picture(page, picture)
        if checked.needs_recognition:
            yield _Scan(page, _reduced(picture, checked.measures), checked.measures)


def _reduced(picture: Image.Image, measures: Measures) -> Image.Image:
    """Reduce a picture to what an engine needs."""
    pixels = picture.width * picture.height
    text = measures.text_height * picture.width / measures.width
    scale = min(1.0, max((COMFORTABLE_PIXELS / pixels) ** 0.5, COMFORTABLE_TEXT / max(text, 1.0)))
    scale = min(scale, (MAX_PIXELS / pixels) ** 0.5)
    if scale == 1.0:
        return picture
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(size, Image.Resampling.BOX)


def _recognize(scan: _Scan, leveling: Leveling, ocr: Ocr) -> list[Word]:
    """The words on the level page."""
    picture = scan.picture
    if scan.measures.specks > SPECKLED:
        picture = picture.filter(ImageFilter.MedianFilter(3))
    dpi = 72 * picture.width / scan.page.width
    return [
        cleaned for word in ocr.recognize(leveling.apply(picture), dpi) for cleaned in _cleaned(word, leveling.size)
    ]


def _cleaned(word: Word, size: tuple[float, float]) -> Iterator[Word]:
    """A word as it may go into a page, in parts if there are spaces in it. Engines are somebody else's code."""
    text, sure = clean(word.text), float(word.confidence)
    edges = (word.x0, word.y0, word.x1, word.y1)
    if not all(map(isfinite, edges)):
        return
    parts = text.split()
    confidence = min(1.0, max(0.0, sure)) if isfinite(sure) else 0.0
    for part, box in zip(parts, proportional(text, parts, _within(edges, size)), strict=True):
        yield Word(part, *box, confidence)


def _within(box: Box, size: tuple[float, float]) -> Box:
    """The part of a box that is on the page, its edges in order."""
    x0, x1 = sorted(min(max(float(edge), 0.0), size[0]) for edge in (box[0], box[2]))
    y0, y1 = sorted(min(max(float(edge), 0.0), size[1]) for edge in (box[1], box[3]))
    return x0, y0, x1, y1


def _fill(page: Page, words: list[Word], leveling: Leveling, level: bool) -> None:
    page.source = "ocr"
    if level:
        page.words = words
        page.width, page.height = leveling.size
        return
    size = (page.width, page.height)
    page.words = [
        Word(word.text, *_within(leveling.back((word.x0, word.y0, word.x1, word.y1)), size), word.confidence)
        for word in words
    ]
