"""What a quality check finds."""

from typing import Any, Literal, TypeAlias

import attrs

from docmill.documents.findings import Issue

__all__ = ["PageKind", "PageQuality", "Quality", "Reason"]

PageKind: TypeAlias = Literal["digital", "scanned", "scanned_with_text", "blank"]
"""Where what is to be seen on a page comes from: drawn text and lines; images; images with a text layer; nothing."""

DIGITS = 3
"""Decimals of measured values: more would only be noise."""


@attrs.frozen(kw_only=True)
class PageQuality:
    """One page.

    Attributes:
        number: 1 for the first one.
        width: points, as shown.
        height: points, as shown.
        rotation: degrees clockwise by which the file asks viewers to turn the page: 0, 90, 180 or 270.
        kind: "digital", "scanned", "scanned_with_text" or "blank".
        chars: of the text layer, without white space.
        text_layer_coverage: 0 to 1: the part of the printed characters that the text layer knows; None without any.
        invisible_text: characters of the text layer that are not to be seen: drawn invisibly, or without any ink.
        image_coverage: 0 to 1: the part of the page that images take.
        effective_dpi: pixels per inch of the images as they are drawn, weighted by area; None without images.
        measured_dpi: pixels per inch of the picture of the page on which everything below was measured; None if the
            size of the paper is not known.
        contrast: 0 to 1: from no ink to black on white.
        background_unevenness: 0 to 1: how much the tone of the paper differs from place to place.
        sharpness: 0 to 1: how much of the way from paper to ink one pixel goes at the edge of a stroke; about 0.5 is
            sharp, below 0.2 is blurred.
        noise: standard deviation of the grey levels (0 to 255) of the paper.
        text_height: pixels: height of the typical character.
        skew: degrees by which the content is turned clockwise, so that lines of text fall to the right; negative
            if it is turned counter-clockwise, None if there is not enough text to tell.
        skew_confidence: 0 to 1.
        text_turn: degrees clockwise, in addition to the skew, by which the text is turned: 0, 90, 180 or 270.
        ocr_readiness: 0 to 1: how likely recognition finds at least four of five words; None for a page without
            text to recognise.
    """

    number: int
    width: float
    height: float
    rotation: int = 0
    kind: PageKind = "blank"
    chars: int = 0
    text_layer_coverage: float | None = None
    invisible_text: int = 0
    image_coverage: float = 0.0
    effective_dpi: float | None = None
    measured_dpi: float | None = None
    contrast: float = 0.0
    background_unevenness: float = 0.0
    sharpness: float = 0.0
    noise: float = 0.0
    text_height: float = 0.0
    skew: float | None = None
    skew_confidence: float = 0.0
    text_turn: int = 0
    ocr_readiness: float | None = None

    def to_data(self) -> dict[str, Any]:
        """As JSON carries it."""
        values = attrs.asdict(self)
        return {name: round(value, DIGITS) if isinstance(value, float) else value for name, value in values.items()}


@attrs.frozen
class Reason:
    """Why a score is below 100.

    Attributes:
        points: below 0.
        code: of the issue that cost them.
        message: for people.
    """

    points: int
    code: str
    message: str

    def to_data(self) -> dict[str, Any]:
        """As JSON carries it."""
        return attrs.asdict(self)


@attrs.frozen(kw_only=True)
class Quality:
    """A document.

    Attributes:
        media_type: of its content, such as ``application/pdf``; None if it is not of a kind that is known.
        extension_matches: whether its name fits its content; None if the name has no extension, or the content is
            not known.
        bytes: how many it has.
        sha256: of these bytes, in hexadecimal digits.
        page_count: how many pages it has; 0 if that cannot be told.
        encrypted: whether it is encrypted, with or without a password.
        permissions: what an encrypted PDF allows its readers, by name; None for any other document.
        corrupt: whether it cannot be parsed.
        repaired: whether it had to be repaired to be read.
        has_javascript: whether it brings scripts.
        embedded_files: how many files are embedded in it.
        truncated: whether a limit or the budget ended the check before the last page.
        pages: those that were checked.
        issues: all of them, of the document first, then page by page.
        score: 0 to 100.
        reasons: what the score lost; their points and the score add up to 100.
    """

    media_type: str | None
    extension_matches: bool | None
    bytes: int
    sha256: str
    page_count: int = 0
    encrypted: bool = False
    permissions: dict[str, bool] | None = None
    corrupt: bool = False
    repaired: bool = False
    has_javascript: bool = False
    embedded_files: int = 0
    truncated: bool = False
    pages: list[PageQuality] = attrs.Factory(list)
    issues: list[Issue] = attrs.Factory(list)
    score: int = 100
    reasons: list[Reason] = attrs.Factory(list)

    def to_data(self) -> dict[str, Any]:
        """As JSON carries it."""
        data = {field.name: getattr(self, field.name) for field in attrs.fields(Quality)}
        for many in ("pages", "issues", "reasons"):
            data[many] = [one.to_data() for one in data[many]]
        return data
