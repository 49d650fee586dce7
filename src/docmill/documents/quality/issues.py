"""The issues of quality: their codes, how bad each is, and from which figure on a page has one."""

from collections.abc import Iterator
from typing import NamedTuple

from docmill.documents.findings import Issue, Severity
from docmill.documents.quality.results import PageQuality

__all__ = ["ISSUES", "IssueKind", "issue", "needs_recognition", "page_issues"]


class IssueKind(NamedTuple):
    """What is always true of issues with the same code.

    Attributes:
        severity: how bad it is.
        points: that it costs; an issue of a page costs as much only if all pages have it.
        meaning: for people, and for the documentation.
    """

    severity: Severity
    points: int
    meaning: str


ISSUES: dict[str, IssueKind] = {
    # Of the whole document.
    "unsupported": IssueKind("error", 100, "It is not of a kind that is read."),
    "too_large": IssueKind("error", 100, "It exceeds one of the limits, and was not looked at."),
    "empty": IssueKind("error", 100, "It has no content: no bytes, or only blank pages."),
    "encrypted": IssueKind("error", 100, "It cannot be opened without a password."),
    "corrupt": IssueKind("error", 100, "It cannot be parsed."),
    "repaired": IssueKind("warning", 10, "Its structure is damaged; it was read all the same, perhaps not all of it."),
    "extension_mismatch": IssueKind("warning", 5, "Its name says that it is of another kind."),
    "javascript": IssueKind("warning", 10, "It brings scripts, which run when it is opened in some viewers."),
    "dynamic_form": IssueKind("warning", 30, "It is an XFA form; most programs see none of its content."),
    "embedded_file": IssueKind("info", 0, "Files are embedded in it."),
    "restricted": IssueKind("info", 0, "It asks its readers not to copy text out of it."),
    "truncated": IssueKind("info", 0, "A limit or the budget ended the check before the last page."),
    "mixed_page_sizes": IssueKind("info", 0, "Its pages differ in size or in orientation."),
    # Of a page.
    "broken_page": IssueKind("error", 80, "The page cannot be parsed or drawn."),
    "blank_page": IssueKind("info", 5, "Nothing is to be seen on the page."),
    "rotated": IssueKind("info", 0, "The file asks viewers to turn the page."),
    "turned_text": IssueKind("warning", 15, "The text stands on its head, or runs up or down the page."),
    "no_text_layer": IssueKind("warning", 15, "Most of the text on the page is only a picture."),
    "invisible_text": IssueKind("warning", 20, "Text on the page is not to be seen."),
    "low_resolution": IssueKind("warning", 15, "The page is an image with few pixels per inch."),
    "skewed": IssueKind("warning", 5, "The text is not level."),
    "low_contrast": IssueKind("warning", 10, "The text is hardly darker than the paper."),
    "uneven_background": IssueKind("warning", 5, "The paper is shaded."),
    "blurred": IssueKind("warning", 20, "The edges of the characters are washed out."),
    "noisy": IssueKind("warning", 10, "Grains or specks cover the page."),
    "small_text": IssueKind("warning", 10, "The characters have few pixels."),
    "hard_to_read": IssueKind("error", 30, "Recognition probably misses more than a fifth of the words."),
}
"""All issues by code."""

LOW_DPI = 150
"""A lower case letter of 10 point print then has about 10 pixels; with 5, recognition begins to lose words."""

SKEWED_DEGREES = 1.0
"""At 1 degree a line across A4 falls by 3 mm, more than a lower case letter is high."""

SURE = 0.6
"""Confidence of the skew: a line or two can be askew by design."""

LOW_CONTRAST = 0.3
"""Print on white has 0.8 and more. Recognition copes with less; people, printers and fax machines hardly do."""

UNEVEN = 0.3
"""The shadow of a hand or a fold across a photograph; a flat scanner lights its paper evenly."""

BLURRED = 0.2
"""From paper to ink takes five pixels or more, as many as a stroke is wide, so that strokes run into each other."""

NOISE_LEVELS = 12.0
"""Twice of it is the faintest ink that can still be told from the grains."""

SPECKS_PER_CHARACTER = 3.0
"""Clean print has below 1, at a low resolution too: dots and hyphens."""

SMALL_PIXELS = 7.0
"""With fewer, the bars of an e are no longer apart."""

READY = 0.5
"""As likely as not."""

NO_TEXT_LAYER = 0.5
"""Of the characters that are to be seen; logos and stamps are rarely in the text layer."""

FEW_CHARACTERS = 20
"""A page that shows fewer of them needs no text layer: a figure, or a mark."""


def issue(code: str, page: int | None = None, detail: str = "") -> Issue:
    """Make an issue.

    Args:
        code: one of `ISSUES`.
        page: 1 for the first one.
        detail: what the message says in addition.
    """
    kind = ISSUES[code]
    return Issue(code, kind.severity, page, f"{kind.meaning[:-1]}: {detail}." if detail else kind.meaning)


def needs_recognition(page: PageQuality, characters: int) -> bool:
    """Whether most of the text on a page is only a picture.

    Args:
        page: that was measured.
        characters: that are to be seen on it.
    """
    if page.kind == "scanned":
        return characters > 0
    return characters >= FEW_CHARACTERS and (page.text_layer_coverage or 0.0) < NO_TEXT_LAYER


def page_issues(page: PageQuality, *, characters: int, specks: float) -> list[Issue]:
    """The issues of one page.

    Args:
        page: that was measured.
        characters: that are to be seen on it.
        specks: to each of these characters.
    """
    found = [*_of_the_file(page)]
    if characters:
        found += _of_the_text(page, characters)
    if page.kind in {"scanned", "scanned_with_text"}:
        found += _of_the_scan(page, characters, specks)
    return [issue(code, page.number, detail) for code, detail in found]


def _of_the_file(page: PageQuality) -> Iterator[tuple[str, str]]:
    if page.kind == "blank":
        yield "blank_page", ""
    if page.rotation:
        yield "rotated", f"by {page.rotation} degrees"
    # The text layer of a scan is invisible for a good reason: the picture shows it.
    if page.invisible_text and page.kind != "scanned_with_text":
        yield "invisible_text", f"{page.invisible_text} characters"


def _of_the_text(page: PageQuality, characters: int) -> Iterator[tuple[str, str]]:
    if page.text_turn:
        yield "turned_text", f"it is turned by {page.text_turn} degrees clockwise"
    if needs_recognition(page, characters):
        yield "no_text_layer", f"{page.text_layer_coverage or 0.0:.0%} of it can be copied"
    if page.skew is not None and page.skew_confidence >= SURE and abs(page.skew) >= SKEWED_DEGREES:
        side = "clockwise" if page.skew > 0 else "counter-clockwise"
        yield "skewed", f"it is turned by {abs(page.skew):.1f} degrees {side}"
    if page.contrast < LOW_CONTRAST:
        yield "low_contrast", f"{page.contrast:.0%} of the way from white to black"


def _of_the_scan(page: PageQuality, characters: int, specks: float) -> Iterator[tuple[str, str]]:
    if page.effective_dpi is not None and page.effective_dpi < LOW_DPI:
        yield "low_resolution", f"{page.effective_dpi:.0f} dpi"
    if page.background_unevenness > UNEVEN:
        yield "uneven_background", f"its tone differs by {page.background_unevenness:.0%}"
    if page.noise > NOISE_LEVELS or specks > SPECKS_PER_CHARACTER:
        yield "noisy", f"grains of {page.noise:.0f} grey levels, {specks:.1f} specks to a character"
    if not characters:
        return
    if page.sharpness < BLURRED:
        yield "blurred", f"sharpness {page.sharpness:.2f}"
    if page.text_height < SMALL_PIXELS:
        yield "small_text", f"{page.text_height:.0f} pixels"
    if page.ocr_readiness is not None and page.ocr_readiness < READY:
        yield "hard_to_read", f"readiness {page.ocr_readiness:.2f}"
