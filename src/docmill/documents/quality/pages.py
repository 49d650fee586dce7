"""The quality of one page: what it is made of, and what its picture looks like."""

from collections.abc import Iterable, Sequence

import attrs
import numpy as np
from PIL import Image

from docmill.documents.findings import Issue
from docmill.documents.limits import Budget
from docmill.documents.pages import Page, Word
from docmill.documents.quality.issues import needs_recognition, page_issues
from docmill.documents.quality.layers import Bools, Cover, Floats, centres, relative, without_ink
from docmill.documents.quality.measures import Measures, measure
from docmill.documents.quality.pixels import Gray
from docmill.documents.quality.readiness import readiness_of
from docmill.documents.quality.results import PageKind, PageQuality
from docmill.documents.reading.pdf_objects import ImageObject
from docmill.documents.reading.pdf_page import PdfPage

__all__ = ["CheckedPage", "check_pdf_page", "check_picture", "effective_dpi", "measuring_dpi"]

DIGITAL_DPI = 100
"""A drawn page looks the same at any resolution, so the least that keeps skew within 0.2 degrees will do."""

SCAN_DPI, COARSEST_DPI = 150, 72
"""What a scan is measured at, if it has as much; recognition works at about the same."""

MAX_PIXELS = 4_000_000
"""Of the picture that is measured: A4 at 150 dpi has 2.2 million; what is larger is a poster."""

SCAN_PIXELS = 2_200_000
"""A4 at that resolution: what an image of unknown resolution is reduced to."""

SCREEN_DPI = (72.0, 96.0)
"""What programs write, and what is assumed, when nobody knows the resolution of an image."""

LONGEST_PAPER = 1250.0
"""Points: the longer side of A3, and a margin. An image that claims more was not scanned from paper of that size."""

MOSTLY = 0.5

BLANK_INK = 2e-4
"""A page with less ink and no characters shows at most a speck: on A4 a square of 3 mm."""

MAX_DPI = 10_000.0
"""Images that are drawn smaller than a dust grain claim more."""


@attrs.frozen
class CheckedPage:
    """What was found out about a page.

    Attributes:
        quality: its figures.
        issues: what is wrong with it.
        measures: what they rest on, as far as its picture goes.
        needs_recognition: whether most of its text is only a picture.
    """

    quality: PageQuality
    issues: list[Issue]
    measures: Measures
    needs_recognition: bool


def check_pdf_page(page: PdfPage, budget: Budget) -> CheckedPage:
    """Check a page of a PDF.

    Raises:
        CorruptDocumentError: it cannot be drawn.
    """
    images = page.objects(budget)
    words, _ = page.words()
    dpi = effective_dpi(images.images)
    cover = Cover.of(relative((image.box for image in images.images), page.width, page.height))
    drawn = page.render(measuring_dpi(page.width, page.height, dpi if cover.share >= MOSTLY else None))
    seen = measure(drawn.pixels)
    layer = _TextLayer.of(words, relative(images.invisible_text, page.width, page.height), page)
    kind = _kind(seen, cover, layer)
    hidden = layer.hidden if kind in {"scanned", "scanned_with_text"} else layer.hidden_in(drawn.pixels)
    return _checked(
        PageQuality(
            number=page.number,
            width=page.width,
            height=page.height,
            rotation=page.rotation,
            kind=kind,
            chars=int(layer.lengths.sum()),
            text_layer_coverage=layer.coverage(seen),
            invisible_text=int(layer.lengths[hidden].sum()),
            image_coverage=cover.share,
            effective_dpi=dpi,
            measured_dpi=drawn.dpi,
        ),
        seen,
    )


def check_picture(page: Page, picture: Image.Image) -> CheckedPage:
    """Check a page that is an image.

    Args:
        page: its number and size.
        picture: of any mode.
    """
    dpi = 72 * picture.width / page.width
    known = dpi not in SCREEN_DPI and max(page.width, page.height) <= LONGEST_PAPER
    scale = SCAN_DPI / dpi if known else 1.0
    scale = min(scale, (SCAN_PIXELS / (picture.width * picture.height)) ** 0.5, 1.0)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    seen = measure(np.asarray(picture.convert("L").resize(size, Image.Resampling.BOX)))
    quality = PageQuality(
        number=page.number,
        width=page.width,
        height=page.height,
        kind="blank" if _is_blank(seen) else "scanned",
        text_layer_coverage=0.0 if seen.characters else None,
        image_coverage=1.0,
        effective_dpi=dpi if known else None,
        measured_dpi=dpi * scale if known else None,
    )
    return _checked(quality, seen)


def measuring_dpi(width: float, height: float, image_dpi: float | None) -> float:
    """How finely to draw a page.

    Args:
        width: points.
        height: points.
        image_dpi: of the images on a page that mostly consists of them, else None.
    """
    wanted = DIGITAL_DPI if image_dpi is None else min(max(image_dpi, COARSEST_DPI), SCAN_DPI)
    finest: float = 72 * (MAX_PIXELS / max(width * height, 1.0)) ** 0.5
    return min(wanted, finest)


def effective_dpi(images: Iterable[ImageObject]) -> float | None:
    """Pixels per inch of the images, weighted by the area that they take on the page; None without any."""
    weighted = area = 0.0
    for image in images:
        x0, y0, x1, y1 = image.box
        part = (x1 - x0) * (y1 - y0)
        if image.dpi and part > 0:
            weighted += part * min(image.dpi, MAX_DPI)
            area += part
    return weighted / area if area else None


@attrs.frozen(eq=False)
class _TextLayer:
    """The words of a page.

    Attributes:
        boxes: of the words, as parts of the page.
        lengths: their characters.
        hidden: which of them are drawn invisibly.
    """

    boxes: Floats
    lengths: np.ndarray
    hidden: Bools

    @classmethod
    def of(cls, words: Sequence[Word], invisible: Floats, page: PdfPage) -> "_TextLayer":
        boxes = relative(((word.x0, word.y0, word.x1, word.y1) for word in words), page.width, page.height)
        lengths = np.fromiter((len(word.text) for word in words), np.intp, len(words))
        return cls(boxes, lengths, Cover.of(invisible).covers(centres(boxes)))

    def hidden_in(self, gray: Gray) -> Bools:
        """Which words are not to be seen in the picture of the page, either."""
        return self.hidden | without_ink(gray, self.boxes) if len(self.boxes) else self.hidden

    def coverage(self, seen: Measures) -> float | None:
        """The part of the printed characters that lie within words."""
        return float(Cover.of(self.boxes).covers(seen.places).mean()) if seen.characters else None

    @property
    def is_hidden(self) -> bool:
        """Whether most of it is drawn invisibly."""
        return bool(self.lengths[self.hidden].sum() > MOSTLY * self.lengths.sum())


def _kind(seen: Measures, images: Cover, layer: _TextLayer) -> PageKind:
    if _is_blank(seen):
        return "blank"
    in_images = images.covers(seen.places).mean() if seen.characters else images.share
    if in_images < MOSTLY:
        return "digital"
    coverage = layer.coverage(seen) or 0.0
    if coverage < MOSTLY:
        return "scanned"
    # Visible text over a picture is a letterhead or a flyer, invisible text what recognition added to a scan.
    return "scanned_with_text" if layer.is_hidden else "digital"


def _is_blank(seen: Measures) -> bool:
    return not seen.characters and seen.ink_share < BLANK_INK


def _checked(page: PageQuality, seen: Measures) -> CheckedPage:
    """Complete a page with what its picture looks like."""
    readable = seen.characters > 0
    # A drawn page can be drawn for recognition as finely as a scan should be.
    enlarged = SCAN_DPI / page.measured_dpi if page.kind == "digital" and page.measured_dpi else 1.0
    page = attrs.evolve(
        page,
        contrast=seen.contrast,
        background_unevenness=seen.background_unevenness,
        sharpness=seen.sharpness,
        noise=seen.noise,
        text_height=seen.text_height,
        skew=seen.skew.degrees,
        skew_confidence=seen.skew.confidence,
        text_turn=seen.skew.turn,
        ocr_readiness=readiness_of(seen, enlarged) if readable else None,
    )
    issues = page_issues(page, characters=seen.characters, specks=seen.specks)
    return CheckedPage(page, issues, seen, needs_recognition(page, seen.characters))
